//! What zeep, Node soap and pyxroad really send (`MOHUR_SUITES/soap-captures`): each accepted or refused as its content
//! deserves, with a message that tells the client's owner what to set. The clock stands at each message's Timestamp.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mohur_crypto::PublicKey;
use mohur_wire::Arrival;

use super::*;
use crate::ws_security::token::{Claim, Token};
use crate::ws_security::verify::verify as verify_with;

enum Expected {
    /// A GET, or a body that is JSON.
    NotSoap,
    Accepted,
    Refused(Code, &'static str),
}

use Expected::{Accepted, NotSoap, Refused};

const WITHOUT_TIMESTAMP: Expected = Refused(Code::ComponentUncovered, "holds no wsu:Timestamp");
const SHA_1: Expected = Refused(Code::AlgorithmRefused, "signature_method=xmlsec.constants.TransformRsaSha256");

const CAPTURES: &[(&str, Expected)] = &[
    ("nodesoap-addrefs-24-POST", Accepted),
    ("nodesoap-certwithtoken-27-POST", Refused(Code::Malformed, "WSSecurityCert, not WSSecurityCertWithToken")),
    ("nodesoap-default-19-GET", NotSoap),
    ("nodesoap-default-20-POST", Accepted),
    ("nodesoap-idwss-21-POST", Accepted),
    ("nodesoap-nots-23-POST", Refused(Code::ComponentUncovered, "leave hasTimeStamp at true")),
    ("nodesoap-pluscert-26-POST", Refused(Code::NotUnderstood, "WSSecurityCert, not WSSecurityPlusCert")),
    ("nodesoap-rsasha256-opt-22-POST", Accepted),
    ("nodesoap-soap12-25-POST", Accepted),
    ("nodesoap-xroad-signedhdrs-28-GET", NotSoap),
    ("nodesoap-xroad-signedhdrs-29-POST", Accepted),
    ("pyxroad-17-GET", NotSoap),
    ("pyxroad-18-POST", Refused(Code::SignatureMissing, "no wsse:Security")),
    ("pyxroad-wsse-30-GET", NotSoap),
    ("pyxroad-wsse-31-POST", WITHOUT_TIMESTAMP),
    ("pyxroad-wsse-32-GET", NotSoap),
    ("pyxroad-wsse-33-GET", NotSoap),
    ("pyxroad-wsse-34-GET", NotSoap),
    ("pyxroad-wsse-35-POST", NotSoap),
    ("pyxroad-wsse-36-POST", NotSoap),
    ("zeep-bin-default-03-GET", NotSoap),
    ("zeep-bin-default-04-POST", SHA_1),
    ("zeep-bin-ecdsa-ts-13-GET", NotSoap),
    ("zeep-bin-ecdsa-ts-14-POST", Accepted),
    ("zeep-bin-ecdsa-ts-wsa-15-GET", NotSoap),
    ("zeep-bin-ecdsa-ts-wsa-16-POST", Accepted),
    ("zeep-bin-sha256-ts-05-GET", NotSoap),
    ("zeep-bin-sha256-ts-06-POST", Accepted),
    ("zeep-bin-sha256-ts-wsa-07-GET", NotSoap),
    ("zeep-bin-sha256-ts-wsa-08-POST", Accepted),
    ("zeep-sig-default-01-GET", NotSoap),
    ("zeep-sig-default-02-POST", SHA_1),
    ("zeep-sig-sha256-ts-09-GET", NotSoap),
    ("zeep-sig-sha256-ts-10-POST", Accepted),
    ("zeep-sig-sha256-ts-wsa-11-GET", NotSoap),
    ("zeep-sig-sha256-ts-wsa-12-POST", Accepted),
];

pub(super) fn suite(name: &str) -> Option<PathBuf> {
    let Some(suites) = std::env::var_os("MOHUR_SUITES") else {
        eprintln!("skipped: MOHUR_SUITES is not set, so {name} was not run");
        return None;
    };
    Some(Path::new(&suites).join(name))
}

/// The certificates of a PEM file, DER.
fn certificate_in(path: &Path) -> Vec<u8> {
    let pem = std::fs::read_to_string(path).unwrap();
    let body: String = pem
        .lines()
        .skip_while(|line| !line.starts_with("-----BEGIN CERT"))
        .skip(1)
        .take_while(|line| !line.starts_with("-----"))
        .collect();
    BASE64_STANDARD.decode(body).unwrap()
}

/// The key of a certificate that has none of our profiles, or of a SubjectPublicKeyInfo: RSA, or P-256.
pub(super) fn key_of(der: &[u8], rsa: Algorithm) -> Option<PublicKey> {
    const RSA: &[u8] = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
    const P256: &[u8] = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01";
    let find = |begin: &[u8]| der.windows(begin.len()).position(|window| window == begin);
    if let Some(at) = find(RSA) {
        // A key of 2048 bits or more has a length of two octets.
        let [0x30, 0x82, high, low] = der.get(at - 4..at)? else { return None };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        return PublicKey::new(rsa, &der[at - 4..at + length]).ok();
    }
    let at = find(P256)?;
    PublicKey::new(Algorithm::EcdsaP256Sha256, &der[at..at + 91]).ok()
}

/// What the verifier says, at the time of the message.
fn judge(text: &str, trusted: &[Vec<u8>]) -> Result<(), Refusal> {
    let document = Document::parse(text, &Limits::default())?;
    let envelope = Envelope::read(&document)?;
    let created = document.root().descendants().find(|element| element.is(ns::WSU, "Created"));
    let arrival = Arrival(created.map_or_else(self::created, |created| created.text().unwrap().parse().unwrap()));
    let payload = envelope.payload;
    let (_, signed) = verify_with(envelope, &[], (arrival, WINDOW), |token: &Token<'_>| {
        let certificate = token.claims.iter().find_map(|claim| match claim {
            Claim::OneOf(certificates) => certificates.iter().find(|certificate| trusted.contains(certificate)),
            Claim::IssuerSerial(..) | Claim::KeyIdentifier(_) | Claim::Thumbprint(_) => None,
        });
        let certificate = certificate.ok_or(Refusal::from(Code::KeyUnknown))?;
        Ok(((), key_of(certificate, Algorithm::RsaV15Sha256).unwrap()))
    })?;
    assert!(signed.covers(payload.parent().unwrap()));
    Ok(())
}

#[test]
fn each_capture_is_judged_as_it_deserves() {
    let Some(folder) = suite("soap-captures") else { return };
    let trusted = ["agency.pem", "agencyec.pem"].map(|name| certificate_in(&folder.join("trust").join(name)));
    let mut left: BTreeSet<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".http"))
        .collect();
    let mut judged = 0;
    for (name, expected) in CAPTURES {
        assert!(left.remove(&format!("{name}.http")), "{name} is not there");
        let capture = std::fs::read_to_string(folder.join(format!("{name}.http"))).unwrap();
        let body = capture.split_once("\r\n\r\n").or_else(|| capture.split_once("\n\n")).map_or("", |(_, body)| body);
        match (expected, judge(body, &trusted)) {
            (NotSoap, Err(refusal)) => assert_eq!(refusal.code, Code::Malformed, "{name}"),
            (Accepted, Ok(())) => {
                judged += 1;
                assert_eq!(judge(body, &[]).unwrap_err().code, Code::KeyUnknown, "{name}");
                let changed = body.replace(">123<", ">124<");
                assert_eq!(judge(&changed, &trusted).unwrap_err().code, Code::DigestMismatch, "{name}");
            }
            (Refused(code, advice), Err(refusal)) => {
                judged += 1;
                assert_eq!(refusal.code, *code, "{name}: {}", refusal.detail);
                assert!(refusal.detail.contains(advice), "{name}: {}", refusal.detail);
            }
            (NotSoap | Refused(..), Ok(())) => panic!("{name} was accepted"),
            (Accepted, Err(refusal)) => panic!("{name}: {}", refusal.detail),
        }
    }
    assert!(left.is_empty(), "not in the table: {left:?}");
    assert_eq!(judged, 19);
}
