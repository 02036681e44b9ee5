//! Sums of products along rows: what the output layer is, whose few columns would leave most of a vector empty.

use pulp::{Arch, Simd, WithSimd};

use super::real::Real;

/// out_ic = start_c + Σ_j left_ij·right_cj for a few c: `left` is `[n, row]` and `right` `[m, row]` with rows of whole vectors, `out`
/// `[n, m]`.
pub(super) struct Dots<'a, F> {
    pub(super) left: &'a [F],
    pub(super) right: &'a [F],
    pub(super) row: usize,
    pub(super) start: Option<&'a [F]>,
    pub(super) out: &'a mut [F],
}

impl<F: Real> Dots<'_, F> {
    /// Computes the sums.
    pub(super) fn run(self) {
        Arch::new().dispatch(self);
    }
}

impl<F: Real> WithSimd for Dots<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (row, m) = (self.row, self.right.len() / self.row);
        let (lanes, n) = (F::lanes::<S>(), self.out.len() / m);
        assert!(self.left.len() >= n * row && row.is_multiple_of(lanes));
        for i in 0..n {
            for c in 0..m {
                let mut sum = F::splat(simd, F::ZERO);
                let mut at = 0;
                while at < row {
                    // SAFETY: i < n, c < m and at + lanes ≤ row, and both matrices have rows of that length, as checked above.
                    #[expect(unsafe_code, reason = "vectors are loaded from pointers")]
                    unsafe {
                        let a = F::load::<S>(self.left.as_ptr().add(i * row + at));
                        let b = F::load::<S>(self.right.as_ptr().add(c * row + at));
                        sum = F::fused(simd, a, b, sum);
                    }
                    at += lanes;
                }
                self.out[i * m + c] = F::total(simd, sum) + self.start.map_or(F::ZERO, |start| start[c]);
            }
        }
    }
}
