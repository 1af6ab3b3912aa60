//! What of libuv watches a descriptor on the event loop of Node. Node exports it to its addons; Node-API has no word
//! for it.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ffi::{CStr, c_int, c_void};
use std::mem::transmute_copy;
use std::ptr;
use std::sync::OnceLock;

use napi::sys;

/// A `uv_poll_t`. The first field of every handle is the pointer that is the caller's own.
type Handle = *mut c_void;
type Closed = unsafe extern "C" fn(Handle);
type Polled = unsafe extern "C" fn(Handle, c_int, c_int);

/// `UV_POLL` of `uv_handle_type`, and `UV_READABLE` of `uv_poll_event`.
const POLL: c_int = 8;
const READABLE: c_int = 1;
/// More than any handle of libuv asks for.
const ALIGN: usize = 16;

struct Functions {
    handle_size: unsafe extern "C" fn(c_int) -> usize,
    poll_init: unsafe extern "C" fn(*mut c_void, Handle, c_int) -> c_int,
    poll_start: unsafe extern "C" fn(Handle, c_int, Polled) -> c_int,
    poll_stop: unsafe extern "C" fn(Handle) -> c_int,
    unref: unsafe extern "C" fn(Handle),
    close: unsafe extern "C" fn(Handle, Closed),
}

/// The functions, where the process has all of them.
fn functions() -> Option<&'static Functions> {
    static FUNCTIONS: OnceLock<Option<Functions>> = OnceLock::new();
    // SAFETY: these are libuv's, with the types that its headers give them; the caller has made sure that the process
    // is Node.
    let find = || unsafe {
        Some(Functions {
            handle_size: symbol(c"uv_handle_size")?,
            poll_init: symbol(c"uv_poll_init")?,
            poll_start: symbol(c"uv_poll_start")?,
            poll_stop: symbol(c"uv_poll_stop")?,
            unref: symbol(c"uv_unref")?,
            close: symbol(c"uv_close")?,
        })
    };
    FUNCTIONS.get_or_init(find).as_ref()
}

/// A function of the process.
///
/// # Safety
/// `T` is a pointer to a function of this name's type.
unsafe fn symbol<T: Copy>(name: &CStr) -> Option<T> {
    // SAFETY: the name is NUL-terminated.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    // SAFETY: a pointer to a function is as large as one to data wherever there is `dlsym`; the caller answers for
    // the type.
    (!found.is_null()).then(|| unsafe { transmute_copy(&found) })
}

/// Watches whether a descriptor is readable, on the event loop of an env, which it does not keep alive. It calls back
/// once in each turn of the loop, for as long as that is so.
pub(super) struct Poll<T> {
    uv: &'static Functions,
    handle: Handle,
    layout: Layout,
    of: *const T,
    told: fn(&T),
    closed: fn(*const T),
}

impl<T> Poll<T> {
    /// Watches nothing yet. `told` gets `of` whenever the descriptor is readable, and `closed` once, after
    /// [`Poll::close`]. `None` if libuv is not there, or refuses.
    ///
    /// # Safety
    /// The process is Node, and this is the thread of the env. `of` lives until `closed` is called, and the
    /// descriptor stays open until then. It is closed before the env has ended.
    pub(super) unsafe fn new(
        raw: sys::napi_env,
        descriptor: c_int,
        of: *const T,
        told: fn(&T),
        closed: fn(*const T),
    ) -> Option<Box<Self>> {
        let uv = functions()?;
        let mut event_loop = ptr::null_mut();
        // SAFETY: on the env's thread.
        let status = unsafe { sys::napi_get_uv_event_loop(raw, &mut event_loop) };
        if status != sys::Status::napi_ok {
            return None;
        }
        // SAFETY: the size of a handle is no negative number, nor 0; memory that is zeroed is what `uv_poll_init` expects,
        // and it is freed where that fails.
        unsafe {
            let layout = Layout::from_size_align((uv.handle_size)(POLL), ALIGN).ok()?;
            let handle: Handle = alloc_zeroed(layout).cast();
            if handle.is_null() {
                return None;
            }
            if (uv.poll_init)(event_loop.cast(), handle, descriptor) != 0 {
                dealloc(handle.cast(), layout);
                return None;
            }
            (uv.unref)(handle);
            let poll = Box::new(Self {
                uv,
                handle,
                layout,
                of,
                told,
                closed,
            });
            *handle.cast::<*const Self>() = &raw const *poll;
            Some(poll)
        }
    }

    /// Begins to tell. False if libuv refuses.
    pub(super) fn start(&self) -> bool {
        // SAFETY: on the thread of the loop, and the handle is not closed: that takes the box.
        unsafe { (self.uv.poll_start)(self.handle, READABLE, told::<T>) == 0 }
    }

    /// Calls back no more, until it is started again.
    pub(super) fn stop(&self) {
        // SAFETY: as above.
        unsafe { (self.uv.poll_stop)(self.handle) };
    }

    /// Calls back no more. `closed` is called once libuv has let go.
    pub(super) fn close(self: Box<Self>) {
        let poll = Box::into_raw(self);
        // SAFETY: as above; `forget` takes the box back.
        unsafe { ((*poll).uv.close)((*poll).handle, forget::<T>) };
    }
}

/// The descriptor is readable.
unsafe extern "C" fn told<T>(handle: Handle, _status: c_int, _events: c_int) {
    // SAFETY: the handle's own pointer is that of its box, which lives until it is closed.
    let poll = unsafe { &**handle.cast::<*const Poll<T>>() };
    // SAFETY: it lives until `closed` is called.
    let of = unsafe { &*poll.of };
    super::super::status::guarded(|| (poll.told)(of));
}

/// libuv has let go of the handle.
unsafe extern "C" fn forget<T>(handle: Handle) {
    // SAFETY: `close` has given the box away; the memory is of this layout, and nobody's from now on.
    let (of, closed) = unsafe {
        let poll = Box::from_raw(*handle.cast::<*mut Poll<T>>());
        dealloc(handle.cast(), poll.layout);
        (poll.of, poll.closed)
    };
    super::super::status::guarded(|| closed(of));
}
