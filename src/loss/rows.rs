//! Residuals of one kind of point, as linear forms of the network's jet.
//!
//! Every equation and condition here is affine in the field, and the field is affine in the network (u = g + D·N), so
//! the residual at a point is r = C·j − d with the network's jet j. C and d do not change while the network trains: they are
//! made once per point set, and a training step does no physics at all.

use crate::jet::Channels;
use crate::jet::real::Real;

/// n points with R residuals each: r_i = C_i·j_i − d_i, loss = Σ_i w_i·|r_i|².
#[derive(Clone, Debug)]
pub struct Rows<F> {
    /// The derivatives that the residuals need.
    pub channels: Channels,
    /// Number of points n.
    pub points: usize,
    /// Residuals per point R.
    pub residuals: usize,
    /// Field components m.
    pub components: usize,
    /// Coordinates, dimensionless, `[n, D]`.
    pub x: Vec<F>,
    /// C, `[n, R, m, K]`.
    pub coefficients: Vec<F>,
    /// d, `[n, R]`.
    pub rhs: Vec<F>,
    /// w, `[n]`.
    pub weights: Vec<F>,
}

impl<F: Real> Rows<F> {
    /// No points yet, with room for `capacity`.
    pub fn with_capacity(channels: Channels, residuals: usize, components: usize, capacity: usize) -> Self {
        Self {
            channels,
            points: 0,
            residuals,
            components,
            x: Vec::with_capacity(capacity * channels.coordinates()),
            coefficients: Vec::with_capacity(capacity * residuals * components * channels.count()),
            rhs: Vec::with_capacity(capacity * residuals),
            weights: Vec::with_capacity(capacity),
        }
    }

    /// Length of one point's coefficients, R·m·K.
    pub fn stride(&self) -> usize {
        self.residuals * self.components * self.channels.count()
    }

    /// Multiplies all weights.
    pub fn scale(&mut self, factor: F) {
        self.weights.iter_mut().for_each(|w| *w *= factor);
    }

    /// The points with the given indices, converted, their weights times `factor`.
    pub fn gather<G: Real>(&self, indices: &[usize], factor: f64) -> Rows<G> {
        let mut out = Rows::with_capacity(self.channels, self.residuals, self.components, indices.len());
        let convert = |v: &F| G::of(v.double());
        let (d, stride) = (self.channels.coordinates(), self.stride());
        for &i in indices {
            out.x.extend(self.x[i * d..(i + 1) * d].iter().map(convert));
            out.coefficients
                .extend(self.coefficients[i * stride..(i + 1) * stride].iter().map(convert));
            out.rhs.extend(
                self.rhs[i * self.residuals..(i + 1) * self.residuals]
                    .iter()
                    .map(convert),
            );
            out.weights.push(G::of(self.weights[i].double() * factor));
        }
        out.points = indices.len();
        out
    }
}
