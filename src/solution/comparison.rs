//! The field beside numbers that are known at places.

use serde::Serialize;

use super::{Solution, Trial};
use crate::jet::{Jet, Order};

/// How far the field is from known numbers.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// How many numbers.
    pub values: usize,
    /// √(Σ(u − v)² / Σv²) over all numbers v; temperatures count from the problem's lowest prescribed one.
    pub relative_l2: f64,
    /// max|u − v| / max|v|.
    pub largest: f64,
    /// Where the largest difference is, m.
    pub place: Vec<f64>,
}

/// The comparison, if the problem has known numbers.
pub fn comparison(solution: &Solution<'_>) -> Option<Comparison> {
    let problem = solution.problem;
    let points: Vec<[f64; 4]> = problem.known.iter().map(|known| known.x).collect();
    let (mut squares, mut size) = (0.0, 0.0);
    let (mut largest, mut most, mut place) = (-1.0_f64, 0.0_f64, Vec::new());
    solution.each(&points, Order::Value, &mut |i, u: &Jet<'_>| {
        let known = &problem.known[i];
        let difference = (u.value(known.component) - known.value).abs();
        squares += difference * difference;
        size += known.value * known.value;
        most = most.max(known.value.abs());
        if difference > largest {
            largest = difference;
            place = (0..problem.model.shape.dimension())
                .map(|j| known.x[j] * problem.scales.length)
                .collect();
        }
    });
    (!points.is_empty()).then(|| Comparison {
        values: points.len(),
        relative_l2: (squares / size.max(f64::MIN_POSITIVE)).sqrt(),
        largest: largest / most.max(f64::MIN_POSITIVE),
        place,
    })
}
