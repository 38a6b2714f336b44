//! What crosses the hop: a host proves the caller's signature from octets alone.

use mohur_crypto::Digest;
use mohur_soap::message::BundleRequest;
use mohur_wire::MemberId;

use super::*;
use crate::hop::Ask;
use crate::testing::BANK;
use crate::{ProvenQuery, SoapEvidence, prove_query};

fn home(member: &MemberId) -> Option<String> {
    (member.as_str() == PASSPORTS).then(|| "broker.gov.az:8443".to_owned())
}

fn prove(opening: &SentOpening, evidence: &Evidence) -> Result<ProvenQuery, Refusal> {
    // As it arrives.
    let ask = Ask::new(opening, evidence.clone(), String::new(), "{}").unwrap();
    let ask = Ask::parse(&ask.to_json().unwrap()).unwrap();
    assert_eq!(ask.evidence(), evidence);
    prove_query(&ask.opening().unwrap(), ask.evidence(), &world().keys(), &home)
}

pub(super) fn assert_proves(seen: &Seen) {
    let proven = prove(&seen.opening, &seen.evidence).unwrap_or_else(|refusal| panic!("{}", refusal.detail));
    assert_eq!(*proven.query(), query());
    assert_eq!((proven.created(), proven.expires()), (seen.created, seen.expires));
    assert_eq!(proven.digest(), seen.opening.digest());
    assert_eq!(proven.caller().member().as_str(), PASSPORTS);
}

fn soap(evidence: &Evidence) -> SoapEvidence {
    let Evidence::Soap(evidence) = evidence.clone() else { panic!("signed over SOAP") };
    evidence
}

fn refused(opening: &SentOpening, evidence: SoapEvidence) -> Code {
    prove(opening, &evidence.into()).unwrap_err().code
}

#[test]
fn a_single_query_is_proved_by_its_octets() {
    assert_proves(&verify(&ours(Version::Soap11, world().seal(PASSPORTS))).unwrap());
    assert_proves(&verify(&ours(Version::Soap12, world().seal(PASSPORTS))).unwrap());
    assert_proves(&verify(&Draft::default().sign()).unwrap());
    let expiring = "<wsu:Created>2026-06-15T12:00:00Z</wsu:Created><wsu:Expires>2026-06-15T12:05:00Z</wsu:Expires>";
    let seen = verify(&Draft { times: expiring.to_owned(), ..Draft::default() }.sign()).unwrap();
    assert_eq!(seen.expires, Some(CREATED + 300));
    assert_proves(&seen);
}

#[test]
fn a_broker_cannot_bend_what_was_signed() {
    let seen = verify(&ours(Version::Soap11, world().seal(PASSPORTS))).unwrap();
    let (opening, good) = (seen.opening, soap(&seen.evidence));
    let text = String::from_utf8(opening.sent().to_vec()).unwrap();
    let of = |text: &str| SentOpening::of_soap_body(text.to_owned().into());
    // Another Body; the same in another spelling; one of another id; the query alone.
    assert_eq!(refused(&of(&text.replace("5ABCDE1", "6ABCDE2")), good.clone()), Code::DigestMismatch);
    assert_eq!(refused(&of(&text.replace("mohur-body", "mohur-timestamp")), good.clone()), Code::DigestMismatch);
    assert_eq!(refused(&of(&text.replace("mohur-body", "x")), good.clone()), Code::ComponentUncovered);
    assert_eq!(refused(&of(&message::query_xml(&query())), good.clone()), Code::SignatureInvalid);
    assert_eq!(refused(&of(""), good.clone()), Code::Malformed);
    // Times that were not signed.
    let other = String::from_utf8(good.timestamp.clone()).unwrap().replace("12:00:00", "12:00:30");
    assert_eq!(refused(&opening, SoapEvidence { timestamp: other.into(), ..good.clone() }), Code::DigestMismatch);
    assert_eq!(
        refused(&opening, SoapEvidence { timestamp: opening.sent().to_vec(), ..good.clone() }),
        Code::SignatureInvalid
    );
    // Another SignedInfo, signature, certificate, algorithm.
    let other = String::from_utf8(good.signed_info.clone()).unwrap().replace("mohur-body", "mohur-bodi");
    assert_eq!(refused(&opening, SoapEvidence { signed_info: other.into(), ..good.clone() }), Code::SignatureInvalid);
    let spaced = String::from_utf8(good.signed_info.clone()).unwrap().replace("<ds:SignedInfo ", "<ds:SignedInfo  ");
    assert_eq!(refused(&opening, SoapEvidence { signed_info: spaced.into(), ..good.clone() }), Code::SignatureInvalid);
    let mut signature = good.signature.clone();
    signature[10] ^= 1;
    assert_eq!(refused(&opening, SoapEvidence { signature, ..good.clone() }), Code::SignatureInvalid);
    let certificate = world().seal(BANK).certificate().to_vec();
    assert_eq!(refused(&opening, SoapEvidence { certificate, ..good.clone() }), Code::SignatureInvalid);
    assert_eq!(refused(&opening, SoapEvidence { certificate: Vec::new(), ..good.clone() }), Code::KeyUnknown);
    let algorithm = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256".to_owned();
    assert_eq!(refused(&opening, SoapEvidence { algorithm, ..good.clone() }), Code::AlgorithmRefused);
    // A Body beside the opening, and the Body as if it were JSON or a leg.
    assert_eq!(
        refused(&opening, SoapEvidence { body: Some(opening.sent().to_vec()), ..good.clone() }),
        Code::SignatureInvalid
    );
    assert_eq!(refused(&SentOpening::of_body(opening.sent().clone()), good.clone()), Code::SignatureInvalid);
    // Another broker's caller.
    let elsewhere = prove_query(&opening, &good.clone().into(), &world().keys(), &|_: &MemberId| None);
    assert_eq!(elsewhere.unwrap_err().code, Code::WrongBroker);
    // The bank under the passport office's name.
    let bank = ours(Version::Soap11, world().seal(BANK));
    let document = Document::parse(&bank, &Limits::default()).unwrap();
    let verified =
        verify_envelope(Envelope::read(&document).unwrap(), &[], &world().keys(), &[], arrival(0), WINDOW).unwrap();
    assert_eq!(prove(&verified.opening(), &verified.evidence()).unwrap_err().code, Code::IdentityMismatch);
    assert_proves(&Seen {
        opening,
        evidence: good.into(),
        ..verify(&ours(Version::Soap11, world().seal(PASSPORTS))).unwrap()
    });
}

/// A caller may sign text that is not canonical; its octets are, and the host demands it.
#[test]
fn octets_that_are_not_canonical_prove_nothing() {
    use base64::Engine;
    let sloppy =
        format!("<soap:Body  xmlns:soap=\"{}\" Id=\"b\">{}</soap:Body>", ns::SOAP11, message::query_xml(&query()));
    let seen = verify(&ours(Version::Soap11, world().seal(PASSPORTS))).unwrap();
    let good = soap(&seen.evidence);
    // The signer itself makes a SignedInfo over octets that no canonicalisation yields.
    let signed_info = String::from_utf8(good.signed_info.clone()).unwrap();
    let digest = base64::prelude::BASE64_STANDARD.encode(seen.opening.digest().0);
    let forged = base64::prelude::BASE64_STANDARD.encode(mohur_crypto::sha256(sloppy.as_bytes()).0);
    let signed_info = signed_info.replace(&digest, &forged).replace("#mohur-body", "#b");
    let signature = world().seal(PASSPORTS).sign(signed_info.as_bytes()).unwrap();
    let evidence = SoapEvidence { signed_info: signed_info.into(), signature, ..good };
    let opening = SentOpening::of_soap_body(sloppy.into());
    assert_eq!(refused(&opening, evidence), Code::SignatureInvalid);
}

struct Bundle {
    legs: Vec<String>,
    text: String,
}

fn leg(name: &str) -> String {
    use base64::Engine;
    let json = opening_json(&format!("b-1.{name}"));
    let end = format!(r#","bundle":{{"definition":"issue-id-document","version":1,"leg":"{name}"}}}}"#);
    base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(format!("{}{end}", json.strip_suffix('}').unwrap()))
}

fn bundle_of(change: impl FnOnce(&mut BundleRequest)) -> Bundle {
    let legs = vec![leg("vitals"), leg("birth")];
    let mut request = BundleRequest {
        id: "b-1".parse().unwrap(),
        caller: PASSPORTS.parse().unwrap(),
        definition: "issue-id-document".parse().unwrap(),
        version: 1,
        digests: legs.iter().map(|leg| mohur_crypto::sha256(leg.as_bytes()).0).collect(),
    };
    change(&mut request);
    let (payload, headers) = (message::bundle_xml(&request), message::openings_xml(&legs));
    let text = sign_envelope(Version::Soap11, &payload, &headers, world().seal(PASSPORTS), created(), None).unwrap();
    Bundle { legs, text }
}

/// The openings and the evidence, as the broker gets them.
fn received(text: &str) -> Result<(Vec<SentOpening>, Evidence), Refusal> {
    let document = Document::parse(text, &Limits::default())?;
    let envelope = Envelope::read(&document)?;
    let verified = verify_envelope(envelope, &[], &world().keys(), &[], arrival(0), WINDOW)?;
    let message::Payload::Bundle(bundle) = message::read(verified.payload())? else { panic!("a bundle") };
    let digests: Vec<Digest> = bundle.digests.into_iter().map(Digest).collect();
    Ok((verified.bundle_openings(&digests)?, verified.bundle_evidence()))
}

#[test]
fn each_leg_of_a_bundle_is_proved_by_the_one_signature() {
    let Bundle { legs, text } = bundle_of(|_| {});
    let (openings, evidence) = received(&text).unwrap();
    for (opening, leg) in openings.iter().zip(&legs) {
        let proven = prove(opening, &evidence).unwrap();
        assert_eq!(*proven.digest(), mohur_crypto::sha256(leg.as_bytes()), "the same digest as over REST");
        let others = soap(&evidence);
        assert!(!String::from_utf8_lossy(&others.body.unwrap()).contains(leg.as_str()), "a host sees its leg only");
    }
    // A leg that was not among them, another spelling of the Body, and none.
    assert_eq!(refused(&SentOpening::of_leg(self::leg("fee")).unwrap(), soap(&evidence)), Code::DigestMismatch);
    assert_eq!(refused(&openings[0], SoapEvidence { body: None, ..soap(&evidence) }), Code::SignatureInvalid);
    // Openings that do not fit what is signed.
    assert_eq!(received(&text.replace(&legs[0], &self::leg("fee"))).unwrap_err().code, Code::DigestMismatch);
    let swapped = text.replace(&legs[0], "0").replace(&legs[1], &legs[0]).replace(">0<", &format!(">{}<", legs[1]));
    assert_eq!(received(&swapped).unwrap_err().code, Code::DigestMismatch);
    let fewer = text.replace(&format!("<m:opening>{}</m:opening>", legs[1]), "");
    assert_eq!(received(&fewer).unwrap_err().code, Code::DigestMismatch);
}

#[test]
fn a_leg_is_of_the_bundle_that_is_signed() {
    let judge = |change: fn(&mut BundleRequest)| {
        let (openings, evidence) = received(&bundle_of(change).text).unwrap();
        prove(&openings[0], &evidence).map(drop).map_err(|refusal| refusal.code)
    };
    assert_eq!(judge(|_| {}), Ok(()));
    assert_eq!(judge(|bundle| bundle.id = "b-2".parse().unwrap()), Err(Code::SignatureInvalid));
    assert_eq!(judge(|bundle| bundle.version = 2), Err(Code::SignatureInvalid));
    assert_eq!(judge(|bundle| bundle.definition = "other".parse().unwrap()), Err(Code::SignatureInvalid));
    assert_eq!(judge(|bundle| bundle.caller = BANK.parse().unwrap()), Err(Code::IdentityMismatch));
    // A single query as a leg, and a leg's query alone.
    let single = verify(&ours(Version::Soap11, world().seal(PASSPORTS))).unwrap();
    let (openings, evidence) = received(&bundle_of(|_| {}).text).unwrap();
    let body = Some(single.opening.sent().to_vec());
    let beside = SoapEvidence { body, ..soap(&single.evidence) };
    assert_eq!(refused(&openings[0], beside), Code::SignatureInvalid);
    let bundle_body = SentOpening::of_soap_body(soap(&evidence).body.unwrap().into());
    assert_eq!(refused(&bundle_body, SoapEvidence { body: None, ..soap(&evidence) }), Code::Malformed);
}
