//! The functions of connections before a WebSocket begins on them: raw ones, by TLS or not.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use super::super::call::arguments::{Call, too_many_connections, wrong};
use super::super::call::results::{Returned, UNDEFINED};
use super::super::settings::Settings;
use super::super::status::{Failure, Outcome};
use super::super::values::buffer::buffer;
use super::super::values::made;
use super::super::values::views::bytes;
use super::commands::{give, may_lead, refused, scheduled, submit};
use super::table::Link;
#[cfg(x509)]
use crate::engine::{ClientContext, Demand, Trust};
use crate::engine::{Command, Facts, Mutex, Offer, SecureContext, Tls, WriteSide, admit, socket};
use crate::protocol::{Config, Role};

/// The topic of all raw connections and doors, to which nothing is published: `newTopic` never comes to it.
pub(super) const NO_TOPIC: u64 = u64::MAX;

/// `secureContext(certificates, key, ticketKeys, lifetime, versions, prefersOwnOrder, alpn, sessionContext)` → its number.
/// `versions`: 1 for TLS 1.2, and 2 for TLS 1.3; `alpn`: as on the wire.
pub(crate) fn secure_context(call: &Call<'_>) -> Returned {
    let (certificates, key, ticket_keys) = (bytes(call, 0)?, bytes(call, 1)?, bytes(call, 2)?);
    let versions = call.u32(4)?;
    let offer = Offer {
        certificates: &certificates,
        key: &key,
        versions: (versions & 1 != 0, versions & 2 != 0),
        prefers_own_order: call.bool(5)?,
        alpn: protocols(&bytes(call, 6)?),
        session_context: &bytes(call, 7)?,
        ticket_keys: &ticket_keys,
        ticket_lifetime: call.u32(3)?,
    };
    let context =
        SecureContext::new(offer).map_err(|problem| Failure::Throw("ERR_INTERNAL_TLS", problem))?;
    let number = call
        .state
        .sockets
        .contexts
        .borrow_mut()
        .insert(Arc::new(context));
    call.number(number as f64)
}

/// `forgetContext(number)`: no connection is opened with it any more.
pub(crate) fn forget_context(call: &Call<'_>) -> Returned {
    let number = call.u32(0)? as usize;
    call.state.sockets.contexts.borrow_mut().try_remove(number);
    UNDEFINED
}

/// `clientContext(roots, count, versions, certificates, key)` → its number. `roots`: PEM, `count` of them.
#[cfg(x509)]
pub(crate) fn client_context(call: &Call<'_>) -> Returned {
    let (roots, certificates, key) = (bytes(call, 0)?, bytes(call, 3)?, bytes(call, 4)?);
    let versions = call.u32(2)?;
    let failed = |problem| Failure::Throw("ERR_INTERNAL_TLS", problem);
    let demand = Demand {
        trust: Trust::shared(&roots, call.u32(1)? as usize).map_err(failed)?,
        versions: (versions & 1 != 0, versions & 2 != 0),
        certificates: &certificates,
        key: &key,
    };
    let context = Arc::new(ClientContext::new(demand).map_err(failed)?);
    let mut contexts = call.state.sockets.client_contexts.borrow_mut();
    call.number(contexts.insert(context) as f64)
}

/// `forgetClientContext(number)`: no connection is opened with it any more.
#[cfg(x509)]
pub(crate) fn forget_client_context(call: &Call<'_>) -> Returned {
    let number = call.u32(0)? as usize;
    let mut contexts = call.state.sockets.client_contexts.borrow_mut();
    contexts.try_remove(number);
    UNDEFINED
}

/// `openSecured(fd, context, name)` → slot, as that of `openRaw`: a client's connection to what has this name, which is a
/// host or an IP address.
#[cfg(x509)]
pub(crate) fn open_secured(call: &Call<'_>) -> Returned {
    let number = call.u32(1)? as usize;
    let name = bytes(call, 2)?;
    let name = std::str::from_utf8(&name).map_err(|_| wrong(2, "a name"))?;
    let tls = {
        let contexts = call.state.sockets.client_contexts.borrow();
        let context = contexts
            .get(number)
            .ok_or_else(|| wrong(1, "a context of clients"))?;
        Tls::client(context, name)
            .map_err(|failure| Failure::Throw("ERR_INTERNAL_TLS", failure.message))?
    };
    open_with(call, Some(tls))
}

/// `peerCertificates(slot)` → those that the server has shown, its own first.
#[cfg(x509)]
pub(crate) fn peer_certificates(call: &Call<'_>) -> Returned {
    let connection = call.state.sockets.write_side(call.u32(0)?);
    let tls = connection.and_then(|connection| connection.tls.clone());
    let shown = tls.map_or_else(Vec::new, |tls| tls.lock().certificates());
    let shown: Result<Vec<_>, _> = shown.iter().map(|der| buffer(call.raw, der)).collect();
    made::array(call.raw, &shown?)
}

/// The names of a ProtocolNameList (RFC 7301 §3.1), without its length.
fn protocols(mut wire: &[u8]) -> Vec<Vec<u8>> {
    let mut names = Vec::new();
    while let Some((length, rest)) = wire.split_first()
        && let Some((name, rest)) = rest.split_at_checked(usize::from(*length))
    {
        names.push(name.to_vec());
        wire = rest;
    }
    names
}

/// `openRaw(fd, context)` → slot. Duplicates the descriptor; on failure nothing has changed. `context` is the number of
/// one, `null` if one follows the name that the peer asks for, and `undefined` without TLS.
pub(crate) fn open_raw(call: &Call<'_>) -> Returned {
    let tls = match (call.is_undefined(1)?, call.is_null(1)?) {
        (true, _) => None,
        (_, true) => Some(None),
        _ => Some(Some(context(call, 1)?)),
    };
    let tls = match tls {
        None => None,
        Some(context) => Some(
            Tls::new(context.as_deref())
                .map_err(|failure| Failure::Throw("ERR_INTERNAL_TLS", failure.message))?,
        ),
    };
    open_with(call, tls)
}

/// The descriptor is the first argument.
fn open_with(call: &Call<'_>, tls: Option<Tls>) -> Returned {
    let raw_fd = i32::try_from(call.u32(0)?).map_err(|_| wrong(0, "a descriptor"))?;
    // SAFETY: as in `commands::open`.
    let borrowed = unsafe { BorrowedFd::borrow_raw(raw_fd) };
    let fd = socket::duplicate(borrowed).map_err(refused)?;
    socket::prepare(fd.as_fd()).map_err(refused)?;
    let link = call.state.sockets.link().map_err(refused)?;
    may_lead(call, link);
    let Some(shard) = admit(&link.shards, link.env) else {
        return Err(too_many_connections("the I/O threads"));
    };
    let tls = tls.map(|tls| Arc::new(Mutex::new(tls)));
    open_on(call, link, shard, fd, |raw| raw.secured(tls))
}

/// Makes a raw connection that has a place on this shard; `finish` has the last word on what both threads see of it.
pub(super) fn open_on(
    call: &Call<'_>,
    link: &Link,
    shard: usize,
    fd: OwnedFd,
    finish: impl FnOnce(WriteSide) -> WriteSide,
) -> Returned {
    let config = call.state.share(Config {
        timeout: None,
        ..Config::new(Role::Server)
    });
    let sockets = &call.state.sockets;
    let mailbox = link.mailbox.clone();
    let make = |slot| {
        finish(WriteSide::new(fd, mailbox, shard, slot, NO_TOPIC, &config, usize::MAX).raw())
    };
    let Some(connection) = sockets.add(make) else {
        link.shards[shard].handle().dismiss(link.env);
        return Err(too_many_connections("this JavaScript thread"));
    };
    let slot = connection.slot;
    sockets.refer(call.raw, slot, true);
    sockets.submit(link, shard, Command::Open { connection, config });
    call.number(f64::from(slot))
}

/// `openOver(raw, base, settings, deflate)` → slot of a connection on the socket of a raw one, which is over once that starts; on
/// failure nothing has changed.
pub(crate) fn open_over(call: &Call<'_>) -> Returned {
    let base = call.u64(1)?;
    let Settings {
        config,
        max_buffered,
    } = Settings::of(call, 2)?;
    let config = call.state.share(config);
    let sockets = &call.state.sockets;
    let (Some(from), Some(link)) = (sockets.write_side(call.u32(0)?), sockets.linked()) else {
        return Err(is_over());
    };
    let fd = match from.fd() {
        Some(fd) => socket::duplicate(fd.as_fd()).map_err(refused)?,
        None => return Err(is_over()),
    };
    let (shard, mailbox) = (from.shard, link.mailbox.clone());
    let make = |slot| {
        WriteSide::new(fd, mailbox, shard, slot, base, &config, max_buffered)
            .secured(from.tls.clone())
    };
    let Some(connection) = sockets.add(make) else {
        return Err(too_many_connections("this JavaScript thread"));
    };
    link.shards[shard].handle().admit_successor(link.env);
    let slot = connection.slot;
    sockets.refer(call.raw, slot, true);
    sockets.submit(link, shard, Command::Open { connection, config });
    call.number(f64::from(slot))
}

/// It has ended in the meantime.
pub(super) fn is_over() -> Failure {
    Failure::Throw("ECONNRESET", "the connection is over".to_owned())
}

/// `change(raw, slot, received)`: the connection starts on what the raw one, which has stopped, has; it gets what was
/// delivered of that and not used.
pub(crate) fn change(call: &Call<'_>) -> Returned {
    let received = bytes(call, 2)?.into_owned();
    let sockets = &call.state.sockets;
    let (from, to) = (
        sockets.write_side(call.u32(0)?),
        sockets.write_side(call.u32(1)?),
    );
    match (from, to) {
        (Some(from), Some(to)) => {
            // What JavaScript would write itself, it writes before.
            sockets.flush();
            from.stop();
            submit(call, from, |from| Command::Change { from, to, received });
        }
        (None, Some(only)) | (Some(only), None) => submit(call, only, Command::Terminate),
        (None, None) => {}
    }
    scheduled(call)
}

/// `secure(slot, context)`: the context that it waits for, `null` if its bytes are to be handed on as they are.
pub(crate) fn secure(call: &Call<'_>) -> Returned {
    let context = match call.is_null(1)? {
        true => None,
        false => Some(context(call, 1)?),
    };
    give(call, |c| Command::Secure(c, context))
}

/// `stop(slot)`: a raw connection reads no more, and reports when.
pub(crate) fn stop(call: &Call<'_>) -> Returned {
    give(call, Command::Stop)
}

/// `endWrites(slot)`: the write side of a raw connection ends after what was sent.
pub(crate) fn end_writes(call: &Call<'_>) -> Returned {
    give(call, Command::EndWrites)
}

/// `secureFacts(slot)` → what the handshake has come to; nothing without TLS.
pub(crate) fn secure_facts(call: &Call<'_>) -> Returned {
    let connection = call.state.sockets.write_side(call.u32(0)?);
    let tls = connection.and_then(|connection| connection.tls.clone());
    let Some(facts) = tls.and_then(|tls| tls.lock().facts()) else {
        return UNDEFINED;
    };
    let raw = call.raw;
    let Facts {
        protocol,
        cipher,
        standard_cipher,
        alpn,
        name,
        is_resumed,
    } = facts;
    let text = |text: Option<&str>| match text {
        Some(text) => made::utf8(raw, text),
        None => made::null(raw),
    };
    let alpn = match alpn {
        Some(alpn) => made::latin1(raw, &alpn)?,
        None => made::null(raw)?,
    };
    let object = made::object(raw)?;
    made::set(raw, object, c"protocol", made::utf8(raw, protocol)?)?;
    made::set(raw, object, c"cipher", made::utf8(raw, cipher)?)?;
    made::set(
        raw,
        object,
        c"standardName",
        made::utf8(raw, standard_cipher)?,
    )?;
    made::set(raw, object, c"alpn", alpn)?;
    made::set(raw, object, c"servername", text(name.as_deref())?)?;
    made::set(raw, object, c"isResumed", made::boolean(raw, is_resumed)?)?;
    Ok(object)
}

/// `ownCertificate(slot)` → the certificate that a server has shown, DER; nothing without TLS.
pub(crate) fn own_certificate(call: &Call<'_>) -> Returned {
    let connection = call.state.sockets.write_side(call.u32(0)?);
    let tls = connection.and_then(|connection| connection.tls.clone());
    match tls.and_then(|tls| tls.lock().own_certificate()) {
        Some(der) => Ok(buffer(call.raw, &der)?),
        None => UNDEFINED,
    }
}

/// The context with the number at `index`.
pub(super) fn context(call: &Call<'_>, index: usize) -> Outcome<Arc<SecureContext>> {
    let number = call.u32(index)? as usize;
    let contexts = call.state.sockets.contexts.borrow();
    let context = contexts.get(number).cloned();
    context.ok_or_else(|| wrong(index, "a secure context"))
}
