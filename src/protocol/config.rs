//! The settings of a connection.

use super::deflate::settings::Deflate;
use super::limits::Limits;
use super::manner::Manner;
use super::memory::Memory;
use super::role::Role;

/// Milliseconds since an arbitrary epoch, which the driver chooses once per connection.
pub type Millis = u64;

/// Settings of a connection; many connections share one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Which end we are.
    pub role: Role,
    /// Whether a frame fails that is masked against the rules of RFC 6455 §5.1. Default: `true`;
    /// `false` reads frames whichever way they come.
    pub enforce_masking: bool,
    /// Bounds on what the peer sends.
    pub limits: Limits,
    /// Milliseconds without a byte from the peer after which the connection is closed with 1001 and
    /// the reason `timeout`. At least 1; `None` turns it off. Default: 600,000, as in the module's
    /// contract.
    pub timeout: Option<Millis>,
    /// Milliseconds without a byte from the peer after which a ping is sent, and again until the
    /// peer is given up. At least 1. Default: `None`, off.
    pub ping_interval: Option<Millis>,
    /// Milliseconds that the closing may take, from its beginning until the peer's FIN. Default:
    /// 5,000, more than a round trip takes and less than a shutdown can wait.
    pub close_timeout: Millis,
    /// permessage-deflate (RFC 7692), as the opening handshake agreed on it. Default: `None`, off.
    pub deflate: Option<Deflate>,
    /// What is done in the way of those who are delivered to. Default: as RFC 6455 has it.
    pub manner: Manner,
    /// Where the memory of large messages comes from. Default: the allocator.
    pub memory: Memory,
}

impl Config {
    /// The defaults, for a role.
    pub fn new(role: Role) -> Self {
        Self {
            role,
            enforce_masking: true,
            limits: Limits::default(),
            timeout: Some(600_000),
            ping_interval: None,
            close_timeout: 5_000,
            deflate: None,
            manner: Manner::default(),
            memory: Memory::default(),
        }
    }
}
