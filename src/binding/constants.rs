//! The constants that both languages share: `constants` of the addon. Each is defined in the file that it belongs to,
//! and only listed here.

use std::ffi::CStr;

use napi::sys;

use super::settings::SETTINGS;
use super::status::Outcome;
use super::values::made;
use crate::engine::{BEGUN, HIGH_MARK, Kind, MAX_SLOT, NO_SLOT, Overflow, SECURED};
use crate::protocol::{
    Config, IN_ORDER, MAX_CONTROL_PAYLOAD, MAX_HEADER_LENGTH, MAX_REASON_LENGTH, MAX_WINDOW_BITS,
    MIN_WINDOW_BITS, OFFERS, Opcode, PERMESSAGE_DEFLATE, Role, status_code,
};

/// Constants of one subject, by name.
type Group = &'static [(&'static CStr, f64)];

/// `constants.kind`: what happened on a connection.
const KINDS: Group = &[
    (c"TEXT", Kind::Text as u8 as f64),
    (c"BINARY", Kind::Binary as u8 as f64),
    (c"PING", Kind::Ping as u8 as f64),
    (c"PONG", Kind::Pong as u8 as f64),
    (c"DRAIN", Kind::Drain as u8 as f64),
    (c"CLOSING", Kind::Closing as u8 as f64),
    (c"ERROR", Kind::Error as u8 as f64),
    (c"CLOSE", Kind::Close as u8 as f64),
    (c"WRITE", Kind::Write as u8 as f64),
    (c"END", Kind::End as u8 as f64),
    (c"STOP", Kind::Stop as u8 as f64),
    (c"GO", Kind::Go as u8 as f64),
    (c"LOST", Kind::Lost as u8 as f64),
    (c"UTF8", Kind::Utf8 as u8 as f64),
    (c"SECURE", Kind::Secure as u8 as f64),
    (c"HEAD", Kind::Head as u8 as f64),
];

/// `constants.opcode`: what a frame is.
const OPCODES: Group = &[
    (c"CONTINUATION", Opcode::Continuation as u8 as f64),
    (c"TEXT", Opcode::Text as u8 as f64),
    (c"BINARY", Opcode::Binary as u8 as f64),
    (c"CLOSE", Opcode::Close as u8 as f64),
    (c"PING", Opcode::Ping as u8 as f64),
    (c"PONG", Opcode::Pong as u8 as f64),
];

/// `constants.statusCode`: those that JavaScript names. `constants.validStatusCodes` has the ranges of all.
const STATUS_CODES: Group = &[
    (c"NORMAL", status_code::NORMAL as f64),
    (c"GOING_AWAY", status_code::GOING_AWAY as f64),
    (c"NO_STATUS", status_code::NO_STATUS as f64),
    (c"ABNORMAL", status_code::ABNORMAL as f64),
    (c"TRY_AGAIN_LATER", status_code::TRY_AGAIN_LATER as f64),
];

/// `constants.limit`: bounds that nobody can set.
const LIMITS: Group = &[
    (c"MAX_HEADER_LENGTH", MAX_HEADER_LENGTH as f64),
    (c"MAX_CONTROL_PAYLOAD", MAX_CONTROL_PAYLOAD as f64),
    (c"MAX_REASON_LENGTH", MAX_REASON_LENGTH as f64),
    (c"MIN_WINDOW_BITS", MIN_WINDOW_BITS as f64),
    (c"MAX_WINDOW_BITS", MAX_WINDOW_BITS as f64),
    (c"HIGH_MARK", HIGH_MARK as f64),
    (c"MAX_SLOT", MAX_SLOT as f64),
    (c"NO_SLOT", NO_SLOT as f64),
];

/// `constants.asks`: what a request for a WebSocket asks for, that one who has come by a door makes.
const ASKS: Group = &[(c"IN_ORDER", IN_ORDER as f64), (c"OFFERS", OFFERS as f64)];

/// `constants.tls`: how far the TLS of one is who has come by a door, and is handed on.
const TLS: Group = &[(c"BEGUN", BEGUN as f64), (c"SECURED", SECURED as f64)];

/// Names, which are properties of `constants` itself.
const TEXTS: &[(&CStr, &str)] = &[
    (c"PERMESSAGE_DEFLATE", PERMESSAGE_DEFLATE),
    (c"BACKPRESSURE", Overflow::CODE),
];

/// `constants.default`: the options of a `Base` that the protocol has defaults for, by their names; and the most empty
/// fragments of a message. 0 turns
/// a clock off.
fn defaults() -> [(&'static CStr, f64); 7] {
    let Config {
        limits,
        timeout,
        ping_interval,
        close_timeout,
        ..
    } = Config::new(Role::Server);
    [
        (c"maxPayload", limits.max_payload as f64),
        (c"maxFragments", limits.max_fragments.into()),
        (c"maxEmptyFragments", limits.max_empty_fragments.into()),
        (
            c"maxControlFrames",
            limits.max_control_frames.map_or(f64::INFINITY, f64::from),
        ),
        (c"timeout", timeout.unwrap_or(0) as f64),
        (c"pingInterval", ping_interval.unwrap_or(0) as f64),
        (c"closeTimeout", close_timeout as f64),
    ]
}

/// Makes `constants` a property of the addon's exports.
pub(super) fn install(raw: sys::napi_env, exports: sys::napi_value) -> Outcome<()> {
    let constants = made::object(raw)?;
    let groups: [(_, &[_]); 8] = [
        (c"kind", KINDS),
        (c"opcode", OPCODES),
        (c"statusCode", STATUS_CODES),
        (c"limit", LIMITS),
        (c"asks", ASKS),
        (c"tls", TLS),
        (c"setting", SETTINGS),
        (c"default", &defaults()),
    ];
    for (name, group) in groups {
        let object = made::object(raw)?;
        for (name, number) in group {
            made::set(raw, object, name, made::number(raw, *number)?)?;
        }
        made::set(raw, constants, name, object)?;
    }
    let mut valid = Vec::new();
    for codes in status_code::VALID {
        let first = made::number(raw, f64::from(*codes.start()))?;
        let last = made::number(raw, f64::from(*codes.end()))?;
        valid.push(made::array(raw, &[first, last])?);
    }
    made::set(
        raw,
        constants,
        c"validStatusCodes",
        made::array(raw, &valid)?,
    )?;
    for (name, text) in TEXTS {
        made::set(raw, constants, name, made::utf8(raw, text)?)?;
    }
    made::set(raw, exports, c"constants", constants)
}
