//! A caller's signature, forwarded as data.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mohur_message::{Evidence, http_signature::verify_evidence};
use mohur_message_fuzz::AnyKey;

fuzz_target!(|input: &[u8]| {
    if let Ok(Evidence::Http(evidence)) = serde_json::from_slice::<Evidence>(input) {
        assert!(verify_evidence(&evidence, &AnyKey).is_err());
    }
});
