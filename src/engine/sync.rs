//! What the threads of the engine meet at: locks, atomics, wake-ups.
//!
//! With the feature `loom`, which only the models in `loom` are tested with, they are loom's: it runs the code
//! between them in every order there is.

#[cfg(not(feature = "loom"))]
mod chosen {
    pub(in super::super) use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
    pub(in super::super) use std::thread::yield_now;

    pub use parking_lot::Mutex;
    pub(in super::super) use parking_lot::{Condvar, MutexGuard};
    pub(in super::super) use tokio::sync::Notify;
}

#[cfg(feature = "loom")]
mod chosen {
    use std::ops::{Deref, DerefMut};
    use std::time::Duration;

    pub(in super::super) use loom::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
    pub(in super::super) use loom::thread::yield_now;

    /// A lock that nobody poisons, as that of `parking_lot`.
    pub struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(in super::super) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        pub(in super::super) fn lock(&self) -> MutexGuard<'_, T> {
            MutexGuard(Some(self.0.lock().expect("no thread panicked")))
        }

        pub(in super::super) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
            self.0.try_lock().ok().map(|guard| MutexGuard(Some(guard)))
        }
    }

    impl<T: Default> Default for Mutex<T> {
        fn default() -> Self {
            Self::new(T::default())
        }
    }

    /// `None` only while a condition is waited for.
    pub(in super::super) struct MutexGuard<'a, T>(Option<loom::sync::MutexGuard<'a, T>>);

    impl<T> Deref for MutexGuard<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            self.0.as_ref().expect("locked")
        }
    }

    impl<T> DerefMut for MutexGuard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            self.0.as_mut().expect("locked")
        }
    }

    /// A condition whose time never runs out: a wake-up that is lost is a deadlock, which loom finds.
    #[derive(Default)]
    pub(in super::super) struct Condvar(loom::sync::Condvar);

    impl Condvar {
        pub(in super::super) fn notify_all(&self) {
            self.0.notify_all();
        }

        pub(in super::super) fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, _: Duration) {
            let locked = guard.0.take().expect("locked");
            guard.0 = Some(self.0.wait(locked).expect("no thread panicked"));
        }
    }

    /// A wake-up that is kept for whoever waits next, as Tokio's. It is waited for by blocking: a
    /// model has no runtime.
    #[derive(Default)]
    pub(in super::super) struct Notify {
        permit: Mutex<bool>,
        changed: Condvar,
    }

    impl Notify {
        pub(in super::super) fn new() -> Self {
            Self::default()
        }

        pub(in super::super) fn notify_one(&self) {
            *self.permit.lock() = true;
            self.changed.notify_all();
        }

        pub(in super::super) async fn notified(&self) {
            let mut permit = self.permit.lock();
            while !*permit {
                self.changed.wait_for(&mut permit, Duration::MAX);
            }
            *permit = false;
        }
    }
}

pub use chosen::Mutex;
pub(super) use chosen::*;
