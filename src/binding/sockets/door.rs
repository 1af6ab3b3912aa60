//! The functions of doors: listening sockets that a shard accepts from.

use std::os::fd::{AsFd, BorrowedFd, IntoRawFd};
use std::sync::Arc;

use super::super::call::arguments::{Call, too_many_connections, wrong};
use super::super::call::results::{Returned, UNDEFINED};
use super::super::settings::Settings;
use super::super::status::Outcome;
use super::super::values::made;
use super::super::values::payload::latin1;
use super::commands::{give, may_lead, refused};
use super::raw::{NO_TOPIC, context, is_over, open_on};
use super::table::Link;
use crate::engine::{
    Arrived, Command, Door, Handshake, Mutex, WriteSide, admit, socket, write_first_secured,
};
use crate::protocol::{Config, Role, accept_key};

/// A response that accepts a request (RFC 6455 §4.2.2, item 5), up to the value of `Sec-WebSocket-Accept`.
const ACCEPTED: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ";

/// `openDoor(fd, most, context)` → its slot and its number. One shard accepts from a duplicate of a listening socket: of several, each
/// would be woken for each connection. On failure nothing has changed. `most`: bytes of a head that it reads. `context`: what
/// its connections are secured with, `undefined` if they are not.
pub(crate) fn open_door(call: &Call<'_>) -> Returned {
    let raw_fd = i32::try_from(call.u32(0)?).map_err(|_| wrong(0, "a descriptor"))?;
    let most = call.u32(1)? as usize;
    let secure = match call.is_undefined(2)? {
        true => None,
        false => Some(context(call, 2)?),
    };
    // SAFETY: as in `commands::open`.
    let borrowed = unsafe { BorrowedFd::borrow_raw(raw_fd) };
    let fd = socket::duplicate(borrowed).map_err(refused)?;
    // What is accepted by it inherits what this sets.
    socket::prepare(fd.as_fd()).map_err(refused)?;
    let config = Config::new(Role::Server);
    let sockets = &call.state.sockets;
    let link = sockets.link().map_err(refused)?;
    may_lead(call, link);
    let Some(shard) = admit(&link.shards, link.env) else {
        return Err(too_many_connections("the I/O threads"));
    };
    let mailbox = link.mailbox.clone();
    let make = |slot| WriteSide::new(fd, mailbox, shard, slot, NO_TOPIC, &config, usize::MAX);
    let Some(write_side) = sockets.add(make) else {
        link.shards[shard].handle().dismiss(link.env);
        return Err(too_many_connections("this JavaScript thread"));
    };
    let slot = write_side.slot;
    sockets.refer(call.raw, slot, true);
    let door = Arc::new(Door::new(write_side, most, secure, link.shards.len() > 1));
    let number = sockets.doors.borrow_mut().insert(door.clone());
    sockets.submit(link, shard, Command::Listen(door));
    let slot = made::number(call.raw, f64::from(slot))?;
    made::array(call.raw, &[slot, made::number(call.raw, number as f64)?])
}

/// `closeDoor(slot)`: it accepts no more, nor does anybody else who has a duplicate, and the port is free when this returns.
/// Whoever has said nothing yet is handed on before its `Close`.
pub(crate) fn close_door(call: &Call<'_>) -> Returned {
    if let Some(listener) = call.state.sockets.write_side(call.u32(0)?)
        && let Some(fd) = listener.fd()
    {
        socket::end_listening(fd.as_fd());
    }
    give(call, Command::CloseDoor)
}

/// `dropSilent(slot)`: whoever has come by a door and said nothing yet is dropped, but for TLS handshakes that are under way.
pub(crate) fn drop_silent(call: &Call<'_>) -> Returned {
    give(call, Command::DropSilent)
}

/// `secureDoor(door, context)`: connections that come from now on are secured with another context.
pub(crate) fn secure_door(call: &Call<'_>) -> Returned {
    let context = context(call, 1)?;
    if let Some(door) = door(call)? {
        door.set_context(context);
    }
    UNDEFINED
}

/// `readHeads(door, most)`: heads of this many bytes are read from now on; with 0 whoever comes is handed on.
pub(crate) fn read_heads(call: &Call<'_>) -> Returned {
    let most = call.u32(1)? as usize;
    if let Some(door) = door(call)? {
        door.read_heads(most);
    }
    UNDEFINED
}

/// `forgetDoor(door)`: it is closed, and JavaScript has decided on all who have come by it.
pub(crate) fn forget_door(call: &Call<'_>) -> Returned {
    let sockets = &call.state.sockets;
    let number = call.u32(0)? as usize;
    let door = sockets.doors.borrow_mut().try_remove(number);
    if let (Some(door), Some(link)) = (door, sockets.linked()) {
        link.abandon(&door);
    }
    UNDEFINED
}

/// `openArrived(door, number, group, settings, deflate, lines)` → slot of a connection on the socket of one who has come by
/// a door, which is an error if there is none. The response that accepts its request has these lines beside the usual ones.
/// It is read once it is started.
pub(crate) fn open_arrived(call: &Call<'_>) -> Returned {
    let (Some(door), Some(link)) = (door(call)?, call.state.sockets.linked()) else {
        return Err(is_over());
    };
    let number = call.u32(1)?;
    let Some((arrived, key)) = door.take_keyed(number) else {
        // Whatever it is, JavaScript has decided on it.
        link.settle(&door, number);
        return Err(is_over());
    };
    let (shard, is_watched) = place(link, &door, &arrived);
    let opened = accept(
        call,
        link,
        shard,
        Arrived {
            is_watched,
            ..arrived
        },
        &key,
    );
    if opened.is_err() {
        link.shards[shard].handle().dismiss(link.env);
    }
    opened
}

/// Makes a connection of who has come by a door, and has a place on this shard.
fn accept(call: &Call<'_>, link: &Link, shard: usize, arrived: Arrived, key: &str) -> Returned {
    let base = call.u64(2)?;
    let Settings {
        config,
        max_buffered,
    } = Settings::of(call, 3)?;
    let lines = latin1(call, 5)?;
    let config = call.state.share(config);
    let sockets = &call.state.sockets;
    let mut response = Vec::with_capacity(ACCEPTED.len() + 32 + lines.len());
    response.extend_from_slice(ACCEPTED);
    response.extend_from_slice(accept_key(key).as_bytes());
    response.extend_from_slice(b"\r\n");
    response.extend_from_slice(&lines);
    response.extend_from_slice(b"\r\n");
    let Arrived {
        fd,
        is_watched,
        read,
        mut tls,
        ..
    } = arrived;
    // It counts as nothing that the connection has sent. If it is lost, reading says so. What may fail after it is that this
    // thread has no number left, of more than a process has descriptors.
    let sent = match &mut tls {
        Some(tls) => write_first_secured(tls, fd.as_fd(), &response),
        None => socket::write_first(fd.as_fd(), &response),
    };
    let handshake = Handshake {
        read,
        written: sent as u32,
    };
    let mailbox = link.mailbox.clone();
    let make = |slot| {
        WriteSide::new(fd, mailbox, shard, slot, base, &config, max_buffered)
            .arrived(is_watched, handshake)
            .secured(tls.map(|tls| Arc::new(Mutex::new(*tls))))
    };
    let Some(connection) = sockets.add(make) else {
        return Err(too_many_connections("this JavaScript thread"));
    };
    let slot = connection.slot;
    sockets.refer(call.raw, slot, true);
    let command = Command::Open {
        connection: connection.clone(),
        config,
    };
    sockets.submit(link, shard, command);
    if sent < response.len() {
        connection.append_owned(response.split_off(sent));
    }
    // What is sent to it leaves from now on.
    connection.start();
    call.number(f64::from(slot))
}

/// `openArrivedRaw(door, number)` → slot of a raw connection, as that of `openRaw`, on the socket of one who has come by a door
/// and whose TLS has begun; an error if there is none.
pub(crate) fn open_arrived_raw(call: &Call<'_>) -> Returned {
    let (Some(door), Some(link)) = (door(call)?, call.state.sockets.linked()) else {
        return Err(is_over());
    };
    let Some(arrived) = door.take(call.u32(1)?) else {
        return Err(is_over());
    };
    let (shard, is_watched) = place(link, &door, &arrived);
    let Arrived { fd, tls, read, .. } = arrived;
    let tls = tls.map(|tls| Arc::new(Mutex::new(*tls)));
    open_on(call, link, shard, fd, |raw| {
        let arrived = raw.arrived(is_watched, Handshake::default());
        arrived.secured(tls).after(read)
    })
}

/// The shard that is to carry who has come by a door, and whether its poller knows the descriptor already: the one with the
/// least to do, or the door's if none has room.
fn place(link: &Link, door: &Door, arrived: &Arrived) -> (usize, bool) {
    let own = door.write_side.shard;
    let Some(shard) = admit(&link.shards, link.env) else {
        return (own, arrived.is_watched);
    };
    link.shards[own].handle().dismiss(link.env);
    if shard != own && arrived.is_watched {
        link.shards[own].forget(arrived.fd.as_fd());
    }
    (shard, shard == own && arrived.is_watched)
}

/// `lendArrived(door, number)` → a duplicate of the descriptor of one who has come by a door. It is the caller's to close
/// after `settleArrived`: if the env is ended before that, its peer hears of it all the same.
pub(crate) fn lend_arrived(call: &Call<'_>) -> Returned {
    let (Some(door), Some(link)) = (door(call)?, call.state.sockets.linked()) else {
        return Err(is_over());
    };
    let shard = &link.shards[door.write_side.shard];
    // The poller would hear of it for as long as there is a duplicate.
    let lent = door.lend(call.u32(1)?, |fd| shard.forget(fd));
    let fd = lent.map_err(refused)?;
    call.number(f64::from(fd.into_raw_fd()))
}

/// `settleArrived(door, number)`: the caller closes the duplicate that it was lent, or nobody needs one.
pub(crate) fn settle_arrived(call: &Call<'_>) -> Returned {
    if let (Some(door), Some(link)) = (door(call)?, call.state.sockets.linked()) {
        link.settle(&door, call.u32(1)?);
    }
    UNDEFINED
}

/// `socketFacts(slot)` → of the socket of a connection: its address, its port, its peer's port, and how many bytes of the
/// opening handshake Rust has read, and written; nothing if it is over.
pub(crate) fn socket_facts(call: &Call<'_>) -> Returned {
    let connection = call.state.sockets.write_side(call.u32(0)?);
    let Some(connection) = connection else {
        return UNDEFINED;
    };
    let fd = connection.fd();
    let Some((own, peer)) = fd.and_then(|fd| socket::names(fd.as_fd())) else {
        return UNDEFINED;
    };
    let Handshake { read, written } = connection.handshake;
    let raw = call.raw;
    let facts = [
        made::latin1(raw, socket::address_text(&own).as_bytes())?,
        made::number(raw, f64::from(own.port()))?,
        made::number(raw, f64::from(peer.port()))?,
        made::number(raw, f64::from(read))?,
        made::number(raw, f64::from(written))?,
    ];
    made::array(raw, &facts)
}

/// The door whose number is the first argument.
fn door(call: &Call<'_>) -> Outcome<Option<Arc<Door>>> {
    let number = call.u32(0)? as usize;
    Ok(call.state.sockets.doors.borrow().get(number).cloned())
}
