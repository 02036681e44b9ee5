//! Points of the plane as vectors.

/// A point of the plane.
pub(in crate::geometry) type Place = [f64; 2];

pub(super) fn minus(a: Place, b: Place) -> Place {
    [a[0] - b[0], a[1] - b[1]]
}

pub(super) fn along(a: Place, t: f64, d: Place) -> Place {
    [a[0] + t * d[0], a[1] + t * d[1]]
}

pub(super) fn dot(a: Place, b: Place) -> f64 {
    a[0] * b[0] + a[1] * b[1]
}

pub(super) fn cross(a: Place, b: Place) -> f64 {
    a[0] * b[1] - a[1] * b[0]
}

pub(super) fn distance(a: Place, b: Place) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}
