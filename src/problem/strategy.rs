//! What a file that does not say how to train does.

use super::ProblemFile;
use crate::batch::Points;
use crate::condition::ConditionKind;
use crate::formulation::Formulation;
use crate::loss::Weights;
use crate::network::{NetworkKind, RandomFeatures};
use crate::training::{Adam, Decay, GaussNewton, LastLayer, Newton, SsBroyden, StageKind, UNKNOWNS};

/// A network and the stages that train it.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// The network.
    pub network: NetworkKind,
    /// Its training stages in order.
    pub stages: Vec<StageKind>,
    /// Relative residual on fresh points at which no further attempt is made.
    pub enough: f64,
    /// Interior points at least.
    pub points: usize,
    /// Whether the units of the attempt before are kept and others added where its solution is steep or wrong.
    pub enriches: bool,
}

/// What further features may improve on: errors of the field are then below 1e-6, some ten times smaller than the residual
/// (measured on the shipped problems).
const FINE: f64 = 1e-5;
/// The same of nonlinear problems, whose enriched features improve on it in a few more steps.
const FINEST: f64 = 1e-7;
/// The same after the first further features: errors were then below 1e-8 on the problems that were measured.
const FINER: f64 = 1e-6;
/// What training may improve on: it seldom gets far below.
pub const COARSE: f64 = 1e-3;
/// Above this the energy form follows where it can: singular fields left 0.08 to 0.5, smooth ones that want more features 1e-3.
pub const SINGULAR: f64 = 1e-2;
/// Above this, after the first attempt, the energy form follows at once where it can: more features took 0.71
/// to 0.32 and 1.4 to 1.1, not below [`SINGULAR`].
pub const HOPELESS: f64 = 0.2;

/// Interior points beyond which a linear solve over all of them takes longer than training on batches.
const MOST: usize = 1 << 16;

/// The attempts of a file in order, for a problem of D `coordinates` on a domain with `poles` holes, by networks with so
/// many `outputs`. One that says how to train makes a single one; one that
/// says how batches are drawn, or has a great many points, is trained.
///
/// A `wide` problem is one whose energy in space takes the products of `gram`; it is given twice the features. A `nonlinear` one takes
/// `Newton`; one that `changes_form` goes on to its energy instead of a trained network.
///
/// Otherwise random features come first, since one linear solve takes a second and leaves smooth solutions of linear
/// problems with errors far below any training; then more of them; then a trained network, which bends its features to
/// where the solution is steep.
pub fn attempts(
    file: &ProblemFile,
    coordinates: usize,
    poles: usize,
    outputs: usize,
    (wide, nonlinear, changes_form): (bool, bool, bool),
) -> Vec<Attempt> {
    let points = &file.points;
    let batches = Points {
        interior: points.interior,
        boundary: points.boundary,
        sampler: points.sampler,
        ..Points::default()
    };
    let drawn = *points != batches || points.interior > MOST;
    let features = |width| {
        NetworkKind::RandomFeatures(RandomFeatures {
            width,
            ..RandomFeatures::default()
        })
    };
    let last_layer = || match nonlinear {
        true => vec![StageKind::Newton(Newton::default())],
        false => vec![StageKind::LastLayer(LastLayer::default())],
    };
    let single = |network, stages| {
        vec![Attempt {
            network,
            stages,
            enough: 0.0,
            points: 0,
            enriches: false,
        }]
    };
    let [some, more] = match wide {
        true => WIDE,
        false => widths(coordinates, poles, outputs),
    };
    match (&file.network, file.training.as_deref()) {
        (Some(network), Some(stages)) => single(network.clone(), stages.to_vec()),
        (None, Some(stages @ [StageKind::LastLayer(_) | StageKind::Newton(_), ..])) => {
            single(features(some), stages.to_vec())
        }
        (None, Some(stages)) => single(NetworkKind::default(), stages.to_vec()),
        (Some(network @ NetworkKind::RandomFeatures(_)), None) => single(network.clone(), last_layer()),
        (Some(network @ NetworkKind::Mlp(_)), None) => single(network.clone(), trained()),
        (None, None) if drawn => single(NetworkKind::default(), trained()),
        (None, None) => {
            let attempt = |network: NetworkKind, stages, enough| Attempt {
                points: match &network {
                    NetworkKind::RandomFeatures(features) if wide => POINTS_PER_FEATURE * features.width,
                    NetworkKind::RandomFeatures(features) => FRESH * features.width,
                    NetworkKind::Mlp(_) => 0,
                },
                network,
                stages,
                enough,
                enriches: false,
            };
            let enriched = |width, enough| Attempt {
                enriches: true,
                ..attempt(features(width), last_layer(), enough)
            };
            let mut attempts = vec![attempt(features(some), last_layer(), FINE)];
            if nonlinear {
                attempts[0].enough = FINEST;
                attempts.push(enriched(more, FINER));
                attempts.push(enriched(2 * more, COARSE));
            } else {
                attempts.push(attempt(features(more), last_layer(), COARSE));
            }
            if file.formulation() != Formulation::Energy && !changes_form {
                attempts.push(attempt(NetworkKind::default(), trained(), 0.0));
            }
            attempts
        }
    }
}

/// Whether a file leaves it open to go on to the energy form, as far as the file alone tells: one that says neither how to train nor
/// what to minimise, of a steady problem.
pub fn changes_form(file: &ProblemFile) -> bool {
    let open = file.formulation.is_none() && file.network.is_none() && file.training.is_none();
    let plain = Points {
        interior: file.points.interior,
        boundary: file.points.boundary,
        ..Points::default()
    };
    open && file.time.is_none()
        && file.points == plain
        && file.points.interior <= MOST
        && file.weights == Weights::default()
}

/// The same problem in its energy form, with points enough for the features; prescribed values of plane problems are held by a penalty.
///
/// Where a field is singular its residual is not square integrable, and least squares over residuals goes astray; its energy is finite.
/// Near a corner of a plane domain, where the network has roots of the distance among its inputs, an ansatz with a distance as a factor would ask it
/// for what grows without bounds. In space there are no such inputs, and a penalty costs more than it brings: features that hold a value
/// with a penalty have little freedom left (a bracket with clamped bolt holes: 1.7 % of the energy missing, 0.9 % with the same features times a distance).
#[must_use]
pub fn energy_form(mut file: ProblemFile, dimension: usize, poles: usize, outputs: usize) -> ProblemFile {
    let [_, more] = widths(dimension, poles, outputs);
    file.formulation = Some(Formulation::Energy);
    if dimension < 3 {
        file.conditions.iter_mut().for_each(ConditionKind::soften);
    }
    file.points.interior = file.points.interior.max(POINTS_PER_FEATURE * more);
    file.points.boundary = file.points.boundary.max(POINTS_PER_FEATURE * more / 4);
    file
}

/// Points of the rule for each feature: with 4, features found gaps in the rule and energies far below the true one; with 12
/// they did not (Cook's membrane).
const POINTS_PER_FEATURE: usize = 16;

/// Few and many features, by the number of coordinates; a quarter more for every hole but the first, up to three times as many.
fn widths(coordinates: usize, poles: usize, outputs: usize) -> [usize; 2] {
    let widths = match coordinates {
        1 => [100, 300],
        2 => [400, 1000],
        3 => [500, 1000],
        _ => [1200, 2000],
    };
    let most = [UNKNOWNS / 2, UNKNOWNS].map(|unknowns| unknowns / outputs.max(1));
    [0, 1].map(|i| (widths[i] * (3 + poles.clamp(1, 9)) / 4).min(most[i].max(100)))
}

/// Few and many features of an energy in space that is made of products of features: a minute on two cores for three components.
const WIDE: [usize; 2] = [1000, 2000];

/// Points for each feature of an attempt at least: with fewer, features go between the points (a square with four holes).
const FRESH: usize = 4;

/// Steps of Adam without progress after which curvature takes over.
const SETTLE: usize = 200;

/// First-order, quasi-Newton and Gauss–Newton steps, each from where the one before gets slow.
fn trained() -> Vec<StageKind> {
    vec![
        StageKind::Adam(Adam {
            steps: 2000,
            decay: Decay::Constant,
            settle: Some(SETTLE),
            ..Adam::default()
        }),
        StageKind::SsBroyden(SsBroyden {
            iterations: 500,
            ..SsBroyden::default()
        }),
        StageKind::GaussNewton(GaussNewton::default()),
    ]
}
