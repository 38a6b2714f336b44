//! Owners' answers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mohur_message::SealedAnswer;
use mohur_message_fuzz::AnyKey;

fuzz_target!(|text: &str| {
    assert!(SealedAnswer::verify(text, &AnyKey).is_err());
});
