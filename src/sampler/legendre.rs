//! Gauss–Legendre quadrature.

/// Nodes and weights on [0, 1]: Newton's method on the Legendre polynomial from Chebyshev's angles.
///
/// # Source
/// Press et al., *Numerical Recipes*, 2007, section 4.6.
pub fn gauss_legendre(order: usize) -> Vec<(f64, f64)> {
    let n = order as f64;
    (0..order)
        .map(|i| {
            let mut x = (std::f64::consts::PI * (i as f64 + 0.75) / (n + 0.5)).cos();
            let mut slope = 1.0;
            for _ in 0..100 {
                let (mut before, mut value) = (0.0, 1.0);
                for k in 0..order {
                    let k = k as f64;
                    (before, value) = (value, ((2.0 * k + 1.0) * x * value - k * before) / (k + 1.0));
                }
                slope = n * (x * value - before) / (x * x - 1.0);
                let step = value / slope;
                x -= step;
                if step.abs() < 1e-16 {
                    break;
                }
            }
            (0.5 * (1.0 - x), 1.0 / ((1.0 - x * x) * slope * slope))
        })
        .collect()
}

/// Points of the unit cube with weights that add up to 1: Gauss–Legendre of the given order in the cells of a grid over v ∈ [0, 1]^axes, with
/// u = v²·(3 − 2v) on every axis, so that weights carry du/dv = 6v(1 − v).
///
/// Without the substitution a root at the ends of an axis (the radius at the centre of a disk, the latitude at the pole of a
/// sphere are √u and √(1 − u)) would spoil the order of the rule; with it, it is smooth. It also gathers points at edges and
/// corners, where stresses are steep. Coordinates that are not used are 0.5.
///
/// # Source
/// Korobov's substitution, see Laurie, *Periodizing transformations for numerical integration*, J. Comput. Appl. Math. 66
/// (1996) 337.
pub fn graded_rule(axes: usize, order: usize, cells: usize) -> Vec<([f64; 4], f64)> {
    let nodes = gauss_legendre(order);
    let line: Vec<(f64, f64)> = (0..cells)
        .flat_map(|cell| {
            nodes.iter().map(move |(node, weight)| {
                let v = (cell as f64 + node) / cells as f64;
                (v * v * (3.0 - 2.0 * v), weight / cells as f64 * 6.0 * v * (1.0 - v))
            })
        })
        .collect();
    let mut points = vec![([0.5; 4], 1.0)];
    for axis in 0..axes {
        points = points
            .into_iter()
            .flat_map(|(point, weight)| {
                line.iter().map(move |(u, w)| {
                    let mut point: [f64; 4] = point;
                    point[axis] = *u;
                    (point, weight * w)
                })
            })
            .collect();
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gauss_rules_integrate_their_degree() {
        for order in 1..=10 {
            let rule = gauss_legendre(order);
            for degree in 0..2 * order {
                let sum: f64 = rule.iter().map(|(x, w)| w * x.powi(degree as i32)).sum();
                assert!((sum - 1.0 / (degree as f64 + 1.0)).abs() < 1e-14, "{order}, {degree}");
            }
        }
    }
}
