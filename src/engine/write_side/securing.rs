//! What waits is encrypted, and written.

use std::io::{self, IoSlice};
use std::os::fd::BorrowedFd;

use super::outbox::Outbox;
use super::socket::{self, MAX_PIECES};
use crate::engine::tls::{RECORD, Tls};

/// Most plaintext that is encrypted before the kernel has taken what was encrypted before.
const BATCH: usize = 128 * 1024;

/// Writes records that wait, then all of `outbox`, until the kernel takes no more: how many bytes of plaintext have left,
/// and what of `outbox` is not even encrypted. What is encrypted and has not left counts for the plaintext that it stands
/// for.
pub(super) fn write_secured(
    tls: &mut Tls,
    fd: BorrowedFd<'_>,
    mut outbox: Outbox,
) -> (usize, io::Result<()>, Outbox) {
    let mut left = 0;
    loop {
        if let Err(error) = write_unsent(tls, fd, &mut left) {
            return (left, Err(error), outbox);
        }
        if outbox.is_empty() {
            return (left, Ok(()), outbox);
        }
        if let Err(error) = seal_some(tls, &mut outbox) {
            // What says so leaves, if it can.
            let _ = write_unsent(tls, fd, &mut left);
            return (left, Err(error), outbox);
        }
    }
}

/// Encrypts all that waits, if that fits into one record and no record waits before it. `None`: nothing was done, or an alert
/// waits now that says why not.
pub(super) fn seal_all(tls: &mut Tls, outbox: &Outbox) -> Option<Vec<u8>> {
    let piece = outbox.only_piece();
    if !tls.unsent().is_empty() || piece.len() > RECORD {
        return None;
    }
    tls.seal(piece).ok()?;
    Some(tls.take_unsent())
}

/// Ends a write of [sealed](seal_all) records. `result`: what the kernel said of them; `None` if nobody has asked it yet.
pub(super) fn end_sealed(
    tls: &mut Tls,
    fd: BorrowedFd<'_>,
    records: Vec<u8>,
    result: Option<io::Result<usize>>,
) -> (usize, io::Result<()>, Outbox) {
    tls.put_back(records);
    match result {
        None => write_secured(tls, fd, Outbox::default()),
        Some(Ok(written)) => (tls.sent(written), Ok(()), Outbox::default()),
        Some(Err(error)) => (0, Err(error), Outbox::default()),
    }
}

/// Encrypts what comes first, and writes it: how many bytes of plaintext that is. It counts as nothing that was sent. If not
/// all of it leaves, the rest waits; if nothing can be sent, reading says so.
pub fn write_first_secured(tls: &mut Tls, fd: BorrowedFd<'_>, bytes: &[u8]) -> usize {
    let _ = tls.seal(bytes);
    tls.uncount();
    let _ = write_unsent(tls, fd, &mut 0);
    bytes.len()
}

/// Writes the records that wait; `left` grows by the bytes of plaintext that leave.
pub(in super::super) fn write_unsent(
    tls: &mut Tls,
    fd: BorrowedFd<'_>,
    left: &mut usize,
) -> io::Result<()> {
    while !tls.unsent().is_empty() {
        match socket::write(fd, &[IoSlice::new(tls.unsent())]) {
            Ok(written) => *left += tls.sent(written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Encrypts the first of what waits.
fn seal_some(tls: &mut Tls, outbox: &mut Outbox) -> io::Result<()> {
    let mut pieces = [IoSlice::new(&[]); MAX_PIECES];
    let count = outbox.pieces(&mut pieces);
    let mut taken = 0;
    for piece in &pieces[..count] {
        let piece = &piece[..piece.len().min(BATCH - taken)];
        tls.seal(piece)?;
        taken += piece.len();
        if taken == BATCH {
            break;
        }
    }
    outbox.advance(taken);
    Ok(())
}
