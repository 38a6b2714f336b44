//! Signed requests: headers as a peer may send them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mohur_message::http_signature::verify_request;
use mohur_message_fuzz::{AnyKey, NOW, message};
use mohur_wire::{Arrival, Timestamp};

fuzz_target!(|input: &[u8]| {
    let Some((parts, body)) = message(input) else { return };
    let arrival = Arrival(Timestamp::from_second(NOW).expect("a time"));
    assert!(verify_request(&parts, &body, &AnyKey, arrival, 60).is_err());
});
