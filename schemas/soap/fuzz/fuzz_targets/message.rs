//! Envelopes and what stands in them: no panic, and a query that is read is written again, canonical, with the same
//! meaning.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mohur_soap::envelope::xroad::XRoadHeaders;
use mohur_soap::message::{self, Payload};
use mohur_soap::{Document, Envelope, Limits, c14n, fault};

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = Document::from_utf8(bytes, &Limits::default()) else { return };
    if let Ok(Payload::Query(query)) = message::read(document.root()) {
        let text = message::query_xml(&query);
        let again = Document::parse(&text, &Limits::default()).expect("what is written is well-formed");
        assert_eq!(c14n::exclusive(again.root(), &[]).expect("it has a canonical form"), text.as_bytes());
        assert_eq!(message::query(again.root()).as_ref(), Ok(&*query));
    }
    if let Ok(envelope) = Envelope::read(&document) {
        let _ = (message::read(envelope.payload), message::answer(envelope.payload));
        let _ = (message::bundle_answer(envelope.payload), fault::read(envelope.version, envelope.payload));
        let _ = (message::bundle_openings(&envelope), XRoadHeaders::read(&envelope));
    }
});
