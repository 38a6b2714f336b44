//! A SOAP envelope at the door: nothing that was not signed with the one seal is ever accepted, and nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mohur_message::ws_security::verify_envelope;
use mohur_message_fuzz::{AnyKey, NOW};
use mohur_soap::{Document, Envelope, Limits};
use mohur_wire::{Arrival, Timestamp};

fuzz_target!(|input: &[u8]| {
    let Ok(document) = Document::from_utf8(input, &Limits::default()) else { return };
    let Ok(envelope) = Envelope::read(&document) else { return };
    let arrival = Arrival(Timestamp::from_second(NOW).expect("a time"));
    assert!(verify_envelope(envelope, &[], &AnyKey, &[], arrival, u32::MAX).is_err());
});
