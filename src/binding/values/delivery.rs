//! Records become calls of a dispatcher.

use std::ptr;

use napi::sys;

use super::super::status::{Failure, Outcome, check};
use super::buffer::buffer;
use super::made::{integer, latin1, number, utf8, utf16};
use super::pool::{Pool, SMALL};
use crate::engine::memory::KEPT;
#[cfg(sockets)]
use crate::engine::socket;
use crate::engine::{Batch, Body, End, Kind, Record};
use crate::protocol::{CloseFrame, MemorySource};

/// One record, as arguments of the dispatcher.
pub(crate) type Values = [sys::napi_value; 4];

/// More than any status code: `lib/connection/end.js` takes apart what is made with it.
const CODES: f64 = 65_536.0;

/// How a call of the dispatcher ended.
#[derive(PartialEq, Eq)]
pub(crate) enum Called {
    /// All of its records are delivered.
    Returned,
    /// A listener threw, and that was reported.
    Threw,
}

/// Runs `work` in a handle scope of its own.
pub(crate) fn in_scope<T>(raw: sys::napi_env, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    let mut scope = ptr::null_mut();
    // SAFETY: on the env's thread; what is made of it closes the scope.
    check(unsafe { sys::napi_open_handle_scope(raw, &mut scope) })?;
    let _open = Scope { raw, scope };
    work()
}

/// A handle scope that is open. A panic closes it as well: those around it could not be closed before it.
struct Scope {
    raw: sys::napi_env,
    scope: sys::napi_handle_scope,
}

impl Drop for Scope {
    fn drop(&mut self) {
        // SAFETY: `in_scope` opened it, on this thread.
        unsafe { sys::napi_close_handle_scope(self.raw, self.scope) };
    }
}

/// A dispatcher, and what calling it takes. Valid in the handle scope it was made in.
pub(crate) struct Delivery<'a> {
    raw: sys::napi_env,
    pool: &'a Pool,
    dispatch: sys::napi_value,
    undefined: sys::napi_value,
}

impl<'a> Delivery<'a> {
    /// The dispatcher that this refers to.
    pub(crate) fn new(
        raw: sys::napi_env,
        pool: &'a Pool,
        dispatcher: sys::napi_ref,
    ) -> Outcome<Self> {
        let (mut dispatch, mut undefined) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: on the env's thread within a handle scope; the reference lives as long as the env.
        unsafe {
            check(sys::napi_get_reference_value(
                raw,
                dispatcher,
                &mut dispatch,
            ))?;
            check(sys::napi_get_undefined(raw, &mut undefined))?;
        }
        Ok(Self {
            raw,
            pool,
            dispatch,
            undefined,
        })
    }

    /// One record as the dispatcher gets it: its slot and kind, its contents, the close code of an error, and its
    /// public code. Of contents that are a slice: an ArrayBuffer, the offset and the length. Of one who has come by a
    /// door: its number and, of a head, its address. `None` if V8 has no memory for the contents: the connection is to end,
    /// rather than go on without them.
    ///
    /// # Errors
    /// The env runs no more JavaScript.
    pub(crate) fn values(&self, batch: &mut Batch, index: usize) -> Outcome<Option<Values>> {
        let record = &mut batch.records[index];
        let Record {
            kind,
            code,
            slot,
            shares_memory,
            ..
        } = *record;
        let body = std::mem::replace(&mut record.body, Body::EMPTY);
        let tag = integer(self.raw, slot << 4 | kind as u32)?;
        if let Body::Bytes { start, length } = body
            && shares_memory
            && length <= SMALL
        {
            let Ok((memory, at)) = self.pool.put(self.raw, &batch.bytes[start..start + length])
            else {
                self.clear_exception()?;
                return Ok(None);
            };
            let (at, length) = (integer(self.raw, at)?, integer(self.raw, length as u32)?);
            return Ok(Some([tag, memory, at, length]));
        }
        let contents = match &body {
            Body::Bytes { start, length } => self.bytes(kind, &batch.bytes[*start..start + length]),
            #[cfg(sockets)]
            Body::Arrived { start, length, .. } => {
                self.bytes(kind, &batch.bytes[*start..start + length])
            }
            Body::Large(bytes) => self.bytes(kind, bytes),
            Body::Wide { start, length } => utf16(self.raw, &batch.wide[*start..start + length]),
            Body::LargeWide(units) => utf16(self.raw, units),
            Body::Failure { message, .. } => utf8(self.raw, message),
            Body::End(end) => return Ok(Some(self.end(tag, end)?)),
        };
        let Ok(contents) = contents else {
            self.clear_exception()?;
            // Whoever ends what it is of looks at that.
            batch.records[index].body = body;
            return Ok(None);
        };
        let mut values = [tag, contents, self.undefined, self.undefined];
        if kind == Kind::Error {
            values[2] = integer(self.raw, u32::from(code))?;
        }
        match body {
            #[cfg(sockets)]
            Body::Arrived { number, peer, .. } => {
                values[2] = integer(self.raw, number)?;
                if let Some(peer) = peer {
                    values[3] = latin1(self.raw, socket::address_text(&peer).as_bytes())?;
                }
            }
            Body::Failure { code, .. } => values[3] = latin1(self.raw, code.as_bytes())?,
            Body::Large(bytes) => KEPT.keep(bytes),
            _ => {}
        }
        Ok(Some(values))
    }

    /// A record without contents.
    ///
    /// # Errors
    /// The env runs no more JavaScript.
    #[cfg(sockets)]
    pub(crate) fn bare(&self, kind: Kind, slot: u32) -> Outcome<Values> {
        let tag = integer(self.raw, slot << 4 | kind as u32)?;
        Ok([tag, self.undefined, self.undefined, self.undefined])
    }

    /// Calls the dispatcher with records, one after the other.
    ///
    /// # Errors
    /// The env runs no more JavaScript.
    pub(crate) fn call(&self, records: &[Values]) -> Outcome<Called> {
        let arguments = records.as_flattened();
        // SAFETY: all values are of the open handle scopes.
        let status = unsafe {
            sys::napi_call_function(
                self.raw,
                self.undefined,
                self.dispatch,
                arguments.len(),
                arguments.as_ptr(),
                ptr::null_mut(),
            )
        };
        if status == sys::Status::napi_ok {
            return Ok(Called::Returned);
        }
        // A listener threw: that is an uncaught exception.
        match self.clear_exception()? {
            Some(exception) => {
                // SAFETY: on the env's thread, within a handle scope.
                check(unsafe { sys::napi_fatal_exception(self.raw, exception) })?;
                Ok(Called::Threw)
            }
            None => Err(Failure::Pending),
        }
    }

    /// Takes the exception that is pending, if there is one.
    fn clear_exception(&self) -> Outcome<Option<sys::napi_value>> {
        let (mut pending, mut exception) = (false, ptr::null_mut());
        // SAFETY: on the env's thread, within a handle scope.
        unsafe {
            check(sys::napi_is_exception_pending(self.raw, &mut pending))?;
            if !pending {
                return Ok(None);
            }
            check(sys::napi_get_and_clear_last_exception(
                self.raw,
                &mut exception,
            ))?;
        }
        Ok(Some(exception))
    }

    /// How a connection has ended: the reasons of the two close frames, and between them a number that has the rest. An
    /// object of it is made faster in JavaScript.
    fn end(&self, tag: sys::napi_value, end: &End) -> Outcome<Values> {
        let frames = end.frames.as_ref();
        let received = frames.and_then(|frames| frames.received.as_ref());
        let sent = frames.map(|frames| &frames.sent);
        let reason = |frame: Option<&CloseFrame>| match frame {
            Some(frame) if !frame.reason.is_empty() => utf8(self.raw, &frame.reason),
            _ => Ok(self.undefined),
        };
        // 0 is no status code.
        let code = |frame: Option<&CloseFrame>| frame.map_or(0.0, |frame| f64::from(frame.code));
        let codes = code(received) + code(sent) * CODES;
        let both = number(
            self.raw,
            codes + f64::from(u8::from(end.is_clean)) * CODES * CODES,
        )?;
        Ok([tag, reason(received)?, both, reason(sent)?])
    }

    /// What the bytes of a record of this kind are to become. Those of a ping or a pong become a string of a
    /// character for each: whoever wants a Buffer makes one of it, which takes less than making it here, and most
    /// of the time nobody does.
    fn bytes(&self, kind: Kind, bytes: &[u8]) -> Outcome<sys::napi_value> {
        if matches!(kind, Kind::Binary | Kind::Utf8 | Kind::Write) {
            buffer(self.raw, bytes)
        } else {
            latin1(self.raw, bytes)
        }
    }
}
