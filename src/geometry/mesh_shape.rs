//! A domain from a mesh file.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::outline::Outline;
use super::{Corner, Face, Interface, Point, Shape, SurfacePoint, known_otherwise};
use crate::jet::{CoordinateJet, Pole, Scalar};
use crate::mesh::{CellKind, Group, Mesh, Space, intern};
use crate::path;
use crate::quantity::{Expression, Values};

/// A mesh: `Mesh("bracket.msh")`, or `Mesh(file: "bracket.msh", scale: 1e-3)` for a mesh in millimetres.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "a mesh is the path of a file such as \"part.msh\", or (file: \"part.msh\", scale: 1e-3)"
)]
pub enum MeshFile {
    /// The path, relative to the problem file; coordinates in m.
    Path(PathBuf),
    /// A path and a unit.
    Scaled(ScaledMesh),
}

/// A mesh in a unit of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScaledMesh {
    /// The path, relative to the problem file.
    pub file: PathBuf,
    /// What one unit of its coordinates is, m.
    #[serde(default = "metre")]
    pub scale: Expression,
}

fn metre() -> Expression {
    1.0.into()
}

impl MeshFile {
    /// The path as written.
    pub fn path(&self) -> &PathBuf {
        match self {
            Self::Path(path) => path,
            Self::Scaled(mesh) => &mesh.file,
        }
    }

    /// The path, to be changed.
    pub fn path_mut(&mut self) -> &mut PathBuf {
        match self {
            Self::Path(path) => path,
            Self::Scaled(mesh) => &mut mesh.file,
        }
    }

    pub(super) fn shape(&self, values: &mut Values<'_>) -> Option<Box<dyn Shape>> {
        let (at, scale) = match self {
            Self::Path(_) => (path!["geometry", 0], Some(1.0)),
            Self::Scaled(mesh) => (
                path!["geometry", "file"],
                values.positive(&mesh.scale, &path!["geometry", "scale"]),
            ),
        };
        match Mesh::read(self.path()) {
            Ok(mesh) => Some(Box::new(MeshShape::new(mesh, scale?))),
            Err(error) => {
                let shown = self.path().file_name().unwrap_or_default().display();
                values.fault(&at, format!("the mesh `{shown}` cannot be used: {error}"), error.hint);
                None
            }
        }
    }
}

/// A mesh, `scale` times as large as its file says.
#[derive(Clone, Debug)]
pub struct MeshShape {
    space: Arc<Space>,
    outline: Arc<Outline>,
    scale: f64,
}

impl MeshShape {
    /// Measures a mesh and makes it ready for points.
    pub fn new(mesh: Mesh, scale: f64) -> Self {
        let space = Space::new(mesh);
        let mesh = space.mesh();
        let faces: Vec<_> = (0..mesh.boundaries.len())
            .map(|face| space.surface_facets(face))
            .collect();
        let outline = Outline::new(mesh.dimension, &faces, &mesh.points, &mesh.boundaries);
        Self {
            outline: Arc::new(outline),
            space: Arc::new(space),
            scale,
        }
    }

    /// The mesh as read; multiply its coordinates by [`MeshShape::scale`].
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// The factor on all coordinates.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// Kind and nodes, corners first, of every facet of a face; their normals, by the right-hand rule (in the plane: to the
    /// right), point outwards.
    pub fn facets(&self, face: Face) -> Vec<(CellKind, Vec<[f64; 3]>)> {
        let mut facets = self
            .surface(face)
            .map_or_else(Vec::new, |surface| self.space.surface_facets(surface));
        for x in facets.iter_mut().flat_map(|(_, nodes)| nodes) {
            *x = x.map(|v| v * self.scale);
        }
        facets
    }

    fn surface(&self, face: Face) -> Option<usize> {
        self.space.surface(face.name)
    }
}

/// The parts that the group of a name has.
fn members<'a>(groups: &'a [Group], name: &str) -> Option<&'a [usize]> {
    groups
        .iter()
        .find(|group| group.name == name)
        .map(|group| group.members.as_slice())
}

/// A face without a chart.
fn named(name: &'static str) -> Face {
    Face {
        name,
        axis: 0,
        high: false,
    }
}

impl Shape for MeshShape {
    fn dimension(&self) -> usize {
        self.space.mesh().dimension
    }

    fn faces(&self) -> Vec<Face> {
        self.space.mesh().boundaries.iter().map(|name| named(name)).collect()
    }

    fn faces_named(&self, name: &str) -> Vec<Face> {
        let faces = self.faces();
        match members(&self.space.mesh().boundary_groups, name) {
            Some(members) => members.iter().map(|at| faces[*at]).collect(),
            None => faces.into_iter().filter(|face| face.name == name).collect(),
        }
    }

    fn no_boundary(&self, name: &str) -> Option<String> {
        let misplaced = &self.space.mesh().misplaced;
        let own = misplaced
            .iter()
            .find(|other| other.name() == name)
            .map(ToString::to_string);
        own.or_else(|| known_otherwise(self, name))
    }

    fn bounds(&self) -> ([f64; 3], [f64; 3]) {
        let (low, high) = self.space.mesh().bounds();
        (low.map(|v| v * self.scale), high.map(|v| v * self.scale))
    }

    fn measure(&self) -> f64 {
        self.space.measure() * self.scale.powi(self.dimension() as i32)
    }

    fn face_measure(&self, face: Face) -> f64 {
        let measure = self
            .surface(face)
            .map_or(0.0, |surface| self.space.surface_measure(surface));
        measure * self.scale.powi(self.dimension() as i32 - 1)
    }

    fn scaled(&self, factor: f64) -> Box<dyn Shape> {
        Box::new(Self {
            space: Arc::clone(&self.space),
            outline: Arc::clone(&self.outline),
            scale: self.scale * factor,
        })
    }

    fn interior_point(&self, unit: [f64; 3]) -> [f64; 3] {
        self.space.interior_point(unit).map(|v| v * self.scale)
    }

    fn face_point(&self, face: Face, unit: [f64; 3]) -> SurfacePoint {
        let Some(surface) = self.surface(face) else {
            unreachable!("`{}` is no face of the mesh", face.name)
        };
        let (x, normal) = self.space.surface_point(surface, unit);
        SurfacePoint {
            x: x.map(|v| v * self.scale),
            normal,
        }
    }

    fn distance(&self, face: Face, x: Point) -> CoordinateJet {
        let x = x.map(|x| x.scale(1.0 / self.scale));
        match self.surface(face) {
            Some(surface) => self.outline.distance(surface, x),
            None => CoordinateJet::constant(1.0),
        }
    }

    fn smooth(&self, face: Face) -> bool {
        self.surface(face).is_some_and(|surface| self.outline.smooth(surface))
    }

    fn poles(&self) -> Vec<Pole> {
        let poles = self.outline.poles().iter();
        poles
            .map(|pole| Pole {
                center: pole.center.map(|v| v * self.scale),
                radius: pole.radius * self.scale,
                ..*pole
            })
            .collect()
    }

    fn corners(&self) -> Vec<Corner> {
        let corners = self.outline.corners().iter();
        corners
            .map(|corner| Corner {
                place: corner.place.map(|v| v * self.scale),
                ..*corner
            })
            .collect()
    }

    fn meeting(&self, first: Face, second: Face) -> Vec<[f64; 3]> {
        let bits = |face: Face| -> BTreeSet<[u64; 3]> {
            let facets = self.facets(face);
            let nodes = facets.iter().flat_map(|(_, nodes)| nodes);
            // −0 and 0 are one place.
            nodes.map(|x| x.map(|v| (v + 0.0).to_bits())).collect()
        };
        let (first, second) = (bits(first), bits(second));
        first.intersection(&second).map(|x| x.map(f64::from_bits)).collect()
    }

    fn rule(&self, face: Option<Face>, order: usize) -> Option<Vec<([f64; 3], f64)>> {
        match face {
            None => Some(self.space.rule(None, order)),
            Some(face) => self.surface(face).map(|surface| self.space.rule(Some(surface), order)),
        }
    }

    fn mesh(&self) -> Option<(&Mesh, f64)> {
        Some((self.space.mesh(), self.scale))
    }

    fn corner_cells(&self, face: Option<Face>, x: [f64; 3]) -> Vec<[f64; 2]> {
        let x = x.map(|v| v / self.scale);
        match face {
            None => self.space.corner_cells(None, x),
            Some(face) => self
                .surface(face)
                .map_or_else(Vec::new, |surface| self.space.corner_cells(Some(surface), x)),
        }
    }

    fn regions(&self) -> Vec<&'static str> {
        self.space.mesh().regions.clone()
    }

    fn regions_named(&self, name: &str) -> Vec<usize> {
        let mesh = self.space.mesh();
        match members(&mesh.region_groups, name) {
            Some(members) => members.to_vec(),
            None => mesh
                .regions
                .iter()
                .position(|region| *region == name)
                .into_iter()
                .collect(),
        }
    }

    fn region(&self, x: [f64; 3]) -> usize {
        self.space.region(x.map(|v| v / self.scale))
    }

    fn interfaces(&self) -> Vec<Interface> {
        let interfaces = self.space.mesh().interfaces.iter();
        interfaces
            .map(|(name, sides)| Interface {
                face: named(intern(name)),
                sides: *sides,
            })
            .collect()
    }
}
