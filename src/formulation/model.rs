//! The dimensionless problem that rows are made from.

use std::sync::Arc;

use rayon::prelude::*;

use super::{Ansatz, BoundaryTerm, Formulation, Place};
use crate::condition::BoundaryPoint;
use crate::equation::Equation;
use crate::geometry::{Face, Shape, SurfacePoint};
use crate::sampler::{PointSet, SamplerKind};

/// How far inside of a boundary point its region is asked for, by the size of the domain.
const INWARDS: f64 = 1e-7;

/// A boundary value problem, dimensionless throughout: an equation on a domain, and what holds on the domain's boundaries.
#[derive(Clone, Debug)]
pub struct Model {
    /// The domain by the length scale.
    pub shape: Arc<dyn Shape>,
    /// The equation.
    pub equation: Arc<dyn Equation>,
    /// Values that hold exactly.
    pub ansatz: Ansatz,
    /// Conditions that enter the loss.
    pub terms: Vec<BoundaryTerm>,
    /// The axes along which the domain and the field repeat.
    pub periodic: Vec<usize>,
    /// Whether time is a coordinate; it then runs over [0, 1].
    pub transient: bool,
    /// What is minimised.
    pub formulation: Formulation,
}

impl Model {
    /// Names of the loss terms, interior first.
    pub fn term_names(&self) -> Vec<String> {
        let mut names = vec!["interior".to_string()];
        names.extend(self.terms.iter().map(|term| term.name()));
        names
    }

    /// Whether any residual is a smooth function of the field instead of an affine one.
    pub fn nonlinear(&self) -> bool {
        let equation = self.equation.as_ref();
        equation.nonlinear() || self.terms.iter().any(|term| term.condition.nonlinear(equation))
    }

    /// Residuals per point of a term; term 0 is the interior, the others are [`Model::terms`].
    pub fn residuals(&self, term: usize) -> usize {
        match term {
            0 => self.equation.residuals(),
            _ => self.terms[term - 1].condition.residuals(),
        }
    }

    /// Rows per point of a term in the model's formulation.
    pub fn rows_per_point(&self, term: usize) -> usize {
        match (term, self.formulation) {
            (0, Formulation::Energy) => self.equation.energy_rows(),
            _ => self.residuals(term),
        }
    }

    /// Numbers that the network gives per point: every region has a head of its own for all components.
    pub fn outputs(&self) -> usize {
        self.equation.components() * self.equation.parts()
    }

    /// The region of a point; 0 if there is only one.
    pub fn region(&self, x: &[f64; 4]) -> usize {
        match self.equation.parts() {
            1 => 0,
            _ => self.shape.region([x[0], x[1], x[2]]),
        }
    }

    /// The regions of points.
    pub fn regions_of(&self, points: &[[f64; 4]]) -> Vec<usize> {
        points.par_iter().map(|x| self.region(x)).collect()
    }

    /// The region that a boundary point belongs to: a little inwards of it.
    fn region_inside(&self, at: &BoundaryPoint) -> usize {
        let mut x = at.x;
        x.iter_mut().zip(at.normal).for_each(|(x, n)| *x -= INWARDS * n);
        self.region(&x)
    }

    /// The coordinates that exist, of (x, y, z, t).
    pub fn coordinates(&self, x: &[f64; 4]) -> Vec<f64> {
        let mut coordinates = x[..self.shape.dimension()].to_vec();
        if self.transient {
            coordinates.push(x[3]);
        }
        coordinates
    }

    /// Lower and upper bounds of the coordinates that exist.
    pub fn bounds(&self) -> (Vec<f64>, Vec<f64>) {
        let (min, max) = self.shape.bounds();
        let end = f64::from(u8::from(self.transient));
        (
            self.coordinates(&[min[0], min[1], min[2], 0.0]),
            self.coordinates(&[max[0], max[1], max[2], end]),
        )
    }

    /// The point of the domain that belongs to numbers of the unit cube, uniform in space and time.
    pub fn interior_point(&self, unit: [f64; 4]) -> [f64; 4] {
        // Time takes the coordinate after the last of space, so that low-dimensional sets stay even.
        let x = self.shape.interior_point([unit[0], unit[1], unit[2]]);
        let t = if self.transient {
            unit[self.shape.dimension()]
        } else {
            0.0
        };
        [x[0], x[1], x[2], t]
    }

    /// The point of a boundary or of the initial state that belongs to numbers of the unit cube, uniform.
    pub fn boundary_point(&self, place: Place, unit: [f64; 4]) -> BoundaryPoint {
        let mut point = match place {
            Place::Initial => {
                let x = self.shape.interior_point([unit[0], unit[1], unit[2]]);
                BoundaryPoint {
                    x: [x[0], x[1], x[2], 0.0],
                    normal: [0.0; 3],
                    region: 0,
                }
            }
            Place::Face(face) => face_point(self.shape.as_ref(), face, unit, self.transient),
        };
        point.region = self.region_inside(&point);
        point
    }

    /// n points of the domain, uniform in space and time.
    pub fn interior_points(&self, sampler: SamplerKind, n: usize, seed: u64) -> Vec<[f64; 4]> {
        let set = PointSet::new(sampler, n, self.axes(0), seed);
        set.points().into_iter().map(|unit| self.interior_point(unit)).collect()
    }

    /// n points of a boundary or of the initial state, uniform.
    pub fn boundary_points(&self, place: Place, sampler: SamplerKind, n: usize, seed: u64) -> Vec<BoundaryPoint> {
        let set = PointSet::new(sampler, n, self.place_axes(place), seed);
        set.points()
            .into_iter()
            .map(|unit| self.boundary_point(place, unit))
            .collect()
    }

    /// How many numbers of the unit cube a point of a place takes.
    pub fn place_axes(&self, place: Place) -> usize {
        match place {
            Place::Initial => self.shape.dimension(),
            Place::Face(_) => self.shape.dimension() - 1 + usize::from(self.transient),
        }
    }

    /// How many numbers of the unit cube a point of a term takes; term 0 is the interior, the others are [`Model::terms`].
    pub fn axes(&self, term: usize) -> usize {
        match term {
            0 => self.shape.dimension() + usize::from(self.transient),
            _ => self.place_axes(self.terms[term - 1].place),
        }
    }

    /// Length, area or volume that a term is a mean over.
    pub fn term_measure(&self, term: usize) -> f64 {
        match term {
            0 => self.shape.measure(),
            _ => match self.terms[term - 1].place {
                Place::Face(face) => self.shape.face_measure(face),
                Place::Initial => self.shape.measure(),
            },
        }
    }
}

/// A point of a face from four numbers of the unit cube: space takes the first ones, time the next.
pub fn face_point(shape: &dyn Shape, face: Face, unit: [f64; 4], time: bool) -> BoundaryPoint {
    let t = if time { unit[shape.dimension() - 1] } else { 0.0 };
    let SurfacePoint { x, normal } = shape.face_point(face, [unit[0], unit[1], unit[2]]);
    BoundaryPoint {
        x: [x[0], x[1], x[2], t],
        normal,
        region: 0,
    }
}
