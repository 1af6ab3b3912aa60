//! Who is to lead the shards of an env, and what considers that.

use std::sync::OnceLock;

/// Who is to lead.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leader {
    /// The I/O threads, always.
    Thread,
    /// Whoever it costs less.
    Auto,
    /// The JavaScript thread, wherever it can: for tests.
    JavaScript,
    /// Another one at every opportunity: for tests.
    Changing,
}

impl Default for Leader {
    /// What `WEBSOCKETS_LEADER` says.
    fn default() -> Self {
        static ASKED: OnceLock<Leader> = OnceLock::new();
        *ASKED.get_or_init(|| {
            let name = std::env::var("WEBSOCKETS_LEADER").unwrap_or_default();
            Self::named(&name).unwrap_or(Self::Auto)
        })
    }
}

impl Leader {
    /// By its name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "thread" => Self::Thread,
            "auto" => Self::Auto,
            "javascript" => Self::JavaScript,
            "changing" => Self::Changing,
            _ => return None,
        })
    }
}

/// An env that may lead.
pub(crate) trait Lead {
    /// Considers again who is to lead, after something was delivered or handed over.
    fn consider(&self);
}
