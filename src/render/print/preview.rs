//! The picture that a messenger shows beside a link: what the item is, whether it holds, and the map.

use super::Printed;
use super::canvas::{Canvas, LEADING, bold, regular};
use super::fonts::{Weight, fitting, lines_within};
use super::pdf::PrintError;
use super::picture::png;
use crate::domain::publication::Status;
use crate::words::text::text;

/// Width and height in pixels, as Zalo and Facebook ask for.
pub const SIZE: [u32; 2] = [1_200, 630];

/// The picture as PNG.
pub fn preview(printed: &Printed<'_>) -> Result<Vec<u8>, PrintError> {
    // One unit of the canvas is five pixels: 240 by 126 units.
    let mut page = Canvas::new(240.0, 126.0);
    let view = printed.view;
    let room = 118.0;
    page.line(8.0, 15.0, text(printed.lang, view.kind), bold(6.0).fill("#333"));
    let size = fitting(&view.title, Weight::Bold, room, 5, &[10.0, 9.0, 8.0, 7.0]);
    let mut y = 18.0;
    for line in lines_within(&view.title, Weight::Bold, size, room, 6) {
        page.line(8.0, y + size, &line, bold(size));
        y += size * LEADING;
    }
    let (fill, ink) = match view.status {
        Status::InForce => ("#0b5d1e", "#fff"),
        Status::Upcoming => ("#ffe08a", "#000"),
        _ => ("#8b0015", "#fff"),
    };
    page.rectangle([8.0, 88.0, room, 14.0], fill, None);
    let standing = text(printed.lang, &view.standing);
    let size = fitting(standing, Weight::Bold, room - 8.0, 1, &[8.0, 7.0, 6.0, 5.0, 4.0]);
    page.line(12.0, 95.0 + size * 0.36, standing, bold(size).fill(ink));
    let since = printed.since();
    for (i, line) in lines_within(&since, Weight::Regular, 4.6, room, 2).iter().enumerate() {
        page.line(8.0, 109.0 + i as f64 * 6.0, line, regular(4.6));
    }
    page.line(
        8.0,
        122.0,
        &format!("{} {}", text(printed.lang, "board"), printed.lang.pick(&printed.city.name_vi, &printed.city.name_en)),
        bold(4.4),
    );
    if let Some(map) = printed.map(100.0, 118.0) {
        page.drawing([134.0, 4.0, 102.0, 118.0], &map);
    }
    png(&page.finish(), SIZE[0])
}
