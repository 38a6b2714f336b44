//! Content-Digest (RFC 9530).
#![no_main]

use libfuzzer_sys::fuzz_target;
use mohur_message::http_signature::verify_content_digest;

fuzz_target!(|input: (&str, &[u8])| {
    let _ = verify_content_digest(input.0, input.1);
});
