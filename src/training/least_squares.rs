//! Linear least squares over streamed rows: min |A·x − b|² − cᵀx by Householder factors of A, which is never held whole.
//!
//! Rows are collected until a block is full; the block and the triangle R of all rows before it are factorised anew. Memory
//! is that of a few q × q matrices whatever the number of rows, and errors grow with the condition of A, not with its
//! square as they do in normal equations.
//!
//! # Source
//! Golub & Van Loan, *Matrix Computations*, 4th ed. 2013, §5.2 (Householder), §6.5.3 (rows added); Tikhonov's regularisation at the rounding
//! level takes the place of column pivoting: columns that depend on others get small coefficients.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::qr::no_pivoting::factor::{qr_in_place, qr_in_place_scratch, recommended_block_size};
use faer::{Mat, get_global_parallelism};

/// Rows whose rounding errors the regularisation covers, per row of a factorised block.
const LEVEL: f64 = 64.0 * f64::EPSILON;

/// Least squares over rows that come one block after the other.
pub struct LeastSquares {
    /// Unknowns q.
    columns: usize,
    /// `[≥ q + 1, q + 1]`: the triangle of all rows so far, then the rows that wait; the last column is b.
    block: Mat<f64>,
    /// Rows of `block` in use.
    used: usize,
    /// c.
    linear: Vec<f64>,
    /// Size of each column's regularisation.
    level: Vec<f64>,
}

/// The solution of a least-squares problem.
#[derive(Clone, Debug)]
pub struct Fit {
    /// x.
    pub solution: Vec<f64>,
    /// Columns that are not dependent on those before them to the level of the regularisation.
    pub rank: usize,
}

impl LeastSquares {
    /// For `norms.len()` unknowns, with `norms` the columns' sizes within a factor of 2, and about `expected` rows in blocks of about `bytes`;
    /// `damping`, `[q]`, is the size of Tikhonov's regularisation of each column; at least it covers rounding.
    ///
    /// The regularisation is a row per unknown that holds it near 0. Without it the factorisation would skip dependent
    /// columns.
    pub fn new(norms: &[f64], expected: usize, bytes: usize, damping: &[f64]) -> Self {
        let q = norms.len();
        let width = q + 1;
        let rows = (bytes / (width * size_of::<f64>())).clamp(width / 2, 2 * width);
        let rows = width + rows.min(expected.max(1));
        let largest = norms.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        let level: Vec<f64> = norms
            .iter()
            .map(|norm| LEVEL * rows as f64 * if *norm > 0.0 { *norm } else { largest })
            .zip(damping)
            .map(|(rounding, damping)| rounding.max(*damping))
            .collect();
        let mut block = Mat::zeros(rows, width);
        for (j, level) in level.iter().enumerate() {
            block[(j, j)] = *level;
        }
        Self {
            columns: q,
            block,
            used: q,
            linear: vec![0.0; q],
            level,
        }
    }

    /// Bytes that a problem of `columns` unknowns needs with blocks of about `bytes`.
    pub fn bytes(columns: u128, bytes: u128) -> u128 {
        let width = columns + 1;
        let row = width * size_of::<f64>() as u128;
        let rows = (bytes / row).clamp(width / 2, 2 * width);
        // The block, and the factors of its reflections.
        (width + rows).saturating_mul(row).saturating_add(256 * row)
    }

    /// Adds rows: `matrix` is `[n, q]`, `right` is `[n]`.
    pub fn add(&mut self, matrix: &[f64], right: &[f64]) {
        let q = self.columns;
        let mut done = 0;
        while done < right.len() {
            if self.used == self.block.nrows() {
                self.reduce();
            }
            let count = (self.block.nrows() - self.used).min(right.len() - done);
            for column in 0..=q {
                let out = &mut self.block.col_as_slice_mut(column)[self.used..self.used + count];
                let rows = done..done + count;
                if column < q {
                    let entries = matrix[done * q + column..].iter().step_by(q);
                    out.iter_mut().zip(entries).for_each(|(out, value)| *out = *value);
                } else {
                    out.copy_from_slice(&right[rows]);
                }
            }
            self.used += count;
            done += count;
        }
    }

    /// Adds to c, `[q]`.
    pub fn add_linear(&mut self, linear: &[f64]) {
        self.linear.iter_mut().zip(linear).for_each(|(sum, c)| *sum += c);
    }

    /// Factorises what is in the block; its triangle takes the first q + 1 rows.
    fn reduce(&mut self) {
        let q = self.columns;
        let rows = self.used;
        let size = rows.min(q + 1);
        let mut view = self.block.as_mut().subrows_mut(0, rows);
        let block = recommended_block_size::<f64>(rows, q + 1);
        let mut factors = Mat::<f64>::zeros(block, size);
        let parallel = get_global_parallelism();
        let scratch = qr_in_place_scratch::<f64>(rows, q + 1, block, parallel, Default::default());
        qr_in_place(
            view.as_mut(),
            factors.as_mut(),
            parallel,
            MemStack::new(&mut MemBuffer::new(scratch)),
            Default::default(),
        );
        for column in 0..=q {
            self.block.col_as_slice_mut(column)[..rows][(column + 1).min(size)..].fill(0.0);
        }
        self.used = size;
    }

    /// The minimiser x. With R the triangle of A and z that of b, R·x = z + R⁻ᵀ·c/2.
    pub fn solve(mut self) -> Fit {
        self.reduce();
        self.back()
    }

    /// The minimisers with further regularisation, of each size relative to a size of every column, `[q]`.
    pub fn solve_damped(mut self, sizes: &[f64], columns: &[f64]) -> impl Iterator<Item = Fit> {
        let q = self.columns;
        self.reduce();
        sizes.iter().map(move |size| {
            let mut damped = Self {
                columns: q,
                block: Mat::zeros(2 * q + 1, q + 1),
                used: 2 * q + 1,
                linear: self.linear.clone(),
                level: columns.iter().map(|column| size * column).collect(),
            };
            for j in 0..=q {
                let known = &self.block.col_as_slice(j)[..=j];
                damped.block.col_as_slice_mut(j)[..=j].copy_from_slice(known);
                if j < q {
                    damped.block[(q + 1 + j, j)] = size * columns[j];
                }
            }
            damped.reduce();
            damped.back()
        })
    }

    /// Back substitution in what is reduced.
    fn back(&self) -> Fit {
        let q = self.columns;
        let r = &self.block;
        let mut x: Vec<f64> = r.col_as_slice(q)[..q].to_vec();
        if self.linear.iter().any(|c| *c != 0.0) {
            let mut dual = vec![0.0; q];
            for i in 0..q {
                let column = &r.col_as_slice(i)[..i];
                let known: f64 = column.iter().zip(&dual).map(|(r, y)| r * y).sum();
                dual[i] = (0.5 * self.linear[i] - known) / r[(i, i)];
            }
            x.iter_mut().zip(dual).for_each(|(x, y)| *x += y);
        }
        for i in (0..q).rev() {
            let column = r.col_as_slice(i);
            x[i] /= column[i];
            let value = x[i];
            x[..i].iter_mut().zip(column).for_each(|(x, r)| *x -= r * value);
        }
        Fit {
            solution: x,
            rank: (0..q).filter(|&i| r[(i, i)].abs() > 10.0 * self.level[i]).count(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Hilbert's matrix of order 8, condition 1.5e10: normal equations would leave no digit.
    #[test]
    fn streamed_rows_solve_an_ill_conditioned_system() {
        let q = 8;
        let mut system = LeastSquares::new(&vec![3.0; q], 40, 0, &vec![0.0; q]);
        let exact: Vec<f64> = (0..q).map(|j| 1.0 - 0.3 * j as f64).collect();
        for i in 0..40 {
            let row: Vec<f64> = (0..q).map(|j| 1.0 / (1.0 + (i % q + j) as f64)).collect();
            let right = row.iter().zip(&exact).map(|(a, x)| a * x).sum();
            system.add(&row, &[right]);
        }
        let fit = system.solve();
        let error: f64 = fit
            .solution
            .iter()
            .zip(&exact)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max);
        assert!(error < 1e-4, "{error}");
    }

    #[test]
    fn dependent_columns_are_counted_and_do_no_harm() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let (n, q) = (60, 12);
        let mut system = LeastSquares::new(&vec![6.0; q], n, 1 << 10, &vec![0.0; q]);
        let mut rows = Vec::new();
        for _ in 0..n {
            let free: [f64; 5] = std::array::from_fn(|_| random.random_range(-1.0..1.0));
            let row: Vec<f64> = (0..q).map(|j| free[j % 5] + free[(j / 5) % 5]).collect();
            let right = 2.0 * free[0] - free[3];
            system.add(&row, &[right]);
            rows.push((row, right));
        }
        let fit = system.solve();
        assert!(fit.rank <= 5, "{}", fit.rank);
        for (row, right) in rows {
            let value: f64 = row.iter().zip(&fit.solution).map(|(a, x)| a * x).sum();
            assert!((value - right).abs() < 1e-9);
        }
        assert!(fit.solution.iter().all(|x| x.abs() < 10.0));
    }

    /// |A·x − b|² − cᵀx has its minimum where 2·Aᵀ(A·x − b) = c.
    #[test]
    fn a_linear_term_moves_the_minimum() {
        let mut random = ChaCha8Rng::seed_from_u64(2);
        let (n, q) = (50, 7);
        let matrix: Vec<f64> = (0..n * q).map(|_| random.random_range(-1.0..1.0)).collect();
        let right: Vec<f64> = (0..n).map(|_| random.random_range(-1.0..1.0)).collect();
        let linear: Vec<f64> = (0..q).map(|j| j as f64 - 3.0).collect();
        let mut system = LeastSquares::new(&vec![4.0; q], n, 0, &vec![0.0; q]);
        system.add(&matrix, &right);
        system.add_linear(&linear);
        let x = system.solve().solution;
        for j in 0..q {
            let slope: f64 = (0..n)
                .map(|i| {
                    let row = &matrix[i * q..(i + 1) * q];
                    let residual: f64 = row.iter().zip(&x).map(|(a, x)| a * x).sum::<f64>() - right[i];
                    2.0 * row[j] * residual
                })
                .sum();
            assert!((slope - linear[j]).abs() < 1e-10);
        }
    }
}
