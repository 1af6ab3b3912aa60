//! The settings of a connection, which `lib/` passes as numbers in one Float64Array, each at its place, and as the element
//! of permessage-deflate that was agreed on; empty, it is off.
//!
//! To read them by name from an object took a tenth of an upgrade. To register an object once instead would need its end
//! to be known, and what was changed since.

use std::ffi::CStr;

use super::call::arguments::{Call, wrong};
use super::deflate::{agreed, role};
use super::status::Outcome;
use super::values::payload::text;
use super::values::views::bytes;
use crate::engine::memory::KEPT;
use crate::protocol::{Config, Limits, Manner, Memory, MessageLimit, Millis, PastLimit};

/// Defines the places of settings, and their names.
macro_rules! settings {
    ($($name:literal => $place:ident),* $(,)?) => {
        #[derive(Clone, Copy)]
        enum Place { $($place),* }

        /// `constants.setting`: where each setting has its place, by its name.
        pub(super) const SETTINGS: &[(&CStr, f64)] = &[$(($name, Place::$place as u8 as f64)),*];
    };
}

settings! {
    c"mask" => Mask,
    c"enforceMasking" => EnforceMasking,
    c"maxPayload" => MaxPayload,
    c"maxFragments" => MaxFragments,
    c"maxEmptyFragments" => MaxEmptyFragments,
    c"maxChunks" => MaxChunks,
    c"maxControlFrames" => MaxControlFrames,
    c"maxMessages" => MaxMessages,
    c"messageBurst" => MessageBurst,
    c"pausesMessages" => PausesMessages,
    c"maxBufferedAmount" => MaxBufferedAmount,
    c"timeout" => Timeout,
    c"pingInterval" => PingInterval,
    c"closeTimeout" => CloseTimeout,
    c"level" => Level,
    c"threshold" => Threshold,
    c"autoPong" => AutoPong,
    c"explains" => Explains,
    c"hearsWhileClosing" => HearsWhileClosing,
    c"sharesMemory" => SharesMemory,
    c"textAsBytes" => TextAsBytes,
    c"validatesUtf8" => ValidatesUtf8,
}

/// Bytes of a number.
const SIZE: usize = size_of::<f64>();

/// The settings of a connection; what is common to many is shared by `EnvState::share`.
pub(super) struct Settings {
    /// Of the protocol.
    pub(super) config: Config,
    /// Bytes that may wait to be written.
    pub(super) max_buffered: usize,
}

impl Settings {
    /// The settings in the arguments at `index` and after it.
    ///
    /// # Errors
    /// One is missing, or of another type.
    pub(super) fn of(call: &Call<'_>, index: usize) -> Outcome<Self> {
        let numbers = bytes(call, index)?;
        if numbers.len() != SETTINGS.len() * SIZE {
            return Err(wrong(index, "as many numbers as there are settings"));
        }
        let at = |place: Place| {
            let mut number = [0; SIZE];
            let start = place as usize * SIZE;
            number.copy_from_slice(&numbers[start..start + SIZE]);
            f64::from_ne_bytes(number)
        };
        // A cast of a float saturates: what is above, `Infinity` too, is the greatest.
        let whole = |place| at(place) as u64;
        let is_on = |place| at(place) != 0.0;
        let some = |ms: Millis| (ms > 0).then_some(ms);
        let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        let role = role(is_on(Place::Mask));
        let level = whole(Place::Level).min(9) as u8;
        let threshold = size(whole(Place::Threshold));
        let element = text(call, index + 1)?;
        let deflate = agreed(&element, role, level, threshold);
        let message_limit = u32::try_from(whole(Place::MaxMessages)).ok();
        Ok(Self {
            config: Config {
                role,
                enforce_masking: is_on(Place::EnforceMasking),
                limits: Limits {
                    max_payload: whole(Place::MaxPayload),
                    max_fragments: u32::try_from(whole(Place::MaxFragments)).unwrap_or(u32::MAX),
                    max_empty_fragments: u32::try_from(whole(Place::MaxEmptyFragments))
                        .unwrap_or(u32::MAX),
                    // `Infinity` is no limit.
                    max_chunks: whole(Place::MaxChunks).try_into().ok(),
                    max_control_frames: whole(Place::MaxControlFrames).try_into().ok(),
                    max_messages: message_limit.map(|per_second| MessageLimit {
                        per_second,
                        burst: u32::try_from(whole(Place::MessageBurst)).unwrap_or(u32::MAX),
                        past: match is_on(Place::PausesMessages) {
                            true => PastLimit::HoldBack,
                            false => PastLimit::Fail,
                        },
                    }),
                },
                timeout: some(whole(Place::Timeout)),
                ping_interval: some(whole(Place::PingInterval)),
                close_timeout: whole(Place::CloseTimeout),
                deflate: deflate.map_err(|problem| wrong(index + 1, &problem))?,
                manner: Manner {
                    auto_pong: is_on(Place::AutoPong),
                    explains: is_on(Place::Explains),
                    hears_while_closing: is_on(Place::HearsWhileClosing),
                    shares_memory: is_on(Place::SharesMemory),
                    text_as_bytes: is_on(Place::TextAsBytes),
                    validates_utf8: is_on(Place::ValidatesUtf8),
                },
                memory: Memory::of(&KEPT),
            },
            max_buffered: size(whole(Place::MaxBufferedAmount)),
        })
    }
}
