//! Damaged files: whatever they hold, reading them ends in a mesh that can be sampled or in an error.
//!
//! `PINN_FUZZ_SECONDS=600 cargo test --release --lib -- --ignored fuzz` goes on for ten minutes.

use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

/// Numbers that readers stumble over.
const AWKWARD: [&str; 14] = [
    "0",
    "-1",
    "1",
    "2",
    "15",
    "99",
    "2147483648",
    "4294967296",
    "18446744073709551615",
    "-9223372036854775808",
    "nan",
    "inf",
    "1e308",
    "1e-320",
];

fn corpus() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/meshes");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let mut files: Vec<Vec<u8>> = paths.into_iter().map(|path| std::fs::read(path).unwrap()).collect();
    let grids: Vec<Vec<u8>> = files
        .iter()
        .filter_map(|file| Mesh::from_bytes(file).ok())
        .map(|mesh| mesh.grid(1.0).vtu())
        .collect();
    files.extend(grids);
    files
}

fn damage(file: &mut Vec<u8>, other: &[u8], random: &mut ChaCha8Rng) {
    let n = file.len();
    if n == 0 {
        return;
    }
    let at = random.random_range(0..n);
    match random.random_range(0..8) {
        0 => file[at] = random.random(),
        1 => file[at] ^= 1 << random.random_range(0..8),
        2 => file.truncate(at),
        3 => {
            let end = random.random_range(at..n.min(at + 40) + 1).min(n);
            file.drain(at..end);
        }
        4 => {
            let end = random.random_range(at..n.min(at + 200) + 1).min(n);
            let part = file[at..end].to_vec();
            let to = random.random_range(0..n);
            file.splice(to..to, part);
        }
        5 => {
            // A word of text becomes an awkward number.
            let begin = file[..at]
                .iter()
                .rposition(|b| b.is_ascii_whitespace())
                .map_or(0, |p| p + 1);
            let end = file[at..]
                .iter()
                .position(|b| b.is_ascii_whitespace())
                .map_or(n, |p| at + p);
            let word = AWKWARD[random.random_range(0..AWKWARD.len())];
            if begin <= end {
                file.splice(begin..end, word.bytes());
            }
        }
        6 => {
            // A binary number becomes an extreme one.
            let value = [0, 1, u64::MAX, 1 << 31, 1 << 32, 1 << 63][random.random_range(0..6)];
            for (byte, new) in file[at..].iter_mut().zip(value.to_le_bytes()) {
                *byte = new;
            }
        }
        _ => {
            if !other.is_empty() {
                let from = random.random_range(0..other.len());
                let part = &other[from..(from + 64).min(other.len())];
                file.splice(at..at, part.iter().copied());
            }
        }
    }
}

fn fuzz(seed: u64, mut go_on: impl FnMut(u64) -> bool) {
    let files = corpus();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (mut round, mut read) = (0, 0);
    while go_on(round) {
        let mut file = files[random.random_range(0..files.len())].clone();
        let other = &files[random.random_range(0..files.len())];
        for _ in 0..random.random_range(1..5) {
            damage(&mut file, other, &mut random);
        }
        let kept = file.clone();
        let outcome = std::panic::catch_unwind(|| {
            let Ok(mesh) = Mesh::from_bytes(&file) else {
                return false;
            };
            let space = Space::new(mesh);
            for k in 0..4 {
                let unit = [0.13, 0.41, 0.77].map(|u: f64| (u + 0.31 * f64::from(k)) % 1.0);
                let x = space.interior_point(unit);
                assert!(x.iter().all(|v| v.is_finite()), "{x:?}");
                space.region(x);
                for surface in 0..space.mesh().boundaries.len() {
                    let (x, normal) = space.surface_point(surface, unit);
                    assert!(x.iter().chain(&normal).all(|v| v.is_finite()), "{x:?} {normal:?}");
                }
            }
            true
        });
        match outcome {
            Ok(sound) => read += u64::from(sound),
            Err(panic) => {
                let path = std::env::temp_dir().join(format!("fuzz_{seed}_{round}"));
                std::fs::write(&path, kept).unwrap();
                eprintln!("round {round}: the file is {}", path.display());
                std::panic::resume_unwind(panic);
            }
        }
        round += 1;
    }
    eprintln!("{round} damaged files, {read} of them still meshes");
}

#[test]
fn damaged_files_give_an_error_or_a_mesh() {
    fuzz(1, |round| round < 2000);
}

#[test]
#[ignore = "takes PINN_FUZZ_SECONDS, 600 by default"]
fn fuzz_for_long() {
    let seconds = std::env::var("PINN_FUZZ_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(600);
    let end = Instant::now() + Duration::from_secs(seconds);
    fuzz(2, |_| Instant::now() < end);
}
