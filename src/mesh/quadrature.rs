//! Gauss rules on reference cells.

use super::CellKind;
use super::element::Element;

/// Nodes and weights on [0, 1] for the weight (1 − x)^α, α = 0, 1, 2: n points integrate polynomials of degree 2n − 1
/// exactly. The weights add up to 1/(α + 1).
///
/// # Source
/// Karniadakis & Sherwin, *Spectral/hp element methods*, 2nd ed. (2005), appendices A and B: Jacobi polynomials by their recursion, their
/// zeros by Newton's method with deflation.
pub(super) fn gauss_jacobi(n: usize, alpha: usize) -> Vec<(f64, f64)> {
    let a = alpha as f64;
    // P_n^(α, 0) and its derivative at x in [−1, 1].
    let jacobi = |x: f64| -> (f64, f64) {
        let (mut before, mut now) = (1.0, 0.5 * (a + (a + 2.0) * x));
        if n == 1 {
            return (now, 0.5 * (a + 2.0));
        }
        for k in 1..n {
            let k = k as f64;
            let c = 2.0 * k + a;
            let a1 = 2.0 * (k + 1.0) * (k + a + 1.0) * c;
            let a2 = (c + 1.0) * a * a;
            let a3 = c * (c + 1.0) * (c + 2.0);
            let a4 = 2.0 * (k + a) * k * (c + 2.0);
            (before, now) = (now, ((a2 + a3 * x) * now - a4 * before) / a1);
        }
        let m = n as f64;
        let c = 2.0 * m + a;
        let slope = (m * (a - c * x) * now + 2.0 * (m + a) * m * before) / (c * (1.0 - x * x));
        (now, slope)
    };
    let mut zeros: Vec<f64> = Vec::with_capacity(n);
    for k in 0..n {
        let mut x = -((2 * k + 1) as f64 * std::f64::consts::PI / (2 * n) as f64).cos();
        if let Some(last) = zeros.last() {
            x = 0.5 * (x + last);
        }
        for _ in 0..100 {
            let (value, slope) = jacobi(x);
            let others: f64 = zeros.iter().map(|z| 1.0 / (x - z)).sum();
            let step = value / (slope - others * value);
            x -= step;
            if step.abs() < 1e-16 {
                break;
            }
        }
        zeros.push(x);
    }
    zeros
        .into_iter()
        .map(|x| {
            let slope = jacobi(x).1;
            // On [0, 1]: dx = dt/2, (1 − x)^α = ((1 − t)/2)^α.
            let weight = 2f64.powi(alpha as i32 + 1) / ((1.0 - x * x) * slope * slope);
            (0.5 * (1.0 + x), weight / 2f64.powi(alpha as i32 + 1))
        })
        .collect()
}

/// A rule on the unit cube that is folded onto a reference cell: points of the cube, reference points, and weights that
/// add up to the measure of the reference cell. `order` points per direction integrate polynomials of degree 2·order − 1
/// exactly.
pub(super) fn rule(kind: CellKind, order: usize) -> Vec<([f64; 3], [f64; 3], f64)> {
    let d = kind.dimension();
    let powers = match kind.parts().0 {
        super::cell::Family::Triangle | super::cell::Family::Wedge => [1, 0, 0],
        super::cell::Family::Tetrahedron => [2, 1, 0],
        _ => [0; 3],
    };
    let axes: [Vec<(f64, f64)>; 3] = std::array::from_fn(|j| {
        if j < d {
            gauss_jacobi(order, powers[j])
        } else {
            vec![(0.0, 1.0)]
        }
    });
    let mut rule = Vec::with_capacity(order.pow(d as u32));
    for a in &axes[0] {
        for b in &axes[1] {
            for c in &axes[2] {
                let cube = [a.0, b.0, c.0];
                rule.push((cube, Element::fold(kind, cube).0, a.1 * b.1 * c.1));
            }
        }
    }
    rule
}

/// The reference points of a rule.
pub(super) fn nodes(kind: CellKind, order: usize) -> Vec<[f64; 3]> {
    rule(kind, order).into_iter().map(|(_, xi, _)| xi).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ∫ (1 − x)^α·x^k = k!·α!/(k + α + 1)!.
    #[test]
    fn polynomials_up_to_degree_2n_minus_1_are_integrated_exactly() {
        for alpha in 0..3 {
            for n in 1..=10 {
                let rule = gauss_jacobi(n, alpha);
                for k in 0..2 * n {
                    let sum: f64 = rule.iter().map(|(x, w)| w * x.powi(k as i32)).sum();
                    let exact: f64 = (1..=alpha).map(|i| i as f64).product::<f64>()
                        / (k + 1..=k + alpha + 1).map(|i| i as f64).product::<f64>();
                    assert!((sum - exact).abs() < 1e-14, "{alpha} {n} {k}: {sum} {exact}");
                }
            }
        }
    }

    #[test]
    fn weights_add_up_to_the_measure_of_the_reference_cell() {
        for kind in CellKind::ALL {
            let measure = [1.0, 1.0, 0.5, 1.0, 1.0 / 6.0, 1.0, 0.5][kind.parts().0 as usize];
            let sum: f64 = rule(kind, 3).iter().map(|(_, _, w)| w).sum();
            assert!((sum - measure).abs() < 1e-14, "{kind:?}");
        }
    }
}
