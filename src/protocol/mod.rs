//! RFC 6455 without I/O: bytes and time come in as arguments, events and bytes to send come out.
//!
//! A driver owns the socket and the clock. It hands what it read to [`Connection::receive`], sends
//! what was appended to `out`, calls [`Connection::handle_timeout`] when [`Connection::deadline`]
//! has passed, and looks at [`Connection::state`] after each of these calls. Nothing in here knows
//! of a runtime, of Node-API or of a clock, so that two endpoints can be tested in memory.
//!
//! One concept a file:
//!
//! - [`Header`], [`Opcode`], [`encode_frame`] (`frame`): the wire format of one frame, §5.2.
//! - `mask`: §5.3. `utf8`: validation of text that arrives in pieces, §8.1.
//! - `deflate`: permessage-deflate, RFC 7692.
//! - `message`: joining fragments, §5.4. `reader`: from bytes to messages and control frames.
//!   `memory`: where the memory of large messages comes from.
//! - `close`: status codes and the close frame's payload, §5.5.1 and §7.4.
//! - `timers`: idle, ping and close clocks. `connection`: the state machine over all of these.
//! - `control_frames`: how many pings and pongs the peer sends, §5.5.
//! - `limits`, `config`: what may be set. `role`: which end we are. `error`: each way a peer can break the rules, in a table.
//! - `handshake`: the one computation of the opening handshake, §4.2.2. `extension_list`: the value of
//!   `Sec-WebSocket-Extensions`, §9.1. `deflate_params`, `deflate_negotiation`: what endpoints agree
//!   upon of permessage-deflate, RFC 7692 §7.1.

mod close;
mod config;
mod connection;
mod control_frames;
mod deflate;
mod deflate_filter;
mod deflate_negotiation;
mod deflate_params;
mod error;
mod event;
mod extension_list;
mod frame;
mod handshake;
mod limits;
mod mask;
mod memory;
mod message;
mod reader;
mod role;
mod timers;
mod utf8;

pub use close::{
    MAX_CONTROL_PAYLOAD, MAX_REASON_LENGTH, encode_close_payload, is_valid_close_code,
    parse_close_payload,
};
pub use config::{Config, Millis};
pub use connection::{Connection, State};
pub use deflate::{Deflate, Direction, PerMessageDeflate};
pub use deflate_filter::{DeflateFilter, Filtered};
pub use deflate_negotiation::{accept_deflate, confirm_deflate, offer_deflate};
pub use deflate_params::{DeflateParams, DeflateParamsError, PERMESSAGE_DEFLATE};
pub use error::Violation;
pub use event::{Event, Payload};
pub use extension_list::{
    ExtensionElement, ExtensionListError, ExtensionParameter, MAX_EXTENSION_PARAMETERS,
    MAX_EXTENSIONS, MAX_EXTENSIONS_LENGTH, parse_extension_list,
};
pub use frame::{
    Header, MAX_HEADER_LENGTH, Opcode, Reserved, encode_compressed_frame, encode_frame,
};
pub use handshake::accept_key;
pub use limits::Limits;
pub use mask::{apply_mask, random_key};
pub use memory::{LARGE, Memory, MemorySource};
pub use role::Role;
pub use utf8::is_valid_utf8;
