//! Session tickets (RFC 5077, RFC 8446 §4.6.1) under a key that processes can share: a worker goes on with the sessions
//! of another.
//!
//! The 48 bytes are those of Node's `getTicketKeys()`: the first 16 say which key it is. What is made of them is ours
//! alone, so the tickets of OpenSSL under the same bytes are none of ours.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::digest::{Context, SHA256};
use rustls::server::ProducesTickets;

/// Bytes of the keys.
pub(super) const KEYS: usize = 48;
/// Of them, the name of the key.
const NAME: usize = 16;
const NONCE: usize = 12;
/// Most bytes of a session: a longer one gets no ticket. It lies in the ticket twice
/// a handshake, and may have no more than 64 KiB there (RFC 8446 §4.6.1).
const LARGEST: usize = 16 * 1024;
/// When a ticket was made, in seconds.
const TIME: usize = 8;

/// What makes and reads tickets.
pub(super) struct Tickets {
    name: [u8; NAME],
    key: RandomizedNonceKey,
    lifetime: u32,
}

impl Tickets {
    /// Tickets under `keys`, which are good for this many seconds, and where the `binding` is the same. `None` if the keys
    /// are no 48 bytes.
    pub(super) fn new(keys: &[u8], binding: &[u8], lifetime: u32) -> Option<Self> {
        let keys: &[u8; KEYS] = keys.try_into().ok()?;
        let (name, secret) = keys.split_at(NAME);
        let mut digest = Context::new(&SHA256);
        digest.update(b"websockets: session tickets");
        digest.update(secret);
        digest.update(binding);
        Some(Self {
            name: name.try_into().ok()?,
            key: RandomizedNonceKey::new(&AES_256_GCM, digest.finish().as_ref()).ok()?,
            lifetime,
        })
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tickets").finish_non_exhaustive()
    }
}

impl ProducesTickets for Tickets {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        self.lifetime
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        if plain.len() > LARGEST {
            return None;
        }
        let mut sealed = [&now().to_be_bytes(), plain].concat();
        let aad = Aad::from(self.name);
        let nonce = self.key.seal_in_place_append_tag(aad, &mut sealed).ok()?;
        Some([&self.name[..], nonce.as_ref(), &sealed].concat())
    }

    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        let (name, rest) = ticket.split_at_checked(NAME)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE)?;
        if name != self.name {
            return None;
        }
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let aad = Aad::from(self.name);
        let opened = self.key.open_in_place(nonce, aad, &mut sealed).ok()?;
        let (time, plain) = opened.split_first_chunk::<TIME>()?;
        let age = now().checked_sub(u64::from_be_bytes(*time))?;
        (age <= u64::from(self.lifetime)).then(|| plain.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_read_under_the_same_keys_alone_and_within_its_time() {
        let keys: Vec<u8> = (0..KEYS as u8).collect();
        let tickets = Tickets::new(&keys, b"", 300).unwrap();
        let ticket = tickets.encrypt(b"state").unwrap();
        let others = Tickets::new(&keys, b"", 300).unwrap();
        assert_eq!(others.decrypt(&ticket).as_deref(), Some(&b"state"[..]));
        for index in 0..ticket.len() {
            let mut changed = ticket.clone();
            changed[index] ^= 1;
            assert_eq!(tickets.decrypt(&changed), None, "{index}");
            assert_eq!(tickets.decrypt(&ticket[..index]), None, "{index}");
        }
        let mut secret = keys.clone();
        secret[KEYS - 1] ^= 1;
        assert_eq!(
            Tickets::new(&secret, b"", 300).unwrap().decrypt(&ticket),
            None
        );
        let elsewhere = Tickets::new(&keys, b"clients have certificates", 300).unwrap();
        assert_eq!(elsewhere.decrypt(&ticket), None);
        assert!(Tickets::new(&keys[1..], b"", 300).is_none());
    }

    #[test]
    fn a_session_that_is_too_long_gets_no_ticket() {
        let tickets = Tickets::new(&[7; KEYS], b"", 300).unwrap();
        assert!(tickets.encrypt(&[0; LARGEST]).is_some());
        assert!(tickets.encrypt(&[0; LARGEST + 1]).is_none());
    }

    #[test]
    fn a_ticket_ends_with_its_time() {
        let tickets = Tickets::new(&[7; KEYS], b"", 0).unwrap();
        let ticket = tickets.encrypt(b"state").unwrap();
        let begun = now();
        while now() <= begun {
            std::thread::yield_now();
        }
        assert_eq!(tickets.decrypt(&ticket), None);
    }
}
