//! How well cells are shaped.

use rayon::prelude::*;

use super::Mesh;
use super::cell::Family;
use super::element::{Element, cross, dot, sub};
use super::quadrature::rule;

/// Least and mean scaled Jacobian.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    /// Of the worst cell.
    pub least: f64,
    /// Over all cells.
    pub mean: f64,
}

impl Mesh {
    /// Measures of the regions; of the whole mesh if there are none.
    pub fn region_measures(&self) -> Vec<f64> {
        let mut measures = vec![0.0; self.regions.len().max(1)];
        for (index, cell) in self.cells.iter().enumerate() {
            let element = self.cell(index);
            let rule = rule(cell.kind, if element.affine { 1 } else { 3 });
            measures[cell.region as usize] += rule.iter().map(|(_, xi, w)| w * element.density(*xi)).sum::<f64>();
        }
        measures
    }

    /// The scaled Jacobian of the cells: the least over their corners of det(edges)/(product of their lengths), divided by its
    /// value for the regular cell, so that equilateral simplices, squares and cubes have 1, and flat cells 0.
    ///
    /// # Source
    /// Knupp, *Achieving finite element mesh quality via optimization of the Jacobian matrix norm*, Int. J. Numer. Meth. Eng. 48
    /// (2000) 401.
    pub fn quality(&self) -> Quality {
        let (least, sum) = (0..self.cells.len())
            .into_par_iter()
            .map(|cell| scaled_jacobian(&self.cell(cell)))
            .fold(|| (f64::INFINITY, 0.0), |(least, sum), q| (least.min(q), sum + q))
            .reduce(|| (f64::INFINITY, 0.0), |a, b| (a.0.min(b.0), a.1 + b.1));
        Quality {
            least,
            mean: sum / self.cells.len() as f64,
        }
    }
}

fn scaled_jacobian(element: &Element) -> f64 {
    let kind = element.kind;
    let (family, d) = (kind.parts().0, kind.dimension());
    let regular = match family {
        Family::Triangle | Family::Wedge => 0.75_f64.sqrt(),
        Family::Tetrahedron => 0.5_f64.sqrt(),
        _ => 1.0,
    };
    let edges = kind.reference().edges;
    let reference = &kind.reference().nodes;
    (0..kind.corners())
        .map(|corner| {
            let mut arms = [[0.0; 3]; 3];
            let mut sense = [[0.0; 3]; 3];
            let ends = edges.iter().filter_map(|[a, b]| match corner as u8 {
                c if c == *a => Some(*b),
                c if c == *b => Some(*a),
                _ => None,
            });
            for ((arm, sense), end) in arms.iter_mut().zip(&mut sense).zip(ends) {
                *arm = sub(element.corner(end as usize), element.corner(corner));
                *sense = sub(reference[end as usize], reference[corner]);
            }
            let volume = |e: &[[f64; 3]; 3]| match d {
                1 => e[0][0],
                2 => e[0][0] * e[1][1] - e[0][1] * e[1][0],
                _ => dot(e[0], cross(e[1], e[2])),
            };
            let lengths: f64 = arms[..d].iter().map(|arm| dot(*arm, *arm).sqrt()).product();
            volume(&arms) * volume(&sense).signum() / (lengths * regular)
        })
        .fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::super::CellKind;
    use super::*;

    #[test]
    fn regular_cells_have_the_quality_one() {
        let h = 0.75_f64.sqrt();
        let top = [0.5, h / 3.0, (2.0_f64 / 3.0).sqrt()];
        let triangle = [[0.0; 3], [1.0, 0.0, 0.0], [0.5, h, 0.0]];
        let check = |kind: CellKind, points: &[[f64; 3]]| {
            let list: Vec<u32> = (0..points.len() as u32).collect();
            let element = Element::new(kind, kind.dimension(), points, &list, 1.0);
            assert!((scaled_jacobian(&element) - 1.0).abs() < 1e-14, "{kind:?}");
        };
        check(CellKind::Triangle3, &triangle);
        check(CellKind::Tetrahedron4, &[triangle[0], triangle[1], triangle[2], top]);
        let mut wedge = triangle.to_vec();
        wedge.extend(triangle.map(|x| [x[0], x[1], 2.0]));
        check(CellKind::Wedge6, &wedge);
        check(CellKind::Hexahedron8, &CellKind::Hexahedron8.reference().nodes);
        check(CellKind::Quadrilateral4, &CellKind::Quadrilateral4.reference().nodes);
    }
}
