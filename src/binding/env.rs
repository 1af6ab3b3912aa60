//! What one env has.

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use napi::sys;
use slab::Slab;

#[cfg(sockets)]
use super::sockets::doorbell::Bell;
#[cfg(sockets)]
use super::sockets::table::Sockets;
use super::status::{Outcome, check, guarded};
use super::values::pool::Pool;
use crate::engine::{Row, Slice, Stream};
use crate::protocol::Config;

/// The state of one env; only its JavaScript thread touches it.
pub(super) struct EnvState {
    /// The connections that shards carry.
    #[cfg(sockets)]
    pub(super) sockets: Sockets,
    /// The connections whose bytes JavaScript moves.
    pub(super) streams: RefCell<Slab<Stream>>,
    /// Those of which something is left, by their slots.
    pub(super) stream_row: RefCell<Row<usize>>,
    /// `lib/` is to come back to those in a later turn of the event loop.
    pub(super) comes_back: Cell<bool>,
    /// For how long records may be delivered still in this turn.
    pub(super) slice: RefCell<Slice>,
    /// `lib/`'s dispatcher of what happens on streams, and its way to come back.
    pub(super) dispatch_stream: Cell<sys::napi_ref>,
    pub(super) stream_turns_later: Cell<sys::napi_ref>,
    /// Where small messages lie, for those who take slices.
    pub(super) pool: Pool,
    config: RefCell<Option<Arc<Config>>>,
}

impl EnvState {
    /// The state of this env; freed when the env has ended. `resource` makes the doorbell's asynchronous resource.
    pub(super) fn install(
        raw: sys::napi_env,
        #[cfg(sockets)] resource: fn(sys::napi_env, *mut Self) -> Outcome<sys::napi_value>,
    ) -> Outcome<*mut Self> {
        let state = Box::into_raw(Box::new(Self {
            #[cfg(sockets)]
            sockets: Sockets::default(),
            streams: RefCell::default(),
            stream_row: RefCell::default(),
            comes_back: Cell::default(),
            slice: RefCell::default(),
            dispatch_stream: Cell::new(ptr::null_mut()),
            stream_turns_later: Cell::new(ptr::null_mut()),
            pool: Pool::default(),
            config: RefCell::default(),
        }));
        #[cfg(sockets)]
        let resource = resource(raw, state)?;
        // SAFETY: `state` comes from `Box::into_raw`. With sockets, the doorbell frees it, after
        // the cleanup hook: hooks run last-in first-out, and this one is added second. Without, the
        // hook frees it.
        unsafe {
            #[cfg(sockets)]
            (*state)
                .sockets
                .bell
                .set(Some(Bell::new(raw, resource, state)?));
            check(sys::napi_add_env_cleanup_hook(raw, Some(end), state.cast()))?;
        }
        Ok(state)
    }

    /// One `Config` for all connections that agree in it.
    pub(super) fn share(&self, config: Config) -> Arc<Config> {
        let mut last = self.config.borrow_mut();
        match &*last {
            Some(same) if **same == config => same.clone(),
            _ => last.insert(Arc::new(config)).clone(),
        }
    }
}

/// The env ends: its connections are closed.
unsafe extern "C" fn end(state: *mut c_void) {
    #[cfg(sockets)]
    {
        // SAFETY: the hook runs once, before the doorbell's finalizer frees the state.
        let state = unsafe { &*state.cast::<EnvState>() };
        guarded(|| state.sockets.detach());
    }
    #[cfg(not(sockets))]
    {
        // SAFETY: the hook runs once, and no JavaScript runs any more that could use the state.
        let state = unsafe { Box::from_raw(state.cast::<EnvState>()) };
        guarded(|| drop(state));
    }
}
