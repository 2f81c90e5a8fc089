//! Ready styles for map clients: MapLibre's style.json and QGIS's .qml, with the land-use colours.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::domain::city::City;
use crate::domain::land_use;
use crate::domain::names::title;
use crate::domain::plan::LineKind;
use crate::domain::schema::Shape;
use crate::read_model::layers::Collection;
use crate::render::map::style_of;
use crate::words::text::Lang;
use crate::words::text::text as words;

/// Colour of areas without an official colour.
const NEUTRAL: &str = "#dddddd";
const POINT: &str = "#b00020";

fn has_land_use(collection: &Collection) -> bool {
    collection.properties.iter().any(|property| property.name == "land_use")
}

/// True for lines of plans, which are drawn by their kind.
fn has_line_kinds(collection: &Collection) -> bool {
    collection.properties.iter().any(|property| property.name == "line_kind")
}

fn coloured() -> impl Iterator<Item = &'static land_use::LandUse> {
    land_use::all().iter().filter(|entry| !entry.rgb.is_empty())
}

/// A style that shows a collection's vector tiles (MapLibre Style Specification 8).
pub fn maplibre(city: &City, collection: &Collection) -> Value {
    let name = collection.name;
    let url = &city.public_url;
    let layers = if collection.shape == Shape::Areas {
        let mut colour = vec![json!("match"), json!(["get", "land_use"])];
        coloured().for_each(|entry| colour.extend([json!(entry.code), json!(entry.rgb)]));
        colour.push(json!(NEUTRAL));
        let fill = if has_land_use(collection) { Value::Array(colour) } else { json!(NEUTRAL) };
        json!([
            { "id": "fill", "type": "fill", "source": name, "source-layer": name, "paint": { "fill-color": fill, "fill-opacity": 0.75 } },
            { "id": "line", "type": "line", "source": name, "source-layer": name, "paint": { "line-color": "#333333", "line-width": ["interpolate", ["linear"], ["zoom"], 10, 0.2, 16, 1] } },
        ])
    } else if has_line_kinds(collection) {
        let layers = LineKind::ALL.into_iter().map(|kind| {
            let (colour, wide, dashes) = style_of(kind);
            let mut paint =
                json!({ "line-color": colour, "line-width": ["interpolate", ["linear"], ["zoom"], 12, wide * 0.6, 18, wide * 2.0] });
            if !dashes.is_empty() {
                paint["line-dasharray"] = json!(dashes);
            }
            let filter = json!(["==", ["get", "line_kind"], kind.as_str()]);
            json!({ "id": kind.as_str(), "type": "line", "source": name, "source-layer": name, "filter": filter, "paint": paint })
        });
        Value::Array(layers.collect())
    } else if collection.shape == Shape::Lines {
        let width = json!(["interpolate", ["linear"], ["zoom"], 10, 2, 16, 6]);
        json!([
            { "id": "casing", "type": "line", "source": name, "source-layer": name, "layout": { "line-cap": "round", "line-join": "round" }, "paint": { "line-color": "#ffffff", "line-width": width, "line-gap-width": 1 } },
            { "id": "line", "type": "line", "source": name, "source-layer": name, "layout": { "line-cap": "round", "line-join": "round" }, "paint": { "line-color": POINT, "line-width": width } },
        ])
    } else {
        json!([{ "id": "circle", "type": "circle", "source": name, "source-layer": name, "paint": { "circle-color": POINT, "circle-radius": 6, "circle-stroke-color": "#ffffff", "circle-stroke-width": 2 } }])
    };
    let [west, south, east, north] = city.bbox;
    json!({
        "version": 8,
        "name": title(Lang::Vi, name),
        "center": [f64::midpoint(west, east), f64::midpoint(south, north)],
        "zoom": 12,
        "sources": { name: {
            "type": "vector",
            "url": format!("{url}/collections/{name}/tiles/WebMercatorQuad?f=tilejson"),
            "promoteId": "id",
            "attribution": city.licence,
        } },
        "layers": layers,
    })
}

fn rgb(hex: &str) -> String {
    // “#333” is short for “#333333”.
    let long: String = hex.chars().flat_map(|c| std::iter::repeat_n(c, if hex.len() == 4 && c != '#' { 2 } else { 1 })).collect();
    let part = |range| u8::from_str_radix(long.get(range).unwrap_or("dd"), 16).unwrap_or(0xdd);
    format!("{},{},{},255", part(1..3), part(3..5), part(5..7))
}

fn options(pairs: &[(&str, &str)]) -> String {
    let list: String = pairs.iter().map(|(name, value)| format!("<Option name=\"{name}\" type=\"QString\" value=\"{value}\"/>")).collect();
    format!("<Option type=\"Map\">{list}</Option>")
}

/// A symbol for a kind of line, in millimetres.
fn line_symbol(name: usize, kind: LineKind) -> String {
    let (colour, width, dashes) = style_of(kind);
    let (colour, width) = (rgb(colour), format!("{:.2}", width * 0.35));
    let dashes: Vec<String> = dashes.iter().map(|dash| format!("{:.1}", dash * 0.4)).collect();
    let (dashes, is_dashed) = (dashes.join(";"), if dashes.is_empty() { "0" } else { "1" });
    let line = options(&[
        ("line_color", &colour),
        ("line_width", &width),
        ("line_style", "solid"),
        ("use_custom_dash", is_dashed),
        ("customdash", &dashes),
        ("customdash_unit", "MM"),
    ]);
    format!("<symbol name=\"{name}\" type=\"line\" alpha=\"1\"><layer class=\"SimpleLine\" enabled=\"1\">{line}</layer></symbol>")
}

fn symbol(name: usize, shape: Shape, colour: &str) -> String {
    if shape == Shape::Areas {
        let fill = options(&[
            ("color", colour),
            ("style", "solid"),
            ("outline_color", "51,51,51,255"),
            ("outline_width", "0.1"),
            ("outline_style", "solid"),
        ]);
        format!("<symbol name=\"{name}\" type=\"fill\" alpha=\"0.8\"><layer class=\"SimpleFill\" enabled=\"1\">{fill}</layer></symbol>")
    } else if shape == Shape::Lines {
        let line = options(&[("line_color", colour), ("line_width", "1"), ("line_style", "solid"), ("capstyle", "round")]);
        format!("<symbol name=\"{name}\" type=\"line\" alpha=\"1\"><layer class=\"SimpleLine\" enabled=\"1\">{line}</layer></symbol>")
    } else {
        let marker = options(&[("color", colour), ("name", "circle"), ("size", "3"), ("outline_color", "255,255,255,255")]);
        format!("<symbol name=\"{name}\" type=\"marker\" alpha=\"1\"><layer class=\"SimpleMarker\" enabled=\"1\">{marker}</layer></symbol>")
    }
}

/// A renderer with a category for each value of a property: the value, its label and its symbol.
fn categories(text: &mut String, property: &str, all: impl Iterator<Item = (&'static str, String, String)>) {
    let _ = write!(text, "<renderer-v2 type=\"categorizedSymbol\" attr=\"{property}\" enableorderby=\"0\">\n<categories>\n");
    let mut symbols = String::new();
    for (i, (value, label, symbol)) in all.enumerate() {
        let label = maud::html! { (label) }.into_string();
        let _ = writeln!(text, "<category render=\"true\" symbol=\"{i}\" value=\"{value}\" label=\"{label}\"/>");
        symbols.push_str(&symbol);
        symbols.push('\n');
    }
    let _ = write!(text, "</categories>\n<symbols>\n{symbols}</symbols>\n</renderer-v2>\n");
}

/// A QGIS layer style: a category for each land-use code or kind of line, or one symbol.
pub fn qml(collection: &Collection) -> String {
    let mut text =
        String::from("<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n<qgis version=\"3.22\" styleCategories=\"Symbology\">\n");
    if has_land_use(collection) {
        let all = coloured().map(|entry| (entry.code.as_str(), format!("{} – {}", entry.code, entry.name_vi), rgb(&entry.rgb)));
        let all = all.chain([("", String::from("…"), rgb(NEUTRAL))]).enumerate();
        categories(&mut text, "land_use", all.map(|(i, (code, label, colour))| (code, label, symbol(i, collection.shape, &colour))));
    } else if has_line_kinds(collection) {
        let all = LineKind::ALL.into_iter().enumerate();
        let label = |kind: LineKind| words(Lang::Vi, &format!("line-{}", kind.as_str())).to_owned();
        categories(&mut text, "line_kind", all.map(|(i, kind)| (kind.as_str(), label(kind), line_symbol(i, kind))));
    } else {
        let colour = if collection.shape == Shape::Areas { rgb(NEUTRAL) } else { rgb(POINT) };
        let _ = write!(
            text,
            "<renderer-v2 type=\"singleSymbol\" enableorderby=\"0\">\n<symbols>\n{}\n</symbols>\n</renderer-v2>\n",
            symbol(0, collection.shape, &colour)
        );
    }
    text.push_str("</qgis>\n");
    text
}
