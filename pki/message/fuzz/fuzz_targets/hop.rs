//! Asks, forwards and replies between brokers and hosts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mohur_message::handover::Forward;
use mohur_message::hop::{Ask, Reply};

fuzz_target!(|bytes: &[u8]| {
    let _ = Ask::parse(bytes);
    let _ = Forward::parse(bytes);
    let _ = Reply::parse(bytes);
});
