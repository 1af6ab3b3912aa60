//! `handshake` by libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (websockets_fuzz::target("handshake").run)(bytes));
