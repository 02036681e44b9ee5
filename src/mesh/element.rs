//! One cell or facet: its isoparametric map, and its points by numbers of the unit cube.

use super::CellKind;
use super::cell::{Family, MOST_NODES};

/// A cell or facet with the coordinates of its nodes: x(ξ) = Σ N_i(ξ)·x_i.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element {
    pub(super) kind: CellKind,
    /// Number of coordinates of the space around it.
    space: usize,
    nodes: [[f64; 3]; MOST_NODES],
    /// Whether the map is affine, so that its derivative is the same everywhere.
    pub(super) affine: bool,
    /// For the end of a line: its normal.
    end: f64,
}

impl Element {
    pub(super) fn new(kind: CellKind, space: usize, points: &[[f64; 3]], list: &[u32], end: f64) -> Self {
        let mut nodes = [[0.0; 3]; MOST_NODES];
        for (slot, &node) in nodes.iter_mut().zip(list) {
            *slot = points[node as usize];
        }
        let mut element = Self {
            kind,
            space,
            nodes,
            affine: true,
            end,
        };
        element.affine = element.straight();
        element
    }

    /// Whether every node lies where the affine map of the first corners puts it, to 1e-12 of the cell's size.
    fn straight(&self) -> bool {
        if self.kind.simplex() && self.kind.order() == 1 {
            return true;
        }
        let x = &self.nodes;
        let axes: [[f64; 3]; 3] = match self.kind.parts().0 {
            Family::Hexahedron => [sub(x[1], x[0]), sub(x[3], x[0]), sub(x[4], x[0])],
            Family::Quadrilateral => [sub(x[1], x[0]), sub(x[3], x[0]), [0.0; 3]],
            Family::Line => [sub(x[1], x[0]), [0.0; 3], [0.0; 3]],
            Family::Triangle => [sub(x[1], x[0]), sub(x[2], x[0]), [0.0; 3]],
            _ => [sub(x[1], x[0]), sub(x[2], x[0]), sub(x[3], x[0])],
        };
        let size = axes.iter().flatten().fold(0.0_f64, |most, v| most.max(v.abs()));
        self.kind.reference().nodes.iter().zip(x).all(|(xi, x)| {
            (0..3).all(|j| {
                let straight = self.nodes[0][j] + (0..3).map(|k| axes[k][j] * xi[k]).sum::<f64>();
                (x[j] - straight).abs() <= 1e-12 * size
            })
        })
    }

    /// Whether the cell is as wide as the space, so that its density is a polynomial.
    pub(super) fn flat(&self) -> bool {
        self.kind.dimension() == self.space
    }

    pub(super) fn corner(&self, index: usize) -> [f64; 3] {
        self.nodes[index]
    }

    pub(super) fn corners(&self) -> &[[f64; 3]] {
        &self.nodes[..self.kind.corners()]
    }

    pub(super) fn all_nodes(&self) -> &[[f64; 3]] {
        &self.nodes[..self.kind.nodes()]
    }

    /// x(ξ) and the columns ∂x/∂ξ_k.
    pub(super) fn map(&self, xi: [f64; 3]) -> ([f64; 3], [[f64; 3]; 3]) {
        let x = &self.nodes;
        if self.kind.order() == 1 && self.kind.simplex() {
            let axes: [[f64; 3]; 3] = std::array::from_fn(|k| {
                if k < self.kind.dimension() {
                    sub(x[k + 1], x[0])
                } else {
                    [0.0; 3]
                }
            });
            let at = std::array::from_fn(|j| x[0][j] + (0..3).map(|k| axes[k][j] * xi[k]).sum::<f64>());
            return (at, axes);
        }
        let shapes = self.kind.reference().basis.at(xi);
        let (mut at, mut axes) = ([0.0; 3], [[0.0; 3]; 3]);
        for (x, (value, gradient)) in x.iter().zip(&shapes).take(self.kind.nodes()) {
            for j in 0..3 {
                at[j] += value * x[j];
                for k in 0..3 {
                    axes[k][j] += gradient[k] * x[j];
                }
            }
        }
        (at, axes)
    }

    /// det ∂x/∂ξ of a cell as wide as the space.
    pub(super) fn determinant(&self, axes: &[[f64; 3]; 3]) -> f64 {
        match self.space {
            1 => axes[0][0],
            2 => axes[0][0] * axes[1][1] - axes[0][1] * axes[1][0],
            _ => dot(axes[0], cross(axes[1], axes[2])),
        }
    }

    /// The normal of a facet, as long as its area per reference area: ∂x/∂ξ₀ × ∂x/∂ξ₁, in the plane (∂y, −∂x).
    pub(super) fn area_normal(&self, axes: &[[f64; 3]; 3]) -> [f64; 3] {
        match self.space {
            1 => [self.end, 0.0, 0.0],
            2 => [axes[0][1], -axes[0][0], 0.0],
            _ => cross(axes[0], axes[1]),
        }
    }

    /// Length, area or volume of x per unit of ξ.
    pub(super) fn density(&self, xi: [f64; 3]) -> f64 {
        let axes = self.map(xi).1;
        if self.kind.dimension() == self.space {
            self.determinant(&axes)
        } else {
            let normal = self.area_normal(&axes);
            dot(normal, normal).sqrt()
        }
    }

    /// The reference point of a point of the unit cube that is folded onto the reference cell, and the ratio of their
    /// measures.
    pub(super) fn fold(kind: CellKind, c: [f64; 3]) -> ([f64; 3], f64) {
        let rest = 1.0 - c[0];
        match kind.parts().0 {
            Family::Triangle => ([c[0], rest * c[1], 0.0], rest),
            Family::Wedge => ([c[0], rest * c[1], c[2]], rest),
            Family::Tetrahedron => {
                let last = rest * (1.0 - c[1]);
                ([c[0], rest * c[1], last * c[2]], rest * last)
            }
            _ => (c, 1.0),
        }
    }

    /// The inverse of the map, by Newton's method from the middle; `None` if it does not converge.
    pub(super) fn invert(&self, x: [f64; 3]) -> Option<[f64; 3]> {
        let d = self.space;
        let mut xi = match self.kind.parts().0 {
            Family::Triangle => [1.0 / 3.0, 1.0 / 3.0, 0.0],
            Family::Tetrahedron => [0.25; 3],
            Family::Wedge => [1.0 / 3.0, 1.0 / 3.0, 0.5],
            _ => [0.5; 3],
        };
        for _ in 0..30 {
            let (at, axes) = self.map(xi);
            let determinant = self.determinant(&axes);
            let r = sub(x, at);
            let step = match d {
                1 => [r[0] / determinant, 0.0, 0.0],
                2 => [
                    (r[0] * axes[1][1] - r[1] * axes[1][0]) / determinant,
                    (axes[0][0] * r[1] - axes[0][1] * r[0]) / determinant,
                    0.0,
                ],
                _ => [
                    dot(r, cross(axes[1], axes[2])) / determinant,
                    dot(axes[0], cross(r, axes[2])) / determinant,
                    dot(axes[0], cross(axes[1], r)) / determinant,
                ],
            };
            let size = step.iter().fold(0.0_f64, |most, s| most.max(s.abs()));
            if !size.is_finite() {
                return None;
            }
            // Far outside the polynomial map folds over; steps are kept within a cell's size.
            let limit = if size > 1.0 { 1.0 / size } else { 1.0 };
            for j in 0..d {
                xi[j] += limit * step[j];
            }
            if size < 1e-13 || (self.affine && size <= 1.0) {
                return Some(xi);
            }
            if xi.iter().any(|v| v.abs() > 10.0) {
                return None;
            }
        }
        None
    }

    /// How far a reference point lies outside the reference cell; negative inside.
    pub(super) fn outside(kind: CellKind, xi: [f64; 3]) -> f64 {
        let [a, b, c] = xi;
        let within = |v: f64| (-v).max(v - 1.0);
        match kind.parts().0 {
            Family::Vertex => 0.0,
            Family::Line => within(a),
            Family::Triangle => (-a).max(-b).max(a + b - 1.0),
            Family::Quadrilateral => within(a).max(within(b)),
            Family::Tetrahedron => (-a).max(-b).max(-c).max(a + b + c - 1.0),
            Family::Hexahedron => within(a).max(within(b)).max(within(c)),
            Family::Wedge => (-a).max(-b).max(a + b - 1.0).max(within(c)),
        }
    }
}

pub(super) fn sub(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

pub(super) fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(super) fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    #[test]
    fn the_inverse_of_a_curved_map_is_found() {
        for kind in CellKind::ALL.into_iter().filter(|kind| kind.dimension() > 0) {
            let d = kind.dimension();
            let points: Vec<[f64; 3]> = kind
                .reference()
                .nodes
                .iter()
                .map(|x| {
                    let bend = [0.1 * x[1] * x[1], 0.08 * x[0] * x[2], -0.05 * x[0] * x[1]];
                    std::array::from_fn(|j| if j < d { 2.0 * x[j] + bend[j] } else { 0.0 })
                })
                .collect();
            let list: Vec<u32> = (0..kind.nodes() as u32).collect();
            let element = Element::new(kind, d, &points, &list, 1.0);
            let xi = std::array::from_fn(|j| if j < d { [0.2, 0.31, 0.4][j] } else { 0.0 });
            let back = element.invert(element.map(xi).0).unwrap();
            for j in 0..d {
                assert!((back[j] - xi[j]).abs() < 1e-12, "{kind:?} {back:?}");
            }
        }
    }
}
