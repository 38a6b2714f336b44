//! Documents: no panic, and the canonical form of what is read is read again and is its own canonical form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mohur_soap::{Document, Limits, XmlProblem, c14n};

fuzz_target!(|octets: &[u8]| {
    let limits = Limits::default();
    let Ok(document) = Document::from_utf8(octets, &limits) else { return };
    for prefixes in [&[][..], &["#default", "a", "b"][..]] {
        let form = match c14n::exclusive(document.root(), prefixes) {
            Ok(form) => form,
            Err(wrong) => return assert_eq!(wrong.problem, XmlProblem::CanonicalTooLarge),
        };
        if form.len() <= limits.bytes {
            let again = Document::from_utf8(&form, &limits).expect("a canonical form is read");
            assert_eq!(c14n::exclusive(again.root(), prefixes), Ok(form));
        }
    }
    for element in document.root().descendants() {
        assert!(element.parent().is_some_and(|parent| parent.children().any(|child| child == element)));
        let _ = element.text();
    }
});
