//! The mark across a print of what is not published yet.

use resvg::usvg;

use super::fonts::{self, FAMILY, Weight};
use super::pdf::{Layer, PrintError, tree};
use super::{Printed, Size};
use crate::words::text::text;

/// Length of the mark, millimetres of A4.
const LENGTH: f64 = 290.0;

/// The mark, in the proportions of all paper sizes (ISO 216); none for a print that may hang.
pub fn mark(printed: &Printed<'_>) -> Result<Option<usvg::Tree>, PrintError> {
    if !printed.is_draft {
        return Ok(None);
    }
    let [width, height] = Size::A4.millimetres();
    let (x, y) = (width / 2.0, height / 2.0);
    let words = fonts::printable(text(printed.lang, "draft-mark"));
    let size = LENGTH / fonts::width(&words, Weight::Bold);
    let text = maud::html! { (words) }.into_string();
    // Across everything, and once more at the top: whoever searches the file finds it there.
    tree(&format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}mm\" height=\"{height}mm\" viewBox=\"0 0 {width} {height}\" font-family=\"{FAMILY}\" font-weight=\"700\" text-anchor=\"middle\" fill=\"#8b0015\">\
         <text transform=\"rotate(-55 {x} {y})\" x=\"{x}\" y=\"{y}\" font-size=\"{size:.2}\" fill-opacity=\"0.45\">{text}</text>\
         <text x=\"{x}\" y=\"9\" font-size=\"5\">{text}</text></svg>"
    ))
    .map(Some)
}

/// The mark over a whole page of that size in millimetres.
pub fn over(mark: Option<&usvg::Tree>, [width, height]: [f64; 2]) -> Option<Layer<'_>> {
    mark.map(|tree| Layer { tree, place: [0.0, 0.0, width, height] })
}
