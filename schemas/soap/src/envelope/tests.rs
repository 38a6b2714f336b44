use mohur_wire::{Refusal, RefusalCode};

use super::*;
use crate::Limits;
use xroad::XRoadHeaders;

const WSSE: &str = crate::ns::WSSE;
const PAYLOAD: &str = "<p:ask xmlns:p=\"urn:p\">?</p:ask>";

fn envelope(version: Version, header: &str, body: &str) -> String {
    let namespace = version.namespace();
    format!("<s:Envelope xmlns:s=\"{namespace}\"><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>")
}

fn refused(text: &str) -> Refusal {
    let document = Document::parse(text, &Limits::default()).unwrap();
    let error = Envelope::read(&document).err().unwrap_or_else(|| panic!("accepted: {text}"));
    Refusal::from(error)
}

fn accepted(text: &str) {
    let document = Document::parse(text, &Limits::default()).unwrap();
    Envelope::read(&document).unwrap_or_else(|error| panic!("{error}: {text}"));
}

#[test]
fn both_versions_are_read_with_white_space_and_comments_between() {
    for version in [Version::Soap11, Version::Soap12] {
        let security = format!("\n <w:Security xmlns:w=\"{WSSE}\"/> <!-- signed -->");
        let text = envelope(version, &security, &format!("\r\n\t{PAYLOAD}\n")).replace("<s:Body>", "\n <s:Body>");
        let document = Document::parse(&text, &Limits::default()).unwrap();
        let read = Envelope::read(&document).unwrap();
        assert_eq!(read.version, version);
        assert!(read.payload.is("urn:p", "ask") && read.body.is(version.namespace(), "Body"));
        assert_eq!(read.security, read.headers.first().copied());
        assert_eq!((read.payload.parent(), read.body.parent()), (Some(read.body), Some(read.root)));
    }
    accepted(&format!("<Envelope xmlns=\"{}\"><Body>{PAYLOAD}</Body></Envelope>", crate::ns::SOAP11));
}

#[test]
fn an_envelope_holds_a_header_and_a_body_and_nothing_else() {
    let right = envelope(Version::Soap11, "", PAYLOAD);
    for (wrong, said) in [
        (right.replace("s:Envelope", "s:Message"), "expected a SOAP 1.1 or SOAP 1.2 Envelope"),
        (right.replace(crate::ns::SOAP11, "urn:soap"), "expected a SOAP 1.1 or SOAP 1.2 Envelope"),
        (right.replace(PAYLOAD, ""), "the Body is empty"),
        (right.replace(PAYLOAD, &PAYLOAD.repeat(2)), "more than one element"),
        (right.replace(PAYLOAD, &format!("text{PAYLOAD}")), "text stands directly in the element Body"),
        (right.replace("<s:Header>", "<s:Header>text"), "text stands directly in the element Header"),
        (right.replace("<s:Header>", "text<s:Header>"), "text stands directly in the element Envelope"),
        (right.replace("<s:Header></s:Header>", "<s:Header></s:Header><s:Header></s:Header>"), "Body is missing"),
        (right.replace("</s:Body>", "</s:Body><s:Header></s:Header>"), "the element Header is not expected"),
        (right.replace("</s:Body>", "</s:Body><s:Body><x/></s:Body>"), "the element Body is not expected"),
        (right.replace("</s:Body>", "</s:Body><x/>"), "the element x is not expected"),
        (right.replace("<s:Header></s:Header>", "<x/>"), "Body is missing"),
        (right.replace("<s:Body>", "<Body>").replace("</s:Body>", "</Body>"), "Body is missing"),
    ] {
        let refusal = refused(&wrong);
        assert_eq!(refusal.code, RefusalCode::Malformed);
        assert!(refusal.detail.contains(said) && refusal.detail.contains("(line 1"), "{said}: {}", refusal.detail);
    }
}

#[test]
fn constructs_without_a_place_in_a_message_are_refused() {
    for version in [Version::Soap11, Version::Soap12] {
        let right = envelope(version, "<h xmlns=\"urn:h\"/>", PAYLOAD);
        let style = "s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"";
        for wrong in [
            right.replace("?</p:ask>", "<?php x?></p:ask>"),
            right.replace("<s:Header>", "<s:Header><?php x?>"),
            right.replace("<s:Envelope ", &format!("<s:Envelope {style} ")),
            right.replace("<s:Body", &format!("<s:Body {style}")),
            right.replace("<p:ask ", &format!("<p:ask {style} ")),
            right.replace("<h ", &format!("<h {style} ")),
        ] {
            assert_eq!(refused(&wrong).code, RefusalCode::XmlRefused, "{wrong}");
        }
    }
}

#[test]
fn there_is_one_security_header_and_it_is_ours() {
    let security = |more: &str| format!("<w:Security xmlns:w=\"{WSSE}\"{more}/>");
    for version in [Version::Soap11, Version::Soap12] {
        let to = if version == Version::Soap11 { "actor" } else { "role" };
        accepted(&envelope(version, &security(" s:mustUnderstand=\"1\""), PAYLOAD));
        accepted(&envelope(version, &security(&format!(" s:{to}=\"\"")), PAYLOAD));
        let two = envelope(version, &security("").repeat(2), PAYLOAD);
        assert!(refused(&two).detail.contains("more than one wsse:Security"));
        let other = envelope(version, &security(&format!(" s:{to}=\"urn:proxy\"")), PAYLOAD);
        assert!(refused(&other).detail.contains("another actor or role"));
    }
}

#[test]
fn what_must_be_understood_is_or_is_refused() {
    let next = "http://schemas.xmlsoap.org/soap/actor/next";
    let role = "http://www.w3.org/2003/05/soap-envelope/role";
    let (one, two) = (Version::Soap11, Version::Soap12);
    let block = |more: &str| format!("<h:To xmlns:h=\"urn:h\" {more}/>");
    for (version, attributes, expected) in [
        (one, "".to_owned(), None),
        (one, "s:mustUnderstand=\"0\"".to_owned(), None),
        (one, "s:mustUnderstand=\"1\"".to_owned(), Some(RefusalCode::NotUnderstood)),
        (one, "s:mustUnderstand=\"true\"".to_owned(), Some(RefusalCode::Malformed)),
        (one, format!("s:mustUnderstand=\"1\" s:actor=\"{next}\""), Some(RefusalCode::NotUnderstood)),
        (one, "s:mustUnderstand=\"1\" s:actor=\"urn:proxy\"".to_owned(), None),
        (one, "mustUnderstand=\"1\"".to_owned(), None),
        (two, "s:mustUnderstand=\"false\"".to_owned(), None),
        (two, "s:mustUnderstand=\"true\"".to_owned(), Some(RefusalCode::NotUnderstood)),
        (two, "s:mustUnderstand=\"1\"".to_owned(), Some(RefusalCode::NotUnderstood)),
        (two, "s:mustUnderstand=\"yes\"".to_owned(), Some(RefusalCode::Malformed)),
        (two, format!("s:mustUnderstand=\"1\" s:role=\"{role}/next\""), Some(RefusalCode::NotUnderstood)),
        (two, format!("s:mustUnderstand=\"1\" s:role=\"{role}/ultimateReceiver\""), Some(RefusalCode::NotUnderstood)),
        (two, format!("s:mustUnderstand=\"1\" s:role=\"{role}/none\""), None),
    ] {
        let text = envelope(version, &block(&attributes), PAYLOAD);
        match expected {
            None => accepted(&text),
            Some(code) => assert_eq!(refused(&text).code, code, "{attributes}"),
        }
    }
    let named = refused(&envelope(one, &block("s:mustUnderstand=\"1\""), PAYLOAD));
    assert!(named.detail.contains("the header To must be understood"), "{}", named.detail);
    let ours = "<m:openings xmlns:m=\"urn:mohur:exchange:1\" s:mustUnderstand=\"1\"/>\
        <x:id xmlns:x=\"http://x-road.eu/xsd/xroad.xsd\" s:mustUnderstand=\"1\">1</x:id>";
    accepted(&envelope(one, ours, PAYLOAD));
}

#[test]
fn a_version_is_known_by_its_media_type() {
    for (text, version) in [
        ("text/xml", Some(Version::Soap11)),
        ("Text/XML; charset=utf-8", Some(Version::Soap11)),
        ("application/soap+xml ;action=\"x\"", Some(Version::Soap12)),
        ("application/xml", None),
        ("", None),
    ] {
        assert_eq!(Version::of_content_type(text), version, "{text}");
    }
}

const XROAD: &str = "<x:client i:objectType=\"SUBSYSTEM\"><i:xRoadInstance>AZ</i:xRoadInstance>\
    <i:memberClass>GOV</i:memberClass><i:memberCode>MIA</i:memberCode><i:subsystemCode>id-cards</i:subsystemCode>\
    </x:client><x:service i:objectType=\"SERVICE\"><i:xRoadInstance>AZ</i:xRoadInstance><i:memberClass>GOV</i:memberClass>\
    <i:memberCode>MOH</i:memberCode><i:subsystemCode>health-card</i:subsystemCode><i:serviceCode>vitals</i:serviceCode>\
    <i:serviceVersion>v1</i:serviceVersion></x:service><x:id> 42 </x:id><x:userId>AZ7</x:userId><x:issue/>\
    <r:representedParty><r:partyCode>12</r:partyCode></r:representedParty><x:protocolVersion>4.0</x:protocolVersion>";

fn with_xroad(headers: &str) -> String {
    let namespaces = "xmlns:x=\"http://x-road.eu/xsd/xroad.xsd\" xmlns:i=\"http://x-road.eu/xsd/identifiers\" \
        xmlns:r=\"http://x-road.eu/xsd/representation.xsd\"";
    envelope(Version::Soap11, headers, PAYLOAD).replace("<s:Envelope ", &format!("<s:Envelope {namespaces} "))
}

#[test]
fn the_headers_of_xroad_are_read_in_any_order() {
    let text = with_xroad(&format!("<other xmlns=\"urn:o\"/>{XROAD}"));
    let document = Document::parse(&text, &Limits::default()).unwrap();
    let read = XRoadHeaders::read(&Envelope::read(&document).unwrap()).unwrap();
    assert_eq!(read.client.as_ref().unwrap().joined(), "AZ/GOV/MIA/id-cards");
    assert_eq!(read.service.as_ref().unwrap().joined(), "AZ/GOV/MOH/health-card/vitals/v1");
    assert_eq!((read.id.as_deref(), read.user_id.as_deref(), read.issue.as_deref()), (Some("42"), Some("AZ7"), None));
    assert_eq!(read.protocol_version.as_deref(), Some("4.0"));
    assert_eq!(read.represented_party.as_ref().unwrap().party_code, "12");
    assert_eq!(read.blocks.len(), 7);
    assert!(!format!("{read:?}").contains("AZ7"), "{read:?}");

    let document_of_none = with_xroad("");
    let document = Document::parse(&document_of_none, &Limits::default()).unwrap();
    assert!(XRoadHeaders::read(&Envelope::read(&document).unwrap()).unwrap().is_empty());
}

#[test]
fn headers_of_xroad_that_say_two_things_or_unknown_ones_are_refused() {
    for (wrong, said) in [
        (format!("{XROAD}<x:id>43</x:id>"), "the element id stands more than once"),
        (format!("{XROAD}<x:centralService/>"), "the element centralService is not expected"),
        (XROAD.replace("<i:memberClass>GOV</i:memberClass>", ""), "memberClass is missing"),
        (XROAD.replace("<i:memberClass>GOV", "<i:memberClass>"), "memberClass is empty"),
        (XROAD.replace("\"SUBSYSTEM\"", "\"MEMBER\""), "the parts of its objectType"),
        (XROAD.replace("\"SUBSYSTEM\"", "\"PERSON\""), "objectType MEMBER, SUBSYSTEM"),
        (XROAD.replace(" i:objectType=\"SERVICE\"", ""), "the attribute objectType"),
        (XROAD.replace("</x:client>", "<i:memberCode>X</i:memberCode></x:client>"), "memberCode is not expected"),
        (XROAD.replace(" 42 ", "<b/>"), "holds an element"),
        (XROAD.replace("<r:partyCode>12</r:partyCode>", ""), "partyCode is missing"),
    ] {
        let text = with_xroad(&wrong);
        let document = Document::parse(&text, &Limits::default()).unwrap();
        let error = XRoadHeaders::read(&Envelope::read(&document).unwrap()).unwrap_err();
        assert!(error.to_string().contains(said), "{said}: {error}");
    }
}
