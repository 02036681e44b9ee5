//! Groups that overlap, names inside the body, paired boundaries, cell arrays: one strip of two squares, as Gmsh writes it.
//!
//! Curves: `left` and `right` are also `ends`; `floor`; `joint` between the squares; `wire` inside the first one. Surfaces: both
//! squares are the `body`, the second one is also the `core`. `right` is the image of `left`.

use super::*;

const FILES: [&str; 4] = [
    "groups_22.msh",
    "groups_22_binary.msh",
    "groups_41.msh",
    "groups_41_binary.msh",
];

fn strip(file: &str) -> Mesh {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/meshes");
    Mesh::read(&folder.join(file)).unwrap()
}

fn members(groups: &[Group], name: &str) -> Vec<usize> {
    groups.iter().find(|group| group.name == name).unwrap().members.clone()
}

#[test]
fn a_cell_of_two_groups_is_one_cell_and_both_names_count() {
    for file in FILES {
        let mesh = strip(file);
        assert_eq!(mesh.regions, ["body", "core"], "{file}");
        assert_eq!(members(&mesh.region_groups, "body"), [0, 1], "{file}");
        assert_eq!(members(&mesh.region_groups, "core"), [1], "{file}");
        let measures = mesh.region_measures();
        assert!(
            measures.iter().all(|area| (area - 1.0).abs() < 1e-14),
            "{file} {measures:?}"
        );
    }
}

#[test]
fn a_curve_of_two_groups_has_both_names() {
    for file in FILES {
        let mesh = strip(file);
        let [left, right] = ["left", "right"].map(|name| members(&mesh.boundary_groups, name));
        assert_eq!(
            members(&mesh.boundary_groups, "ends"),
            [left.clone(), right.clone()].concat(),
            "{file}"
        );
        assert_eq!(
            [left, right].map(|list| mesh.boundaries[list[0]]),
            ["left", "right"],
            "{file}"
        );
        assert_eq!(mesh.boundaries.len(), 4, "{file}: {:?}", mesh.boundaries);
    }
}

#[test]
fn names_that_nothing_can_hold_on_are_told_apart() {
    for file in FILES {
        let mesh = strip(file);
        assert!(mesh.misplaced.contains(&Misplaced::Inside("wire")), "{file}");
        assert!(mesh.misplaced.contains(&Misplaced::Thin("tip", 0)), "{file}");
        assert_eq!(mesh.misplaced.len(), 2, "{file}: {:?}", mesh.misplaced);
        assert_eq!(mesh.interfaces, [("joint", [0, 1])], "{file}");
    }
}

#[test]
fn paired_boundaries_are_kept_with_their_nodes() {
    for file in FILES {
        let mesh = strip(file);
        let [pair] = mesh.periodic.as_slice() else {
            panic!("{file}: {:?}", mesh.periodic)
        };
        let names = [0, 1].map(|side| mesh.boundaries[pair.boundaries[side][0]]);
        assert_eq!((names, pair.nodes.len()), (["right", "left"], 3), "{file}");
        for [image, source] in &pair.nodes {
            let [a, b] = [image, source].map(|node| mesh.points[*node as usize]);
            assert!(
                (a[0] - b[0] - 2.0).abs() < 1e-14 && (a[1] - b[1]).abs() < 1e-11,
                "{file}"
            );
        }
    }
}

#[test]
fn groups_that_overlap_in_part_leave_three_parts() {
    let text = "$MeshFormat\n2.2 0 8\n$EndMeshFormat\n$PhysicalNames\n2\n1 1 \"a\"\n1 2 \"b\"\n$EndPhysicalNames\n\
                $Nodes\n4\n1 0 0 0\n2 1 0 0\n3 2 0 0\n4 3 0 0\n$EndNodes\n\
                $Elements\n4\n1 1 2 1 1 1 2\n2 1 2 1 2 2 3\n3 1 2 2 2 2 3\n4 1 2 2 3 3 4\n$EndElements\n";
    let mesh = Mesh::from_bytes(text.as_bytes()).unwrap();
    assert_eq!(mesh.regions, ["a", "a & b", "b"]);
    assert_eq!(members(&mesh.region_groups, "a"), [0, 1]);
    assert_eq!(members(&mesh.region_groups, "b"), [1, 2]);
}

#[test]
fn a_cell_that_stands_twice_in_one_group_counts_once() {
    let text = "$MeshFormat\n2.2 0 8\n$EndMeshFormat\n$Nodes\n3\n1 0 0 0\n2 1 0 0\n3 0 1 0\n$EndNodes\n\
                $Elements\n2\n1 2 2 1 1 1 2 3\n2 2 2 1 1 2 3 1\n$EndElements\n";
    let mesh = Mesh::from_bytes(text.as_bytes()).unwrap();
    assert_eq!(mesh.cells.len(), 1);
    assert_eq!(mesh.notes, ["one element stands twice in the file and counts once"]);
}

/// Two squares with a cell array, as OpenGeoSys, MFEM and meshio write it.
#[test]
fn cell_arrays_of_whole_numbers_are_regions() {
    for (name, number) in [
        ("MaterialIDs", "Int32"),
        ("attribute", "Int32"),
        ("medit:ref", "Int64"),
        ("gmsh:physical", "Int32"),
        ("zone of the solid", "UInt8"),
    ] {
        let text = format!(
            "<VTKFile type=\"UnstructuredGrid\" header_type=\"UInt64\"><UnstructuredGrid>\
             <Piece NumberOfPoints=\"6\" NumberOfCells=\"2\"><CellData>\
             <DataArray type=\"{number}\" Name=\"{name}\" format=\"ascii\">3 7</DataArray>\
             <DataArray type=\"Float64\" Name=\"porosity\" format=\"ascii\">0.1 0.2</DataArray></CellData><Points>\
             <DataArray type=\"Float64\" Name=\"Points\" NumberOfComponents=\"3\" format=\"ascii\">\
             0 0 0 1 0 0 2 0 0 0 1 0 1 1 0 2 1 0</DataArray></Points><Cells>\
             <DataArray type=\"Int64\" Name=\"connectivity\" format=\"ascii\">0 1 4 3 1 2 5 4</DataArray>\
             <DataArray type=\"Int64\" Name=\"offsets\" format=\"ascii\">4 8</DataArray>\
             <DataArray type=\"UInt8\" Name=\"types\" format=\"ascii\">9 9</DataArray></Cells></Piece></UnstructuredGrid></VTKFile>"
        );
        let mesh = Mesh::from_bytes(text.as_bytes()).unwrap();
        assert_eq!(mesh.regions, ["3", "7"], "{name}");
        assert_eq!(mesh.interfaces, [("3|7", [0, 1])], "{name}");
        let from = mesh.regions_from.unwrap();
        assert!(from.contains(name) && from.contains("`porosity`"), "{from}");
    }
}
