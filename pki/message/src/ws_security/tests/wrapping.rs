//! Signature wrapping: the signed part is moved, and something else stands where it stood. The eight classic variants and
//! those that play with the several kinds of id.

use super::*;
use crate::ws_security::tests::draft::reference;

/// The signed Body as it stands in a good envelope, and the evil one that is to be read instead.
struct Wrapped {
    good: String,
    signed_body: String,
    evil: String,
}

fn wrapped() -> Wrapped {
    let good = Draft::default().sign();
    let start = good.find("<soap:Body").unwrap();
    let end = good.find("</soap:Body>").unwrap() + "</soap:Body>".len();
    let signed_body = good[start..end].to_owned();
    let evil = signed_body.replace("5ABCDE1", "6ABCDE2");
    assert!(verify(&good).is_ok() && evil != signed_body);
    Wrapped { good, signed_body, evil }
}

/// None of them verifies, whatever the reason is called.
fn assert_wrong(what: &str, text: &str) {
    let refusal = verify(text).expect_err(what);
    let expected =
        [Code::DigestMismatch, Code::XmlRefused, Code::Malformed, Code::ComponentUncovered, Code::NotUnderstood];
    assert!(expected.contains(&refusal.code), "{what}: {:?} {}", refusal.code, refusal.detail);
}

#[test]
fn the_eight_classic_variants_are_refused() {
    let Wrapped { good, signed_body, evil } = wrapped();
    let without_id = evil.replace(" wsu:Id=\"body\"", "");
    let other_id = evil.replace("wsu:Id=\"body\"", "wsu:Id=\"other\"");
    let wrapper = |inner: &str| format!("<x:wrapper xmlns:x=\"urn:x\">{inner}</x:wrapper>");
    let variants = [
        // The signed Body goes into a header block of no meaning, the evil one has no id.
        (
            "in a header",
            good.replace(&signed_body, &without_id)
                .replace("<soap:Header>", &format!("<soap:Header>{}", wrapper(&signed_body))),
        ),
        // The same, the evil one has another id.
        (
            "in a header, another id",
            good.replace(&signed_body, &other_id)
                .replace("<soap:Header>", &format!("<soap:Header>{}", wrapper(&signed_body))),
        ),
        // As a header block itself.
        (
            "as a header",
            good.replace(&signed_body, &without_id).replace("<soap:Header>", &format!("<soap:Header>{signed_body}")),
        ),
        // Both have the same id.
        (
            "the same id",
            good.replace(&signed_body, &evil)
                .replace("<soap:Header>", &format!("<soap:Header>{}", wrapper(&signed_body))),
        ),
        // Inside the Security header.
        (
            "in Security",
            good.replace(&signed_body, &without_id).replace("<ds:Signature>", &format!("{signed_body}<ds:Signature>")),
        ),
        // Inside a ds:Object of the signature.
        (
            "in an Object",
            good.replace(&signed_body, &without_id)
                .replace("</ds:KeyInfo>", &format!("</ds:KeyInfo><ds:Object>{signed_body}</ds:Object>")),
        ),
        // After the evil Body, and before it.
        ("a second Body", good.replace(&signed_body, &format!("{without_id}{signed_body}"))),
        ("a first Body", good.replace(&signed_body, &format!("{signed_body}{without_id}"))),
        // Inside the evil Body, and inside its payload.
        (
            "in the Body",
            good.replace(&signed_body, &without_id.replace("</soap:Body>", &format!("{signed_body}</soap:Body>"))),
        ),
        (
            "in the payload",
            good.replace(&signed_body, &without_id.replace("</m:query>", &format!("{signed_body}</m:query>"))),
        ),
        // In the key's information, and in the token.
        (
            "in KeyInfo",
            good.replace(&signed_body, &without_id).replace("<ds:KeyInfo>", &format!("<ds:KeyInfo>{signed_body}")),
        ),
        (
            "in the token",
            good.replace(&signed_body, &without_id)
                .replace("</wsse:BinarySecurityToken>", &format!("{signed_body}</wsse:BinarySecurityToken>")),
        ),
        // The envelope itself goes into the header of another.
        ("an envelope in an envelope", {
            let inner = good.split_once("?>\n").unwrap().1;
            let security_at = inner.find("<wsse:Security").unwrap()
                ..inner.find("</wsse:Security>").unwrap() + "</wsse:Security>".len();
            let security = &inner[security_at];
            format!(
                "<soap:Envelope xmlns:soap=\"{}\" xmlns:wsse=\"{}\" xmlns:wsu=\"{}\" xmlns:ds=\"{}\"><soap:Header>{security}{}</soap:Header>{without_id}</soap:Envelope>",
                ns::SOAP11,
                ns::WSSE,
                ns::WSU,
                ns::DS,
                wrapper(&inner.replace(security, "")),
            )
        }),
    ];
    for (what, text) in variants {
        assert!(text != good, "{what} changes nothing");
        assert_wrong(what, &text);
    }
}

#[test]
fn the_kinds_of_id_are_one_space() {
    let Wrapped { good, signed_body, evil } = wrapped();
    for (theirs, evils) in
        [("wsu:Id", "Id"), ("wsu:Id", "xml:id"), ("Id", "wsu:Id"), ("xml:id", "wsu:Id"), ("xml:id", "Id")]
    {
        let signed = signed_body.replace("wsu:Id", theirs);
        let evil = evil.replace("wsu:Id", evils);
        let header = format!("<soap:Header><x:w xmlns:x=\"urn:x\">{signed}</x:w>");
        let text = good.replace(&signed_body, &evil).replace("<soap:Header>", &header);
        assert_eq!(code(&text), Code::XmlRefused, "{theirs} {evils}");
    }
    // One element with two ids is fine, with the same one twice it is not.
    let body = |ids: &str| Draft { body: format!("<soap:Body {ids}>PAYLOAD</soap:Body>"), ..Draft::default() }.sign();
    for good in
        ["Id=\"body\"", "xml:id=\"body\"", "wsu:Id=\"body\" Id=\"b2\" xml:id=\"b3\"", "wsu:Id=\"b1\" Id=\"body\""]
    {
        verify(&body(good)).unwrap_or_else(|refusal| panic!("{good}: {}", refusal.detail));
    }
    assert_eq!(code(&body("wsu:Id=\"body\" Id=\"body\"")), Code::XmlRefused);
    // Attributes that only look like ids.
    for wrong in ["id=\"body\"", "ID=\"body\"", "wsse:Id=\"body\"", "xml:Id=\"body\""] {
        assert_eq!(code(&body(wrong)), Code::DigestMismatch, "{wrong}");
    }
}

#[test]
fn a_moved_timestamp_is_refused() {
    let good = Draft::default().sign();
    let signed = "<wsu:Timestamp wsu:Id=\"times\"><wsu:Created>2026-06-15T12:00:00Z</wsu:Created></wsu:Timestamp>";
    assert!(good.contains(signed));
    let fresh = "<wsu:Timestamp><wsu:Created>2026-06-15T12:00:10Z</wsu:Created></wsu:Timestamp>";
    for (what, text) in [
        ("in the header", good.replace(signed, fresh).replace("<soap:Header>", &format!("<soap:Header>{signed}"))),
        (
            "deeper",
            good.replace(signed, fresh)
                .replace("<soap:Header>", &format!("<soap:Header><x:w xmlns:x=\"urn:x\">{signed}</x:w>")),
        ),
        ("two of them", good.replace(signed, &format!("{fresh}{signed}"))),
        ("in the signature", good.replace(signed, fresh).replace("</ds:KeyInfo>", &format!("</ds:KeyInfo>{signed}"))),
        ("left out", good.replace(signed, "")),
    ] {
        assert_wrong(what, &text);
    }
}

#[test]
fn only_what_stands_in_its_own_place_may_be_signed() {
    // The signer itself points somewhere else: to a part of the Body, to the header, to the envelope.
    let payload = message::query_xml(&query()).replace("<m:id>", "<m:id Id=\"part\">");
    let part =
        Draft { payload, references: reference("body") + &reference("times") + &reference("part"), ..Draft::default() };
    assert_refused(&part.sign(), Code::XmlRefused, "sign these only");
    let headers = "<x:route xmlns:x=\"urn:x\" wsu:Id=\"route\"><x:hop Id=\"hop\">1</x:hop></x:route>".to_owned();
    let references = reference("body") + &reference("times");
    let good =
        Draft { headers: headers.clone(), references: references.clone() + &reference("route"), ..Draft::default() };
    verify(&good.sign()).unwrap();
    let deeper = Draft { headers, references: references + &reference("hop"), ..Draft::default() };
    assert_refused(&deeper.sign(), Code::XmlRefused, "sign these only");
    // Nor may a block pass for what a host is shown by its octets alone: a second Body, another Timestamp.
    for block in [
        format!("<soap:Body wsu:Id=\"second\">{}</soap:Body>", message::query_xml(&query())),
        format!("<e:Body xmlns:e=\"{}\" Id=\"second\"><e/></e:Body>", ns::SOAP12),
        "<wsu:Timestamp wsu:Id=\"second\"><wsu:Created>2026-06-15T13:00:00Z</wsu:Created></wsu:Timestamp>".to_owned(),
    ] {
        let references = reference("body") + &reference("times") + &reference("second");
        let signed = Draft { headers: block, references, ..Draft::default() }.sign();
        assert_refused(&signed, Code::XmlRefused, "sign these only");
    }
}
