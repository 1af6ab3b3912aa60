//! The functions of the stream transport: JavaScript moves the bytes.
//!
//! Each of them delivers what follows from it before it returns, in calls of the dispatcher. A
//! listener may call any of them meanwhile, but `lib/` never lets one connection receive while it
//! still delivers what it received before.

use napi::sys;

use super::call::{Call, Failure, Outcome, UNDEFINED, reference, wrong};
use super::delivery::{Delivered, Delivery, MAX_SLOT, buffer, in_scope};
use super::frame::{Source, bytes, change_bytes, opcode, reason};
use crate::engine::{Batch, Kind, Stream};
use crate::protocol::{self, Config, Header, Limits, Millis, Role};

type Returned = Outcome<sys::napi_value>;

/// `attachStreams(dispatch)`: the function that records are delivered to.
pub(super) fn attach(call: &Call<'_>) -> Returned {
    call.state.dispatch_stream.set(reference(call, 0)?);
    UNDEFINED
}

/// The settings of a connection, from the argument at `first` on: `mask, enforceMasking,
/// maxPayload, maxFragments, timeout, pingInterval, closeTimeout`.
pub(super) fn config(call: &Call<'_>, first: usize) -> Outcome<Config> {
    let some = |ms: Millis| (ms > 0).then_some(ms);
    Ok(Config {
        role: if call.bool(first)? {
            Role::Client
        } else {
            Role::Server
        },
        enforce_masking: call.bool(first + 1)?,
        limits: Limits {
            max_payload: call.u64(first + 2)?,
            max_fragments: call.u32(first + 3)?,
            ..Limits::default()
        },
        timeout: some(call.u64(first + 4)?),
        ping_interval: some(call.u64(first + 5)?),
        close_timeout: call.u64(first + 6)?,
    })
}

/// `streamOpen(now, …settings)` → slot.
pub(super) fn open(call: &Call<'_>) -> Returned {
    let now = call.u64(0)?;
    let config = call.state.share(config(call, 1)?);
    let mut streams = call.state.streams.borrow_mut();
    let entry = streams.vacant_entry();
    let slot = u32::try_from(entry.key()).ok().filter(|n| *n <= MAX_SLOT);
    let slot = slot.ok_or_else(|| wrong(0, "one of fewer connections"))?;
    entry.insert(Stream::new(slot, config, now));
    call.number(f64::from(slot))
}

/// `streamReceive(slot, chunk, congested, now)`: the peer sent this.
pub(super) fn receive(call: &Call<'_>) -> Returned {
    // A copy: unmasking must not change what others may hold.
    let mut bytes = bytes(call, 1)?.to_vec();
    let (congested, now) = (call.bool(2)?, call.u64(3)?);
    step(call, |stream, batch| {
        stream.receive(&mut bytes, congested, now, batch);
    })
}

/// `streamRelieve(slot)`: all that waited has been written.
pub(super) fn relieve(call: &Call<'_>) -> Returned {
    step(call, |stream, batch| stream.relieve(batch))
}

/// `streamClose(slot, code, reason, now)`: begins the closing handshake.
pub(super) fn close(call: &Call<'_>) -> Returned {
    let code = u16::try_from(call.u32(1)?).map_err(|_| wrong(1, "a status code"))?;
    let (reason, now) = (reason(call, 2)?, call.u64(3)?);
    step(call, |stream, batch| {
        stream.close(code, &reason, now, batch)
    })
}

/// `streamLose(slot)`: the stream has ended, or is to be dropped.
pub(super) fn lose(call: &Call<'_>) -> Returned {
    step(call, |stream, batch| stream.lose(batch))
}

/// `streamFire(slot, now)`: does what is due.
pub(super) fn fire(call: &Call<'_>) -> Returned {
    let now = call.u64(1)?;
    step(call, |stream, batch| stream.fire(now, batch))
}

/// `streamPause(slot, on, now)`: the peer's silence does not count while reading is paused.
pub(super) fn pause(call: &Call<'_>) -> Returned {
    let (on, now) = (call.bool(1)?, call.u64(2)?);
    if let Some(stream) = call.state.streams.borrow_mut().get_mut(slot(call)?) {
        stream.pause(on, now);
    }
    UNDEFINED
}

/// `streamDeadline(slot)` → when `streamFire` is to be called; `Infinity` where nothing is due.
pub(super) fn deadline(call: &Call<'_>) -> Returned {
    let streams = call.state.streams.borrow();
    let deadline = streams.get(slot(call)?).and_then(Stream::deadline);
    call.number(deadline.map_or(f64::INFINITY, |at| at as f64))
}

/// `streamIsDraining(slot)` → whether only the end of the stream is missing.
pub(super) fn is_draining(call: &Call<'_>) -> Returned {
    let streams = call.state.streams.borrow();
    call.boolean(streams.get(slot(call)?).is_some_and(Stream::is_draining))
}

/// `encode(opcode, data, mask)` → a Buffer with the frame.
pub(super) fn encode(call: &Call<'_>) -> Returned {
    let (opcode, mask) = (opcode(call, 0)?, call.bool(2)?);
    let mut frame = Vec::new();
    Source::of(call, 1)?.encode(&mut frame, opcode, mask)?;
    buffer(call.raw, &frame)
}

/// `parseHeader(bytes)` → the lengths of the header that they begin with, and of its payload, in
/// one array; nothing where more bytes are needed. RSV bits may be set.
///
/// # Errors
/// The violation, as an Error with its public code.
pub(super) fn parse_header(call: &Call<'_>) -> Returned {
    let parsed = Header::parse_extended(bytes(call, 0)?);
    match parsed.map_err(|v| Failure::Throw(v.code(), v.to_string()))? {
        Some((header, length)) => call.numbers(&[length as f64, header.length as f64]),
        None => UNDEFINED,
    }
}

/// `applyMask(bytes, key)`: masks, or unmasks, in place (RFC 6455 §5.3).
pub(super) fn apply_mask(call: &Call<'_>) -> Returned {
    let key = *bytes(call, 1)?
        .first_chunk()
        .ok_or_else(|| wrong(1, "4 bytes long"))?;
    change_bytes(call, 0, |bytes| protocol::apply_mask(bytes, key, 0))?;
    UNDEFINED
}

fn slot(call: &Call<'_>) -> Outcome<usize> {
    Ok(call.u32(0)? as usize)
}

/// Lets a connection take one step, and delivers what follows from it.
fn step(call: &Call<'_>, run: impl FnOnce(&mut Stream, &mut Batch)) -> Returned {
    let slot = slot(call)?;
    let mut batch = Batch::default();
    // Listeners may come back here: nothing is borrowed while they run.
    match call.state.streams.borrow_mut().get_mut(slot) {
        Some(stream) => run(stream, &mut batch),
        None => return UNDEFINED,
    }
    if batch.records.is_empty() {
        return UNDEFINED;
    }
    let delivery = Delivery::new(call.raw, call.state.dispatch_stream.get())?;
    for index in 0..batch.records.len() {
        let kind = batch.records[index].kind;
        let delivered = in_scope(call.raw, || delivery.deliver(&mut batch, index))?;
        if kind == Kind::Close {
            call.state.streams.borrow_mut().try_remove(slot);
        } else if delivered == Delivered::No {
            return lose(call);
        }
    }
    UNDEFINED
}
