//! The functions of the stream transport: JavaScript moves the bytes.
//!
//! Each of them delivers what follows from it before it returns, in calls of the dispatcher. A
//! listener may call any of them meanwhile, but `lib/` never lets one connection receive while it
//! still delivers what it received before.

use napi::sys;

use super::call::arguments::{Call, too_many_connections, wrong};
use super::call::results::{UNDEFINED, reference};
use super::status::{Failure, Outcome};
use super::values::buffer::buffer;
use super::values::delivery::{Delivery, in_scope};
use super::values::payload::{Source, opcode, text};
use super::values::views::{bytes, change_bytes};
use crate::engine::memory::KEPT;
use crate::engine::{Batch, Kind, MAX_SLOT, Stream};
use crate::protocol::{
    self, Config, Deflate, DeflateFilter, DeflateParams, Filtered, Header, Limits, Memory, Millis,
    Reserved, Role,
};

type Returned = Outcome<sys::napi_value>;

/// `attachStreams(dispatch)`: the function that records are delivered to.
pub(super) fn attach(call: &Call<'_>) -> Returned {
    call.state.dispatch_stream.set(reference(call, 0)?);
    UNDEFINED
}

/// The settings of a connection, from the argument at `first` on: `mask, enforceMasking,
/// maxPayload, maxFragments, maxControlFrames, timeout, pingInterval, closeTimeout`, then those of [`deflate`].
pub(super) fn config(call: &Call<'_>, first: usize) -> Outcome<Config> {
    let some = |ms: Millis| (ms > 0).then_some(ms);
    let role = role(call, first)?;
    Ok(Config {
        role,
        enforce_masking: call.bool(first + 1)?,
        limits: Limits {
            max_payload: call.u64(first + 2)?,
            max_fragments: call.u32(first + 3)?,
            // `Infinity` is no limit.
            max_control_frames: u32::try_from(call.u64(first + 4)?).ok(),
            ..Limits::default()
        },
        timeout: some(call.u64(first + 5)?),
        ping_interval: some(call.u64(first + 6)?),
        close_timeout: call.u64(first + 7)?,
        deflate: deflate(call, first + 8, role)?,
        memory: Memory::of(&KEPT),
    })
}

/// `mask` → which end we are.
fn role(call: &Call<'_>, index: usize) -> Outcome<Role> {
    Ok(if call.bool(index)? {
        Role::Client
    } else {
        Role::Server
    })
}

/// The settings of permessage-deflate, from the argument at `first` on: `agreed, level, threshold`.
fn deflate(call: &Call<'_>, first: usize, role: Role) -> Outcome<Option<Deflate>> {
    let level = u8::try_from(call.u32(first + 1)?).map_err(|_| wrong(first + 1, "a level"))?;
    let threshold = usize::try_from(call.u64(first + 2)?).unwrap_or(usize::MAX);
    deflate_of(&text(call, first)?, role, level, threshold).map_err(|e| wrong(first, &e))
}

/// What the element that was agreed on means; an empty one, that it is off.
fn deflate_of(
    agreed: &str,
    role: Role,
    level: u8,
    threshold: usize,
) -> Result<Option<Deflate>, String> {
    if agreed.is_empty() {
        return Ok(None);
    }
    let params = DeflateParams::agreed(agreed);
    let params = params.map_err(|e| format!("an element that was agreed on: {e}"))?;
    Ok(Some(Deflate::new(&params, role, level.min(9), threshold)))
}

/// `streamOpen(now, filters, …settings)` → slot. `filters`: permessage-deflate has its place among
/// extensions in JavaScript, and is applied by `streamInflate` and `streamCompress`.
pub(super) fn open(call: &Call<'_>) -> Returned {
    let (now, filters) = (call.u64(0)?, call.bool(1)?);
    let mut config = config(call, 2)?;
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

/// `deflateMemory(agreed, mask)` → bytes that permessage-deflate may keep for a connection between two
/// messages, with what was agreed on.
pub(super) fn deflate_memory(call: &Call<'_>) -> Returned {
    let agreed = text(call, 0)?;
    let role = role(call, 1)?;
    let memory = deflate_of(&agreed, role, 0, 0).map_err(|e| wrong(0, &e))?;
    call.number(memory.map_or(0, |deflate| deflate.memory()) as f64)
}

/// `deflateProblem(element)` → what is wrong with an element that is to be the agreement on
/// permessage-deflate; nothing where it is one.
pub(super) fn deflate_problem(call: &Call<'_>) -> Returned {
    match DeflateParams::agreed(&text(call, 0)?) {
        Ok(_) => UNDEFINED,
        Err(problem) => call.string(&problem.to_string()),
    }
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
    let parsed = Header::parse(bytes(call, 0)?, Reserved::Any);
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
