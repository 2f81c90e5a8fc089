//! CQL2 text (OGC 21-065r2, annex B): a recursive-descent parser.

use geo::{Coord, Geometry, GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon};

use super::lexer::{Placed, Token, tokens};
use super::{Budget, Expr, FilterError, Order, Scalar, ShapeExpr, Time, spatial, temporal};
use crate::words::sentence::Sentence;

struct Parser {
    tokens: Vec<Placed>,
    next: usize,
    end: usize,
    budget: Budget,
}

type Parsed<T> = Result<T, FilterError>;

pub(super) fn parse(source: &str) -> Parsed<Expr> {
    let mut parser = Parser { tokens: tokens(source)?, next: 0, end: source.len(), budget: Budget::default() };
    let expr = parser.or()?;
    if parser.next < parser.tokens.len() {
        return Err(parser.wrong(sentence!("filter-after-condition")));
    }
    Ok(expr)
}

const GEOMETRIES: [&str; 8] =
    ["POINT", "MULTIPOINT", "LINESTRING", "MULTILINESTRING", "POLYGON", "MULTIPOLYGON", "GEOMETRYCOLLECTION", "BBOX"];

impl Parser {
    fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end, |(at, _)| *at)
    }

    fn wrong(&self, what: Sentence) -> FilterError {
        FilterError::at(self.at(), what)
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(_, token)| token)
    }

    fn is_word(&self, ahead: usize, word: &str) -> bool {
        matches!(self.tokens.get(self.next + ahead), Some((_, Token::Word(found))) if found.eq_ignore_ascii_case(word))
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(0, word);
        self.next += usize::from(found);
        found
    }

    fn is_sign(&self, ahead: usize, sign: &str) -> bool {
        matches!(self.tokens.get(self.next + ahead), Some((_, Token::Sign(found))) if *found == sign)
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = self.is_sign(0, sign);
        self.next += usize::from(found);
        found
    }

    fn need(&mut self, sign: &str) -> Parsed<()> {
        if self.take(sign) { Ok(()) } else { Err(self.wrong(sentence!("missing", sign))) }
    }

    /// Terms with `word` between them, joined into one.
    fn joined(&mut self, word: &str, term: fn(&mut Self) -> Parsed<Expr>, join: fn(Vec<Expr>) -> Expr) -> Parsed<Expr> {
        let first = term(self)?;
        let mut terms = vec![first];
        while self.take_word(word) {
            terms.push(term(self)?);
        }
        Ok(if terms.len() > 1 { join(terms) } else { terms.remove(0) })
    }

    fn or(&mut self) -> Parsed<Expr> {
        self.budget.enter()?;
        let expr = self.joined("OR", Self::and, Expr::Or);
        self.budget.leave();
        expr
    }

    fn and(&mut self) -> Parsed<Expr> {
        self.joined("AND", Self::not, Expr::And)
    }

    fn not(&mut self) -> Parsed<Expr> {
        if self.take_word("NOT") {
            self.budget.enter()?;
            let inner = self.not()?;
            self.budget.leave();
            return Ok(Expr::Not(Box::new(inner)));
        }
        if self.take("(") {
            let inner = self.or()?;
            self.need(")")?;
            return Ok(inner);
        }
        self.predicate()
    }

    fn predicate(&mut self) -> Parsed<Expr> {
        self.budget.terms += 1;
        if self.budget.terms > super::TERMS {
            return Err(FilterError::too_large());
        }
        if let Some(Token::Word(word)) = self.peek()
            && self.is_sign(1, "(")
        {
            let word = word.to_ascii_uppercase();
            if let Some(relation) = spatial::Relation::named(&word) {
                self.next += 1;
                return self.pair(Self::shape, |a, b| Expr::Spatial(relation, a, b));
            }
            if let Some(relation) = temporal::Relation::named(&word) {
                self.next += 1;
                return self.pair(Self::time, |a, b| Expr::Temporal(relation, a, b));
            }
        }
        let left = self.scalar()?;
        let negated = self.is_word(0, "NOT") && ["LIKE", "BETWEEN", "IN"].iter().any(|word| self.is_word(1, word));
        self.next += usize::from(negated);
        let expr = if self.take_word("LIKE") {
            Expr::Like(left, self.scalar()?)
        } else if self.take_word("BETWEEN") {
            let low = self.scalar()?;
            if !self.take_word("AND") {
                return Err(self.wrong(sentence!("missing-after-between")));
            }
            Expr::Between(left, low, self.scalar()?)
        } else if self.take_word("IN") {
            Expr::In(left, self.list(Self::scalar)?)
        } else if self.take_word("IS") {
            let not = self.take_word("NOT");
            if !self.take_word("NULL") {
                return Err(self.wrong(sentence!("null-missing-after")));
            }
            return Ok(if not { Expr::Not(Box::new(Expr::IsNull(left))) } else { Expr::IsNull(left) });
        } else if let Some(order) = self.order() {
            Expr::Compare(order, left, self.scalar()?)
        } else {
            if matches!(left, Scalar::Property(_) | Scalar::Bool(_)) {
                return Ok(Expr::Truth(left));
            }
            return Err(self.wrong(sentence!("filter-comparison")));
        };
        Ok(if negated { Expr::Not(Box::new(expr)) } else { expr })
    }

    fn order(&mut self) -> Option<Order> {
        let orders = [
            ("=", Order::Equal),
            ("<>", Order::Not),
            ("<=", Order::LessOrEqual),
            (">=", Order::GreaterOrEqual),
            ("<", Order::Less),
            (">", Order::Greater),
        ];
        orders.into_iter().find(|(sign, _)| self.take(sign)).map(|(_, order)| order)
    }

    /// `(a, b, …)`
    fn list<T>(&mut self, part: fn(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        self.need("(")?;
        let mut parts = vec![part(self)?];
        while self.take(",") {
            parts.push(part(self)?);
        }
        self.need(")")?;
        Ok(parts)
    }

    fn pair<T>(&mut self, part: fn(&mut Self) -> Parsed<T>, join: impl FnOnce(T, T) -> Expr) -> Parsed<Expr> {
        self.need("(")?;
        let first = part(self)?;
        self.need(",")?;
        let second = part(self)?;
        self.need(")")?;
        Ok(join(first, second))
    }

    fn scalar(&mut self) -> Parsed<Scalar> {
        self.budget.enter()?;
        let scalar = self.scalar_inner();
        self.budget.leave();
        scalar
    }

    fn scalar_inner(&mut self) -> Parsed<Scalar> {
        let missing = sentence!("filter-value");
        if self.is_sign(0, "-") || self.is_sign(0, "+") {
            return Ok(Scalar::Number(self.number()?));
        }
        let Some((_, token)) = self.tokens.get(self.next).cloned() else { return Err(self.wrong(missing)) };
        match token {
            Token::Text(text) => {
                self.next += 1;
                Ok(Scalar::Text(text))
            }
            Token::Number(number) => {
                self.next += 1;
                Ok(Scalar::Number(number))
            }
            Token::Quoted(name) => {
                self.next += 1;
                Ok(Scalar::Property(name))
            }
            Token::Word(word) => {
                let upper = word.to_ascii_uppercase();
                if self.is_sign(1, "(") {
                    let at = self.at();
                    let unknown = || FilterError::at(at, sentence!("filter-function", word));
                    if !["CASEI", "ACCENTI", "DATE", "TIMESTAMP"].contains(&upper.as_str()) {
                        return Err(unknown());
                    }
                    self.next += 2;
                    let inner = self.scalar()?;
                    self.need(")")?;
                    return match (upper.as_str(), inner) {
                        ("CASEI", inner) => Ok(Scalar::Casei(Box::new(inner))),
                        ("ACCENTI", inner) => Ok(Scalar::Accenti(Box::new(inner))),
                        ("DATE" | "TIMESTAMP", Scalar::Text(text)) => {
                            temporal::instant(&text).map(Scalar::Instant).ok_or_else(|| FilterError::at(at, sentence!("filter-date")))
                        }
                        _ => Err(unknown()),
                    };
                }
                self.next += 1;
                Ok(match upper.as_str() {
                    "TRUE" => Scalar::Bool(true),
                    "FALSE" => Scalar::Bool(false),
                    _ => Scalar::Property(word),
                })
            }
            Token::Sign(_) => Err(self.wrong(missing)),
        }
    }

    fn number(&mut self) -> Parsed<f64> {
        let negative = self.take("-");
        if !negative {
            self.take("+");
        }
        let Some(Token::Number(number)) = self.peek() else { return Err(self.wrong(sentence!("number-missing"))) };
        let number = if negative { -number } else { *number };
        self.next += 1;
        Ok(number)
    }

    fn time(&mut self) -> Parsed<Time> {
        if !(self.is_word(0, "INTERVAL") && self.is_sign(1, "(")) {
            return Ok(Time::Scalar(self.scalar()?));
        }
        self.next += 1;
        let at = self.at();
        let ends = self.list(Self::scalar)?;
        temporal::interval(ends).ok_or_else(|| FilterError::at(at, sentence!("filter-interval")))
    }

    fn shape(&mut self) -> Parsed<ShapeExpr> {
        if let Some(Token::Word(word)) = self.peek()
            && (self.is_sign(1, "(") || (self.is_word(1, "Z") && self.is_sign(2, "(")))
            && GEOMETRIES.contains(&word.to_ascii_uppercase().as_str())
        {
            return Ok(ShapeExpr::Written(self.geometry()?));
        }
        match self.scalar()? {
            Scalar::Property(name) => Ok(ShapeExpr::Property(name)),
            _ => Err(self.wrong(sentence!("filter-geometry-kind"))),
        }
    }

    /// A geometry in well-known text; heights are ignored.
    fn geometry(&mut self) -> Parsed<Geometry<f64>> {
        self.budget.enter()?;
        let word = match self.peek() {
            Some(Token::Word(word)) => word.to_ascii_uppercase(),
            _ => return Err(self.wrong(sentence!("geometry-missing"))),
        };
        self.next += 1;
        if self.is_word(0, "Z") {
            self.next += 1;
        }
        let geometry = match word.as_str() {
            "POINT" => {
                self.need("(")?;
                let place = self.position()?;
                self.need(")")?;
                Geometry::Point(Point(place))
            }
            "MULTIPOINT" => Geometry::MultiPoint(MultiPoint(self.list(Self::wrapped)?.into_iter().map(Point).collect())),
            "LINESTRING" => Geometry::LineString(self.line()?),
            "MULTILINESTRING" => Geometry::MultiLineString(MultiLineString(self.list(Self::line)?)),
            "POLYGON" => Geometry::Polygon(self.polygon()?),
            "MULTIPOLYGON" => Geometry::MultiPolygon(MultiPolygon(self.list(Self::polygon)?)),
            "GEOMETRYCOLLECTION" => Geometry::GeometryCollection(GeometryCollection(self.list(Self::geometry)?)),
            "BBOX" => {
                let at = self.at();
                let numbers = self.list(Self::number)?;
                spatial::bbox(&numbers).ok_or_else(|| FilterError::at(at, sentence!("filter-bbox")))?
            }
            _ => return Err(self.wrong(sentence!("kind-geometry-unknown"))),
        };
        self.budget.leave();
        Ok(geometry)
    }

    fn position(&mut self) -> Parsed<Coord<f64>> {
        let x = self.number()?;
        let y = self.number()?;
        if matches!(self.peek(), Some(Token::Number(_))) || self.is_sign(0, "-") {
            self.number()?;
        }
        Ok(Coord { x, y })
    }

    fn wrapped(&mut self) -> Parsed<Coord<f64>> {
        if self.take("(") {
            let place = self.position()?;
            self.need(")")?;
            return Ok(place);
        }
        self.position()
    }

    fn line(&mut self) -> Parsed<LineString<f64>> {
        let places = self.list(Self::position)?;
        if places.len() < 2 {
            return Err(self.wrong(sentence!("filter-line")));
        }
        Ok(LineString(places))
    }

    fn polygon(&mut self) -> Parsed<Polygon<f64>> {
        let mut rings = self.list(Self::line)?;
        if rings.iter().any(|ring| ring.0.len() < 4) {
            return Err(self.wrong(sentence!("filter-ring")));
        }
        let outer = rings.remove(0);
        Ok(Polygon::new(outer, rings))
    }
}
