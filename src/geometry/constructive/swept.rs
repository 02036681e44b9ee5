//! One sweep as a domain: points, normals, rules and distances are as exact as those of its profile.

use super::affine::Affine;
use super::sweep::{Motion, Skin, Sweep};
use crate::geometry::{Face, Interface, Point, Shape, SurfacePoint};
use crate::jet::{CoordinateJet, Pole};
use crate::mesh::Mesh;

/// A domain that is one sweep.
#[derive(Clone, Debug)]
pub(super) struct Swept(pub(super) Sweep);

impl Swept {
    fn skin(&self, face: Face) -> &Skin {
        let inner = self.0.inner.iter().map(|(skin, _)| skin);
        let Some(skin) = self.0.skins.iter().chain(inner).find(|skin| skin.face == face) else {
            unreachable!("`{}` is no boundary of this shape", face.name)
        };
        skin
    }
}

impl Shape for Swept {
    fn dimension(&self) -> usize {
        3
    }

    fn faces(&self) -> Vec<Face> {
        self.0.skins.iter().map(|skin| skin.face).collect()
    }

    fn bounds(&self) -> ([f64; 3], [f64; 3]) {
        self.0.bounds()
    }

    fn measure(&self) -> f64 {
        self.0.volume
    }

    fn face_measure(&self, face: Face) -> f64 {
        self.skin(face).area
    }

    fn scaled(&self, factor: f64) -> Box<dyn Shape> {
        Box::new(Self(self.0.mapped(&Affine::scaling(factor))))
    }

    fn interior_point(&self, unit: [f64; 3]) -> [f64; 3] {
        self.0.point(unit)
    }

    fn face_point(&self, face: Face, unit: [f64; 3]) -> SurfacePoint {
        self.0.surface_point(self.skin(face), unit)
    }

    fn distance(&self, face: Face, x: Point) -> CoordinateJet {
        self.0.distance(self.skin(face), x)
    }

    fn meeting(&self, first: Face, second: Face) -> Vec<[f64; 3]> {
        self.0.meeting(self.skin(first), self.skin(second))
    }

    fn rule(&self, face: Option<Face>, order: usize) -> Option<Vec<([f64; 3], f64)>> {
        Some(match face {
            None => self.0.rule(order),
            Some(face) => self.0.surface_rule(self.skin(face), order),
        })
    }

    fn grid(&self, cells: usize) -> Option<Mesh> {
        Some(super::grid::swept(self, &self.0, cells))
    }

    fn regions(&self) -> Vec<&'static str> {
        self.0.profile.regions()
    }

    fn region(&self, x: [f64; 3]) -> usize {
        let (place, _) = self.0.unswept(x);
        self.0.profile.region([place[0], place[1], 0.0])
    }

    fn interfaces(&self) -> Vec<Interface> {
        self.0
            .inner
            .iter()
            .map(|(skin, sides)| Interface {
                face: skin.face,
                sides: *sides,
            })
            .collect()
    }

    /// Round cavities with their centre on the axis.
    fn poles(&self) -> Vec<Pole> {
        let Motion::Round(..) = self.0.motion else {
            return Vec::new();
        };
        let extent = self.0.profile.domain.extent;
        let spheres = self
            .0
            .profile
            .poles()
            .into_iter()
            .filter(|pole| pole.center[0].abs() < 1e-9 * extent);
        spheres
            .map(|pole| {
                let center = self.0.map.point([0.0, 0.0, pole.center[1]]);
                Pole::hole(center, self.0.map.factor() * pole.radius, 3)
            })
            .collect()
    }
}
