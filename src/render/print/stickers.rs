//! A sheet of stickers: the code, its letters, what the item is, where it hangs, and whom to call.

use super::canvas::{Canvas, LEADING, bold, regular};
use super::fonts::{Weight, on_one_line};
use super::pdf::{Layer, Pdf, PrintError, tree};
use super::{Printed, Size};
use crate::words::format;
use crate::words::text::text;

/// Columns and rows of an A4 sheet of labels, 99.1 × 67.7 mm.
const COLUMNS: usize = 2;
const ROWS: usize = 4;
const WIDTH: f64 = 99.1;
const HEIGHT: f64 = 67.7;
const LEFT: f64 = 4.65;
const TOP: f64 = 13.1;
const GAP: f64 = 2.5;
/// Side of the code with its quiet zone, millimetres; the symbol itself is at least 40 mm wide. A label has
/// no room for a larger code, and people scan it from close by.
const CODE: f64 = 52.0;

/// Eight stickers on an A4 sheet as a PDF file.
pub fn stickers(printed: &Printed<'_>) -> Result<Vec<u8>, PrintError> {
    let t = |key| text(printed.lang, key);
    let [width, height] = Size::A4.millimetres();
    let mut page = Canvas::new(width, height);
    let code = printed.matrix()?.svg(t("share-qr"));
    let address = printed.city.public_url.split_once("://").map_or(printed.city.public_url.as_str(), |(_, host)| host);
    let letters = printed.code();
    let made = format!("{} {} · {}", t("printed-revision"), printed.view.revision, format::date(printed.moment.today));
    for i in 0..COLUMNS * ROWS {
        let x = LEFT + (i % COLUMNS) as f64 * (WIDTH + GAP);
        let y = TOP + (i / COLUMNS) as f64 * HEIGHT;
        page.drawing([x + 1.0, y + 1.0, CODE, CODE], &code);
        let (left, room) = (x + CODE + 2.0, WIDTH - CODE - 4.0);
        let mut at = page.paragraph(left, y + 3.0, room, 1, t(printed.view.kind), regular(3.0));
        at = page.paragraph(left, at, room, 5, &printed.view.title, bold(3.4)) + 1.0;
        at = page.paragraph(left, at, room, 1, t(printed.standing()), bold(3.4));
        at = page.paragraph(left, at, room, 2, &made, regular(2.8));
        if let Some(board) = printed.board {
            at = page.paragraph(left, at, room, 2, &format!("{}: {}", t("hangs-at"), board.title), regular(2.8));
        }
        if let Some(phone) = &printed.city.phone {
            page.paragraph(left, at + 0.6, room, 1, &format!("{} {phone}", t("ask-about-print")), bold(2.8));
        }
        let size = on_one_line(&letters, Weight::Bold, CODE, 6.0);
        page.line(x + 5.0, y + CODE + size + 0.6, &letters, bold(size));
        let small = on_one_line(address, Weight::Regular, WIDTH - 9.0, 3.6);
        page.line(x + 5.0, y + CODE + size * LEADING + small, address, regular(small));
    }
    let drawing = tree(&page.finish())?;
    let mut pdf = Pdf::new(&printed.about())?;
    pdf.page(width, height, &[Layer { tree: &drawing, place: [0.0, 0.0, width, height] }])?;
    pdf.finish()
}
