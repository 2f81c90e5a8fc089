//! Binding a filter to a collection: each name is looked up among the collection's properties once, and written
//! positions and moments get their meaning.

use std::borrow::Cow;

use geo::{BoundingRect, Geometry};
use jiff::tz::TimeZone;

use super::eval::{Condition, Filter, Fold, Term, When};
use super::like::pieces;
use super::{Expr, FilterError, Language, Order, Scalar, ShapeExpr, Time, parse, spatial, temporal};
use crate::domain::schema::Equal;
use crate::domain::schema::{Property, Type};
use crate::words::alike::read;

/// The meaning of positions and moments that are written in a filter.
#[derive(Clone, Copy)]
pub struct Meaning<'a> {
    /// Turns a position in the filter's system into longitude and latitude in degrees; none outside the system's area.
    pub place: &'a dyn Fn([f64; 2]) -> Option<[f64; 2]>,
    /// The time zone of days: a moment that is compared with a date counts as its day there.
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
}

impl Binder<'_> {
    fn property(&self, name: &str) -> Bound<usize> {
        self.properties.iter().position(|property| property.name == name).ok_or_else(|| {
            let known: Vec<&str> = self.properties.iter().map(|property| property.name.as_ref()).collect();
            let known = known.join(", ");
            FilterError::new(sentence!("filter-property", name, known))
        })
    }

    fn term(&mut self, scalar: Scalar) -> Bound<Term> {
        self.terms += 1;
        Ok(match scalar {
            Scalar::Property(name) => Term::Property(self.property(&name)?, Fold::NONE),
            Scalar::Text(text) => Term::Text(read(&text).into_owned()),
            Scalar::Number(number) => Term::Number(number),
            Scalar::Bool(truth) => Term::Bool(truth),
            Scalar::Instant(at) => Term::Instant(at),
            Scalar::Casei(inner) => self.folded(*inner, Fold::CASE)?,
            Scalar::Accenti(inner) => self.folded(*inner, Fold::MARKS)?,
        })
    }

    fn folded(&mut self, inner: Scalar, fold: Fold) -> Bound<Term> {
        match self.term(inner)? {
            Term::Property(index, known) if self.properties[index].kind == Type::Text => Ok(Term::Property(index, known.and(fold))),
            Term::Text(text) => Ok(Term::Text(fold.apply(Cow::Owned(text)).into_owned())),
            _ => Err(FilterError::new(sentence!("filter-text-function"))),
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

    /// Two terms that can be compared. A text that is compared with a date is read as a date.
    fn pair(&mut self, a: Scalar, b: Scalar) -> Bound<(Term, Term)> {
        let (a, b) = (self.term(a)?, self.term(b)?);
        let a = self.fit(a, &b)?;
        let b = self.fit(b, &a)?;
        let is_dated = self.is_date(&a) || self.is_date(&b);
        Ok((self.dated(a, is_dated), self.dated(b, is_dated)))
    }

    /// Two terms that are asked to be equal. Numbers of decisions and units are equal however they are typed.
    fn equal_pair(&mut self, a: Scalar, b: Scalar) -> Bound<(Term, Term)> {
        let pair = self.pair(a, b)?;
        let equal = |term: &Term| match term {
            Term::Property(index, _) => Some(self.properties[*index].equal).filter(|equal| *equal != Equal::Letters),
            _ => None,
        };
        let Some(equal) = equal(&pair.0).or_else(|| equal(&pair.1)) else { return Ok(pair) };
        let bare = |term| match term {
            Term::Property(index, fold) => Term::Property(index, fold.and(Fold::by(equal))),
            Term::Text(text) => Term::Text(Fold::by(equal).apply(Cow::Owned(text)).into_owned()),
            other => other,
        };
        Ok((bare(pair.0), bare(pair.1)))
    }

    fn is_date(&self, term: &Term) -> bool {
        self.kind(term) == Type::Date
    }

    /// A written moment as its day, where it is compared with a date.
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
            // Here the other side is the text; it is read as a time when `fit` gets to it.
            (_, Type::Text) if is_time(kind) && matches!(other, Term::Text(_)) => Some(term.clone()),
            _ => None,
        }
        .ok_or_else(|| FilterError::new(sentence!("filter-types")))
    }

    fn when(&mut self, time: Time) -> Bound<When> {
        let mut term = |scalar: Scalar| -> Bound<Term> {
            let scalar = match scalar {
                Scalar::Text(text) => Scalar::Instant(temporal::instant(&read(&text)).ok_or_else(not_a_time)?),
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

    fn spatial(&mut self, relation: spatial::Relation, a: ShapeExpr, b: ShapeExpr) -> Bound<Condition> {
        let (name, shape, turned) = match (a, b) {
            (ShapeExpr::Property(name), ShapeExpr::Written(shape)) => (name, shape, false),
            (ShapeExpr::Written(shape), ShapeExpr::Property(name)) => (name, shape, true),
            _ => {
                return Err(FilterError::new(sentence!("filter-spatial")));
            }
        };
        if !matches!(name.as_str(), "geometry" | "geom") {
            return Err(FilterError::new(sentence!("geometry-use-geometry", name)));
        }
        self.terms += 8 + geo::CoordsIter::coords_count(&shape);
        let shape = placed(shape, self.meaning.place).ok_or_else(|| FilterError::new(sentence!("filter-position")))?;
        let bbox = shape.bounding_rect();
        Ok(Condition::Spatial(relation, Box::new(shape), bbox, turned))
    }

    fn condition(&mut self, expr: Expr) -> Bound<Condition> {
        Ok(match expr {
            Expr::And(terms) => Condition::And(terms.into_iter().map(|term| self.condition(term)).collect::<Bound<_>>()?),
            Expr::Or(terms) => Condition::Or(terms.into_iter().map(|term| self.condition(term)).collect::<Bound<_>>()?),
            Expr::Not(inner) => Condition::Not(Box::new(self.condition(*inner)?)),
            Expr::Compare(order, a, b) => {
                let is_equality = matches!(order, Order::Equal | Order::Not);
                let (a, b) = if is_equality { self.equal_pair(a, b)? } else { self.pair(a, b)? };
                Condition::Compare(order, a, b)
            }
            Expr::Like(value, pattern) => {
                let (value, pattern) = (self.term(value)?, self.term(pattern)?);
                match (self.kind(&value), pattern) {
                    (Type::Text, Term::Text(pattern)) => Condition::Like(value, pieces(&pattern)),
                    _ => return Err(FilterError::new(sentence!("filter-like"))),
                }
            }
            // Compared with a date a written moment means its day, compared with a moment it means itself. So each
            // bound is a comparison of its own.
            Expr::Between(value @ Scalar::Instant(_), low, high) => {
                let above = self.condition(Expr::Compare(Order::GreaterOrEqual, value.clone(), low))?;
                Condition::And(vec![above, self.condition(Expr::Compare(Order::LessOrEqual, value, high))?])
            }
            Expr::In(value @ Scalar::Instant(_), list) => {
                let equal = list.into_iter().map(|one| self.condition(Expr::Compare(Order::Equal, value.clone(), one)));
                Condition::Or(equal.collect::<Bound<_>>()?)
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
                    let (value, one) = self.equal_pair(value.clone(), one)?;
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
                    return Err(FilterError::new(sentence!("filter-condition")));
                }
                Condition::Truth(term)
            }
        })
    }
}

fn not_a_time() -> FilterError {
    FilterError::new(sentence!("filter-temporal"))
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
