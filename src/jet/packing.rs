//! Matrices in whole vectors of this processor.

use std::marker::PhantomData;

use pulp::{Arch, Simd, WithSimd};

use super::real::Real;

/// Numbers per vector of this processor.
pub(super) fn lanes<F: Real>() -> usize {
    struct Lanes<F>(PhantomData<F>);
    impl<F: Real> WithSimd for Lanes<F> {
        type Output = usize;

        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> usize {
            F::lanes::<S>()
        }
    }
    Arch::new().dispatch(Lanes::<F>(PhantomData))
}

/// A number of columns rounded up to whole vectors.
pub(super) fn whole<F: Real>(columns: usize) -> usize {
    columns.next_multiple_of(lanes::<F>())
}

/// The matrix `[k, n]` as vectors of columns, each with all rows, `[n / lanes, k, lanes]`, 0 beyond the last column.
pub(super) fn pack<F: Real>(matrix: &[F], k: usize, n: usize, packed: &mut Vec<F>) {
    pack_by(k, n, |i, j| matrix[i * n + j], packed);
}

/// The same of the transpose of a matrix `[n, k]`.
pub(super) fn pack_transposed<F: Real>(matrix: &[F], k: usize, n: usize, packed: &mut Vec<F>) {
    pack_by(k, n, |i, j| matrix[j * k + i], packed);
}

fn pack_by<F: Real>(k: usize, n: usize, entry: impl Fn(usize, usize) -> F, packed: &mut Vec<F>) {
    let lanes = lanes::<F>();
    packed.clear();
    for first in (0..n).step_by(lanes) {
        for i in 0..k {
            packed.extend((first..first + lanes).map(|j| if j < n { entry(i, j) } else { F::ZERO }));
        }
    }
}
