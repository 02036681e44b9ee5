//! Shape functions of all kinds from one recipe.

use super::cell::{Extra, Family, MOST_NODES};

/// Nodal shape functions N_i: the combinations of a kind's monomials with N_i(ξ_j) = δ_ij.
///
/// Full polynomials of degree 1 or 2 on simplices; products of such on the square, cube and wedge; without the monomials that
/// are quadratic in two factors where there are no nodes in the middle of faces (serendipity cells).
///
/// # Source
/// Arnold & Awanou, *The serendipity family of finite elements*, Found. Comput. Math. 11 (2011) 337, for which monomials these are.
#[derive(Debug)]
pub(super) struct Basis {
    exponents: Vec<[u8; 3]>,
    /// N_i = Σ_m coefficients[m·n + i]·ξ^m.
    coefficients: Vec<f64>,
}

impl Basis {
    pub(super) fn new(family: Family, extra: Extra, nodes: &[[f64; 3]]) -> Self {
        let exponents = exponents(family, extra);
        let n = nodes.len();
        // [V | I] becomes [I | V⁻¹], with V[node][monomial].
        let mut rows: Vec<Vec<f64>> = nodes
            .iter()
            .enumerate()
            .map(|(i, x)| {
                let mut row: Vec<f64> = exponents.iter().map(|e| monomial(e, x)).collect();
                row.extend((0..n).map(|j| f64::from(u8::from(i == j))));
                row
            })
            .collect();
        for column in 0..n {
            let pivot = (column..n).max_by(|&a, &b| rows[a][column].abs().total_cmp(&rows[b][column].abs()));
            rows.swap(column, pivot.unwrap_or(column));
            let scale = 1.0 / rows[column][column];
            rows[column].iter_mut().for_each(|v| *v *= scale);
            let own = rows[column].clone();
            for (i, row) in rows.iter_mut().enumerate() {
                let factor = row[column];
                if i != column && factor != 0.0 {
                    row.iter_mut().zip(&own).for_each(|(v, o)| *v -= factor * o);
                }
            }
        }
        Self {
            exponents,
            coefficients: rows.iter().flat_map(|row| row[n..].to_vec()).collect(),
        }
    }

    /// The functions and their derivatives along the reference coordinates: `[n]` of (N, ∂N/∂ξ).
    pub(super) fn at(&self, xi: [f64; 3]) -> [(f64, [f64; 3]); MOST_NODES] {
        let n = self.exponents.len();
        let mut all = [(0.0, [0.0; 3]); MOST_NODES];
        for (m, e) in self.exponents.iter().enumerate() {
            let power: [f64; 3] = std::array::from_fn(|j| xi[j].powi(i32::from(e[j])));
            let slope: [f64; 3] = std::array::from_fn(|j| match e[j] {
                0 => 0.0,
                k => f64::from(k) * xi[j].powi(i32::from(k) - 1),
            });
            let value = power[0] * power[1] * power[2];
            let gradient = [
                slope[0] * power[1] * power[2],
                power[0] * slope[1] * power[2],
                power[0] * power[1] * slope[2],
            ];
            for (i, own) in all.iter_mut().enumerate().take(n) {
                let c = self.coefficients[m * n + i];
                own.0 += c * value;
                for j in 0..3 {
                    own.1[j] += c * gradient[j];
                }
            }
        }
        all
    }
}

fn monomial(e: &[u8; 3], x: &[f64; 3]) -> f64 {
    (0..3).map(|j| x[j].powi(i32::from(e[j]))).product()
}

fn exponents(family: Family, extra: Extra) -> Vec<[u8; 3]> {
    let order = u8::from(extra != Extra::None) + 1;
    let serendipity = extra == Extra::Edges;
    let mut list = Vec::new();
    for c in 0..=order {
        for b in 0..=order {
            for a in 0..=order {
                let high = [a, b, c].iter().filter(|e| **e == 2).count();
                let fits = match family {
                    Family::Vertex => a + b + c == 0,
                    Family::Line => b + c == 0,
                    Family::Triangle => c == 0 && a + b <= order,
                    Family::Quadrilateral => c == 0 && !(serendipity && high > 1),
                    Family::Tetrahedron => a + b + c <= order,
                    Family::Hexahedron => !(serendipity && high > 1),
                    Family::Wedge => a + b <= order && !(serendipity && c == 2 && a + b > 1),
                };
                if fits {
                    list.push([a, b, c]);
                }
            }
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::super::cell::CellKind;

    #[test]
    fn shape_functions_are_one_at_their_node_and_add_up_to_one_everywhere() {
        for kind in CellKind::ALL {
            let reference = kind.reference();
            for (i, x) in reference.nodes.iter().enumerate() {
                let all = reference.basis.at(*x);
                for (j, (value, _)) in all.iter().enumerate().take(kind.nodes()) {
                    assert!((value - f64::from(u8::from(i == j))).abs() < 1e-13, "{kind:?}");
                }
            }
            let all = reference.basis.at([0.21, 0.13, 0.37]);
            assert!((all.iter().map(|n| n.0).sum::<f64>() - 1.0).abs() < 1e-13);
            for j in 0..3 {
                assert!(all.iter().map(|n| n.1[j]).sum::<f64>().abs() < 1e-12);
            }
        }
    }
}
