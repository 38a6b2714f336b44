//! Expressions over a fixed document: no panic, bounded, and nothing from outside of the element.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mohur_soap::{Document, Limits, XPath};

const TEXT: &str =
    "<r xmlns:a='urn:a' n='0'><a:p a:n='1'><q n='2'>x</q><a:p><q/>y</a:p></a:p><outside>secret</outside></r>";

fuzz_target!(|expression: &str| {
    let Ok(path) = XPath::parse(expression, &[("a", "urn:a")]) else { return };
    let document = Document::parse(TEXT, &Limits::default()).expect("the text is well-formed");
    let from = document.root().child("urn:a", "p").expect("it is there");
    if let Ok(elements) = path.select(from) {
        assert!(elements.iter().all(|element| *element == from || element.ancestors().any(|above| above == from)));
        assert!(elements.windows(2).all(|two| two[0].position() < two[1].position()));
    }
    if let Ok(Some(text)) = path.text(from) {
        assert!(text.len() < 3);
    }
});
