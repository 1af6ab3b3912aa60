//! The numbers of connections.

/// The greatest slot: it travels above five bits of what is asked of its connection in one small integer
/// of V8.
pub const MAX_SLOT: u32 = (1 << 26) - 2;

/// No connection has this slot, and a command for it does nothing.
pub const NO_SLOT: u32 = MAX_SLOT + 1;

/// A connection as the env's JavaScript thread can name it to its shard without looking at its memory.
#[cfg(sockets)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its key in the shard's table. Another connection may have that by now.
    pub key: u32,
    /// The number that its env gave it, and no other connection before this one is over.
    pub slot: u32,
}
