use mohur_seal::Seal;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::testing::{BANK, CREATED, HEALTH, world};

fn claims() -> OwnerClaims {
    OwnerClaims {
        issuer: HEALTH.parse().unwrap(),
        service: format!("{HEALTH}/vitals/v1").parse().unwrap(),
        verb: Verb::Read,
        issued: CREATED,
        query_digest: sha256(b"opening"),
    }
}

fn name(text: &str) -> FieldName {
    text.parse().unwrap()
}

fn fields() -> BTreeMap<FieldName, Value> {
    BTreeMap::from([
        (name("bloodGroup"), Value::text("A+")),
        (name("height"), Value::Number(181)),
        (name("eyeColour"), Value::text("BRO")),
    ])
}

fn sealed() -> String {
    issue(&claims(), Some(&fields()), world().seal(HEALTH)).unwrap()
}

fn verify(text: &str) -> Result<SealedAnswer, SdJwtError> {
    SealedAnswer::verify(text, &world().keys())
}

/// Any payload and any disclosures, sealed by the health ministry.
fn forged(change: impl FnOnce(&mut serde_json::Value), disclosures: &[String]) -> String {
    let mut digests: Vec<String> = disclosures.iter().map(|text| digest_of(text)).collect();
    digests.sort();
    let mut payload = json!({
        "iss": HEALTH, "service": format!("{HEALTH}/vitals/v1"), "verb": "read", "iat": CREATED,
        "query_digest": sha256(b"opening").to_base64url(), "finding": "found", "_sd_alg": "sha-256", "_sd": digests,
    });
    change(&mut payload);
    let token = jws::sign(TYPE, &payload, world().seal(HEALTH)).unwrap();
    let rest: String = disclosures.iter().map(|text| format!("{text}~")).collect();
    format!("{token}~{rest}")
}

fn disclosed(json: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(json)
}

const SALT: &str = "abcdefghijklmnopqrstuv";

/// RFC 9901 §4.2.1 and §4.2.3.
#[test]
fn the_digest_of_a_disclosure_is_that_of_the_rfc() {
    let disclosure = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0";
    assert_eq!(digest_of(disclosure), "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0");
}

#[test]
fn an_answer_says_what_its_owner_sealed() {
    let answer = verify(&sealed()).unwrap();
    assert_eq!(answer.claims(), &claims());
    assert_eq!(answer.found(), Some(&fields()));
    assert_eq!(answer.signer().member().as_str(), HEALTH);
    assert_eq!(answer.release(|_| true), sealed_again(&answer));
    assert!(!format!("{answer:?}").contains("A+"));
}

fn sealed_again(answer: &SealedAnswer) -> String {
    let rest: String = answer.disclosures.iter().map(|(_, text)| format!("{text}~")).collect();
    format!("{}~{rest}", answer.token)
}

#[test]
fn release_drops_fields_and_the_seal_still_verifies() {
    let answer = verify(&sealed()).unwrap();
    for kept in [vec![], vec!["height"], vec!["bloodGroup", "eyeColour"]] {
        let released = answer.release(|field| kept.contains(&field.as_str()));
        let again = verify(&released).unwrap();
        assert_eq!(again.fields().keys().map(FieldName::as_str).collect::<Vec<_>>(), kept);
        assert!(again.is_found());
        assert_eq!(again.query_digest(), answer.query_digest());
    }
}

#[test]
fn nobody_is_sealed_too() {
    let answer = verify(&issue(&claims(), None, world().seal(HEALTH)).unwrap()).unwrap();
    assert_eq!((answer.is_found(), answer.found()), (false, None));
    let hidden =
        forged(|payload| payload["finding"] = json!("absent"), &[disclosed(&format!(r#"["{SALT}","height",1]"#))]);
    assert!(matches!(verify(&hidden), Err(SdJwtError::Malformed(_))));
}

#[test]
fn salts_make_equal_answers_differ_and_the_order_says_nothing() {
    let (one, other) = (sealed(), sealed());
    let token = |text: &str| text.split('~').next().unwrap().to_owned();
    assert_ne!(token(&one), token(&other));
    let payload = token(&one).split('.').nth(1).map(|part| BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    let payload: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    let digests: Vec<&str> = payload["_sd"].as_array().unwrap().iter().map(|digest| digest.as_str().unwrap()).collect();
    assert!(digests.is_sorted() && digests.len() == 3);
    assert!(!payload.to_string().contains("height"));
}

#[test]
fn a_broker_cannot_add_repeat_or_change_a_field() {
    let text = sealed();
    let invented = disclosed(&format!(r#"["{SALT}","height",190]"#));
    assert!(matches!(verify(&format!("{text}{invented}~")), Err(SdJwtError::Foreign)));
    let first = text.split('~').nth(1).unwrap();
    assert!(matches!(verify(&format!("{text}{first}~")), Err(SdJwtError::Duplicate)));
    // The owner itself seals two values of one field.
    let two = [disclosed(&format!(r#"["{SALT}","height",1]"#)), disclosed(&format!(r#"["{SALT}x","height",1]"#))];
    assert!(matches!(verify(&forged(|_| {}, &two)), Err(SdJwtError::Duplicate)));
    // Another answer's disclosure.
    let foreign = sealed();
    let token = text.split('~').next().unwrap();
    assert!(matches!(verify(&foreign.replace(foreign.split('~').next().unwrap(), token)), Err(SdJwtError::Foreign)));
}

#[test]
fn the_issuer_is_the_owner_of_the_service_and_of_the_seal() {
    let another_seal = issue(&claims(), Some(&fields()), world().seal(BANK)).unwrap();
    assert!(matches!(verify(&another_seal), Err(SdJwtError::Issuer)));
    assert!(matches!(verify(&forged(|payload| payload["iss"] = json!(BANK), &[])), Err(SdJwtError::Issuer)));
    let service = forged(|payload| payload["service"] = json!("AZ/GOV/MOJ/civil-registry/birth/v1"), &[]);
    assert!(matches!(verify(&service), Err(SdJwtError::Issuer)));
}

#[test]
fn the_payload_is_strict() {
    assert!(verify(&forged(|_| {}, &[])).is_ok());
    let changes: [fn(&mut serde_json::Value); 8] = [
        |payload| payload["extra"] = json!(1),
        |payload| payload["_sd_alg"] = json!("sha-512"),
        |payload| payload["_sd"] = json!(["b", "a"]),
        |payload| payload["_sd"] = json!(["a", "a"]),
        |payload| payload["query_digest"] = json!("x"),
        |payload| payload["finding"] = json!("maybe"),
        |payload| payload["cnf"] = json!({}),
        |payload| payload["_sd"] = json!((0..300).map(|n| format!("{n:04}")).collect::<Vec<_>>()),
    ];
    for change in changes {
        assert!(verify(&forged(change, &[])).is_err());
    }
}

#[test]
fn disclosures_are_strict() {
    for wrong in [
        format!(r#"["{SALT}","_sd",1]"#),
        format!(r#"["{SALT}","...",1]"#),
        format!(r#"["{SALT}","iss","x"]"#),
        format!(r#"["{SALT}","height",1.5]"#),
        format!(r#"["{SALT}","height",{{"a":1}}]"#),
        format!(r#"["{SALT}","height",null]"#),
        format!(r#"["{SALT}","height"]"#),
        format!(r#"["{SALT}","height",1,2]"#),
        r#"["short","height",1]"#.to_owned(),
        String::new(),
        format!(r#"["{SALT}","height","{}"]"#, "x".repeat(MAX_DISCLOSURE)),
    ] {
        assert!(verify(&forged(|_| {}, &[disclosed(&wrong)])).is_err(), "{wrong}");
    }
    // White space as the RFC's examples have it.
    assert!(verify(&forged(|_| {}, &[disclosed(&format!(r#"["{SALT}", "height", 1]"#))])).is_ok());
}

#[test]
fn other_shapes_are_refused() {
    let text = sealed();
    for wrong in ["", "~", &text[..text.len() - 1], &format!("{text}~"), &format!("{text}x"), &text[1..]] {
        assert!(verify(wrong).is_err(), "{wrong}");
    }
    let key_binding = format!("{text}{}", text.split('~').next().unwrap());
    assert!(matches!(verify(&key_binding), Err(SdJwtError::Malformed(_))));
}

#[test]
fn a_field_may_not_be_called_like_a_claim() {
    let fields = BTreeMap::from([(name("iss"), Value::Flag(true))]);
    assert!(matches!(issue(&claims(), Some(&fields), world().seal(HEALTH)), Err(SdJwtError::ReservedName(_))));
    assert_eq!(world().seal(HEALTH).algorithm().jws_name(), "ES256");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[A-Za-z0-9_.~-]{0,300}") {
        let _ = verify(&text);
        let _ = read_disclosure(&text);
    }

    #[test]
    fn whatever_is_sealed_is_read_back(values in proptest::collection::btree_map("[a-z][A-Za-z0-9]{0,20}", "\\PC{0,40}", 0..10)) {
        let fields: BTreeMap<FieldName, Value> = values.iter()
            .filter(|(name, _)| !RESERVED.contains(&name.as_str()))
            .map(|(field, value)| (name(field), Value::text(value.clone()))).collect();
        let text = issue(&claims(), Some(&fields), world().seal(HEALTH)).unwrap();
        let answer = verify(&text).unwrap();
        prop_assert_eq!(answer.fields(), &fields);
    }

    #[test]
    fn no_single_bit_can_be_turned(place in any::<proptest::sample::Index>(), bit in 0u8..7) {
        let mut bytes = sealed().into_bytes();
        let at = place.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(verify(&String::from_utf8(bytes).unwrap()).is_err());
    }
}
