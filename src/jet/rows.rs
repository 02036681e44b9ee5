//! Residuals of one kind of point, as functions of the network's jet.
//!
//! Where equation and condition are affine in the field, and the field is affine in the network (u = g + D·N), the residual at a
//! point is r = C·j − d with the network's jet j. C and d do not change while the network trains: they are
//! made once per point set, and a training step does no physics at all.
//!
//! Where they are smooth, the residual is linearised at the jets at hand ([`SmoothRows`]): C := ∂r/∂j and d := C·j − r, so that
//! C·j − d = r. What reads C and d works on both kinds alike; [`Rows::frozen`] gives affine rows of one field.

use rayon::prelude::*;

use super::SmoothRows;
use crate::jet::Channels;
use crate::jet::real::Real;

/// n points with R residuals each: r_i = C_i·j_i − d_i, loss = Σ_i w_i·(|r_i|² − l_i·j_i); l is 0 but for energies.
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
    /// l, `[n, m, K]`; empty where it is 0.
    pub linear: Vec<F>,
    /// The residuals of smooth rows, whose C and d are empty.
    pub smooth: Option<SmoothRows>,
}

/// A range of the points of some rows.
#[derive(Debug)]
pub struct Span<'a, F> {
    /// The rows.
    pub rows: &'a Rows<F>,
    /// The first point.
    pub start: usize,
    /// How many points follow from there.
    pub points: usize,
}

impl<F> Clone for Span<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F> Copy for Span<'_, F> {}

impl<'a, F> From<&'a Rows<F>> for Span<'a, F> {
    fn from(rows: &'a Rows<F>) -> Self {
        Self {
            rows,
            start: 0,
            points: rows.points,
        }
    }
}

impl<F: Real> Rows<F> {
    /// No points yet of affine rows, with room for `capacity`.
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
            linear: Vec::new(),
            smooth: None,
        }
    }

    /// No points yet of the same kind, with room for `capacity`.
    pub fn like<G: Real>(&self, capacity: usize) -> Rows<G> {
        let capacity_of_forms = if self.smooth.is_some() { 0 } else { capacity };
        let mut rows = Rows::with_capacity(self.channels, self.residuals, self.components, capacity_of_forms);
        rows.smooth = self.smooth.as_ref().map(SmoothRows::empty);
        rows
    }

    /// Length of one point's coefficients, R·m·K.
    pub fn stride(&self) -> usize {
        self.residuals * self.components * self.channels.count()
    }

    /// Length of one point's linear form, m·K.
    pub fn width(&self) -> usize {
        self.components * self.channels.count()
    }

    /// The linear form l of a point; none where it is 0.
    pub fn linear(&self, point: usize) -> Option<&[F]> {
        let width = self.width();
        self.linear.get(point * width..(point + 1) * width)
    }

    /// Multiplies all weights.
    pub fn scale(&mut self, factor: F) {
        self.weights.iter_mut().for_each(|w| *w *= factor);
    }

    /// The points with the given indices, converted, their weights times `factor`.
    pub fn gather<G: Real>(&self, indices: &[usize], factor: f64) -> Rows<G> {
        let mut out = self.like(indices.len());
        self.gather_to(indices, |_| factor, &mut out);
        out
    }

    /// Appends the points with the given indices, converted, the weight of the k-th times `factor(k)`.
    pub fn gather_to<G: Real>(&self, indices: &[usize], factor: impl Fn(usize) -> f64, out: &mut Rows<G>) {
        let convert = |v: &F| G::of(v.double());
        let (d, stride) = (self.channels.coordinates(), self.stride());
        for (k, &i) in indices.iter().enumerate() {
            out.x.extend(self.x[i * d..(i + 1) * d].iter().map(convert));
            match (&self.smooth, &mut out.smooth) {
                (Some(own), Some(out)) => out.data.extend_from_slice(own.point(i)),
                _ => {
                    out.coefficients
                        .extend(self.coefficients[i * stride..(i + 1) * stride].iter().map(convert));
                    out.rhs.extend(
                        self.rhs[i * self.residuals..(i + 1) * self.residuals]
                            .iter()
                            .map(convert),
                    );
                }
            }
            out.weights.push(G::of(self.weights[i].double() * factor(k)));
            if !self.linear.is_empty() {
                let width = self.width();
                out.linear
                    .extend(self.linear[i * width..(i + 1) * width].iter().map(convert));
            }
        }
        out.points += indices.len();
    }

    /// Appends the points of other rows of the same kind.
    pub fn append(&mut self, other: &Self) {
        self.x.extend_from_slice(&other.x);
        self.coefficients.extend_from_slice(&other.coefficients);
        self.rhs.extend_from_slice(&other.rhs);
        self.weights.extend_from_slice(&other.weights);
        self.linear.extend_from_slice(&other.linear);
        if let (Some(own), Some(other)) = (&mut self.smooth, &other.smooth) {
            own.data.extend_from_slice(&other.data);
        }
        self.points += other.points;
    }

    /// The same rows in another precision.
    pub fn convert<G: Real>(&self) -> Rows<G> {
        self.slice(0, self.points)
    }

    /// The points `start..end` in another precision.
    pub fn slice<G: Real>(&self, start: usize, end: usize) -> Rows<G> {
        let convert = |values: &[F], width: usize| {
            if values.is_empty() {
                return Vec::new();
            }
            let part = &values[start * width..end * width];
            part.iter().map(|v| G::of(v.double())).collect()
        };
        Rows {
            channels: self.channels,
            points: end - start,
            residuals: self.residuals,
            components: self.components,
            x: convert(&self.x, self.channels.coordinates()),
            coefficients: convert(&self.coefficients, self.stride()),
            rhs: convert(&self.rhs, self.residuals),
            weights: convert(&self.weights, 1),
            linear: convert(&self.linear, self.width()),
            smooth: self.smooth.as_ref().map(|smooth| smooth.slice(start, end)),
        }
    }

    /// Affine rows at the field that the ansatz has without the network.
    #[must_use]
    pub fn at_lift(self) -> Self {
        match self.smooth {
            Some(_) => self.frozen(&vec![F::ZERO; self.points * self.width()]),
            None => self,
        }
    }

    /// Affine rows that have the residuals and the tangents of these at the network's jets `jets`, `[n, m, K]`; affine rows stay as
    /// they are.
    #[must_use]
    pub fn frozen(&self, jets: &[F]) -> Self {
        let Some(smooth) = &self.smooth else {
            return self.clone();
        };
        let (r, width, stride) = (self.residuals, self.width(), self.stride());
        let mut rows = Self {
            coefficients: vec![F::ZERO; self.points * stride],
            rhs: vec![F::ZERO; self.points * r],
            smooth: None,
            x: self.x.clone(),
            weights: self.weights.clone(),
            linear: self.linear.clone(),
            ..*self
        };
        let forms = rows.coefficients.par_chunks_mut(stride).zip(rows.rhs.par_chunks_mut(r));
        forms.enumerate().for_each_init(
            || (Vec::new(), vec![0.0; r], vec![0.0; stride], vec![0.0; width]),
            |(scratch, residual, tangent, jet), (i, (coefficients, rhs))| {
                let given = &jets[i * width..(i + 1) * width];
                jet.iter_mut().zip(given).for_each(|(jet, v)| *jet = v.double());
                smooth
                    .residual
                    .linearise(smooth.point(i), jet, scratch, residual, tangent);
                for (row, (rhs, form)) in rhs.iter_mut().zip(tangent.chunks(width)).enumerate() {
                    let image: f64 = form.iter().zip(&*jet).map(|(c, j)| c * j).sum();
                    *rhs = F::of(image - residual[row]);
                }
                coefficients.iter_mut().zip(&*tangent).for_each(|(c, v)| *c = F::of(*v));
            },
        );
        rows
    }

    /// Bytes per point.
    pub fn point_bytes(channels: Channels, residuals: usize, components: usize) -> usize {
        (channels.coordinates() + residuals * (1 + components * channels.count()) + 1) * size_of::<F>()
    }
}
