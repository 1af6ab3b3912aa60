//! The functions of the stream transport: JavaScript moves the bytes.
//!
//! Each of them delivers what follows from it before it returns, in calls of the dispatcher. A
//! listener may call any of them meanwhile: what its connection receives then waits for its turn.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::time::Instant;

use napi::sys;

use super::call::arguments::{Call, too_many_connections, wrong};
use super::call::results::{Returned, UNDEFINED, reference};
use super::settings::Settings;
use super::status::{Outcome, check};
use super::values::buffer::buffer;
use super::values::delivery::{Delivery, in_scope};
use super::values::payload::{self, Source, fragment, opcode, text};
use super::values::views::bytes;
use crate::engine::{Batch, Kind, MAX_SLOT, Making, Overflow, Stream};
use crate::protocol::{DeflateFilter, Filtered, Header, Millis, Progress, Reserved, fragmented};

/// `attachStreams(dispatch, later)`: the functions that records are delivered to, and that have `streamTurns` called in a
/// later turn of the event loop.
pub(super) fn attach(call: &Call<'_>) -> Returned {
    call.state.dispatch_stream.set(reference(call, 0)?);
    call.state.stream_turns_later.set(reference(call, 1)?);
    UNDEFINED
}

/// `streamOpen(now, filters, settings, deflate)` → slot. `filters`: permessage-deflate has its place among
/// extensions in JavaScript, and is applied by `streamInflate` and `streamCompress`.
pub(super) fn open(call: &Call<'_>) -> Returned {
    let (now, filters) = (call.u64(0)?, call.bool(1)?);
    let Settings {
        mut config,
        max_buffered,
    } = Settings::of(call, 2)?;
    let filter = config.deflate.take_if(|_| filters);
    let filter = filter.map(|deflate| DeflateFilter::new(deflate, config.limits));
    let config = call.state.share(config);
    let mut streams = call.state.streams.borrow_mut();
    let entry = streams.vacant_entry();
    let slot = u32::try_from(entry.key()).ok().filter(|n| *n <= MAX_SLOT);
    let slot = slot.ok_or_else(|| too_many_connections("this JavaScript thread"))?;
    let mut stream = Stream::new(slot, config, filter, max_buffered, now);
    stream.is_chained = filters;
    entry.insert(stream);
    call.number(f64::from(slot))
}

/// `streamBegin(slot)` → whether something has come by now, which `streamTake` takes.
pub(super) fn begin(call: &Call<'_>) -> Returned {
    let has_next = with(call, slot(call)?, Stream::begin);
    call.boolean(has_next.unwrap_or(false))
}

/// `streamReceive(slot, chunk, now)` → whether there was no room for it: the peer sent this.
pub(super) fn receive(call: &Call<'_>) -> Returned {
    // A copy: unmasking must not change what others may hold.
    let (bytes, now) = (bytes(call, 1)?.into_owned(), call.u64(2)?);
    let is_dropped = with(call, slot(call)?, |stream| {
        stream.give(bytes, now);
        stream.is_dropped()
    });
    take_all(call, now)?;
    call.boolean(is_dropped.unwrap_or(false))
}

/// `streamTurns(now)`: what is left of streams is taken, piece by piece of each in turn, for as long as the slice goes.
pub(super) fn turns(call: &Call<'_>) -> Returned {
    let now = call.u64(0)?;
    call.state.comes_back.set(false);
    let is_outermost = call.state.slice.borrow_mut().begin(Instant::now());
    let result = take_turns(call, now);
    if is_outermost {
        call.state.slice.borrow_mut().end(Instant::now());
    }
    result?;
    if !call.state.stream_row.borrow().is_empty() {
        come_back(call)?;
    }
    UNDEFINED
}

/// One piece of the first stream of the row, then of the next, until nothing is left or the slice is over.
fn take_turns(call: &Call<'_>, now: Millis) -> Outcome<()> {
    loop {
        let Some(slot) = call.state.stream_row.borrow_mut().pop() else {
            return Ok(());
        };
        let was_making = with(call, slot, |stream| stream.is_making()) == Some(true);
        if with(call, slot, Stream::leave_place) == Some(true) && take_some(call, slot, now, true)?
        {
            take_place(call, slot, was_making);
        }
        if is_late(call) {
            return Ok(());
        }
    }
}

/// Whether the slice is over.
fn is_late(call: &Call<'_>) -> bool {
    call.state.slice.borrow_mut().is_late(Instant::now())
}

/// `streamHangUp(slot)`: the peer is gone, and the app has paused the stream.
pub(super) fn hang_up(call: &Call<'_>) -> Returned {
    step(call, slot(call)?, Stream::hang_up)
}

/// `streamTake(slot, queued, now)`: what came may be taken again; this many bytes wait to be written.
pub(super) fn take(call: &Call<'_>) -> Returned {
    let (queued, now) = (size(call, 1)?, call.u64(2)?);
    with(call, slot(call)?, |stream| {
        stream.queue(queued);
        stream.open();
    });
    take_all(call, now)
}

/// `streamEnd(slot, queued, now)`: the peer has ended, and this many bytes wait to be written.
pub(super) fn end(call: &Call<'_>) -> Returned {
    let (queued, now) = (size(call, 1)?, call.u64(2)?);
    with(call, slot(call)?, |stream| {
        stream.queue(queued);
        stream.end(now);
    });
    take_all(call, now)
}

/// `streamBreak(slot, now)`: the stream is lost, and what it brought before that is taken, whatever the app asks
/// for.
pub(super) fn break_off(call: &Call<'_>) -> Returned {
    let now = call.u64(1)?;
    with(call, slot(call)?, |stream| stream.break_off(now));
    take_all(call, now)
}

/// `streamLose(slot, now)`: the stream is lost, or to be dropped, and nothing more comes of it.
pub(super) fn lose(call: &Call<'_>) -> Returned {
    let now = call.u64(1)?;
    with(call, slot(call)?, |stream| stream.lose(now));
    take_all(call, now)
}

/// `streamQueue(slot, queued)`: more bytes wait to be written than usual.
pub(super) fn queue(call: &Call<'_>) -> Returned {
    let queued = size(call, 1)?;
    with(call, slot(call)?, |stream| stream.queue(queued));
    UNDEFINED
}

/// `streamAwaitDrain(slot, queued)`: this many bytes wait to be written, and `drain` comes when all of them have been.
pub(super) fn await_drain(call: &Call<'_>) -> Returned {
    let queued = size(call, 1)?;
    with(call, slot(call)?, |stream| stream.await_drain(queued));
    UNDEFINED
}

/// `streamWritten(slot)`: all that waited has been written.
pub(super) fn written(call: &Call<'_>) -> Returned {
    step(call, slot(call)?, |stream, batch| stream.written(batch))
}

/// `streamFinished(slot)`: the stream has written all, its end included.
pub(super) fn finished(call: &Call<'_>) -> Returned {
    step(call, slot(call)?, Stream::finish)
}

/// `streamTerminate(slot, now)`: the connection is to be dropped, and nothing that came is delivered any more.
pub(super) fn terminate(call: &Call<'_>) -> Returned {
    let now = call.u64(1)?;
    with(call, slot(call)?, |stream| stream.terminate(now));
    UNDEFINED
}

/// `streamMaySend(slot, queued, overhead)` → whether a message may be added to the bytes that wait, which cost some
/// more. If not, the connection is to be dropped.
pub(super) fn may_send(call: &Call<'_>) -> Returned {
    let (queued, overhead) = (size(call, 1)?, size(call, 2)?);
    let may_send = with(call, slot(call)?, |stream| {
        stream.may_send(queued, overhead)
    });
    call.boolean(may_send.unwrap_or(false))
}

/// `streamOverflow(slot)`: an extension holds more than it may: the connection is to be dropped.
pub(super) fn overflow(call: &Call<'_>) -> Returned {
    with(call, slot(call)?, |stream| stream.overflow(Overflow::Held));
    UNDEFINED
}

/// `streamIsDropped(slot)` → whether there was no room for more: the connection is dropped, and its error reported.
pub(super) fn is_dropped(call: &Call<'_>) -> Returned {
    let is_dropped = with(call, slot(call)?, |stream| stream.is_dropped());
    call.boolean(is_dropped.unwrap_or(false))
}

/// `streamFill(slot, on)`: an extension holds as much as it may, or no more.
pub(super) fn fill(call: &Call<'_>) -> Returned {
    let on = call.bool(1)?;
    step(call, slot(call)?, |stream, batch| stream.fill(on, batch))
}

/// `streamReleaseClosingAnswer(slot)`: JavaScript has seen all that came before the connection began to close.
pub(super) fn release_closing_answer(call: &Call<'_>) -> Returned {
    step(call, slot(call)?, |stream, batch| {
        stream.release_closing_answer(batch)
    })
}

/// `streamPinged(slot)`: a ping is about to be written.
pub(super) fn pinged(call: &Call<'_>) -> Returned {
    with(call, slot(call)?, |stream| stream.count_ping());
    UNDEFINED
}

/// `streamMessage(slot, opcode, data, compress, fragment)` → a Buffer with the message, in frames of at most `fragment`
/// bytes, which has to be written.
pub(super) fn message(call: &Call<'_>) -> Returned {
    let (slot, opcode, compress) = (slot(call)?, opcode(call, 1)?, call.bool(3)?);
    let (most, mut plain) = (fragment(call, 4)?, Vec::new());
    let header = Source::of(call, 2)?.encode(&mut plain, opcode, false)?;
    let mut streams = call.state.streams.borrow_mut();
    let Some(stream) = streams.get_mut(slot) else {
        return UNDEFINED;
    };
    let frame = stream.message(opcode, &plain[header..], compress);
    buffer(call.raw, &fragmented(frame, most))
}

/// `streamFragment(slot, opcode, fin, compress, key, data)` → a Buffer with a fragment of a message, or a control frame,
/// which has to be written.
pub(super) fn one_fragment(call: &Call<'_>) -> Returned {
    let (slot, fragment) = (slot(call)?, payload::one_fragment(call, 1)?);
    match with(call, slot, |stream| stream.fragment(&fragment)) {
        Some(frame) => buffer(call.raw, &frame),
        None => UNDEFINED,
    }
}

/// `streamInflate(slot, frame, payload, now)`: a received frame, and its payload unmasked, comes
/// to the place of permessage-deflate → `true` if it goes on as it is, a Buffer with the message
/// that it ends, nothing if it is kept.
pub(super) fn inflate(call: &Call<'_>) -> Returned {
    let header = Header::parse(&bytes(call, 1)?, Reserved::Any);
    let Ok(Some((header, _))) = header else {
        return Err(wrong(1, "a frame"));
    };
    // A copy: listeners may change what is theirs.
    let (payload, now) = (bytes(call, 2)?.into_owned(), call.u64(3)?);
    let mut filtered = Filtered::Untouched;
    step(call, slot(call)?, |stream, batch| {
        filtered = stream.inflate(&header, &payload, now, batch);
    })?;
    match filtered {
        Filtered::Untouched => call.boolean(true),
        Filtered::Kept => UNDEFINED,
        Filtered::Message(message) => buffer(call.raw, &message),
    }
}

/// `streamCompress(slot, message)`: a message comes to the place of permessage-deflate → a Buffer with
/// the payload of its frame, which has to be written; nothing if it goes on as it is.
pub(super) fn compress(call: &Call<'_>) -> Returned {
    let message = bytes(call, 1)?;
    let mut streams = call.state.streams.borrow_mut();
    let stream = streams.get_mut(slot(call)?);
    match stream.and_then(|stream| stream.compress(&message)) {
        Some(payload) => buffer(call.raw, &payload),
        None => UNDEFINED,
    }
}

/// `streamMiss(slot, opcode, rsv1, now)`: a received frame never comes to the place of permessage-deflate; the opcode and RSV1 are those that it had.
pub(super) fn miss(call: &Call<'_>) -> Returned {
    let (opcode, rsv1, now) = (opcode(call, 1)?, call.bool(2)?, call.u64(3)?);
    step(call, slot(call)?, |stream, batch| {
        stream.miss(opcode, rsv1, now, batch)
    })
}

/// `streamForget(slot)`: what `streamCompress` returned last is not written.
pub(super) fn forget(call: &Call<'_>) -> Returned {
    with(call, slot(call)?, |stream| stream.forget_sent());
    UNDEFINED
}

/// `streamClose(slot, code, reason, now)`: begins the closing handshake.
pub(super) fn close(call: &Call<'_>) -> Returned {
    let code = u16::try_from(call.u32(1)?).map_err(|_| wrong(1, "a status code"))?;
    let (reason, now) = (text(call, 2)?, call.u64(3)?);
    step(call, slot(call)?, |stream, batch| {
        stream.close(code, &reason, now, batch)
    })
}

/// `streamFire(slot, now, waits, taken)`: does what is due; whether something has yet to leave, and a number that
/// changes whenever something does.
pub(super) fn fire(call: &Call<'_>) -> Returned {
    let now = call.u64(1)?;
    let progress = Progress {
        waits: call.bool(2)?,
        taken: call.u64(3)?,
    };
    step(call, slot(call)?, |stream, batch| {
        stream.fire(now, progress, batch)
    })?;
    take_all(call, now)
}

/// `streamPause(slot, on, now)` → whether it is paused then: one that is lost cannot be. The peer's silence does
/// not count meanwhile.
pub(super) fn pause(call: &Call<'_>) -> Returned {
    let (on, now) = (call.bool(1)?, call.u64(2)?);
    let mut is_paused = false;
    step(call, slot(call)?, |stream, batch| {
        is_paused = stream.pause(on, now, batch)
    })?;
    call.boolean(is_paused)
}

/// `streamIsPaused(slot)` → whether the app has paused it.
pub(super) fn is_paused(call: &Call<'_>) -> Returned {
    let is_paused = with(call, slot(call)?, |stream| stream.is_paused());
    call.boolean(is_paused.unwrap_or(false))
}

/// `streamSetMaxPayload(slot, bytes)`: the most that a message may have from now on.
pub(super) fn set_max_payload(call: &Call<'_>) -> Returned {
    let bytes = call.u64(1)?;
    with(call, slot(call)?, |stream| stream.set_max_payload(bytes));
    UNDEFINED
}

/// `streamDeadline(slot)` → when `streamFire` is to be called; `Infinity` if nothing is due.
pub(super) fn deadline(call: &Call<'_>) -> Returned {
    let deadline = with(call, slot(call)?, |stream| stream.deadline()).flatten();
    call.number(deadline.map_or(f64::INFINITY, |at| at as f64))
}

/// The slot that is the first argument.
fn slot(call: &Call<'_>) -> Outcome<usize> {
    Ok(call.u32(0)? as usize)
}

/// A number of bytes.
fn size(call: &Call<'_>, index: usize) -> Outcome<usize> {
    Ok(usize::try_from(call.u64(index)?).unwrap_or(usize::MAX))
}

/// Runs `run` on a connection, if it is not over. Nothing may be delivered meanwhile.
fn with<T>(call: &Call<'_>, slot: usize, run: impl FnOnce(&mut Stream) -> T) -> Option<T> {
    call.state.streams.borrow_mut().get_mut(slot).map(run)
}

/// Takes what came, as far as the slice of time goes that all connections share; what is left has its turn later.
fn take_all(call: &Call<'_>, now: Millis) -> Returned {
    let (slot, slice) = (slot(call)?, &call.state.slice);
    let is_late = is_late(call);
    // A little that nothing waits before has one piece all the same: a quiet peer does not wait for those that flood.
    if !is_late || with(call, slot, |stream| stream.may_pass()) == Some(true) {
        let is_outermost = slice.borrow_mut().begin(Instant::now());
        let result = take_some(call, slot, now, is_late);
        if is_outermost {
            slice.borrow_mut().end(Instant::now());
        }
        result?;
    }
    if take_place(call, slot, false) || slice.borrow().is_due() {
        come_back(call)?;
    }
    step(call, slot, Stream::regulate)
}

/// Takes a piece of what came, or all that there is time for: what a piece brings is delivered before the next is taken.
/// False if nothing more may be taken.
fn take_some(call: &Call<'_>, slot: usize, now: Millis, is_one: bool) -> Outcome<bool> {
    if with(call, slot, Stream::begin_turn) != Some(true) {
        return Ok(false);
    }
    let mut has_taken = false;
    let is_making = || with(call, slot, |stream| stream.is_making()) == Some(true);
    let was_making = is_making();
    let taken = catch_unwind(AssertUnwindSafe(|| {
        loop {
            has_taken = false;
            step(call, slot, |stream, batch| {
                has_taken = stream.take(now, batch);
            })?;
            let is_late = is_one || is_late(call);
            let goes_on = !is_late || with(call, slot, |stream| stream.may_pass()) == Some(true);
            // It is made: the next message has its place behind those that wait.
            let goes_on = goes_on && !(is_one && was_making && !is_making());
            if !has_taken || !goes_on {
                return step(call, slot, Stream::end_turn);
            }
        }
    }));
    match taken {
        Ok(Ok(_)) => Ok(has_taken),
        // The turn would never end: the connection does.
        Ok(Err(failure)) => step(call, slot, Stream::drop_now).and(Err(failure)),
        Err(_) => step(call, slot, Stream::drop_now).map(|_| false),
    }
}

/// Has a stream stand in the row if something is left of it: true if it was not there. `was_making`: it has had a turn
/// out of the row, and made a message.
fn take_place(call: &Call<'_>, slot: usize, was_making: bool) -> bool {
    let takes = with(call, slot, |stream| {
        let takes = stream.has_more() && stream.take_place();
        takes.then(|| stream.is_making())
    });
    let Some(Some(is_making)) = takes else {
        return false;
    };
    let making = Making::of(was_making, is_making);
    call.state.stream_row.borrow_mut().push(slot, making);
    true
}

/// Has `lib/` call `streamTurns` in a later turn of the event loop.
fn come_back(call: &Call<'_>) -> Outcome<()> {
    if call.state.comes_back.replace(true) {
        return Ok(());
    }
    let (mut later, mut receiver) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: within a call on the env's thread; the reference lives as long as the env.
    unsafe {
        check(sys::napi_get_reference_value(
            call.raw,
            call.state.stream_turns_later.get(),
            &mut later,
        ))?;
        check(sys::napi_get_undefined(call.raw, &mut receiver))?;
        check(sys::napi_call_function(
            call.raw,
            receiver,
            later,
            0,
            ptr::null(),
            ptr::null_mut(),
        ))
    }
}

/// Lets a connection take one step, and delivers what follows from it.
fn step(call: &Call<'_>, slot: usize, run: impl FnOnce(&mut Stream, &mut Batch)) -> Returned {
    let mut batch = Batch::default();
    // Listeners may come back here: nothing is borrowed while they run.
    let is_there = with(call, slot, |stream| run(stream, &mut batch)).is_some();
    if !is_there || batch.records.is_empty() {
        return UNDEFINED;
    }
    let delivery = Delivery::new(call.raw, &call.state.pool, call.state.dispatch_stream.get())?;
    for index in 0..batch.records.len() {
        let kind = batch.records[index].kind;
        let is_delivered = in_scope(call.raw, || {
            let values = delivery.values(&mut batch, index)?;
            values.map(|values| delivery.call(&[values])).transpose()
        })?;
        if kind == Kind::Close {
            call.state.streams.borrow_mut().try_remove(slot);
        } else if is_delivered.is_none() {
            // V8 has no memory for it: the connection ends rather than go on without it.
            return step(call, slot, Stream::drop_now);
        }
    }
    UNDEFINED
}
