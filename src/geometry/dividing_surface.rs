//! Surfaces between the regions that conditions divide a shape into.

use super::Face;
use super::level_set::{Level, Piece, size};
use crate::mesh::intern;

/// A part of the surface of a level between two regions.
#[derive(Debug)]
pub(super) struct Surface {
    pub(super) name: &'static str,
    pub(super) sides: [usize; 2],
    /// The level that is 0 here.
    pub(super) level: usize,
    /// Whether the first side is inside of the level.
    pub(super) outwards: bool,
    pieces: Vec<Piece>,
    /// Sizes of the pieces up to and with each, by the whole.
    shares: Vec<f64>,
    pub(super) measure: f64,
}

impl Surface {
    /// None without a size.
    pub(super) fn new(
        name: &str,
        sides: [usize; 2],
        (index, outwards): (usize, bool),
        pieces: Vec<Piece>,
        levels: &[Option<Level>],
    ) -> Option<Self> {
        let level = levels[index].as_ref()?;
        let mut measure = 0.0;
        let sums: Vec<f64> = pieces
            .iter()
            .map(|piece| {
                measure += size(level, piece);
                measure
            })
            .collect();
        (measure > 0.0).then(|| Self {
            name: intern(name),
            sides,
            level: index,
            outwards,
            pieces,
            shares: sums.iter().map(|sum| sum / measure).collect(),
            measure,
        })
    }

    pub(super) fn face(&self) -> Face {
        Face {
            name: self.name,
            axis: 0,
            high: false,
        }
    }

    /// The point of the flat pieces that numbers of the unit square stand for.
    pub(super) fn place(&self, unit: [f64; 3]) -> [f64; 3] {
        let index = self
            .shares
            .partition_point(|share| *share <= unit[0])
            .min(self.pieces.len() - 1);
        let start = if index > 0 { self.shares[index - 1] } else { 0.0 };
        let within = ((unit[0] - start) / (self.shares[index] - start)).clamp(0.0, 1.0);
        let mix = |weights: &[f64]| -> [f64; 3] {
            let corners = || self.pieces[index].iter().zip(weights);
            std::array::from_fn(|j| corners().map(|(x, w)| w * x[j]).sum())
        };
        match self.pieces[index].len() {
            1 => mix(&[1.0]),
            2 => mix(&[1.0 - within, within]),
            _ => {
                let s = within.sqrt();
                mix(&[1.0 - s, s * (1.0 - unit[1]), s * unit[1]])
            }
        }
    }

    /// Numbers of the unit square with weights: a rule on every piece.
    pub(super) fn rule(&self, order: usize) -> Vec<([f64; 3], f64)> {
        let gauss = crate::sampler::gauss_legendre(order);
        let across = if self.pieces[0].len() > 2 {
            gauss.clone()
        } else {
            vec![(0.5, 1.0)]
        };
        let along = if self.pieces[0].len() > 1 {
            gauss
        } else {
            vec![(0.5, 1.0)]
        };
        let mut points = Vec::new();
        let mut start = 0.0;
        for share in &self.shares {
            for (s, v) in &along {
                for (t, w) in &across {
                    points.push(([start + s * (share - start), *t, 0.5], v * w * (share - start)));
                }
            }
            start = *share;
        }
        points
    }
}
