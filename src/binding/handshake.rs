//! Helpers of the opening handshake, and ids.

use std::sync::atomic::{AtomicU64, Ordering};

use napi_derive::napi;

use crate::protocol;

/// The value of `Sec-WebSocket-Accept` for a `Sec-WebSocket-Key` (RFC 6455 §4.2.2, item 5.4).
#[napi]
#[must_use]
pub fn accept_key(key: String) -> String {
    protocol::accept_key(&key)
}

/// A fresh connection id: 96 random bits in the URL-safe alphabet of base64.
#[napi]
#[must_use]
pub fn new_sid() -> String {
    use base64::Engine;
    let bits: [u8; 12] = rand::random();
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bits)
}

/// A number that no other topic of the process has: the shards serve every env. It stays below 2⁵³.
#[napi]
#[must_use]
pub fn new_topic() -> f64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed) as f64
}
