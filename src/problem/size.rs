//! Whether a mesh may be in millimetres although it is taken in metres.
//!
//! Files of meshes have no unit. A part drawn in millimetres and read in metres is a thousand times too large; its stresses under
//! given tractions stay the same, its temperatures, displacements and times do not. So its size is held against what the loads and
//! the material make of it.

use super::ProblemFile;
use super::material::Law;
use crate::equation::EquationKind;
use crate::geometry::{GeometryKind, MeshFile};
use crate::quantity::Scales;

/// Machines and their parts are smaller, m.
const LARGE: f64 = 10.0;
/// Materials of which larger bodies are built are stiffer, Pa; problems without units have moduli of about 1.
const STIFF: f64 = 1e6;
/// A difference of temperature that no machine has, K.
const HOT: f64 = 1e4;
/// Share of the time of diffusion L²·c/k below which the inside of a body notices nothing.
const SHORT: f64 = 1e-5;

/// A warning that names `scale`, where a mesh without one is suspiciously large.
pub(super) fn millimetres(file: &ProblemFile, scales: &Scales, laws: &[Law]) -> Option<String> {
    let GeometryKind::Mesh(MeshFile::Path(path)) = &file.geometry else {
        return None;
    };
    let length = scales.length;
    if length < LARGE {
        return None;
    }
    let effect = match &file.equation {
        EquationKind::LinearElasticity(_) if scales.modulus >= STIFF => "which is more than most elastic parts".into(),
        EquationKind::LinearElasticity(_) => return None,
        EquationKind::Diffusion(_) => {
            match capacity(file, laws).map(|c| scales.time * scales.modulus / (c * length * length)) {
                _ if scales.field > HOT => format!("over which its loads give differences of {:.1e} K", scales.field),
                Some(share) if share < SHORT => {
                    format!("of which heat crosses about {:.0e} in {} s", share.sqrt(), scales.time)
                }
                _ => return None,
            }
        }
    };
    let file = path.file_name().unwrap_or_default().display();
    Some(format!(
        "the mesh is {length} m long, {effect}: if its coordinates are millimetres, write `Mesh(file: \"{file}\", scale: 1e-3)`, otherwise `scale: 1`"
    ))
}

/// The least heat capacity per volume of a transient problem, of what is constant, J/(m³·K).
fn capacity(file: &ProblemFile, laws: &[Law]) -> Option<f64> {
    let constants = laws.iter().filter_map(|law| match law {
        Law::Diffusive { capacity, .. } => capacity.0.as_constant(),
        Law::Elastic { .. } => None,
    });
    file.time.as_ref().and_then(|_| constants.min_by(f64::total_cmp))
}
