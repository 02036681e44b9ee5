//! Similarities: turned, enlarged and shifted copies.

use crate::geometry::Point;
use crate::jet::Scalar;

/// x ↦ s·R·x + b with a rotation R and s > 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Affine {
    /// s·R by rows.
    matrix: [[f64; 3]; 3],
    /// b.
    shift: [f64; 3],
}

impl Affine {
    /// x ↦ x.
    pub(super) const IDENTITY: Self = Self {
        matrix: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        shift: [0.0; 3],
    };

    /// x ↦ x + by.
    pub(super) fn translation(by: [f64; 3]) -> Self {
        Self {
            shift: by,
            ..Self::IDENTITY
        }
    }

    /// x ↦ s·x.
    pub(super) fn scaling(by: f64) -> Self {
        let mut matrix = Self::IDENTITY.matrix;
        (0..3).for_each(|j| matrix[j][j] = by);
        Self {
            matrix,
            shift: [0.0; 3],
        }
    }

    /// The rotation by an angle about an axis through the origin: R = cos φ·1 + sin φ·[a]ₓ + (1 − cos φ)·a·aᵀ.
    ///
    /// # Source
    /// O. Rodrigues, J. Math. Pures Appl. 5 (1840) 380.
    pub(super) fn rotation(degrees: f64, axis: [f64; 3]) -> Self {
        let (s, c) = sin_cos(degrees);
        let length = axis.iter().map(|v| v * v).sum::<f64>().sqrt();
        let a = axis.map(|v| v / length);
        let cross = [[0.0, -a[2], a[1]], [a[2], 0.0, -a[0]], [-a[1], a[0], 0.0]];
        let matrix = std::array::from_fn(|i| {
            std::array::from_fn(|j| f64::from(u8::from(i == j)) * c + s * cross[i][j] + (1.0 - c) * a[i] * a[j])
        });
        Self {
            matrix,
            shift: [0.0; 3],
        }
    }

    /// The same map with `center` in place of the origin.
    pub(super) fn about(self, center: [f64; 3]) -> Self {
        Self::translation(center).after(&self.after(&Self::translation(center.map(|v| -v))))
    }

    /// x ↦ self(first(x)).
    pub(super) fn after(&self, first: &Self) -> Self {
        Self {
            matrix: std::array::from_fn(|i| {
                std::array::from_fn(|j| (0..3).map(|k| self.matrix[i][k] * first.matrix[k][j]).sum())
            }),
            shift: self.point(first.shift),
        }
    }

    /// The image of a point.
    pub(super) fn point(&self, x: [f64; 3]) -> [f64; 3] {
        let v = self.vector(x);
        std::array::from_fn(|i| v[i] + self.shift[i])
    }

    /// The image of a point of the plane.
    pub(super) fn place(&self, x: [f64; 2]) -> [f64; 2] {
        let y = self.point([x[0], x[1], 0.0]);
        [y[0], y[1]]
    }

    /// The image of a difference of points.
    pub(super) fn vector(&self, x: [f64; 3]) -> [f64; 3] {
        std::array::from_fn(|i| (0..3).map(|j| self.matrix[i][j] * x[j]).sum())
    }

    /// s.
    pub(super) fn factor(&self) -> f64 {
        (0..3).map(|i| self.matrix[i][0].powi(2)).sum::<f64>().sqrt()
    }

    /// [`Affine::inverse`] of coordinates with derivatives.
    pub(super) fn inverse_jets(&self, y: Point) -> Point {
        let square = self.factor().powi(2);
        let d: Point = std::array::from_fn(|i| y[i].offset(-self.shift[i]));
        std::array::from_fn(|j| {
            let terms = [0, 1, 2].map(|i| d[i].scale(self.matrix[i][j] / square));
            terms[0] + terms[1] + terms[2]
        })
    }

    /// The point whose image is y.
    pub(super) fn inverse(&self, y: [f64; 3]) -> [f64; 3] {
        let square = self.factor().powi(2);
        let d: [f64; 3] = std::array::from_fn(|i| y[i] - self.shift[i]);
        std::array::from_fn(|j| (0..3).map(|i| self.matrix[i][j] * d[i]).sum::<f64>() / square)
    }
}

/// Sine and cosine of an angle in degrees, exact at quarters of a turn.
pub(super) fn sin_cos(degrees: f64) -> (f64, f64) {
    let quarters = (degrees / 90.0).round();
    let (s, c) = (degrees - 90.0 * quarters).to_radians().sin_cos();
    match quarters.rem_euclid(4.0) as u8 {
        0 => (s, c),
        1 => (c, -s),
        2 => (-s, -c),
        _ => (-c, s),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotation_about_a_point_keeps_it_and_inverts() {
        let center = [1.0, -2.0, 0.5];
        let map = Affine::rotation(37.0, [1.0, 2.0, -0.5]).about(center);
        let twice = Affine::scaling(2.0).after(&map);
        for j in 0..3 {
            assert!((map.point(center)[j] - center[j]).abs() < 1e-15);
            assert!((twice.inverse(twice.point([0.3, 0.4, 0.5]))[j] - [0.3, 0.4, 0.5][j]).abs() < 1e-15);
        }
        assert!((twice.factor() - 2.0).abs() < 1e-15);
    }

    #[test]
    fn quarters_of_a_turn_are_exact() {
        let turned = Affine::rotation(-90.0, [0.0, 0.0, 1.0]).point([1.0, 2.0, 3.0]);
        assert_eq!(turned, [2.0, -1.0, 3.0]);
        assert_eq!(sin_cos(450.0), (1.0, 0.0));
    }
}
