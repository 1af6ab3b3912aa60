//! The functions of the stream transport: JavaScript moves the bytes.
//!
//! Each of them delivers what follows from it before it returns, in calls of the dispatcher. A
//! listener may call any of them meanwhile, but `lib/` never lets one connection receive while it
//! still delivers what it received before.

use super::call::arguments::{Call, too_many_connections, wrong};
use super::call::results::{Returned, UNDEFINED, reference};
use super::settings::Settings;
use super::status::Outcome;
use super::values::buffer::buffer;
use super::values::delivery::{Delivery, in_scope};
use super::values::payload::{Source, opcode, text};
use super::values::views::bytes;
use crate::engine::{Batch, Kind, MAX_SLOT, Stream};
use crate::protocol::{DeflateFilter, Filtered, Header, Reserved};

/// `attachStreams(dispatch)`: the function that records are delivered to.
pub(super) fn attach(call: &Call<'_>) -> Returned {
    call.state.dispatch_stream.set(reference(call, 0)?);
    UNDEFINED
}

/// `streamOpen(now, filters, settings)` → slot. `filters`: permessage-deflate has its place among
/// extensions in JavaScript, and is applied by `streamInflate` and `streamCompress`.
pub(super) fn open(call: &Call<'_>) -> Returned {
    let (now, filters) = (call.u64(0)?, call.bool(1)?);
    let mut config = Settings::of(call, 2)?.config;
    let filter = config.deflate.take_if(|_| filters);
    let filter = filter.map(|deflate| DeflateFilter::new(deflate, config.limits));
    let config = call.state.share(config);
    let mut streams = call.state.streams.borrow_mut();
    let entry = streams.vacant_entry();
    let slot = u32::try_from(entry.key()).ok().filter(|n| *n <= MAX_SLOT);
    let slot = slot.ok_or_else(|| too_many_connections("this JavaScript thread"))?;
    entry.insert(Stream::new(slot, config, filter, now));
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

/// `streamPinged(slot)`: a ping is about to be written.
pub(super) fn pinged(call: &Call<'_>) -> Returned {
    if let Some(stream) = call.state.streams.borrow_mut().get_mut(slot(call)?) {
        stream.count_ping();
    }
    UNDEFINED
}

/// `streamMessage(slot, opcode, data, compress)` → a Buffer with the frame, which has to be written.
pub(super) fn message(call: &Call<'_>) -> Returned {
    let (slot, opcode, compress) = (slot(call)?, opcode(call, 1)?, call.bool(3)?);
    let mut plain = Vec::new();
    let header = Source::of(call, 2)?.encode(&mut plain, opcode, false)?;
    let mut streams = call.state.streams.borrow_mut();
    let Some(stream) = streams.get_mut(slot) else {
        return UNDEFINED;
    };
    buffer(
        call.raw,
        &stream.message(opcode, &plain[header..], compress),
    )
}

/// `streamInflate(slot, frame, payload, now)`: a received frame, and its payload unmasked, where
/// permessage-deflate has its place → `true` where it goes on as it is, a Buffer with the message
/// that it ends, nothing where it is kept.
pub(super) fn inflate(call: &Call<'_>) -> Returned {
    let header = Header::parse(bytes(call, 1)?, Reserved::Any);
    let Ok(Some((header, _))) = header else {
        return Err(wrong(1, "a frame"));
    };
    // A copy: listeners may change what is theirs.
    let (payload, now) = (bytes(call, 2)?.to_vec(), call.u64(3)?);
    let mut filtered = Filtered::Untouched;
    step(call, |stream, batch| {
        filtered = stream.inflate(&header, &payload, now, batch);
    })?;
    match filtered {
        Filtered::Untouched => call.boolean(true),
        Filtered::Kept => UNDEFINED,
        Filtered::Message(message) => buffer(call.raw, &message),
    }
}

/// `streamCompress(slot, message)`: a message where permessage-deflate has its place → a Buffer with
/// the payload of its frame, which has to be written; nothing where it goes on as it is.
pub(super) fn compress(call: &Call<'_>) -> Returned {
    let message = bytes(call, 1)?;
    let mut streams = call.state.streams.borrow_mut();
    let stream = streams.get_mut(slot(call)?);
    match stream.and_then(|stream| stream.compress(message)) {
        Some(payload) => buffer(call.raw, &payload),
        None => UNDEFINED,
    }
}

/// `streamMiss(slot, opcode, rsv1, now)`: a received frame never comes where permessage-deflate has
/// its place; the opcode and RSV1 are those that it had.
pub(super) fn miss(call: &Call<'_>) -> Returned {
    let (opcode, rsv1, now) = (opcode(call, 1)?, call.bool(2)?, call.u64(3)?);
    step(call, |stream, batch| stream.miss(opcode, rsv1, now, batch))
}

/// `streamForget(slot)`: what `streamCompress` returned last is not written.
pub(super) fn forget(call: &Call<'_>) -> Returned {
    if let Some(stream) = call.state.streams.borrow_mut().get_mut(slot(call)?) {
        stream.forget_sent();
    }
    UNDEFINED
}

/// `streamClose(slot, code, reason, now)`: begins the closing handshake.
pub(super) fn close(call: &Call<'_>) -> Returned {
    let code = u16::try_from(call.u32(1)?).map_err(|_| wrong(1, "a status code"))?;
    let (reason, now) = (text(call, 2)?, call.u64(3)?);
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

/// The slot that is the first argument.
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
        let is_delivered = in_scope(call.raw, || {
            let values = delivery.values(&mut batch, index)?;
            values.map(|values| delivery.call(&[values])).transpose()
        })?;
        if kind == Kind::Close {
            call.state.streams.borrow_mut().try_remove(slot);
        } else if is_delivered.is_none() {
            return lose(call);
        }
    }
    UNDEFINED
}
