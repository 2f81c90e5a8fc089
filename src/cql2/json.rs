//! CQL2 JSON (OGC 21-065r2, annex C).

use geo::{Coord, Geometry, GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon};
use serde_json::Value;

use super::{Budget, Expr, FilterError, Order, Scalar, ShapeExpr, Time, spatial, temporal};
use crate::words::sentence::Sentence;

type Parsed<T> = Result<T, FilterError>;

/// An error that says what is expected, and shows what was written instead.
fn wrong(expected: Sentence, value: &Value) -> FilterError {
    let shown: String = value.to_string().chars().take(80).collect();
    FilterError::new(sentence!("filter-json", shown, expected))
}

fn arguments(count: usize, value: &Value) -> FilterError {
    wrong(sentence!("args", count), value)
}

pub(super) fn parse(source: &str) -> Parsed<Expr> {
    // serde_json allows 128 levels of nesting: a deeper text is an error, not a stack overflow.
    let value: Value = serde_json::from_str(source).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        FilterError::new(sentence!("filter-valid-json", line, column, error = error.to_string()))
    })?;
    condition(&value, &mut Budget::default())
}

fn operation(value: &Value) -> Option<(String, &[Value])> {
    let op = value.get("op")?.as_str()?.to_ascii_lowercase();
    Some((op, value.get("args")?.as_array()?))
}

fn condition(value: &Value, budget: &mut Budget) -> Parsed<Expr> {
    budget.enter()?;
    let expr = condition_inner(value, budget)?;
    budget.leave();
    Ok(expr)
}

fn condition_inner(value: &Value, budget: &mut Budget) -> Parsed<Expr> {
    if value.is_boolean() || value.get("property").is_some() {
        return Ok(Expr::Truth(scalar(value, budget)?));
    }
    let (op, args) = operation(value).ok_or_else(|| wrong(sentence!("cql2-operation"), value))?;
    let mut scalars = |count: usize| -> Parsed<Vec<Scalar>> {
        if args.len() != count {
            return Err(arguments(count, value));
        }
        args.iter().map(|arg| scalar(arg, budget)).collect()
    };
    let order = match op.as_str() {
        "=" => Some(Order::Equal),
        "<>" => Some(Order::Not),
        "<" => Some(Order::Less),
        "<=" => Some(Order::LessOrEqual),
        ">" => Some(Order::Greater),
        ">=" => Some(Order::GreaterOrEqual),
        _ => None,
    };
    if let Some(order) = order {
        let [a, b] = <[Scalar; 2]>::try_from(scalars(2)?).map_err(|_| arguments(2, value))?;
        return Ok(Expr::Compare(order, a, b));
    }
    match op.as_str() {
        "and" | "or" => {
            if args.is_empty() {
                return Err(wrong(sentence!("least-condition-args"), value));
            }
            let terms = args.iter().map(|arg| condition(arg, budget)).collect::<Parsed<Vec<_>>>()?;
            Ok(if op == "and" { Expr::And(terms) } else { Expr::Or(terms) })
        }
        "not" => match args {
            [inner] => Ok(Expr::Not(Box::new(condition(inner, budget)?))),
            _ => Err(arguments(1, value)),
        },
        "like" => {
            let [a, b] = <[Scalar; 2]>::try_from(scalars(2)?).map_err(|_| arguments(2, value))?;
            Ok(Expr::Like(a, b))
        }
        "between" => {
            let [a, b, c] = <[Scalar; 3]>::try_from(scalars(3)?).map_err(|_| arguments(3, value))?;
            Ok(Expr::Between(a, b, c))
        }
        "in" => match args {
            [needle, Value::Array(list)] => {
                let needle = scalar(needle, budget)?;
                Ok(Expr::In(needle, list.iter().map(|one| scalar(one, budget)).collect::<Parsed<_>>()?))
            }
            _ => Err(wrong(sentence!("value-list"), value)),
        },
        "isnull" => {
            let mut one = scalars(1)?;
            Ok(Expr::IsNull(one.remove(0)))
        }
        other => {
            let name = other.to_ascii_uppercase();
            let [a, b] = args else { return Err(wrong(sentence!("known-op-args"), value)) };
            if let Some(relation) = spatial::Relation::named(&name) {
                return Ok(Expr::Spatial(relation, shape(a, budget)?, shape(b, budget)?));
            }
            if let Some(relation) = temporal::Relation::named(&name) {
                return Ok(Expr::Temporal(relation, time(a, budget)?, time(b, budget)?));
            }
            Err(wrong(sentence!("known-op"), value))
        }
    }
}

fn scalar(value: &Value, budget: &mut Budget) -> Parsed<Scalar> {
    budget.enter()?;
    let found = scalar_inner(value, budget)?;
    budget.leave();
    Ok(found)
}

fn scalar_inner(value: &Value, budget: &mut Budget) -> Parsed<Scalar> {
    match value {
        Value::String(text) => return Ok(Scalar::Text(text.clone())),
        Value::Number(number) => return Ok(Scalar::Number(number.as_f64().unwrap_or(f64::NAN))),
        Value::Bool(truth) => return Ok(Scalar::Bool(*truth)),
        _ => {}
    }
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    if let Some(name) = text("property") {
        return Ok(Scalar::Property(name.to_owned()));
    }
    if let Some(when) = text("date").or_else(|| text("timestamp")) {
        return temporal::instant(when).map(Scalar::Instant).ok_or_else(|| wrong(sentence!("filter-json-date"), value));
    }
    match operation(value) {
        Some((op, [inner])) if op == "casei" => Ok(Scalar::Casei(Box::new(scalar(inner, budget)?))),
        Some((op, [inner])) if op == "accenti" => Ok(Scalar::Accenti(Box::new(scalar(inner, budget)?))),
        _ => Err(wrong(sentence!("cql2-value"), value)),
    }
}

fn time(value: &Value, budget: &mut Budget) -> Parsed<Time> {
    if let Some(ends) = value.get("interval").and_then(Value::as_array) {
        let ends = ends.iter().map(|end| scalar(end, budget)).collect::<Parsed<Vec<_>>>()?;
        return temporal::interval(ends).ok_or_else(|| wrong(sentence!("filter-json-interval"), value));
    }
    Ok(Time::Scalar(scalar(value, budget)?))
}

fn shape(value: &Value, budget: &mut Budget) -> Parsed<ShapeExpr> {
    if let Some(name) = value.get("property").and_then(Value::as_str) {
        return Ok(ShapeExpr::Property(name.to_owned()));
    }
    if let Some(numbers) = value.get("bbox").and_then(Value::as_array) {
        let numbers: Vec<f64> = numbers.iter().filter_map(Value::as_f64).collect();
        return spatial::bbox(&numbers).map(ShapeExpr::Written).ok_or_else(|| wrong(sentence!("4-6-numbers"), value));
    }
    geometry(value, budget).map(ShapeExpr::Written)
}

/// A GeoJSON geometry; heights are ignored.
pub(crate) fn geometry(value: &Value, budget: &mut Budget) -> Parsed<Geometry<f64>> {
    budget.enter()?;
    let refused = || wrong(sentence!("geojson-geometry"), value);
    let kind = value.get("type").and_then(Value::as_str).ok_or_else(refused)?;
    if kind == "GeometryCollection" {
        let parts = value.get("geometries").and_then(Value::as_array).ok_or_else(refused)?;
        let parts = parts.iter().map(|part| geometry(part, budget)).collect::<Parsed<_>>()?;
        budget.leave();
        return Ok(Geometry::GeometryCollection(GeometryCollection(parts)));
    }
    budget.leave();
    let coordinates = value.get("coordinates").ok_or_else(refused)?;
    let found = match kind {
        "Point" => position(coordinates).map(|place| Geometry::Point(Point(place))),
        "MultiPoint" => list(coordinates, position).map(|places| Geometry::MultiPoint(MultiPoint(places.into_iter().map(Point).collect()))),
        "LineString" => line(coordinates, 2).map(Geometry::LineString),
        "MultiLineString" => list(coordinates, |part| line(part, 2)).map(|lines| Geometry::MultiLineString(MultiLineString(lines))),
        "Polygon" => polygon(coordinates).map(Geometry::Polygon),
        "MultiPolygon" => list(coordinates, polygon).map(|parts| Geometry::MultiPolygon(MultiPolygon(parts))),
        _ => None,
    };
    found.ok_or_else(refused)
}

fn list<T>(value: &Value, part: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    value.as_array().filter(|parts| !parts.is_empty())?.iter().map(part).collect()
}

fn position(value: &Value) -> Option<Coord<f64>> {
    let numbers = value.as_array()?;
    Some(Coord { x: numbers.first()?.as_f64()?, y: numbers.get(1)?.as_f64()? })
}

fn line(value: &Value, least: usize) -> Option<LineString<f64>> {
    list(value, position).filter(|places| places.len() >= least).map(LineString)
}

fn polygon(value: &Value) -> Option<Polygon<f64>> {
    let mut rings = list(value, |ring| line(ring, 4))?;
    let outer = rings.remove(0);
    Some(Polygon::new(outer, rings))
}
