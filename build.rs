//! Link arguments of a Node-API addon, where one is being built, and `cfg(sockets)`: the socket
//! transport was asked for, on a system that can have it.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(sockets)");
    let is_set = |name| std::env::var_os(name).is_some();
    if is_set("CARGO_FEATURE_SOCKETS") && is_set("CARGO_CFG_UNIX") {
        println!("cargo::rustc-cfg=sockets");
    }
    if is_set("CARGO_FEATURE_NODE") {
        napi_build::setup();
    }
}
