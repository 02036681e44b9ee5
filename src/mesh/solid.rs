//! What a closed surface of triangles encloses, without cells that fit it.
//!
//! A lattice of cubes covers the surface. Points are uniform in the cubes that lie inside or are cut; those of cut cubes that fall
//! outside are drawn again, by numbers that follow from the first ones, so that a point stays a function of its numbers and the
//! density is exactly uniform.

use std::collections::{BTreeMap, BTreeSet};

use super::element::{cross, dot, sub};
use super::{Cell, CellKind, Mesh, MeshError};
use crate::sampler::{mix, unit as chance};

/// The part of a cube that points of the rule keep from its first side.
const EDGE: f64 = 1e-6;
/// Cubes along the largest block of the rule.
const LARGEST: u16 = 16;
/// Cubes along the longest side.
const CUBES: f64 = 48.0;

/// A closed surface and the lattice of its inside.
#[derive(Debug)]
pub(super) struct Solid {
    triangles: Vec<[[f64; 3]; 3]>,
    low: [f64; 3],
    /// Side of a cube.
    step: f64,
    count: [usize; 3],
    /// Triangles over every column of cubes.
    columns: Vec<Vec<u32>>,
    /// Cubes that lie inside or are cut, and whether they are cut.
    cubes: Vec<([u16; 3], bool)>,
    volume: f64,
    turned: bool,
}

impl Solid {
    pub(super) fn new(mut triangles: Vec<[[f64; 3]; 3]>) -> Result<Self, MeshError> {
        let mut low = [f64::INFINITY; 3];
        let mut high = [f64::NEG_INFINITY; 3];
        for x in triangles.iter().flatten() {
            for j in 0..3 {
                low[j] = low[j].min(x[j]);
                high[j] = high[j].max(x[j]);
            }
        }
        let sides = sub(high, low);
        let longest = sides.iter().fold(0.0_f64, |most, side| most.max(*side));
        let signed = |triangles: &[[[f64; 3]; 3]]| -> f64 {
            let part = |t: &[[f64; 3]; 3]| dot(sub(t[0], low), cross(sub(t[1], low), sub(t[2], low))) / 6.0;
            triangles.iter().map(part).sum()
        };
        let volume = signed(&triangles);
        if !(volume.abs() > 1e-9 * longest.powi(3) && volume.is_finite()) {
            return Err(MeshError::new(format!("the surface encloses the volume {volume}")));
        }
        let turned = volume < 0.0;
        if turned {
            triangles.iter_mut().for_each(|t| t.swap(1, 2));
        }
        // A thin part has at least four cubes across.
        let step = (longest / CUBES).min(sides.iter().fold(f64::INFINITY, |least, s| least.min(*s)) / 4.0);
        let step = step.max(longest / 400.0);
        let count = sides.map(|side| ((side / step).ceil() as usize).max(1));
        let mut solid = Self {
            triangles,
            low,
            step,
            count,
            columns: vec![Vec::new(); count[0] * count[1]],
            cubes: Vec::new(),
            volume: volume.abs(),
            turned,
        };
        solid.fill();
        Ok(solid)
    }

    /// Sorts the triangles into columns and finds the cubes.
    fn fill(&mut self) {
        let [nx, ny, nz] = self.count;
        let mut cut = vec![false; nx * ny * nz];
        for (index, triangle) in self.triangles.iter().enumerate() {
            let range = |j: usize| {
                let low = triangle.iter().map(|x| x[j]).fold(f64::INFINITY, f64::min);
                let high = triangle.iter().map(|x| x[j]).fold(f64::NEG_INFINITY, f64::max);
                let place = |v: f64| ((v - self.low[j]) / self.step).floor().max(0.0) as usize;
                // Touching counts.
                let first = place(low - 1e-9 * self.step).min(self.count[j] - 1);
                first..=place(high + 1e-9 * self.step).min(self.count[j] - 1)
            };
            let normal = cross(sub(triangle[1], triangle[0]), sub(triangle[2], triangle[0]));
            // A cube that a triangle only touches is not cut by it.
            let reach = 0.5 * self.step * normal.iter().map(|n| n.abs()).sum::<f64>() * (1.0 - 1e-9);
            for i in range(0) {
                for j in range(1) {
                    self.columns[i + nx * j].push(index as u32);
                    for k in range(2) {
                        let middle = self.at([i, j, k], [0.5; 3]);
                        if dot(sub(middle, triangle[0]), normal).abs() <= reach {
                            cut[i + nx * (j + ny * k)] = true;
                        }
                    }
                }
            }
        }
        for k in 0..nz {
            for j in 0..ny {
                for i in 0..nx {
                    let cut = cut[i + nx * (j + ny * k)];
                    if cut || self.holds(self.at([i, j, k], [0.5; 3])) {
                        self.cubes.push(([i, j, k].map(|v| v as u16), cut));
                    }
                }
            }
        }
        let size = self.count.iter().fold(1, |most, n| most.max(*n)) as f64;
        self.cubes
            .sort_by_key(|(at, _)| super::hilbert::hilbert(at.map(|v| (f64::from(v) + 0.5) / size), 3));
    }

    fn at(&self, cube: [usize; 3], inside: [f64; 3]) -> [f64; 3] {
        std::array::from_fn(|j| self.low[j] + self.step * (cube[j] as f64 + inside[j]))
    }

    /// Whether the triangles as given look inwards.
    pub(super) fn turned(&self) -> bool {
        self.turned
    }

    pub(super) fn volume(&self) -> f64 {
        self.volume
    }

    /// Whether the surface winds around x: the triangles above it are counted by the side that they show.
    pub(super) fn holds(&self, x: [f64; 3]) -> bool {
        let place = |j: usize| (x[j] - self.low[j]) / self.step;
        let (a, b) = (place(0), place(1));
        if !(a >= 0.0 && b >= 0.0 && a < self.count[0] as f64 && b < self.count[1] as f64) {
            return false;
        }
        let column = &self.columns[a as usize + self.count[0] * b as usize];
        let winding: i32 = column
            .iter()
            .map(|&index| {
                let triangle = &self.triangles[index as usize];
                if !covers(triangle, x) {
                    return 0;
                }
                let normal = cross(sub(triangle[1], triangle[0]), sub(triangle[2], triangle[0]));
                // Above x if x lies on the lower side of its plane.
                let above = dot(sub(x, triangle[0]), normal) * normal[2] < 0.0;
                i32::from(above) * if normal[2] > 0.0 { 1 } else { -1 }
            })
            .sum();
        winding != 0
    }

    pub(super) fn interior_point(&self, unit: [f64; 3]) -> [f64; 3] {
        let mut now = unit;
        let seed = unit.iter().fold(0, |seed, v| mix(seed, v.to_bits()));
        let mut x = [0.0; 3];
        for round in 0..10_000 {
            let wanted = now[0] * self.cubes.len() as f64;
            let index = (wanted as usize).min(self.cubes.len() - 1);
            let (cube, cut) = self.cubes[index];
            x = self.at(cube.map(usize::from), [wanted - index as f64, now[1], now[2]]);
            if !cut || self.holds(x) {
                break;
            }
            now = std::array::from_fn(|j| chance(seed, 3 * round + j as u64));
        }
        x
    }

    /// Gauss points of the largest blocks of cubes that lie inside, and of cut cubes those that do.
    pub(super) fn rule(&self, order: usize) -> Vec<([f64; 3], f64)> {
        let one = super::quadrature::rule(CellKind::Hexahedron8, order);
        let cubes = self.cubes.iter().enumerate();
        let places: BTreeMap<[u16; 3], usize> = cubes.clone().map(|(index, (cube, _))| (*cube, index)).collect();
        let mut rule = Vec::new();
        let mut add = |cube: [u16; 3], inside: [f64; 3], weight: f64| {
            // A number at the edge of a cube's share could be taken for the cube before, which lies elsewhere.
            let first = (places[&cube] as f64 + inside[0].max(EDGE)) / self.cubes.len() as f64;
            rule.push(([first, inside[1], inside[2]], weight));
        };
        for (corner, side) in self.blocks() {
            for (place, _, weight) in &one {
                let at = place.map(|v| v * f64::from(side));
                let cube = std::array::from_fn(|j| corner[j] + at[j] as u16);
                add(cube, at.map(f64::fract), weight * f64::from(side).powi(3));
            }
        }
        for (_, (cube, _)) in cubes.filter(|(_, (_, cut))| *cut) {
            for (place, _, weight) in &one {
                if self.holds(self.at(cube.map(usize::from), *place)) {
                    add(*cube, *place, *weight);
                }
            }
        }
        let total: f64 = rule.iter().map(|(_, w)| w).sum();
        rule.iter_mut().for_each(|(_, w)| *w /= total);
        rule
    }

    /// The cubes that are not cut, in blocks of a power of two: their first cubes and sides.
    fn blocks(&self) -> Vec<([u16; 3], u16)> {
        let whole = self.cubes.iter().filter(|(_, cut)| !cut);
        let mut level: BTreeSet<[u16; 3]> = whole.map(|(cube, _)| *cube).collect();
        let (mut blocks, mut side) = (Vec::new(), 1);
        while !level.is_empty() {
            let mut children: BTreeMap<[u16; 3], usize> = BTreeMap::new();
            let parent = |block: &[u16; 3]| block.map(|v| v / 2);
            level
                .iter()
                .for_each(|block| *children.entry(parent(block)).or_default() += 1);
            let full = |block: &[u16; 3]| children[&parent(block)] == 8 && side < LARGEST;
            blocks.extend(
                level
                    .iter()
                    .filter(|block| !full(block))
                    .map(|block| (block.map(|v| v * side), side)),
            );
            level = level.iter().filter(|block| full(block)).map(parent).collect();
            side *= 2;
        }
        blocks
    }

    /// Adds the cubes whose middle lies inside as cells.
    pub(super) fn add_cells(&self, mesh: &mut Mesh) {
        let [nx, ny, _] = self.count.map(|n| n + 1);
        let mut places = std::collections::HashMap::new();
        for (cube, cut) in &self.cubes {
            let cube = cube.map(usize::from);
            if *cut && !self.holds(self.at(cube, [0.5; 3])) {
                continue;
            }
            mesh.cells.push(Cell {
                kind: CellKind::Hexahedron8,
                first: mesh.nodes.len(),
                region: 0,
            });
            for corner in &CellKind::Hexahedron8.reference().nodes {
                let at: [usize; 3] = std::array::from_fn(|j| cube[j] + corner[j] as usize);
                let node = *places.entry(at[0] + nx * (at[1] + ny * at[2])).or_insert_with(|| {
                    mesh.points.push(self.at(at, [0.0; 3]));
                    mesh.points.len() as u32 - 1
                });
                mesh.nodes.push(node);
            }
        }
    }
}

/// Whether x lies under or over a triangle, so that of triangles with a common edge exactly one covers it.
fn covers(triangle: &[[f64; 3]; 3], x: [f64; 3]) -> bool {
    let mut odd = false;
    for k in 0..3 {
        // From the lower end, so that both triangles of an edge compute the same.
        let (mut a, mut b) = (triangle[k], triangle[(k + 1) % 3]);
        if (b[1], b[0]) < (a[1], a[0]) {
            (a, b) = (b, a);
        }
        if (a[1] > x[1]) != (b[1] > x[1]) {
            let crossing = a[0] + (x[1] - a[1]) * (b[0] - a[0]) / (b[1] - a[1]);
            odd ^= x[0] < crossing;
        }
    }
    odd
}
