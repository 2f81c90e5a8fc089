//! A page of a print in millimetres, as SVG, with texts that wrap and drawings inside drawings.

use std::fmt::Write as _;

use super::fonts::{self, FAMILY, Weight};

/// A page that is being drawn. Lengths are in millimetres, and y grows downwards.
pub struct Canvas {
    svg: String,
}

/// How a text is written.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Font size in millimetres.
    pub size: f64,
    /// Its weight.
    pub weight: Weight,
    /// Colour of the letters.
    pub fill: &'static str,
    /// Alignment: `start`, `middle` or `end`.
    pub anchor: &'static str,
}

/// A regular text of that size in millimetres.
pub const fn regular(size: f64) -> Style {
    Style { size, weight: Weight::Regular, fill: "#000", anchor: "start" }
}

/// A bold text of that size in millimetres.
pub const fn bold(size: f64) -> Style {
    Style { size, weight: Weight::Bold, fill: "#000", anchor: "start" }
}

impl Style {
    /// Changes the colour.
    pub const fn fill(mut self, fill: &'static str) -> Self {
        self.fill = fill;
        self
    }

    /// Centres the text on its position.
    pub const fn middle(mut self) -> Self {
        self.anchor = "middle";
        self
    }

    /// Makes the text end at its position.
    pub const fn end(mut self) -> Self {
        self.anchor = "end";
        self
    }
}

/// Distance between lines, as a multiple of the font size.
pub const LEADING: f64 = 1.32;

impl Canvas {
    /// A white page of that size in millimetres.
    pub fn new(width: f64, height: f64) -> Self {
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}mm\" height=\"{height}mm\" viewBox=\"0 0 {width} {height}\" font-family=\"{FAMILY}\"><path fill=\"#fff\" d=\"M0 0h{width}v{height}H0z\"/>"
        );
        Self { svg }
    }

    /// Draws one line of text; `y` is its baseline.
    pub fn line(&mut self, x: f64, y: f64, text: &str, style: Style) {
        let text = maud::html! { (fonts::printable(text)) }.into_string();
        let weight = if style.weight == Weight::Bold { " font-weight=\"700\"" } else { "" };
        let anchor = if style.anchor == "start" { String::new() } else { format!(" text-anchor=\"{}\"", style.anchor) };
        let _ = write!(
            self.svg,
            "<text x=\"{x:.2}\" y=\"{y:.2}\" font-size=\"{}\" fill=\"{}\"{weight}{anchor}>{text}</text>",
            style.size, style.fill
        );
    }

    /// Draws text `room` wide and at most `most` lines long, from `top` down; gives the y position below it.
    pub fn paragraph(&mut self, x: f64, top: f64, room: f64, most: usize, text: &str, style: Style) -> f64 {
        let mut y = top;
        for line in fonts::lines_within(text, style.weight, style.size, room, most) {
            self.line(x, y + style.size, &line, style);
            y += style.size * LEADING;
        }
        y
    }

    /// Draws a rectangle.
    pub fn rectangle(&mut self, [x, y, width, height]: [f64; 4], fill: &str, stroke: Option<f64>) {
        let stroke = stroke.map_or_else(String::new, |width| format!(" stroke=\"#000\" stroke-width=\"{width}\""));
        let _ = write!(self.svg, "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" fill=\"{fill}\"{stroke}/>");
    }

    /// Draws a sample of a code's colour; it is hatched if there is none, as on the map.
    pub fn sample(&mut self, place: [f64; 4], colour: Option<&str>) {
        let [x, y, width, height] = place;
        self.rectangle(place, colour.unwrap_or("#eee"), Some(0.15));
        if colour.is_none() {
            let (right, bottom) = (x + width, y + height);
            let (middle, centre) = (x + width / 2.0, y + height / 2.0);
            let _ = write!(
                self.svg,
                "<path d=\"M{x:.2} {bottom:.2}L{right:.2} {y:.2}M{x:.2} {centre:.2}L{middle:.2} {y:.2}M{middle:.2} {bottom:.2}L{right:.2} {centre:.2}\" stroke=\"#666\" stroke-width=\"0.25\"/>"
            );
        }
    }

    /// Draws a horizontal line.
    pub fn rule(&mut self, x: f64, y: f64, length: f64, width: f64) {
        let _ = write!(self.svg, "<path d=\"M{x:.2} {y:.2}h{length:.2}\" stroke=\"#000\" stroke-width=\"{width}\"/>");
    }

    /// Draws another drawing, fitted into a box.
    pub fn drawing(&mut self, [x, y, width, height]: [f64; 4], svg: &str) {
        // The drawing keeps its own view box; only its place and size are set anew.
        let (head, rest) = svg.split_once('>').unwrap_or((svg, ""));
        let own = head.trim_start_matches("<svg").split("\" ").filter(|attribute| {
            let name = attribute.trim_start().split('=').next().unwrap_or_default();
            !matches!(name, "width" | "height" | "x" | "y")
        });
        let own = own.map(|attribute| attribute.trim().trim_end_matches('"')).filter(|attribute| !attribute.is_empty());
        let own: Vec<String> = own.map(|attribute| format!("{attribute}\"")).collect();
        let _ = write!(self.svg, "<svg x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" {}>{rest}", own.join(" "));
    }

    /// The page as SVG.
    pub fn finish(mut self) -> String {
        self.svg.push_str("</svg>");
        self.svg
    }
}
