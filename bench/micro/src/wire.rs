//! An in-memory stream that brings the same frames again and again.

use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use websockets::protocol::{Opcode, encode_frame};

use crate::KEY;

/// What a read brings is copied from here, as from a kernel.
pub struct Wire {
    bytes: Vec<u8>,
    at: usize,
    at_once: usize,
}

impl Wire {
    /// Masked text frames with this payload: as many of them in one read, if its buffer is as large.
    pub fn of_frames(payload: &[u8], frames: usize) -> Self {
        let mut bytes = Vec::new();
        for _ in 0..frames {
            encode_frame(&mut bytes, Opcode::Text, payload, Some(KEY));
        }
        Self {
            at_once: bytes.len(),
            bytes,
            at: 0,
        }
    }

    /// One such frame, in reads of at most `at_once` bytes.
    pub fn of_pieces(payload: &[u8], at_once: usize) -> Self {
        Self {
            at_once,
            ..Self::of_frames(payload, 1)
        }
    }

    /// The most bytes that one read brings.
    pub fn longest_read(&self) -> usize {
        self.at_once
    }

    /// One read, of at most `limit` bytes, to the end of `memory`, which has room for them.
    pub fn read_to_end_of(&mut self, memory: &mut Vec<u8>, limit: usize) -> usize {
        let piece = self.next(limit);
        memory.extend_from_slice(piece);
        piece.len()
    }

    fn next(&mut self, most: usize) -> &[u8] {
        let end = self.bytes.len().min(self.at + self.at_once.min(most));
        let piece = &self.bytes[self.at..end];
        self.at = if end == self.bytes.len() { 0 } else { end };
        piece
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let piece = self.next(buffer.len());
        buffer[..piece.len()].copy_from_slice(piece);
        Ok(piece.len())
    }
}

/// Nothing is to be answered.
impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let piece = self.next(buffer.remaining());
        buffer.put_slice(piece);
        Poll::Ready(Ok(()))
    }
}

/// Nothing is to be answered.
impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
