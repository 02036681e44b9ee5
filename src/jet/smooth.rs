//! Residuals that are smooth functions of the network's jet: linearised where the network is, not once for all.

use std::fmt::Debug;
use std::sync::Arc;

/// A residual r(j) of the network's jet j at a point, with its tangent.
pub trait SmoothResidual: Debug + Send + Sync {
    /// The residual r and the tangent C = ∂r/∂j at the point that `data` describes.
    ///
    /// # Shapes
    /// `data` is `[width]` of [`SmoothRows`], `jet` is `[m, K]`, `residual` is `[R]`, `tangent` is `[R, m, K]`.
    fn linearise(&self, data: &[f64], jet: &[f64], scratch: &mut Vec<f64>, residual: &mut [f64], tangent: &mut [f64]);
}

/// The smooth residuals of some points, in place of C and d.
#[derive(Clone, Debug)]
pub struct SmoothRows {
    /// The residual of every point.
    pub residual: Arc<dyn SmoothResidual>,
    /// What it needs to know of a point, `[n, width]`.
    pub data: Vec<f64>,
    /// Numbers per point.
    pub width: usize,
}

impl SmoothRows {
    /// The same residual without points.
    pub fn empty(&self) -> Self {
        Self {
            residual: self.residual.clone(),
            data: Vec::new(),
            width: self.width,
        }
    }

    /// What is known of a point, `[width]`.
    pub fn point(&self, index: usize) -> &[f64] {
        &self.data[index * self.width..(index + 1) * self.width]
    }

    /// The points `start..end`.
    #[must_use]
    pub fn slice(&self, start: usize, end: usize) -> Self {
        Self {
            data: self.data[start * self.width..end * self.width].to_vec(),
            ..self.empty()
        }
    }
}
