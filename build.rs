//! Link arguments of a Node-API addon, where one is being built. `cfg(sockets)`: the socket transport was asked for, on a
//! system that can have it. `cfg(io_uring)`: that system may also have io_uring. `cfg(x509)`: AWS-LC verifies certificates
//! there; aws-lc-sys has declarations of that for some systems alone.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(sockets, io_uring, x509)");
    let is_set = |name| std::env::var_os(name).is_some();
    let is = |name, values: &[&str]| {
        let value = std::env::var(name).unwrap_or_default();
        values.contains(&&*value)
    };
    if is_set("CARGO_FEATURE_SOCKETS") && is_set("CARGO_CFG_UNIX") {
        println!("cargo::rustc-cfg=sockets");
        // As the dependency in Cargo.toml.
        let is_known = is("CARGO_CFG_TARGET_ARCH", &["x86_64", "aarch64"]);
        if is("CARGO_CFG_TARGET_OS", &["linux"]) && is_known {
            println!("cargo::rustc-cfg=io_uring");
        }
        if is("CARGO_CFG_TARGET_OS", &["linux", "macos"])
            && is("CARGO_CFG_TARGET_ENV", &["", "gnu", "musl"])
            && is_known
        {
            println!("cargo::rustc-cfg=x509");
        }
    }
    if is_set("CARGO_FEATURE_NODE") {
        napi_build::setup();
    }
}
