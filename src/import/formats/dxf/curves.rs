//! Converts arcs, ellipses and splines to chords.

use std::f64::consts::PI;

use super::Point;

/// Largest angle of a chord of an arc, radians.
const CHORD: f64 = PI / 36.0;
/// Number of chords between two knots of a spline.
const CHORDS_A_SPAN: usize = 48;
/// Highest degree of a spline that is drawn.
const DEGREE: usize = 10;

pub(super) fn distance(a: Point, b: Point) -> f64 {
    libm::hypot(a[0] - b[0], a[1] - b[1])
}

/// Points of an arc that begins at angle `start` and sweeps `sweep` radians, with the first point; `tilt`
/// rotates an ellipse, radians.
pub(super) fn arc(centre: Point, radius: [f64; 2], tilt: f64, start: f64, sweep: f64) -> Vec<Point> {
    if ![centre[0], centre[1], radius[0], radius[1], tilt, start, sweep].iter().all(|v| v.is_finite()) {
        return vec![[f64::NAN; 2]];
    }
    let steps = ((sweep.abs().min(2.0 * PI)) / CHORD).ceil().max(1.0) as usize;
    let (ts, tc) = libm::sincos(tilt);
    let at = |step: usize| {
        let (s, c) = libm::sincos(start + sweep * step as f64 / steps as f64);
        let (x, y) = (radius[0] * c, radius[1] * s);
        [centre[0] + x * tc - y * ts, centre[1] + x * ts + y * tc]
    };
    (0..=steps).map(at).collect()
}

/// Counter-clockwise sweep from one angle to another, radians; a full turn if they are equal.
pub(super) fn sweep(from: f64, to: f64) -> f64 {
    let turn = (to - from) % (2.0 * PI);
    if turn <= 1e-9 { turn + 2.0 * PI } else { turn }
}

/// A full circle or ellipse as a ring that does not repeat its first point.
pub(super) fn full(centre: Point, radius: [f64; 2], tilt: f64) -> Vec<Point> {
    let mut ring = arc(centre, radius, tilt, 0.0, 2.0 * PI);
    ring.pop();
    ring
}

/// Appends the path from one vertex to the next: a straight line, or an arc by its bulge (tangent of a quarter
/// of its angle).
fn bulge_to(out: &mut Vec<Point>, from: Point, to: Point, bulge: f64) {
    let ([x0, y0], [x1, y1]) = (from, to);
    let (dx, dy) = (x1 - x0, y1 - y0);
    let chord = libm::hypot(dx, dy);
    if bulge.abs() > 1e-9 && bulge.abs() < 1e4 && chord > 0.0 {
        let sweep = 4.0 * libm::atan(bulge);
        let radius = chord * (1.0 + bulge * bulge) / (4.0 * bulge.abs());
        // The centre lies on the chord's perpendicular.
        let away = chord * (1.0 - bulge * bulge) / (4.0 * bulge);
        let centre = [f64::midpoint(x0, x1) - dy / chord * away, f64::midpoint(y0, y1) + dx / chord * away];
        let points = arc(centre, [radius, radius], 0.0, libm::atan2(y0 - centre[1], x0 - centre[0]), sweep);
        out.extend(points.get(1..points.len() - 1).unwrap_or_default());
    }
    out.push(to);
}

/// The path through vertices with bulges; a closed one returns to its first point.
pub(super) fn path_of(vertices: &[(Point, f64)], closed: bool) -> Vec<Point> {
    let mut path = Vec::with_capacity(vertices.len() + 1);
    let Some((first, _)) = vertices.first() else { return path };
    path.push(*first);
    for pair in vertices.windows(2) {
        bulge_to(&mut path, pair[0].0, pair[1].0, pair[0].1);
    }
    if let Some((last, bulge)) = vertices.last().filter(|_| closed) {
        bulge_to(&mut path, *last, *first, *bulge);
    }
    path
}

/// Chords between the knots of a spline, from its degree, knots, control points and weights (all 1 if empty).
/// None if the numbers do not define a spline.
pub(super) fn spline(degree: usize, knots: &[f64], controls: &[Point], weights: &[f64], most: usize) -> Option<Vec<Point>> {
    let fits = (1..=DEGREE).contains(&degree)
        && controls.len() > degree
        && knots.len() == controls.len() + degree + 1
        && knots.iter().all(|knot| knot.is_finite())
        && knots.windows(2).all(|pair| pair[0] <= pair[1])
        && (weights.is_empty() || weights.len() == controls.len() && weights.iter().all(|weight| *weight > 0.0));
    if !fits {
        return None;
    }
    let mut points = Vec::new();
    for span in degree..controls.len() {
        let (from, to) = (knots[span], knots[span + 1]);
        if to <= from {
            continue;
        }
        let chords = if degree == 1 { 1 } else { CHORDS_A_SPAN };
        let first = usize::from(!points.is_empty());
        for step in first..=chords {
            let at = from + (to - from) * step as f64 / chords as f64;
            points.push(de_boor(degree, knots, controls, weights, span, at));
        }
        if points.len() > most {
            return None;
        }
    }
    (points.len() > 1).then_some(points)
}

/// The point of a spline at a parameter that lies in a span (de Boor's algorithm).
fn de_boor(degree: usize, knots: &[f64], controls: &[Point], weights: &[f64], span: usize, at: f64) -> Point {
    let mut d: Vec<[f64; 3]> = (span - degree..=span)
        .map(|i| {
            let weight = weights.get(i).copied().unwrap_or(1.0);
            [controls[i][0] * weight, controls[i][1] * weight, weight]
        })
        .collect();
    for r in 1..=degree {
        for j in (r..=degree).rev() {
            let i = span - degree + j;
            let width = knots[i + degree + 1 - r] - knots[i];
            let part = if width > 0.0 { (at - knots[i]) / width } else { 0.0 };
            let before = d[j - 1];
            d[j].iter_mut().zip(before).for_each(|(value, before)| *value = before * (1.0 - part) + *value * part);
        }
    }
    let [x, y, weight] = d[degree];
    [x / weight, y / weight]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(ring: &[Point]) -> f64 {
        let pairs = ring.iter().zip(ring.iter().cycle().skip(1));
        pairs.map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum::<f64>() / 2.0
    }

    #[test]
    fn a_half_circle_by_its_bulge_has_its_area() {
        let ring = path_of(&[([0.0, 0.0], 1.0), ([10.0, 0.0], 0.0)], true);
        assert!((area(&ring).abs() - PI * 25.0 / 2.0).abs() < 0.1, "{}", area(&ring));
        assert!(ring.iter().all(|p| p[1] <= 1e-9), "a positive bulge turns left: the arc lies right of the chord");
    }

    #[test]
    fn a_sweep_goes_over_0_degrees() {
        assert!((sweep(350_f64.to_radians(), 10_f64.to_radians()).to_degrees() - 20.0).abs() < 1e-9);
        assert!((sweep(10_f64.to_radians(), 350_f64.to_radians()).to_degrees() - 340.0).abs() < 1e-9);
        assert!((sweep(0.0, 2.0 * PI) - 2.0 * PI).abs() < 1e-9);
    }

    #[test]
    fn a_quarter_circle_as_a_rational_spline_is_a_circle() {
        let half = 0.5_f64.sqrt();
        let points =
            spline(2, &[0.0, 0.0, 0.0, 1.0, 1.0, 1.0], &[[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]], &[1.0, half, 1.0], 1000).expect("spline");
        assert!(points.iter().all(|p| (libm::hypot(p[0], p[1]) - 1.0).abs() < 1e-12), "{points:?}");
        assert_eq!((points[0], points[points.len() - 1]), ([1.0, 0.0], [0.0, 1.0]));
        assert_eq!(spline(3, &[0.0; 4], &[[0.0, 0.0]], &[], 1000), None);
        assert_eq!(spline(usize::MAX, &[], &[], &[], 1000), None);
    }
}
