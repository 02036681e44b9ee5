//! Interval, rectangle and cuboid: boxes along the axes.

use std::f64::consts::FRAC_PI_2;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chart::divide;
use super::{Chart, Corner, Face, Point, Shape};
use crate::jet::Scalar;
use crate::path;
use crate::quantity::{Expression, Path, Values};

/// A line segment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// Lower end, m.
    pub min: Expression,
    /// Upper end, m.
    pub max: Expression,
}

/// A rectangle along the axes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rectangle {
    /// Lower left corner (x, y), m.
    pub min: (Expression, Expression),
    /// Upper right corner (x, y), m.
    pub max: (Expression, Expression),
}

/// A box along the axes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cuboid {
    /// Lowest corner (x, y, z), m.
    pub min: (Expression, Expression, Expression),
    /// Highest corner (x, y, z), m.
    pub max: (Expression, Expression, Expression),
}

impl Interval {
    pub(super) fn shape(&self, at: &Path, values: &mut Values<'_>) -> Option<AxisBox> {
        build(&[&self.min], &[&self.max], at, values)
    }
}

impl Rectangle {
    pub(super) fn shape(&self, at: &Path, values: &mut Values<'_>) -> Option<AxisBox> {
        build(&[&self.min.0, &self.min.1], &[&self.max.0, &self.max.1], at, values)
    }
}

impl Cuboid {
    pub(super) fn shape(&self, at: &Path, values: &mut Values<'_>) -> Option<AxisBox> {
        build(
            &[&self.min.0, &self.min.1, &self.min.2],
            &[&self.max.0, &self.max.1, &self.max.2],
            at,
            values,
        )
    }
}

fn build(min: &[&Expression], max: &[&Expression], at: &Path, values: &mut Values<'_>) -> Option<AxisBox> {
    let d = min.len();
    let place = |key: &str, j: usize| {
        if d == 1 { path![at; key] } else { path![at; key, j] }
    };
    let (mut low, mut high) = ([0.0; 3], [0.0; 3]);
    let mut complete = true;
    for j in 0..d {
        let a = values.number(min[j], &place("min", j));
        let b = values.number(max[j], &place("max", j));
        if let (Some(a), Some(b)) = (a, b) {
            (low[j], high[j]) = (a, b);
            if a >= b {
                values.fault(
                    &place("max", j),
                    format!("max = {b} must be greater than min = {a}"),
                    Some("exchange `min` and `max`".into()),
                );
                complete = false;
            }
        } else {
            complete = false;
        }
    }
    complete.then(|| AxisBox::new(d, low, high))
}

/// ξ_j = (x_j − min_j)/(max_j − min_j).
#[derive(Clone, Debug)]
pub(super) struct AxisBox {
    dimension: usize,
    min: [f64; 3],
    max: [f64; 3],
}

impl AxisBox {
    pub(super) fn new(dimension: usize, min: [f64; 3], max: [f64; 3]) -> Self {
        Self { dimension, min, max }
    }

    fn length(&self, j: usize) -> f64 {
        self.max[j] - self.min[j]
    }

    fn lengths(&self) -> Vec<f64> {
        (0..self.dimension).map(|j| self.length(j)).collect()
    }
}

impl Chart for AxisBox {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn faces(&self) -> Vec<Face> {
        let names: &[&'static str] = match self.dimension {
            1 => &["left", "right"],
            2 => &["left", "right", "bottom", "top"],
            _ => &["left", "right", "front", "back", "bottom", "top"],
        };
        names
            .iter()
            .enumerate()
            .map(|(i, &name)| Face {
                name,
                axis: i / 2,
                high: i % 2 == 1,
            })
            .collect()
    }

    fn bounds(&self) -> ([f64; 3], [f64; 3]) {
        (self.min, self.max)
    }

    fn measure(&self) -> f64 {
        self.lengths().iter().product()
    }

    fn face_measure(&self, face: Face) -> f64 {
        (0..self.dimension)
            .filter(|j| *j != face.axis)
            .map(|j| self.length(j))
            .product()
    }

    fn scaled(&self, factor: f64) -> Box<dyn Shape> {
        Box::new(Self::new(
            self.dimension,
            self.min.map(|v| v * factor),
            self.max.map(|v| v * factor),
        ))
    }

    fn map(&self, xi: Point) -> Point {
        let mut x = xi;
        for j in 0..self.dimension {
            x[j] = xi[j].scale(self.length(j)).offset(self.min[j]);
        }
        x
    }

    fn inverse(&self, x: Point) -> Point {
        let mut xi = x;
        for j in 0..self.dimension {
            xi[j] = x[j].offset(-self.min[j]).scale(1.0 / self.length(j));
        }
        xi
    }

    fn corners(&self) -> Vec<Corner> {
        if self.dimension != 2 {
            return Vec::new();
        }
        let ([x0, y0, _], [x1, y1, _]) = (self.min, self.max);
        let sides = [
            ([x0, y0], ["bottom", "left"]),
            ([x1, y0], ["right", "bottom"]),
            ([x1, y1], ["top", "right"]),
            ([x0, y1], ["left", "top"]),
        ];
        let corner = |(quarter, ([x, y], faces)): (usize, ([f64; 2], [&'static str; 2]))| Corner {
            place: [x, y, 0.0],
            angle: FRAC_PI_2,
            direction: quarter as f64 * FRAC_PI_2,
            faces,
        };
        sides.into_iter().enumerate().map(corner).collect()
    }

    fn divisions(&self, cells: usize) -> [usize; 3] {
        divide(&self.lengths(), cells)
    }
}
