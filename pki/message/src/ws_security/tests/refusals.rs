//! Everything that the profile refuses, each with its code and with what the owner of the client is to set.

use super::draft::{reference, reference_to, reference_with};
use super::*;

const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
const EXCLUSIVE: &str = "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>";
const ENVELOPED: &str = "<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>";

fn method(uri: &str) -> String {
    Draft { method: format!("<ds:SignatureMethod Algorithm=\"{uri}\"/>"), ..Draft::default() }.sign()
}

fn references(references: &str) -> String {
    Draft { references: references.to_owned(), ..Draft::default() }.sign()
}

/// The Body with these transforms.
fn transforms(transforms: &str) -> String {
    references(&(reference_with("body", transforms, "{{digest:body}}") + &reference("times")))
}

#[test]
fn nothing_signed_is_missing_a_signature() {
    let payload = message::query_xml(&query());
    let bare = |header: &str| {
        format!("<s:Envelope xmlns:s=\"{}\">{header}<s:Body>{payload}</s:Body></s:Envelope>", ns::SOAP11)
    };
    assert_refused(&bare(""), Code::SignatureMissing, "sign Body and Timestamp");
    let empty = format!("<s:Header><w:Security xmlns:w=\"{}\"/></s:Header>", ns::WSSE);
    assert_refused(&bare(&empty), Code::SignatureMissing, "ds:Signature");
}

#[test]
fn a_weak_or_unknown_method_is_refused_and_the_client_is_told_which_to_use() {
    for (uri, advice) in [
        ("http://www.w3.org/2000/09/xmldsig#rsa-sha1", "rsa-sha1, and SHA-1 is refused"),
        ("http://www.w3.org/2000/09/xmldsig#rsa-sha1", "signature_method=xmlsec.constants.TransformRsaSha256"),
        ("http://www.w3.org/2000/09/xmldsig#rsa-sha1", "Node soap: signatureAlgorithm"),
        ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1", "SHA-1 is refused"),
        ("http://www.w3.org/2000/09/xmldsig#dsa-sha1", "DSA"),
        ("http://www.w3.org/2000/09/xmldsig#hmac-sha1", "HMAC"),
        ("http://www.w3.org/2001/04/xmldsig-more#hmac-sha256", "could have made it"),
        ("http://www.w3.org/2001/04/xmldsig-more#rsa-md5", "MD5"),
        ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384", "not accepted"),
        ("urn:something", "not accepted"),
        // Good methods, but for another key.
        ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "pins your seal key to ecdsa-p256-sha256"),
        ("http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1", "pins your seal key to ecdsa-p256-sha256"),
    ] {
        assert_refused(&method(uri), Code::AlgorithmRefused, advice);
    }
    for (uri, advice) in [
        ("http://www.w3.org/2000/09/xmldsig#sha1", "digest_method=xmlsec.constants.TransformSha256"),
        ("http://www.w3.org/2001/04/xmldsig-more#md5", "MD5"),
        ("http://www.w3.org/2001/04/xmldsig-more#sha224", "not accepted"),
    ] {
        let text = references(&(reference_to("#body", EXCLUSIVE, uri, "AAAA") + &reference("times")));
        assert_refused(&text, Code::AlgorithmRefused, advice);
    }
    let truncated = "<ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256\">\
                     <ds:HMACOutputLength>8</ds:HMACOutputLength></ds:SignatureMethod>";
    let text = Draft { method: truncated.to_owned(), ..Draft::default() }.sign();
    assert_refused(&text, Code::AlgorithmRefused, "HMACOutputLength");
}

#[test]
fn the_three_digests_and_inclusive_prefixes_verify() {
    let exclusive = |prefixes: &str| {
        format!(
            "<ds:Transform Algorithm=\"{0}\"><e:InclusiveNamespaces xmlns:e=\"{0}\" PrefixList=\"{prefixes}\"/></ds:Transform>",
            ns::EXC_C14N
        )
    };
    for (transforms, bits, digest) in [
        (EXCLUSIVE.to_owned(), SHA256, "{{digest:body}}"),
        (EXCLUSIVE.to_owned(), "http://www.w3.org/2001/04/xmldsig-more#sha384", "{{digest:body||384}}"),
        (EXCLUSIVE.to_owned(), "http://www.w3.org/2001/04/xmlenc#sha512", "{{digest:body||512}}"),
        (exclusive(""), SHA256, "{{digest:body}}"),
        (exclusive("unused ds\n#default"), SHA256, "{{digest:body|unused ds #default}}"),
        (format!("{ENVELOPED}{EXCLUSIVE}"), SHA256, "{{digest:body}}"),
        (format!("{ENVELOPED}{}", exclusive("unused nowhere")), SHA256, "{{digest:body|unused}}"),
    ] {
        let c14n = format!(
            "<ds:CanonicalizationMethod Algorithm=\"{0}\"><e:InclusiveNamespaces xmlns:e=\"{0}\" PrefixList=\"soap unused\"/>\
             </ds:CanonicalizationMethod>",
            ns::EXC_C14N
        );
        let references = reference_to("#body", &transforms, bits, digest) + &reference("times");
        let text = Draft { references, c14n, ..Draft::default() }.sign();
        let seen = verify(&text).unwrap_or_else(|refusal| panic!("{transforms} {bits}: {}", refusal.detail));
        // Whatever digest was used, the opening is named by its SHA-256.
        assert_eq!(*seen.opening.digest(), mohur_crypto::sha256(seen.opening.sent()));
        hop::assert_proves(&seen);
    }
}

/// Older releases of libxmlsec1 read an empty prefix between two spaces, and take a tab for a part of a prefix.
#[test]
fn prefix_lists_that_are_read_in_two_ways_are_refused() {
    for list in [" unused", "unused ", "unused  ds", "unused&#9;ds", "unused&#10;ds", " "] {
        let transform = format!(
            "<ds:Transform Algorithm=\"{0}\"><e:InclusiveNamespaces xmlns:e=\"{0}\" PrefixList=\"{list}\"/></ds:Transform>",
            ns::EXC_C14N
        );
        let digest = "{{digest:body|unused ds}}";
        let references = reference_to("#body", &transform, SHA256, digest) + &reference("times");
        assert_refused(&self::references(&references), Code::AlgorithmRefused, "one space between");
        let without = references.replace(&format!(" PrefixList=\"{list}\""), "");
        assert_refused(&self::references(&without), Code::AlgorithmRefused, "needs its PrefixList");
    }
}

#[test]
fn no_other_transform_is_run() {
    let transform = |uri: &str| format!("<ds:Transform Algorithm=\"{uri}\"/>");
    for (list, advice) in [
        (transform("http://www.w3.org/TR/2001/REC-xml-c14n-20010315"), "exclusive C14N"),
        (transform("http://www.w3.org/2001/10/xml-exc-c14n#WithComments"), "without comments"),
        (transform("http://www.w3.org/TR/1999/REC-xslt-19991116"), "no other transform"),
        ("<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\"><ds:XPath>true()</ds:XPath></ds:Transform>".to_owned(), "no other transform"),
        (transform("http://www.w3.org/2000/09/xmldsig#base64"), "no other transform"),
        (transform("http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#STR-Transform"), "sign the BinarySecurityToken itself"),
        (ENVELOPED.to_owned(), "must be exclusive C14N"),
        (format!("{EXCLUSIVE}{ENVELOPED}"), "after exclusive C14N"),
        (format!("{EXCLUSIVE}{EXCLUSIVE}"), "after exclusive C14N"),
        (format!("{ENVELOPED}{ENVELOPED}{EXCLUSIVE}"), "no other transform"),
        (String::new(), "must be exclusive C14N"),
        (format!("<ds:Transform Algorithm=\"{}\"><ds:XPath>1</ds:XPath></ds:Transform>", ns::EXC_C14N), "InclusiveNamespaces"),
    ] {
        assert_refused(&transforms(&list), Code::AlgorithmRefused, advice);
    }
    let none = format!(
        "<ds:Reference URI=\"#body\"><ds:DigestMethod Algorithm=\"{SHA256}\"/><ds:DigestValue>AAAA</ds:DigestValue></ds:Reference>"
    );
    assert_refused(&references(&none), Code::AlgorithmRefused, "no ds:Transforms");
    let c14n = "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"/>".to_owned();
    assert_refused(&Draft { c14n, ..Draft::default() }.sign(), Code::AlgorithmRefused, "CanonicalizationMethod");
}

#[test]
fn an_enveloped_transform_may_not_have_an_effect() {
    let list = format!("{ENVELOPED}{EXCLUSIVE}");
    let envelope = references(&(reference_with("envelope", &list, "AAAA") + &reference("body") + &reference("times")))
        .replace("<soap:Envelope ", "<soap:Envelope Id=\"envelope\" ");
    assert_refused(&envelope, Code::XmlRefused, "neither the Body");
    // The Security header is where it would cut.
    let security = references(&(reference_with("sec", &list, "AAAA") + &reference("body") + &reference("times")))
        .replace("<wsse:Security ", "<wsse:Security Id=\"sec\" ");
    assert_refused(&security, Code::XmlRefused, "");
}

#[test]
fn references_point_to_ids_of_this_message_only() {
    for (uri, code, advice) in [
        ("", Code::XmlRefused, "the whole document"),
        ("http://example.org/", Code::XmlRefused, "outside the message"),
        ("file:///etc/passwd", Code::XmlRefused, "outside the message"),
        ("#xpointer(/)", Code::XmlRefused, "XPointer"),
        ("#xpointer(id('body'))", Code::XmlRefused, "XPointer"),
        ("#", Code::XmlRefused, "XPointer"),
        ("#body times", Code::XmlRefused, "plain id"),
        ("#body'", Code::XmlRefused, "plain id"),
        ("#a)b", Code::XmlRefused, "plain id"),
        ("#b%6Fdy", Code::XmlRefused, "plain id"),
        ("cid:", Code::XmlRefused, "outside the message"),
        ("body", Code::XmlRefused, "outside the message"),
        ("#nobody", Code::DigestMismatch, "no element has"),
    ] {
        let references = reference_to(uri, EXCLUSIVE, SHA256, "AAAA") + &reference("body") + &reference("times");
        assert_refused(&self::references(&references), code, advice);
    }
    let twice = reference("body") + &reference("times") + &reference("body");
    assert_refused(&references(&twice), Code::XmlRefused, "the same thing");
    let by_two_ids = Draft {
        body: "<soap:Body wsu:Id=\"body\" Id=\"b\">PAYLOAD</soap:Body>".to_owned(),
        references: reference("body") + &reference("times") + &reference("b"),
        ..Draft::default()
    };
    assert_refused(&by_two_ids.sign(), Code::XmlRefused, "the same element");
    let many: String = (0..33).map(|number| reference_to(&format!("#a{number}"), EXCLUSIVE, SHA256, "AAAA")).collect();
    assert_refused(&references(&many), Code::TooLarge, "32");
    assert_refused(&references(""), Code::Malformed, "no ds:Reference");
}

#[test]
fn body_and_timestamp_must_be_covered() {
    assert_refused(&references(&reference("times")), Code::ComponentUncovered, "the Body");
    assert_refused(&references(&reference("body")), Code::ComponentUncovered, "Node soap: leave hasTimeStamp");
    let without = Draft { timestamp: String::new(), references: reference("body"), ..Draft::default() };
    for advice in ["get_security_header(envelope)", "hasTimeStamp", "Timestamp Signature"] {
        assert_refused(&without.sign(), Code::ComponentUncovered, advice);
    }
}

#[test]
fn instructions_comments_and_second_signatures_have_no_place() {
    let good = Draft::default().sign();
    // Between the elements of the Body comments change nothing, as canonicalisation leaves them out.
    verify(&good.replace("<m:id>", "<!-- a comment --><m:id>")).unwrap();
    let in_value = verify(&good.replace("q-1", "q<!-- a comment -->-1")).unwrap();
    assert!(in_value.opening.query().is_ok(), "the octets have no comment");
    for text in [
        good.replace("<m:id>", "<?target data?><m:id>"),
        good.replace("<wsu:Created>", "<?target data?><wsu:Created>"),
        good.replace("<ds:Reference ", "<?target data?><ds:Reference "),
        good.replace("<ds:DigestValue>", "<ds:DigestValue><!-- a comment -->"),
        good.replace("<ds:Reference ", "<!-- a comment --><ds:Reference "),
        good.replace("<ds:SignedInfo>", "<ds:SignedInfo><ds:SignedInfo/>"),
        good.replace("<m:id>", "<ds:SignedInfo/><m:id>"),
        good.replace("<soap:Envelope", "<!DOCTYPE a []><soap:Envelope"),
        good.replace("xmlns:unused=\"urn:unused\"", "xmlns:unused=\"unused\""),
    ] {
        assert!(text != good);
        assert_eq!(code(&text), Code::XmlRefused, "{text}");
    }
    assert_eq!(code(&good.replace("</ds:SignatureValue>", "<!-- --></ds:SignatureValue>")), Code::Malformed);
    let signature = &good[good.find("<ds:Signature>").unwrap()..good.find("</ds:Signature>").unwrap() + 15];
    for text in [
        good.replace("</wsse:Security>", &format!("{signature}</wsse:Security>")),
        good.replace("</soap:Header>", &format!("{signature}</soap:Header>")),
        good.replace("<ds:SignatureValue>", "<ds:SignatureValue/><ds:SignatureValue>"),
        good.replace("</ds:Signature>", "<ds:Object/></ds:Signature>"),
        good.replace("</ds:Signature>", "<ds:KeyInfo/></ds:Signature>"),
    ] {
        assert!(matches!(code(&text), Code::Malformed | Code::XmlRefused), "{text}");
    }
}

#[test]
fn what_else_stands_in_the_header_is_named() {
    for (extra, advice) in [
        ("<wsse:UsernameToken><wsse:Username>u</wsse:Username></wsse:UsernameToken>", "WSSecurityPlusCert"),
        ("<a:Assertion xmlns:a=\"urn:oasis:names:tc:SAML:2.0:assertion\"/>", "SAML"),
        ("<e:EncryptedKey xmlns:e=\"http://www.w3.org/2001/04/xmlenc#\"/>", "TLS encrypts"),
        ("<x:thing xmlns:x=\"urn:x\"/>", "not understood"),
    ] {
        let text = Draft { security: extra.to_owned(), ..Draft::default() }.sign();
        assert_refused(&text, Code::NotUnderstood, advice);
    }
}

#[test]
fn a_wrong_signature_value_is_told_apart_from_a_wrong_digest() {
    let good = Draft::default().sign();
    assert_refused(&good.replace("5ABCDE1", "5ABCDE2"), Code::DigestMismatch, "Sign last");
    assert_refused(&good.replace("12:00:00Z", "12:00:01Z"), Code::DigestMismatch, "Sign last");
    let start = good.find("<ds:SignatureValue>").unwrap() + 19;
    let mut other = good.clone();
    let first = if good.as_bytes()[start] == b'A' { "B" } else { "A" };
    other.replace_range(start..=start, first);
    assert_refused(&other, Code::SignatureInvalid, "64 bytes, not ASN.1");
    let mut broken = good.clone();
    broken.replace_range(start..=start, "*");
    assert_refused(&broken, Code::Malformed, "base64");
}

#[test]
fn every_attachment_is_covered() {
    let transform = "<ds:Transform Algorithm=\"http://docs.oasis-open.org/wss/oasis-wss-SwAProfile-1.1#Attachment-Content-Signature-Transform\"/>";
    let digest = |content: &[u8]| {
        use base64::Engine;
        base64::prelude::BASE64_STANDARD.encode(mohur_crypto::sha256(content).0)
    };
    let text = |uri: &str, transform: &str, content: &[u8]| {
        references(&(reference("body") + &reference("times") + &reference_to(uri, transform, SHA256, &digest(content))))
    };
    let photo = Attachment { content_id: "photo@mia.az", media_type: "image/jpeg", content: b"\xff\xd8\xff" };
    let judge = |text: &str, attachments: &[Attachment<'_>]| {
        verify_in(world(), text, attachments, 0).map(drop).map_err(|refusal| refusal.code)
    };
    let good = text("cid:photo%40mia.az", transform, photo.content);
    assert_eq!(judge(&good, &[photo]), Ok(()));
    assert_eq!(
        judge(
            &text("cid:photo@mia.az", transform, b"a\r\nb"),
            &[Attachment { media_type: "text/plain", content: b"a\nb", ..photo }]
        ),
        Ok(())
    );
    assert_eq!(judge(&good, &[]), Err(Code::DigestMismatch));
    assert_eq!(judge(&good, &[photo, photo]), Err(Code::XmlRefused));
    assert_eq!(judge(&good, &[photo, Attachment { content_id: "other", ..photo }]), Err(Code::ComponentUncovered));
    assert_eq!(judge(&Draft::default().sign(), &[photo]), Err(Code::ComponentUncovered));
    assert_eq!(judge(&good, &[Attachment { content: b"\xff\xd8\xfe", ..photo }]), Err(Code::DigestMismatch));
    let empty = text("cid:photo%40mia.az", transform, b"");
    assert_eq!(judge(&empty, &[Attachment { content: b"", ..photo }]), Err(Code::XmlRefused));
    assert_eq!(judge(&text("cid:photo%40mia.az", EXCLUSIVE, photo.content), &[photo]), Err(Code::AlgorithmRefused));
    assert_eq!(judge(&good, &[Attachment { media_type: "text/xml", ..photo }]), Err(Code::XmlRefused));
}
