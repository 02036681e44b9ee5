//! Uniform points in one cell: numbers of the unit cube to reference coordinates and back.
//!
//! The reference cell is the unit cube, folded ([`Element::fold`]). The density of x over the cube's (a, b, c) is
//! ρ = |∂x/∂ξ|·fold. A uniform point has the numbers F(a), F(b|a), F(c|a, b) of its distribution functions. On affine cells these
//! are powers; on others they are integrals of polynomials of degree 5 or less in each direction, which six Gauss nodes carry
//! exactly. On curved facets in space, whose area has a square root in it, they are interpolated at the six nodes, and the density is
//! that of the interpolant.

use std::sync::LazyLock;

use super::cell::Family;
use super::element::Element;
use super::quadrature::gauss_jacobi;

/// Nodes per direction.
const N: usize = 6;

/// A function on [0, 1] by its values at the Gauss nodes.
pub(super) type Profile = [f64; N];

struct Tables {
    six: Vec<(f64, f64)>,
    three: Vec<(f64, f64)>,
    /// Legendre coefficients of a profile.
    coefficients: [[f64; N]; N],
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let six = gauss_jacobi(N, 0);
    let mut coefficients = [[0.0; N]; N];
    for (i, (x, w)) in six.iter().enumerate() {
        for (l, p) in legendre(2.0 * x - 1.0).iter().enumerate().take(N) {
            coefficients[l][i] = (2 * l + 1) as f64 * w * p;
        }
    }
    Tables {
        six,
        three: gauss_jacobi(3, 0),
        coefficients,
    }
});

/// P_0 to P_6.
fn legendre(t: f64) -> [f64; N + 1] {
    let mut p = [1.0; N + 1];
    p[1] = t;
    for l in 1..N {
        p[l + 1] = ((2 * l + 1) as f64 * t * p[l] - l as f64 * p[l - 1]) / (l + 1) as f64;
    }
    p
}

/// The Legendre coefficients of a density, so that its mean is the first.
fn expand(values: &Profile) -> Profile {
    TABLES
        .coefficients
        .map(|row| row.iter().zip(values).map(|(c, v)| c * v).sum())
}

/// ∫₀ˣ and the density at x.
fn integral(c: &Profile, x: f64) -> (f64, f64) {
    let t = 2.0 * x - 1.0;
    let p = legendre(t);
    let mut sum = c[0] * x;
    let mut density = c[0];
    for l in 1..N {
        sum += 0.5 * c[l] * (p[l + 1] - p[l - 1]) / (2 * l + 1) as f64;
        density += c[l] * p[l];
    }
    (sum, density)
}

/// F(x) of a density.
fn share(values: &Profile, x: f64) -> f64 {
    let c = expand(values);
    (integral(&c, x).0 / c[0]).clamp(0.0, 1.0)
}

/// The x with F(x) = u, by Newton's method between bounds.
fn inverse(values: &Profile, u: f64) -> f64 {
    let c = expand(values);
    let (mut low, mut high) = (0.0, 1.0);
    let mut x = u;
    for _ in 0..60 {
        let (sum, density) = integral(&c, x);
        let excess = sum - u * c[0];
        if excess > 0.0 {
            high = x;
        } else {
            low = x;
        }
        let mut next = x - excess / density;
        if !(next > low && next < high) {
            next = 0.5 * (low + high);
        }
        let step = (next - x).abs();
        x = next;
        if step < 1e-15 {
            break;
        }
    }
    x
}

impl Element {
    fn weighted(&self, cube: [f64; 3]) -> f64 {
        let (xi, ratio) = Self::fold(self.kind, cube);
        self.density(xi) * ratio
    }

    /// ρ as a function of direction `axis`, with the directions before it fixed and those behind it integrated over.
    pub(super) fn profile(&self, cube: [f64; 3], axis: usize) -> Profile {
        let tables = &*TABLES;
        // The area of a curved facet in space is no polynomial.
        let inner = if self.flat() { &tables.three } else { &tables.six };
        let d = self.kind.dimension();
        std::array::from_fn(|i| {
            let mut at = cube;
            at[axis] = tables.six[i].0;
            match d - axis {
                1 => self.weighted(at),
                2 => inner
                    .iter()
                    .map(|(b, w)| {
                        at[axis + 1] = *b;
                        w * self.weighted(at)
                    })
                    .sum(),
                _ => {
                    let mut sum = 0.0;
                    for (b, v) in inner {
                        for (c, w) in inner {
                            sum += v * w * self.weighted([at[0], *b, *c]);
                        }
                    }
                    sum
                }
            }
        })
    }

    /// The measure that belongs to a profile.
    pub(super) fn total(profile: &Profile) -> f64 {
        TABLES.six.iter().zip(profile).map(|((_, w), v)| w * v).sum()
    }

    /// Reference coordinates of the point with the given numbers.
    pub(super) fn spread(&self, first: Option<&Profile>, unit: [f64; 3]) -> [f64; 3] {
        let d = self.kind.dimension();
        let mut cube = unit;
        match first {
            None => {
                let [a, b, c] = unit;
                cube = match self.kind.parts().0 {
                    Family::Triangle | Family::Wedge => [1.0 - (1.0 - a).sqrt(), b, c],
                    Family::Tetrahedron => [1.0 - (1.0 - a).cbrt(), 1.0 - (1.0 - b).sqrt(), c],
                    _ => unit,
                };
            }
            Some(first) => {
                for axis in 0..d {
                    cube[axis] = match axis {
                        0 => inverse(first, unit[0]),
                        _ => inverse(&self.profile(cube, axis), unit[axis]),
                    };
                }
            }
        }
        let (mut xi, _) = Self::fold(self.kind, cube);
        xi[d..].fill(0.0);
        xi
    }

    /// The numbers of a point of the folded cube; [`Element::spread`] leads back to it.
    pub(super) fn gather(&self, first: Option<&Profile>, cube: [f64; 3]) -> [f64; 3] {
        let [a, b, c] = cube;
        match first {
            None => match self.kind.parts().0 {
                Family::Triangle | Family::Wedge => [1.0 - (1.0 - a).powi(2), b, c],
                Family::Tetrahedron => [1.0 - (1.0 - a).powi(3), 1.0 - (1.0 - b).powi(2), c],
                _ => cube,
            },
            Some(first) => {
                let mut unit = cube;
                for axis in 0..self.kind.dimension() {
                    unit[axis] = match axis {
                        0 => share(first, a),
                        _ => share(&self.profile(cube, axis), cube[axis]),
                    };
                }
                unit
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::CellKind;
    use super::*;

    pub(crate) fn bent(kind: CellKind) -> Element {
        let d = kind.dimension();
        let points: Vec<[f64; 3]> = kind
            .reference()
            .nodes
            .iter()
            .map(|x| {
                let bend = [
                    0.2 * x[1] * x[1] + 0.2 * x[0] * x[1],
                    0.1 * x[0] * x[2] + 0.2 * x[0] * x[0],
                    -0.1 * x[0] * x[1],
                ];
                std::array::from_fn(|j| if j < d { x[j] + bend[j] } else { 0.0 })
            })
            .collect();
        let list: Vec<u32> = (0..kind.nodes() as u32).collect();
        Element::new(kind, d, &points, &list, 1.0)
    }

    #[test]
    fn gather_is_the_inverse_of_spread_and_the_density_is_that_of_the_map() {
        for kind in CellKind::ALL.into_iter().filter(|kind| kind.dimension() > 0) {
            let d = kind.dimension();
            let element = bent(kind);
            let profile = element.profile([0.0; 3], 0);
            let measure = Element::total(&profile);
            let cube = [0.3, 0.62, 0.17];
            let unit = element.gather(Some(&profile), cube);
            let (xi, _) = Element::fold(kind, cube);
            let back = element.spread(Some(&profile), unit);
            for j in 0..d {
                assert!((back[j] - xi[j]).abs() < 1e-13, "{kind:?}");
            }
            // ∂x/∂unit has the determinant of the measure: central differences of order 2.
            let h = 1e-4;
            let columns: Vec<[f64; 3]> = (0..3)
                .map(|k| {
                    if k >= d {
                        return std::array::from_fn(|j| f64::from(u8::from(j == k)));
                    }
                    let moved = |sign: f64| {
                        let mut unit = unit;
                        unit[k] += sign * h;
                        element.map(element.spread(Some(&profile), unit)).0
                    };
                    let (up, down) = (moved(1.0), moved(-1.0));
                    std::array::from_fn(|j| (up[j] - down[j]) / (2.0 * h))
                })
                .collect();
            let columns = [columns[0], columns[1], columns[2]];
            let determinant = element.determinant(&columns);
            assert!(
                (determinant / measure - 1.0).abs() < 1e-6,
                "{kind:?} {determinant} {measure}"
            );
        }
    }
}
