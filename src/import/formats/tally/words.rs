//! The sentences for what was left out.

use super::{Count, Left};
use crate::import::report::{Note, Severity};
use crate::words::sentence::{Numbers, Sentence, ToWord};

pub(super) fn note(what: &Left, count: &Count) -> Note {
    use Severity::{Repair, Warning};
    let n = count.number;
    let examples = count.examples.iter().map(|text| format!("“{text}”")).collect::<Vec<_>>().join(", ");
    let more = if n > count.examples.len() { " …" } else { "" };
    let examples = format!("{examples}{more}");
    let gaps = Numbers(&count.examples.join("; ")).to_word();
    let listed = count.examples.join(", ");
    let (severity, check, said) = match what {
        Left::DeletedRows => (Warning, "deleted-rows", sentence!("deleted-rows", n)),
        Left::HiddenRows => (Warning, "hidden-rows", sentence!("hidden-rows", n)),
        Left::StruckRows => (Warning, "struck-rows", sentence!("struck-rows", n, examples)),
        Left::LogBeside => (Warning, "log-beside", sentence!("log-beside")),
        Left::LinesAbove => (Repair, "lines-above-header", sentence!("lines-above-header", n, examples)),
        Left::CellsBehind => (Warning, "cells-behind", sentence!("cells-behind", n, examples)),
        Left::Nameless => (Warning, "column-without-name", sentence!("column-without-name", n, examples)),
        Left::Twice(name) => (Warning, "name-twice", sentence!("name-twice", name, examples)),
        Left::ColumnsBeyond => (Warning, "columns-beyond", sentence!("columns-beyond", n)),
        Left::NotNumbers(column) => (Warning, "not-a-number", sentence!("not-a-number", column, n, examples)),
        Left::Overflown(column) => (Warning, "number-overflown", sentence!("number-overflown", column, n)),
        Left::CellErrors(column) => (Warning, "cell-error", sentence!("cell-error", column, n, examples)),
        Left::Column(column, kind) => (Warning, "column-not-read", sentence!("column-not-read", column, kind = column_kind(kind))),
        Left::AttributesCut => (Warning, "attributes-cut", sentence!("attributes-cut", n)),
        Left::Binary(column) => (Warning, "cells-not-text", sentence!("cells-not-text", column, n)),
        Left::Beside(kind) => (Warning, "beside-areas", sentence!("beside-areas", n, kind)),
        Left::Unticked => (Warning, "unticked", sentence!("unticked", n)),
        Left::Reference(file) => (Warning, "reference-not-read", sentence!("reference-not-read", file)),
        Left::TwoCodes(layer) => (Warning, "two-codes", sentence!("two-codes", n, layer, examples)),
        Left::NoTable(layer) => (Warning, "layer-without-table", sentence!("layer-listed-without-table", layer)),
        Left::Links => (Warning, "links-not-read", sentence!("links-not-read", n)),
        Left::Overlay(kind) => (Warning, "overlay-not-read", sentence!("overlay-not-read", n, kind)),
        Left::OtherFile(name) => (Warning, "file-not-read", sentence!("file-not-read", name)),
        Left::OtherLayer(name) => (Warning, "layer-not-read", sentence!("layer-not-read", name)),
        Left::CommasOnly(numbers) => (
            Repair,
            "commas-only",
            sentence!("commas-only", n, numbers = if *numbers == 3 { sentence!("three") } else { sentence!("two") }),
        ),
        Left::SpacesBehindCommas => (Repair, "spaces-behind-commas", sentence!("spaces-behind-commas", n)),
        Left::Entities(kind, layer) => {
            (Warning, "entities-not-read", sentence!("entities-not-read", n, kind, layer, advice = entity_advice(kind)))
        }
        Left::Paper => (Warning, "paper-space", sentence!("paper-space", n)),
        Left::Invisible(layer) => (Warning, "invisible", sentence!("invisible", n, layer)),
        Left::LayerOff(layer) => (Warning, "layer-off", sentence!("layer-off", layer, n)),
        Left::Tilted(layer) => (Warning, "tilted", sentence!("tilted", n, layer)),
        Left::Closed(layer) => (Repair, "outline-closed", sentence!("outline-closed", n, layer, gaps)),
        Left::Open(layer) => (Warning, "outline-open", sentence!("outline-open", n, layer, gaps)),
        Left::Gap(layer) => (Warning, "hatch-gap", sentence!("hatch-gap", n, layer, gaps)),
        Left::HatchBorder(layer) => (Warning, "hatch-border", sentence!("hatch-border", n, layer)),
        Left::Block(name) => (Warning, "block-not-read", sentence!("block-not-read", name, n)),
        Left::NoCode => (Warning, "no-code-in-drawing", sentence!("no-code-in-drawing", n, listed)),
        Left::OpenCode(layer) => (Warning, "several-codes", sentence!("several-codes", n, layer, examples)),
        Left::CodeAlone => (Warning, "code-without-outline", sentence!("code-without-outline", n, examples)),
        Left::StruckText(layer) => (Warning, "struck-text", sentence!("struck-text", n, layer, examples)),
        Left::Clipped(block) => (Warning, "block-clipped", sentence!("block-clipped", block)),
        Left::Legend(layer) => (Warning, "legend", sentence!("legend", n, layer)),
        Left::HiddenColumn(column) => (Warning, "hidden-column", sentence!("hidden-column", column)),
        Left::Linework => (Warning, "linework-not-read", sentence!("linework-not-read", n, listed)),
        Left::Unused => (Warning, "columns-not-used", sentence!("columns-not-used-points", listed)),
        Left::UnusedOfLines => (Warning, "columns-not-used", sentence!("columns-not-used-lines", listed)),
        Left::UnclearLayer(layer) => (Warning, "layer-unclear", sentence!("layer-unclear", layer, n)),
        Left::CutOut(layer) => (Repair, "cut-out", sentence!("cut-out", n, layer, examples)),
        Left::Unlisted => (Warning, "shapes-not-listed", sentence!("shapes-not-listed")),
        Left::NoMap => (Warning, "no-map-beside", sentence!("no-map-beside", listed)),
        Left::Personal => (Warning, "personal-data", sentence!("personal-data", listed)),
        Left::CodeAmongWords(layer) => (Warning, "code-among-words", sentence!("code-among-words", n, layer, examples)),
        Left::LayerAgainstText(layer) => (Warning, "layer-against-text", sentence!("layer-against-text", n, layer, examples)),
        Left::Framed(layer) => (Warning, "label-circle", sentence!("label-circle", n, layer, examples)),
        Left::RoundZone(layer) => (Warning, "circle-as-zone", sentence!("circle-as-zone", n, layer, examples)),
        Left::DayMonths(column) => (Warning, "day-without-year", sentence!("day-without-year", column, n, examples)),
        Left::Comments(sheet) => (Warning, "comments-not-read", sentence!("comments-not-read", sheet, n, examples)),
        Left::Filled(column) => (Warning, "field-full", sentence!("field-full", column, n, examples)),
        Left::NotPlotted(layer) => (Warning, "layer-not-plotted", sentence!("layer-not-plotted", layer, n)),
        Left::Times => (Warning, "times-not-used", sentence!("times-not-used", n)),
        Left::Unit(unit) => (Warning, "drawing-unit", sentence!("drawing-unit", unit)),
        Left::UnusedOfZones => (Warning, "columns-not-used", sentence!("columns-not-used-plan", listed)),
        Left::More => (Warning, "and-more", sentence!("and-more", n)),
        Left::Index => (Warning, "index-not-used", sentence!("index-not-used")),
    };
    Note { severity, check, said }
}

/// Why a column of a type is not read.
fn column_kind(kind: &str) -> Sentence {
    match kind {
        "M" | "G" | "P" => sentence!("column-is-memo", kind),
        kind => sentence!("column-type-unknown", kind),
    }
}

/// Advice on what to do with an entity that cannot be read.
fn entity_advice(kind: &str) -> Sentence {
    match kind {
        "REGION" | "3DSOLID" | "BODY" | "SURFACE" | "PLANESURFACE" | "EXTRUDEDSURFACE" | "REVOLVEDSURFACE" | "SWEPTSURFACE"
        | "LOFTEDSURFACE" | "NURBSURFACE" => sentence!("advice-explode"),
        "LINE" | "ARC" | "SPLINE" | "ELLIPSE" => {
            sentence!("advice-join")
        }
        "ACAD_PROXY_ENTITY" => {
            sentence!("advice-export-object")
        }
        _ => sentence!("advice-draw-outline"),
    }
}
