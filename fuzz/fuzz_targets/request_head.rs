//! `request_head` by libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (websockets_fuzz::target("request_head").run)(bytes));
