//! An env that leads shards: it watches their pollers on its own event loop, and runs their rounds.

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use napi::sys;
use rustix::time::{ClockId, Timespec, clock_gettime};

use super::super::env::EnvState;
use super::super::status::{Outcome, check, guarded};
use super::super::values::delivery::in_scope;
use super::drain::drain;
use super::leader::{Lead, Leader};
use super::table::{Link, Sockets};
use super::uv::Poll;
use crate::engine::{Led, Policy, RunningShard, Verdict, Work};

/// An env's watch over one shard.
struct Watch {
    leading: *const Leading,
    shard: Arc<RunningShard>,
    poll: Cell<Option<Box<Poll<Watch>>>>,
    /// libuv does not watch the poller: it is not asked again.
    is_refused: Cell<bool>,
    /// The env has the lead, unless it was taken away since.
    has_lead: Cell<bool>,
    /// CPU time of the I/O thread at the last look.
    other: Cell<Duration>,
}

/// An env that may lead.
pub(crate) struct Leading {
    raw: sys::napi_env,
    state: *const EnvState,
    context: sys::napi_async_context,
    watches: Box<[Watch]>,
    hook: Cell<sys::napi_async_cleanup_hook_handle>,
    /// Watches that libuv has yet to let go of.
    open: Cell<usize>,
    policy: RefCell<Policy>,
    /// CPU time that I/O threads have taken while all connections of theirs were the env's.
    other: Cell<Duration>,
}

impl Leading {
    /// Watches nothing yet. `None` if this env cannot lead: libuv is not there, or refuses.
    ///
    /// # Safety
    /// The process is Node; `state` is that of the env, and lives until its cleanup hooks have run.
    pub(crate) unsafe fn new(
        raw: sys::napi_env,
        state: &EnvState,
        link: &Link,
        resource: sys::napi_ref,
    ) -> Option<*const Self> {
        let own = Box::into_raw(Box::new(Self {
            raw,
            state,
            context: async_context(raw, resource).ok()?,
            watches: Box::default(),
            hook: Cell::new(ptr::null_mut()),
            open: Cell::new(0),
            policy: RefCell::new(Policy::new(
                Instant::now(),
                work(&state.sockets, Duration::ZERO),
            )),
            other: Cell::default(),
        }));
        let watch = |shard: &Arc<RunningShard>| Watch {
            leading: own,
            shard: shard.clone(),
            poll: Cell::new(None),
            is_refused: Cell::new(false),
            has_lead: Cell::default(),
            other: Cell::new(shard.thread_time()),
        };
        let watches: Box<[Watch]> = link.shards.iter().map(watch).collect();
        for watch in &watches {
            let poller = watch.shard.poller();
            // SAFETY: the caller answers for the process; the watch lives until all are closed, which `end` sees to; a
            // poller stays open.
            let poll = unsafe { Poll::new(raw, poller, watch, Watch::round, closed) };
            watch.poll.set(poll);
        }
        // SAFETY: nobody else has it yet. The hook frees it.
        unsafe {
            (*own).watches = watches;
            let mut hook = ptr::null_mut();
            let status = sys::napi_add_async_cleanup_hook(raw, Some(end), own.cast(), &mut hook);
            if status != sys::Status::napi_ok {
                // The env is ending: it is never used, and what libuv has of it is closed with nobody to wait.
                close(own);
                return None;
            }
            (*own).hook.set(hook);
        }
        Some(own)
    }
}

impl Lead for Leading {
    fn consider(&self) {
        // SAFETY: the env has not ended: its hook closes this before.
        let sockets = unsafe { &(*self.state).sockets };
        let Some(link) = sockets.linked() else {
            return;
        };
        match sockets.leader.get() {
            Leader::Auto => self.consider_auto(sockets, link.env),
            asked => {
                for watch in &self.watches {
                    watch.obey(asked, link.env);
                }
            }
        }
    }
}

impl Leading {
    /// It leads all shards whose connections are its own, or none.
    fn consider_auto(&self, sockets: &Sockets, env: u64) {
        let now = Instant::now();
        if !self.policy.borrow().is_due(now) {
            return;
        }
        let (mut owned, mut led) = (0, Led::No);
        for watch in &self.watches {
            let time = watch.shard.thread_time();
            let took = time.saturating_sub(watch.other.replace(time));
            if watch.shard.is_owned_by(env) {
                owned += 1;
                led = match (watch.has_lead.get(), watch.shard.is_led_by(env)) {
                    (true, false) => Led::Taken,
                    (true, true) if led == Led::No => Led::Yes,
                    _ => led,
                };
                self.other.set(self.other.get() + took);
            }
        }
        if owned == 0 {
            return;
        }
        let work = work(sockets, self.other.get());
        let verdict = (self.policy.borrow_mut()).consider(now, led, owned, work);
        for watch in &self.watches {
            match verdict {
                // One that has its first connections is led as the others are.
                Verdict::Stay if led == Led::Yes => watch.lead(env),
                Verdict::Stay => {}
                Verdict::Lead => watch.lead(env),
                Verdict::GiveBack => watch.give_back(env),
            }
        }
    }
}

impl Watch {
    /// The shard has something to do: called on the event loop while the env leads.
    fn round(&self) {
        // SAFETY: it lives until all watches are closed.
        let leading = unsafe { &*self.leading };
        // SAFETY: the env has not ended: its hook closes this before.
        let state = unsafe { &*leading.state };
        let Some(link) = state.sockets.linked() else {
            return;
        };
        let began = Instant::now();
        let Some(round) = self.shard.round_of_env(link.env, &link.mailbox) else {
            return self.stop();
        };
        state.sockets.ran_since(began);
        if round.is_behind {
            // The policy finds it taken away, and rests.
            self.stop();
            self.shard.give_back(link.env);
            // Whoever leads by now.
            self.shard.handle().wake();
        }
        if round.recorded {
            // A failure means that no JavaScript runs any more.
            let _ = leading.in_callback(|| drain(state, leading.raw));
        }
        leading.consider();
    }

    /// Does what the process is set to.
    fn obey(&self, leader: Leader, env: u64) {
        match leader {
            Leader::Auto => {}
            Leader::Changing if !self.shard.is_led_by(env) => self.lead(env),
            Leader::JavaScript => self.lead(env),
            Leader::Thread | Leader::Changing => self.give_back(env),
        }
    }

    fn lead(&self, env: u64) {
        let poll = self.poll.take();
        if let Some(poll) = &poll
            && !self.is_refused.get()
            && self.shard.lead(env)
        {
            self.has_lead.set(true);
            if !poll.start() {
                self.is_refused.set(true);
                self.give_back(env);
            }
        }
        self.poll.set(poll);
    }

    fn give_back(&self, env: u64) {
        if self.has_lead.replace(false) {
            self.stop();
            self.shard.give_back(env);
        }
    }

    fn stop(&self) {
        let poll = self.poll.take();
        if let Some(poll) = &poll {
            poll.stop();
        }
        self.poll.set(poll);
    }
}

impl Leading {
    /// Runs what may call JavaScript, with what Node does around each callback.
    fn in_callback(&self, work: impl FnOnce()) -> Outcome<()> {
        in_scope(self.raw, || {
            let (mut resource, mut scope) = (ptr::null_mut(), ptr::null_mut());
            // SAFETY: on the env's thread, within a handle scope; a panic is caught before the scope is closed.
            unsafe {
                check(sys::napi_create_object(self.raw, &mut resource))?;
                check(sys::napi_open_callback_scope(
                    self.raw,
                    resource,
                    self.context,
                    &mut scope,
                ))?;
                guarded(work);
                check(sys::napi_close_callback_scope(self.raw, scope))
            }
        })
    }
}

/// The asynchronous context of the resource that this refers to.
fn async_context(raw: sys::napi_env, reference: sys::napi_ref) -> Outcome<sys::napi_async_context> {
    in_scope(raw, || {
        let (mut name, mut context) = (ptr::null_mut(), ptr::null_mut());
        let mut resource = ptr::null_mut();
        let text = c"websockets";
        // SAFETY: on the env's thread, within a handle scope.
        unsafe {
            check(sys::napi_create_string_utf8(
                raw,
                text.as_ptr(),
                text.count_bytes() as isize,
                &mut name,
            ))?;
            check(sys::napi_get_reference_value(raw, reference, &mut resource))?;
            check(sys::napi_async_init(raw, resource, name, &mut context))?;
        }
        Ok(context)
    })
}

/// What the calling thread has done, and I/O threads, which took so long.
fn work(sockets: &Sockets, other: Duration) -> Work {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(ClockId::ThreadCPUTime);
    Work {
        own: Duration::new(tv_sec as u64, tv_nsec as u32),
        other,
        sleeps: sleeps(),
        io: sockets.io.get(),
        brought: sockets.tally.get(),
    }
}

/// How often the calling thread has slept. Elsewhere than on Linux no env leads, and nobody asks.
fn sleeps() -> u64 {
    #[cfg(target_os = "linux")]
    const WHO: libc::c_int = libc::RUSAGE_THREAD;
    #[cfg(not(target_os = "linux"))]
    const WHO: libc::c_int = libc::RUSAGE_SELF;
    // SAFETY: all zeros is a `rusage`, which the system fills.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(WHO, &mut usage);
        usage
    };
    u64::try_from(usage.ru_nvcsw).unwrap_or(0)
}

/// The env ends: it leads no longer, and libuv lets go of its handles before the event loop is closed.
unsafe extern "C" fn end(_hook: sys::napi_async_cleanup_hook_handle, own: *mut c_void) {
    guarded(|| {
        // SAFETY: the hook runs once, on the env's thread, with what `Leading::new` has given it.
        unsafe { close(own.cast()) };
    });
}

/// Closes the watches; the last of them frees `own`.
///
/// # Safety
/// `own` comes from `Box::into_raw`, on the env's thread, and is used by nobody else from now on.
unsafe fn close(own: *mut Leading) {
    // SAFETY: it lives until the last watch is closed, and `open` counts one more until all are closing.
    let leading = unsafe { &*own };
    // SAFETY: the env's state lives until its hooks have run.
    unsafe { &*leading.state }.sockets.leading.set(None);
    leading.open.set(1);
    for watch in &leading.watches {
        // SAFETY: the env's state lives until its hooks have run.
        if let Some(link) = unsafe { &*leading.state }.sockets.linked() {
            watch.shard.give_back(link.env);
        }
        if let Some(poll) = watch.poll.take() {
            leading.open.set(leading.open.get() + 1);
            poll.close();
        }
    }
    // SAFETY: the env's thread.
    unsafe { sys::napi_async_destroy(leading.raw, leading.context) };
    // SAFETY: see above.
    unsafe { count_off(own) };
}

/// libuv has let go of a watch.
fn closed(watch: *const Watch) {
    // SAFETY: watches live until `count_off` has been called for the last of them.
    let leading = unsafe { (*watch).leading };
    // SAFETY: this is once for each that was counted.
    unsafe { count_off(leading.cast_mut()) };
}

/// One less that libuv has; with the last, all is freed and the env may end.
///
/// # Safety
/// It is called once for each that `open` counts.
unsafe fn count_off(own: *mut Leading) {
    // SAFETY: it is freed below alone, by the last call.
    let leading = unsafe { &*own };
    leading.open.set(leading.open.get() - 1);
    if leading.open.get() > 0 {
        return;
    }
    let hook = leading.hook.get();
    // SAFETY: nobody has it any more; the hook is the one that was added, if it was.
    unsafe {
        drop(Box::from_raw(own));
        if !hook.is_null() {
            sys::napi_remove_async_cleanup_hook(hook);
        }
    }
}
