//! The system calls of the socket transport, as safe functions on descriptors.

use std::ffi::CStr;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, Shutdown, sockopt};

/// Most pieces handed to one `writev`; far below any system's `IOV_MAX`.
pub const MAX_PIECES: usize = 64;

/// A duplicate of `fd` that a child process does not inherit (`F_DUPFD_CLOEXEC`).
///
/// # Errors
/// `EMFILE` where the process has no descriptor left, `EBADF` where `fd` is none.
pub fn duplicate(fd: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    // 3: never one of the standard streams, should a process have closed those.
    Ok(rustix::io::fcntl_dupfd_cloexec(fd, 3)?)
}

/// Makes `fd` ready for a shard: non-blocking, and without Nagle's delay where it is TCP.
///
/// # Errors
/// Those of `fcntl` and `getsockopt`, such as `ENOTSOCK`.
pub fn prepare(fd: BorrowedFd<'_>) -> io::Result<()> {
    let flags = rustix::fs::fcntl_getfl(fd)?;
    if !flags.contains(rustix::fs::OFlags::NONBLOCK) {
        rustix::fs::fcntl_setfl(fd, flags | rustix::fs::OFlags::NONBLOCK)?;
    }
    if is_tcp(fd)? {
        set_no_delay(fd, true)?;
    }
    Ok(())
}

/// Whether `fd` is an Internet socket; the other kind taken over is a Unix-domain socket.
///
/// # Errors
/// Those of `getsockname`, such as `ENOTSOCK`.
pub fn is_tcp(fd: BorrowedFd<'_>) -> io::Result<bool> {
    let family = rustix::net::getsockname(fd)?.address_family();
    Ok(family == AddressFamily::INET || family == AddressFamily::INET6)
}

/// Sets `TCP_NODELAY`.
///
/// # Errors
/// Those of `setsockopt`.
pub fn set_no_delay(fd: BorrowedFd<'_>, on: bool) -> io::Result<()> {
    Ok(sockopt::set_tcp_nodelay(fd, on)?)
}

/// Sets `SO_KEEPALIVE` as libuv does: where `idle` is not 0, also the seconds before the first probe, and of
/// `probes` the seconds between them and how many there are.
///
/// # Errors
/// Those of `setsockopt`.
pub fn set_keep_alive(
    fd: BorrowedFd<'_>,
    on: bool,
    idle: u32,
    (interval, count): (u32, u32),
) -> io::Result<()> {
    sockopt::set_socket_keepalive(fd, on)?;
    if on && idle > 0 {
        sockopt::set_tcp_keepidle(fd, Duration::from_secs(u64::from(idle)))?;
        sockopt::set_tcp_keepintvl(fd, Duration::from_secs(u64::from(interval)))?;
        sockopt::set_tcp_keepcnt(fd, count)?;
    }
    Ok(())
}

/// A connection that waits at a listening socket, non-blocking, and who it is.
pub(in super::super) fn accept(
    listener: BorrowedFd<'_>,
) -> io::Result<(OwnedFd, Option<SocketAddr>)> {
    #[cfg(target_os = "linux")]
    let (fd, peer) = {
        let flags = rustix::net::SocketFlags::NONBLOCK | rustix::net::SocketFlags::CLOEXEC;
        rustix::net::acceptfrom_with(listener, flags)?
    };
    #[cfg(not(target_os = "linux"))]
    let (fd, peer) = {
        let (fd, peer) = rustix::net::acceptfrom(listener)?;
        rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::CLOEXEC)?;
        prepare(std::os::fd::AsFd::as_fd(&fd))?;
        (fd, peer)
    };
    Ok((fd, peer.and_then(|peer| SocketAddr::try_from(peer).ok())))
}

/// Has nobody accept by a listening socket any more, whoever has a duplicate of its descriptor. On Linux, where alone there are
/// doors, another may listen on the port at once.
pub fn end_listening(fd: BorrowedFd<'_>) {
    // It fails only if it has ended by another duplicate.
    let _ = rustix::net::shutdown(fd, Shutdown::Read);
}

/// Reads what is there into `buffer`; 0 is the peer's FIN.
pub(in super::super) fn receive(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    let (read, _) = rustix::net::recv(fd, buffer, RecvFlags::empty())?;
    Ok(read)
}

/// Reads what is there to the end of `memory`, at most `limit` bytes, for which it has room; 0 is the
/// peer's FIN.
pub(in super::super) fn receive_into(
    fd: BorrowedFd<'_>,
    memory: &mut Vec<u8>,
    limit: usize,
) -> io::Result<usize> {
    let room = &mut memory.spare_capacity_mut()[..limit];
    let ((read, _), _) = rustix::net::recv(fd, room, RecvFlags::empty())?;
    let read = read.len();
    // SAFETY: so many bytes behind the last one were written to, by the line above.
    unsafe { memory.set_len(memory.len() + read) };
    Ok(read)
}

/// Writes as much of `pieces` as the kernel takes.
pub(in super::super) fn write(fd: BorrowedFd<'_>, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
    // Node ignores SIGPIPE for the whole process: a peer that is gone is an `EPIPE` here.
    match pieces {
        // Most writes are of one piece, for which `writev` takes a tenth more than `send`.
        [piece] => Ok(rustix::net::send(fd, piece, SendFlags::empty())?),
        _ => Ok(rustix::io::writev(fd, pieces)?),
    }
}

/// Writes what comes first on a socket: as much as the kernel takes. If it takes nothing for good, that is all.
pub fn write_first(fd: BorrowedFd<'_>, bytes: &[u8]) -> usize {
    match rustix::net::send(fd, bytes, SendFlags::empty()) {
        Ok(sent) => sent,
        Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => 0,
        // Reading says how it ended.
        Err(_) => bytes.len(),
    }
}

/// The addresses of a socket, its own and its peer's, where it is an Internet socket.
#[must_use]
pub fn names(fd: BorrowedFd<'_>) -> Option<(SocketAddr, SocketAddr)> {
    let own = rustix::net::getsockname(fd).ok()?;
    let peer = rustix::net::getpeername(fd).ok()??;
    Some((own.try_into().ok()?, peer.try_into().ok()?))
}

/// An IP address as Node has it: one of a link has the name of that (RFC 4007 §11).
#[must_use]
pub fn address_text(address: &SocketAddr) -> String {
    let text = address.ip().to_string();
    let SocketAddr::V6(v6) = address else {
        return text;
    };
    let is_of_a_link = v6.ip().segments()[0] & 0xffc0 == 0xfe80;
    // Longer than any name of an interface.
    let mut name = [0; 64];
    // SAFETY: it writes a name that ends with NUL, for which there is room, or returns null.
    if !is_of_a_link || unsafe { libc::if_indextoname(v6.scope_id(), name.as_mut_ptr()) }.is_null()
    {
        return text;
    }
    // SAFETY: it has been written there.
    let name = unsafe { CStr::from_ptr(name.as_ptr()) };
    format!("{text}%{}", name.to_string_lossy())
}

/// Ends both sides of a socket, whoever else has a duplicate of its descriptor.
pub(in super::super) fn shut(fd: BorrowedFd<'_>) {
    let _ = rustix::net::shutdown(fd, Shutdown::Both);
}

/// Sends FIN; what the peer still sends can be read.
pub(in super::super) fn shut_write(fd: BorrowedFd<'_>) {
    // It fails only where the connection is gone already, which reading will tell.
    let _ = rustix::net::shutdown(fd, Shutdown::Write);
}

/// Bytes that the kernel holds until the peer's has them; 0 if it does not say.
pub(in super::super) fn unacknowledged(fd: BorrowedFd<'_>) -> usize {
    let mut bytes: libc::c_int = 0;
    // SAFETY: the descriptor is open, and the request writes one `int`.
    let status = unsafe { libc::ioctl(fd.as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) };
    if status == 0 {
        usize::try_from(bytes).unwrap_or(0)
    } else {
        0
    }
}

/// Whether the connection was reset, or both its sides have ended.
pub fn is_hung_up(fd: BorrowedFd<'_>) -> bool {
    let mut fds = [PollFd::from_borrowed_fd(fd, PollFlags::empty())];
    let now = Timespec::default();
    poll(&mut fds, Some(&now)).is_ok_and(|ready| ready > 0)
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsFd;

    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_port_is_free_once_listening_has_ended_though_duplicates_are_open() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let other = duplicate(listener.as_fd()).unwrap();
        prepare(other.as_fd()).unwrap();
        let waiting = TcpStream::connect(address).unwrap();
        end_listening(listener.as_fd());
        end_listening(other.as_fd());
        let refused = accept(other.as_fd()).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidInput);
        assert!(TcpStream::connect(address).is_err());
        // It sets SO_REUSEADDR, as libuv does.
        let next = TcpListener::bind(address).unwrap();
        let _peer = TcpStream::connect(address).unwrap();
        next.accept().unwrap();
        drop(waiting);
    }

    #[test]
    fn an_address_of_a_link_names_the_link_and_no_other_does() {
        use std::net::SocketAddrV6;
        let text = |ip: &str, scope| {
            address_text(&SocketAddrV6::new(ip.parse().unwrap(), 1, 0, scope).into())
        };
        // The first interface is the loopback everywhere.
        assert!(text("fe80::1", 1).starts_with("fe80::1%lo"));
        assert_eq!(text("fe80::1", u32::MAX), "fe80::1");
        assert_eq!(text("fd00::1", 1), "fd00::1");
        assert_eq!(text("::ffff:1.2.3.4", 1), "::ffff:1.2.3.4");
        assert_eq!(address_text(&"1.2.3.4:5".parse().unwrap()), "1.2.3.4");
    }

    #[test]
    fn keep_alive_sets_what_libuv_sets() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let fd = stream.as_fd();
        let times = || {
            (
                sockopt::socket_keepalive(fd).unwrap(),
                sockopt::tcp_keepidle(fd).unwrap().as_secs(),
                sockopt::tcp_keepintvl(fd).unwrap().as_secs(),
                sockopt::tcp_keepcnt(fd).unwrap(),
            )
        };
        let (_, idle, interval, count) = times();
        set_keep_alive(fd, true, 0, (1, 10)).unwrap();
        assert_eq!(times(), (true, idle, interval, count));
        set_keep_alive(fd, true, 60, (1, 10)).unwrap();
        assert_eq!(times(), (true, 60, 1, 10));
        set_keep_alive(fd, true, 30, (5, 3)).unwrap();
        assert_eq!(times(), (true, 30, 5, 3));
        set_keep_alive(fd, false, 0, (1, 10)).unwrap();
        assert!(!times().0);
    }
}
