//! Sealed decisions and refusals.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mohur_message::jws;
use mohur_message_fuzz::AnyKey;

fuzz_target!(|text: &str| {
    assert!(jws::verify::<serde_json::Value>(text, "mohur-decision+jwt", &AnyKey).is_err());
});
