//! Matrix products of one block of points: register tiles of the processor's vectors, in place on the operands.
//!
//! A general product packs its operands first; here the right factor is either weights, packed once per call of the kernel
//! ([`super::packing`]), or the jets of a block, whose rows are whole vectors, and the left factor is read one number at
//! a time. A tile of R rows and V vectors of columns takes R + V loads for R·V fused multiply-adds, and stays in
//! registers while the depth runs.

use pulp::{Arch, Simd, WithSimd};

use super::packing::lanes;
use super::real::Real;

/// Depth after which a tile returns to memory: two vectors of that many rows stay in the first-level cache.
const DEPTH: usize = 128;

/// out ← start + left·right.
pub(super) struct Product<'a, F> {
    /// Rows of the result.
    pub(super) rows: usize,
    /// Length of the sums.
    pub(super) depth: usize,
    /// Columns of the result, a multiple of [`lanes`].
    pub(super) columns: usize,
    /// Entry (i, k) at i·row + k·step.
    pub(super) left: Left<'a, F>,
    /// Entry (k, j) at (j / lanes)·vector + k·step + j mod lanes.
    pub(super) right: Right<'a, F>,
    /// Entry (i, j) at i·row + j.
    pub(super) out: &'a mut [F],
    /// See `out`.
    pub(super) row: usize,
    /// What the sums start from.
    pub(super) start: Start<'a, F>,
    /// Room of [`PANEL`] numbers in which columns of the right factor stand in one piece while many rows go past them: rows of
    /// jets are often a power of two apart, which the first-level cache cannot hold.
    pub(super) panel: Option<&'a mut [F]>,
}

/// The left factor.
#[derive(Clone, Copy)]
pub(super) struct Left<'a, F> {
    pub(super) values: &'a [F],
    pub(super) row: usize,
    pub(super) step: usize,
}

/// The right factor.
#[derive(Clone, Copy)]
pub(super) struct Right<'a, F> {
    pub(super) values: &'a [F],
    pub(super) vector: usize,
    pub(super) step: usize,
}

/// What sums start from.
#[derive(Clone, Copy)]
pub(super) enum Start<'a, F> {
    /// 0.
    Zero,
    /// What stands in the result.
    Result,
    /// The same row, `[columns]`, for each row of the result.
    Row(&'a [F]),
}

impl<'a, F> Left<'a, F> {
    /// A matrix by rows of the given stride.
    pub(super) fn rows(values: &'a [F], row: usize) -> Self {
        Self { values, row, step: 1 }
    }

    /// The transpose of such a matrix.
    pub(super) fn transposed(values: &'a [F], row: usize) -> Self {
        Self {
            values,
            row: 1,
            step: row,
        }
    }

    /// One number everywhere: the product is that times the sum of the rows of the right factor.
    pub(super) fn constant(value: &'a F) -> Self {
        Self {
            values: std::slice::from_ref(value),
            row: 0,
            step: 0,
        }
    }
}

impl<'a, F: Real> Right<'a, F> {
    /// A matrix by rows of the given stride, a multiple of [`lanes`].
    pub(super) fn rows(values: &'a [F], row: usize) -> Self {
        Self {
            values,
            vector: lanes::<F>(),
            step: row,
        }
    }

    /// What [`super::packing::pack`] made for sums of the given length.
    pub(super) fn packed(values: &'a [F], depth: usize) -> Self {
        Self {
            values,
            vector: depth * lanes::<F>(),
            step: lanes::<F>(),
        }
    }
}

impl<F: Real> Product<'_, F> {
    /// Computes the product with the widest vectors that the processor has.
    pub(super) fn run(self) {
        if self.rows == 0 || self.columns == 0 {
            return;
        }
        let lanes = lanes::<F>();
        assert!(self.columns.is_multiple_of(lanes) && self.row >= self.columns);
        assert!((self.rows - 1) * self.row + self.columns <= self.out.len());
        if let Start::Row(row) = self.start {
            assert!(self.columns <= row.len());
        }
        assert!(self.panel.as_ref().is_none_or(|panel| panel.len() >= PANEL));
        if let Some(last) = self.depth.checked_sub(1) {
            let Left { values, row, step } = self.left;
            assert!((self.rows - 1) * row + last * step < values.len());
            let Right { values, vector, step } = self.right;
            assert!((self.columns / lanes - 1) * vector + last * step + lanes <= values.len());
        }
        let row = self.left.row;
        Arch::new().dispatch(Tiles {
            product: self,
            offsets: std::array::from_fn(|r| r * row),
        });
    }
}

/// Most rows of a tile.
const ROWS: usize = 8;

/// Numbers of the widest tile's columns over one depth: four vectors of 64 bytes.
pub(super) const PANEL: usize = 64 * DEPTH;

/// A product on its way through the dispatch.
struct Tiles<'a, F> {
    product: Product<'a, F>,
    /// r·row of the left factor. They come through memory, so that the compiler keeps R addresses in registers; knowing that they
    /// are equally far apart it would add up from one to the next, a chain as long as the multiplications take.
    offsets: [usize; ROWS],
}

impl<F: Real> WithSimd for Tiles<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let mut first = 0;
        loop {
            let depth = (self.product.depth - first).min(DEPTH);
            let start = if first == 0 { self.product.start } else { Start::Result };
            self.columns_of(simd, first, depth, start);
            first += depth;
            if first >= self.product.depth {
                return;
            }
        }
    }
}

/// Which vectors of columns and which depths a tile takes.
#[derive(Clone, Copy)]
struct Part<'a, F> {
    /// The first vector.
    vector: usize,
    /// The first depth, and how many follow.
    first: usize,
    depth: usize,
    /// What the sums start from.
    start: Start<'a, F>,
    /// Whether the columns stand in the panel.
    packed: bool,
}

impl<F: Real> Tiles<'_, F> {
    #[inline(always)]
    fn columns_of<S: Simd>(&mut self, simd: S, first: usize, depth: usize, start: Start<'_, F>) {
        let vectors = self.product.columns / F::lanes::<S>();
        let mut vector = 0;
        let part = |vector: usize| Part {
            vector,
            first,
            depth,
            start,
            packed: false,
        };
        // 24 of 32 registers are sums, or 8 of 16.
        if S::REGISTER_COUNT >= 32 {
            while vector + 4 <= vectors {
                self.rows_of::<S, 6, 4>(simd, part(vector));
                vector += 4;
            }
            while vector + 2 <= vectors {
                self.rows_of::<S, 8, 2>(simd, part(vector));
                vector += 2;
            }
        } else {
            while vector + 2 <= vectors {
                self.rows_of::<S, 4, 2>(simd, part(vector));
                vector += 2;
            }
        }
        if vector < vectors {
            self.rows_of::<S, 8, 1>(simd, part(vector));
        }
    }

    #[inline(always)]
    fn rows_of<S: Simd, const R: usize, const V: usize>(&mut self, simd: S, mut part: Part<'_, F>) {
        let rows = self.product.rows;
        // Packing pays from a few tiles on.
        part.packed = self.product.panel.is_some() && rows >= 4 * R;
        if part.packed {
            self.pack::<S, V>(part);
        }
        let mut i = 0;
        while i + R <= rows {
            self.tile::<S, R, V>(simd, i, part);
            i += R;
        }
        while i + 2 <= rows {
            self.tile::<S, 2, V>(simd, i, part);
            i += 2;
        }
        if i < rows {
            self.tile::<S, 1, V>(simd, i, part);
        }
    }

    /// Copies V vectors of columns over the depths `first..first + depth` to the panel, `[depth, V·lanes]`.
    #[inline(always)]
    fn pack<S: Simd, const V: usize>(&mut self, part: Part<'_, F>) {
        let Part {
            vector, first, depth, ..
        } = part;
        let lanes = F::lanes::<S>();
        let Right {
            values,
            vector: stride,
            step,
        } = self.product.right;
        let Some(panel) = &mut self.product.panel else { return };
        let from = values.as_ptr().wrapping_add(vector * stride + first * step);
        for k in 0..depth {
            for v in 0..V {
                // SAFETY: the right factor holds these vectors, see `tile`; the panel has room for V·lanes ≤ 64 numbers in each
                // of at most `DEPTH` rows, as `run` has checked.
                #[expect(unsafe_code, reason = "as in the tile")]
                unsafe {
                    let numbers = F::load::<S>(from.wrapping_add(v * stride + k * step));
                    F::store::<S>(numbers, panel.as_mut_ptr().add((k * V + v) * lanes));
                }
            }
        }
    }

    /// The rows `i..i + R` of V vectors of columns, over the depths `first..first + depth`; the columns come from the panel if they
    /// are packed.
    #[inline(always)]
    fn tile<S: Simd, const R: usize, const V: usize>(&mut self, simd: S, i: usize, part: Part<'_, F>) {
        let Part {
            vector,
            first,
            depth,
            start,
            packed,
        } = part;
        let lanes = F::lanes::<S>();
        let Product {
            left,
            right,
            out,
            row: out_row,
            panel,
            ..
        } = &mut self.product;
        let out_row = *out_row;
        let mut sums = [[F::splat(simd, F::ZERO); V]; R];
        // SAFETY: `run` has checked, for the widths of this processor, that the last row, depth and vector of columns of each
        // operand lie inside its slice; i + R ≤ rows, (vector + V)·lanes ≤ columns and first + depth ≤ the whole depth hold at
        // every call, and `offsets` are r·row. `wrapping_add` lets the pointers step beyond the last depth, where they are not
        // read; a packed panel holds `depth` rows of V vectors. Vectors are read and written without alignment, and every bit pattern is a number.
        #[expect(unsafe_code, reason = "bounds checks in the inner loop would double its time")]
        unsafe {
            let out = out.as_mut_ptr().add(i * out_row + vector * lanes);
            match start {
                Start::Zero => {}
                Start::Result => {
                    for r in 0..R {
                        for v in 0..V {
                            sums[r][v] = F::load::<S>(out.add(r * out_row + v * lanes));
                        }
                    }
                }
                Start::Row(values) => {
                    for r in 0..R {
                        for v in 0..V {
                            sums[r][v] = F::load::<S>(values.as_ptr().add((vector + v) * lanes));
                        }
                    }
                }
            }
            let a = left.values.as_ptr().wrapping_add(i * left.row + first * left.step);
            let mut rows = [a; R];
            for r in 0..R {
                rows[r] = a.wrapping_add(self.offsets[r]);
            }
            let (mut b, vector_step, step) = match panel {
                Some(panel) if packed => (panel.as_ptr(), lanes, V * lanes),
                _ => {
                    let start = vector * right.vector + first * right.step;
                    (right.values.as_ptr().wrapping_add(start), right.vector, right.step)
                }
            };
            let mut at = 0;
            for _ in 0..depth {
                let mut columns = [F::splat(simd, F::ZERO); V];
                for v in 0..V {
                    columns[v] = F::load::<S>(b.wrapping_add(v * vector_step));
                }
                for r in 0..R {
                    let factor = F::splat(simd, *rows[r].wrapping_add(at));
                    for v in 0..V {
                        sums[r][v] = F::fused(simd, factor, columns[v], sums[r][v]);
                    }
                }
                at += left.step;
                b = b.wrapping_add(step);
            }
            for r in 0..R {
                for v in 0..V {
                    F::store::<S>(sums[r][v], out.add(r * out_row + v * lanes));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jet::dots::Dots;
    use crate::jet::packing::{pack, pack_transposed, whole};

    /// Whole numbers, so that every order of summation gives the same.
    fn numbers(n: usize, seed: usize) -> Vec<f64> {
        (0..n).map(|i| ((i * 7 + seed * 13) % 11) as f64 - 5.0).collect()
    }

    fn expected(
        start: impl Fn(usize, usize) -> f64,
        a: &[f64],
        b: &[f64],
        (m, k, n): (usize, usize, usize),
    ) -> Vec<f64> {
        let entry = |i: usize, j: usize| start(i, j) + (0..k).map(|l| a[i * k + l] * b[l * n + j]).sum::<f64>();
        (0..m * n).map(|at| entry(at / n, at % n)).collect()
    }

    fn check<F: Real>() {
        // Whole and partial tiles of every width, with one depth and with several.
        let sizes = [
            (1, 1, 1),
            (3, 2, 5),
            (8, 9, 16),
            (64, 7, 20),
            (5, 0, 4),
            (9, 130, 3),
            (26, 140, 70),
        ];
        // An interpreter has no patience for the last.
        for (m, k, n) in sizes.into_iter().take(if cfg!(miri) { 6 } else { 7 }) {
            let (a, b, bias, before) = (numbers(m * k, 1), numbers(k * n, 2), numbers(n, 3), numbers(m * n, 4));
            let of = |v: &[f64]| v.iter().map(|v| F::of(*v)).collect::<Vec<F>>();
            let row = whole::<F>(n);
            let wide = |v: &[f64], rows: usize| {
                let mut out = vec![F::ZERO; rows * row];
                for (i, v) in v.iter().enumerate() {
                    out[i / n * row + i % n] = F::of(*v);
                }
                out
            };
            let transposed: Vec<f64> = (0..m * k).map(|at| a[at % m * k + at / m]).collect();
            let (mut packed, mut other) = (Vec::new(), Vec::new());
            pack(&of(&b), k, n, &mut packed);
            let b_transposed: Vec<f64> = (0..k * n).map(|at| b[at % k * n + at / k]).collect();
            pack_transposed(&of(&b_transposed), k, n, &mut other);
            assert_eq!(packed, other);
            let mut panel = [F::ZERO; PANEL];
            let (left, left_transposed, rows, bias_row) = (of(&a), of(&transposed), wide(&b, k), wide(&bias, 1));
            for (left, right) in [
                (Left::rows(&left, k), Right::packed(&packed, k)),
                (Left::transposed(&left_transposed, m), Right::rows(&rows, row)),
            ] {
                for start in [Start::Zero, Start::Result, Start::Row(&bias_row)] {
                    let mut out = wide(&before, m);
                    Product {
                        rows: m,
                        depth: k,
                        columns: row,
                        left,
                        right,
                        out: &mut out,
                        row,
                        start,
                        panel: (m % 2 == 1).then_some(&mut panel[..]),
                    }
                    .run();
                    let expected = expected(
                        |i, j| match start {
                            Start::Zero => 0.0,
                            Start::Result => before[i * n + j],
                            Start::Row(_) => bias[j],
                        },
                        &a,
                        &b,
                        (m, k, n),
                    );
                    assert_eq!(out, wide(&expected, m), "{m} {k} {n}");
                }
            }
            // Dots: rows of length k.
            let length = whole::<F>(k).max(lanes::<F>());
            let padded = |v: &[f64], rows: usize| {
                let mut out = vec![F::ZERO; rows * length];
                for (i, v) in v.iter().enumerate() {
                    out[i / k * length + i % k] = F::of(*v);
                }
                out
            };
            let mut out = vec![F::ZERO; m * n];
            Dots {
                left: &padded(&a, m),
                right: &padded(&b_transposed, n),
                row: length,
                start: Some(&of(&bias)),
                out: &mut out,
            }
            .run();
            assert_eq!(out, of(&expected(|_, j| bias[j], &a, &b, (m, k, n))));
        }
    }

    #[test]
    fn products_of_whole_numbers_are_exact_in_every_layout() {
        check::<f64>();
        check::<f32>();
    }
}
