//! JavaScript's values, read and made.
//!
//! | file | concept |
//! |---|---|
//! | `views` | the memory of Buffers, typed arrays and DataViews |
//! | `shared` | memory that other threads may write to |
//! | `payload` | the payload of a frame, and the frame made of it in place |
//! | `masking` | masking keys |
//! | `made` | strings, numbers and objects that are made here |
//! | `buffer` | Buffers that are made here |
//! | `pool` | memory that small Buffers share |
//! | `trimming` | what glibc keeps of the memory of large Buffers |
//! | `delivery` | records become calls of a dispatcher |

pub(super) mod buffer;
pub(super) mod delivery;
pub(super) mod made;
pub(super) mod masking;
pub(super) mod payload;
pub(super) mod pool;
mod shared;
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
mod trimming;
pub(super) mod views;
