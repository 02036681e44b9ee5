//! STL files, as text and binary: a closed surface of triangles, whose names of solids are those of boundaries.
//!
//! Corners with the same coordinates are one. Every edge must have two triangles that run through it in opposite directions; what the
//! surface encloses is found by winding numbers, see [`Solid`].

use std::collections::HashMap;
use std::sync::Arc;

use super::input::{Form, Input};
use super::intern;
use super::solid::Solid;
use super::{CellKind, Facet, Mesh, MeshError, Spot};
use crate::error::counted;

/// Triangles with the places they come from.
#[derive(Debug, Default)]
struct Surface {
    corners: Vec<[f64; 3]>,
    places: HashMap<[u32; 3], u32>,
    triangles: Vec<([u32; 3], u32, Spot)>,
    names: Vec<&'static str>,
}

impl Surface {
    fn corner(&mut self, x: [f64; 3], spot: Spot) -> Result<u32, MeshError> {
        if let Some(value) = x.iter().find(|v| !v.is_finite()) {
            return Err(MeshError::new(format!("the coordinate {value} is not finite")).at(spot));
        }
        // Both zeros are one.
        let key = x.map(|v| (v as f32 + 0.0).to_bits());
        let next = self.corners.len() as u32;
        let index = *self.places.entry(key).or_insert(next);
        if index == next {
            self.corners.push(x);
        }
        Ok(index)
    }

    fn name(&mut self, name: &str) -> u32 {
        let name = intern(if name.is_empty() { "boundary" } else { name });
        let at = self.names.iter().position(|other| *other == name).unwrap_or_else(|| {
            self.names.push(name);
            self.names.len() - 1
        });
        at as u32
    }
}

/// Whether bytes look like an STL file.
pub(super) fn recognises(bytes: &[u8]) -> bool {
    binary_length(bytes) == Some(bytes.len()) || bytes.trim_ascii_start().starts_with(b"solid")
}

/// How long a binary file is by its own count of triangles.
fn binary_length(bytes: &[u8]) -> Option<usize> {
    let count = bytes.get(80..)?.first_chunk()?;
    (u32::from_le_bytes(*count) as usize).checked_mul(50)?.checked_add(84)
}

/// Reads and checks a file.
///
/// # Errors
/// What cannot be read, a surface that is not closed, one without volume.
pub(super) fn read(bytes: &[u8]) -> Result<Mesh, MeshError> {
    let mut surface = Surface::default();
    if binary_length(bytes) == Some(bytes.len()) {
        read_binary(bytes, &mut surface)?;
    } else {
        read_text(bytes, &mut surface)?;
    }
    if surface.triangles.is_empty() {
        return Err(MeshError::new("the surface has no triangles"));
    }
    closed(&surface)?;
    let solid = Solid::new(
        surface
            .triangles
            .iter()
            .map(|(list, ..)| list.map(|corner| surface.corners[corner as usize]))
            .collect(),
    )?;
    let mut mesh = Mesh {
        dimension: 3,
        points: surface.corners,
        boundaries: surface.names,
        notes: vec!["the cells inside the surface are for output only".into()],
        ..Mesh::default()
    };
    for (mut list, boundary, _) in surface.triangles {
        if solid.turned() {
            list.swap(1, 2);
        }
        mesh.facets.push(Facet {
            kind: CellKind::Triangle3,
            side: 0,
            first: mesh.nodes.len(),
            cell: 0,
            boundary,
        });
        mesh.nodes.extend(list);
    }
    solid.add_cells(&mut mesh);
    mesh.solid = Some(Arc::new(solid));
    Ok(mesh)
}

/// 80 bytes, the count, then for every triangle normal, three corners, and two bytes.
fn read_binary(bytes: &[u8], surface: &mut Surface) -> Result<(), MeshError> {
    surface.name("");
    for (index, item) in bytes[84..].chunks_exact(50).enumerate() {
        let spot = Spot::Byte(84 + 50 * index);
        let number = |k: usize| {
            item[4 * k..]
                .first_chunk()
                .map_or(f64::NAN, |b| f32::from_le_bytes(*b).into())
        };
        let mut list = [0; 3];
        for (c, slot) in list.iter_mut().enumerate() {
            let at = 3 + 3 * c;
            *slot = surface.corner([number(at), number(at + 1), number(at + 2)], spot)?;
        }
        surface.triangles.push((list, 0, spot));
    }
    Ok(())
}

/// `solid name`, then `facet normal … outer loop vertex … endloop endfacet`, then `endsolid`.
fn read_text(bytes: &[u8], surface: &mut Surface) -> Result<(), MeshError> {
    let mut input = Input::new(bytes);
    input.form = Form::Text;
    while let Some(line) = input.full_line() {
        let Some(name) = line.strip_prefix("solid") else {
            let shown: String = line.chars().take(40).collect();
            return Err(input.error(format!("`{shown}` stands where `solid` is expected")));
        };
        let boundary = surface.name(name.trim());
        loop {
            match input.word("`facet` or `endsolid`")? {
                "endsolid" => {
                    input.line();
                    break;
                }
                "facet" => {}
                other => {
                    let shown: String = other.chars().take(40).collect();
                    return Err(input.error(format!("`{shown}` stands where `facet` or `endsolid` is expected")));
                }
            }
            // The normal follows from the corners.
            input.line();
            let spot = input.spot();
            expect(&mut input, &["outer", "loop"])?;
            let mut list = [0; 3];
            for slot in &mut list {
                expect(&mut input, &["vertex"])?;
                let mut x = [0.0; 3];
                for value in &mut x {
                    *value = input.real("a coordinate")?;
                }
                *slot = surface.corner(x, input.spot())?;
            }
            expect(&mut input, &["endloop", "endfacet"])?;
            surface.triangles.push((list, boundary, spot));
        }
    }
    Ok(())
}

fn expect(input: &mut Input<'_>, words: &[&str]) -> Result<(), MeshError> {
    for expected in words {
        let word = input.word(&format!("`{expected}`"))?;
        if word != *expected {
            let shown: String = word.chars().take(40).collect();
            return Err(input.error(format!("`{shown}` stands where `{expected}` is expected")));
        }
    }
    Ok(())
}

/// Every edge runs once in each direction.
fn closed(surface: &Surface) -> Result<(), MeshError> {
    let hint = "close the surface in the program it comes from; an STL file must enclose a volume";
    let mut edges: HashMap<[u32; 2], usize> = HashMap::new();
    for (index, (list, _, spot)) in surface.triangles.iter().enumerate() {
        for k in 0..3 {
            let edge = [list[k], list[(k + 1) % 3]];
            if edge[0] == edge[1] {
                return Err(MeshError::new(format!("the triangle {index} has no area")).at(*spot));
            }
            if let Some(other) = edges.insert(edge, index) {
                return Err(MeshError::new(format!(
                    "the triangles {other} and {index} run along one edge in the same direction"
                ))
                .at(*spot)
                .hint(hint));
            }
        }
    }
    let mut open: Vec<usize> = edges
        .iter()
        .filter(|([a, b], _)| !edges.contains_key(&[*b, *a]))
        .map(|(_, index)| *index)
        .collect();
    open.sort_unstable();
    match open.first() {
        None => Ok(()),
        Some(&index) => Err(MeshError::new(format!(
            "the surface is open at an edge of the triangle {index}, and at {} more",
            counted(open.len() - 1, "edge")
        ))
        .at(surface.triangles[index].2)
        .hint(hint)),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::super::Space;
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// A box around a smaller one, which is hollow; the outer side has two names.
    fn hollow_box() -> String {
        let mut text = String::new();
        let mut add = |name: &str, size: f64, faces: &[usize], turned: bool| {
            text += &format!("solid {name}\n");
            let hexahedron = CellKind::Hexahedron8.reference();
            for &face in faces {
                let list = &hexahedron.facets[face].1;
                for mut corners in [[0, 1, 2], [0, 2, 3]] {
                    if turned {
                        corners.swap(1, 2);
                    }
                    text += "facet normal 0 0 0\nouter loop\n";
                    for corner in corners {
                        let x = hexahedron.nodes[list[corner] as usize];
                        let [a, b, c] = x.map(|v| 0.5 + size * (v - 0.5));
                        text += &format!("vertex {a} {b} {c}\n");
                    }
                    text += "endloop\nendfacet\n";
                }
            }
            text += "endsolid\n";
        };
        add("bottom", 1.0, &[0], false);
        add("other sides", 1.0, &[1, 2, 3, 4, 5], false);
        add("hole", 0.5, &[0, 1, 2, 3, 4, 5], true);
        text
    }

    #[test]
    fn a_hollow_box_is_measured_and_sampled_without_its_hole() {
        let space = Space::new(Mesh::from_bytes(hollow_box().as_bytes()).unwrap());
        assert_eq!(space.mesh().boundaries, ["bottom", "other sides", "hole"]);
        assert!((space.measure() - 0.875).abs() < 1e-14);
        let areas: Vec<f64> = (0..3).map(|surface| space.surface_measure(surface)).collect();
        assert!(areas.iter().zip([1.0, 5.0, 1.5]).all(|(a, b)| (a - b).abs() < 1e-14));
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let n = 20_000;
        let mut mean = [0.0; 3];
        for _ in 0..n {
            let x = space.interior_point(std::array::from_fn(|_| random.random()));
            assert!(space.holds(x));
            (0..3).for_each(|j| mean[j] += (x[j] - 0.5).powi(2) / n as f64);
        }
        // ∫(x − ½)² over both boxes, by the volume; four standard errors.
        let exact = (1.0 / 12.0 - 0.125 * 0.25 / 12.0) / 0.875;
        assert!(
            mean.iter().all(|m| (m - exact).abs() < 4.0 * 0.08 / (n as f64).sqrt()),
            "{mean:?} {exact}"
        );
        let rule = space.rule(None, 2);
        let sum: f64 = rule
            .iter()
            .map(|(unit, w)| w * (space.interior_point(*unit)[0] - 0.5).powi(2))
            .sum();
        assert!((sum - exact).abs() < 1e-3, "{sum} {exact}");
        let (x, normal) = space.surface_point(2, [0.3, 0.6, 0.0]);
        assert!((0..3).map(|j| (x[j] - 0.5) * normal[j]).sum::<f64>() < 0.0);
    }

    /// A box takes no more points than it needs: its cubes make blocks of sixteen.
    #[test]
    fn a_box_is_integrated_on_few_cells() {
        let text = hollow_box();
        let end = text.find("solid hole").unwrap();
        let space = Space::new(Mesh::from_bytes(&text.as_bytes()[..end]).unwrap());
        let rule = space.rule(None, 3);
        assert_eq!(rule.len(), 27 * 27);
        // ∫x⁴y² = 1/15: Gauss points of order 3 carry degree 5. Those on sides of cubes are moved by 1e-6 of a cube.
        let sum: f64 = rule
            .iter()
            .map(|(unit, w)| (space.interior_point(*unit), w))
            .map(|(x, w)| w * x[0].powi(4) * x[1].powi(2))
            .sum();
        assert!((sum - 1.0 / 15.0).abs() < 1e-7, "{sum}");
    }

    #[test]
    fn binary_files_are_read_and_inward_normals_turned() {
        let mut bytes = vec![0; 80];
        let list = [[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]];
        bytes.extend(4_u32.to_le_bytes());
        let nodes = &CellKind::Tetrahedron4.reference().nodes;
        for corners in list {
            bytes.extend([0; 12]);
            bytes.extend(
                corners
                    .iter()
                    .flat_map(|c| nodes[*c])
                    .flat_map(|v| (v as f32).to_le_bytes()),
            );
            bytes.extend([0; 2]);
        }
        let space = Space::new(Mesh::from_bytes(&bytes).unwrap());
        assert!((space.measure() - 1.0 / 6.0).abs() < 1e-15);
        let (x, normal) = space.surface_point(0, [0.4, 0.5, 0.0]);
        let moved = |h: f64| space.holds(std::array::from_fn(|j| x[j] + h * normal[j]));
        assert!(moved(-1e-6) && !moved(1e-6));
    }

    #[test]
    fn an_open_surface_is_reported() {
        let text = hollow_box();
        let begin = text.find("solid other").unwrap();
        let error = Mesh::from_bytes(&text.as_bytes()[begin..]).unwrap_err();
        assert!(
            error
                .message
                .starts_with("the surface is open at an edge of the triangle "),
            "{error}"
        );
    }
}
