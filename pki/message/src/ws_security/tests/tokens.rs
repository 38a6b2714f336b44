//! The ways in which clients say which certificate signed.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mohur_crypto::digest::sha1_name;

use super::draft::{TOKEN_TYPES, certificate, reference, token};
use super::*;
use crate::testing::{BANK, certificate_names};

const THUMBPRINT: &str = "http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#ThumbprintSHA1";

fn key_info(inner: &str) -> String {
    Draft { token: String::new(), key_info: format!("<ds:KeyInfo Id=\"ki\">{inner}</ds:KeyInfo>"), ..Draft::default() }
        .sign()
}

fn str(inner: &str) -> String {
    key_info(&format!("<wsse:SecurityTokenReference wsu:Id=\"str\">{inner}</wsse:SecurityTokenReference>"))
}

fn key_identifier(value_type: &str, content: &[u8]) -> String {
    str(&format!(
        "<wsse:KeyIdentifier ValueType=\"{value_type}\">{}</wsse:KeyIdentifier>",
        BASE64_STANDARD.encode(content)
    ))
}

fn issuer_serial(issuer: &str, serial: &str) -> String {
    format!(
        "<ds:X509IssuerSerial><ds:X509IssuerName>{issuer}</ds:X509IssuerName><ds:X509SerialNumber>{serial}</ds:X509SerialNumber>\
         </ds:X509IssuerSerial>"
    )
}

fn der(member: &str) -> Vec<u8> {
    world().seal(member).certificate().to_vec()
}

#[test]
fn every_form_that_real_clients_send_is_understood() {
    let own = der(PASSPORTS);
    let names = certificate_names(&own);
    let x509 = format!("<ds:X509Certificate>{}</ds:X509Certificate>", certificate());
    let authority = format!("<ds:X509Certificate>{}</ds:X509Certificate>", BASE64_STANDARD.encode(b"an authority"));
    let serial = issuer_serial(&names.issuer, &names.serial);
    let ski = format!("<ds:X509SKI>{}</ds:X509SKI>", BASE64_STANDARD.encode(&names.key_identifier));
    let data = |inner: &str| format!("<ds:X509Data>{inner}</ds:X509Data>");
    let after = Draft { security: Draft::default().token, token: String::new(), ..Draft::default() };
    let reference_type = |value_type: &str| format!("<wsse:Reference URI=\"#token\" ValueType=\"{value_type}\"/>");
    let with_type = Draft {
        key_info: format!(
            "<ds:KeyInfo><wsse:SecurityTokenReference>{}</wsse:SecurityTokenReference></ds:KeyInfo>",
            reference_type(&format!("{TOKEN_TYPES}#X509v3"))
        ),
        references: reference("body") + &reference("times") + &reference("token"),
        ..Draft::default()
    };
    for (what, text) in [
        ("a token after the signature", after.sign()),
        ("a token that is signed", with_type.sign()),
        ("X509Data with a certificate", key_info(&data(&x509))),
        ("X509Data in a reference", str(&data(&x509))),
        ("as zeep does", str(&data(&format!("{serial}{x509}")))),
        ("a certificate with its authority", str(&data(&format!("{authority}{x509}")))),
        ("issuer and serial number", str(&data(&serial))),
        ("without a reference", key_info(&data(&serial))),
        ("a key identifier in X509Data", str(&data(&ski))),
        ("the certificate as key identifier", key_identifier(&format!("{TOKEN_TYPES}#X509v3"), &own)),
        ("a key identifier", key_identifier(&format!("{TOKEN_TYPES}#X509SubjectKeyIdentifier"), &names.key_identifier)),
        ("a thumbprint", key_identifier(THUMBPRINT, &sha1_name(&own))),
    ] {
        let seen = verify(&text).unwrap_or_else(|refusal| panic!("{what}: {}", refusal.detail));
        hop::assert_proves(&seen);
    }
}

#[test]
fn a_path_brings_its_authorities() {
    let sequence = |content: Vec<u8>| {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[0x30, 0x82, length[0], length[1]][..], &content].concat()
    };
    let path = |der: &[u8]| {
        let token = token(&format!("{TOKEN_TYPES}#X509PKIPathv1"), &BASE64_STANDARD.encode(der));
        Draft { token, ..Draft::default() }.sign()
    };
    let own = der(PASSPORTS);
    // The authority's certificate stands first; here it is any sequence that no directory lists.
    let authority = sequence(vec![5, 0]);
    verify(&path(&sequence([authority, own.clone()].concat()))).unwrap();
    verify(&path(&sequence(own.clone()))).unwrap();
    for (what, wrong) in [
        ("nothing", sequence(Vec::new())),
        ("a certificate", own.clone()),
        ("cut", own[..own.len() - 1].to_vec()),
        ("more after it", [sequence(own.clone()), vec![0]].concat()),
        ("nine", sequence((0..9).flat_map(|_| sequence(vec![5, 0])).collect())),
        ("octets", b"abc".to_vec()),
    ] {
        let refusal = verify(&path(&wrong)).expect_err(what);
        assert!(matches!(refusal.code, Code::Malformed | Code::KeyUnknown), "{what}: {}", refusal.detail);
    }
    let two = sequence([own, der(BANK)].concat());
    assert_refused(&path(&two), Code::Malformed, "several seal certificates");
}

#[test]
fn a_name_identifies_among_the_peers_seals_and_never_trusts() {
    let (own, bank) = (der(PASSPORTS), der(BANK));
    let (names, others) = (certificate_names(&own), certificate_names(&bank));
    // Another member's certificate, named: it is not among the peer's.
    assert_refused(
        &key_identifier(THUMBPRINT, &sha1_name(&bank)),
        Code::KeyUnknown,
        "no seal that the directory lists for you",
    );
    assert_refused(
        &str(&format!("<ds:X509Data>{}</ds:X509Data>", issuer_serial(&others.issuer, &others.serial))),
        Code::KeyUnknown,
        "lists for you",
    );
    for (issuer, serial) in
        [(names.issuer.as_str(), "99"), ("CN=Somebody", names.serial.as_str()), ("", ""), ("CN", "-1")]
    {
        let text = str(&format!("<ds:X509Data>{}</ds:X509Data>", issuer_serial(issuer, serial)));
        assert_refused(&text, Code::KeyUnknown, "BinarySecurityToken");
    }
    // A certificate that nobody lists, as if its presence were enough.
    let stranger = world_with_key(KeyKind::P256, Algorithm::EcdsaP256Sha256).1;
    let token = token(&format!("{TOKEN_TYPES}#X509v3"), &BASE64_STANDARD.encode(stranger.certificate()));
    let text = draft::fill(&Draft { token, ..Draft::default() }.text(), &stranger);
    assert_refused(&text, Code::KeyUnknown, "not the TLS one");
    // Certificates that may not be used any more.
    for (which, code) in [("expired", Code::CertificateExpired), ("revoked", Code::CertificateRevoked)] {
        let seal = world().unusable(which);
        let token = draft::token(&format!("{TOKEN_TYPES}#X509v3"), &BASE64_STANDARD.encode(seal.certificate()));
        assert_eq!(self::code(&draft::fill(&Draft { token, ..Draft::default() }.text(), seal)), code);
    }
}

#[test]
fn a_swapped_or_contradicting_token_is_refused() {
    let x509 =
        |member: &str| format!("<ds:X509Certificate>{}</ds:X509Certificate>", BASE64_STANDARD.encode(der(member)));
    let others = certificate_names(&der(BANK));
    // The bank's token under the passport office's signature.
    let bank = token(&format!("{TOKEN_TYPES}#X509v3"), &BASE64_STANDARD.encode(der(BANK)));
    let document = Draft { token: bank, ..Draft::default() }.sign();
    assert_refused(&document, Code::SignatureInvalid, "another key than the token's");
    let contradicting = issuer_serial(&others.issuer, &others.serial) + &x509(PASSPORTS);
    assert_refused(
        &str(&format!("<ds:X509Data>{contradicting}</ds:X509Data>")),
        Code::CertificateRefused,
        "different things",
    );
    for (what, key_info, advice) in [
        ("two children", "<ds:KeyName>a</ds:KeyName><ds:X509Data/>", "holds one"),
        ("a name", "<ds:KeyName>a</ds:KeyName>", "leave out KeyName"),
        ("a key", "<ds:KeyValue/>", "leave out KeyName"),
        ("nothing", "", "holds one"),
        ("an empty X509Data", "<ds:X509Data/>", "names no certificate"),
        ("a subject", "<ds:X509Data><ds:X509SubjectName>CN=a</ds:X509SubjectName></ds:X509Data>", "X509SubjectName"),
    ] {
        let text = self::key_info(key_info);
        let refusal = verify(&text).expect_err(what);
        assert!(refusal.code == Code::Malformed && refusal.detail.contains(advice), "{what}: {}", refusal.detail);
    }
    for (what, reference) in [
        ("outside", "<wsse:Reference URI=\"http://example.org/\"/>"),
        ("no such id", "<wsse:Reference URI=\"#nothing\"/>"),
        ("not a token", "<wsse:Reference URI=\"#body\"/>"),
        ("no URI", "<wsse:Reference/>"),
        ("embedded", "<wsse:Embedded/>"),
        ("a Kerberos key", "<wsse:KeyIdentifier ValueType=\"urn:kerberos\">AAAA</wsse:KeyIdentifier>"),
        ("hexadecimal", "<wsse:KeyIdentifier EncodingType=\"urn:hex\" ValueType=\"urn:a\">AAAA</wsse:KeyIdentifier>"),
    ] {
        assert_eq!(code(&str(reference)), Code::Malformed, "{what}");
    }
    let pkcs7 = Draft { token: token(&format!("{TOKEN_TYPES}#PKCS7"), &certificate()), ..Draft::default() };
    assert_refused(&pkcs7.sign(), Code::Malformed, "#X509v3");
    // A token that stands outside of the Security header.
    let outside = Draft { headers: Draft::default().token, token: String::new(), ..Draft::default() };
    assert_refused(&outside.sign(), Code::Malformed, "in the same wsse:Security header");
}
