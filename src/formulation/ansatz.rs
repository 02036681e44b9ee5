//! The ansatz u_c = g_c + D_c·s_c·N_c: prescribed values hold exactly, whatever the network N is.
//!
//! g_c takes the prescribed values: on one face it is their constant extension along the box coordinate; on two opposite
//! faces their linear blend P_a; on faces of several axes the Boolean sum P_a ⊕ P_b = P_a + P_b − P_a·P_b (transfinite
//! interpolation; Gordon & Hall, *Int. J. Numer. Meth. Eng.* 7 (1973) 461). The start of a transient problem is a face
//! like any other. D_c is the product of the faces' distances, each at most about 1.
//!
//! Values are read on their own face only: a formula that happens to be the exact solution tells nothing inside.

use smallvec::SmallVec;

use crate::geometry::{Chart, Face, Point, Shape};
use crate::jet::{Channels, CoordinateJet, Order, Scalar};
use crate::quantity::{Field, scales};

/// A boundary or the initial state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A boundary.
    Face(Face),
    /// t = 0.
    Initial,
}

impl Place {
    /// Its name in problem files and reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Face(face) => face.name,
            Self::Initial => "initial",
        }
    }

    /// Its box axis; time is axis 3.
    pub fn axis(&self) -> usize {
        match self {
            Self::Face(face) => face.axis,
            Self::Initial => 3,
        }
    }

    fn high(&self) -> bool {
        matches!(self, Self::Face(face) if face.high)
    }
}

/// A component's prescribed value on a place.
#[derive(Clone, Debug)]
pub struct HardFace {
    /// Where.
    pub place: Place,
    /// The value, dimensionless.
    pub value: Field,
}

/// The ansatz of all components.
#[derive(Clone, Debug)]
pub struct Ansatz {
    /// The prescribed faces per component, `[m]`.
    pub hard: Vec<Vec<HardFace>>,
    /// s, `[heads·m]`: the size of the field, so that the network's outputs are O(1).
    pub scale: Vec<f64>,
}

/// Most channels of a jet: value, four first and six second derivatives.
pub(super) const MOST: usize = 11;

/// g and D of one component at a point.
pub(super) struct Frame {
    pub(super) lift: CoordinateJet,
    pub(super) distance: CoordinateJet,
}

impl Ansatz {
    /// No prescribed values; unit scales. Every region has a head of its own, which gives all components there.
    pub fn new(components: usize, heads: usize) -> Self {
        Self {
            hard: vec![Vec::new(); components],
            scale: vec![1.0; components * heads],
        }
    }

    pub(super) fn frame(&self, shape: &dyn Shape, component: usize, x: &[CoordinateJet; 4]) -> Frame {
        let hard = &self.hard[component];
        let space: Point = [x[0], x[1], x[2]];
        let mut distance = CoordinateJet::constant(1.0);
        for face in hard {
            distance = distance
                * match face.place {
                    Place::Face(side) => shape.distance(side, space),
                    Place::Initial => x[3],
                };
        }
        Frame {
            lift: lift(shape, hard, x),
            distance,
        }
    }

    /// Rewrites a linear form A of the field's jets as one of the network's: C = A·T with u = g + D·s·N.
    ///
    /// `form` is `[R, sides·m, K]` over the jets of u on one or both sides of an interface and becomes the form over the jets of N of
    /// their `heads`, `[sides]`; the part of g is subtracted from `rhs`, `[R]`.
    pub fn substitute(
        &self,
        shape: &dyn Shape,
        x: &[f64; 4],
        heads: &[usize],
        channels: Channels,
        form: &mut [f64],
        rhs: &mut [f64],
    ) {
        let m = self.hard.len();
        let k = channels.count();
        let point = scales::seed(*x);
        let mut lift = [0.0; MOST];
        for component in 0..self.hard.len() {
            let frame = self.frame(shape, component, &point);
            lift[..k].fill(0.0);
            frame.lift.write(channels, &mut lift[..k]);
            for (row, rhs) in rhs.iter_mut().enumerate() {
                for (side, head) in heads.iter().enumerate() {
                    let at = ((row * heads.len() + side) * m + component) * k;
                    let a = &mut form[at..at + k];
                    *rhs -= a.iter().zip(&lift).map(|(a, g)| a * g).sum::<f64>();
                    transpose_product(channels, &frame.distance, self.scale[head * m + component], a);
                }
            }
        }
    }

    /// The jets of the field from those of one head of the network, in place; `jets` is `[m, K]`.
    pub fn apply(&self, shape: &dyn Shape, x: &[f64; 4], head: usize, channels: Channels, jets: &mut [f64]) {
        let k = channels.count();
        let point = scales::seed(*x);
        let mut lift = [0.0; MOST];
        for (component, jet) in jets.chunks_mut(k).enumerate() {
            let frame = self.frame(shape, component, &point);
            frame.lift.write(channels, &mut lift[..k]);
            product(
                channels,
                &frame.distance,
                self.scale[head * self.hard.len() + component],
                jet,
            );
            jet.iter_mut().zip(&lift).for_each(|(u, g)| *u += g);
        }
    }
}

/// The Boolean sum over the axes that carry prescribed faces.
fn lift(shape: &dyn Shape, hard: &[HardFace], x: &[CoordinateJet; 4]) -> CoordinateJet {
    let Some(chart) = shape.chart().filter(|chart| chart.extends()) else {
        return blended(shape, hard, x);
    };
    let mut axes: SmallVec<[usize; 8]> = hard.iter().map(|face| face.place.axis()).collect();
    axes.sort_unstable();
    axes.dedup();
    if let [face] = hard
        && (face.value.as_constant().is_some() || !extends(shape, face.place))
    {
        return face.value.at(x);
    }
    if axes.is_empty() {
        return CoordinateJet::constant(0.0);
    }
    // Equal constants on all faces extend to the same constant.
    if let Some(value) = hard[0].value.as_constant()
        && hard.iter().all(|face| face.value.as_constant() == Some(value))
    {
        return hard[0].value.at(x);
    }
    let mut xi = [CoordinateJet::constant(0.0); 4];
    xi[..3].copy_from_slice(&chart.inverse([x[0], x[1], x[2]]));
    xi[3] = x[3];
    let mut sum = CoordinateJet::constant(0.0);
    for subset in 1..1_usize << axes.len() {
        let chosen: SmallVec<[usize; 4]> = (0..axes.len())
            .filter(|i| subset >> i & 1 == 1)
            .map(|i| axes[i])
            .collect();
        let term = projected(chart, hard, &chosen, xi, None);
        sum = if chosen.len() % 2 == 1 { sum + term } else { sum - term };
    }
    sum
}

/// The lift without a chart, where values on boundaries are constant: F = Σ_G c_G·Π_{j∉G} φ_j / Σ_G Π_{j∉G} φ_j over the groups G of
/// faces with the same value c_G, φ their distances (transfinite interpolation; Rvachev, Sheiko, Shapiro & Tsukanov, *Comput.
/// Mech.* 27 (2001) 434). Groups do not meet, so that the sum does not vanish. A prescribed start u₀ is added as
/// u₀ − F at t = 0.
fn blended(shape: &dyn Shape, hard: &[HardFace], x: &[CoordinateJet; 4]) -> CoordinateJet {
    let mut groups: Vec<(&HardFace, CoordinateJet)> = Vec::new();
    let mut start = None;
    for face in hard {
        let Place::Face(side) = face.place else {
            start = Some(face);
            continue;
        };
        let distance = shape.distance(side, [x[0], x[1], x[2]]);
        match groups
            .iter_mut()
            .find(|(other, _)| other.value.as_constant() == face.value.as_constant())
        {
            Some((_, product)) => *product = *product * distance,
            None => groups.push((face, distance)),
        }
    }
    let boundary = |t: CoordinateJet| {
        let at = [x[0], x[1], x[2], t];
        if let [(face, _)] = groups.as_slice() {
            return face.value.at(&at);
        }
        let (mut sum, mut total) = (CoordinateJet::constant(0.0), CoordinateJet::constant(0.0));
        for (i, (face, _)) in groups.iter().enumerate() {
            let others = groups.iter().enumerate().filter(|(j, _)| *j != i);
            let weight = others.fold(CoordinateJet::constant(1.0), |product, (_, (_, d))| product * *d);
            sum = sum + weight * face.value.at(&at);
            total = total + weight;
        }
        if groups.is_empty() { sum } else { sum / total }
    };
    let lift = boundary(x[3]);
    match start {
        Some(start) => lift + start.value.at(x) - boundary(CoordinateJet::constant(0.0)),
        None => lift,
    }
}

/// Whether a face's values can be extended along its box coordinate: not from the rim of a full disk to its centre.
fn extends(shape: &dyn Shape, place: Place) -> bool {
    match place {
        Place::Face(face) => shape
            .faces()
            .iter()
            .any(|other| other.axis != face.axis || other.high != face.high),
        Place::Initial => true,
    }
}

/// P_a·P_b·… of the prescribed values: blended over the faces of the chosen axes, read at the point projected onto them.
/// Where several faces meet, the first axis says whose value is read; the values agree there.
fn projected(
    chart: &dyn Chart,
    hard: &[HardFace],
    axes: &[usize],
    xi: [CoordinateJet; 4],
    read: Option<&HardFace>,
) -> CoordinateJet {
    let Some((&axis, rest)) = axes.split_first() else {
        let space = chart.map([xi[0], xi[1], xi[2]]);
        return read.map_or(CoordinateJet::constant(0.0), |face| {
            face.value.at(&[space[0], space[1], space[2], xi[3]])
        });
    };
    let faces: SmallVec<[&HardFace; 2]> = hard.iter().filter(|face| face.place.axis() == axis).collect();
    let mut sum = CoordinateJet::constant(0.0);
    for face in &faces {
        let blend = match (faces.len(), face.place.high()) {
            (1, _) => CoordinateJet::constant(1.0),
            (_, false) => (-xi[axis]).offset(1.0),
            (_, true) => xi[axis],
        };
        let mut at = xi;
        at[axis] = CoordinateJet::constant(f64::from(u8::from(face.place.high())));
        sum = sum + blend * projected(chart, hard, rest, at, read.or(Some(face)));
    }
    sum
}

/// Jets of s·D·N from those of N, in place, by the product rule.
pub(super) fn product(channels: Channels, d: &CoordinateJet, s: f64, jet: &mut [f64]) {
    let mut n = [0.0; MOST];
    n[..jet.len()].copy_from_slice(jet);
    let value = n[0];
    let slope = |j: usize| d.gradient[if j == channels.space { 3 } else { j }];
    jet[0] = s * d.value * value;
    for j in 0..channels.firsts() {
        let c = channels.first(j);
        jet[c] = s * (d.value * n[c] + slope(j) * value);
    }
    match channels.order {
        Order::Value | Order::First => {}
        Order::Laplacian => {
            let c = channels.laplacian();
            let cross: f64 = (0..channels.space).map(|j| slope(j) * n[channels.first(j)]).sum();
            let curvature: f64 = (0..channels.space).map(|j| d.second(j, j)).sum();
            jet[c] = s * (d.value * n[c] + 2.0 * cross + curvature * value);
        }
        Order::Hessian => {
            for (j, k) in channels.pairs() {
                let c = channels.second(j, k);
                jet[c] = s
                    * (d.value * n[c]
                        + slope(j) * n[channels.first(k)]
                        + slope(k) * n[channels.first(j)]
                        + d.second(j, k) * value);
            }
        }
    }
}

/// The transpose of [`product`] applied to a linear form, in place.
pub(super) fn transpose_product(channels: Channels, d: &CoordinateJet, s: f64, form: &mut [f64]) {
    let mut a = [0.0; MOST];
    a[..form.len()].copy_from_slice(form);
    let slope = |j: usize| d.gradient[if j == channels.space { 3 } else { j }];
    form.iter_mut().zip(&a).for_each(|(f, a)| *f = s * d.value * a);
    for j in 0..channels.firsts() {
        form[0] += s * slope(j) * a[channels.first(j)];
    }
    match channels.order {
        Order::Value | Order::First => {}
        Order::Laplacian => {
            let a = s * a[channels.laplacian()];
            for j in 0..channels.space {
                form[channels.first(j)] += 2.0 * slope(j) * a;
                form[0] += d.second(j, j) * a;
            }
        }
        Order::Hessian => {
            for (j, k) in channels.pairs() {
                let a = s * a[channels.second(j, k)];
                form[channels.first(k)] += slope(j) * a;
                form[channels.first(j)] += slope(k) * a;
                form[0] += d.second(j, k) * a;
            }
        }
    }
}
