use std::collections::BTreeMap;

use bytes::Bytes;
use mohur_wire::{MessageId, RefusalCode as Code};
use proptest::prelude::*;

use super::*;
use crate::handover::{Forward, Handover, HomeWord};
use crate::hop::{Ask, Reply};
use crate::sign_request;
use crate::testing::{BANK, CREATED, HEALTH, HUB, PASSPORTS, arrival, opening_json, world};

const HOME: &str = "broker.gov.az:8443";

fn home(member: &MemberId) -> Option<String> {
    (member.as_str() == PASSPORTS).then(|| HOME.to_owned())
}

fn as_leg(leg: &str) -> String {
    use base64::Engine;
    let json = opening_json(&format!("b-1.{leg}"));
    let end = format!(r#","bundle":{{"definition":"issue-id-document","version":1,"leg":"{leg}"}}}}"#);
    base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(format!("{}{end}", json.strip_suffix('}').unwrap()))
}

fn list(legs: &[String]) -> String {
    use base64::Engine;
    let digest = |leg: &String| mohur_crypto::sha256(leg.as_bytes());
    legs.iter()
        .map(|leg| format!(":{}:", base64::prelude::BASE64_STANDARD.encode(digest(leg).0)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Signed by `signer` with these headers besides `Mohur-Client`.
fn signed_by(signer: &str, uri: &str, body: &Bytes, headers: &[(&str, &str)]) -> Evidence {
    let mut request = http::Request::post(uri).header("mohur-client", PASSPORTS);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut parts = request.body(()).unwrap().into_parts().0;
    sign_request(&mut parts, body, world().seal(signer), CREATED).unwrap().evidence().clone()
}

const VITALS: &str = "AZ/GOV/MOH/health-card/vitals/v1";

fn single() -> (SentOpening, Evidence) {
    let opening = SentOpening::of_body(opening_json("q-1").into());
    let uri = format!("https://{HOME}/v1/query");
    let evidence = signed_by(PASSPORTS, &uri, opening.sent(), &[("mohur-id", "q-1"), ("mohur-service", VITALS)]);
    (opening, evidence)
}

fn bundle() -> (Vec<String>, Evidence) {
    let legs = vec![as_leg("vitals"), as_leg("birth")];
    let uri = format!("https://{HOME}/v1/bundles");
    let headers = [("mohur-id", "b-1"), ("mohur-service", "issue-id-document@1"), ("mohur-legs", &list(&legs))];
    let evidence = signed_by(PASSPORTS, &uri, &serde_json::to_vec(&legs).unwrap().into(), &headers);
    (legs, evidence)
}

fn http(evidence: Evidence) -> HttpEvidence {
    let Evidence::Http(evidence) = evidence else { panic!("signed over HTTP") };
    evidence
}

fn prove(opening: &SentOpening, evidence: &Evidence) -> Result<ProvenQuery, Refusal> {
    prove_query(opening, evidence, &world().keys(), &home)
}

fn code(opening: &SentOpening, evidence: &Evidence) -> Code {
    prove(opening, evidence).unwrap_err().code
}

#[test]
fn a_single_query_is_proved_by_its_callers_signature() {
    let (opening, evidence) = single();
    let proven = prove(&opening, &evidence).unwrap();
    assert_eq!(proven.query().id.as_str(), "q-1");
    assert_eq!(proven.caller().member().as_str(), PASSPORTS);
    assert_eq!(proven.digest(), opening.digest());
    assert_eq!(proven.created(), CREATED);
}

#[test]
fn each_leg_of_a_bundle_is_proved_by_the_one_signature() {
    let (legs, evidence) = bundle();
    for leg in &legs {
        let opening = SentOpening::of_leg(leg.clone()).unwrap();
        let proven = prove(&opening, &evidence).unwrap();
        assert_eq!(*proven.digest(), mohur_crypto::sha256(leg.as_bytes()), "the digest is that of the string as sent");
    }
    // A leg that was not among them.
    assert_eq!(code(&SentOpening::of_leg(as_leg("fee")).unwrap(), &evidence), Code::DigestMismatch);
}

#[test]
fn a_sha_512_content_digest_proves_as_well() {
    use base64::Engine;
    use mohur_seal::Seal;
    let (opening, evidence) = single();
    let evidence = http(evidence);
    let base = String::from_utf8(evidence.base).unwrap();
    let sha_512 = base64::prelude::BASE64_STANDARD.encode(mohur_crypto::sha512(opening.sent()));
    let base: String = base
        .lines()
        .map(|line| {
            if line.starts_with("\"content-digest\": ") {
                format!("\"content-digest\": sha-512=:{sha_512}:")
            } else {
                line.to_owned()
            }
        })
        .collect::<Vec<_>>()
        .join("\n");
    let signature = world().seal(PASSPORTS).sign(base.as_bytes()).unwrap();
    let evidence = HttpEvidence { base: base.into_bytes(), signature, ..evidence }.into();
    assert!(prove(&opening, &evidence).is_ok());
}

#[test]
fn a_broker_cannot_put_another_opening_under_a_signature() {
    let (opening, evidence) = single();
    let other = SentOpening::of_body(opening_json("q-1").replace("5ABCDE1", "5ABCDE2").into());
    assert_eq!(code(&other, &evidence), Code::DigestMismatch);
    // The body as a leg, a leg as the body.
    use base64::Engine;
    let string = base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(opening.sent());
    assert_eq!(code(&SentOpening::of_leg(string).unwrap(), &evidence), Code::ComponentUncovered);
    let (legs, evidence) = bundle();
    assert_eq!(code(&SentOpening::of_body(legs[0].clone().into()), &evidence), Code::DigestMismatch);
}

#[test]
fn the_signature_must_be_the_callers_own_for_its_own_broker() {
    let opening = SentOpening::of_body(opening_json("q-1").into());
    let headers = [("mohur-id", "q-1"), ("mohur-service", VITALS)];
    let by = |signer: &str, uri: &str| signed_by(signer, uri, opening.sent(), &headers);
    assert_eq!(code(&opening, &by(HUB, "https://broker.gov.az:8443/v1/query")), Code::IdentityMismatch);
    assert_eq!(code(&opening, &by(BANK, "https://broker.gov.az:8443/v1/query")), Code::IdentityMismatch);
    assert_eq!(code(&opening, &by(PASSPORTS, "https://broker.gov.az/v1/query")), Code::WrongBroker);
    assert_eq!(code(&opening, &by(PASSPORTS, "https://evil.example:8443/v1/query")), Code::WrongBroker);
    assert!(prove(&opening, &by(PASSPORTS, "https://BROKER.gov.az:8443/v1/query")).is_ok());
    let unknown = prove_query(&opening, &single().1, &world().keys(), &|_| None).unwrap_err();
    assert_eq!(unknown.code, Code::WrongBroker);
}

#[test]
fn id_and_service_as_signed_are_those_of_the_opening() {
    let opening = SentOpening::of_body(opening_json("q-1").into());
    let uri = format!("https://{HOME}/v1/query");
    for headers in [
        [("mohur-id", "q-2"), ("mohur-service", VITALS)],
        [("mohur-id", "q-1"), ("mohur-service", "AZ/GOV/MOH/health-card/vitals/v2")],
    ] {
        assert_eq!(code(&opening, &signed_by(PASSPORTS, &uri, opening.sent(), &headers)), Code::SignatureInvalid);
    }
    let without = signed_by(PASSPORTS, &uri, opening.sent(), &[("mohur-id", "q-1")]);
    assert_eq!(code(&opening, &without), Code::ComponentUncovered);
    let (legs, _) = bundle();
    let leg = SentOpening::of_leg(legs[0].clone()).unwrap();
    for (id, service) in [
        ("b-2", "issue-id-document@1"),
        ("b-1", "issue-id-document@2"),
        ("b-1.vitals", "issue-id-document@1"),
        ("b", "issue-id-document@1"),
    ] {
        let headers = [("mohur-id", id), ("mohur-service", service), ("mohur-legs", &list(&legs))];
        let evidence = signed_by(PASSPORTS, &uri, &Bytes::new(), &headers);
        assert_eq!(code(&leg, &evidence), Code::SignatureInvalid, "{id} {service}");
    }
}

#[test]
fn a_leg_is_not_sent_alone() {
    use base64::Engine;
    let json = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(as_leg("vitals")).unwrap();
    let opening = SentOpening::of_body(json.into());
    let uri = format!("https://{HOME}/v1/query");
    let headers = [("mohur-id", "b-1.vitals"), ("mohur-service", VITALS)];
    let evidence = signed_by(PASSPORTS, &uri, opening.sent(), &headers);
    assert_eq!(code(&opening, &evidence), Code::SignatureInvalid);
}

fn decision() -> Decision {
    let (opening, _) = single();
    Decision {
        iss: HUB.parse().unwrap(),
        aud: HEALTH.parse().unwrap(),
        iat: CREATED,
        exp: CREATED + 10,
        query_digest: *opening.digest(),
        id: "q-1".parse().unwrap(),
        caller: PASSPORTS.parse().unwrap(),
        service: VITALS.parse().unwrap(),
        verb: mohur_wire::Verb::Read,
        fields: BTreeMap::from([
            ("height".parse().unwrap(), None),
            ("bloodGroup".parse().unwrap(), Some("initials".to_owned())),
        ]),
        obligations: vec!["case".to_owned()],
        policy: Digest([3; 32]),
        intent: Digest([4; 32]),
        settle: None,
    }
}

fn proven_decision(decision: &Decision, sealed_by: &str, seconds: i64) -> Result<ProvenDecision, Refusal> {
    let token = decision.seal(world().seal(sealed_by)).unwrap();
    prove_decision(&token, &world().keys(), &HEALTH.parse().unwrap(), arrival(seconds), 60)
}

#[test]
fn a_decision_is_the_brokers_for_this_host_and_fresh() {
    let proven = proven_decision(&decision(), HUB, 0).unwrap();
    assert_eq!((proven.decision(), proven.broker().member().as_str()), (&decision(), HUB));
    let code = |decision: &Decision, by: &str, seconds| proven_decision(decision, by, seconds).unwrap_err().code;
    assert_eq!(code(&decision(), BANK, 0), Code::IdentityMismatch);
    assert_eq!(code(&Decision { aud: BANK.parse().unwrap(), ..decision() }, HUB, 0), Code::SignatureInvalid);
    assert_eq!(code(&decision(), HUB, 11), Code::Stale);
    assert_eq!(code(&Decision { exp: CREATED + 1000, ..decision() }, HUB, 61), Code::Stale);
    assert_eq!(code(&decision(), HUB, -61), Code::Future);
}

#[test]
fn a_decision_fits_only_the_query_that_it_is_about() {
    let (opening, evidence) = single();
    let query = prove(&opening, &evidence).unwrap();
    let fits = |decision: &Decision| proven_decision(decision, HUB, 0).unwrap().check_fits(&query);
    assert!(fits(&decision()).is_ok());
    let other_id: MessageId = "q-2".parse().unwrap();
    for (what, wrong) in [
        ("query_digest", Decision { query_digest: Digest([9; 32]), ..decision() }),
        ("id", Decision { id: other_id, ..decision() }),
        ("caller", Decision { caller: BANK.parse().unwrap(), ..decision() }),
        ("service", Decision { service: "AZ/GOV/MOH/health-card/vitals/v2".parse().unwrap(), ..decision() }),
        ("verb", Decision { verb: mohur_wire::Verb::Match, ..decision() }),
    ] {
        assert!(fits(&wrong).unwrap_err().detail.contains(what));
    }
}

fn handover() -> Handover {
    let (opening, _) = single();
    Handover {
        iss: HUB.parse().unwrap(),
        aud: BANK.parse().unwrap(),
        iat: CREATED,
        patience: 10_000,
        query_digest: *opening.digest(),
        id: "q-1".parse().unwrap(),
        caller: PASSPORTS.parse().unwrap(),
        service: VITALS.parse().unwrap(),
        verb: mohur_wire::Verb::Read,
        intent: Digest([4; 32]),
        settle: None,
    }
}

fn proven_handover(handover: &Handover, sealed_by: &str, seconds: i64) -> Result<ProvenHandover, Refusal> {
    let token = handover.seal(world().seal(sealed_by)).unwrap();
    prove_handover(&token, &world().keys(), &BANK.parse().unwrap(), arrival(seconds), 60)
}

#[test]
fn a_handover_is_the_home_brokers_for_this_broker_and_this_query_and_now() {
    let proven = proven_handover(&handover(), HUB, 60).unwrap();
    assert_eq!((proven.handover(), proven.broker().member().as_str()), (&handover(), HUB));
    let code = |handover: &Handover, by: &str, seconds| proven_handover(handover, by, seconds).unwrap_err().code;
    assert_eq!(code(&handover(), HEALTH, 0), Code::IdentityMismatch);
    assert_eq!(code(&Handover { aud: HEALTH.parse().unwrap(), ..handover() }, HUB, 0), Code::SignatureInvalid);
    assert_eq!((code(&handover(), HUB, 61), code(&handover(), HUB, -61)), (Code::Stale, Code::Future));
    // A decision is no handover, nor the reverse, though the same broker sealed both.
    let decision = decision().seal(world().seal(HUB)).unwrap();
    let bank = BANK.parse().unwrap();
    assert_eq!(prove_handover(&decision, &world().keys(), &bank, arrival(0), 60).unwrap_err().code, Code::Malformed);
    let token = handover().seal(world().seal(HUB)).unwrap();
    assert_eq!(prove_decision(&token, &world().keys(), &bank, arrival(0), 60).unwrap_err().code, Code::Malformed);

    let (opening, evidence) = single();
    let query = prove(&opening, &evidence).unwrap();
    assert!(proven.check_fits(&query).is_ok());
    for (what, wrong) in [
        ("query_digest", Handover { query_digest: Digest([9; 32]), ..handover() }),
        ("id", Handover { id: "q-2".parse().unwrap(), ..handover() }),
        ("caller", Handover { caller: BANK.parse().unwrap(), ..handover() }),
        ("service", Handover { service: "AZ/GOV/MOH/health-card/vitals/v2".parse().unwrap(), ..handover() }),
        ("verb", Handover { verb: mohur_wire::Verb::Match, ..handover() }),
    ] {
        assert!(proven_handover(&wrong, HUB, 0).unwrap().check_fits(&query).unwrap_err().detail.contains(what));
    }
}

#[test]
fn a_forward_crosses_the_hop_unchanged_and_its_word_goes_on_to_the_host() {
    let (opening, evidence) = single();
    let word = HomeWord::new("a.b.c".to_owned(), r#"{"leaf":"x"}"#).unwrap();
    let json = Forward::new(&opening, evidence.clone(), word).to_json().unwrap();
    let read = Forward::parse(&json).unwrap();
    assert_eq!((read.opening().unwrap(), read.evidence()), (opening.clone(), &evidence));
    assert_eq!((read.home().handover(), read.home().receipt()), ("a.b.c", r#"{"leaf":"x"}"#));
    assert!(!format!("{read:?} {:?}", read.home()).contains("5ABCDE1"));
    let text = String::from_utf8(json).unwrap();
    assert!(Forward::parse(text.replacen("{\"opening\"", "{\"extra\":1,\"opening\"", 1).as_bytes()).is_err());
    assert!(Ask::parse(text.as_bytes()).is_err(), "a forward is no ask");
    let (evidence, word) = read.into_parts();
    let ask = Ask::new(&opening, evidence, "d.e.f".to_owned(), "{}").unwrap();
    assert!(ask.home().is_none() && !String::from_utf8(ask.to_json().unwrap()).unwrap().contains("home"));
    let ask = Ask::parse(&ask.brought_by(Some(word)).to_json().unwrap()).unwrap();
    assert_eq!(ask.home().unwrap().handover(), "a.b.c");
    assert!(Forward::parse(&ask.to_json().unwrap()).is_err(), "nor the reverse");
}

#[test]
fn a_refusal_is_bound_to_its_query() {
    let refusal = SealedRefusal {
        iss: HEALTH.parse().unwrap(),
        iat: CREATED,
        query_digest: Digest([5; 32]),
        code: Code::Denied,
        detail: "ask your officer".to_owned(),
    };
    let token = refusal.seal(world().seal(HEALTH)).unwrap();
    let proven = prove_refusal(&token, &world().keys(), &Digest([5; 32])).unwrap();
    assert_eq!((proven.owner().as_str(), proven.refusal()), (HEALTH, Refusal::new(Code::Denied, "ask your officer")));
    let code = |token: &str, digest| prove_refusal(token, &world().keys(), &Digest(digest)).unwrap_err().code;
    assert_eq!(code(&token, [6; 32]), Code::SubjectMismatch);
    let long = SealedRefusal { detail: "x".repeat(1001), ..refusal.clone() };
    assert_eq!(code(&long.seal(world().seal(HEALTH)).unwrap(), [5; 32]), Code::Malformed);
    assert_eq!(code(&refusal.seal(world().seal(HUB)).unwrap(), [5; 32]), Code::IdentityMismatch);
    assert_eq!(
        code(&decision().seal(world().seal(HUB)).unwrap(), [5; 32]),
        Code::Malformed,
        "a decision is no refusal"
    );
}

#[test]
fn an_ask_crosses_the_hop_unchanged_and_is_read_strictly() {
    let (legs, bundle_evidence) = bundle();
    let (opening, evidence) = single();
    for (opening, evidence) in [(opening, evidence), (SentOpening::of_leg(legs[0].clone()).unwrap(), bundle_evidence)] {
        let ask = Ask::new(&opening, evidence.clone(), "a.b.c".to_owned(), r#"{"leaf":"x"}"#).unwrap();
        let json = ask.to_json().unwrap();
        let read = Ask::parse(&json).unwrap();
        assert_eq!(read.opening().unwrap(), opening);
        assert_eq!((read.evidence(), read.decision(), read.receipt()), (&evidence, "a.b.c", r#"{"leaf":"x"}"#));
        let text = String::from_utf8(json).unwrap();
        assert!(Ask::parse(text.replacen("{\"opening\"", "{\"extra\":1,\"opening\"", 1).as_bytes()).is_err());
        assert!(Ask::parse(text.replacen("{\"opening\"", "{\"form\":\"body\",\"opening\"", 1).as_bytes()).is_err());
        assert!(!format!("{read:?} {:?}", read.opening().unwrap()).contains("5ABCDE1"));
    }
    let mut repeated = serde_json::to_string(&decision()).unwrap();
    repeated = repeated.replace("\"height\":null", "\"height\":null,\"height\":null");
    assert!(serde_json::from_str::<Decision>(&repeated).is_err());
    assert_eq!(Reply::parse(br#"{"answer":"x"}"#).unwrap(), Reply::Answer("x".to_owned()));
    assert_eq!(Reply::parse(&Reply::Refusal("y".to_owned()).to_json()).unwrap(), Reply::Refusal("y".to_owned()));
    for wrong in ["{}", r#"{"answer":"x","refusal":"y"}"#, r#"{"other":"x"}"#, r#"{"answer":1}"#, "[]", ""] {
        assert_eq!(Reply::parse(wrong.as_bytes()).unwrap_err().code, Code::ProviderInvalid, "{wrong}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_readers_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Ask::parse(&bytes);
        let _ = Forward::parse(&bytes);
        let _ = Reply::parse(&bytes);
        let _ = SentOpening::of_body(bytes.clone().into()).query();
        let _ = SentOpening::of_leg(String::from_utf8_lossy(&bytes).into_owned());
    }

    #[test]
    fn no_single_bit_of_an_opening_can_be_turned(place in any::<proptest::sample::Index>(), bit in 0u8..8) {
        let (opening, evidence) = single();
        let mut bytes = opening.sent().to_vec();
        let at = place.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(prove(&SentOpening::of_body(bytes.into()), &evidence).is_err());
    }
}
