//! Tests of a client's TLS: our server at the other end, and bytes that are carried by hand.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs;

use super::by_hand::{LASTING, PAIR, context_of};
use super::client::{ClientContext, Demand};
use super::context::SecureContext;
use super::records::Tls;
use super::trust::Trust;

fn client(versions: (bool, bool), pair: &(Vec<u8>, Vec<u8>)) -> ClientContext {
    let demand = Demand {
        trust: Trust::shared(&pair.1, 1).unwrap(),
        versions,
        certificates: &[],
        key: &[],
    };
    ClientContext::new(demand).unwrap()
}

fn server(pair: &(Vec<u8>, Vec<u8>)) -> Arc<SecureContext> {
    context_of(pair, aws_lc_rs::default_provider())
}

/// One end, and what has come to it.
struct End {
    tls: Tls,
    plaintext: Vec<u8>,
    secured: usize,
    failure: Option<super::Failure>,
}

impl End {
    fn of(tls: Tls) -> Self {
        Self {
            tls,
            plaintext: Vec::new(),
            secured: 0,
            failure: None,
        }
    }

    /// What waits at the other end comes, in pieces of this many bytes: whether there was anything.
    fn take_from(&mut self, other: &mut Self, piece: usize) -> bool {
        let bytes = other.tls.unsent().to_vec();
        other.tls.sent(bytes.len());
        for part in bytes.chunks(piece) {
            let mut buffer = vec![0; 192 * 1024];
            let cut = self.tls.resume(&mut buffer);
            buffer[cut..cut + part.len()].copy_from_slice(part);
            let received = self
                .tls
                .take(&mut buffer[..cut + part.len()], &mut self.plaintext);
            self.secured += usize::from(received.is_secured);
            self.failure = self.failure.take().or(received.failure);
        }
        !bytes.is_empty()
    }
}

/// Carries all that waits at either end.
fn carry(one: &mut End, other: &mut End, piece: usize) {
    while one.take_from(other, piece) | other.take_from(one, piece) {}
}

fn ends(context: &ClientContext, server: &SecureContext) -> (End, End) {
    (
        End::of(Tls::client(context, "localhost").unwrap()),
        End::of(Tls::new(Some(server)).unwrap()),
    )
}

#[test]
fn both_ends_are_secured_once_and_bytes_come_whole_however_they_are_cut() {
    for versions in [(true, false), (false, true)] {
        for piece in [1, 7, 100_000] {
            let context = client(versions, &LASTING);
            let (mut one, mut other) = ends(&context, &server(&LASTING));
            assert!(one.tls.seal(b"early").is_err(), "nothing leaves before");
            carry(&mut one, &mut other, piece);
            assert_eq!((one.secured, other.secured), (1, 1));
            let text = vec![b'x'; 40_000];
            one.tls.seal(&text).unwrap();
            other.tls.seal(b"hello").unwrap();
            carry(&mut one, &mut other, piece);
            assert_eq!(one.plaintext, b"hello");
            assert_eq!(other.plaintext, text);
            let shown = one.tls.certificates();
            assert_eq!(shown.len(), 1);
            assert_eq!(other.tls.certificates().len(), 0);
            let facts = (one.tls.facts().unwrap(), other.tls.facts().unwrap());
            let version = if versions.0 { "TLSv1.2" } else { "TLSv1.3" };
            assert_eq!((facts.0.protocol, facts.1.protocol), (version, version));
            assert_eq!(facts.1.name.as_deref(), Some("localhost"));
            one.tls.close();
            carry(&mut one, &mut other, piece);
            assert!(other.tls.has_ended() && other.failure.is_none());
        }
    }
}

#[test]
fn the_session_of_a_server_that_was_trusted_goes_on() {
    for versions in [(true, false), (false, true)] {
        let (context, server) = (client(versions, &LASTING), server(&LASTING));
        for is_resumed in [false, true, true] {
            let (mut one, mut other) = ends(&context, &server);
            carry(&mut one, &mut other, 100_000);
            assert_eq!(one.tls.facts().unwrap().is_resumed, is_resumed);
            assert_eq!(one.tls.certificates().len(), 1, "it is known all the same");
        }
    }
}

#[test]
fn no_session_goes_on_of_a_server_that_is_trusted_no_more() {
    for versions in [(true, false), (false, true)] {
        let (mut context, server) = (client(versions, &LASTING), server(&LASTING));
        let (mut one, mut other) = ends(&context, &server);
        carry(&mut one, &mut other, 100_000);
        assert_eq!(one.secured, 1);
        // As if it had expired: those who show it now are trusted still, as only `trust` changes.
        context.trust = Trust::shared(&PAIR.1, 1).unwrap();
        let (mut one, mut other) = ends(&context, &server);
        // The server may speak first.
        while other.take_from(&mut one, 100_000) {
            let _ = other.tls.seal(b"hello");
            if !one.take_from(&mut other, 100_000) {
                break;
            }
        }
        let failure = one.failure.take().unwrap();
        assert_eq!(failure.code, "ERR_SSL_CERTIFICATE_VERIFY_FAILED");
        assert_eq!((one.secured, one.plaintext.len()), (0, 0));
        assert!(one.tls.facts().is_none() && one.tls.seal(b"secret").is_err());
        let (mut one, mut other) = ends(&context, &server);
        carry(&mut one, &mut other, 100_000);
        assert!(!one.tls.facts().unwrap().is_resumed);
    }
}

#[test]
fn a_server_that_is_not_trusted_gets_an_alert_and_no_bytes() {
    for versions in [(true, false), (false, true)] {
        for (trusted, shown) in [(&*PAIR, &*PAIR), (&*PAIR, &*LASTING)] {
            let context = client(versions, trusted);
            let (mut one, mut other) = ends(&context, &server(shown));
            carry(&mut one, &mut other, 100_000);
            let failure = one.failure.unwrap();
            assert_eq!(failure.code, "ERR_SSL_CERTIFICATE_VERIFY_FAILED");
            assert_eq!((one.secured, other.secured), (0, 0));
            assert!(one.tls.seal(b"secret").is_err() && one.tls.facts().is_none());
            let alert = other.failure.unwrap();
            assert!(alert.code.contains("ALERT"), "{alert:?}");
        }
    }
}

#[test]
fn whatever_is_no_tls_is_a_failure() {
    for bytes in [
        &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
        &[22, 3, 3, 0, 2, 1, 1, 1, 1, 1],
        &[0; 100],
        &[0xff; 100],
    ] {
        let context = client((true, true), &LASTING);
        let mut one = End::of(Tls::client(&context, "127.0.0.1").unwrap());
        let mut other = End::of(Tls::new(None).unwrap());
        other.tls.put_back(bytes.to_vec());
        one.take_from(&mut other, 1000);
        assert!(one.failure.is_some(), "{bytes:?}");
    }
}

#[test]
fn a_server_that_says_goodbye_in_the_handshake_has_ended() {
    for piece in [7, 5, 1] {
        let context = client((true, true), &LASTING);
        let mut tls = Tls::client(&context, "localhost").unwrap();
        let mut ends = Vec::new();
        for part in [21, 3, 3, 0, 2, 1, 0].chunks(piece) {
            let mut buffer = vec![0; 192 * 1024];
            let cut = tls.resume(&mut buffer);
            buffer[cut..cut + part.len()].copy_from_slice(part);
            let received = tls.take(&mut buffer[..cut + part.len()], &mut Vec::new());
            assert_eq!(received.failure, None);
            ends.push(received.has_ended);
        }
        assert_eq!(ends.pop(), Some(true));
        assert!(!ends.contains(&true));
    }
}

#[test]
fn a_name_that_is_none_is_an_error() {
    let context = client((true, true), &LASTING);
    for name in ["", "a b", "-", "\u{e4}.test", "127.0.0.1:443"] {
        assert!(Tls::client(&context, name).is_err(), "{name}");
    }
}

#[test]
fn what_a_failed_connection_had_agreed_on_is_known_to_a_server_alone() {
    let context = client((false, true), &LASTING);
    let (mut one, mut other) = ends(&context, &server(&LASTING));
    carry(&mut one, &mut other, 100_000);
    assert!(one.tls.facts().is_some() && other.tls.facts().is_some());
    for end in [&mut one, &mut other] {
        let mut garbage = [&[23, 3, 3, 0, 40][..], &[1; 40]].concat();
        let received = end.tls.take(&mut garbage, &mut Vec::new());
        assert!(received.failure.is_some());
    }
    // JavaScript would look at certificates that are gone.
    assert!(one.tls.facts().is_none() && other.tls.facts().is_some());
}
