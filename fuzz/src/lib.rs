//! What must hold of the protocol core, and of a session, whatever bytes it is given: bytes in, assertions.
//!
//! Each [`Target`] is run by two engines: by libFuzzer (`fuzz_targets/`, cargo-fuzz, nightly), which
//! looks for inputs that reach what no other has, and by the `smoke` binary, on any toolchain, which
//! changes the seeds at random. Both begin with `seeds/TARGET/`.
//!
//! | file | concept |
//! |---|---|
//! | `input` | settings and cuts, taken off the front of an input |
//! | `receive` | a stream that is received, as server or client, with and without permessage-deflate |
//! | `send` | messages that are sent, compressed or not |
//! | `session` | a session whose transport does everything in any order |
//! | `raw` | the session before a WebSocket, and what is handed over to the one that follows |
//! | `handshake` | `Sec-WebSocket-Accept`, and the grammar of `Sec-WebSocket-Extensions` |
//! | `negotiation` | what endpoints agree upon of permessage-deflate |
//! | `request_head` | the head of a request that comes by a door |
//! | `mutate` | inputs made of other inputs, for `smoke` |
//!
//! The oracle is `tests/support/reference.rs`, which the property tests compare with as well.

mod handshake;
mod input;
pub mod mutate;
mod negotiation;
mod raw;
mod receive;
#[path = "../../tests/support/reference.rs"]
mod reference;
mod request_head;
mod send;
mod session;
#[path = "../../tests/support/mod.rs"]
mod support;

/// Something that inputs are thrown at.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name, that of its folder of seeds, and of its libFuzzer binary.
    pub name: &'static str,
    /// Panics where something does not hold.
    pub run: fn(&[u8]),
}

/// All of them.
pub const TARGETS: [Target; 10] = [
    Target {
        name: "server",
        run: receive::server,
    },
    Target {
        name: "client",
        run: receive::client,
    },
    Target {
        name: "deflate_takeover",
        run: receive::deflate_takeover,
    },
    Target {
        name: "deflate_alone",
        run: receive::deflate_alone,
    },
    Target {
        name: "send",
        run: send::send,
    },
    Target {
        name: "session",
        run: session::session,
    },
    Target {
        name: "raw",
        run: raw::raw,
    },
    Target {
        name: "handshake",
        run: handshake::handshake,
    },
    Target {
        name: "negotiation",
        run: negotiation::negotiation,
    },
    Target {
        name: "request_head",
        run: request_head::request_head,
    },
];

/// The target of that name.
///
/// # Panics
/// There is none.
#[must_use]
pub fn target(name: &str) -> Target {
    let found = TARGETS.into_iter().find(|target| target.name == name);
    found.unwrap_or_else(|| panic!("no such target: {name}"))
}
