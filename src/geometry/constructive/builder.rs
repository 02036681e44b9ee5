//! From the operations of a problem file to a domain; faults are noted with their place.

use std::f64::consts::TAU;
use std::sync::Arc;

use super::affine::Affine;
use super::arrangement::{Arrangement, Degenerate, Edge, Outline};
use super::figures;
use super::operations::Coordinates;
use super::planar::Planar;
use super::solid::Solid;
use super::solids;
use super::sweep::{Motion, Sweep};
use super::swept::Swept;
use super::tree::{NAMELESS, Tree};
use crate::geometry::{GeometryKind, Shape};
use crate::mesh::intern;
use crate::path;
use crate::quantity::{Expression, Path, Values};

/// The domain of a combination or of a primitive that has no chart.
pub(in crate::geometry) fn shape(kind: &GeometryKind, at: &Path, values: &mut Values<'_>) -> Option<Box<dyn Shape>> {
    let mut builder = Builder::new(values);
    let tree = builder.tree(
        kind,
        at,
        Context {
            map: Affine::IDENTITY,
            name: None,
        },
    )?;
    if builder.solids.is_empty() {
        return builder
            .planar(tree, at)
            .map(|planar| Box::new(planar) as Box<dyn Shape>);
    }
    match (tree, &builder.solids[..]) {
        (Tree::Leaf(_), [sweep]) => Some(Box::new(Swept(sweep.clone()))),
        (tree, _) => builder
            .combined(tree, at)
            .map(|solid| Box::new(solid) as Box<dyn Shape>),
    }
}

fn describe(degenerate: &Degenerate) -> (String, String) {
    let place = |x: &[f64; 2]| format!("({}, {})", short(x[0]), short(x[1]));
    match degenerate {
        Degenerate::Empty => (
            "nothing is left of this geometry".into(),
            "look at the positions and sizes of its parts".into(),
        ),
        Degenerate::Pinched(x) => (
            format!("the boundary touches itself at {}", place(x)),
            "move the parts apart, or let them overlap".into(),
        ),
        Degenerate::Cusp(x) => (
            format!("two edges meet without an angle near {}", place(x)),
            "a domain may have corners, but no cusps; move the parts a little".into(),
        ),
        Degenerate::Tiny(x) => (
            format!("edges near {} are too close to each other to be told apart", place(x)),
            "parts should overlap clearly, share their edges exactly, or stay apart".into(),
        ),
    }
}

/// Six digits.
fn short(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

/// What the operations round a shape have decided.
#[derive(Clone, Copy)]
struct Context {
    map: Affine,
    name: Option<&'static str>,
}

struct Builder<'a, 'b> {
    outlines: Vec<Outline>,
    solids: Vec<Sweep>,
    regions: Vec<&'static str>,
    dimension: Option<(usize, &'static str)>,
    values: &'a mut Values<'b>,
}

impl<'a, 'b> Builder<'a, 'b> {
    fn new(values: &'a mut Values<'b>) -> Self {
        Self {
            outlines: Vec::new(),
            solids: Vec::new(),
            regions: Vec::new(),
            dimension: None,
            values,
        }
    }

    /// The plane domain of the figures read so far.
    fn planar(&mut self, tree: Tree, at: &Path) -> Option<Planar> {
        let result = Arrangement::new(std::mem::take(&mut self.outlines), tree).and_then(|domain| {
            let nameless = domain.pieces.iter().any(|piece| piece.sides.contains(&NAMELESS));
            if nameless && !self.regions.is_empty() {
                let hint = "give every part a `Region`, or none";
                self.values.fault(
                    at,
                    "a part of the domain belongs to no region".into(),
                    Some(hint.into()),
                );
                return Ok(None);
            }
            Planar::new(domain, std::mem::take(&mut self.regions)).map(Some)
        });
        result.unwrap_or_else(|degenerate| {
            let (message, hint) = describe(&degenerate);
            self.values.fault(at, message, Some(hint));
            None
        })
    }

    /// The combination of the solids read so far.
    fn combined(&mut self, tree: Tree, at: &Path) -> Option<Solid> {
        if self.solids.iter().any(|sweep| !sweep.profile.regions.is_empty()) {
            let hint = "give the solids a `Region` instead of the plane shapes that they are made from";
            self.values.fault(
                at,
                "the regions of a plane shape are lost in a combination of solids".into(),
                Some(hint.into()),
            );
            return None;
        }
        let solid = Solid::new(
            std::mem::take(&mut self.solids),
            tree,
            std::mem::take(&mut self.regions),
        );
        if solid.is_none() {
            let (message, hint) = describe(&Degenerate::Empty);
            self.values.fault(at, message, Some(hint));
        }
        solid
    }

    /// A plane shape in a file of solids.
    fn profile(&mut self, kind: &GeometryKind, at: &Path, name: Option<&'static str>) -> Option<Planar> {
        let mut plane = Builder::new(self.values);
        let tree = plane.tree(
            kind,
            at,
            Context {
                map: Affine::IDENTITY,
                name,
            },
        )?;
        if !plane.solids.is_empty() {
            let message = format!("`{}` is no plane shape", kind.name());
            self.values.fault(
                at,
                message,
                Some("sweep a plane shape such as `Rectangle` or `Polygon`".into()),
            );
            return None;
        }
        plane.planar(tree, at)
    }

    /// A plane shape of known outline.
    fn outlined(&mut self, outline: Outline, name: Option<&'static str>, at: &Path) -> Option<Planar> {
        let rename = |edge: Edge| Edge {
            name: name.unwrap_or(edge.name),
            ..edge
        };
        let mut plane = Builder::new(self.values);
        plane.outlines.push(outline.into_iter().map(rename).collect());
        plane.planar(Tree::Leaf(0), at)
    }

    fn center(&mut self, center: &(Expression, Expression, Expression), at: &Path) -> Option<[f64; 3]> {
        let expressions = [&center.0, &center.1, &center.2];
        let found = [0, 1, 2].map(|j| self.values.number(expressions[j], &path![at; "center", j]));
        Some([found[0]?, found[1]?, found[2]?])
    }

    /// A solid; `None` if it is none or at fault.
    fn solid(&mut self, kind: &GeometryKind, at: &Path, context: Context) -> Option<Sweep> {
        let Context { map, name } = context;
        let moved = |by: [f64; 3]| map.after(&Affine::translation(by));
        let named = |caps: [&'static str; 2]| caps.map(|cap| name.unwrap_or(cap));
        let (profile, motion, map, caps) = match kind {
            GeometryKind::Sphere(kind) => {
                let center = self.center(&kind.center, at);
                let radius = self.values.positive(&kind.radius, &path![at; "radius"])?;
                let profile = self.outlined(solids::half_disk(radius), name, at)?;
                (profile, Motion::Round(0.0, TAU), moved(center?), ["outer"; 2])
            }
            GeometryKind::Cylinder(kind) => {
                let center = self.center(&kind.center, at);
                let radius = self.values.positive(&kind.radius, &path![at; "radius"]);
                let height = self.values.positive(&kind.height, &path![at; "height"])?;
                let profile = self.outlined(solids::disk(radius?), name, at)?;
                (
                    profile,
                    Motion::Straight(height),
                    moved(center?),
                    named(["bottom", "top"]),
                )
            }
            GeometryKind::Cone(kind) => {
                let center = self.center(&kind.center, at);
                let mut radius = |expression: &Expression, key: &str| {
                    let value = self.values.number(expression, &path![at; key])?;
                    if value < 0.0 {
                        let hint = Some("one of the radii may be 0".into());
                        self.values
                            .fault(&path![at; key], format!("{key} = {value} must not be negative"), hint);
                        return None;
                    }
                    Some(value)
                };
                let (bottom, top) = (radius(&kind.bottom, "bottom"), radius(&kind.top, "top"));
                let height = self.values.positive(&kind.height, &path![at; "height"])?;
                let (bottom, top) = (bottom?, top?);
                if bottom == 0.0 && top == 0.0 {
                    self.values
                        .fault(&path![at; "bottom"], "both radii of the cone are 0".into(), None);
                    return None;
                }
                let profile = self.outlined(solids::half_section(bottom, top, height), name, at)?;
                (profile, Motion::Round(0.0, TAU), moved(center?), ["side"; 2])
            }
            GeometryKind::Cuboid(kind) => {
                let shape = kind.shape(at, self.values)?;
                let (low, high) = Shape::bounds(&shape);
                let outline = figures::rectangle(&shape, ["front", "right", "back", "left"]);
                let profile = self.outlined(outline, name, at)?;
                let motion = Motion::Straight(high[2] - low[2]);
                (profile, motion, moved([0.0, 0.0, low[2]]), named(["bottom", "top"]))
            }
            GeometryKind::SphericalShell(kind) => {
                let shell = kind.shape(at, self.values)?;
                let profile = self.outlined(solids::quarter_ring(shell.inner, shell.outer), name, at)?;
                (
                    profile,
                    Motion::Round(0.0, 0.25 * TAU),
                    moved(shell.center),
                    named(["y", "x"]),
                )
            }
            GeometryKind::Extrusion(kind) => {
                let height = self.values.positive(&kind.height, &path![at; "height"]);
                let profile = self.profile(&kind.of, &path![at; "of"], name)?;
                (profile, Motion::Straight(height?), map, named(["base", "cap"]))
            }
            GeometryKind::Revolution(kind) => {
                let (from, sweep) = self.angles(kind.angles.as_ref(), at)?;
                let profile = self.profile(&kind.of, &path![at; "of"], name)?;
                let least = Shape::bounds(&profile).0[0];
                if least < -1e-12 * profile.domain.extent {
                    self.values.fault(
                        &path![at; "of"],
                        format!(
                            "the plane shape reaches r = {}, but r must not be negative",
                            short(least)
                        ),
                        Some("its x is the distance r from the axis, its y is z".into()),
                    );
                    return None;
                }
                (profile, Motion::Round(from, sweep), map, named(["start", "end"]))
            }
            _ => return None,
        };
        Some(Sweep::new(Arc::new(profile), motion, map, caps))
    }

    /// First angle and span in radians.
    fn angles(&mut self, angles: Option<&(Expression, Expression)>, at: &Path) -> Option<(f64, f64)> {
        let Some((from, to)) = angles else {
            return Some((0.0, TAU));
        };
        let from = self.values.number(from, &path![at; "angles", 0])?;
        let to = self.values.number(to, &path![at; "angles", 1])?;
        if to <= from || to - from > 360.0 {
            self.values.fault(
                &path![at; "angles"],
                format!("the turn from {from} to {to} degrees must span more than 0 and at most 360 degrees"),
                Some("angles are in degrees, the first one smaller".into()),
            );
            return None;
        }
        Some((from.to_radians(), (to - from).to_radians()))
    }

    fn tree(&mut self, kind: &GeometryKind, at: &Path, context: Context) -> Option<Tree> {
        use GeometryKind as Kind;
        match kind {
            Kind::Union(parts) => self.parts(parts, &path![at; 0], context).map(Tree::Union),
            Kind::Intersection(parts) => self.parts(parts, &path![at; 0], context).map(Tree::Intersection),
            Kind::Difference(kind) => {
                let from = self.tree(&kind.from, &path![at; "from"], context);
                let cut = self.parts(&kind.cut, &path![at; "cut"], context);
                Some(Tree::Difference(Box::new(from?), cut?))
            }
            Kind::Translate(kind) => {
                let by = self.coordinates(&kind.by, &path![at; "by"])?;
                self.moved(&kind.shape, &path![at; "shape"], context, Affine::translation(by))
            }
            Kind::Rotate(kind) => {
                let by = self.values.number(&kind.by, &path![at; "by"])?;
                let about = match &kind.about {
                    Some(about) => self.coordinates(about, &path![at; "about"])?,
                    None => [0.0; 3],
                };
                let axis = match &kind.axis {
                    Some(axis) => self.coordinates(axis, &path![at; "axis"])?,
                    None => [0.0, 0.0, 1.0],
                };
                if axis == [0.0; 3] {
                    self.values.fault(
                        &path![at; "axis"],
                        "the axis has no direction".into(),
                        Some("for example (0, 0, 1)".into()),
                    );
                    return None;
                }
                let tree = self.moved(
                    &kind.shape,
                    &path![at; "shape"],
                    context,
                    Affine::rotation(by, axis).about(about),
                )?;
                if self.dimension.is_some_and(|(d, _)| d == 2) && (axis[0], axis[1]) != (0.0, 0.0) {
                    self.values.fault(
                        &path![at; "axis"],
                        "a plane shape turns about z".into(),
                        Some("leave `axis` out".into()),
                    );
                    return None;
                }
                Some(tree)
            }
            Kind::Scale(kind) => {
                let by = self.values.positive(&kind.by, &path![at; "by"])?;
                let about = match &kind.about {
                    Some(about) => self.coordinates(about, &path![at; "about"])?,
                    None => [0.0; 3],
                };
                self.moved(
                    &kind.shape,
                    &path![at; "shape"],
                    context,
                    Affine::scaling(by).about(about),
                )
            }
            Kind::Named(kind) => {
                if kind.name.is_empty() {
                    self.values
                        .fault(&path![at; "name"], "a boundary needs a name".into(), None);
                    return None;
                }
                // The outermost name holds.
                let name = context.name.or_else(|| Some(intern(&kind.name)));
                self.tree(&kind.shape, &path![at; "shape"], Context { name, ..context })
            }
            Kind::Region(kind) => {
                let name = intern(&kind.name);
                let index = self.regions.iter().position(|known| *known == name).unwrap_or_else(|| {
                    self.regions.push(name);
                    self.regions.len() - 1
                });
                let tree = self.tree(&kind.shape, &path![at; "shape"], context)?;
                Some(Tree::Region(index as u32 + 1, Box::new(tree)))
            }
            primitive => self.leaf(primitive, at, context),
        }
    }

    fn moved(&mut self, kind: &GeometryKind, at: &Path, context: Context, by: Affine) -> Option<Tree> {
        self.tree(
            kind,
            at,
            Context {
                map: context.map.after(&by),
                ..context
            },
        )
    }

    fn parts(&mut self, parts: &[GeometryKind], at: &Path, context: Context) -> Option<Vec<Tree>> {
        if parts.is_empty() {
            self.values.fault(
                at,
                "the list of shapes is empty".into(),
                Some("give at least one shape".into()),
            );
            return None;
        }
        let trees: Vec<Option<Tree>> = parts
            .iter()
            .enumerate()
            .map(|(i, part)| self.tree(part, &path![at; i], context))
            .collect();
        trees.into_iter().collect()
    }

    fn coordinates(&mut self, coordinates: &Coordinates, at: &Path) -> Option<[f64; 3]> {
        let mut x = [0.0; 3];
        let mut complete = true;
        for (j, expression) in coordinates.0.iter().enumerate() {
            match self.values.number(expression, &path![at; j]) {
                Some(value) => x[j] = value,
                None => complete = false,
            }
        }
        complete.then_some(x)
    }

    fn leaf(&mut self, kind: &GeometryKind, at: &Path, context: Context) -> Option<Tree> {
        let dimension = kind.primitive_dimension();
        match self.dimension {
            Some((d, other)) if d != dimension => {
                self.values.fault(
                    at,
                    format!("`{}` has {dimension} dimensions, but `{other}` has {d}", kind.name()),
                    Some("all parts of a geometry have the same number of dimensions".into()),
                );
                return None;
            }
            _ => self.dimension = Some((dimension, kind.name())),
        }
        if dimension == 3 {
            let solid = self.solid(kind, at, context)?;
            self.solids.push(solid);
            return Some(Tree::Leaf(self.solids.len() - 1));
        }
        let outline = match kind {
            GeometryKind::Rectangle(kind) => {
                figures::rectangle(&kind.shape(at, self.values)?, ["bottom", "right", "top", "left"])
            }
            GeometryKind::Disk(kind) => figures::sector(&kind.shape(at, self.values)?),
            GeometryKind::Annulus(kind) => figures::sector(&kind.shape(at, self.values)?),
            GeometryKind::PlateWithHole(kind) => figures::plate(&kind.shape(at, self.values)?),
            GeometryKind::Polygon(kind) => kind.outline(at, self.values)?,
            GeometryKind::Ellipse(kind) => kind.outline(at, self.values)?,
            other => {
                self.values.fault(
                    at,
                    format!("`{}` cannot be combined with other shapes", other.name()),
                    Some("use it alone, or a plane shape here".into()),
                );
                return None;
            }
        };
        self.outlines.push(
            outline
                .into_iter()
                .map(|edge| Edge {
                    curve: edge.curve.mapped(&context.map),
                    name: context.name.unwrap_or(edge.name),
                })
                .collect(),
        );
        Some(Tree::Leaf(self.outlines.len() - 1))
    }
}
