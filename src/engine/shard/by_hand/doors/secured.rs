//! Who comes by a door over TLS.

use std::net::Shutdown;

use rustls::ClientConnection;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::version::{TLS12, TLS13};

use super::*;
use crate::engine::batch::{BEGUN, SECURED};
use crate::engine::door::Arrived;
use crate::engine::tls::by_hand::{client, context};
use crate::engine::write_side::write_first_secured;

const DONE: u8 = BEGUN | SECURED;

fn opened() -> Opened {
    Opened::by(2000, Some(context(default_provider())))
}

/// A peer, and its TLS.
struct Peer {
    stream: TcpStream,
    tls: ClientConnection,
}

impl Opened {
    fn peer(&self, version: &'static rustls::SupportedProtocolVersion) -> Peer {
        let stream = TcpStream::connect(self.listener.local_addr().unwrap()).unwrap();
        stream.set_nonblocking(true).unwrap();
        Peer {
            stream,
            tls: client(version, default_provider(), "localhost"),
        }
    }

    /// One whose handshake is done, and who has said this.
    fn said(&self, version: &'static rustls::SupportedProtocolVersion, bytes: &[u8]) -> Peer {
        let mut peer = self.peer(version);
        while peer.tls.is_handshaking() {
            peer.carry();
            self.round();
        }
        peer.tls.writer().write_all(bytes).unwrap();
        peer.carry();
        peer
    }

    /// The only one that is recorded next, and the record of it.
    fn only(&self) -> (Came, Arrived) {
        let mut came = self.next();
        assert_eq!(came.len(), 1, "{came:?}");
        let came = came.remove(0);
        let arrived = self.door.take(came.2).expect("it is there");
        (came, arrived)
    }
}

impl Peer {
    /// Bytes go there and back, as far as they can.
    fn carry(&mut self) {
        while self.tls.wants_write() {
            self.tls.write_tls(&mut self.stream).unwrap();
        }
        match self.tls.read_tls(&mut self.stream) {
            Ok(_) => {
                self.tls.process_new_packets().unwrap();
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
    }
}

#[test]
fn a_request_is_brought_and_the_response_leaves_by_its_records() {
    for version in [&TLS12, &TLS13] {
        let opened = opened();
        let mut peer = opened.said(version, HEAD.as_bytes());
        let ((kind, head, _, asks, knows), mut arrived) = opened.only();
        assert!(head.starts_with("/a|Host|a|"), "{head}");
        assert_eq!((kind, asks, knows), (Kind::Head, IN_ORDER, true));
        assert_eq!(arrived.read, HEAD.len() as u32);
        let tls = arrived.tls.as_mut().expect("its records");
        assert!(tls.take_kept().is_none());
        assert_eq!(write_first_secured(tls, arrived.fd.as_fd(), b"welcome"), 7);
        assert!(tls.unsent().is_empty());
        let mut came = [0; 7];
        while peer.tls.reader().read_exact(&mut came).is_err() {
            peer.carry();
        }
        assert_eq!(&came, b"welcome");
    }
}

#[test]
fn whatever_else_comes_is_kept_for_whoever_goes_on() {
    let post = [&b"POST / HTTP/1.1\r\n"[..], &[b'x'; 40_000]].concat();
    for bytes in [
        b"G",
        &HEAD.as_bytes()[..30],
        b"GET / HTTP/1.1\r\n\r\n",
        &post,
    ] {
        let opened = opened();
        let _peer = opened.said(&TLS13, bytes);
        let ((kind, came, _, stage, _), mut arrived) = opened.only();
        assert_eq!((kind, came.as_str(), stage), (Kind::Binary, "", DONE));
        let tls = arrived.tls.as_mut().expect("its records");
        let kept = tls.kept();
        let all = tls.take_kept().expect("what came");
        assert!(all.received.is_secured && all.received.failure.is_none());
        assert!(bytes.starts_with(&all.plaintext) && kept > 0);
        // The rest is still in the socket.
        assert!(kept <= 1024 + 4096, "{kept}");
        assert_eq!(arrived.read, 0);
    }
}

#[test]
fn who_says_nothing_is_handed_on_as_far_as_it_is() {
    let opened = opened();
    let _mute = opened.peer(&TLS13);
    let mut begun = opened.peer(&TLS13);
    let mut hello = Vec::new();
    begun.tls.write_tls(&mut hello).unwrap();
    begun.stream.write_all(&hello[..20]).unwrap();
    let _done = opened.said(&TLS13, b"");
    for _ in 0..3 {
        opened.round();
    }
    assert_eq!(opened.recorded(), []);
    opened.look();
    opened.look();
    let mut came = opened.recorded();
    came.sort_by_key(|one| one.3);
    let stages: Vec<_> = came.iter().map(|one| (one.0, one.3)).collect();
    assert_eq!(
        stages,
        [
            (Kind::Binary, 0),
            (Kind::Binary, BEGUN),
            (Kind::Binary, DONE)
        ]
    );
    let has_tls = |one: &Came| opened.door.take(one.2).expect("it is there").tls.is_some();
    assert_eq!(
        came.iter().map(has_tls).collect::<Vec<_>>(),
        [false, true, true]
    );
}

#[test]
fn a_failure_and_an_end_come_at_once() {
    let opened = opened();
    let garbage = opened.connect("GET / HTTP/1.1\r\n\r\n");
    let ((_, _, _, stage, _), mut arrived) = opened.only();
    let kept = arrived.tls.as_mut().and_then(|tls| tls.take_kept());
    let failure = kept.expect("what came").received.failure;
    assert_eq!(
        (stage, failure.map(|f| f.code)),
        (BEGUN, Some("ERR_SSL_HTTP_REQUEST"))
    );
    drop(garbage);
    // The end comes with what was said before it, once that one is watched.
    let mut peer = opened.peer(&TLS13);
    opened.round();
    opened.round();
    let mut hello = Vec::new();
    peer.tls.write_tls(&mut hello).unwrap();
    peer.stream.write_all(&hello[..20]).unwrap();
    peer.stream.shutdown(Shutdown::Write).unwrap();
    let ((_, _, _, stage, _), _) = opened.only();
    assert_eq!(stage, BEGUN);
}

#[test]
fn where_too_many_wait_to_be_heard_others_are_handed_on_before_they_begin() {
    let opened = opened();
    let _peers: Vec<_> = (0..100).map(|_| opened.peer(&TLS13)).collect();
    // Nobody is heard before they have come.
    std::thread::sleep(std::time::Duration::from_millis(20));
    let came = opened.next();
    assert!(
        !came.is_empty() && came.iter().all(|one| one.3 == 0),
        "{came:?}"
    );
}

#[test]
fn those_who_have_said_nothing_are_dropped_but_for_handshakes() {
    let opened = opened();
    let mut mute = opened.peer(&TLS13);
    let mut done = opened.said(&TLS13, b"");
    opened.round();
    let write_side = opened.door.write_side.clone();
    obey(
        &opened.shard,
        &opened.mailbox,
        Command::DropSilent(write_side),
    );
    opened.round();
    let end = |peer: &mut Peer| {
        peer.tls
            .read_tls(&mut peer.stream)
            .map_err(|error| error.kind())
    };
    while end(&mut done) != Ok(0) {
        done.tls.process_new_packets().unwrap();
    }
    assert_eq!(end(&mut mute), Err(ErrorKind::WouldBlock));
}
