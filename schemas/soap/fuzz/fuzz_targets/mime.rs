//! Messages with attachments: no panic, and what comes out is never larger than the bound. The first line is the
//! `Content-Type`.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use mohur_soap::mime::{self, MimeLimits};

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (content_type, body) = bytes.split_at(end);
    let Ok(content_type) = std::str::from_utf8(content_type) else { return };
    let limits = MimeLimits { bytes: 1 << 16, ..MimeLimits::default() };
    if let Ok(packaged) = mime::read(content_type, &Bytes::copy_from_slice(body), &limits) {
        assert!(packaged.envelope.len() <= limits.bytes);
        let _ = packaged.refuse_strays();
    }
});
