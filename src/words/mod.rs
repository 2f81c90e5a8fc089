//! Words: dates and numbers as people write them, letters that look alike, the catalogue of texts.
//! Pure, and without knowledge of the city.

pub mod alike;
pub mod civil;
pub mod copied;
pub mod fold;
pub mod format;
pub mod text;
