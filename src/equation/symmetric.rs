//! Small symmetric matrices: material tensors in Voigt's notation, and stresses.

/// Up to 6 rows; only the leading n × n part counts.
pub(crate) type Matrix = [[f64; 6]; 6];

/// L with A = L·Lᵀ; none unless A is positive definite beyond rounding.
pub(crate) fn cholesky(a: &Matrix, n: usize) -> Option<Matrix> {
    let mut l = [[0.0; 6]; 6];
    for j in 0..n {
        let pivot = a[j][j] - (0..j).map(|k| l[j][k] * l[j][k]).sum::<f64>();
        if !(pivot > 16.0 * f64::EPSILON * a[j][j] && pivot.is_finite()) {
            return None;
        }
        l[j][j] = pivot.sqrt();
        for i in j + 1..n {
            l[i][j] = (a[i][j] - (0..j).map(|k| l[i][k] * l[j][k]).sum::<f64>()) / l[j][j];
        }
    }
    Some(l)
}

/// A⁻¹ of a positive definite A.
pub(crate) fn inverse(a: &Matrix, n: usize) -> Option<Matrix> {
    let l = cholesky(a, n)?;
    // M = L⁻¹, A⁻¹ = Mᵀ·M.
    let mut m = [[0.0; 6]; 6];
    for column in 0..n {
        for i in column..n {
            let unit = f64::from(u8::from(i == column));
            m[i][column] = (unit - (column..i).map(|k| l[i][k] * m[k][column]).sum::<f64>()) / l[i][i];
        }
    }
    let mut out = [[0.0; 6]; 6];
    for (i, row) in out.iter_mut().enumerate().take(n) {
        for (j, out) in row.iter_mut().enumerate().take(n) {
            *out = (i.max(j)..n).map(|k| m[k][i] * m[k][j]).sum();
        }
    }
    Some(out)
}

/// The rotation by `angle` (radians) about a unit `axis`; its columns are the turned axes.
///
/// # Source
/// Rodrigues' formula, R = cos α·1 + sin α·[a]ₓ + (1 − cos α)·a·aᵀ.
pub(crate) fn rotation(axis: [f64; 3], angle: f64) -> [[f64; 3]; 3] {
    let (s, c) = angle.sin_cos();
    let [x, y, z] = axis;
    let cross = [[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]];
    std::array::from_fn(|i| {
        std::array::from_fn(|j| c * f64::from(u8::from(i == j)) + s * cross[i][j] + (1.0 - c) * axis[i] * axis[j])
    })
}

/// The eigenvalues of a symmetric matrix, the largest first; each is right to rounding by the norm of the matrix, however many are
/// equal.
///
/// # Source
/// Golub & Van Loan, *Matrix Computations*, 2013, §8.5 (Jacobi's cyclic method).
pub(crate) fn eigenvalues(mut a: [[f64; 3]; 3]) -> [f64; 3] {
    // A sweep squares what is left beside the diagonal or does better: 5 or 6 are enough.
    for _ in 0..12 {
        let size = a.iter().flatten().fold(0.0_f64, |most, v| most.max(v.abs()));
        let beside = a[0][1].abs().max(a[0][2].abs()).max(a[1][2].abs());
        if beside <= 0.1 * f64::EPSILON * size {
            break;
        }
        // The rotation in the plane of p and q that leaves nothing at (p, q), by t = tan of its angle.
        for (p, q, other) in [(0, 1, 2), (0, 2, 1), (1, 2, 0)] {
            let pivot = a[p][q];
            if pivot == 0.0 {
                continue;
            }
            let tau = (a[q][q] - a[p][p]) / (2.0 * pivot);
            let t = 1.0_f64.copysign(tau) / (tau.abs() + tau.hypot(1.0));
            let c = 1.0 / t.hypot(1.0);
            let s = t * c;
            a[p][p] -= t * pivot;
            a[q][q] += t * pivot;
            (a[p][q], a[q][p]) = (0.0, 0.0);
            let (low, high) = (a[other][p], a[other][q]);
            a[other][p] = c * low - s * high;
            a[other][q] = s * low + c * high;
            (a[p][other], a[q][other]) = (a[other][p], a[other][q]);
        }
    }
    let mut values = [a[0][0], a[1][1], a[2][2]];
    values.sort_by(|a, b| b.total_cmp(a));
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R·diag(λ)·Rᵀ has the eigenvalues λ, also if two or three are equal, nearly equal or far apart.
    #[test]
    fn a_turned_matrix_keeps_its_eigenvalues() {
        let size = |values: [f64; 3]| values.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
        for values in [
            [3.0, 2.0, -1.0],
            [2.0, 2.0, -1.0],
            [2.0, -1.0, -1.0],
            [5.0, 5.0, 5.0],
            [1.0 + 1e-9, 1.0, 1.0 - 1e-9],
            [1e9, 1.0, -1e-9],
            [1e-200, 0.0, -1e-200],
            [0.0; 3],
        ] {
            for angle in [0.0, 0.7, std::f64::consts::FRAC_PI_4, 1e-9, 3.0] {
                let r = rotation([2.0 / 7.0, -3.0 / 7.0, 6.0 / 7.0], angle);
                let turned = std::array::from_fn(|i| {
                    std::array::from_fn(|j| (0..3).map(|k| r[i][k] * values[k] * r[j][k]).sum())
                });
                for (found, expected) in eigenvalues(turned).iter().zip(values) {
                    assert!(
                        (found - expected).abs() <= 8.0 * f64::EPSILON * size(values),
                        "{values:?} {angle}"
                    );
                }
            }
        }
    }

    /// 2 − 2·cos(kπ/4), k = 3, 2, 1.
    #[test]
    fn the_second_difference_has_its_known_eigenvalues() {
        let root = std::f64::consts::SQRT_2;
        let found = eigenvalues([[2.0, -1.0, 0.0], [-1.0, 2.0, -1.0], [0.0, -1.0, 2.0]]);
        for (found, expected) in found.into_iter().zip([2.0 + root, 2.0, 2.0 - root]) {
            assert!((found - expected).abs() < 2e-15);
        }
    }

    #[test]
    fn a_matrix_times_its_inverse_is_one() {
        let mut a = [[0.0; 6]; 6];
        for i in 0..6 {
            for j in 0..6 {
                a[i][j] = 1.0 / (1.0 + i as f64 + j as f64) + if i == j { 0.1 } else { 0.0 };
            }
        }
        let b = inverse(&a, 6).unwrap_or_else(|| panic!("it is positive definite"));
        for i in 0..6 {
            for j in 0..6 {
                let product: f64 = (0..6).map(|k| a[i][k] * b[k][j]).sum();
                assert!((product - f64::from(u8::from(i == j))).abs() < 1e-12);
            }
        }
        a[3][3] = -1.0;
        assert!(cholesky(&a, 6).is_none());
        assert!(cholesky(&a, 3).is_some());
    }

    #[test]
    fn a_quarter_turn_about_z_takes_x_to_y() {
        let r = rotation([0.0, 0.0, 1.0], std::f64::consts::FRAC_PI_2);
        assert!((r[1][0] - 1.0).abs() < 1e-15 && (r[0][1] + 1.0).abs() < 1e-15 && r[0][0].abs() < 1e-15);
    }
}
