//! Messages to many: to all who subscribe to a topic, or to those on a list.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::compressed_once::CompressedOnce;
use super::table::Table;
use super::work::{LATE, Work};
use crate::engine::command::{Command, Frame, Publish};
use crate::engine::connection::Connection;
use crate::engine::context::Context;
use crate::engine::mailbox::Mailbox;
use crate::engine::write_side::Append;
use crate::engine::write_side::outbox::COPY_LIMIT;
use crate::protocol::{Opcode, encode_compressed_frame, encode_frame, random_key};

/// Most messages in a row that go to a connection at once.
const RUN: usize = 64;
/// And most bytes of their frames.
const RUN_BYTES: usize = 16 * 1024;

/// Messages that nothing came between.
struct Run {
    frames: Vec<Frame>,
    /// One after the other.
    joined: Bytes,
    pings: usize,
    /// Whether they are written at once: nothing follows that would be written with them.
    at_once: bool,
    /// Whether they go to those on a list, which may name one twice.
    is_for_list: bool,
}

impl Run {
    /// `is_last`: nothing else is to be carried out.
    fn new(frames: Vec<Frame>, is_last: bool, is_for_list: bool) -> Self {
        let joined = match &frames[..] {
            [only] => only.wire().clone(),
            _ => {
                let all: Vec<&[u8]> = frames.iter().map(|frame| &frame.wire()[..]).collect();
                all.concat().into()
            }
        };
        let is_ping = |frame: &&Frame| frame.opcode == Opcode::Ping;
        let pings = frames.iter().filter(is_ping).count();
        // What the kernel does not take of longer ones would be copied for each connection.
        let at_once = is_last && joined.len() <= COPY_LIMIT;
        Self {
            frames,
            joined,
            pings,
            at_once,
            is_for_list,
        }
    }

    /// Sends them to a connection that takes them as they are: with the others, or after what it is sent already.
    fn send(&self, connection: &mut Connection, context: &mut Context) {
        let write_side = &connection.write_side;
        for _ in 0..self.pings {
            write_side.count_ping();
        }
        let has_room = write_side.has_room_for(self.joined.len());
        if has_room && self.at_once && context.sweep.begin_shared(write_side, &self.joined) {
            return;
        }
        if self.is_for_list {
            // It may be one of those that were begun.
            context.sweep.write();
        }
        if has_room {
            let append = write_side.shard_append_shared(&self.joined);
            return connection.appended(context, append);
        }
        // Close to its limit, which is looked at before each message.
        for frame in &self.frames {
            let append = connection.write_side.shard_append_shared(frame.wire());
            connection.appended(context, append);
        }
    }
}

/// Sends a frame to its readers, but to those for each of which it has to be compressed by itself: these are
/// returned. If all who subscribe to a topic take it as it is, the messages to them that come next in `works` are sent
/// with it.
pub(super) fn publish(
    (table, context): (&mut Table, &mut Context),
    works: &mut VecDeque<Work>,
    at: Instant,
    mailbox: &Arc<Mailbox>,
    publish: Publish,
) -> Vec<Work> {
    let mut each_by_itself = Vec::new();
    let topic = publish.topic.and_then(|topic| table.topic(topic));
    if topic.is_none() && publish.topic.is_some() {
        return each_by_itself;
    }
    let run = match topic {
        Some(topic) if table.is_plain(topic) => run(works, mailbox, context.output.index, &publish),
        _ => Run::new(vec![publish.frame.clone()], is_last(works), topic.is_none()),
    };
    let Publish {
        named,
        except,
        mut frame,
        volatile,
        ..
    } = publish;
    frame.compress &= at.elapsed() < LATE;
    let readers = topic.map_or(named.len(), |topic| table.count(topic));
    context.sweep.expect(readers);
    let mut compressed = CompressedOnce::default();
    let mut send = |connection: &mut Connection, context: &mut Context| {
        if volatile && connection.skips(context) {
            return;
        }
        if connection.write_side.is_plain() {
            return run.send(connection, context);
        }
        if frame.opcode == Opcode::Ping {
            connection.write_side.count_ping();
        }
        match append(connection, &frame, &mut compressed) {
            Some(append) => connection.appended(context, append),
            None => {
                let (write_side, frame) = (connection.write_side.clone(), frame.clone());
                each_by_itself.push(Work::Message(at, write_side, frame));
            }
        }
    };
    match topic {
        Some(topic) => {
            let found = except.iter().filter_map(|one| table.find(one));
            let mut except: Vec<u32> = found.collect();
            except.sort_unstable();
            table.each(context, topic, &except, send);
        }
        None => table.each_of(context, mailbox, &named, &mut send),
    }
    each_by_itself
}

/// Whether no command is left whose output could share a write with what is sent now.
fn is_last(works: &VecDeque<Work>) -> bool {
    let writes_nothing = |work: &Work| {
        matches!(
            work,
            Work::Done(..) | Work::Command(_, _, Command::Flush(_))
        )
    };
    works.iter().all(writes_nothing)
}

/// A message with those to the same connections that come next. Among the `works` of `shard` they are done.
fn run(works: &mut VecDeque<Work>, mailbox: &Arc<Mailbox>, shard: usize, first: &Publish) -> Run {
    let mut bytes = first.frame.wire().len();
    let mut frames = vec![first.frame.clone()];
    for work in works.iter_mut() {
        let Work::Command(_, of, command) = work else {
            break;
        };
        let Command::Publish(next) = command else {
            break;
        };
        bytes += next.frame.wire().len();
        let is_same = first.has_readers_of(next) && Arc::ptr_eq(of, mailbox);
        if !is_same || bytes > RUN_BYTES || frames.len() == RUN {
            break;
        }
        frames.push(next.frame.clone());
        *work = Work::Done(command.under_way(mailbox.clone(), shard));
    }
    Run::new(frames, is_last(works), false)
}

/// Appends a frame to what is written to a connection, each as it takes it. `None` if it has to be
/// compressed for this one by itself.
fn append(
    connection: &Connection,
    frame: &Frame,
    compressed: &mut CompressedOnce,
) -> Option<Append> {
    let write_side = &connection.write_side;
    let deflate = write_side.deflate.as_ref();
    let deflate = deflate.filter(|d| frame.compress && d.compresses(frame.payload().len()));
    if deflate.is_some_and(|deflate| deflate.outgoing.context_takeover) {
        return None;
    }
    let once = deflate.and_then(|deflate| compressed.frame(deflate, frame));
    if !write_side.mask {
        let frame = once.unwrap_or(frame);
        return Some(write_side.shard_append_shared(frame.wire()));
    }
    let (mut own, key) = (Vec::new(), Some(random_key()));
    match once {
        Some(once) => encode_compressed_frame(&mut own, frame.opcode, once.payload(), key),
        None => encode_frame(&mut own, frame.opcode, frame.payload(), key),
    }
    Some(write_side.shard_append(frame.cut(own)))
}
