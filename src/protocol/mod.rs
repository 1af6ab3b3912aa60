//! RFC 6455 without I/O: bytes and time come in as arguments, events and bytes to send come out.
//!
//! A driver owns the socket and the clock. It hands what it read to [`Connection::receive`], sends
//! what was appended to `out`, calls [`Connection::handle_timeout`] when [`Connection::deadline`]
//! has passed, and looks at [`Connection::state`] after each of these calls. Nothing in here knows
//! of a runtime, of Node-API or of a clock, so that two endpoints can be tested in memory.
//!
//! | file | concept |
//! |---|---|
//! | `connection` | the state machine of one connection, over all of these |
//! | `state` | its phases |
//! | `config`, `limits`, `role` | what may be set, and which end we are |
//! | `memory` | where the memory of large messages comes from |
//! | `timers` | idle, ping and close clocks |
//! | `bucket` | what counts by the second |
//! | `messages` | how many messages the peer sends |
//! | `control_frames` | how many pings and pongs the peer sends, §5.5 |
//! | `status_code` | what a close frame says, §7.4 |
//! | `close_frames` | what the close frames of both ends say, §5.5.1 |
//! | `event` | what a connection reports |
//! | `error` | each way a peer can break the rules, in a table |
//! | `frame` | the wire format of one frame, §5 |
//! | `message` | messages, made of frames that come in pieces |
//! | `deflate` | permessage-deflate, RFC 7692 |
//! | `handshake` | the computations of the opening handshake |
//!
//! Files in here import from each other by their own paths. What is public is named below, and other layers
//! import it from here.

mod bucket;
mod close_frames;
mod config;
mod connection;
mod control_frames;
mod deflate;
mod error;
mod event;
mod frame;
mod handshake;
mod limits;
mod manner;
mod memory;
mod message;
mod messages;
mod role;
mod state;
pub mod status_code;
mod timers;

pub use close_frames::{CloseFrame, CloseFrames};
pub use config::{Config, Millis};
pub use connection::Connection;
pub use deflate::filter::{DeflateFilter, Filtered};
pub use deflate::negotiation::{accept_deflate, confirm_deflate, offer_deflate};
pub use deflate::params::{
    DeflateParams, DeflateParamsError, MAX_WINDOW_BITS, MIN_WINDOW_BITS, PERMESSAGE_DEFLATE,
};
pub use deflate::per_message::PerMessageDeflate;
pub use deflate::settings::{Deflate, Direction};
pub use error::Violation;
pub use event::{Event, Payload};
pub use frame::close::{
    MAX_CONTROL_PAYLOAD, MAX_REASON_LENGTH, encode_close_payload, parse_close_payload,
};
pub use frame::encode::{encode_compressed_frame, encode_frame, fragmented};
pub use frame::header::{Header, MAX_HEADER_LENGTH, Reserved, encode_header, first_byte};
pub use frame::mask::{apply_mask, random_key};
pub use frame::opcode::Opcode;
pub use handshake::accept_key::accept_key;
pub use handshake::extension_list::{
    ExtensionElement, ExtensionListError, ExtensionParameter, MAX_EXTENSION_PARAMETERS,
    MAX_EXTENSIONS, MAX_EXTENSIONS_LENGTH, parse_extension_list,
};
pub use handshake::request_head::{IN_ORDER, Key, OFFERS, RequestHead};
pub use limits::{Limits, MessageLimit, PastLimit, largest_compressed};
pub use manner::Manner;
pub use memory::{LARGE, Memory, MemorySource};
pub use message::fragment::{Fragment, Masking};
pub use message::utf8::is_valid_utf8;
pub use role::Role;
pub use state::State;
pub use status_code::is_valid_close_code;
pub use timers::Progress;
