//! A session before the WebSocket begins: what comes is handed on as it is.
//!
//! Whoever reads the opening handshake, or any other request, gets the bytes of the peer and sends its own. The engine's
//! rules of reading hold as ever: the app's pause, and room for what is recorded. `Session::stop` ends it: what came
//! until then was brought, and all that comes later is the business of the session that follows.
//!
//! Most connections begin with the request that opens a WebSocket, all of it in the first bytes. Then its head is brought,
//! and reading pauses: what comes next is either that session's, or it is asked for.

/// What becomes of the write side, which only the app ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Raw {
    Open,
    /// It is to be ended after what is queued.
    Ending,
    /// And the transport knows.
    Ended,
    /// Nothing can be written any more: whatever the peer's end is, it is none in order.
    Broken,
}

impl Raw {
    /// The app ends it.
    pub(super) fn end(&mut self) {
        if *self == Self::Open {
            *self = Self::Ending;
        }
    }

    /// True once, if the transport is to end it.
    pub(super) fn take_end(&mut self) -> bool {
        let is_asked = *self == Self::Ending;
        if is_asked {
            *self = Self::Ended;
        }
        is_asked
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::engine::session::{Brought, Pressure, Session};
    use crate::protocol::{Config, Role, State};

    fn session() -> Session {
        let config = Config {
            timeout: None,
            ..Config::new(Role::Server)
        };
        Session::raw(Arc::new(config), HEAD, 0)
    }

    /// Most bytes of a head.
    const HEAD: u32 = 128;

    const ASKS: &str = "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";

    /// What a call brings, in letters.
    fn brought(run: impl FnOnce(&mut dyn FnMut(Brought<'_>) -> usize)) -> String {
        let mut all = String::new();
        run(&mut |brought| {
            match brought {
                Brought::Bytes(bytes) => all.push_str(std::str::from_utf8(bytes).unwrap()),
                Brought::Head(head) => {
                    all.push('[');
                    all.push_str(&String::from_utf8_lossy(head).replace('\0', "|"));
                    all.push(']');
                }
                Brought::Ended => all.push('.'),
                Brought::Stopped => all.push('|'),
                other => panic!("{other:?}"),
            }
            1
        });
        all
    }

    fn receive(session: &mut Session, bytes: &str) -> String {
        let mut bytes = bytes.as_bytes().to_vec();
        brought(|on| {
            session.receive(
                &mut bytes,
                Pressure::default(),
                0,
                &mut Vec::new(),
                &mut |b| on(b),
            );
        })
    }

    #[test]
    fn bytes_are_handed_on_as_they_come_and_no_clock_runs() {
        let mut session = session();
        assert_eq!(receive(&mut session, "GET /"), "GET /");
        assert_eq!(session.deadline(), None);
        let ended = brought(|on| session.end_reads(Pressure::default(), 0, &mut |b| on(b)));
        assert_eq!(ended, ".");
        let mut out = Vec::new();
        session.written(&mut out);
        assert_eq!(
            session.phase(),
            State::Open,
            "an answer may still be on its way"
        );
        session.end_writes();
        assert!(session.take_write_end());
        assert_eq!(session.phase(), State::Closed);
    }

    #[test]
    fn the_head_of_a_request_for_a_websocket_is_brought_once_and_reading_pauses() {
        let mut session = session();
        assert_eq!(
            receive(&mut session, ASKS),
            "[/|Upgrade|websocket|Connection|Upgrade]"
        );
        assert!(session.is_paused() && !session.may_read());
        assert!(session.pause(false, 0) && session.may_read());
        assert_eq!(receive(&mut session, ASKS), ASKS);
    }

    #[test]
    fn what_is_no_such_head_comes_as_it_is_and_so_does_all_that_follows() {
        let long = ASKS.replace("\r\n\r\n", &format!("\r\nA: {}\r\n\r\n", "b".repeat(128)));
        let more = format!("{ASKS}more");
        for first in [&ASKS[..20], "GET / HTTP/1.1\r\n\r\n", &long, &more] {
            let mut session = session();
            assert_eq!(receive(&mut session, first), first);
            assert!(session.may_read());
            assert_eq!(receive(&mut session, ASKS), ASKS);
        }
    }

    #[test]
    fn the_end_comes_with_the_second_of_both_ends() {
        let mut session = session();
        assert!(!session.take_write_end());
        session.end_writes();
        assert!(session.take_write_end() && !session.take_write_end());
        assert_eq!(session.phase(), State::Open);
        assert_eq!(receive(&mut session, "late"), "late");
        brought(|on| session.end_reads(Pressure::default(), 0, &mut |b| on(b)));
        assert_eq!(session.phase(), State::Closed);
    }

    #[test]
    fn a_stop_comes_after_all_that_was_read_and_nothing_after_it() {
        let mut session = session();
        session.give(b"given".to_vec());
        assert_eq!(brought(|on| session.stop(&mut |b| on(b))), "given|");
        assert_eq!(brought(|on| session.stop(&mut |b| on(b))), "", "once");
        assert!(!session.may_read());
        assert!(!session.pause(false, 0) && !session.may_read());
        assert!(!session.unsuspend(0) && !session.may_read());
        assert!(!session.read_on(0) && !session.may_read());
        let ended = brought(|on| session.end_reads(Pressure::default(), 0, &mut |b| on(b)));
        assert_eq!(ended, "", "the next session hears of it");
    }

    #[test]
    fn the_end_of_one_that_cannot_be_written_to_is_a_loss() {
        let mut session = session();
        assert!(session.write_failed(0));
        assert_eq!(receive(&mut session, "late"), "late");
        let ended = brought(|on| session.end_reads(Pressure::default(), 0, &mut |b| on(b)));
        assert_eq!((ended.as_str(), session.phase()), ("", State::Closed));
    }

    #[test]
    fn one_that_breaks_while_it_is_stopped_is_over() {
        let mut session = session();
        brought(|on| session.stop(&mut |b| on(b)));
        assert!(!session.write_failed(0));
        assert_eq!(session.phase(), State::Closed);
    }
}
