//! A filter bound to a collection's properties, and what it says of a feature.

use std::borrow::Cow;

use geo::{BoundingRect, Geometry, Rect};
use jiff::tz::TimeZone;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::{Expr, FilterError, Language, Order, Range, Scalar, Shape, Time, accenti, casei, parse, spatial, temporal};
use crate::domain::schema::{Property, Type};

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
    /// The value of the property of that index in the collection's list.
    fn value(&self, property: usize) -> Value<'_>;
    /// Its shape in longitude and latitude; none where it has none.
    fn shape(&self) -> Option<Cow<'_, Geometry<f64>>>;
    /// Its box: west, south, east, north.
    fn bbox(&self) -> Option<[f64; 4]>;
}

/// How text is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Fold {
    case: bool,
    marks: bool,
}

impl Fold {
    fn apply(self, text: Cow<'_, str>) -> Cow<'_, str> {
        match (self.case, self.marks) {
            (false, false) => text,
            (true, false) => Cow::Owned(casei(&text)),
            (false, true) => Cow::Owned(accenti(&text)),
            (true, true) => Cow::Owned(casei(&accenti(&text))),
        }
    }
}

/// A value of the filter, its properties found.
#[derive(Debug, Clone)]
enum Term {
    Property(usize, Fold),
    Text(String),
    Number(f64),
    Bool(bool),
    Instant(i64),
}

#[derive(Debug, Clone)]
enum When {
    Term(Term),
    Interval(Option<Term>, Option<Term>),
}

impl When {
    fn terms(&self) -> impl Iterator<Item = &Term> {
        let (a, b) = match self {
            Self::Term(term) => (Some(term), None),
            Self::Interval(from, to) => (from.as_ref(), to.as_ref()),
        };
        a.into_iter().chain(b)
    }

    fn map(self, each: impl Fn(Term) -> Term) -> Self {
        match self {
            Self::Term(term) => Self::Term(each(term)),
            Self::Interval(from, to) => Self::Interval(from.map(&each), to.map(&each)),
        }
    }
}

#[derive(Debug, Clone)]
enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Compare(Order, Term, Term),
    Like(Term, Vec<Piece>),
    Between(Term, Term, Term),
    In(Term, Vec<Term>),
    IsNull(Term),
    /// The relation to a shape that is written, and its box; turned when it stands first.
    Spatial(spatial::Relation, Box<Geometry<f64>>, Option<Rect<f64>>, bool),
    Temporal(temporal::Relation, When, When),
    Truth(Term),
    NoShape,
}

/// A filter that fits a collection.
#[derive(Debug, Clone)]
pub struct Filter {
    condition: Condition,
    terms: usize,
}

/// What binding needs: the collection's properties, and how written shapes come to degrees.
/// What is written in a filter means a place and a time.
#[derive(Clone, Copy)]
pub struct Meaning<'a> {
    /// Turns a position in the filter's system into longitude and latitude; none beyond it.
    pub place: &'a dyn Fn([f64; 2]) -> Option<[f64; 2]>,
    /// Where days are counted: a moment beside a date is its day there.
    pub zone: &'a TimeZone,
}

struct Binder<'a> {
    properties: &'a [Property],
    meaning: Meaning<'a>,
    terms: usize,
}

type Bound<T> = Result<T, FilterError>;

impl Filter {
    /// Reads a filter for features with these properties.
    pub fn read(source: &str, language: Language, properties: &[Property], meaning: Meaning<'_>) -> Result<Self, FilterError> {
        let mut binder = Binder { properties, meaning, terms: 0 };
        let condition = binder.condition(parse(source, language)?)?;
        Ok(Self { condition, terms: binder.terms.max(1) })
    }

    /// Number of terms: what a filter costs for each feature.
    pub fn terms(&self) -> usize {
        self.terms
    }

    /// True when the feature is wanted: the condition is true, not false or unknown.
    pub fn wants(&self, row: &impl Row) -> bool {
        self.condition.holds(row) == Some(true)
    }

    /// A box outside which nothing is wanted, where the filter says so.
    pub fn bbox(&self) -> Option<[f64; 4]> {
        self.condition.bbox()
    }
}

impl Binder<'_> {
    fn property(&self, name: &str) -> Bound<usize> {
        self.properties.iter().position(|property| property.name == name).ok_or_else(|| {
            let known: Vec<&str> = self.properties.iter().map(|property| property.name.as_ref()).collect();
            let known = known.join(", ");
            FilterError::new(
                format!("Không có thuộc tính “{name}”; có: {known}."),
                format!("There is no property “{name}”; there are {known}"),
            )
        })
    }

    fn term(&mut self, scalar: Scalar) -> Bound<Term> {
        self.terms += 1;
        Ok(match scalar {
            Scalar::Property(name) => Term::Property(self.property(&name)?, Fold::default()),
            Scalar::Text(text) => Term::Text(text.nfc().collect()),
            Scalar::Number(number) => Term::Number(number),
            Scalar::Bool(truth) => Term::Bool(truth),
            Scalar::Instant(at) => Term::Instant(at),
            Scalar::Casei(inner) => self.folded(*inner, Fold { case: true, marks: false })?,
            Scalar::Accenti(inner) => self.folded(*inner, Fold { case: false, marks: true })?,
        })
    }

    fn folded(&mut self, inner: Scalar, fold: Fold) -> Bound<Term> {
        match self.term(inner)? {
            Term::Property(index, known) if self.properties[index].kind == Type::Text => {
                Ok(Term::Property(index, Fold { case: known.case || fold.case, marks: known.marks || fold.marks }))
            }
            Term::Text(text) => Ok(Term::Text(fold.apply(Cow::Owned(text)).into_owned())),
            _ => Err(FilterError::new("CASEI và ACCENTI chỉ dùng cho văn bản.", "CASEI and ACCENTI take text only")),
        }
    }

    fn kind(&self, term: &Term) -> Type {
        match term {
            Term::Property(index, _) => self.properties[*index].kind,
            Term::Text(_) => Type::Text,
            Term::Number(_) => Type::Number,
            Term::Bool(_) => Type::Boolean,
            Term::Instant(_) => Type::Moment,
        }
    }

    /// Two terms that can be compared; a text beside a date is read as one.
    fn pair(&mut self, a: Scalar, b: Scalar) -> Bound<(Term, Term)> {
        let (a, b) = (self.term(a)?, self.term(b)?);
        let a = self.fit(a, &b)?;
        let b = self.fit(b, &a)?;
        let is_dated = self.is_date(&a) || self.is_date(&b);
        Ok((self.dated(a, is_dated), self.dated(b, is_dated)))
    }

    fn is_date(&self, term: &Term) -> bool {
        self.kind(term) == Type::Date
    }

    /// A written moment as its day, where it is beside a date.
    fn dated(&self, term: Term, is_dated: bool) -> Term {
        match term {
            Term::Instant(at) if is_dated => Term::Instant(temporal::day(at, self.meaning.zone)),
            other => other,
        }
    }

    fn fit(&self, term: Term, other: &Term) -> Bound<Term> {
        let is_time = |kind| matches!(kind, Type::Date | Type::Moment);
        let is_number = |kind| matches!(kind, Type::Number | Type::Integer);
        let (kind, wanted) = (self.kind(&term), self.kind(other));
        if kind == wanted || (is_time(kind) && is_time(wanted)) || (is_number(kind) && is_number(wanted)) {
            return Ok(term);
        }
        match (&term, wanted) {
            (Term::Text(text), wanted) if is_time(wanted) => temporal::instant(text).map(Term::Instant),
            // The other side is turned when its turn comes.
            (_, Type::Text) if is_time(kind) && matches!(other, Term::Text(_)) => Some(term.clone()),
            _ => None,
        }
        .ok_or_else(|| {
            FilterError::new(
                "Hai giá trị khác kiểu không so sánh được với nhau (văn bản trong dấu nháy đơn, số không có dấu nháy).",
                "Values of different types cannot be compared (text stands in single quotes, numbers without)",
            )
        })
    }

    fn when(&mut self, time: Time) -> Bound<When> {
        let mut term = |scalar: Scalar| -> Bound<Term> {
            let scalar = match scalar {
                Scalar::Text(text) => Scalar::Instant(temporal::instant(&text).ok_or_else(not_a_time)?),
                other => other,
            };
            let term = self.term(scalar)?;
            if matches!(self.kind(&term), Type::Date | Type::Moment) { Ok(term) } else { Err(not_a_time()) }
        };
        Ok(match time {
            Time::Scalar(scalar) => When::Term(term(scalar)?),
            Time::Interval(from, to) => When::Interval(from.map(&mut term).transpose()?, to.map(&mut term).transpose()?),
        })
    }

    fn spatial(&mut self, relation: spatial::Relation, a: Shape, b: Shape) -> Bound<Condition> {
        let (name, shape, turned) = match (a, b) {
            (Shape::Property(name), Shape::Written(shape)) => (name, shape, false),
            (Shape::Written(shape), Shape::Property(name)) => (name, shape, true),
            _ => {
                return Err(FilterError::new(
                    "Hàm không gian cần thuộc tính geometry và một hình.",
                    "A spatial function takes the property geometry and a written shape",
                ));
            }
        };
        if !matches!(name.as_str(), "geometry" | "geom") {
            return Err(FilterError::new(
                format!("“{name}” không phải hình; hãy dùng geometry."),
                format!("“{name}” is not a geometry; use geometry"),
            ));
        }
        self.terms += 8 + geo::CoordsIter::coords_count(&shape);
        let shape = placed(shape, self.meaning.place).ok_or_else(|| {
            FilterError::new("Tọa độ trong bộ lọc nằm ngoài hệ tọa độ.", "A position in the filter lies outside its coordinate system")
        })?;
        let bbox = shape.bounding_rect();
        Ok(Condition::Spatial(relation, Box::new(shape), bbox, turned))
    }

    fn condition(&mut self, expr: Expr) -> Bound<Condition> {
        Ok(match expr {
            Expr::And(terms) => Condition::And(terms.into_iter().map(|term| self.condition(term)).collect::<Bound<_>>()?),
            Expr::Or(terms) => Condition::Or(terms.into_iter().map(|term| self.condition(term)).collect::<Bound<_>>()?),
            Expr::Not(inner) => Condition::Not(Box::new(self.condition(*inner)?)),
            Expr::Compare(order, a, b) => {
                let (a, b) = self.pair(a, b)?;
                Condition::Compare(order, a, b)
            }
            Expr::Like(value, pattern) => {
                let (value, pattern) = (self.term(value)?, self.term(pattern)?);
                match (self.kind(&value), pattern) {
                    (Type::Text, Term::Text(pattern)) => Condition::Like(value, pieces(&pattern)),
                    _ => return Err(FilterError::new("LIKE cần văn bản và một mẫu.", "LIKE takes a text and a pattern")),
                }
            }
            Expr::Between(value, low, high) => {
                let (left, low) = self.pair(value.clone(), low)?;
                let (_, high) = self.pair(value, high)?;
                Condition::Between(left, low, high)
            }
            Expr::In(value, list) => {
                let mut terms = Vec::with_capacity(list.len());
                let mut left = self.term(value.clone())?;
                for one in list {
                    let (value, one) = self.pair(value.clone(), one)?;
                    left = value;
                    terms.push(one);
                }
                Condition::In(left, terms)
            }
            Expr::IsNull(Scalar::Property(name)) if name == "geometry" => Condition::NoShape,
            Expr::IsNull(value) => Condition::IsNull(self.term(value)?),
            Expr::Spatial(relation, a, b) => self.spatial(relation, a, b)?,
            Expr::Temporal(relation, a, b) => {
                let (a, b) = (self.when(a)?, self.when(b)?);
                let is_dated = a.terms().chain(b.terms()).any(|term| self.is_date(term));
                let dated = |when: When| when.map(|term| self.dated(term, is_dated));
                Condition::Temporal(relation, dated(a), dated(b))
            }
            Expr::Truth(value) => {
                let term = self.term(value)?;
                if self.kind(&term) != Type::Boolean {
                    return Err(FilterError::new("Điều kiện phải là đúng hoặc sai.", "A condition must be true or false"));
                }
                Condition::Truth(term)
            }
        })
    }
}

fn not_a_time() -> FilterError {
    FilterError::new("Hàm thời gian cần ngày hoặc thời điểm.", "A temporal function takes dates or moments")
}

fn placed(mut shape: Geometry<f64>, place: &dyn Fn([f64; 2]) -> Option<[f64; 2]>) -> Option<Geometry<f64>> {
    use geo::MapCoordsInPlace;
    let to = |at: geo::Coord<f64>| place([at.x, at.y]).map(|[x, y]| geo::Coord { x, y }).ok_or(());
    let result = match &mut shape {
        Geometry::Point(shape) => shape.try_map_coords_in_place(to),
        Geometry::MultiPoint(shape) => shape.try_map_coords_in_place(to),
        Geometry::LineString(shape) => shape.try_map_coords_in_place(to),
        Geometry::MultiLineString(shape) => shape.try_map_coords_in_place(to),
        Geometry::Polygon(shape) => shape.try_map_coords_in_place(to),
        Geometry::MultiPolygon(shape) => shape.try_map_coords_in_place(to),
        Geometry::GeometryCollection(parts) => {
            return parts.0.iter().map(|part| placed(part.clone(), place)).collect::<Option<_>>().map(Geometry::GeometryCollection);
        }
        _ => Err(()),
    };
    result.ok().map(|()| shape)
}

impl Term {
    fn value<'a>(&'a self, row: &'a impl Row) -> Value<'a> {
        match self {
            Self::Property(index, fold) => match row.value(*index) {
                Value::Text(text) => Value::Text(fold.apply(composed(text))),
                other => other,
            },
            Self::Text(text) => Value::Text(Cow::Borrowed(text)),
            Self::Number(number) => Value::Number(*number),
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Instant(at) => Value::Instant(*at),
        }
    }
}

fn composed(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes { text } else { Cow::Owned(text.nfc().collect()) }
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
                // An end that is not known is open, as the last day of a plan without one is.
                let end = |term: &Option<Term>, open: i64| term.as_ref().and_then(at).unwrap_or(open);
                Some((end(from, i64::MIN), end(to, i64::MAX)))
            }
        }
    }
}

impl Condition {
    /// True, false, or unknown.
    fn holds(&self, row: &impl Row) -> Option<bool> {
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

/// A piece of a LIKE pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Any,
    One,
    Char(char),
}

fn pieces(pattern: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        pieces.push(match c {
            '%' => Piece::Any,
            '_' => Piece::One,
            '\\' => Piece::Char(chars.next().unwrap_or('\\')),
            c => Piece::Char(c),
        });
    }
    pieces
}

/// Matches without recursion; remembers the last `%` only.
fn like(text: &str, pattern: &[Piece]) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut t, mut p) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(Piece::Any) => {
                back = Some((p, t));
                p += 1;
            }
            Some(Piece::One) => {
                t += 1;
                p += 1;
            }
            Some(Piece::Char(c)) if *c == text[t] => {
                t += 1;
                p += 1;
            }
            _ => match back {
                Some((any, from)) => {
                    back = Some((any, from + 1));
                    p = any + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|piece| *piece == Piece::Any)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
