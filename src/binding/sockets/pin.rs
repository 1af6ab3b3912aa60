//! Keeps the addon in memory while its threads run.
//!
//! Node unloads an addon that only workers have loaded when the last of them ends. The shards go
//! on, so the code must stay. If the linker marked the library `nodelete`, this changes nothing.

/// Loads the library that this function is in once more, never to be let go.
pub(crate) fn pin() {
    // SAFETY: the address is one of this library, `info` is large enough and read only if
    // `dladdr` filled it; its name is NUL-terminated. A failure leaves everything as it is.
    unsafe {
        let mut info: libc::Dl_info = std::mem::zeroed();
        let address = pin as *const () as *const libc::c_void;
        if libc::dladdr(address, &mut info) != 0 && !info.dli_fname.is_null() {
            libc::dlopen(info.dli_fname, libc::RTLD_NOW | libc::RTLD_NODELETE);
        }
    }
}
