//! Openings as they were sent.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mohur_message::SentOpening;

fuzz_target!(|text: &str| {
    if let Ok(leg) = SentOpening::of_leg(text.to_owned()) {
        let _ = leg.query();
    }
    let _ = SentOpening::of_body(text.as_bytes().to_vec().into()).query();
});
