//! A sheet of stickers: the code, its letters, and what it is.

use super::canvas::{Canvas, LEADING, bold, regular};
use super::fonts::{Weight, fitting, lines_within};
use super::pdf::{Layer, Pdf, PrintError, tree};
use super::{Printed, Size};
use crate::render::text::text;

/// Columns and rows of an A4 sheet of labels, 63.5 × 46.6 mm.
const COLUMNS: usize = 3;
const ROWS: usize = 6;
const WIDTH: f64 = 63.5;
const HEIGHT: f64 = 46.6;
const LEFT: f64 = 7.2;
const TOP: f64 = 8.7;
const GAP: f64 = 2.5;
/// Side of the code with its quiet zone, millimetres.
const CODE: f64 = 34.0;

/// Eighteen stickers on a sheet of A4.
pub fn stickers(printed: &Printed<'_>) -> Result<Vec<u8>, PrintError> {
    let [width, height] = Size::A4.millimetres();
    let mut page = Canvas::new(width, height);
    let code = printed.matrix()?.svg(text(printed.lang, "share-qr"));
    let address = printed.city.public_url.split_once("://").map_or(printed.city.public_url.as_str(), |(_, host)| host);
    let letters = printed.code();
    for i in 0..COLUMNS * ROWS {
        let x = LEFT + (i % COLUMNS) as f64 * (WIDTH + GAP);
        let y = TOP + (i / COLUMNS) as f64 * HEIGHT;
        page.drawing([x + 1.0, y + 1.0, CODE, CODE], &code);
        let (left, room) = (x + CODE + 1.5, WIDTH - CODE - 3.0);
        let mut at = y + 3.0;
        for line in lines_within(&printed.view.title, Weight::Bold, 3.0, room, 7) {
            page.line(left, at + 3.0, &line, bold(3.0));
            at += 3.0 * LEADING;
        }
        let size = fitting(&letters, Weight::Bold, WIDTH - 4.0, 1, &[5.0, 4.4]);
        page.line(x + 3.0, y + CODE + size + 0.6, &letters, bold(size));
        let small = fitting(address, Weight::Regular, WIDTH - 4.0, 1, &[3.2, 2.8, 2.4]);
        page.line(x + 3.0, y + CODE + size + small + 2.2, address, regular(small));
    }
    let drawing = tree(&page.finish())?;
    let mut pdf = Pdf::new(&printed.about())?;
    pdf.page(width, height, &[Layer { tree: &drawing, place: [0.0, 0.0, width, height] }])?;
    pdf.finish()
}
