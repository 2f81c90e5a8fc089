//! Reads ASCII DXF (AutoCAD DXF reference, R12 to 2018): closed polylines and hatches as areas, the
//! land-use code from a text inside the area or from the layer's name, holes by nesting.
//!
//! An own reader of group codes, since no maintained crate knows HATCH, which is what areas are.

use std::collections::{BTreeMap, HashMap};
use std::f64::consts::PI;
use std::io::{BufRead, BufReader, Read};

use geo_index::rtree::sort::HilbertSort;
use geo_index::rtree::{RTreeBuilder, RTreeIndex};
use serde_json::{Map, Value};

use super::{Limits, Note, ReadError, Reader, Stated, Whole, nest};
use crate::domain::land_use;
use crate::import::feature::{Feature, Geometry, Position, Rings};
use crate::import::report::Severity;
use crate::import::source::ReadSeek;

/// Longest line; DXF allows 2,049 characters.
const LINE_BYTES: u64 = 8_192;
/// Entities of all kinds, blocks resolved.
const MOST_ENTITIES: usize = 2_000_000;
/// Blocks in blocks.
const DEPTH: usize = 8;
/// Arcs become chords of at most this angle.
const CHORD: f64 = PI / 36.0;

/// Name of the attribute with the code that was found.
const CODE: &str = "Ma";

/// True for text that begins like a DXF file.
pub(super) fn looks_like(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&head[..head.len().min(512)]);
    let mut lines = text.lines().map(str::trim);
    match (lines.next(), lines.next()) {
        (Some("0"), Some("SECTION")) => true,
        // A comment comes first in some.
        (Some("999"), Some(_)) => lines.next() == Some("0"),
        _ => false,
    }
}

struct Groups {
    input: BufReader<Box<dyn ReadSeek>>,
    line: u64,
    utf8: bool,
    ahead: Option<(i32, String)>,
}

impl Groups {
    fn line(&mut self) -> Result<Option<String>, ReadError> {
        let mut bytes = Vec::new();
        (&mut self.input).take(LINE_BYTES).read_until(b'\n', &mut bytes)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        self.line += 1;
        if bytes.len() as u64 == LINE_BYTES {
            return Err(self.damaged("a line is too long"));
        }
        Ok(Some(match String::from_utf8(bytes) {
            Ok(text) => text,
            // Before 2007, in the drawing's code page; TCVN3 and VNI are told apart later.
            Err(error) if !self.utf8 => error.as_bytes().iter().map(|byte| char::from(*byte)).collect(),
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        }))
    }

    fn damaged(&self, what: &str) -> ReadError {
        ReadError::damaged(&format!("DXF, dòng (line) {}", self.line), what)
    }

    /// The next group: code and value; none at the end.
    fn next(&mut self) -> Result<Option<(i32, String)>, ReadError> {
        if let Some(group) = self.ahead.take() {
            return Ok(Some(group));
        }
        let Some(code) = self.line()? else { return Ok(None) };
        if code.trim().is_empty() {
            return Ok(None);
        }
        let code = code.trim().parse().map_err(|_| self.damaged("a group code is not a number"))?;
        let Some(value) = self.line()? else { return Err(self.damaged("it breaks off")) };
        Ok(Some((code, value.trim_end_matches(['\r', '\n']).trim().to_owned())))
    }

    /// The next group, unless a new entity begins.
    fn inside(&mut self) -> Result<Option<(i32, String)>, ReadError> {
        match self.next()? {
            Some(group @ (0, _)) => {
                self.ahead = Some(group);
                Ok(None)
            }
            other => Ok(other),
        }
    }
}

fn float(value: &str) -> f64 {
    value.parse().unwrap_or(f64::NAN)
}

#[derive(Debug, Clone)]
enum Shape {
    /// A ring of vertices with bulges.
    Ring(Vec<Position>),
    /// Rings of a hatch.
    Hatch(Vec<Vec<Position>>),
    Text(Position, String),
    Insert {
        block: String,
        at: [f64; 2],
        scale: [f64; 2],
        turn: f64,
    },
}

#[derive(Debug, Clone)]
struct Entity {
    layer: String,
    shape: Shape,
}

/// Points of an arc from `start` by `sweep` radians, without its first.
fn arc(out: &mut Vec<Position>, centre: [f64; 2], radius: [f64; 2], tilt: f64, start: f64, sweep: f64) {
    if ![centre[0], centre[1], radius[0], radius[1], start, sweep].iter().all(|v| v.is_finite()) {
        out.push(Position([f64::NAN, f64::NAN]));
        return;
    }
    let steps = ((sweep.abs().min(2.0 * PI)) / CHORD).ceil().max(1.0) as usize;
    let (ts, tc) = libm::sincos(tilt);
    for step in 1..=steps {
        let (s, c) = libm::sincos(start + sweep * step as f64 / steps as f64);
        let (x, y) = (radius[0] * c, radius[1] * s);
        out.push(Position([centre[0] + x * tc - y * ts, centre[1] + x * ts + y * tc]));
    }
}

/// The way from one vertex to the next: straight, or an arc by its bulge (tangent of a quarter of
/// its angle).
fn bulge_to(out: &mut Vec<Position>, from: Position, to: Position, bulge: f64) {
    let (Position([x0, y0]), Position([x1, y1])) = (from, to);
    let (dx, dy) = (x1 - x0, y1 - y0);
    let chord = libm::hypot(dx, dy);
    if bulge.abs() > 1e-9 && bulge.abs() < 1e4 && chord > 0.0 {
        let sweep = 4.0 * libm::atan(bulge);
        let radius = chord * (1.0 + bulge * bulge) / (4.0 * bulge.abs());
        // The centre lies on the chord's perpendicular.
        let away = chord * (1.0 - bulge * bulge) / (4.0 * bulge);
        let centre = [f64::midpoint(x0, x1) - dy / chord * away, f64::midpoint(y0, y1) + dx / chord * away];
        arc(out, centre, [radius, radius], 0.0, libm::atan2(y0 - centre[1], x0 - centre[0]), sweep);
        out.pop();
    }
    out.push(to);
}

/// A closed ring of vertices with bulges.
fn ring_of(vertices: &[(Position, f64)]) -> Vec<Position> {
    let mut ring = Vec::with_capacity(vertices.len() + 1);
    let Some((first, _)) = vertices.first() else { return ring };
    ring.push(*first);
    for (i, (from, bulge)) in vertices.iter().enumerate() {
        let (to, _) = vertices[(i + 1) % vertices.len()];
        bulge_to(&mut ring, *from, to, *bulge);
    }
    ring
}

/// A text without its formatting codes (MTEXT) and with `\U+XXXX` and `%%` resolved.
fn plain_text(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('P' | '~') => out.push(' '),
                Some('U') if chars.peek() == Some(&'+') => {
                    let digits: String = chars.by_ref().skip(1).take(4).collect();
                    out.extend(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32));
                }
                Some(literal @ ('\\' | '{' | '}')) => out.push(literal),
                Some('A' | 'C' | 'c' | 'f' | 'F' | 'H' | 'Q' | 'T' | 'W' | 'p' | 'S') => {
                    let _ = chars.by_ref().take_while(|c| *c != ';').count();
                }
                _ => {}
            },
            '{' | '}' => {}
            '%' if chars.peek() == Some(&'%') => {
                chars.next();
                chars.next();
            }
            c => out.push(c),
        }
    }
    out.trim().to_owned()
}

struct Drawing {
    groups: Groups,
    blocks: HashMap<String, Vec<Entity>>,
    entities: Vec<Entity>,
    count: usize,
    points: usize,
    limits: Limits,
}

impl Drawing {
    fn counted(&mut self, points: usize) -> Result<(), ReadError> {
        self.count += 1;
        self.points += points;
        if self.count > MOST_ENTITIES {
            return Err(ReadError::too_many(MOST_ENTITIES));
        }
        // A position takes 16 bytes in memory.
        if self.points as u64 > self.limits.bytes / 16 {
            return Err(ReadError::too_large(self.limits.bytes));
        }
        Ok(())
    }

    fn read(&mut self) -> Result<(), ReadError> {
        let mut section = String::new();
        let mut block: Option<(String, [f64; 2], Vec<Entity>)> = None;
        let mut ended = false;
        while let Some((code, value)) = self.groups.next()? {
            match (code, value.as_str()) {
                (0, "SECTION") => {
                    section = self.groups.next()?.map(|(_, name)| name).unwrap_or_default();
                }
                (0, "EOF") => {
                    ended = true;
                    break;
                }
                (9, "$ACADVER") => {
                    let version = self.groups.next()?.map(|(_, value)| value).unwrap_or_default();
                    self.groups.utf8 = version.as_str() >= "AC1021";
                }
                (0, "BLOCK") if section == "BLOCKS" => {
                    let (mut name, mut base) = (String::new(), [0.0; 2]);
                    while let Some((code, value)) = self.groups.inside()? {
                        match code {
                            2 => name = value,
                            10 => base[0] = float(&value),
                            20 => base[1] = float(&value),
                            _ => {}
                        }
                    }
                    block = Some((name, base, Vec::new()));
                }
                (0, "ENDBLK") => {
                    if let Some((name, base, mut entities)) = block.take() {
                        entities.iter_mut().for_each(|entity| transform(entity, [-base[0], -base[1]], [1.0, 1.0], 0.0));
                        self.blocks.insert(name, entities);
                    }
                }
                (0, kind) if section == "ENTITIES" || section == "BLOCKS" => {
                    let kind = kind.to_owned();
                    if let Some(entity) = self.entity(&kind)? {
                        match &mut block {
                            Some((_, _, entities)) => entities.push(entity),
                            None => self.entities.push(entity),
                        }
                    }
                }
                _ => {}
            }
        }
        if ended {
            return Ok(());
        }
        Err(ReadError::new(
            "truncated",
            format!("Tệp DXF bị cắt ở dòng {} (không có EOF); hãy lưu lại", self.groups.line),
            format!("The DXF file breaks off at line {} (there is no EOF); save it again", self.groups.line),
        ))
    }

    fn entity(&mut self, kind: &str) -> Result<Option<Entity>, ReadError> {
        let entity = match kind {
            "LWPOLYLINE" => self.light_polyline()?,
            "POLYLINE" => self.polyline()?,
            "HATCH" => self.hatch()?,
            "TEXT" | "MTEXT" | "ATTRIB" => self.text()?,
            "INSERT" => self.insert()?,
            _ => None,
        };
        if let Some(entity) = &entity {
            let points = match &entity.shape {
                Shape::Ring(ring) => ring.len(),
                Shape::Hatch(rings) => rings.iter().map(Vec::len).sum(),
                _ => 1,
            };
            if points > self.limits.points {
                return Err(self.groups.damaged(&format!("an area has more than {} points", self.limits.points)));
            }
            self.counted(points)?;
        }
        Ok(entity)
    }

    fn light_polyline(&mut self) -> Result<Option<Entity>, ReadError> {
        let (mut layer, mut closed, mut vertices) = (String::new(), false, Vec::<(Position, f64)>::new());
        while let Some((code, value)) = self.groups.inside()? {
            match code {
                8 => layer = value,
                70 => closed = value.parse::<i32>().unwrap_or(0) & 1 == 1,
                10 => {
                    vertices.push((Position([float(&value), f64::NAN]), 0.0));
                    if vertices.len() > self.limits.points {
                        return Err(self.groups.damaged("a polyline has too many points"));
                    }
                }
                20 => vertices.iter_mut().last().into_iter().for_each(|(p, _)| p.0[1] = float(&value)),
                42 => vertices.iter_mut().last().into_iter().for_each(|(_, bulge)| *bulge = float(&value)),
                _ => {}
            }
        }
        Ok(closed_ring(vertices, closed).map(|ring| Entity { layer, shape: Shape::Ring(ring) }))
    }

    fn polyline(&mut self) -> Result<Option<Entity>, ReadError> {
        let (mut layer, mut flags, mut vertices) = (String::new(), 0, Vec::<(Position, f64)>::new());
        while let Some((code, value)) = self.groups.inside()? {
            match code {
                8 => layer = value,
                70 => flags = value.parse::<i32>().unwrap_or(0),
                _ => {}
            }
        }
        while let Some((0, kind)) = self.groups.next()? {
            if kind != "VERTEX" {
                if kind != "SEQEND" {
                    self.groups.ahead = Some((0, kind));
                }
                break;
            }
            let (mut at, mut bulge) = (Position([f64::NAN, f64::NAN]), 0.0);
            while let Some((code, value)) = self.groups.inside()? {
                match code {
                    10 => at.0[0] = float(&value),
                    20 => at.0[1] = float(&value),
                    42 => bulge = float(&value),
                    _ => {}
                }
            }
            vertices.push((at, bulge));
            if vertices.len() > self.limits.points {
                return Err(self.groups.damaged("a polyline has too many points"));
            }
        }
        // Meshes are polylines too.
        let mesh = flags & (16 | 64) != 0;
        Ok(closed_ring(vertices, flags & 1 == 1).filter(|_| !mesh).map(|ring| Entity { layer, shape: Shape::Ring(ring) }))
    }

    fn text(&mut self) -> Result<Option<Entity>, ReadError> {
        let (mut layer, mut at, mut aligned, mut text) = (String::new(), [f64::NAN; 2], [f64::NAN; 2], String::new());
        while let Some((code, value)) = self.groups.inside()? {
            match code {
                8 => layer = value,
                10 => at[0] = float(&value),
                20 => at[1] = float(&value),
                11 => aligned[0] = float(&value),
                21 => aligned[1] = float(&value),
                1 | 3 if text.len() < 1_000 => text.push_str(&value),
                _ => {}
            }
        }
        let at = if aligned[0].is_finite() && aligned[0] != 0.0 && aligned[1].abs() > 1.0 { aligned } else { at };
        let text = plain_text(&text);
        Ok((!text.is_empty()).then_some(Entity { layer, shape: Shape::Text(Position(at), text) }))
    }

    fn insert(&mut self) -> Result<Option<Entity>, ReadError> {
        let (mut layer, mut block, mut at, mut scale, mut turn) = (String::new(), String::new(), [0.0; 2], [1.0; 2], 0.0);
        while let Some((code, value)) = self.groups.inside()? {
            match code {
                8 => layer = value,
                2 => block = value,
                10 => at[0] = float(&value),
                20 => at[1] = float(&value),
                41 => scale[0] = float(&value),
                42 => scale[1] = float(&value),
                50 => turn = float(&value).to_radians(),
                _ => {}
            }
        }
        Ok(Some(Entity { layer, shape: Shape::Insert { block, at, scale, turn } }))
    }

    fn hatch(&mut self) -> Result<Option<Entity>, ReadError> {
        let (mut layer, mut rings) = (String::new(), Vec::new());
        let mut left = 0;
        while let Some((code, value)) = self.groups.inside()? {
            match code {
                8 => layer = value,
                91 => left = value.parse::<usize>().unwrap_or(0),
                92 if left > 0 => {
                    left -= 1;
                    let is_polyline = value.parse::<i32>().unwrap_or(0) & 2 == 2;
                    let ring = if is_polyline { self.hatch_polyline()? } else { self.hatch_edges()? };
                    if ring.len() >= 3 {
                        rings.push(ring);
                    }
                }
                _ => {}
            }
        }
        Ok((!rings.is_empty()).then_some(Entity { layer, shape: Shape::Hatch(rings) }))
    }

    fn hatch_polyline(&mut self) -> Result<Vec<Position>, ReadError> {
        let mut vertices: Vec<(Position, f64)> = Vec::new();
        let mut wanted = usize::MAX;
        while let Some((code, value)) = self.groups.inside()? {
            match code {
                93 => wanted = value.parse().unwrap_or(0),
                10 if vertices.len() < wanted.min(self.limits.points) => vertices.push((Position([float(&value), f64::NAN]), 0.0)),
                20 => vertices.iter_mut().last().into_iter().for_each(|(p, _)| p.0[1] = float(&value)),
                42 => vertices.iter_mut().last().into_iter().for_each(|(_, bulge)| *bulge = float(&value)),
                72 | 73 => {}
                _ => {
                    self.groups.ahead = Some((code, value));
                    break;
                }
            }
        }
        Ok(ring_of(&vertices))
    }

    fn hatch_edges(&mut self) -> Result<Vec<Position>, ReadError> {
        let mut ring: Vec<Position> = Vec::new();
        let mut wanted = 0;
        let mut edge: Option<Edge> = None;
        while let Some((code, value)) = self.groups.inside()? {
            match code {
                93 if edge.is_none() => wanted = value.parse::<usize>().unwrap_or(0),
                72 if edge.is_none() || edge.as_ref().is_some_and(|edge| edge.kind != 4 || edge.numbers.len() > 2) => {
                    if let Some(edge) = edge.take() {
                        edge.draw(&mut ring);
                    }
                    if wanted == 0 {
                        break;
                    }
                    wanted -= 1;
                    edge = Some(Edge { kind: value.parse().unwrap_or(0), numbers: Vec::new() });
                }
                10 | 20 | 11 | 21 | 40 | 50 | 51 | 73 | 74 | 94 | 95 | 96 | 42 | 12 | 22 | 13 | 23 if edge.is_some() => {
                    if let Some(edge) = &mut edge {
                        edge.numbers.push((code, float(&value)));
                        if edge.numbers.len() > self.limits.points {
                            return Err(self.groups.damaged("an edge has too many points"));
                        }
                    }
                }
                // Fit data of a spline, before the count of sources.
                97 if wanted > 0 || edge.as_ref().is_some_and(|edge| edge.kind == 4 && !edge.has_fit_count()) => {
                    if let Some(edge) = &mut edge {
                        edge.numbers.push((97, float(&value)));
                    }
                }
                _ => {
                    self.groups.ahead = Some((code, value));
                    break;
                }
            }
            if ring.len() > self.limits.points {
                return Err(self.groups.damaged("a hatch has too many points"));
            }
        }
        if let Some(edge) = edge {
            edge.draw(&mut ring);
        }
        Ok(ring)
    }

    /// Everything in the drawing, blocks resolved.
    fn flatten(&mut self) -> Result<Vec<Entity>, ReadError> {
        let entities = std::mem::take(&mut self.entities);
        let mut out = Vec::with_capacity(entities.len());
        self.expand(entities, 0, &mut out)?;
        Ok(out)
    }

    fn expand(&mut self, entities: Vec<Entity>, depth: usize, out: &mut Vec<Entity>) -> Result<(), ReadError> {
        for entity in entities {
            let Shape::Insert { block, at, scale, turn } = &entity.shape else {
                out.push(entity);
                continue;
            };
            let Some(inside) = self.blocks.get(block).cloned().filter(|_| depth < DEPTH) else { continue };
            let points: usize = inside
                .iter()
                .map(|entity| match &entity.shape {
                    Shape::Ring(ring) => ring.len(),
                    Shape::Hatch(rings) => rings.iter().map(Vec::len).sum(),
                    _ => 1,
                })
                .sum();
            self.count += inside.len();
            self.counted(points)?;
            let mut inside = inside;
            for part in &mut inside {
                transform(part, *at, *scale, *turn);
                // Layer 0 in a block means the layer of its insertion.
                if part.layer == "0" {
                    part.layer.clone_from(&entity.layer);
                }
            }
            self.expand(inside, depth + 1, out)?;
        }
        Ok(())
    }
}

/// One edge of a hatch, by its group codes in order.
struct Edge {
    kind: i32,
    numbers: Vec<(i32, f64)>,
}

impl Edge {
    fn has_fit_count(&self) -> bool {
        self.numbers.iter().any(|(code, _)| *code == 97)
    }

    fn get(&self, code: i32) -> f64 {
        self.numbers.iter().find(|(found, _)| *found == code).map_or(f64::NAN, |(_, value)| *value)
    }

    fn draw(&self, ring: &mut Vec<Position>) {
        let at = |x, y| Position([self.get(x), self.get(y)]);
        let start = |ring: &mut Vec<Position>, point: Position| {
            if ring.last().is_none_or(|last| libm::hypot(last.0[0] - point.0[0], last.0[1] - point.0[1]) > 1e-6) {
                ring.push(point);
            }
        };
        match self.kind {
            1 => {
                start(ring, at(10, 20));
                ring.push(at(11, 21));
            }
            2 | 3 => {
                let Position(centre) = at(10, 20);
                let counter_clockwise = self.get(73) != 0.0;
                let (radius, tilt) = if self.kind == 2 {
                    ([self.get(40); 2], 0.0)
                } else {
                    let (x, y) = (self.get(11), self.get(21));
                    let major = libm::hypot(x, y);
                    ([major, major * self.get(40)], libm::atan2(y, x))
                };
                let sign = if counter_clockwise { 1.0 } else { -1.0 };
                let (from, to) = (self.get(50).to_radians() * sign, self.get(51).to_radians() * sign);
                let mut points = Vec::new();
                // The first point too: an arc of no length before it.
                arc(&mut points, centre, radius, tilt, from, 0.0);
                arc(&mut points, centre, radius, tilt, from, to - from);
                for point in points {
                    start(ring, point);
                }
            }
            // A spline by its control points.
            4 => {
                let xs = self.numbers.iter().filter(|(code, _)| *code == 10).map(|(_, x)| *x);
                let ys = self.numbers.iter().filter(|(code, _)| *code == 20).map(|(_, y)| *y);
                for (x, y) in xs.zip(ys) {
                    start(ring, Position([x, y]));
                }
            }
            _ => {}
        }
    }
}

/// The ring of a polyline that is closed by flag or by its ends.
fn closed_ring(mut vertices: Vec<(Position, f64)>, closed: bool) -> Option<Vec<Position>> {
    let meets = vertices.len() > 3 && vertices.first().map(|v| v.0) == vertices.last().map(|v| v.0);
    if meets {
        vertices.pop();
    }
    ((closed || meets) && vertices.len() >= 3).then(|| ring_of(&vertices))
}

fn transform(entity: &mut Entity, at: [f64; 2], scale: [f64; 2], turn: f64) {
    let (s, c) = libm::sincos(turn);
    let place = |p: &mut [f64; 2]| {
        let (x, y) = (p[0] * scale[0], p[1] * scale[1]);
        *p = [at[0] + x * c - y * s, at[1] + x * s + y * c];
    };
    match &mut entity.shape {
        Shape::Ring(ring) => ring.iter_mut().for_each(|p| place(&mut p.0)),
        Shape::Hatch(rings) => rings.iter_mut().flatten().for_each(|p| place(&mut p.0)),
        Shape::Text(p, _) => place(&mut p.0),
        Shape::Insert { at, scale: own, turn: own_turn, .. } => {
            place(at);
            own.iter_mut().zip(scale).for_each(|(own, by)| *own *= by);
            *own_turn += turn;
        }
    }
}

/// The land-use code in a text or a layer's name: the first word that is one.
fn code_in(text: &str) -> Option<&'static str> {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '+');
    words.filter(|word| !word.is_empty()).find_map(|word| Some(land_use::get(&word.to_uppercase())?.code.as_str()))
}

/// An area of the drawing.
struct Area {
    layer: String,
    rings: Rings,
    texts: Vec<String>,
    is_hatch: bool,
}

fn key(ring: &[Position]) -> (i64, i64, i64) {
    let sum = ring.iter().fold([0.0, 0.0], |sum, p| [sum[0] + p.0[0], sum[1] + p.0[1]]);
    ((sum[0] * 10.0).round() as i64, (sum[1] * 10.0).round() as i64, (nest::area(ring).abs() * 10.0).round() as i64)
}

fn open_ring(ring: &[Position]) -> &[Position] {
    match ring {
        [first, rest @ .., last] if first == last => &ring[..=rest.len()],
        _ => ring,
    }
}

/// Opens a drawing.
pub fn open(input: Box<dyn ReadSeek>, limits: &Limits) -> Result<Box<dyn Reader>, ReadError> {
    let groups = Groups { input: BufReader::with_capacity(1 << 18, input), line: 0, utf8: false, ahead: None };
    let mut drawing = Drawing { groups, blocks: HashMap::new(), entities: Vec::new(), count: 0, points: 0, limits: *limits };
    drawing.read()?;
    let entities = drawing.flatten()?;
    let mut areas: Vec<Area> = Vec::new();
    let mut texts = Vec::new();
    for entity in entities {
        match entity.shape {
            Shape::Ring(ring) => areas.push(Area { layer: entity.layer, rings: vec![ring], texts: Vec::new(), is_hatch: false }),
            Shape::Hatch(rings) => {
                let parts = nest::polygons(rings);
                areas.extend(parts.into_iter().map(|rings| Area { layer: entity.layer.clone(), rings, texts: Vec::new(), is_hatch: true }));
            }
            Shape::Text(at, text) => texts.push((at, text)),
            Shape::Insert { .. } => {}
        }
    }
    drop_doubles(&mut areas);
    assign_texts(&mut areas, texts);
    cut_holes(&mut areas);
    let mut left_out: BTreeMap<String, usize> = BTreeMap::new();
    let mut features = Vec::new();
    let any_code = areas.iter().any(|area| area.code().is_some());
    for area in areas {
        let code = area.code();
        if code.is_none() && any_code {
            *left_out.entry(area.layer).or_default() += 1;
            continue;
        }
        let mut properties = Map::new();
        properties.insert(CODE.into(), code.map_or(Value::Null, Value::from));
        properties.insert("Layer".into(), Value::from(area.layer));
        properties.insert("Text".into(), Value::from(area.texts.join(" ")));
        features.push(Feature { properties, geometry: Ok(Geometry::Polygon(area.rings)), line: None });
    }
    if features.is_empty() {
        return Err(ReadError::new(
            "empty",
            "Bản vẽ DXF không có đường khép kín (polyline) hay vùng tô (hatch) nào",
            "The DXF drawing has no closed polyline and no hatch",
        ));
    }
    if features.len() > limits.features {
        return Err(ReadError::too_many(limits.features));
    }
    Ok(Whole::boxed(Stated::Nothing, features, notes(&left_out)))
}

fn notes(left_out: &BTreeMap<String, usize>) -> Vec<Note> {
    if left_out.is_empty() {
        return Vec::new();
    }
    let total: usize = left_out.values().sum();
    let layers: Vec<String> = left_out.iter().take(12).map(|(layer, count)| format!("{layer}: {count}")).collect();
    let layers = layers.join(", ");
    vec![Note {
        severity: Severity::Warning,
        check: "no-code-in-drawing",
        vi: format!("{total} đường khép kín không có mã loại đất (theo lớp hay chữ bên trong) nên không phải là vùng: {layers}"),
        en: format!("{total} closed outlines carry no land-use code (by layer or by a text inside) and are no zones: {layers}"),
    }]
}

impl Area {
    fn code(&self) -> Option<&'static str> {
        self.texts.iter().find_map(|text| code_in(text)).or_else(|| code_in(&self.layer))
    }
}

/// A hatch and the polyline it fills are one area.
fn drop_doubles(areas: &mut Vec<Area>) {
    let hatches: std::collections::HashSet<_> =
        areas.iter().filter(|area| area.is_hatch).flat_map(|area| area.rings.iter().map(|ring| key(open_ring(ring)))).collect();
    areas.retain(|area| area.is_hatch || !hatches.contains(&key(open_ring(&area.rings[0]))));
}

/// Each text to the smallest area around it.
fn assign_texts(areas: &mut [Area], texts: Vec<(Position, String)>) {
    if areas.is_empty() {
        return;
    }
    let mut builder = RTreeBuilder::<f64>::new(areas.len() as u32);
    for area in areas.iter() {
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for Position(p) in area.rings.iter().flatten() {
            for k in 0..2 {
                low[k] = low[k].min(p[k]);
                high[k] = high[k].max(p[k]);
            }
        }
        builder.add(low[0], low[1], high[0], high[1]);
    }
    let tree = builder.finish::<HilbertSort>();
    for (at, text) in texts {
        let Position([x, y]) = at;
        let around = tree.search(x, y, x, y).into_iter().map(|i| i as usize);
        let inside = around.filter(|i| {
            let (outer, holes) = (&areas[*i].rings[0], &areas[*i].rings[1..]);
            nest::contains(outer, at) == Some(true) && !holes.iter().any(|hole| nest::contains(hole, at) == Some(true))
        });
        let smallest = inside.min_by(|a, b| {
            let size = |i: usize| nest::area(&areas[i].rings[0]).abs();
            size(*a).total_cmp(&size(*b)).then(a.cmp(b))
        });
        if let Some(smallest) = smallest {
            areas[smallest].texts.push(text);
        }
    }
}

/// An outline inside another is its hole; hatches know their own.
fn cut_holes(areas: &mut [Area]) {
    let outlines: Vec<usize> = (0..areas.len()).filter(|i| !areas[*i].is_hatch && areas[*i].code().is_some()).collect();
    let rings: Vec<Vec<Position>> = outlines.iter().map(|i| areas[*i].rings[0].clone()).collect();
    let views: Vec<&[Position]> = rings.iter().map(Vec::as_slice).collect();
    for (inner, parent) in nest::parents(&views).into_iter().enumerate() {
        if let Some(parent) = parent {
            areas[outlines[parent]].rings.push(rings[inner].clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_in_texts_and_layers() {
        assert_eq!(code_in("ODT 1,2 ha"), Some("ODT"));
        assert_eq!(code_in("QH_LUC"), Some("LUC"));
        assert_eq!(code_in("RANH GIOI"), None);
        assert_eq!(plain_text(r"{\fArial|b0;ODT}\PDi\U+1EC7n"), "ODT Diện");
    }

    #[test]
    fn a_half_circle_by_its_bulge_has_its_area() {
        let ring = ring_of(&[(Position([0.0, 0.0]), 1.0), (Position([10.0, 0.0]), 0.0)]);
        assert!((nest::area(&ring).abs() - PI * 25.0 / 2.0).abs() < 0.1, "{}", nest::area(&ring));
        assert!(ring.iter().all(|p| p.0[1] <= 1e-9), "a positive bulge turns left: the arc lies right of the chord");
    }
}
