//! The functions of the socket transport.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::ptr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use napi::sys;

use super::super::call::arguments::{Call, too_many_connections, wrong};
use super::super::call::results::{Returned, UNDEFINED, reference};
use super::super::deflate::role;
use super::super::settings::Settings;
use super::super::status::{Failure, Outcome, check};
use super::super::values::payload::{IN_PLACE, Source, fragment, one_fragment, opcode, text};
use super::super::values::views::bytes;
use super::drain;
use super::leader::{Lead, Leader};
use super::leading::Leading;
use super::table::{Functions, Link};
use crate::engine::{
    Append, Command, Fragments, Frame, HIGH_MARK, Publish, WriteSide, admit, socket,
};
use crate::protocol::{Header, Opcode, fragmented};

/// `attach(dispatch, later, rounds)`: the functions that records are delivered to, and that put off the rest of a
/// long delivery. The argument of that one is whether connections keep the event loop alive. `rounds` is the
/// asynchronous resource of rounds that this thread runs, `null` where it cannot: its event loop has to be that of Node
/// on Linux, to watch the shards.
pub(crate) fn attach(call: &Call<'_>) -> Returned {
    call.state.sockets.functions.set(Some(Functions {
        dispatch: reference(call, 0)?,
        later: reference(call, 1)?,
    }));
    if !call.is_null(2)? {
        call.state.sockets.rounds.set(Some(reference(call, 2)?));
    }
    UNDEFINED
}

/// `hasRef()` → whether a connection keeps the event loop alive: a method of the doorbell's resource.
pub(crate) fn has_ref(call: &Call<'_>) -> Returned {
    call.boolean(call.state.sockets.keep_alive())
}

/// `open(fd, base, settings, deflate)` → slot. Duplicates the descriptor; on failure
/// nothing has changed.
pub(crate) fn open(call: &Call<'_>) -> Returned {
    let raw_fd = i32::try_from(call.u32(0)?).map_err(|_| wrong(0, "a descriptor"))?;
    let base = call.u64(1)?;
    let Settings {
        config,
        max_buffered,
    } = Settings::of(call, 2)?;
    let config = call.state.share(config);
    // SAFETY: borrowed for the length of this call only, in which `lib/` keeps the handle open; a
    // number that is no descriptor makes `fcntl` fail.
    let borrowed = unsafe { BorrowedFd::borrow_raw(raw_fd) };
    let fd = socket::duplicate(borrowed).map_err(refused)?;
    socket::prepare(fd.as_fd()).map_err(refused)?;
    let link = call.state.sockets.link().map_err(refused)?;
    may_lead(call, link);
    let Some(shard) = admit(&link.shards, link.env) else {
        return Err(too_many_connections("the I/O threads"));
    };
    let mailbox = link.mailbox.clone();
    let make = |slot| WriteSide::new(fd, mailbox, shard, slot, base, &config, max_buffered);
    let Some(connection) = call.state.sockets.add(make) else {
        link.shards[shard].handle().dismiss(link.env);
        return Err(too_many_connections("this JavaScript thread"));
    };
    let slot = connection.slot;
    call.state.sockets.refer(call.raw, slot, true);
    let open = Command::Open { connection, config };
    call.state.sockets.submit(link, shard, open);
    call.number(f64::from(slot))
}

/// The env may lead from now on, if it can.
pub(super) fn may_lead(call: &Call<'_>, link: &Link) {
    let sockets = &call.state.sockets;
    if sockets.leader.get() != Leader::Thread
        && let Some(resource) = sockets.rounds.take()
    {
        // SAFETY: `lib/` has said that this is Node; the state outlives the env's hooks.
        let leading = unsafe { Leading::new(call.raw, call.state, link, resource) };
        sockets
            .leading
            .set(leading.map(|leading| leading as *const dyn Lead));
    }
}

/// The system refused a descriptor or a thread.
pub(super) fn refused(error: io::Error) -> Failure {
    let code = match rustix::io::Errno::from_io_error(&error) {
        Some(rustix::io::Errno::MFILE) => "EMFILE",
        Some(rustix::io::Errno::NFILE) => "ENFILE",
        Some(rustix::io::Errno::BADF) => "EBADF",
        Some(rustix::io::Errno::NOTSOCK) => "ENOTSOCK",
        Some(rustix::io::Errno::NOMEM) => "ENOMEM",
        Some(rustix::io::Errno::AGAIN) => "EAGAIN",
        _ => "ERR_WS_TAKEOVER",
    };
    let message = format!("the socket could not be taken over: {error}");
    Failure::Throw(code, message)
}

/// `start(slot, received)`: the shard has the socket to itself, and gets the Buffer of what
/// JavaScript had read from it.
pub(crate) fn start(call: &Call<'_>) -> Returned {
    let received = bytes(call, 1)?.into_owned();
    if let Some(connection) = call.state.sockets.write_side(call.u32(0)?) {
        connection.start();
        submit(call, connection, |c| Command::Start(c, received));
    }
    scheduled(call)
}

/// Up to this many bytes, a payload is copied where this thread writes it at the end of the tick: together with others
/// for the same connection that costs less than a system call of its own.
const COPIED: usize = 8 * 1024;

/// `frame(tag, data)`: one frame to one connection. The tag is its number, above four bits of opcode
/// and one that says whether to compress: this is called for each message, and each argument counts.
pub(crate) fn frame(call: &Call<'_>) -> Returned {
    let (slot, opcode, compress) = tag(call)?;
    let source = Source::of(call, 1)?;
    call.state.sockets.repeated.forget();
    let (Some(connection), Some(link)) = (
        call.state.sockets.write_side(slot),
        call.state.sockets.linked(),
    ) else {
        return UNDEFINED;
    };
    if opcode == Opcode::Ping {
        connection.count_ping();
    }
    if compress && connection.deflate.is_some() {
        let frame = plain(&source, opcode, compress, usize::MAX)?;
        if is_compressed(&connection, &frame) {
            submit(call, connection, |c| Command::Message(c, frame));
            return scheduled(call);
        }
    }
    let in_order = call.state.sockets.in_order(link, connection.shard);
    let length = source.bound();
    // Asked for large ones alone: the other thread may be changing what is next to it.
    let is_led = || link.shards[connection.shard].is_led_by(link.env);
    let leaves_now = length > IN_PLACE || (length > COPIED && is_led());
    let written = if in_order && leaves_now {
        let began = Instant::now();
        let written = write_now(&connection, &source, opcode);
        call.state.sockets.wrote_since(began);
        written
    } else {
        None
    };
    if let Some(append) = written {
        appended(call, link, connection, append);
    } else if in_order && length <= IN_PLACE {
        let mut result = Ok(0);
        let append = connection.append(|out| result = source.encode(out, opcode, connection.mask));
        result?;
        appended(call, link, connection, append);
    } else {
        let frame = encoded(&source, opcode, connection.mask)?;
        send_encoded(call, link, connection, frame);
    }
    scheduled(call)
}

/// `again(tag, data)`: the same as `frame`, of a tag and data of which nothing but the slot is another than in the call of
/// either before. So it is the same frame, and all of these go to a shard as one command. That data is the same means
/// the same string, or the same view, in which something else may be by now.
pub(crate) fn again(call: &Call<'_>) -> Returned {
    let (slot, opcode, compress) = tag(call)?;
    let sockets = &call.state.sockets;
    let (Some((shard, reader)), Some(link)) = (sockets.named(slot), sockets.linked()) else {
        return frame(call);
    };
    let source = Source::of(call, 1)?;
    if source.bound() > HIGH_MARK {
        // It counts as queued from now on, so that whoever asks hears of `drain`.
        return frame(call);
    }
    let bytes = match &source {
        Source::Bytes(bytes) => Some(&**bytes),
        Source::Text { .. } => None,
    };
    let encode = || plain(&source, opcode, compress, usize::MAX);
    let repeated = &sockets.repeated;
    let frame = repeated.frame(bytes, opcode, compress, encode)?;
    sockets.submit_frame(link, shard, reader, &frame);
    scheduled(call)
}

/// What the first argument says of a frame: the slot of its connection, its opcode, whether it may be compressed.
fn tag(call: &Call<'_>) -> Outcome<(u32, Opcode, bool)> {
    let tag = call.u32(0)?;
    let opcode = Opcode::try_from((tag >> 1) as u8 & 15).map_err(|_| wrong(0, "an opcode"))?;
    Ok((tag >> 5, opcode, tag & 1 == 1))
}

/// Writes a large binary message at once, if nothing is to leave before it: what the kernel takes is not
/// copied.
fn write_now(connection: &WriteSide, source: &Source<'_>, opcode: Opcode) -> Option<Append> {
    let Source::Bytes(payload) = source else {
        return None;
    };
    if connection.mask {
        return None;
    }
    let (header, length) = Header::message(opcode, payload.len(), None).encode();
    connection.write_now(&header[..length], payload)
}

/// `frames(slots, opcode, data, compress, fragment)`: one message, or ping, to each of some connections, in frames of at
/// most `fragment` bytes.
pub(crate) fn frames(call: &Call<'_>) -> Returned {
    let (opcode, compress, most) = (opcode(call, 1)?, call.bool(3)?, fragment(call, 4)?);
    // Before the source, which no JavaScript may run behind: an accessor that an app has put on
    // `Array.prototype` could.
    let slots = slots(call, 0)?;
    let source = Source::of(call, 2)?;
    let Some(link) = call.state.sockets.linked() else {
        return UNDEFINED;
    };
    let frame = plain(&source, opcode, compress, most)?;
    for slot in slots {
        let Some(connection) = call.state.sockets.write_side(slot) else {
            continue;
        };
        if opcode == Opcode::Ping {
            connection.count_ping();
        }
        if is_compressed(&connection, &frame) {
            submit(call, connection, |c| Command::Message(c, frame.clone()));
        } else if connection.mask || !call.state.sockets.in_order(link, connection.shard) {
            let encoded = encoded(&source, opcode, connection.mask)?;
            send_encoded(call, link, connection, frame.cut(encoded));
        } else {
            let append = connection.append_shared(frame.wire());
            appended(call, link, connection, append);
        }
    }
    scheduled(call)
}

/// `publish(topic, opcode, data, compress, fragment, except, volatile)`: the same to all who subscribe to a topic, but
/// to those whose slots are in `except`: an array, the slot itself if there is one, or `null`.
pub(crate) fn publish(call: &Call<'_>) -> Returned {
    let (topic, opcode, compress) = (call.u64(0)?, opcode(call, 1)?, call.bool(3)?);
    let (most, volatile) = (fragment(call, 4)?, call.bool(6)?);
    let except = match call.kind(5)? {
        sys::ValueType::napi_null => Vec::new(),
        // By far the most usual is one: no array is made for it.
        sys::ValueType::napi_number => vec![call.u32(5)?],
        // Before the source, as in `frames`.
        _ => slots(call, 5)?,
    };
    let source = Source::of(call, 2)?;
    let sockets = &call.state.sockets;
    let Some(link) = sockets.linked() else {
        return UNDEFINED;
    };
    let frame = plain(&source, opcode, compress, most)?;
    let found = except.iter().filter_map(|slot| sockets.write_side(*slot));
    let except: Vec<Arc<WriteSide>> = found.collect();
    sockets.submit_to(link, topic, |shard| {
        let here = except.iter().filter(|one| one.shard == shard);
        Command::Publish(Publish {
            topic: Some(topic),
            named: Vec::new(),
            except: here.cloned().collect(),
            frame: frame.clone(),
            volatile,
        })
    });
    scheduled(call)
}

/// `subscribe(slot, topic)`: the connection, which does not do so yet, gets what is published to a topic.
pub(crate) fn subscribe(call: &Call<'_>) -> Returned {
    let topic = call.u64(1)?;
    if let Some(connection) = call.state.sockets.write_side(call.u32(0)?) {
        call.state.sockets.subscribed(&connection, topic);
        submit(call, connection, |c| Command::Subscribe(c, topic));
    }
    scheduled(call)
}

/// `unsubscribe(slot, topic)`: the connection, which did so, gets it no more.
pub(crate) fn unsubscribe(call: &Call<'_>) -> Returned {
    let topic = call.u64(1)?;
    if let Some(connection) = call.state.sockets.write_side(call.u32(0)?) {
        call.state.sockets.unsubscribed(&connection, topic);
        submit(call, connection, |c| Command::Unsubscribe(c, topic));
    }
    scheduled(call)
}

/// `skipped(slot)` → volatile messages that the connection did not get.
pub(crate) fn skipped(call: &Call<'_>) -> Returned {
    let connection = call.state.sockets.write_side(call.u32(0)?);
    call.number(connection.map_or(0, |c| c.skipped()).into())
}

/// A frame as a server sends it without compression, with fragments of at most `most` bytes if it is longer.
fn plain(source: &Source<'_>, opcode: Opcode, compress: bool, most: usize) -> Outcome<Frame> {
    let mut bytes = Vec::new();
    let header = source.encode(&mut bytes, opcode, false)?;
    let fragments = (most != usize::MAX).then(|| Fragments {
        most,
        bytes: fragmented(bytes.clone(), most).into(),
    });
    Ok(Frame {
        opcode,
        bytes: Bytes::from(bytes),
        header,
        compress,
        fragments,
    })
}

/// One frame by itself.
fn encoded(source: &Source<'_>, opcode: Opcode, mask: bool) -> Outcome<Vec<u8>> {
    let mut frame = Vec::new();
    source.encode(&mut frame, opcode, mask)?;
    Ok(frame)
}

/// Whether the shard is to compress this for the connection.
fn is_compressed(connection: &WriteSide, frame: &Frame) -> bool {
    let length = frame.payload().len();
    frame.compress && connection.deflate.is_some_and(|d| d.compresses(length))
}

/// `sendFragment(slot, opcode, fin, compress, key, data)`: a fragment of a message, or a control frame.
pub(crate) fn send_fragment(call: &Call<'_>) -> Returned {
    let fragment = one_fragment(call, 1)?;
    let (Some(connection), Some(link)) = (
        call.state.sockets.write_side(call.u32(0)?),
        call.state.sockets.linked(),
    ) else {
        return UNDEFINED;
    };
    if fragment.opcode == Opcode::Ping {
        connection.count_ping();
    }
    if connection.deflate.is_some() && !fragment.opcode.is_control() {
        // The shard knows whether the message that it is of is compressed.
        submit(call, connection, |c| Command::Fragment(c, fragment));
    } else {
        let role = role(connection.mask);
        let mut frame = Vec::new();
        fragment.encode(role, &mut frame);
        send_encoded(call, link, connection, frame);
    }
    scheduled(call)
}

/// `sendEncoded(slot, frames)`: whole frames that JavaScript has encoded.
pub(crate) fn send_frames(call: &Call<'_>) -> Returned {
    let frames = bytes(call, 1)?.to_vec();
    let (Some(connection), Some(link)) = (
        call.state.sockets.write_side(call.u32(0)?),
        call.state.sockets.linked(),
    ) else {
        return UNDEFINED;
    };
    send_encoded(call, link, connection, frames);
    scheduled(call)
}

/// Sends a frame that is encoded apart, after the commands that were given before.
fn send_encoded(call: &Call<'_>, link: &Link, connection: Arc<WriteSide>, frames: Vec<u8>) {
    if call.state.sockets.in_order(link, connection.shard) {
        let append = connection.append_owned(frames);
        appended(call, link, connection, append);
    } else {
        submit(call, connection, |c| Command::Send(c, frames));
    }
}

/// `close(slot, code, reason)`: begins the closing handshake.
pub(crate) fn close(call: &Call<'_>) -> Returned {
    let code = u16::try_from(call.u32(1)?).map_err(|_| wrong(1, "a status code"))?;
    let reason = text(call, 2)?;
    give(call, |connection| Command::Close {
        connection,
        code,
        reason,
    })
}

/// `releaseClosingAnswer(slot)`: JavaScript has seen all that came before the connection began to close, and
/// the answer to that may leave.
pub(crate) fn release_closing_answer(call: &Call<'_>) -> Returned {
    give(call, Command::ReleaseClosingAnswer)
}

/// `terminate(slot)`: drops the connection.
pub(crate) fn terminate(call: &Call<'_>) -> Returned {
    give(call, Command::Terminate)
}

/// `setMaxPayload(slot, bytes)`: the most that a message may have from now on.
pub(crate) fn set_max_payload(call: &Call<'_>) -> Returned {
    let bytes = call.u64(1)?;
    give(call, |c| Command::SetMaxPayload(c, bytes))
}

/// `pause(slot, on)`: stops reading and delivering, or goes on. Delivers what was reported before a
/// pause took hold before it reads more: otherwise pausing and resuming would pile it up.
pub(crate) fn pause(call: &Call<'_>) -> Returned {
    let (slot, on) = (call.u32(0)?, call.bool(1)?);
    let sockets = &call.state.sockets;
    let Some(connection) = sockets.write_side(slot) else {
        return UNDEFINED;
    };
    if on {
        sockets.aside.borrow_mut().pause(slot);
    } else if !sockets.aside.borrow_mut().resume(slot) {
        // A drain that is under way comes to it by itself.
        if !sockets.draining.is_under_way() {
            drain::drain_later(sockets, call.raw)?;
        }
        return UNDEFINED;
    }
    submit(call, connection, |c| Command::Pause(c, on));
    scheduled(call)
}

/// `flush()`: carries out the tick's commands.
pub(crate) fn flush(call: &Call<'_>) -> Returned {
    call.state.sockets.flush();
    UNDEFINED
}

/// `drain()`: goes on with a delivery that was put off.
pub(crate) fn drain_on(call: &Call<'_>) -> Returned {
    call.state.sockets.drains_later.set(false);
    drain::drain(call.state, call.raw);
    UNDEFINED
}

/// `leave()`: the env is about to exit.
pub(crate) fn leave(call: &Call<'_>) -> Returned {
    call.state.sockets.leave();
    UNDEFINED
}

/// `buffered(slot)` → bytes queued for the peer, broadcasts under way included.
pub(crate) fn buffered(call: &Call<'_>) -> Returned {
    let Some(connection) = call.state.sockets.write_side(call.u32(0)?) else {
        return call.number(0.0);
    };
    let link = call.state.sockets.linked();
    let under_way = link.map_or(0, |link| {
        call.state.sockets.under_way(link, connection.shard)
    });
    call.number((connection.buffered() + under_way) as f64)
}

/// `askDrain(slot)`: the app has seen that more than `HIGH_MARK` is queued for the peer, of which all may be under way:
/// once nothing is, that is reported.
pub(crate) fn ask_drain(call: &Call<'_>) -> Returned {
    if let Some(link) = call.state.sockets.linked() {
        call.state.sockets.ask_drain(link, call.u32(0)?);
    }
    scheduled(call)
}

/// `awaitDrain(slot)` → whether anything waits to be written: that all of it is written is reported then.
pub(crate) fn await_drain(call: &Call<'_>) -> Returned {
    let (Some(connection), Some(link)) = (
        call.state.sockets.write_side(call.u32(0)?),
        call.state.sockets.linked(),
    ) else {
        return call.boolean(false);
    };
    let under_way = call.state.sockets.under_way(link, connection.shard);
    let waits = connection.buffered() + under_way > 0;
    if waits {
        submit(call, connection, Command::AwaitDrain);
        call.state.sockets.flush();
    }
    call.boolean(waits)
}

/// `awaitsDrain(slot)` → whether `drain` comes when all that is queued for the peer has been written.
pub(crate) fn awaits_drain(call: &Call<'_>) -> Returned {
    let connection = call.state.sockets.write_side(call.u32(0)?);
    call.boolean(connection.is_some_and(|c| c.awaits_drain()))
}

/// `isDropped(slot)` → whether a send found the limit reached: the connection is dropped, and its error reported.
pub(crate) fn is_dropped(call: &Call<'_>) -> Returned {
    let connection = call.state.sockets.write_side(call.u32(0)?);
    call.boolean(connection.is_some_and(|c| c.overflow().is_some()))
}

/// `bytesRead(slot)` → bytes received since the takeover.
pub(crate) fn bytes_read(call: &Call<'_>) -> Returned {
    let connection = call.state.sockets.write_side(call.u32(0)?);
    call.number(connection.map_or(0, |c| c.bytes_read()) as f64)
}

/// `bytesWritten(slot)` → bytes written since the takeover.
pub(crate) fn bytes_written(call: &Call<'_>) -> Returned {
    let connection = call.state.sockets.write_side(call.u32(0)?);
    call.number(connection.map_or(0, |c| c.bytes_written()) as f64)
}

/// `setNoDelay(slot, on)`; without effect on Unix-domain sockets.
pub(crate) fn set_no_delay(call: &Call<'_>) -> Returned {
    let on = call.bool(1)?;
    with_socket(call, |fd| socket::set_no_delay(fd, on))
}

/// `setKeepAlive(slot, on, idle, interval, count)`, times in seconds; without effect on Unix-domain sockets.
pub(crate) fn set_keep_alive(call: &Call<'_>) -> Returned {
    let (on, idle) = (call.bool(1)?, call.u32(2)?);
    let probes = (call.u32(3)?, call.u32(4)?);
    with_socket(call, |fd| socket::set_keep_alive(fd, on, idle, probes))
}

/// `setRef(slot, on)`: whether the connection keeps the event loop alive.
pub(crate) fn set_ref(call: &Call<'_>) -> Returned {
    call.state
        .sockets
        .refer(call.raw, call.u32(0)?, call.bool(1)?);
    UNDEFINED
}

/// `setLeader(name)`: who is to run the rounds of this env's shards. False if there is nobody of this name.
pub(crate) fn set_leader(call: &Call<'_>) -> Returned {
    let Some(leader) = Leader::named(&text(call, 0)?) else {
        return call.boolean(false);
    };
    let sockets = &call.state.sockets;
    sockets.leader.set(leader);
    if let Some(link) = sockets.linked() {
        may_lead(call, link);
    }
    sockets.consider();
    call.boolean(true)
}

/// `leads()` → how many shards this env leads.
pub(crate) fn leads(call: &Call<'_>) -> Returned {
    let link = call.state.sockets.linked();
    let leads = link.map_or(0, |link| {
        let shards = link.shards.iter();
        shards.filter(|shard| shard.is_led_by(link.env)).count()
    });
    call.number(leads as f64)
}

/// `leaderChanges()` → how often the lead of a shard has changed.
pub(crate) fn leader_changes(call: &Call<'_>) -> Returned {
    let link = call.state.sockets.linked();
    let changes: u64 = link.map_or(0, |link| {
        link.shards.iter().map(|shard| shard.changes()).sum()
    });
    call.number(changes as f64)
}

/// `isHungUp(fd)` → whether a socket that a stream reads was reset, or has ended on both sides.
pub(crate) fn is_hung_up(call: &Call<'_>) -> Returned {
    let raw_fd = i32::try_from(call.u32(0)?).map_err(|_| wrong(0, "a descriptor"))?;
    // SAFETY: borrowed for the length of this call only, in which `lib/` keeps the handle open; a
    // number that is no descriptor counts as hung up.
    let borrowed = unsafe { BorrowedFd::borrow_raw(raw_fd) };
    call.boolean(socket::is_hung_up(borrowed))
}

/// `ioThreads()` → the number of shards that run for this env.
pub(crate) fn io_threads(call: &Call<'_>) -> Returned {
    call.number(
        call.state
            .sockets
            .linked()
            .map_or(0, |link| link.shards.len()) as f64,
    )
}

/// Sets an option of a connection's socket, if that is TCP.
fn with_socket(call: &Call<'_>, act: impl Fn(BorrowedFd<'_>) -> io::Result<()>) -> Returned {
    if let Some(connection) = call.state.sockets.write_side(call.u32(0)?)
        && let Some(fd) = connection.fd()
        && socket::is_tcp(fd.as_fd()).unwrap_or(false)
    {
        // As with `net.Socket`, an option that the system refuses is not an error of the caller's.
        let _ = act(fd.as_fd());
    }
    UNDEFINED
}

/// What follows once a frame was appended to an outbox.
fn appended(call: &Call<'_>, link: &Link, connection: Arc<WriteSide>, append: Append) {
    match append {
        // A write on the way to finding it closed may have left something to the shard.
        Append::Queued | Append::Closed => call.state.sockets.touch(connection.slot),
        Append::Written => {}
        Append::Full => {
            let shard = connection.shard;
            let terminate = Command::Terminate(connection);
            call.state.sockets.submit(link, shard, terminate);
        }
    }
}

/// Gives a command about the connection of the first argument to its shard, unless that is over.
pub(super) fn give(call: &Call<'_>, make: impl FnOnce(Arc<WriteSide>) -> Command) -> Returned {
    if let Some(connection) = call.state.sockets.write_side(call.u32(0)?) {
        submit(call, connection, make);
    }
    scheduled(call)
}

/// Gives a command about a connection to its shard.
pub(super) fn submit(
    call: &Call<'_>,
    connection: Arc<WriteSide>,
    make: impl FnOnce(Arc<WriteSide>) -> Command,
) {
    if let Some(link) = call.state.sockets.linked() {
        let shard = connection.shard;
        call.state.sockets.submit(link, shard, make(connection));
    }
}

/// `true` if `lib/` is to call `flush` at the end of the tick; otherwise nothing.
pub(super) fn scheduled(call: &Call<'_>) -> Returned {
    if call.state.sockets.must_schedule() {
        call.boolean(true)
    } else {
        UNDEFINED
    }
}

/// The slots, or other numbers, in the array at `index`.
fn slots(call: &Call<'_>, index: usize) -> Outcome<Vec<u32>> {
    let array = call.value(index);
    let mut length = 0;
    // SAFETY: the value is an argument of the call under way; so below.
    let status = unsafe { sys::napi_get_array_length(call.raw, array, &mut length) };
    check(status).map_err(|_| wrong(index, "an array"))?;
    let mut slots = Vec::with_capacity(length as usize);
    for position in 0..length {
        let (mut element, mut slot) = (ptr::null_mut(), 0);
        // SAFETY: as above.
        unsafe {
            check(sys::napi_get_element(
                call.raw,
                array,
                position,
                &mut element,
            ))?;
            let status = sys::napi_get_value_uint32(call.raw, element, &mut slot);
            check(status).map_err(|_| wrong(index, "an array of numbers"))?;
        }
        slots.push(slot);
    }
    Ok(slots)
}
