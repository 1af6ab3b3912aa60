//! The closing handshake, RFC 6455 §7, and what is reported of it.

mod support;

use support::*;
use websockets::protocol::{Config, Opcode, Role, State, Violation};

/// Both ends of a connection, and the wire between them.
struct Pair {
    server: End,
    client: End,
}

impl Pair {
    fn new() -> Self {
        Self {
            server: End::server(),
            client: End::client(),
        }
    }

    /// Carries what both ends want to send at this moment.
    fn exchange(&mut self) {
        let from_server = std::mem::take(&mut self.server.out);
        let from_client = std::mem::take(&mut self.client.out);
        self.server.receive(&from_client);
        self.client.receive(&from_server);
    }

    fn states(&self) -> (State, State) {
        (self.server.state(), self.client.state())
    }

    /// Lets each end shut the connection in its turn, and returns both close events.
    fn finish(mut self) -> [(u16, String); 2] {
        assert!(self.server.connection.should_half_close());
        assert!(!self.client.connection.should_half_close());
        self.client.connection.receive_eof();
        self.server.connection.receive_eof();
        assert_eq!(self.states(), (State::Closed, State::Closed));
        [self.server, self.client].map(|end| {
            assert_eq!(end.connection.deadline(), None);
            assert!(end.out.is_empty());
            let (code, reason) = end.close_event();
            (code, reason.to_owned())
        })
    }
}

fn event(code: u16, reason: &str) -> (u16, String) {
    (code, reason.to_owned())
}

#[test]
fn the_server_closes() {
    let mut pair = Pair::new();
    pair.server.close(4000, "done");
    assert_eq!(pair.states(), (State::Closing, State::Open));
    pair.exchange();
    assert_eq!(pair.states(), (State::Closing, State::Draining));
    assert_eq!(pair.client.seen, [Seen::Closing]);
    pair.exchange();
    assert_eq!(pair.states(), (State::Draining, State::Draining));
    assert_eq!(pair.server.seen, []);
    assert_eq!(pair.finish(), [event(4000, "done"), event(4000, "done")]);
}

#[test]
fn the_client_closes() {
    let mut pair = Pair::new();
    pair.client.close(1000, "bye");
    pair.exchange();
    assert_eq!(pair.server.seen, [Seen::Closing]);
    pair.exchange();
    assert_eq!(pair.client.seen, []);
    assert_eq!(pair.finish(), [event(1000, "bye"), event(1000, "bye")]);
}

#[test]
fn both_close_at_once() {
    let mut pair = Pair::new();
    pair.server.close(1001, "server");
    pair.client.close(1000, "client");
    pair.exchange();
    assert_eq!(pair.states(), (State::Draining, State::Draining));
    assert_eq!((&pair.server.seen, &pair.client.seen), (&vec![], &vec![]));
    assert_eq!(
        pair.finish(),
        [event(1000, "client"), event(1001, "server")]
    );
}

#[test]
fn a_close_frame_is_echoed_whole() {
    for (payload, echo) in [
        (status(1000, "bye"), status(1000, "bye")),
        (status(4999, ""), status(4999, "")),
        (vec![], vec![]),
    ] {
        let mut end = End::server();
        end.receive(&masked(Opcode::Close, &payload));
        assert_eq!(end.take_sent(), [(Opcode::Close, echo)]);
        assert_eq!(end.seen, [Seen::Closing]);
        assert_eq!(end.state(), State::Draining);
    }
}

#[test]
fn a_close_frame_without_a_code_is_reported_as_1005() {
    let mut end = End::server();
    end.receive(&masked(Opcode::Close, b""));
    end.connection.receive_eof();
    assert_eq!(end.close_event(), (1005, ""));
}

#[test]
fn our_code_stands_where_the_peers_frame_carries_none_or_never_comes() {
    let mut empty = End::server();
    empty.close(4001, "ours");
    empty.receive(&masked(Opcode::Close, b""));
    assert_eq!(empty.state(), State::Draining);
    assert_eq!(empty.close_event(), (4001, "ours"));

    let mut eof = End::server();
    eof.close(4001, "ours");
    eof.connection.receive_eof();
    assert_eq!(eof.state(), State::Closed);
    assert_eq!(eof.close_event(), (4001, "ours"));

    let mut silent = End::server();
    silent.close(4001, "ours");
    silent.sleep_until(5_000);
    assert_eq!(silent.state(), State::Closed);
    assert_eq!(silent.close_event(), (4001, "ours"));
}

#[test]
fn a_connection_lost_before_any_close_frame_is_reported_as_1006() {
    let mut lost = End::server();
    lost.connection.receive_eof();
    assert_eq!(lost.state(), State::Closed);
    assert_eq!(lost.close_event(), (1006, ""));
}

#[test]
fn what_was_reported_does_not_change_after_the_end() {
    let mut end = End::server();
    end.receive(&masked(Opcode::Close, &status(1000, "bye")));
    end.connection.receive_eof();
    end.close(4000, "late");
    assert_eq!(end.close_event(), (1000, "bye"));
    assert_eq!(end.state(), State::Closed);
}

#[test]
fn a_second_close_has_no_effect() {
    let mut end = End::server();
    end.close(4000, "first");
    end.close(4001, "second");
    assert_eq!(end.take_sent(), [(Opcode::Close, status(4000, "first"))]);
}

#[test]
fn after_our_close_frame_nothing_is_reported_or_answered() {
    let mut end = End::server();
    end.receive(&fragment(Opcode::Text, b"begun"));
    end.close(1000, "");
    end.take_sent();
    end.receive(&masked(Opcode::Continuation, b"ended"));
    end.receive(&masked(Opcode::Text, b"whole"));
    end.receive_bytewise(&masked(Opcode::Binary, b"cut"));
    end.receive(&masked(Opcode::Ping, b"ping"));
    end.receive_bytewise(&masked(Opcode::Pong, b"pong"));
    assert_eq!(end.state(), State::Closing);
    end.receive_bytewise(&masked(Opcode::Close, &status(1000, "peer")));
    assert_eq!(end.state(), State::Draining);
    assert_eq!(end.close_event(), (1000, "peer"));
    assert_eq!(end.seen, []);
    assert!(end.out.is_empty());
}

#[test]
fn a_frame_under_way_when_we_close_is_read_over() {
    for cut in 1..20 {
        let stream = [
            masked(Opcode::Text, b"a long message"),
            masked(Opcode::Close, &status(1000, "peer")),
        ]
        .concat();
        let mut end = End::server();
        end.receive(&stream[..cut]);
        end.close(4000, "");
        end.receive(&stream[cut..]);
        assert_eq!(end.state(), State::Draining, "cut at {cut}");
        assert_eq!(end.close_event(), (1000, "peer"));
        assert_eq!(end.seen, []);
    }
}

#[test]
fn a_close_frame_under_way_when_we_close_counts() {
    let frame = masked(Opcode::Close, &status(1000, "peer"));
    let mut end = End::server();
    end.receive(&frame[..9]);
    end.close(4000, "");
    end.receive(&frame[9..]);
    assert_eq!(end.close_event(), (1000, "peer"));
}

#[test]
fn a_violation_after_our_close_frame_only_ends_the_closing() {
    for bytes in [
        unmasked(Opcode::Text, b"x"),
        masked(Opcode::Close, &[3]),
        vec![0xff],
    ] {
        let mut end = End::server();
        end.close(4000, "ours");
        end.take_sent();
        end.receive(&bytes);
        assert_eq!(end.state(), State::Draining);
        assert!(end.connection.should_half_close());
        assert_eq!(end.seen, []);
        assert!(end.out.is_empty());
        assert_eq!(end.close_event(), (4000, "ours"));
    }
}

#[test]
fn messages_after_the_peers_close_frame_are_ignored() {
    let mut end = End::server();
    end.receive(
        &[
            masked(Opcode::Text, b"before"),
            masked(Opcode::Close, &status(1000, "")),
            masked(Opcode::Text, b"after"),
        ]
        .concat(),
    );
    end.receive(&masked(Opcode::Ping, b"later"));
    assert_eq!(end.seen, [text("before"), Seen::Closing]);
    assert_eq!(end.take_sent(), [(Opcode::Close, status(1000, ""))]);
}

#[test]
fn a_client_waits_for_the_servers_fin_unless_the_server_broke_the_rules() {
    let mut client = End::client();
    assert!(!client.connection.should_half_close());
    client.receive(&unmasked(Opcode::Close, &status(1000, "")));
    assert_eq!(client.state(), State::Draining);
    assert!(!client.connection.should_half_close());

    let mut client = End::client();
    client.receive(&[0xff]);
    assert_eq!(client.seen, [Seen::Failed(Violation::ReservedBits23)]);
    assert!(client.connection.should_half_close());
}

#[test]
fn one_deadline_holds_from_the_beginning_of_the_closing() {
    let mut ours = End::server();
    ours.sleep_until(100);
    ours.close(1000, "");
    assert_eq!(ours.connection.deadline(), Some(5_100));
    ours.sleep_until(4_000);
    ours.receive(&masked(Opcode::Close, &status(1000, "")));
    assert_eq!(ours.connection.deadline(), Some(5_100));
    ours.sleep_until(5_099);
    assert_eq!(ours.state(), State::Draining);
    ours.sleep_until(5_100);
    assert_eq!(ours.state(), State::Closed);

    let mut peers = End::new(Config {
        close_timeout: 10,
        ..Config::new(Role::Server)
    });
    peers.receive(&masked(Opcode::Close, b""));
    assert_eq!(peers.connection.deadline(), Some(10));

    let mut failed = End::server();
    failed.receive(&[0xff]);
    assert_eq!(failed.connection.deadline(), Some(5_000));
}
