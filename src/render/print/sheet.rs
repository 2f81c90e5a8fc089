//! A map sheet in A1 or A0: the law requires the map itself to be posted.

use super::canvas::{Canvas, bold, regular};
use super::fonts::{Weight, fitting, lines_within};
use super::pdf::{Layer, Pdf, PrintError, tree};
use super::{Printed, Size, draft};
use crate::domain::land_use;
use crate::domain::plan::LineKind;
use crate::render::map::{self, Around, Detail, Frame, Part};
use crate::render::page::sums;
use crate::words::format;
use crate::words::text::text;

/// Free margin on every side, millimetres of A1.
const MARGIN: f64 = 20.0;
/// Map units per millimetre of A1.
const UNITS: f64 = 3.0;
/// Columns of the legend.
const COLUMNS: usize = 4;
/// Side of the code with its quiet zone, millimetres of A1: of the usual symbol, and at most.
const CODE: [f64; 2] = [78.0, 95.0];
/// Lines in a column of the legend.
const LINES: usize = 12;

/// The map sheet of an item with areas as a PDF file; `None` for an item without areas.
pub fn sheet(printed: &Printed<'_>, size: Size) -> Result<Option<Vec<u8>>, PrintError> {
    let (Some(features), Some(set)) = (printed.features, printed.view.features.as_ref().filter(|set| set.area_ha.is_some())) else {
        return Ok(None);
    };
    let [width, height] = Size::A1.millimetres();
    let mut page = Canvas::new(width, height);
    let room = width - 2.0 * MARGIN;
    let view = printed.view;
    page.line(
        MARGIN,
        30.0,
        &format!("{} {}", text(printed.lang, "board"), printed.lang.pick(&printed.city.name_vi, &printed.city.name_en)),
        bold(9.0),
    );
    page.rule(MARGIN, 35.0, room, 1.2);
    let title_size = fitting(&view.title, Weight::Bold, room, 2, &[20.0, 17.0, 14.0, 12.0, 10.0]);
    let mut y = page.paragraph(MARGIN, 38.0, room, 3, &view.title, bold(title_size));
    y = page.paragraph(
        MARGIN,
        y + 2.0,
        room,
        2,
        &format!("{} – {}", text(printed.lang, printed.standing()), printed.since()),
        regular(8.0),
    ) + 4.0;
    let foot = height - MARGIN - 118.0;
    let place = [MARGIN, y, room, foot - y - 4.0];

    let around = Around { beside: printed.beside, ..Around::units(printed.lang, printed.units) };
    let whole = Detail::print(place[2], place[3]);
    let (width_units, height_units) = (place[2] * UNITS, place[3] * UNITS - 18.0);
    let labels = Detail { font: 13.0, labels: 5_000, road_labels: 400, least_font: 6.0, ..whole };
    let detail = Detail { width: width_units, height: Some(height_units), smallest: 6, each: true, ..labels };
    let (drawing, bbox) = match printed.extract {
        Some(extract) if extract.pieces.is_some() => {
            let (pieces, bbox) = (extract.pieces.as_deref().unwrap_or_default(), extract.bbox());
            (map::zones(&Part { features, pieces }, &bbox, &detail, &around, &view.title), bbox)
        }
        _ => (map::zones(features, &set.bbox, &detail, &around, &view.title), set.bbox),
    };
    page.rectangle(place, "#fff", Some(0.6));

    // The printed sheet may be larger than A1, and its scale is the one on paper.
    let [paper, _] = size.millimetres();
    let frame = Frame::within(&bbox, detail.width, detail.height, detail.margin);
    let metres_per_millimetre = UNITS / frame.units_per_metre() * width / paper;
    let scale = (metres_per_millimetre * 1_000.0 / 100.0).round() * 100.0;
    legend(printed, &mut page, features, &map::kinds(&printed.beside, &bbox, &detail), [foot + 2.0, room], scale)?;

    let (base, map) = (tree(&page.finish())?, tree(&drawing.svg)?);
    let mut pdf = Pdf::new(&printed.about())?;
    let factor = paper / width;
    let [width, height] = size.millimetres();
    let mut layers =
        vec![Layer { tree: &base, place: [0.0, 0.0, width, height] }, Layer { tree: &map, place: place.map(|value| value * factor) }];
    let mark = draft::mark(printed)?;
    layers.extend(draft::over(mark.as_ref(), [width, height]));
    pdf.page(width, height, &layers)?;
    pdf.finish().map(Some)
}

fn legend(
    printed: &Printed<'_>,
    page: &mut Canvas,
    features: &crate::features::Features,
    lines: &[LineKind],
    [top, room]: [f64; 2],
    scale: f64,
) -> Result<(), PrintError> {
    let t = |key| text(printed.lang, key);
    let matrix = printed.matrix()?;
    let code = matrix.side_on_paper(CODE[0], CODE[1]);
    let wide = room - code - 8.0;
    let column = wide / COLUMNS as f64;
    let (sums, total) = sums(features, printed.extract);
    let place = |i: usize| (MARGIN + (i / LINES) as f64 * column, top + (i % LINES) as f64 * 7.0);
    let uses = (COLUMNS * LINES).saturating_sub(lines.len()).min(sums.len());
    for (i, kind) in lines.iter().enumerate() {
        let (x, y) = place(uses + i);
        page.drawing([x, y + 1.5, 20.0, 4.0], &map::sample(*kind, 45.0, 9.0));
        page.line(x + 24.0, y + 5.4, text(printed.lang, &format!("line-{}", kind.as_str())), regular(3.8));
    }
    for (i, (own, area)) in sums.iter().take(uses).enumerate() {
        let (x, y) = place(i);
        page.sample([x, y + 1.0, 8.0, 5.0], map::colour(own));
        page.line(x + 10.0, y + 5.4, own, bold(4.6));
        let name = land_use::get(own).map_or("", |entry| printed.lang.pick(&entry.name_vi, &entry.name_en));
        let line = format!("{name}, {} ha", format::number(printed.lang, *area, 1));
        let size = fitting(&line, Weight::Regular, column - 27.0, 1, &[3.8, 3.4, 3.0, 2.6]);
        let line = lines_within(&line, Weight::Regular, size, column - 27.0, 1);
        page.line(x + 24.0, y + 5.4, line.first().map_or("", String::as_str), regular(size));
    }
    let mut y = top + LINES as f64 * 7.0 + 4.0;
    let facts = [
        format!("{}: {} ha", t("total"), format::number(printed.lang, total, 2)),
        format!("{} 1/{}", t("scale-about"), format::number(printed.lang, scale, 0)),
        format!("{}: {}", t("printed-on"), format::date(printed.moment.today)),
        format!("{} {}", t("printed-revision"), printed.view.revision),
    ];
    y = page.paragraph(MARGIN, y, wide, 2, &facts.join(" · "), bold(6.0));
    if let Some(board) = printed.board {
        y = page.paragraph(MARGIN, y, wide, 1, &format!("{}: {}", t("hangs-at"), board.title), bold(5.4));
    }
    y = page.paragraph(MARGIN, y, wide, 2, t("reference-only"), regular(5.2));
    page.paragraph(MARGIN, y, wide, 2, t("poster-false-code"), regular(5.2));
    let left = MARGIN + room - code;
    page.drawing([left, top, code, code], &matrix.svg(t("share-qr")));
    let letters = printed.code();
    let size = fitting(&letters, Weight::Bold, code, 1, &[10.0, 9.0, 8.0]);
    page.line(left + code / 2.0, top + code + size, &letters, bold(size).middle());
    if let Some(phone) = &printed.city.phone {
        page.line(left + code / 2.0, top + code + size + 9.0, &format!("{} {phone}", t("ask-about-print")), bold(5.6).middle());
    }
    Ok(())
}
