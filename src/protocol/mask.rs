//! Masking, RFC 6455 §5.3.

/// From this length on the words that are masked lie on such a boundary: where vectors straddle the
/// lines of the cache, masking takes a fifth to a half longer. Finding the boundary takes 2 ns.
const ALIGNED_FROM: usize = 512;
const ALIGNMENT: usize = 16;

/// Masks or unmasks `data` in place; both are the same operation.
///
/// `offset` is the position of `data` within its frame's payload: a payload may be unmasked piece
/// by piece as it arrives.
#[inline]
pub fn apply_mask(data: &mut [u8], key: [u8; 4], offset: usize) {
    let key = key_at(key, offset);
    if data.len() < ALIGNED_FROM {
        return mask_words(data, key);
    }
    // `align_offset` may refuse to answer; any length is as right as another.
    let head = data.as_ptr().align_offset(ALIGNMENT) % ALIGNMENT;
    let (head, aligned) = data.split_at_mut(head);
    mask_words(aligned, key_at(key, head.len()));
    mask_words(head, key);
}

/// The key of the payload's rest, from `offset` on.
#[inline]
fn key_at(key: [u8; 4], offset: usize) -> [u8; 4] {
    u32::from_be_bytes(key)
        .rotate_left(8 * (offset % 4) as u32)
        .to_be_bytes()
}

#[inline]
fn mask_words(data: &mut [u8], key: [u8; 4]) {
    let wide = u64::from_ne_bytes([
        key[0], key[1], key[2], key[3], key[0], key[1], key[2], key[3],
    ]);
    // Compiled to vector instructions, whatever the target has; no intrinsics are needed.
    let (chunks, tail) = data.as_chunks_mut::<8>();
    for chunk in chunks {
        *chunk = (u64::from_ne_bytes(*chunk) ^ wide).to_ne_bytes();
    }
    for (byte, key) in tail.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}

/// A fresh masking key, which no peer or script can predict (RFC 6455 §5.3, §10.3).
pub fn random_key() -> [u8; 4] {
    rand::random()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "it takes Miri long, and there is nothing unsafe in it")]
    fn every_length_offset_and_alignment_agrees_with_the_rfcs_formula() {
        let key = [0x37, 0xfa, 0x21, 0x3d];
        let plain: Vec<u8> = (0..700_u32).map(|i| (i * i) as u8).collect();
        for length in (0..70).chain(ALIGNED_FROM - 1..ALIGNED_FROM + 18) {
            for start in 0..ALIGNMENT + 1 {
                for offset in 0..5 {
                    let mut data = plain.clone();
                    apply_mask(&mut data[start..start + length], key, offset);
                    let masked = (0..).zip(&plain).map(|(i, byte)| match i {
                        i if i < start || i >= start + length => *byte,
                        i => byte ^ key[(offset + i - start) % 4],
                    });
                    assert!(
                        masked.eq(data),
                        "length {length} from {start}, offset {offset}"
                    );
                }
            }
        }
    }

    #[test]
    fn keys_differ() {
        let first = random_key();
        assert!((0..8).any(|_| random_key() != first));
    }
}
