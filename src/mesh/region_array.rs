//! Which cell array of a VTU file holds the regions.
//!
//! Programs write it under many names: OpenGeoSys `MaterialIDs`, MFEM `attribute`, meshio `gmsh:physical`, `medit:ref`,
//! `cell_tags`, VMTK `CellEntityIds`. So a known name counts first, and otherwise the only array of whole numbers.

/// Known names in the order in which they count, in lower case without other characters than letters and digits.
const KNOWN: [&str; 27] = [
    "region",
    "regions",
    "regionid",
    "regionids",
    "material",
    "materials",
    "materialid",
    "materialids",
    "matid",
    "matids",
    "attribute",
    "attributes",
    "gmshphysical",
    "physical",
    "physicals",
    "physicalgroup",
    "physicalids",
    "meditref",
    "celltags",
    "subdomain",
    "subdomainid",
    "subdomains",
    "domain",
    "blockid",
    "elementblockids",
    "cellentityids",
    "gmshgeometrical",
];

/// Parts of names of arrays that number or share out cells.
const BOOKKEEPING: [&str; 9] = [
    "globalid",
    "elementid",
    "cellid",
    "original",
    "ghost",
    "partition",
    "rank",
    "process",
    "boundar",
];

/// A cell array with one number per cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate<'a> {
    pub(super) name: &'a str,
    /// Whether its type is one of whole numbers.
    pub(super) whole: bool,
}

fn plain(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// The index of the array that holds the regions.
pub(super) fn choose(arrays: &[Candidate<'_>]) -> Option<usize> {
    let position = |known: &&str| arrays.iter().position(|array| plain(array.name) == **known);
    KNOWN.iter().find_map(position).or_else(|| {
        let mut others = (0..arrays.len()).filter(|at| {
            let name = plain(arrays[*at].name);
            arrays[*at].whole && !BOOKKEEPING.iter().any(|part| name.contains(part))
        });
        let first = others.next();
        first.filter(|_| others.next().is_none())
    })
}

/// Where the regions come from, for messages.
pub(super) fn origin(arrays: &[Candidate<'_>], chosen: Option<usize>) -> String {
    let list = |skip: Option<usize>| {
        let others = (0..arrays.len()).filter(|at| Some(*at) != skip);
        let names: Vec<String> = others.map(|at| format!("`{}`", arrays[at].name)).collect();
        names.join(", ")
    };
    match chosen {
        Some(at) => {
            let others = list(Some(at));
            let others = if others.is_empty() {
                String::new()
            } else {
                format!("; it also has {others}")
            };
            format!(
                "the file's regions are the values of its cell array `{}`{others}",
                arrays[at].name
            )
        }
        None if arrays.is_empty() => "the file has no cell array, whose values could be regions".into(),
        None => format!(
            "the file has the cell arrays {}: call the one with the regions `MaterialIDs`",
            list(None)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(list: &[(&'static str, bool)]) -> Option<&'static str> {
        let arrays: Vec<Candidate<'_>> = list.iter().map(|&(name, whole)| Candidate { name, whole }).collect();
        choose(&arrays).map(|at| list[at].0)
    }

    #[test]
    fn arrays_of_other_programs_are_recognised() {
        for name in [
            "MaterialIDs",
            "attribute",
            "gmsh:physical",
            "medit:ref",
            "cell_tags",
            "ElementBlockIds",
            "Material Id",
        ] {
            assert_eq!(chosen(&[("ids", true), (name, true), ("other", true)]), Some(name));
        }
        assert_eq!(
            chosen(&[("gmsh:geometrical", true), ("gmsh:physical", true)]),
            Some("gmsh:physical")
        );
    }

    #[test]
    fn the_only_array_of_whole_numbers_counts_and_of_several_none_does() {
        assert_eq!(chosen(&[("porosity", false), ("zones", true)]), Some("zones"));
        assert_eq!(chosen(&[("vtkOriginalCellIds", true), ("zones", true)]), Some("zones"));
        assert_eq!(chosen(&[("zones", true), ("layers", true)]), None);
        assert_eq!(chosen(&[("GlobalElementIds", true)]), None);
        assert_eq!(chosen(&[("porosity", false)]), None);
    }

    #[test]
    fn messages_name_the_arrays_that_there_are() {
        let arrays = [("zones", true), ("layers", true)].map(|(name, whole)| Candidate { name, whole });
        assert!(origin(&arrays, None).starts_with("the file has the cell arrays `zones`, `layers`: "));
        assert!(origin(&arrays, Some(1)).contains("`layers`; it also has `zones`"));
    }
}
