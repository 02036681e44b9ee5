//! Large matrix products on slices, by the `gemm` crate; those of the kernel's blocks stand in `product`.

use gemm::Parallelism;

use super::real::Real;

/// c ← a·b (+ c) with c `[m, n]`; the operands come with their row and column strides, c with its row stride.
pub(crate) fn matmul_into<F: Real>(
    (m, k, n): (usize, usize, usize),
    (a, a_row, a_column): (&[F], usize, usize),
    (b, b_row, b_column): (&[F], usize, usize),
    (c, c_row): (&mut [F], usize),
    add: bool,
) {
    if m == 0 || n == 0 || k == 0 {
        return;
    }
    assert!((m - 1) * a_row + (k - 1) * a_column < a.len());
    assert!((k - 1) * b_row + (n - 1) * b_column < b.len());
    assert!(c_row >= n && (m - 1) * c_row + n <= c.len());
    // SAFETY: the largest index of each operand, checked above, lies inside its slice; c is borrowed mutably and its
    // rows do not overlap, so nothing else refers to what is written.
    #[expect(unsafe_code, reason = "the gemm crate takes pointers and strides")]
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            c.as_mut_ptr(),
            1,
            c_row as isize,
            add,
            a.as_ptr(),
            a_column as isize,
            a_row as isize,
            b.as_ptr(),
            b_column as isize,
            b_row as isize,
            F::ONE,
            F::ONE,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}
