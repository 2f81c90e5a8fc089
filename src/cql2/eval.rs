//! A filter bound to a collection's properties, and its evaluation for a feature.

use std::borrow::Cow;

use geo::{Geometry, Rect};

use super::like::{LikeToken, like};
use super::{Order, Range, accenti, casei, spatial, temporal};
use crate::domain::schema::Equal;
use crate::words::alike::read;
use crate::words::fold::{bare_number, bare_units};

/// A property's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// Unknown.
    Null,
    /// Text, in NFC.
    Text(Cow<'a, str>),
    /// A number.
    Number(f64),
    /// True or false.
    Bool(bool),
    /// Microseconds since 1970 of a moment or of a date's beginning in UTC.
    Instant(i64),
}

/// A feature as a filter sees it.
pub trait Row {
    /// The value of a property, by its index in the collection's list.
    fn value(&self, property: usize) -> Value<'_>;
    /// Its shape in degrees, longitude and latitude; none where it has no geometry.
    fn shape(&self) -> Option<Cow<'_, Geometry<f64>>>;
    /// Its box in degrees: west, south, east, north.
    fn bbox(&self) -> Option<[f64; 4]>;
}

/// How text is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fold {
    case: bool,
    marks: bool,
    /// Texts that are equal by this are the same.
    equal: Equal,
}

impl Fold {
    pub(super) const NONE: Self = Self { case: false, marks: false, equal: Equal::Letters };
    pub(super) const CASE: Self = Self { case: true, ..Self::NONE };
    pub(super) const MARKS: Self = Self { marks: true, ..Self::NONE };

    /// As the texts of a property are compared.
    pub(super) const fn by(equal: Equal) -> Self {
        Self { equal, ..Self::NONE }
    }

    /// Disregards what either of the two disregards.
    pub(super) fn and(self, other: Self) -> Self {
        let equal = if other.equal == Equal::Letters { self.equal } else { other.equal };
        Self { case: self.case || other.case, marks: self.marks || other.marks, equal }
    }

    pub(super) fn apply(self, text: Cow<'_, str>) -> Cow<'_, str> {
        match (self.equal, self.case, self.marks) {
            (Equal::DecisionNumber, ..) => Cow::Owned(bare_number(&text)),
            (Equal::Units, ..) => Cow::Owned(bare_units(&text)),
            (Equal::Letters, false, false) => text,
            (Equal::Letters, true, false) => Cow::Owned(casei(&text)),
            (Equal::Letters, false, true) => Cow::Owned(accenti(&text)),
            (Equal::Letters, true, true) => Cow::Owned(casei(&accenti(&text))),
        }
    }
}

/// A value in the filter; a property by its index.
#[derive(Debug, Clone)]
pub(super) enum Term {
    Property(usize, Fold),
    Text(String),
    Number(f64),
    Bool(bool),
    Instant(i64),
}

#[derive(Debug, Clone)]
pub(super) enum When {
    Term(Term),
    Interval(Option<Term>, Option<Term>),
}

impl When {
    pub(super) fn terms(&self) -> impl Iterator<Item = &Term> {
        let (a, b) = match self {
            Self::Term(term) => (Some(term), None),
            Self::Interval(from, to) => (from.as_ref(), to.as_ref()),
        };
        a.into_iter().chain(b)
    }

    pub(super) fn map(self, each: impl Fn(Term) -> Term) -> Self {
        match self {
            Self::Term(term) => Self::Term(each(term)),
            Self::Interval(from, to) => Self::Interval(from.map(&each), to.map(&each)),
        }
    }
}

#[derive(Debug, Clone)]
pub(super) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Compare(Order, Term, Term),
    Like(Term, Vec<LikeToken>),
    Between(Term, Term, Term),
    In(Term, Vec<Term>),
    IsNull(Term),
    /// The relation of the feature to a shape written in the filter, the shape's box, and whether the shape comes
    /// first.
    Spatial(spatial::Relation, Box<Geometry<f64>>, Option<Rect<f64>>, bool),
    Temporal(temporal::Relation, When, When),
    Truth(Term),
    NoShape,
}

/// A filter that is bound to a collection's properties.
#[derive(Debug, Clone)]
pub struct Filter {
    pub(super) condition: Condition,
    pub(super) terms: usize,
}

impl Filter {
    /// Number of terms: what a filter costs for each feature.
    pub fn terms(&self) -> usize {
        self.terms
    }

    /// True when the condition is true for the feature, not false or unknown.
    pub fn wants(&self, row: &impl Row) -> bool {
        self.condition.holds(row) == Some(true)
    }

    /// A box outside which no feature meets the filter; none where the filter does not bound it.
    pub fn bbox(&self) -> Option<[f64; 4]> {
        self.condition.bbox()
    }
}

impl Term {
    fn value<'a>(&'a self, row: &'a impl Row) -> Value<'a> {
        match self {
            Self::Property(index, fold) => match row.value(*index) {
                Value::Text(text) => Value::Text(fold.apply(seen(text))),
                other => other,
            },
            Self::Text(text) => Value::Text(Cow::Borrowed(text)),
            Self::Number(number) => Value::Number(*number),
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Instant(at) => Value::Instant(*at),
        }
    }
}

/// A text in the form in which texts are compared.
fn seen(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => read(text),
        Cow::Owned(text) => Cow::Owned(read(&text).into_owned()),
    }
}

fn ordering(a: &Value<'_>, b: &Value<'_>) -> Option<std::cmp::Ordering> {
    match (a, b) {
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        (Value::Number(a), Value::Number(b)) => a.partial_cmp(b),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Instant(a), Value::Instant(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

impl Order {
    fn holds(self, found: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => found.is_eq(),
            Self::Not => found.is_ne(),
            Self::Less => found.is_lt(),
            Self::LessOrEqual => found.is_le(),
            Self::Greater => found.is_gt(),
            Self::GreaterOrEqual => found.is_ge(),
        }
    }
}

impl When {
    fn range(&self, row: &impl Row) -> Option<Range> {
        let at = |term: &Term| match term.value(row) {
            Value::Instant(at) => Some(at),
            _ => None,
        };
        match self {
            Self::Term(term) => at(term).map(|at| (at, at)),
            Self::Interval(from, to) => {
                // An unknown end is open, like the last day of a plan that has none.
                let end = |term: &Option<Term>, open: i64| term.as_ref().and_then(at).unwrap_or(open);
                Some((end(from, i64::MIN), end(to, i64::MAX)))
            }
        }
    }
}

impl Condition {
    /// The condition's value for a feature; none means unknown.
    pub(super) fn holds(&self, row: &impl Row) -> Option<bool> {
        match self {
            Self::And(terms) => {
                let mut all = Some(true);
                for term in terms {
                    match term.holds(row) {
                        Some(false) => return Some(false),
                        None => all = None,
                        Some(true) => {}
                    }
                }
                all
            }
            Self::Or(terms) => {
                let mut any = Some(false);
                for term in terms {
                    match term.holds(row) {
                        Some(true) => return Some(true),
                        None => any = None,
                        Some(false) => {}
                    }
                }
                any
            }
            Self::Not(inner) => inner.holds(row).map(|truth| !truth),
            Self::Compare(order, a, b) => ordering(&a.value(row), &b.value(row)).map(|found| order.holds(found)),
            Self::Like(value, pattern) => match value.value(row) {
                Value::Text(text) => Some(like(&text, pattern)),
                _ => None,
            },
            Self::Between(value, low, high) => {
                let value = value.value(row);
                let above = ordering(&value, &low.value(row)).map(std::cmp::Ordering::is_ge);
                let below = ordering(&value, &high.value(row)).map(std::cmp::Ordering::is_le);
                match (above, below) {
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    _ => None,
                }
            }
            Self::In(value, list) => {
                let value = value.value(row);
                if value == Value::Null {
                    return None;
                }
                let mut found = Some(false);
                for one in list {
                    match ordering(&value, &one.value(row)) {
                        Some(order) if order.is_eq() => return Some(true),
                        Some(_) => {}
                        None => found = None,
                    }
                }
                found
            }
            Self::IsNull(value) => Some(value.value(row) == Value::Null),
            Self::Spatial(relation, shape, rect, turned) => {
                let [west, south, east, north] = row.bbox()?;
                let apart =
                    rect.is_none_or(|rect| rect.max().x < west || rect.min().x > east || rect.max().y < south || rect.min().y > north);
                if apart {
                    return Some(!relation.needs_contact());
                }
                let own = row.shape()?;
                Some(if *turned { relation.holds(shape, &own) } else { relation.holds(&own, shape) })
            }
            Self::Temporal(relation, a, b) => Some(relation.holds(a.range(row)?, b.range(row)?)),
            Self::Truth(value) => match value.value(row) {
                Value::Bool(truth) => Some(truth),
                _ => None,
            },
            Self::NoShape => Some(row.bbox().is_none()),
        }
    }

    fn bbox(&self) -> Option<[f64; 4]> {
        match self {
            Self::And(terms) => terms.iter().find_map(Self::bbox),
            Self::Spatial(relation, _, Some(rect), _) if relation.needs_contact() => {
                Some([rect.min().x, rect.min().y, rect.max().x, rect.max().y])
            }
            _ => None,
        }
    }
}
