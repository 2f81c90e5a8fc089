//! Entities of a drawing: the properties common to all kinds are read first, then the shape.

use super::Point;
use super::curves::{arc, distance, full, path_of, spline, sweep};
use super::groups::{Fields, Value};
use super::hatch::{BRIDGED, Borders, borders};
use super::text::{Text, plain_text};

/// Greatest lean of a normal at which an entity still lies in the plan's plane.
const LEANS: f64 = 1e-3;

/// What an entity draws, in the coordinates of its block or of the drawing.
#[derive(Debug, Clone)]
pub(super) enum Drawn {
    /// A closed outline, and the gap that was closed, metres.
    Outline(Vec<Point>, f64),
    /// Rings of a hatch, the widest gap that was bridged (metres), and how islands are filled.
    Hatch(Vec<Vec<Point>>, f64, Islands),
    /// A text.
    Text(Box<Text>),
    /// A point, such as a control point.
    Point(Point),
    /// A picture or a frame of another program.
    Picture(&'static str),
    Insert(Box<Insert>),
    /// A line that is not closed: its kind, its points, and the gap between its ends in metres; infinite where it is not
    /// meant to close.
    Line(&'static str, Vec<Point>, f64),
    /// A shape that could border an area but cannot be drawn: its kind.
    Other(&'static str),
    /// A hatch with a gap that is too wide to bridge, metres.
    Gap(f64),
    /// A hatch whose border cannot be drawn.
    HatchBorder,
    /// The entity lies in another plane than the plan.
    Tilted,
}

/// A block that is inserted, once or as an array.
#[derive(Debug, Clone)]
pub(super) struct Insert {
    pub(super) block: String,
    /// The insertion's handle, by which an XCLIP filter refers to it.
    pub(super) handle: String,
    at: Point,
    scale: [f64; 2],
    turn: f64,
    is_mirrored: bool,
    /// Numbers of columns and rows, and the distances between them.
    pub(super) times: [usize; 2],
    apart: [f64; 2],
}

/// An entity of the drawing or of a block.
#[derive(Debug, Clone)]
pub(super) struct Entity {
    pub(super) layer: String,
    /// True if the entity lies on a print layout (paper space).
    pub(super) is_paper: bool,
    /// True if the entity is individually switched off.
    pub(super) is_invisible: bool,
    pub(super) shape: Drawn,
}

impl Drawn {
    pub(super) fn points(&self) -> usize {
        match self {
            Self::Outline(line, _) | Self::Line(_, line, _) => line.len(),
            Self::Hatch(rings, ..) => rings.iter().map(Vec::len).sum(),
            _ => 1,
        }
    }

    /// True if a point of an outline lies farther than `most` from an axis.
    pub(super) fn reaches(&self, most: f64) -> bool {
        match self {
            Self::Outline(line, _) | Self::Line(_, line, _) => line.iter().flatten().any(|v| v.abs() > most),
            Self::Hatch(rings, ..) => rings.iter().flatten().flatten().any(|v| v.abs() > most),
            _ => false,
        }
    }

    /// Moves the shape: every point goes where `place` puts it.
    pub(super) fn placed(&mut self, place: &dyn Fn(Point) -> Point) {
        let put = |p: &mut Point| *p = place(*p);
        match self {
            Self::Outline(line, _) | Self::Line(_, line, _) => line.iter_mut().for_each(put),
            Self::Hatch(rings, ..) => rings.iter_mut().flatten().for_each(put),
            Self::Point(at) => put(at),
            Self::Text(text) => {
                put(&mut text.at);
                put(&mut text.along);
            }
            _ => {}
        }
    }
}

impl Insert {
    /// The drawing's position of a point of the block, for one column and row of the array.
    pub(super) fn place(&self, base: Point, column: usize, row: usize, [x, y]: Point) -> Point {
        let (s, c) = libm::sincos(self.turn);
        let (x, y) =
            ((x - base[0]) * self.scale[0] + column as f64 * self.apart[0], (y - base[1]) * self.scale[1] + row as f64 * self.apart[1]);
        let (x, y) = (self.at[0] + x * c - y * s, self.at[1] + x * s + y * c);
        if self.is_mirrored { [-x, y] } else { [x, y] }
    }
}

/// Kinds of entities that are not read, but may border an area or say something about one.
const NOT_READ: &[&str] = &[
    "REGION",
    "3DSOLID",
    "BODY",
    "SURFACE",
    "PLANESURFACE",
    "EXTRUDEDSURFACE",
    "REVOLVEDSURFACE",
    "SWEPTSURFACE",
    "LOFTEDSURFACE",
    "NURBSURFACE",
    "MLINE",
    "MESH",
    "ACAD_PROXY_ENTITY",
    "ACAD_TABLE",
    "DIMENSION",
    "LEADER",
    "MULTILEADER",
    "RAY",
    "TOLERANCE",
    "XLINE",
];

/// Pictures, and frames of other programs.
const PICTURES: &[&str] = &["IMAGE", "WIPEOUT", "PDFUNDERLAY", "DGNUNDERLAY", "DWFUNDERLAY", "OLE2FRAME", "OLEFRAME"];

/// Reads an entity; `vertices` are those of a POLYLINE.
pub(super) fn entity(kind: &str, fields: &Fields, vertices: &[Fields], most: usize) -> Option<Entity> {
    let normal = [210, 220, 230].map(|code| fields.number(code));
    let normal = if normal.iter().any(Option::is_some) { normal.map(|v| v.unwrap_or(0.0)) } else { [0.0, 0.0, 1.0] };
    let leans = libm::hypot(normal[0], normal[1]) > LEANS * normal[2].abs();
    let mut shape = shape(kind, fields, vertices, normal[2] < 0.0, most)?;
    // An upright entity lies elsewhere in the plan than its numbers say. Lines and long texts are not affected:
    // they are stored in the drawing's own coordinates.
    if leans && matches!(shape, Drawn::Outline(..) | Drawn::Hatch(..) | Drawn::Insert(_) | Drawn::Line("LWPOLYLINE" | "ARC", ..))
        || leans && kind != "MTEXT" && matches!(shape, Drawn::Text(..))
    {
        shape = Drawn::Tilted;
    }
    // If the normal points down, x counts the other way (DXF reference, arbitrary axis algorithm). Lines,
    // splines and ellipses are stored in the drawing's own coordinates.
    let is_3d_polyline = kind == "POLYLINE" && fields.whole(70) & 8 != 0;
    let own_axes = !is_3d_polyline && !matches!(kind, "LINE" | "POINT" | "SPLINE" | "ELLIPSE" | "MTEXT" | "3DFACE");
    if normal[2] < 0.0 && own_axes {
        shape.placed(&|[x, y]| [-x, y]);
    }
    Some(Entity { layer: fields.text(8).to_owned(), is_paper: fields.whole(67) == 1, is_invisible: fields.whole(60) == 1, shape })
}

#[expect(clippy::too_many_lines, reason = "one arm for each kind of entity")]
fn shape(kind: &str, fields: &Fields, vertices: &[Fields], down: bool, most: usize) -> Option<Drawn> {
    Some(match kind {
        "LWPOLYLINE" => {
            let mut found: Vec<(Point, f64)> = Vec::new();
            for (code, value) in &fields.0 {
                match (code, value) {
                    (10, Value::Number(x)) => found.push(([*x, f64::NAN], 0.0)),
                    (20, Value::Number(y)) => found.iter_mut().last().into_iter().for_each(|(p, _)| p[1] = *y),
                    (42, Value::Number(bulge)) => found.iter_mut().last().into_iter().for_each(|(_, own)| *own = *bulge),
                    _ => {}
                }
            }
            outline("LWPOLYLINE", &found, fields.whole(70) & 1 == 1)
        }
        "POLYLINE" => {
            let flags = fields.whole(70);
            // DXF stores meshes as polylines too.
            if flags & (16 | 64) != 0 {
                return Some(Drawn::Other("MESH"));
            }
            // A smoothed polyline keeps its old corners as a frame (flag 16) beside the curve's points.
            let is_frame = |vertex: &&Fields| vertex.whole(70) & 16 != 0;
            let only_frame = vertices.iter().all(|vertex| is_frame(&vertex));
            let drawn = vertices.iter().filter(|vertex| only_frame || !is_frame(vertex));
            let found: Vec<(Point, f64)> = drawn.map(|vertex| (vertex.point(10, 20), vertex.number(42).unwrap_or(0.0))).collect();
            outline("POLYLINE", &found, flags & 1 == 1)
        }
        "CIRCLE" => {
            let radius = fields.number(40)?;
            Drawn::Outline(full(fields.point(10, 20), [radius; 2], 0.0), 0.0)
        }
        "ELLIPSE" => {
            let (centre, major) = (fields.point(10, 20), fields.point(11, 21));
            let long = libm::hypot(major[0], major[1]);
            let short = long * fields.number(40)? * if down { -1.0 } else { 1.0 };
            let (from, to) = (fields.number(41).unwrap_or(0.0), fields.number(42).unwrap_or(2.0 * std::f64::consts::PI));
            let turn = sweep(from, to);
            if turn < 2.0 * std::f64::consts::PI - 1e-6 {
                let points = arc(centre, [long, short], libm::atan2(major[1], major[0]), from, turn);
                Drawn::Line("ELLIPSE", points, f64::INFINITY)
            } else {
                Drawn::Outline(full(centre, [long, short], libm::atan2(major[1], major[0])), 0.0)
            }
        }
        "SPLINE" => {
            let (mut knots, mut controls, mut weights) = (Vec::new(), Vec::<Point>::new(), Vec::new());
            for (code, value) in &fields.0 {
                match (code, value) {
                    (40, Value::Number(knot)) => knots.push(*knot),
                    (10, Value::Number(x)) => controls.push([*x, f64::NAN]),
                    (20, Value::Number(y)) => controls.iter_mut().last().into_iter().for_each(|p| p[1] = *y),
                    (41, Value::Number(weight)) => weights.push(*weight),
                    _ => {}
                }
            }
            let degree = usize::try_from(fields.whole(71)).unwrap_or(0);
            match spline(degree, &knots, &controls, &weights, most) {
                Some(points) => closed("SPLINE", points),
                None => Drawn::Other("SPLINE"),
            }
        }
        "SOLID" | "TRACE" | "3DFACE" => {
            // The last two corners of a SOLID are stored crosswise.
            let corners = if kind == "3DFACE" { [10, 11, 12, 13] } else { [10, 11, 13, 12] };
            let mut ring: Vec<Point> =
                corners.iter().map(|x| fields.point(*x, x + 10)).filter(|p| p.iter().all(|v| v.is_finite())).collect();
            ring.dedup();
            if ring.len() < 3 {
                return None;
            }
            Drawn::Outline(ring, 0.0)
        }
        "HATCH" | "MPOLYGON" => match borders(fields, most) {
            Borders::Rings(rings, gap) => Drawn::Hatch(rings, gap, islands(fields)),
            Borders::Gap(gap) if !gap.is_finite() => Drawn::HatchBorder,
            Borders::Gap(gap) => Drawn::Gap(gap),
            Borders::Unreadable => Drawn::HatchBorder,
            Borders::Nothing => return None,
        },
        "TEXT" | "MTEXT" | "ATTRIB" => {
            let aligned = fields.point(11, 21);
            let is_aligned = kind != "MTEXT" && (fields.whole(72) != 0 || fields.whole(if kind == "TEXT" { 73 } else { 74 }) != 0);
            let at = if is_aligned && aligned.iter().all(|v| v.is_finite()) { aligned } else { fields.point(10, 20) };
            let pieces = fields.0.iter().filter_map(|(code, value)| match value {
                Value::Text(text) if matches!(code, 1 | 3) => Some(&**text),
                _ => None,
            });
            let text: String = pieces.collect::<String>().chars().take(2_000).collect();
            let (lines, struck) = plain_text(&text);
            if lines.is_empty() && struck.is_empty() {
                return None;
            }
            let tag = (kind == "ATTRIB").then(|| fields.text(2).to_owned()).filter(|tag| !tag.is_empty());
            Drawn::Text(Box::new(Text { at, along: along(kind, fields, at), lines, struck, tag }))
        }
        "POINT" => Drawn::Point(fields.point(10, 20)),
        "INSERT" => {
            let number = |code: i32, default: f64| fields.number(code).filter(|number| number.is_finite()).unwrap_or(default);
            let times = [70, 71].map(|code| usize::try_from(fields.whole(code)).unwrap_or(1).max(1));
            Drawn::Insert(Box::new(Insert {
                block: fields.text(2).to_owned(),
                handle: fields.text(5).to_owned(),
                at: [number(10, 0.0), number(20, 0.0)],
                scale: [number(41, 1.0), number(42, 1.0)],
                turn: number(50, 0.0).to_radians(),
                is_mirrored: down,
                times,
                apart: [number(44, 0.0), number(45, 0.0)],
            }))
        }
        "LINE" => Drawn::Line("LINE", vec![fields.point(10, 20), fields.point(11, 21)], f64::INFINITY),
        "ARC" => {
            let (radius, [from, to]) = (fields.number(40)?, [50, 51].map(|code| fields.number(code).unwrap_or(0.0).to_radians()));
            Drawn::Line("ARC", arc(fields.point(10, 20), [radius; 2], 0.0, from, sweep(from, to)), f64::INFINITY)
        }
        "IMAGE" | "WIPEOUT" | "PDFUNDERLAY" | "DGNUNDERLAY" | "DWFUNDERLAY" | "OLE2FRAME" | "OLEFRAME" => {
            Drawn::Picture(PICTURES.iter().find(|known| **known == kind)?)
        }
        kind => Drawn::Other(NOT_READ.iter().find(|known| **known == kind)?),
    })
}

/// A letter's height further along a text's line. The direction of an MTEXT may be a vector, which counts before its angle.
fn along(kind: &str, fields: &Fields, at: Point) -> Point {
    let height = fields.number(40).filter(|height| height.is_finite() && *height > 0.0).unwrap_or(1.0);
    let vector = fields.point(11, 21);
    let turn = if kind == "MTEXT" && vector.iter().all(|v| v.is_finite()) {
        libm::atan2(vector[1], vector[0])
    } else {
        fields.number(50).filter(|turn| turn.is_finite()).unwrap_or(0.0).to_radians()
    };
    let (s, c) = libm::sincos(turn);
    [at[0] + height * c, at[1] + height * s]
}

/// How a hatch fills what lies within it (DXF reference, group 75).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Islands {
    /// Every other ring is a hole.
    Alternate,
    /// Only rings directly inside the outer one are holes; rings inside those are not filled.
    Outermost,
    /// There are no holes.
    Ignored,
}

fn islands(fields: &Fields) -> Islands {
    // Code 75 also occurs for splines, where it marks them as periodic. The hatch's own code 75 is the last
    // one.
    let style = fields.0.iter().rev().find(|(code, _)| *code == 75);
    match style {
        Some((_, Value::Number(style))) if *style >= 2.0 => Islands::Ignored,
        Some((_, Value::Number(style))) if *style >= 1.0 => Islands::Outermost,
        _ => Islands::Alternate,
    }
}

/// Takes a polyline as an outline if it is closed by its flag, or if its ends meet, or nearly.
fn outline(kind: &'static str, vertices: &[(Point, f64)], is_closed: bool) -> Drawn {
    if is_closed {
        let bulged = vertices.iter().any(|(_, bulge)| *bulge != 0.0);
        let mut vertices = vertices;
        if let ([first, rest @ .., last], true) = (vertices, vertices.len() > 3)
            && distance(first.0, last.0) == 0.0
        {
            vertices = &vertices[..=rest.len()];
        }
        return if vertices.len() >= 3 || vertices.len() == 2 && bulged {
            let mut ring = path_of(vertices, true);
            ring.pop();
            Drawn::Outline(ring, 0.0)
        } else {
            Drawn::Line(kind, path_of(vertices, false), f64::INFINITY)
        };
    }
    if vertices.len() < 3 {
        return Drawn::Line(kind, path_of(vertices, false), f64::INFINITY);
    }
    closed(kind, path_of(vertices, false))
}

/// Takes a line as an outline if its ends meet, or nearly.
fn closed(kind: &'static str, mut points: Vec<Point>) -> Drawn {
    let gap = distance(points[0], points[points.len() - 1]);
    let length: f64 = points.windows(2).map(|pair| distance(pair[0], pair[1])).sum();
    if gap > BRIDGED || gap > length / 10.0 {
        return Drawn::Line(kind, points, gap);
    }
    if points.len() < 4 && gap < 1e-6 {
        return Drawn::Line(kind, points, f64::INFINITY);
    }
    if gap < 1e-6 {
        points.pop();
    }
    Drawn::Outline(points, gap)
}
