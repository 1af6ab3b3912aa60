//! Records become calls of the dispatcher, a batch per ring of the doorbell.

use std::ptr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use napi::sys;

use super::call::{Failure, Outcome, check};
use super::env::{EnvState, Link, Rest};
use crate::engine::{Batch, Body, Kind, Record, Shared, Submission};

/// Records that share a handle scope, and after which the time is looked at.
const PER_SCOPE: usize = 32;
/// How long a drain may go on before the event loop gets its turn.
const SLICE: Duration = Duration::from_millis(10);

/// How a stretch of records ended.
#[derive(PartialEq, Eq)]
enum End {
    /// All were delivered.
    Done,
    /// The slice is over.
    Late,
}

/// Delivers what waits in the env's port, then writes what the listeners sent.
pub(super) fn drain(state: &EnvState, raw: sys::napi_env) {
    let Some(link) = state.linked() else {
        return;
    };
    if state.draining.replace(true) {
        return;
    }
    // A failure means that no JavaScript runs any more; the env's end cleans up.
    let _ = drain_within_slice(state, link, raw);
    state.draining.set(false);
    state.flush();
}

fn drain_within_slice(state: &EnvState, link: &Link, raw: sys::napi_env) -> Outcome<()> {
    let until = Instant::now() + SLICE;
    let mut scope = ptr::null_mut();
    // SAFETY: on the env's thread, in a callback of its own; the scope is closed below.
    check(unsafe { sys::napi_open_handle_scope(raw, &mut scope) })?;
    let result = Delivery::new(state, link, raw).and_then(|delivery| delivery.run(until));
    // SAFETY: opened above.
    unsafe { sys::napi_close_handle_scope(raw, scope) };
    result
}

/// One drain under way.
struct Delivery<'a> {
    state: &'a EnvState,
    link: &'a Link,
    raw: sys::napi_env,
    dispatch: sys::napi_value,
    undefined: sys::napi_value,
}

impl<'a> Delivery<'a> {
    fn new(state: &'a EnvState, link: &'a Link, raw: sys::napi_env) -> Outcome<Self> {
        let (mut dispatch, mut undefined) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: on the env's thread within a handle scope; the reference lives as long as the env.
        unsafe {
            check(sys::napi_get_reference_value(
                raw,
                state.dispatch.get(),
                &mut dispatch,
            ))?;
            check(sys::napi_get_undefined(raw, &mut undefined))?;
        }
        Ok(Self {
            state,
            link,
            raw,
            dispatch,
            undefined,
        })
    }

    fn run(&self, until: Instant) -> Outcome<()> {
        loop {
            let mut idle = true;
            for shard in 0..self.link.port.lanes() {
                let kept = self.state.rest.borrow_mut()[shard].take();
                let Rest { mut batch, next } = kept.unwrap_or_else(|| {
                    let spare = self.state.spare.borrow_mut().pop();
                    Rest {
                        batch: self.link.port.take(shard, spare.unwrap_or_default()),
                        next: 0,
                    }
                });
                idle &= batch.records.is_empty();
                let mut next = next;
                if self.deliver(&mut batch, &mut next, until)? == End::Late {
                    self.state.rest.borrow_mut()[shard] = Some(Rest { batch, next });
                    return self.go_on_later();
                }
                batch.clear();
                self.state.spare.borrow_mut().push(batch);
            }
            if idle && self.link.port.rest() {
                return Ok(());
            }
            // The replies to one batch leave before the next is looked at.
            self.state.flush();
        }
    }

    /// Delivers the records of `batch` from `next` on.
    fn deliver(&self, batch: &mut Batch, next: &mut usize, until: Instant) -> Outcome<End> {
        while *next < batch.records.len() {
            let end = batch.records.len().min(*next + PER_SCOPE);
            let mut scope = ptr::null_mut();
            // SAFETY: on the env's thread; the scope is closed below.
            check(unsafe { sys::napi_open_handle_scope(self.raw, &mut scope) })?;
            let mut cost = 0;
            let mut result = Ok(());
            while *next < end && result.is_ok() {
                let index = *next;
                *next += 1;
                cost += batch.records[index].cost;
                result = self.dispatch(batch, index);
            }
            // SAFETY: opened above.
            unsafe { sys::napi_close_handle_scope(self.raw, scope) };
            if self.link.port.delivered(cost) {
                for shard in 0..self.link.port.lanes() {
                    self.state.submit(self.link, shard, Submission::Resume);
                }
            }
            result?;
            if *next < batch.records.len() && Instant::now() >= until {
                return Ok(End::Late);
            }
        }
        Ok(End::Done)
    }

    /// Calls the dispatcher with one record.
    fn dispatch(&self, batch: &mut Batch, index: usize) -> Outcome<()> {
        let record = &mut batch.records[index];
        let Record {
            kind, code, slot, ..
        } = *record;
        let body = std::mem::replace(
            &mut record.body,
            Body::Bytes {
                start: 0,
                length: 0,
            },
        );
        // What `lib/` gets: the slot above three bits of kind, the contents, the close code, and
        // the public code of an error.
        let tag = self.integer(slot << 3 | kind as u32)?;
        let mut arguments = [tag, self.undefined, self.undefined, self.undefined];
        let mut count = 2;
        let contents = match &body {
            Body::Bytes { start, length } => self.bytes(kind, &batch.bytes[*start..start + length]),
            Body::Large(bytes) => self.bytes(kind, bytes),
            Body::Wide { start, length } => self.utf16(&batch.wide[*start..start + length]),
            Body::LargeWide(units) => self.utf16(units),
            Body::Failure { message, .. } => self.utf8(message),
        };
        let Ok(contents) = contents else {
            return self.drop_connection(slot);
        };
        arguments[1] = contents;
        if matches!(kind, Kind::Error | Kind::Close) {
            arguments[2] = self.integer(u32::from(code))?;
            count = 3;
        }
        if let Body::Failure { code, .. } = body {
            arguments[3] = self.latin1(code.as_bytes())?;
            count = 4;
        }
        let result = self.call(&arguments[..count]);
        match kind {
            Kind::Close => self.state.release(self.raw, slot),
            Kind::Closing | Kind::Error => self.submit(slot, Submission::Part),
            _ => {}
        }
        result
    }

    fn submit(&self, slot: u32, make: impl FnOnce(Arc<Shared>) -> Submission) {
        if let Some(connection) = self.state.shared(slot) {
            let shard = connection.shard;
            self.state.submit(self.link, shard, make(connection));
        }
    }

    /// V8 has no memory for a message: its connection ends, rather than going on without it.
    fn drop_connection(&self, slot: u32) -> Outcome<()> {
        let (mut pending, mut exception) = (false, ptr::null_mut());
        // SAFETY: on the env's thread, within a handle scope.
        unsafe {
            check(sys::napi_is_exception_pending(self.raw, &mut pending))?;
            if pending {
                check(sys::napi_get_and_clear_last_exception(
                    self.raw,
                    &mut exception,
                ))?;
            }
        }
        self.submit(slot, Submission::Terminate);
        Ok(())
    }

    fn call(&self, arguments: &[sys::napi_value]) -> Outcome<()> {
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
            return Ok(());
        }
        self.report_exception()
    }

    /// A listener threw: that is an uncaught exception, and the next record has its turn.
    fn report_exception(&self) -> Outcome<()> {
        let mut pending = false;
        let mut exception = ptr::null_mut();
        // SAFETY: on the env's thread, within a handle scope.
        unsafe {
            check(sys::napi_is_exception_pending(self.raw, &mut pending))?;
            if !pending {
                return Err(Failure::Pending);
            }
            check(sys::napi_get_and_clear_last_exception(
                self.raw,
                &mut exception,
            ))?;
            check(sys::napi_fatal_exception(self.raw, exception))
        }
    }

    /// Has `lib/` call `drain` again in a later turn of the event loop. A ThreadsafeFunction that
    /// rang itself would be called up to 1,000 times before that.
    fn go_on_later(&self) -> Outcome<()> {
        let mut later = ptr::null_mut();
        // SAFETY: as in `new`.
        unsafe {
            check(sys::napi_get_reference_value(
                self.raw,
                self.state.later.get(),
                &mut later,
            ))?;
            check(sys::napi_call_function(
                self.raw,
                self.undefined,
                later,
                0,
                ptr::null(),
                ptr::null_mut(),
            ))
        }
    }

    fn integer(&self, number: u32) -> Outcome<sys::napi_value> {
        let mut value = ptr::null_mut();
        // SAFETY: on the env's thread, within a handle scope; so in the functions below.
        check(unsafe { sys::napi_create_uint32(self.raw, number, &mut value) })?;
        Ok(value)
    }

    fn bytes(&self, kind: Kind, bytes: &[u8]) -> Outcome<sys::napi_value> {
        if kind != Kind::Binary {
            return self.latin1(bytes);
        }
        let mut value = ptr::null_mut();
        // SAFETY: Node-API copies `bytes`.
        check(unsafe {
            sys::napi_create_buffer_copy(
                self.raw,
                bytes.len(),
                bytes.as_ptr().cast(),
                ptr::null_mut(),
                &mut value,
            )
        })?;
        Ok(value)
    }

    fn latin1(&self, text: &[u8]) -> Outcome<sys::napi_value> {
        let mut value = ptr::null_mut();
        // SAFETY: Node-API copies `text`.
        check(unsafe {
            sys::napi_create_string_latin1(
                self.raw,
                text.as_ptr().cast(),
                text.len() as isize,
                &mut value,
            )
        })?;
        Ok(value)
    }

    fn utf8(&self, text: &str) -> Outcome<sys::napi_value> {
        let mut value = ptr::null_mut();
        // SAFETY: Node-API copies `text`.
        check(unsafe {
            sys::napi_create_string_utf8(
                self.raw,
                text.as_ptr().cast(),
                text.len() as isize,
                &mut value,
            )
        })?;
        Ok(value)
    }

    fn utf16(&self, text: &[u16]) -> Outcome<sys::napi_value> {
        let mut value = ptr::null_mut();
        // SAFETY: Node-API copies `text`.
        check(unsafe {
            sys::napi_create_string_utf16(self.raw, text.as_ptr(), text.len() as isize, &mut value)
        })?;
        Ok(value)
    }
}
