//! Plans as offices have them, any size, from a seed: neighbours share wiggly borders point by point,
//! some zones have holes with other zones in them, some have several parts, codes come in clusters.

/// Codes of the plans that are made, in the order of the clusters.
const CODES: [&str; 12] = ["ODT", "ONT", "TMD", "DGD", "DYT", "DGT", "LUC", "CLN", "RSX", "RPH", "NTD", "SON"];
/// Points of a border between two corners.
const STEPS: u32 = 9;

/// A ring in easting and northing, metres of EPSG:9208, closed.
pub type Ring = Vec<[f64; 2]>;

/// A zone.
pub struct Zone {
    /// Number from 1.
    pub number: usize,
    /// Land-use code.
    pub code: &'static str,
    /// Parts, each an outer ring counter-clockwise and its holes clockwise.
    pub parts: Vec<Vec<Ring>>,
}

/// A number from 0 to 1 that depends on what is asked and on nothing else.
fn noise(seed: u64, a: u64, b: u64, c: u64) -> f64 {
    let mut x =
        seed ^ a.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ b.wrapping_mul(0xbf58_476d_1ce4_e5b9) ^ c.wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^= x >> 30;
    x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^= x >> 27;
    x = x.wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^= x >> 31;
    (x >> 11) as f64 / (1_u64 << 53) as f64
}

/// To the millimetre, as offices write.
fn millimetre(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

struct Lattice {
    seed: u64,
    side: u64,
    step: f64,
}

impl Lattice {
    fn corner(&self, i: u64, j: u64) -> [f64; 2] {
        let shift = |k: u64, axis| if k == 0 || k == self.side { 0.0 } else { (noise(self.seed, i, j, axis) - 0.5) * 0.4 };
        [507_600.0 + (i as f64 + shift(i, 1)) * self.step, 2_395_600.0 + (j as f64 + shift(j, 2)) * self.step]
    }

    /// The border from corner to corner, without its last point; the same points both ways.
    fn border(&self, from: (u64, u64), to: (u64, u64), out: &mut Ring) {
        let turned = to < from;
        let (low, high) = if turned { (to, from) } else { (from, to) };
        let (a, b) = (self.corner(low.0, low.1), self.corner(high.0, high.1));
        let along = [b[0] - a[0], b[1] - a[1]];
        let key = low.0 * 2 + u64::from(low.0 != high.0);
        let point = |k: u32| {
            let t = f64::from(k) / f64::from(STEPS + 1);
            let bulge = (t * std::f64::consts::PI).sin() * 0.06;
            let aside = (noise(self.seed, key, low.1, 10 + u64::from(k)) - 0.5) * bulge;
            [millimetre(a[0] + along[0] * t - along[1] * aside), millimetre(a[1] + along[1] * t + along[0] * aside)]
        };
        let start = if turned { b } else { a };
        out.push([millimetre(start[0]), millimetre(start[1])]);
        for k in 1..=STEPS {
            out.push(point(if turned { STEPS + 1 - k } else { k }));
        }
    }

    fn cell(&self, i: u64, j: u64) -> Ring {
        let corners = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1), (i, j)];
        let mut ring = Vec::with_capacity(4 * STEPS as usize + 5);
        corners.windows(2).for_each(|pair| self.border(pair[0], pair[1], &mut ring));
        ring.push(ring[0]);
        ring
    }

    /// A small area in the middle of a cell, counter-clockwise.
    fn pond(&self, i: u64, j: u64) -> Ring {
        let (a, b) = (self.corner(i, j), self.corner(i + 1, j + 1));
        let middle = [f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1])];
        let mut ring: Ring = (0..12_u32)
            .map(|k| {
                let angle = f64::from(k) * std::f64::consts::PI / 6.0;
                let radius = self.step * (0.12 + 0.03 * noise(self.seed, i, j, 40 + u64::from(k)));
                [millimetre(middle[0] + radius * angle.cos()), millimetre(middle[1] + radius * angle.sin())]
            })
            .collect();
        ring.push(ring[0]);
        ring
    }

    /// Codes change slowly over the plan, with a few strays.
    fn code(&self, i: u64, j: u64) -> &'static str {
        let patch = |size: u64, salt: u64| noise(self.seed, i / size, j / size, salt);
        let stray = noise(self.seed, i, j, 60) < 0.08;
        let value = if stray { noise(self.seed, i, j, 61) } else { f64::midpoint(patch(9, 62), patch(4, 63)) };
        CODES[((value * 1.3 - 0.15).clamp(0.0, 0.999) * CODES.len() as f64) as usize]
    }
}

/// A plan of that many zones.
pub fn plan(zones: usize, seed: u64) -> impl Iterator<Item = Zone> {
    let side = ((zones as f64 / 1.01).sqrt().ceil() as u64).max(2);
    let lattice = Lattice { seed, side, step: 13_000.0 / side as f64 };
    let cells = (0..=side).flat_map(move |j| (0..side).map(move |i| (i, j)));
    let made = cells.flat_map(move |(i, j)| {
        let joins = |i: u64| i % 7 == 1 && i + 2 < side && noise(seed, i, j, 70) < 0.14;
        let mut list: Vec<(&'static str, Vec<Vec<Ring>>)> = Vec::new();
        // Some cells are taken along by the one two steps to the west.
        if i < 2 || !joins(i - 2) {
            let mut rings = vec![lattice.cell(i, j)];
            if noise(seed, i, j, 71) < 0.05 {
                let pond = lattice.pond(i, j);
                rings.push(pond.iter().rev().copied().collect());
                list.push(("SON", vec![vec![pond]]));
            }
            let mut parts = vec![rings];
            if joins(i) {
                parts.push(vec![lattice.cell(i + 2, j)]);
            }
            list.push((lattice.code(i, j), parts));
        }
        list
    });
    made.take(zones).enumerate().map(|(index, (code, parts))| Zone { number: index + 1, code, parts })
}

/// The zones as GeoJSON with Vietnamese columns as offices use them; `crs` is an EPSG code, none for
/// WGS 84, and `place` writes a position.
pub fn geojson(
    zones: impl Iterator<Item = Zone>,
    crs: Option<u32>,
    place: &dyn Fn([f64; 2]) -> String,
    out: &mut impl std::io::Write,
) -> std::io::Result<()> {
    let crs = crs.map(|epsg| format!(r#""crs":{{"type":"name","properties":{{"name":"urn:ogc:def:crs:EPSG::{epsg}"}}}},"#));
    writeln!(out, r#"{{"type":"FeatureCollection",{}"features":["#, crs.unwrap_or_default())?;
    let list = |items: Vec<String>| format!("[{}]", items.join(","));
    for zone in zones {
        let ring = |ring: &Ring| list(ring.iter().map(|p| place(*p)).collect());
        let parts: Vec<String> = zone.parts.iter().map(|rings| list(rings.iter().map(ring).collect())).collect();
        let (kind, coordinates) = if parts.len() == 1 { ("Polygon", parts.concat()) } else { ("MultiPolygon", list(parts)) };
        let comma = if zone.number == 1 { "" } else { ",\n" };
        write!(
            out,
            r#"{comma}{{"type":"Feature","properties":{{"STT":{0},"MaLoaiDat":"{1}","TenKhu":"Khu đất số {0}","GhiChu":null}},"geometry":{{"type":"{kind}","coordinates":{coordinates}}}}}"#,
            zone.number, zone.code
        )?;
    }
    writeln!(out, "\n]}}")
}
