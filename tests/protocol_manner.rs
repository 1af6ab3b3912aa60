//! What a connection does in the way of those whom it delivers to.

mod support;

use support::*;
use websockets::protocol::{Config, Manner, Opcode, Role, State};

fn server(manner: Manner) -> End {
    End::new(Config {
        manner,
        ..Config::new(Role::Server)
    })
}

#[test]
fn pings_may_be_the_applications_to_answer() {
    let mut end = server(Manner {
        auto_pong: false,
        ..Manner::default()
    });
    end.receive(&masked(Opcode::Ping, b"hello"));
    assert_eq!(end.take_seen(), [Seen::Ping(b"hello".to_vec())]);
    assert_eq!(end.take_sent(), []);
}

#[test]
fn what_comes_behind_our_close_frame_may_be_heard_until_the_peers() {
    let frames = [
        masked(Opcode::Text, b"late"),
        masked(Opcode::Ping, b"p"),
        masked(Opcode::Pong, b"q"),
        masked(Opcode::Close, b""),
        masked(Opcode::Text, b"too late"),
    ]
    .concat();
    for (hears_while_closing, seen) in [
        (false, vec![]),
        (
            true,
            vec![
                text("late"),
                Seen::Ping(b"p".to_vec()),
                Seen::Pong(b"q".to_vec()),
            ],
        ),
    ] {
        let mut end = server(Manner {
            hears_while_closing,
            ..Manner::default()
        });
        end.close(1000, "");
        end.take_sent();
        end.receive(&frames);
        assert_eq!(end.take_seen(), seen);
        assert_eq!(end.take_sent(), [], "nothing follows a close frame");
        assert_eq!(end.state(), State::Draining);
    }
}

#[test]
fn text_may_come_as_bytes_and_need_not_be_looked_at() {
    for (validates_utf8, expected) in [
        (false, vec![Seen::Utf8(b"\xff".to_vec()); 2]),
        (true, vec![]),
    ] {
        let mut end = server(Manner {
            text_as_bytes: true,
            validates_utf8,
            ..Manner::default()
        });
        end.receive(&masked(Opcode::Text, b"fine"));
        assert_eq!(end.take_seen(), [Seen::Utf8(b"fine".to_vec())]);
        end.receive(&masked(Opcode::Text, b"\xff"));
        // The same, cut.
        end.receive_bytewise(&masked(Opcode::Text, b"\xff"));
        let mut seen = end.take_seen();
        seen.retain(|one| matches!(one, Seen::Utf8(_)));
        assert_eq!(seen, expected);
    }
}

#[test]
fn a_close_frame_need_not_say_what_was_wrong() {
    let mut end = server(Manner {
        explains: false,
        ..Manner::default()
    });
    end.receive(&masked(Opcode::Text, b"\xff"));
    assert_eq!(
        end.take_sent(),
        [(Opcode::Close, 1007_u16.to_be_bytes().to_vec())]
    );
}

#[test]
fn a_close_without_a_code_is_empty() {
    let mut end = server(Manner::default());
    end.close(1005, "");
    assert_eq!(end.take_sent(), [(Opcode::Close, vec![])]);
    assert_eq!(end.close_event(), (1005, ""));
}

#[test]
fn the_limit_of_a_message_may_be_moved() {
    let mut end = server(Manner::default());
    end.connection.set_max_payload(3);
    end.receive(&masked(Opcode::Text, b"abc"));
    assert_eq!(end.take_seen(), [text("abc")]);
    end.receive(&masked(Opcode::Text, b"abcd"));
    assert!(matches!(end.take_seen()[..], [Seen::Failed(_)]));
}

#[test]
fn a_violation_behind_our_close_frame_may_be_heard() {
    for hears_while_closing in [false, true] {
        let mut end = server(Manner {
            hears_while_closing,
            ..Manner::default()
        });
        end.close(1000, "");
        end.take_sent();
        let reserved_opcode = [0x85, 0x80, 0, 0, 0, 0];
        end.receive(&reserved_opcode);
        let failed = matches!(end.take_seen()[..], [Seen::Failed(_)]);
        assert_eq!(failed, hears_while_closing);
        end.receive(&masked(Opcode::Close, b""));
        assert_eq!(end.take_sent(), []);
        let frames = end.connection.close_frames().expect("ours was sent");
        assert_eq!(frames.received, None);
    }
}
