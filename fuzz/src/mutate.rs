//! Inputs made of other inputs.

use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

/// Bytes that mean something in headers of frames, or lie beside such.
const TELLING: [u8; 16] = [
    0x00, 0x01, 0x02, 0x7d, 0x7e, 0x7f, 0x80, 0x81, 0x82, 0x88, 0x89, 0xc1, 0xf2, 0xfd, 0xfe, 0xff,
];
/// Bytes of an input.
const MOST: usize = 4 * 1024;

/// The input of a case: the same for the same seeds, `run` and `case`.
///
/// # Panics
/// There are no seeds.
#[must_use]
pub fn input(seeds: &[Vec<u8>], run: u64, case: u64) -> Vec<u8> {
    let mut rng = SmallRng::seed_from_u64(run.wrapping_add(case));
    if rng.random_ratio(1, 16) {
        let mut bytes = vec![0; rng.random_range(0..200)];
        rng.fill(&mut bytes[..]);
        return bytes;
    }
    let mut bytes = seeds.choose(&mut rng).expect("seeds").clone();
    for _ in 0..rng.random_range(1..=8) {
        change(&mut bytes, seeds, &mut rng);
    }
    bytes.truncate(MOST);
    bytes
}

/// One change, somewhere.
fn change(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], rng: &mut SmallRng) {
    let at = rng.random_range(0..=bytes.len());
    let end = bytes.len().min(at + rng.random_range(1..=16));
    match rng.random_range(0..8) {
        0 => bytes.truncate(at),
        1 => drop(bytes.drain(at..end)),
        2 => {
            let piece = bytes[at..end].to_vec();
            let to = rng.random_range(0..=bytes.len());
            bytes.splice(to..to, piece);
        }
        3 => {
            let other = seeds.choose(rng).expect("seeds");
            let from = rng.random_range(0..=other.len());
            let until = other.len().min(from + rng.random_range(1..=64));
            bytes.splice(at..at, other[from..until].iter().copied());
        }
        4 => bytes.insert(at, rng.random()),
        5 => bytes.insert(at, *TELLING.choose(rng).expect("some")),
        kind => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = match kind {
                    6 => *byte ^ 1 << rng.random_range(0..8_u32),
                    _ => *TELLING.choose(rng).expect("some"),
                };
            }
        }
    }
}
