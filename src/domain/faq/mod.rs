//! Questions that residents ask again and again about a procedure, with the answer and the law behind it.

mod facts;
mod rules;
#[cfg(test)]
mod tests;
mod view;

pub use facts::{Basis, Faq};
