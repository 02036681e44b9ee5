//! One small faulty mesh per message.

use super::*;

/// A Gmsh 2.2 file of nodes and elements.
fn file(nodes: &str, elements: &str) -> String {
    format!(
        "$MeshFormat\n2.2 0 8\n$EndMeshFormat\n$Nodes\n{}\n{nodes}$EndNodes\n$Elements\n{}\n{elements}$EndElements\n",
        nodes.lines().count(),
        elements.lines().count()
    )
}

const SQUARE: &str = "1 0 0 0\n2 1 0 0\n3 1 1 0\n4 0 1 0\n";
const TETS: &str = "1 0 0 0\n2 1 0 0\n3 0 1 0\n4 0 0 1\n5 1 1 1\n6 -1 -1 -1\n";

fn fault(text: &str) -> String {
    match Mesh::from_bytes(text.as_bytes()) {
        Ok(mesh) => panic!("no fault: {mesh:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_sound_square_has_no_fault() {
    let text = file(SQUARE, "1 2 2 1 1 1 2 3\n2 2 2 1 1 1 3 4\n");
    let mesh = Mesh::from_bytes(text.as_bytes()).unwrap();
    assert_eq!((mesh.boundaries, mesh.regions), (vec!["boundary"], vec!["1"]));
}

#[test]
fn clockwise_triangles_are_turned() {
    let text = file(SQUARE, "1 2 2 1 1 1 3 2\n2 2 2 1 1 1 3 4\n");
    let space = Space::new(Mesh::from_bytes(text.as_bytes()).unwrap());
    assert!((space.measure() - 1.0).abs() < 1e-15);
}

#[test]
fn empty_files_are_reported() {
    assert_eq!(fault(""), "the file is empty");
    assert_eq!(
        fault("$MeshFormat\n2.2 0 8\n$EndMeshFormat\n"),
        "the file has no `$Nodes`"
    );
    assert_eq!(fault(&file("", "")), "the mesh has no cells");
}

#[test]
fn files_of_other_kinds_are_named() {
    assert_eq!(fault("hello"), "this is no Gmsh, VTU or STL file");
    let text = "$MeshFormat\n4 0 8\n$EndMeshFormat\n";
    assert_eq!(fault(text), "line 2: Gmsh files of version 4 cannot be read");
    let text = "<?xml version=\"1.0\"?>\n<VTKFile type=\"PolyData\">";
    assert_eq!(
        fault(text),
        "line 2: VTK files of the type `PolyData` cannot be read, only `UnstructuredGrid`"
    );
}

#[test]
fn a_file_that_is_cut_short_is_reported() {
    let text = file(SQUARE, "1 2 2 1 1 1 2 3\n");
    let cut = text.find("2 1 0 0").unwrap() + 1;
    assert_eq!(
        fault(&text[..cut]),
        "line 5: 4 nodes are announced, but the file has only 9 bytes left"
    );
    let cut = text.find("$EndElements").unwrap();
    assert_eq!(
        fault(&text[..cut]),
        "line 14: the file ends where `$EndElements` is expected"
    );
}

#[test]
fn a_huge_count_takes_no_memory() {
    let text = "$MeshFormat\n2.2 0 8\n$EndMeshFormat\n$Nodes\n9000000000000\n1 0 0 0\n";
    assert_eq!(
        fault(text),
        "line 5: 9000000000000 nodes are announced, but the file has only 8 bytes left"
    );
}

#[test]
fn words_in_place_of_numbers_are_reported_with_their_line() {
    let text = file("1 0 0 0\n2 1 x 0\n3 1 1 0\n", "1 2 2 1 1 1 2 3\n");
    assert_eq!(fault(&text), "line 7: `x` stands where a coordinate is expected");
    let text = file("1 0 0 0\n2 1 nan 0\n3 1 1 0\n", "1 2 2 1 1 1 2 3\n");
    assert_eq!(fault(&text), "line 7: the coordinate NaN is not finite");
}

#[test]
fn nodes_that_do_not_exist_or_are_given_twice_are_reported() {
    let text = file(SQUARE, "1 2 2 1 1 1 2 9\n");
    assert_eq!(
        fault(&text),
        "line 13: the element 1 has the node 9, which does not exist"
    );
    let text = file("1 0 0 0\n1 1 0 0\n3 1 1 0\n", "1 2 2 1 1 1 3 3\n");
    assert_eq!(fault(&text), "line 7: the node 1 is given twice");
    let text = file(SQUARE, "1 2 2 1 1 1 2 2\n");
    assert_eq!(fault(&text), "line 13: the element 1 has the node 2 twice");
}

#[test]
fn two_nodes_at_one_place_are_reported() {
    let text = file(
        "1 0 0 0\n2 1 0 0\n3 1 1 0\n4 0 1 0\n5 0 0 0\n",
        "1 2 2 1 1 1 2 3\n2 2 2 1 1 5 3 4\n",
    );
    assert_eq!(fault(&text), "the nodes 1 and 5 lie at the same point [0.0, 0.0]");
}

#[test]
fn a_facet_of_three_cells_is_reported() {
    let text = file(TETS, "1 4 2 1 1 1 2 3 4\n2 4 2 1 1 1 2 3 5\n3 4 2 1 1 1 2 3 6\n");
    assert_eq!(fault(&text), "line 17: the elements 1, 2 and 3 share one facet");
}

#[test]
fn an_inverted_cell_is_reported() {
    // Both tetrahedra lie above the triangle 1 2 3.
    let text = file(TETS, "1 4 2 1 1 1 2 3 4\n2 4 2 1 1 1 2 3 5\n");
    assert_eq!(
        fault(&text),
        "line 16: the elements 1 and 2 overlap: one of them is inverted"
    );
}

#[test]
fn a_curved_cell_that_is_partly_inside_out_is_reported() {
    let nodes = "1 0 0 0\n2 1 0 0\n3 0 1 0\n4 .5 .9 0\n5 .5 .5 0\n6 0 .5 0\n";
    let text = file(nodes, "1 9 2 1 1 1 2 3 4 5 6\n");
    assert!(
        fault(&text).starts_with("line 15: the element 1 is partly inside out: its Jacobian runs from -"),
        "{}",
        fault(&text)
    );
}

#[test]
fn a_cell_without_area_is_reported() {
    let text = file(
        "1 0 0 0\n2 1 0 0\n3 2 0 0\n4 0 1 0\n",
        "1 2 2 1 1 1 2 3\n2 2 2 1 1 1 2 4\n",
    );
    assert_eq!(fault(&text), "line 13: the element 1 has no area");
}

#[test]
fn a_surface_in_space_is_reported() {
    let text = file(TETS, "1 2 2 1 1 1 2 4\n");
    assert_eq!(
        fault(&text),
        "the mesh has a surface in space without cells inside: z runs from 0 to 1"
    );
}

#[test]
fn a_boundary_element_that_is_no_facet_is_reported() {
    let text = file(SQUARE, "1 2 2 1 1 1 2 3\n2 2 2 1 1 1 3 4\n3 1 2 7 7 2 4\n");
    assert_eq!(
        fault(&text),
        "line 15: the element 3 of a boundary is no facet of any cell"
    );
}

#[test]
fn pyramids_and_cells_of_third_order_are_named() {
    let text = file(TETS, "1 7 2 1 1 1 2 3 4 5\n");
    assert_eq!(fault(&text), "line 15: pyramids cannot be read");
    let text = file(TETS, "1 21 2 1 1 1 2 3 4 5\n");
    assert_eq!(fault(&text), "line 15: elements of Gmsh's type 21 cannot be read");
}

#[test]
fn facets_without_a_tag_become_a_boundary_of_their_own() {
    let text = file(SQUARE, "1 2 2 1 1 1 2 3\n2 2 2 1 1 1 3 4\n3 1 2 7 7 1 2\n");
    let mesh = Mesh::from_bytes(text.as_bytes()).unwrap();
    assert_eq!(mesh.boundaries, vec!["7", UNTAGGED]);
}
