//! Masking, RFC 6455 §5.3.

/// From this length on it pays to ask for longer vectors and, if words are masked in place, to find their
/// boundary, which takes 2 ns: masking takes a fifth to a half longer when vectors straddle the lines of the
/// cache.
const LONG: usize = 512;
/// Bytes of the longest vectors.
const ALIGNMENT: usize = 32;
/// Bytes that are masked on their way from one place to another, at a time.
const BLOCK: usize = 64;

/// Masks or unmasks `data` in place; both are the same operation.
///
/// `offset` is the position of `data` within its frame's payload: a payload may be unmasked piece
/// by piece as it arrives.
#[inline]
pub fn apply_mask(data: &mut [u8], key: [u8; 4], offset: usize) {
    let key = key_at(key, offset);
    if data.len() < LONG {
        mask_words(data, key);
    } else {
        mask_long(data, key);
    }
}

/// Appends a payload or a piece of it to `out`, masked or unmasked if there is a `key`, as by
/// [`apply_mask`]. It takes one pass; copying first and masking then would take two.
#[inline]
pub(crate) fn append_payload(out: &mut Vec<u8>, data: &[u8], key: Option<[u8; 4]>, offset: usize) {
    match key {
        Some(key) if data.len() >= LONG => append_long(out, data, key_at(key, offset)),
        key => {
            let start = out.len();
            out.extend_from_slice(data);
            if let Some(key) = key {
                mask_words(&mut out[start..], key_at(key, offset));
            }
        }
    }
}

/// The key of the payload's rest, from `offset` on.
#[inline]
fn key_at(key: [u8; 4], offset: usize) -> [u8; 4] {
    u32::from_be_bytes(key)
        .rotate_left(8 * (offset % 4) as u32)
        .to_be_bytes()
}

/// Does `work`, compiled for vectors of 32 bytes if the machine has them. All machines have those of 16
/// bytes, which are half as fast.
#[inline]
fn with_long_vectors(work: impl FnOnce()) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        #[target_feature(enable = "avx2")]
        fn with_avx2(work: impl FnOnce()) {
            work();
        }
        // SAFETY: the machine has AVX2.
        return unsafe { with_avx2(work) };
    }
    work();
}

/// As [`apply_mask`], of data that is worth longer vectors.
#[inline(never)]
fn mask_long(data: &mut [u8], key: [u8; 4]) {
    // `align_offset` may refuse to answer; any length is as right as another.
    let head = data.as_ptr().align_offset(ALIGNMENT) % ALIGNMENT;
    let (head, aligned) = data.split_at_mut(head);
    mask_words(head, key);
    let key = key_at(key, head.len());
    with_long_vectors(move || mask_words(aligned, key));
}

/// As [`append_payload`], of data that is worth longer vectors.
#[inline(never)]
fn append_long(out: &mut Vec<u8>, data: &[u8], key: [u8; 4]) {
    out.reserve(data.len());
    with_long_vectors(move || {
        let (blocks, tail) = data.as_chunks::<BLOCK>();
        for block in blocks {
            // It lies in registers in between, and nowhere in memory.
            let mut block = *block;
            mask_words(&mut block, key);
            out.extend_from_slice(&block);
        }
        let start = out.len();
        out.extend_from_slice(tail);
        mask_words(&mut out[start..], key);
    });
}

/// Masks in place, by words.
#[inline(always)]
fn mask_words(data: &mut [u8], key: [u8; 4]) {
    let wide = u64::from_ne_bytes([
        key[0], key[1], key[2], key[3], key[0], key[1], key[2], key[3],
    ]);
    // Compiled to vector instructions; no intrinsics are needed.
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
    #[cfg_attr(
        miri,
        ignore = "it takes Miri long, which has no AVX2: nothing unsafe runs"
    )]
    fn every_length_offset_and_alignment_agrees_with_the_rfcs_formula() {
        let key = [0x37, 0xfa, 0x21, 0x3d];
        let plain: Vec<u8> = (0..700_u32).map(|i| (i * i) as u8).collect();
        for length in (0..70).chain(LONG - 1..LONG + 18) {
            for start in 0..ALIGNMENT + 1 {
                for offset in 0..5 {
                    let mut data = plain.clone();
                    apply_mask(&mut data[start..start + length], key, offset);
                    let masked = (0..).zip(&plain).map(|(i, byte)| match i {
                        i if i < start || i >= start + length => *byte,
                        i => byte ^ key[(offset + i - start) % 4],
                    });
                    let place = format!("length {length} from {start}, offset {offset}");
                    assert!(masked.eq(data.iter().copied()), "{place}");

                    let mut out = plain[..start].to_vec();
                    append_payload(&mut out, &plain[start..start + length], Some(key), offset);
                    assert_eq!(out, data[..start + length], "appended, {place}");
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
