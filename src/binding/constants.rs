//! What both languages go by: `constants`, an object of the addon's. Each is defined where it belongs, and only
//! listed here.

use std::ffi::CStr;
use std::ptr;

use napi::sys;

use super::status::{Outcome, check};
use crate::engine::{HIGH_MARK, Kind, MAX_SLOT, NO_SLOT, Overflow};
use crate::protocol::{
    Config, MAX_CONTROL_PAYLOAD, MAX_REASON_LENGTH, MAX_WINDOW_BITS, MIN_WINDOW_BITS, Opcode,
    PERMESSAGE_DEFLATE, Role, status_code,
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

/// `constants.statusCode`: those that have a name here.
const STATUS_CODES: Group = &[
    (c"NORMAL", status_code::NORMAL as f64),
    (c"GOING_AWAY", status_code::GOING_AWAY as f64),
    (c"NO_STATUS", status_code::NO_STATUS as f64),
    (c"ABNORMAL", status_code::ABNORMAL as f64),
    (c"TRY_AGAIN_LATER", status_code::TRY_AGAIN_LATER as f64),
];

/// `constants.limit`: bounds that nobody can set.
const LIMITS: Group = &[
    (c"MAX_CONTROL_PAYLOAD", MAX_CONTROL_PAYLOAD as f64),
    (c"MAX_REASON_LENGTH", MAX_REASON_LENGTH as f64),
    (c"MIN_WINDOW_BITS", MIN_WINDOW_BITS as f64),
    (c"MAX_WINDOW_BITS", MAX_WINDOW_BITS as f64),
    (c"HIGH_MARK", HIGH_MARK as f64),
    (c"MAX_SLOT", MAX_SLOT as f64),
    (c"NO_SLOT", NO_SLOT as f64),
];

/// Names, which are properties of `constants` itself.
const TEXTS: &[(&CStr, &str)] = &[
    (c"PERMESSAGE_DEFLATE", PERMESSAGE_DEFLATE),
    (c"BACKPRESSURE", Overflow::CODE),
];

/// `constants.default`: the options of a `Base` that the protocol has defaults for, by their names. 0 turns
/// a clock off.
fn defaults() -> [(&'static CStr, f64); 6] {
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
    let objects = Objects(raw);
    let constants = objects.make()?;
    let groups: [(_, &[_]); 5] = [
        (c"kind", KINDS),
        (c"opcode", OPCODES),
        (c"statusCode", STATUS_CODES),
        (c"limit", LIMITS),
        (c"default", &defaults()),
    ];
    for (name, group) in groups {
        let object = objects.make()?;
        for (name, number) in group {
            objects.set(object, name, objects.number(*number)?)?;
        }
        objects.set(constants, name, object)?;
    }
    let valid = status_code::VALID.map(|codes| [*codes.start(), *codes.end()]);
    objects.set(constants, c"validStatusCodes", objects.pairs(&valid)?)?;
    for (name, text) in TEXTS {
        objects.set(constants, name, objects.string(text)?)?;
    }
    objects.set(exports, c"constants", constants)
}

/// Makes values in an env, which is being set up.
struct Objects(sys::napi_env);

impl Objects {
    /// An empty object.
    fn make(&self) -> Outcome<sys::napi_value> {
        let mut object = ptr::null_mut();
        // SAFETY: on the env's thread, within a handle scope; so in the functions below.
        check(unsafe { sys::napi_create_object(self.0, &mut object) })?;
        Ok(object)
    }

    /// A number.
    fn number(&self, number: f64) -> Outcome<sys::napi_value> {
        let mut value = ptr::null_mut();
        // SAFETY: as in `make`.
        check(unsafe { sys::napi_create_double(self.0, number, &mut value) })?;
        Ok(value)
    }

    /// A string.
    fn string(&self, text: &str) -> Outcome<sys::napi_value> {
        let mut value = ptr::null_mut();
        let (data, length) = (text.as_ptr().cast(), text.len() as isize);
        // SAFETY: as in `make`; the text is valid for its length.
        check(unsafe { sys::napi_create_string_utf8(self.0, data, length, &mut value) })?;
        Ok(value)
    }

    /// An array of pairs of numbers.
    fn pairs(&self, pairs: &[[u16; 2]]) -> Outcome<sys::napi_value> {
        let array = self.array()?;
        for (index, pair) in (0..).zip(pairs) {
            let inner = self.array()?;
            for (index, number) in (0..).zip(pair) {
                self.put(inner, index, self.number(f64::from(*number))?)?;
            }
            self.put(array, index, inner)?;
        }
        Ok(array)
    }

    /// An empty array.
    fn array(&self) -> Outcome<sys::napi_value> {
        let mut array = ptr::null_mut();
        // SAFETY: as in `make`.
        check(unsafe { sys::napi_create_array(self.0, &mut array) })?;
        Ok(array)
    }

    /// Gives an array an element.
    fn put(&self, array: sys::napi_value, index: u32, value: sys::napi_value) -> Outcome<()> {
        // SAFETY: as in `make`; both are values of this env.
        check(unsafe { sys::napi_set_element(self.0, array, index, value) })
    }

    /// Gives an object a property.
    fn set(&self, object: sys::napi_value, name: &CStr, value: sys::napi_value) -> Outcome<()> {
        // SAFETY: as in `put`; the name is NUL-terminated.
        check(unsafe { sys::napi_set_named_property(self.0, object, name.as_ptr(), value) })
    }
}
