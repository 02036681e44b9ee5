//! A curve through space on which neighbours are near each other.

/// The place of a point of the unit cube along Hilbert's curve, in 2^(16·d) steps.
///
/// # Source
/// Skilling, *Programming the Hilbert curve*, AIP Conf. Proc. 707 (2004) 381.
pub(super) fn hilbert(x: [f64; 3], dimension: usize) -> u64 {
    const BITS: u32 = 16;
    let mut x = x.map(|v| (v.clamp(0.0, 1.0) * f64::from((1_u32 << BITS) - 1)) as u32);
    let x = &mut x[..dimension];
    let mut q = 1_u32 << (BITS - 1);
    while q > 1 {
        let p = q - 1;
        for i in 0..x.len() {
            if x[i] & q != 0 {
                x[0] ^= p;
            } else {
                let t = (x[0] ^ x[i]) & p;
                x[0] ^= t;
                x[i] ^= t;
            }
        }
        q >>= 1;
    }
    for i in 1..x.len() {
        x[i] ^= x[i - 1];
    }
    let mut t = 0;
    let mut q = 1_u32 << (BITS - 1);
    while q > 1 {
        if x[x.len() - 1] & q != 0 {
            t ^= q - 1;
        }
        q >>= 1;
    }
    let mut key = 0;
    for bit in (0..BITS).rev() {
        for v in x.iter() {
            key = key << 1 | u64::from((v ^ t) >> bit & 1);
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consecutive_cells_of_the_curve_touch() {
        for dimension in 1..=3 {
            let n = 8_usize;
            let cells = n.pow(dimension as u32);
            let mut list: Vec<(u64, [usize; 3])> = (0..cells)
                .map(|c| {
                    let at = [c % n, c / n % n, c / n / n];
                    (hilbert(at.map(|i| (i as f64 + 0.5) / n as f64), dimension), at)
                })
                .collect();
            list.sort_unstable();
            for pair in list.windows(2) {
                let steps: usize = (0..3).map(|j| pair[0].1[j].abs_diff(pair[1].1[j])).sum();
                assert_eq!(steps, 1);
            }
        }
    }
}
