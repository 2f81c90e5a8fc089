//! VN-2000 and its transverse Mercator zones, computed alike on every machine.
//!
//! The digest of a plan depends on the last bit of its coordinates, and `sin` differs from one
//! operating system to the next. So all functions here come from the pure-Rust `libm`.
//! Sources: Krüger's series in the third flattening n, to n⁴ (Karney 2011, “Transverse Mercator with
//! an accuracy of a few nanometers”); Bowring 1976 for geocentric to geographic.

use libm::{asin, atan2, atanh, exp, sincos, sqrt};

/// Semi-major axis of WGS 84, which VN-2000 shares, in metres.
const A: f64 = 6_378_137.0;
/// Flattening of WGS 84.
const F: f64 = 1.0 / 298.257_223_563;
const B: f64 = A * (1.0 - F);
const E2: f64 = F * (2.0 - F);
const SECOND_E2: f64 = E2 / (1.0 - E2);
/// Third flattening.
const N: f64 = F / (2.0 - F);
const N2: f64 = N * N;
const N3: f64 = N2 * N;
const N4: f64 = N2 * N2;
/// Radius of the rectifying sphere, metres.
const RECTIFYING: f64 = A / (1.0 + N) * (1.0 + N2 / 4.0 + N4 / 64.0);

/// Coefficients from the conformal sphere to the ellipsoid's plane.
const ALPHA: [f64; 4] = [
    N / 2.0 - 2.0 / 3.0 * N2 + 5.0 / 16.0 * N3 + 41.0 / 180.0 * N4,
    13.0 / 48.0 * N2 - 3.0 / 5.0 * N3 + 557.0 / 1440.0 * N4,
    61.0 / 240.0 * N3 - 103.0 / 140.0 * N4,
    49561.0 / 161_280.0 * N4,
];
/// Coefficients from the ellipsoid's plane back to the conformal sphere, with their sign.
const BETA: [f64; 4] = [
    -(N / 2.0 - 2.0 / 3.0 * N2 + 37.0 / 96.0 * N3 - N4 / 360.0),
    -(N2 / 48.0 + N3 / 15.0 - 437.0 / 1440.0 * N4),
    -(17.0 / 480.0 * N3 - 37.0 / 840.0 * N4),
    -(4397.0 / 161_280.0 * N4),
];
/// Coefficients from the geographic to the conformal latitude.
const TO_CONFORMAL: [f64; 4] = [
    -2.0 * N + 2.0 / 3.0 * N2 + 4.0 / 3.0 * N3 - 82.0 / 45.0 * N4,
    5.0 / 3.0 * N2 - 16.0 / 15.0 * N3 - 13.0 / 9.0 * N4,
    -26.0 / 15.0 * N3 + 34.0 / 21.0 * N4,
    1237.0 / 630.0 * N4,
];
/// Coefficients from the conformal to the geographic latitude.
const FROM_CONFORMAL: [f64; 4] = [
    2.0 * N - 2.0 / 3.0 * N2 - 2.0 * N3 + 116.0 / 45.0 * N4,
    7.0 / 3.0 * N2 - 8.0 / 5.0 * N3 - 227.0 / 45.0 * N4,
    56.0 / 15.0 * N3 - 136.0 / 35.0 * N4,
    4279.0 / 630.0 * N4,
];

/// Translation in metres from VN-2000 to WGS 84 (Decision 05/2007/QĐ-BTNMT, as EPSG:6960).
const SHIFT: [f64; 3] = [-191.904_414_29, -39.303_182_79, -111.450_328_35];
/// Rotations in radians, position-vector convention: the opposite signs of the decision's
/// coordinate-frame rotations.
const ROTATION: [f64; 3] = [0.009_288_36 * ARC_SECOND, -0.019_754_79 * ARC_SECOND, 0.004_273_72 * ARC_SECOND];
const ARC_SECOND: f64 = std::f64::consts::PI / 648_000.0;
/// Scale, parts of one.
const SCALE: f64 = 1.0 + 0.252_906_278e-6;

/// Σ cⱼ sin 2jx for j = 1…4 (Clenshaw).
fn sine_series(c: &[f64; 4], x: f64) -> f64 {
    let (s, co) = sincos(2.0 * x);
    let twice = 2.0 * co;
    let (mut b1, mut b2) = (0.0, 0.0);
    for coefficient in c.iter().rev() {
        let b0 = coefficient + twice * b1 - b2;
        b2 = b1;
        b1 = b0;
    }
    b1 * s
}

/// Hyperbolic sine and cosine from one exponential. Their absolute error, some 10⁻¹⁶, is a nanometre on the ground.
fn sinh_cosh(x: f64) -> (f64, f64) {
    let up = exp(x);
    let down = 1.0 / up;
    ((up - down) / 2.0, f64::midpoint(up, down))
}

/// Σ cⱼ sin 2j(ξ + iη) as its real and imaginary part (Clenshaw in complex numbers).
fn complex_series(c: &[f64; 4], xi: f64, eta: f64) -> (f64, f64) {
    let (s, co) = sincos(2.0 * xi);
    let (sh, ch) = sinh_cosh(2.0 * eta);
    // 2 cos 2ζ and sin 2ζ of the complex ζ.
    let (tr, ti) = (2.0 * co * ch, -2.0 * s * sh);
    let (mut b1, mut b2) = ((0.0, 0.0), (0.0, 0.0));
    for coefficient in c.iter().rev() {
        let b0 = (coefficient + tr * b1.0 - ti * b1.1 - b2.0, tr * b1.1 + ti * b1.0 - b2.1);
        b2 = b1;
        b1 = b0;
    }
    let (sr, si) = (s * ch, co * sh);
    (b1.0 * sr - b1.1 * si, b1.0 * si + b1.1 * sr)
}

/// A transverse Mercator zone: central meridian in radians, scale on it; false easting 500,000 m,
/// no false northing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Zone {
    pub(super) meridian: f64,
    pub(super) scale: f64,
}

const FALSE_EASTING: f64 = 500_000.0;

impl Zone {
    /// Easting and northing in metres of a longitude and latitude in radians.
    pub(super) fn project(&self, lon: f64, lat: f64) -> [f64; 2] {
        let conformal = lat + sine_series(&TO_CONFORMAL, lat);
        let (sin_lat, cos_lat) = sincos(conformal);
        let (sin_lon, cos_lon) = sincos(lon - self.meridian);
        let (xi, eta) = (atan2(sin_lat, cos_lat * cos_lon), atanh(cos_lat * sin_lon));
        let (dx, de) = complex_series(&ALPHA, xi, eta);
        let radius = self.scale * RECTIFYING;
        [FALSE_EASTING + radius * (eta + de), radius * (xi + dx)]
    }

    /// Longitude and latitude in radians of an easting and northing in metres.
    pub(super) fn unproject(&self, easting: f64, northing: f64) -> [f64; 2] {
        let radius = self.scale * RECTIFYING;
        let (xi, eta) = (northing / radius, (easting - FALSE_EASTING) / radius);
        let (dx, de) = complex_series(&BETA, xi, eta);
        let (xi, eta) = (xi + dx, eta + de);
        let (sin_xi, cos_xi) = sincos(xi);
        let (sinh_eta, cosh_eta) = sinh_cosh(eta);
        let conformal = asin(sin_xi / cosh_eta);
        [self.meridian + atan2(sinh_eta, cos_xi), conformal + sine_series(&FROM_CONFORMAL, conformal)]
    }
}

/// The isometric (Mercator) latitude of a latitude in radians, as a check value.
#[cfg(test)]
fn isometric(lat: f64) -> f64 {
    let e = sqrt(E2);
    libm::asinh(libm::tan(lat)) - e * atanh(e * libm::sin(lat))
}

/// Geocentric x, y, z in metres of a longitude and latitude in radians, on the ellipsoid.
fn geocentric(lon: f64, lat: f64) -> [f64; 3] {
    let ((sin_lat, cos_lat), (sin_lon, cos_lon)) = (sincos(lat), sincos(lon));
    let nu = A / sqrt(1.0 - E2 * sin_lat * sin_lat);
    [nu * cos_lat * cos_lon, nu * cos_lat * sin_lon, nu * (1.0 - E2) * sin_lat]
}

/// Longitude and latitude in radians of a point within a few hundred metres of the ellipsoid.
fn geographic([x, y, z]: [f64; 3]) -> [f64; 2] {
    let p = sqrt(x * x + y * y);
    let tangent = z * A / (p * B);
    let cosine = 1.0 / sqrt(1.0 + tangent * tangent);
    let sine = tangent * cosine;
    [atan2(y, x), atan2(z + SECOND_E2 * B * sine * sine * sine, p - E2 * A * cosine * cosine * cosine)]
}

/// Longitude and latitude on WGS 84 of those on VN-2000, in radians.
pub(super) fn to_wgs84([lon, lat]: [f64; 2]) -> [f64; 2] {
    let [x, y, z] = geocentric(lon, lat);
    let [rx, ry, rz] = ROTATION;
    geographic([
        SHIFT[0] + SCALE * (x - rz * y + ry * z),
        SHIFT[1] + SCALE * (rz * x + y - rx * z),
        SHIFT[2] + SCALE * (-ry * x + rx * y + z),
    ])
}

/// Longitude and latitude on VN-2000 of those on WGS 84, in radians.
pub(super) fn from_wgs84([lon, lat]: [f64; 2]) -> [f64; 2] {
    let [x, y, z] = geocentric(lon, lat);
    let [x, y, z] = [(x - SHIFT[0]) / SCALE, (y - SHIFT[1]) / SCALE, (z - SHIFT[2]) / SCALE];
    let [rx, ry, rz] = ROTATION;
    geographic([x + rz * y - ry * z, -rz * x + y + rx * z, ry * x - rx * y + z])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_series_agree_with_the_closed_form_of_the_conformal_latitude() {
        for degrees in [0.0_f64, 8.5, 21.7, 45.0] {
            let lat = degrees.to_radians();
            let conformal = lat + sine_series(&TO_CONFORMAL, lat);
            assert!((libm::tan(conformal) - libm::sinh(isometric(lat))).abs() < 1e-12, "{degrees}");
            assert!((conformal + sine_series(&FROM_CONFORMAL, conformal) - lat).abs() < 1e-12, "{degrees}");
        }
    }

    #[test]
    fn there_and_back_is_the_same_place() {
        let zone = Zone { meridian: 104.75_f64.to_radians(), scale: 0.9999 };
        for (lon, lat) in [(104.87_f64, 21.7_f64), (103.0, 8.5), (107.5, 23.4)] {
            let [x, y] = zone.project(lon.to_radians(), lat.to_radians());
            let [a, b] = zone.unproject(x, y);
            assert!((a - lon.to_radians()).abs() < 1e-12 && (b - lat.to_radians()).abs() < 1e-12);
            let there = to_wgs84(from_wgs84([lon.to_radians(), lat.to_radians()]));
            assert!((there[0] - lon.to_radians()).abs() < 2e-10 && (there[1] - lat.to_radians()).abs() < 2e-10);
        }
    }

    /// The bits are pinned: a machine or a version of libm that computed other bits would give the same
    /// file another digest.
    #[test]
    fn the_last_bit_is_the_same_on_every_machine() {
        let zone = Zone { meridian: 104.75_f64.to_radians(), scale: 0.9999 };
        let [lon, lat] = to_wgs84(zone.unproject(512_650.123, 2_401_150.456));
        assert_eq!((lon.to_bits(), lat.to_bits()), (4_610_922_205_296_587_083, 4_600_496_305_534_779_664), "{lon:?} {lat:?}");
    }
}
