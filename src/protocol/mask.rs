//! Masking, RFC 6455 §5.3.

/// Masks or unmasks `data` in place; both are the same operation.
///
/// `offset` is the position of `data` within its frame's payload: a payload may be unmasked piece
/// by piece as it arrives.
#[inline]
pub fn apply_mask(data: &mut [u8], key: [u8; 4], offset: usize) {
    let key = u32::from_be_bytes(key)
        .rotate_left(8 * (offset % 4) as u32)
        .to_be_bytes();
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
    fn every_length_and_offset_agrees_with_the_rfcs_formula() {
        let key = [0x37, 0xfa, 0x21, 0x3d];
        for length in 0..70 {
            for offset in 0..9 {
                let mut data: Vec<u8> = (0..length).collect();
                let expected: Vec<u8> = data
                    .iter()
                    .enumerate()
                    .map(|(i, byte)| byte ^ key[(offset + i) % 4])
                    .collect();
                apply_mask(&mut data, key, offset);
                assert_eq!(data, expected, "length {length}, offset {offset}");
            }
        }
    }

    #[test]
    fn keys_differ() {
        let first = random_key();
        assert!((0..8).any(|_| random_key() != first));
    }
}
