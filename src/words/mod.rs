//! Words: dates and numbers as people write them, letters that look alike, the catalogue of texts.
//! All functions are pure and know nothing of the city.

pub mod alike;
pub mod catalogue;
pub mod civil;
pub mod copied;
pub mod fold;
pub mod format;
pub mod lang;
pub mod number;
#[macro_use]
pub mod sentence;
pub mod sheet;
#[cfg(test)]
mod sources;
pub mod text;
