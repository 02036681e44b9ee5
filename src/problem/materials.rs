//! Several materials: which region each of them fills, and what joins them.
//!
//! One network has an output per component and region: its hidden layers are shared, its heads are not, so that slopes may jump where
//! conductivities or stiffnesses do. The residuals of a region see its own head, those of an interface the heads of both sides.
//!
//! All residuals of equations and fluxes stay in the same units of flux, whatever the region. An error of size r in the balance of
//! a stiff region that only a soft one holds (an inclusion) moves it by r by the soft modulus, as it would in the soft region; if
//! residuals were divided by their own region's modulus, it would move by the contrast times as much. Column by column the
//! least squares are scaled anyway. The weights of the two terms of an interface are balanced like those of every other term.

use std::sync::Arc;

use super::{Material, ProblemFile};
use crate::condition::{FluxContinuity, PENALTY, ValueContinuity};
use crate::formulation::{BoundaryTerm, Formulation, Place};
use crate::geometry::{Flaw, Partitioned, Shape};
use crate::path;
use crate::quantity::{Path, Values};

use super::Problem;

/// The materials in the order of the regions, with the shape divided into them; a body of one material has one without a name.
pub(super) type Assigned<'a> = (Box<dyn Shape>, Vec<Option<(&'a str, &'a Material)>>);

/// Gives every region its material: by the names of the geometry's regions, or by conditions on the position.
pub(super) fn assign<'a>(
    file: &'a ProblemFile,
    shape: Box<dyn Shape>,
    values: &mut Values<'_>,
) -> Option<Assigned<'a>> {
    let materials = &file.materials;
    values.unique(&path!["materials"], "material");
    if materials.is_empty() {
        return Some((shape, vec![None]));
    }
    let names = shape.regions();
    if !names.is_empty() {
        // A combination of solids does not know where its regions meet: nothing would join them.
        if names.len() > 1 && shape.interfaces().is_empty() && shape.mesh().is_none() && shape.dimension() == 3 {
            values.fault(
                &path!["materials"],
                format!(
                    "the surfaces between the regions of `{}` are not known",
                    file.geometry.name()
                ),
                Some(
                    "make the body by `Extrusion` or `Revolution` of a plane shape with regions, or take a mesh".into(),
                ),
            );
            return None;
        }
        return named(file, shape.as_ref(), values).map(|list| (shape, list));
    }
    let mut rest = materials.iter().filter(|(_, material)| material.place.is_none());
    if let (Some((first, _)), Some((second, _))) = (rest.next(), rest.next()) {
        values.fault(
            &path!["materials", second.as_str()],
            format!("the materials `{first}` and `{second}` both have no `where`"),
            Some(format!(
                "`{}` has no regions of its own: only one material can take what the others leave{}",
                file.geometry.name(),
                origin(shape.as_ref())
            )),
        );
        return None;
    }
    let mut regions = Vec::new();
    for (name, material) in materials {
        let condition = match &material.place {
            None => None,
            Some(text) => {
                let at = path!["materials", name.as_str(), "where"];
                Some(values.condition(text, shape.dimension(), &at)?)
            }
        };
        regions.push((name.as_str(), condition));
    }
    if shape.chart().is_none() {
        values.fault(
            &path!["materials"],
            format!("`where` cannot divide `{}`", file.geometry.name()),
            Some(format!(
                "name the materials after regions of the geometry{}",
                origin(shape.as_ref())
            )),
        );
        return None;
    }
    let (names, dimension): (Vec<&String>, usize) = (materials.keys().collect(), shape.dimension());
    match Partitioned::new(shape, regions) {
        Ok(shape) => {
            let list = materials.iter().map(|(name, material)| Some((name.as_str(), material)));
            Some((Box::new(shape), list.collect()))
        }
        Err(flaw) => {
            report(&flaw, &names, dimension, values);
            None
        }
    }
}

fn report(flaw: &Flaw, names: &[&String], dimension: usize, values: &mut Values<'_>) {
    let place = |region: usize| -> Path { path!["materials", names[region].as_str(), "where"] };
    let point = |x: &[f64; 3]| {
        let numbers: Vec<String> = x[..dimension].iter().map(|v| format!("{v:.4}")).collect();
        format!("({})", numbers.join(", "))
    };
    match flaw {
        Flaw::Empty(region) => values.fault(
            &place(*region),
            format!("no point of the domain belongs to `{}`", names[*region]),
            Some(
                "the condition may be meant the other way round, or a unit may be wrong: coordinates are in metres"
                    .into(),
            ),
        ),
        Flaw::Overlap(first, second, x) => values.fault(
            &place(*second),
            format!(
                "the point {} belongs to both `{}` and `{}`",
                point(x),
                names[*first],
                names[*second]
            ),
            Some("make the conditions exclude each other, or leave out the `where` of one material".into()),
        ),
        Flaw::Uncovered(x) => values.fault(
            &path!["materials"],
            format!("the point {} belongs to no material", point(x)),
            Some("leave out the `where` of one material: it takes what the others leave".into()),
        ),
    }
}

/// By the names of the geometry's regions.
fn named<'a>(
    file: &'a ProblemFile,
    shape: &dyn Shape,
    values: &mut Values<'_>,
) -> Option<Vec<Option<(&'a str, &'a Material)>>> {
    let names = shape.regions();
    let known = format!(
        "`{}` has the regions `{}`{}",
        file.geometry.name(),
        names.join("`, `"),
        origin(shape)
    );
    let mut claims = Vec::new();
    for (name, material) in &file.materials {
        let at = path!["materials", name.as_str()];
        let regions = shape.regions_named(name);
        if regions.is_empty() {
            values.fault(&at, format!("unknown region `{name}`"), Some(known.clone()));
        } else if material.place.is_some() {
            values.fault(
                &path!["materials", name.as_str(), "where"],
                format!("`where` for `{name}`, which is a region of the geometry"),
                Some("leave `where` out".into()),
            );
        }
        claims.push((name.as_str(), material, regions));
    }
    let chosen: Vec<Option<Claim<'a>>> = (0..names.len())
        .map(|region| innermost(region, &claims, values))
        .collect();
    let missing: Vec<&str> = (names.iter().zip(&chosen))
        .filter(|(_, claim)| claim.is_none())
        .map(|(name, _)| *name)
        .collect();
    if !missing.is_empty() {
        values.fault(
            &path!["materials"],
            format!("no material for `{}`", missing.join("`, `")),
            Some(known),
        );
    }
    chosen.into_iter().map(|claim| claim.map(Some)).collect()
}

/// A material with its name.
type Claim<'a> = (&'a str, &'a Material);

/// The material of a region that may lie in several groups: that of the group which lies in all others, or that which all share.
fn innermost<'a>(
    region: usize,
    claims: &[(&'a str, &'a Material, Vec<usize>)],
    values: &mut Values<'_>,
) -> Option<Claim<'a>> {
    let mut here: Vec<_> = claims
        .iter()
        .filter(|(.., regions)| regions.contains(&region))
        .collect();
    here.sort_by_key(|(.., regions)| regions.len());
    let (name, material, regions) = here.first()?;
    let rival = here.iter().skip(1).find(|(_, other, wider)| {
        let encloses = wider.len() > regions.len() && regions.iter().all(|region| wider.contains(region));
        !encloses && other != material
    });
    if let Some((other, ..)) = rival {
        values.fault(
            &path!["materials", *other],
            format!("cells of the mesh belong to both `{name}` and `{other}`, which are different materials"),
            Some("let one of the two groups lie within the other, whose material it then replaces, or leave one of the materials out".into()),
        );
    }
    Some((name, material))
}

/// Notes on groups of a mesh whose material replaces that of another one.
pub(super) fn replaced(file: &ProblemFile, shape: &dyn Shape) -> Vec<String> {
    let claims: Vec<(&String, &Material, Vec<usize>)> = (file.materials.iter())
        .map(|(name, material)| (name, material, shape.regions_named(name)))
        .collect();
    let mut notes = Vec::new();
    for (name, material, regions) in &claims {
        for (other, common, wider) in &claims {
            let within = regions.len() < wider.len() && regions.iter().all(|region| wider.contains(region));
            if within && material != common {
                notes.push(format!(
                    "`{name}` lies within `{other}`, so that its material replaces that of `{other}` there"
                ));
            }
        }
    }
    notes
}

/// Where a mesh has its regions from, as the rest of a sentence.
fn origin(shape: &dyn Shape) -> String {
    let from = shape.mesh().and_then(|(mesh, _)| mesh.regions_from.as_ref());
    from.map_or(String::new(), |from| format!("; {from}"))
}

/// The loss terms of the surfaces between materials. In an energy the flux is continuous by itself, and a penalty stands for the
/// continuity of the field.
///
/// The penalty is that of prescribed values, [`PENALTY`]; it leaves a jump of 1/γ of the flux. It does not lock: fields that are equal
/// on both sides have the same features in both heads, so that none of them is excluded. A layered plate had the same errors with a
/// γ fifty times smaller, for conductivities in the ratios 10 and 1/1000.
pub(super) fn interfaces(problem: &mut Problem) {
    if problem.model.equation.parts() == 1 {
        return;
    }
    let (field, components) = (
        problem.model.equation.field_components(),
        problem.model.equation.components(),
    );
    for interface in problem.model.shape.interfaces() {
        let place = Place::Face(interface.face);
        let sides = interface.sides;
        problem.model.terms.push(BoundaryTerm {
            place,
            condition: Arc::new(ValueContinuity {
                sides,
                field,
                components,
                penalty: (0.5 * PENALTY).sqrt(),
            }),
        });
        if problem.model.formulation != Formulation::Energy {
            problem.model.terms.push(BoundaryTerm {
                place,
                condition: Arc::new(FluxContinuity {
                    sides,
                    field,
                    components,
                }),
            });
        }
    }
}
