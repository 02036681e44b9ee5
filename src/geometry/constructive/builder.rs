//! From the operations of a problem file to a domain; faults are noted with their place.

use super::affine::Affine;
use super::arrangement::{Arrangement, Degenerate, Edge, Outline};
use super::figures;
use super::operations::Coordinates;
use super::planar::Planar;
use super::tree::{NAMELESS, Tree};
use crate::geometry::{GeometryKind, Shape, intern};
use crate::path;
use crate::problem::{Path, Values};

/// The domain of a combination or of a primitive that has no chart.
pub(in crate::geometry) fn shape(kind: &GeometryKind, at: &Path, values: &mut Values<'_>) -> Option<Box<dyn Shape>> {
    let mut builder = Builder {
        outlines: Vec::new(),
        regions: Vec::new(),
        dimension: None,
        values,
    };
    let outer = Context {
        map: Affine::IDENTITY,
        name: None,
    };
    let tree = builder.tree(kind, at, outer)?;
    let Builder { outlines, regions, .. } = builder;
    let result = Arrangement::new(outlines, tree).and_then(|domain| {
        let nameless = domain.pieces.iter().any(|piece| piece.sides.contains(&NAMELESS));
        if nameless && !regions.is_empty() {
            values.fault(
                at,
                "a part of the domain belongs to no region".into(),
                Some("give every part a `Region`, or none".into()),
            );
            return Ok(None);
        }
        Planar::new(domain, regions).map(Some)
    });
    match result {
        Ok(planar) => planar.map(|planar| Box::new(planar) as Box<dyn Shape>),
        Err(degenerate) => {
            let (message, hint) = describe(&degenerate);
            values.fault(at, message, Some(hint));
            None
        }
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
    regions: Vec<&'static str>,
    dimension: Option<(usize, &'static str)>,
    values: &'a mut Values<'b>,
}

impl Builder<'_, '_> {
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
        let outline = match kind {
            GeometryKind::Rectangle(kind) => figures::rectangle(&kind.shape(at, self.values)?),
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
