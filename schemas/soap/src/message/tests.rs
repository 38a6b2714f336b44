//! What is written is read again, is canonical, and is what the schema says; what is not ours is refused by its place.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

mod any;
mod contract;
mod refused;

use any::{answers, bundle_answers, queries, refusals};
use mohur_wire::{MessageId, Refusal};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::{Document, Limits, Version, c14n, fault};

/// Parses a text and looks at its root.
fn with<T>(text: &str, look: impl FnOnce(Element<'_>) -> T) -> T {
    let document = Document::parse(text, &Limits::default()).unwrap_or_else(|error| panic!("{error}: {text}"));
    look(document.root())
}

/// The text is what exclusive canonicalisation makes of it, alone and inside an envelope with other prefixes.
fn is_canonical(text: &str) {
    with(text, |root| assert_eq!(String::from_utf8(c14n::exclusive(root, &[]).unwrap()).unwrap(), text));
    for version in [Version::Soap11, Version::Soap12] {
        let around = format!("<soap:Envelope xmlns:soap=\"{}\" xmlns:x=\"urn:x\"><soap:Body>", version.namespace());
        let whole = format!("{around}{text}</soap:Body></soap:Envelope>");
        let body = format!("<soap:Body xmlns:soap=\"{}\">{text}</soap:Body>", version.namespace());
        with(&whole, |root| {
            let found = c14n::exclusive(root.children().next().unwrap(), &[]).unwrap();
            assert_eq!(String::from_utf8(found).unwrap(), body);
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_query_is_read_as_it_was_written(asked in queries()) {
        let text = query_xml(&asked);
        is_canonical(&text);
        prop_assert_eq!(with(&text, query).unwrap(), asked.clone());
        prop_assert_eq!(with(&text, read).unwrap(), Payload::Query(Box::new(asked)));
    }

    #[test]
    fn a_query_that_is_indented_says_the_same(asked in queries()) {
        // Values may hold anything, tags in their text apart: break lines only between tags that hold no text.
        let text = query_xml(&asked).replace("</m:purpose>", "</m:purpose>\n  <!-- why -->\r\n\t");
        let text = text.replace("<m:salt>", "\n<m:salt>").replace("</m:query>", "\n</m:query>\n");
        prop_assert_eq!(with(&text, query).unwrap(), asked);
    }

    #[test]
    fn a_bundle_is_read_as_it_was_written(
        id in any::ids(), caller in any::members(), definition in any::ids(), version: u32, digests in vec(any::<[u8; 32]>(), 1..9)
    ) {
        let bundle = BundleRequest { id: id.clone(), caller: caller.clone(), definition: definition.clone(), version, digests };
        let text = bundle_xml(&bundle);
        is_canonical(&text);
        prop_assert_eq!(with(&text, read).unwrap(), Payload::Bundle(bundle));
        let poll = Poll { id, caller, bundle: definition };
        is_canonical(&poll_xml(&poll));
        prop_assert_eq!(with(&poll_xml(&poll), read).unwrap(), Payload::Poll(poll));
    }

    #[test]
    fn an_answer_is_read_as_it_was_written(said in answers()) {
        let text = answer_xml(&said);
        is_canonical(&text);
        prop_assert_eq!(with(&text, answer).unwrap(), said);
    }

    #[test]
    fn a_bundles_answer_is_read_as_it_was_written(id in any::ids(), (said, copies) in bundle_answers()) {
        let text = bundle_answer_xml(&id, &said, &copies);
        is_canonical(&text);
        prop_assert_eq!(with(&text, bundle_answer).unwrap(), (id, said, copies));
    }

    #[test]
    fn a_fault_is_read_as_it_was_written(refusal in refusals(), id in proptest::option::of(any::ids())) {
        for version in [Version::Soap11, Version::Soap12] {
            let text = fault::fault(version, &refusal, id.as_ref().map(MessageId::as_str));
            is_canonical(&text);
            let told = with(&text, |root| fault::read(version, root)).unwrap().unwrap();
            prop_assert_eq!(&told.refusal, &refusal);
            prop_assert_eq!(told.id.as_deref(), id.as_ref().map(MessageId::as_str));
        }
    }

    #[test]
    fn a_damaged_query_is_refused_or_means_what_it_says(
        asked in queries(), at in any::<prop::sample::Index>(), byte in 0x20_u8..0x7f
    ) {
        let mut text = query_xml(&asked).into_bytes();
        let at = at.index(text.len());
        text[at] = byte;
        let Ok(text) = String::from_utf8(text) else { return Ok(()) };
        let Ok(document) = Document::parse(&text, &Limits::default()) else { return Ok(()) };
        if let Ok(found) = query(document.root()) {
            prop_assert_eq!(with(&query_xml(&found), query).unwrap(), found);
        }
    }

    #[test]
    fn no_detail_breaks_a_fault(detail: String, id: String) {
        let refusal = Refusal::new(mohur_wire::RefusalCode::Internal, detail);
        is_canonical(&fault::fault(Version::Soap11, &refusal, Some(&id)));
        is_canonical(&fault::fault(Version::Soap12, &refusal, Some(&id)));
    }
}

#[test]
fn the_openings_of_a_bundle_stand_in_a_header() {
    let openings = vec!["eyJh".to_owned(), "eyJi".to_owned()];
    let bundle = "<m:poll xmlns:m=\"urn:mohur:exchange:1\"></m:poll>";
    let envelope = |header: &str| {
        format!(
            "<s:Envelope xmlns:s=\"{}\"><s:Header>{header}</s:Header><s:Body>{bundle}</s:Body></s:Envelope>",
            crate::ns::SOAP11
        )
    };
    let found = |header: &str| {
        let text = envelope(header);
        let document = Document::parse(&text, &Limits::default()).unwrap();
        bundle_openings(&crate::Envelope::read(&document).unwrap())
    };
    let block = openings_xml(&openings);
    is_canonical(&block);
    assert_eq!(found(&block).unwrap(), openings);
    assert_eq!(found(&block.replace("exchange:1\"", "exchange:1\" s:mustUnderstand=\"1\"")).unwrap(), openings);
    assert_eq!(found("").unwrap(), Vec::<String>::new());
    assert!(found(&format!("{block}{block}")).unwrap_err().to_string().contains("openings"));
    assert!(found(&block.replace("eyJi", "")).unwrap_err().to_string().contains("empty"));
    assert!(found(&block.replace("<m:opening>eyJi", "eyJi<m:opening>")).is_err());
}

#[test]
fn debug_shows_no_value() {
    let said = Answered {
        id: "q".parse().unwrap(),
        service: "AZ/GOV/MOH/health-card/vitals/v1".parse().unwrap(),
        finding: mohur_wire::answer::Finding::Found(
            [("height".parse().unwrap(), mohur_wire::Value::text("5ABCDE1"))].into(),
        ),
        sealed: Sealed("5ABCDE1".to_owned()),
    };
    assert!(!format!("{said:?}").contains("5ABCDE1"));
}
