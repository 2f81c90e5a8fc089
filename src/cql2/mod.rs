//! CQL2 filters (OGC 21-065r2) in text and JSON. They are bound to a collection's properties and
//! evaluated with SQL's three-valued logic.
//!
//! Pure functions over text and values. Filters come from strangers: their length, depth and number
//! of terms are checked before anything is built from them.

mod bind;
mod eval;
mod json;
mod lexer;
mod like;
mod spatial;
mod temporal;
#[cfg(test)]
mod tests;
mod text;

pub use bind::Meaning;
pub use eval::{Filter, Row, Value};
pub use temporal::{Range, instant};

use crate::words::fold::fold_marks;
use crate::words::sentence::Sentence;
use crate::words::text::Lang;

/// Longest filter, bytes.
pub const LONGEST: usize = 16 << 10;
/// Deepest nesting.
pub const DEEPEST: usize = 32;
/// Most terms.
pub const TERMS: usize = 512;

/// What is wrong with a filter, in the two languages of the pages, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", said.text(Lang::En))]
pub struct FilterError {
    /// Character of the text at which it is wrong, from 0; none for JSON.
    pub at: Option<usize>,
    /// What is wrong.
    pub said: Sentence,
}

impl FilterError {
    fn new(said: Sentence) -> Self {
        Self { at: None, said }
    }

    fn at(at: usize, said: Sentence) -> Self {
        Self { at: Some(at), said }
    }

    /// An error whose sentences also name its place, in characters.
    fn placed(at: usize, what: Sentence) -> Self {
        Self { at: Some(at), said: sentence!("filter-at", what, at) }
    }

    fn too_large() -> Self {
        Self::new(sentence!("filter-too-large", bytes = LONGEST, levels = DEEPEST, terms = TERMS))
    }
}

/// The two encodings of a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// `cql2-text`
    Text,
    /// `cql2-json`
    Json,
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Equal,
    Not,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What can be compared.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar {
    Property(String),
    Text(String),
    Number(f64),
    Bool(bool),
    /// Microseconds since 1970.
    Instant(i64),
    /// Without regard to case.
    Casei(Box<Scalar>),
    /// Without regard to diacritics.
    Accenti(Box<Scalar>),
}

/// An instant or an interval, from a property or written in the filter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Time {
    Scalar(Scalar),
    Interval(Option<Scalar>, Option<Scalar>),
}

/// A shape: the feature's own, or one that is written in the filter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ShapeExpr {
    Property(String),
    Written(geo::Geometry<f64>),
}

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Box<Expr>),
    Compare(Order, Scalar, Scalar),
    Like(Scalar, Scalar),
    Between(Scalar, Scalar, Scalar),
    In(Scalar, Vec<Scalar>),
    IsNull(Scalar),
    Spatial(spatial::Relation, ShapeExpr, ShapeExpr),
    Temporal(temporal::Relation, Time, Time),
    /// A truth value, or a property that is one.
    Truth(Scalar),
}

/// Reads a filter.
pub(crate) fn parse(source: &str, language: Language) -> Result<Expr, FilterError> {
    if source.len() > LONGEST {
        return Err(FilterError::too_large());
    }
    let parsed = match language {
        Language::Text => text::parse(source),
        Language::Json => json::parse(source),
    };
    // The parsers count bytes; people count characters.
    parsed.map_err(|error| match error.at {
        Some(at) => FilterError::placed(source.get(..at).map_or(at, |before| before.chars().count()), error.said),
        None => error,
    })
}

/// Counts the terms of a filter and their nesting while it is built.
#[derive(Debug, Default)]
struct Budget {
    depth: usize,
    terms: usize,
}

impl Budget {
    fn enter(&mut self) -> Result<(), FilterError> {
        self.depth += 1;
        self.terms += 1;
        if self.depth > DEEPEST || self.terms > TERMS { Err(FilterError::too_large()) } else { Ok(()) }
    }

    fn leave(&mut self) {
        self.depth -= 1;
    }
}

/// Text without regard to case, by full case folding.
fn casei(text: &str) -> String {
    text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

/// Text without diacritics; Đ becomes D.
fn accenti(text: &str) -> String {
    fold_marks(text)
}
