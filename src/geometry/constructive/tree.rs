//! The operations: which points belong to a combination of shapes, and to which of its regions.

/// A combination of leaves, numbered from 0.
#[derive(Clone, Debug)]
pub(super) enum Tree {
    /// One primitive.
    Leaf(usize),
    /// The points of any of several shapes; where they overlap, the first gives the region.
    Union(Vec<Tree>),
    /// The points that all shapes share; the first gives the region.
    Intersection(Vec<Tree>),
    /// The points of the first shape that none of the others holds.
    Difference(Box<Tree>, Vec<Tree>),
    /// A shape whose points belong to a region of this number, from 1 on.
    Region(u32, Box<Tree>),
}

/// Lowest and highest corner of a box along the axes.
pub(super) type Bounds = ([f64; 3], [f64; 3]);

/// Points that belong to no named region.
pub(super) const NAMELESS: u32 = u32::MAX;

impl Tree {
    /// A function that is negative inside and positive outside and changes no faster than the leaves' own.
    pub(super) fn signed(&self, leaf: &impl Fn(usize) -> f64) -> f64 {
        match self {
            Self::Leaf(index) => leaf(*index),
            Self::Union(parts) => parts.iter().map(|part| part.signed(leaf)).fold(f64::INFINITY, f64::min),
            Self::Intersection(parts) => parts
                .iter()
                .map(|part| part.signed(leaf))
                .fold(f64::NEG_INFINITY, f64::max),
            Self::Difference(from, cut) => cut
                .iter()
                .map(|part| -part.signed(leaf))
                .fold(from.signed(leaf), f64::max),
            Self::Region(_, part) => part.signed(leaf),
        }
    }

    /// A box that holds all points, from those of the leaves; low above high if there are none.
    pub(super) fn bounds(&self, leaf: &impl Fn(usize) -> Bounds) -> Bounds {
        let both = |a: Bounds, b: Bounds, low: fn(f64, f64) -> f64, high: fn(f64, f64) -> f64| {
            let pick = |f: fn(f64, f64) -> f64, a: [f64; 3], b: [f64; 3]| [0, 1, 2].map(|j| f(a[j], b[j]));
            (pick(low, a.0, b.0), pick(high, a.1, b.1))
        };
        let (nothing, everything) = (
            ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]),
            ([f64::NEG_INFINITY; 3], [f64::INFINITY; 3]),
        );
        match self {
            Self::Leaf(index) => leaf(*index),
            Self::Union(parts) => parts
                .iter()
                .map(|part| part.bounds(leaf))
                .fold(nothing, |a, b| both(a, b, f64::min, f64::max)),
            Self::Intersection(parts) => parts
                .iter()
                .map(|part| part.bounds(leaf))
                .fold(everything, |a, b| both(a, b, f64::max, f64::min)),
            Self::Difference(part, _) | Self::Region(_, part) => part.bounds(leaf),
        }
    }

    /// The region of a point, 0 outside; `inside` says whether a leaf holds it.
    pub(super) fn label(&self, inside: &impl Fn(usize) -> bool) -> u32 {
        match self {
            Self::Leaf(leaf) => {
                if inside(*leaf) {
                    NAMELESS
                } else {
                    0
                }
            }
            Self::Union(parts) => parts
                .iter()
                .map(|part| part.label(inside))
                .find(|&label| label > 0)
                .unwrap_or(0),
            Self::Intersection(parts) => {
                let mut labels = parts.iter().map(|part| part.label(inside));
                let first = labels.next().unwrap_or(0);
                if labels.all(|label| label > 0) { first } else { 0 }
            }
            Self::Difference(from, cut) => {
                let label = from.label(inside);
                if label > 0 && cut.iter().all(|part| part.label(inside) == 0) {
                    label
                } else {
                    0
                }
            }
            Self::Region(number, part) => {
                if part.label(inside) > 0 {
                    *number
                } else {
                    0
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_shape_of_a_union_gives_the_region() {
        let tree = Tree::Difference(
            Box::new(Tree::Union(vec![
                Tree::Region(1, Box::new(Tree::Leaf(0))),
                Tree::Intersection(vec![Tree::Leaf(1), Tree::Leaf(2)]),
            ])),
            vec![Tree::Leaf(3)],
        );
        let label = |held: &[usize]| tree.label(&|leaf| held.contains(&leaf));
        assert_eq!(label(&[0, 1, 2]), 1);
        assert_eq!(label(&[1, 2]), NAMELESS);
        assert_eq!(label(&[1]), 0);
        assert_eq!(label(&[0, 3]), 0);
    }
}
