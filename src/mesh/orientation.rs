//! Cells turned so that their measure is positive.

use rayon::prelude::*;

use super::cell::CellKind;
use super::element::{dot, sub};
use super::quadrature::nodes;
use super::raw::RawCell;
use super::{Mesh, MeshError};

/// Turns every cell so that its measure is positive; cells without measure or partly inside out are errors.
pub(super) fn orient(inside: &[RawCell], mesh: &mut Mesh) -> Result<(), MeshError> {
    let rules: Vec<Vec<[f64; 3]>> = CellKind::ALL.iter().map(|kind| nodes(*kind, 3)).collect();
    let seen: Vec<(f64, f64, f64)> = (0..mesh.cells.len())
        .into_par_iter()
        .map(|index| {
            let element = mesh.cell(index);
            let size = element
                .kind
                .reference()
                .edges
                .iter()
                .map(|[a, b]| sub(element.corner(*a as usize), element.corner(*b as usize)))
                .map(|edge| dot(edge, edge).sqrt())
                .fold(0.0, f64::max);
            let least = 1e-12 * size.powi(mesh.dimension as i32);
            let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
            let all = &rules[element.kind as usize];
            for xi in &all[..if element.affine { 1 } else { all.len() }] {
                let density = element.density(*xi);
                (low, high) = (low.min(density), high.max(density));
            }
            (low, high, least)
        })
        .collect();
    for (index, (low, high, least)) in seen.into_iter().enumerate() {
        let cell = inside[index];
        let named = |what: String| MeshError::new(what).at(cell.spot);
        if low.abs().max(high.abs()) <= least || !(low.is_finite() && high.is_finite()) {
            return Err(named(format!(
                "the element {} has no {}",
                cell.number,
                measure(mesh.dimension)
            ))
            .hint("its nodes lie on a line or in a plane; mesh again, with other sizes"));
        }
        if low <= 0.0 && high >= 0.0 {
            return Err(named(format!(
                "the element {} is partly inside out: its Jacobian runs from {low:.3e} to {high:.3e}",
                cell.number
            ))
            .hint("use finer cells on curved boundaries; Gmsh repairs such cells with `Mesh.HighOrderOptimize = 2`"));
        }
        if high < 0.0 {
            let first = mesh.cells[index].first;
            let list = &mut mesh.nodes[first..first + cell.kind.nodes()];
            let old = list.to_vec();
            for (slot, from) in list.iter_mut().zip(&cell.kind.reference().mirror) {
                *slot = old[*from as usize];
            }
        }
    }
    Ok(())
}

fn measure(dimension: usize) -> &'static str {
    ["", "length", "area", "volume"][dimension]
}
