//! The settings of a connection, which `lib/` passes as one object:
//!
//! - `mask` and `enforceMasking`,
//! - the limits `maxPayload`, `maxFragments`, `maxEmptyFragments`, `maxChunks`, `maxControlFrames`, `maxMessages`,
//!   `messageBurst`, `pausesMessages` and `maxBufferedAmount`,
//! - the times `timeout`, `pingInterval` and `closeTimeout`,
//! - of permessage-deflate `deflate` (the element that was agreed on; empty, it is off), `level` and `threshold`.
//!
//! They are read by name at each `open`, which takes some 2 µs of the hundreds that an upgrade takes. To
//! register an object once instead would need its end to be known, and what was changed since.

use super::call::arguments::Call;
use super::deflate::{agreed, role};
use super::status::Outcome;
use super::values::object::{Properties, wrong};
use crate::engine::memory::KEPT;
use crate::protocol::{Config, Limits, Manner, Memory, MessageLimit, Millis, PastLimit};

/// What holds for a connection; what is common to many is shared by `EnvState::share`.
pub(super) struct Settings {
    /// Of the protocol.
    pub(super) config: Config,
    /// Bytes that may wait to be written.
    pub(super) max_buffered: usize,
}

impl Settings {
    /// The settings in the argument at `index`.
    ///
    /// # Errors
    /// One is missing, or of another type.
    pub(super) fn of(call: &Call<'_>, index: usize) -> Outcome<Self> {
        let settings = Properties::of(call, index);
        let some = |ms: Millis| (ms > 0).then_some(ms);
        let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        let role = role(settings.bool(c"mask")?);
        let level = settings.u64(c"level")?.min(9) as u8;
        let threshold = size(settings.u64(c"threshold")?);
        let deflate = agreed(&settings.string(c"deflate")?, role, level, threshold);
        Ok(Self {
            config: Config {
                role,
                enforce_masking: settings.bool(c"enforceMasking")?,
                limits: Limits {
                    max_payload: settings.u64(c"maxPayload")?,
                    max_fragments: settings
                        .u64(c"maxFragments")?
                        .try_into()
                        .unwrap_or(u32::MAX),
                    max_empty_fragments: settings
                        .u64(c"maxEmptyFragments")?
                        .try_into()
                        .unwrap_or(u32::MAX),
                    // `Infinity` is no limit.
                    max_chunks: settings.u64(c"maxChunks")?.try_into().ok(),
                    max_control_frames: settings.u64(c"maxControlFrames")?.try_into().ok(),
                    max_messages: message_limit(&settings)?,
                },
                timeout: some(settings.u64(c"timeout")?),
                ping_interval: some(settings.u64(c"pingInterval")?),
                close_timeout: settings.u64(c"closeTimeout")?,
                deflate: deflate.map_err(|problem| wrong(c"deflate", &problem))?,
                manner: Manner {
                    auto_pong: settings.bool(c"autoPong")?,
                    explains: settings.bool(c"explains")?,
                    hears_while_closing: settings.bool(c"hearsWhileClosing")?,
                    shares_memory: settings.bool(c"sharesMemory")?,
                    text_as_bytes: settings.bool(c"textAsBytes")?,
                    validates_utf8: settings.bool(c"validatesUtf8")?,
                },
                memory: Memory::of(&KEPT),
            },
            max_buffered: size(settings.u64(c"maxBufferedAmount")?),
        })
    }
}

/// How many messages the peer may send; `Infinity` is no limit.
fn message_limit(settings: &Properties<'_>) -> Outcome<Option<MessageLimit>> {
    let per_second = settings.u64(c"maxMessages")?;
    let burst = settings.u64(c"messageBurst")?;
    let past = match settings.bool(c"pausesMessages")? {
        true => PastLimit::HoldBack,
        false => PastLimit::Fail,
    };
    let limit = u32::try_from(per_second)
        .ok()
        .map(|per_second| MessageLimit {
            per_second,
            burst: u32::try_from(burst).unwrap_or(u32::MAX),
            past,
        });
    Ok(limit)
}
