//! The numbers of connections.

/// The greatest slot: it travels above five bits of what is asked of its connection in one small integer
/// of V8.
pub const MAX_SLOT: u32 = (1 << 26) - 2;

/// No connection has this slot, and a command for it does nothing.
pub const NO_SLOT: u32 = MAX_SLOT + 1;
