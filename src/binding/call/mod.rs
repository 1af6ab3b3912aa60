//! One raw Node-API call.
//!
//! | file | concept |
//! |---|---|
//! | `arguments` | what it was given |
//! | `results` | what it returns |
//! | `trampoline` | what Node-API calls for it, and how an error is thrown |

pub(super) mod arguments;
pub(super) mod results;
pub(super) mod trampoline;
