//! Small symmetric matrices: material tensors in Voigt's notation.

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

#[cfg(test)]
mod tests {
    use super::*;

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
