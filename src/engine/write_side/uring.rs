//! Linux's io_uring: a ring, and sends that it makes by one system call.

use std::io::{self, ErrorKind};

use io_uring::{EnterFlags, IoUring, Probe, opcode, types};

use super::send::{MOST, Send};

const GETEVENTS: u32 = EnterFlags::GETEVENTS.bits();

/// A ring that can send.
pub(super) fn ring() -> io::Result<IoUring> {
    let ring = IoUring::new(MOST as u32)?;
    let mut probe = Probe::new();
    ring.submitter().register_probe(&mut probe)?;
    if !probe.is_supported(opcode::Send::CODE) {
        return Err(ErrorKind::Unsupported.into());
    }
    Ok(ring)
}

/// Has the kernel send all of them. After an error some have no result, and the ring must not be used again.
pub(super) fn submit(ring: &mut IoUring, sends: &mut [Send<'_>]) -> io::Result<()> {
    let (submitter, mut entries, mut completions) = ring.split();
    for (index, send) in (0..).zip(&*sends) {
        let length = u32::try_from(send.bytes.len()).unwrap_or(u32::MAX);
        let entry = opcode::Send::new(types::Fd(send.fd), send.bytes.as_ptr(), length)
            .flags(libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL)
            .build()
            .user_data(index);
        // SAFETY: the bytes are borrowed until this function returns, and then the kernel has done with the entry, or
        // has never taken it and loses it with the ring.
        let pushed = unsafe { entries.push(&entry) };
        if pushed.is_err() {
            return Err(ErrorKind::OutOfMemory.into());
        }
    }
    entries.sync();
    let (mut taken, mut done) = (0, 0);
    let mut refused = None;
    while done < sends.len() {
        // Nobody waits here: a send that must not is over as soon as it is submitted. If the kernel takes some alone, it
        // returns at once.
        let entered = match refused {
            None => submitter.submit_and_wait(sends.len() - done),
            Some(error) if done == taken => return Err(error),
            // SAFETY: no signal mask is given.
            Some(_) => unsafe { submitter.enter::<libc::sigset_t>(0, 1, GETEVENTS, None) },
        };
        match entered {
            Ok(0) if refused.is_none() => refused = Some(ErrorKind::WriteZero.into()),
            Ok(count) => taken += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => refused = refused.or(Some(error)),
        }
        completions.sync();
        for completion in &mut completions {
            done += 1;
            let index = usize::try_from(completion.user_data()).ok();
            if let Some(send) = index.and_then(|index| sends.get_mut(index)) {
                send.result = Some(outcome(completion.result()));
            }
        }
    }
    Ok(())
}

/// What a completion says: a count of bytes, or the negative of an error's number.
fn outcome(code: i32) -> io::Result<usize> {
    usize::try_from(code).map_err(|_| io::Error::from_raw_os_error(-code))
}
