use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::testing::{BANK, HUB, PASSPORTS, world};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    name: String,
}

const TYPE: &str = "test+jwt";

fn claims() -> Claims {
    Claims { name: "value".to_owned() }
}

fn signed() -> String {
    sign(TYPE, &claims(), world().seal(HUB)).unwrap()
}

fn refused(text: &str) -> JwsError {
    verify::<Claims>(text, TYPE, &world().keys()).unwrap_err()
}

/// Any header and payload, signed by the hub.
fn forged(header: &str, payload: &str) -> String {
    let input = format!("{}.{}", BASE64_URL_SAFE_NO_PAD.encode(header), BASE64_URL_SAFE_NO_PAD.encode(payload));
    let signature = world().seal(HUB).sign(input.as_bytes()).unwrap();
    format!("{input}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

fn header(seal: &str) -> String {
    json!({"alg": "ES256", "typ": TYPE, "x5t#S256": world().seal(seal).key_id().to_base64url()}).to_string()
}

#[test]
fn what_is_signed_verifies_with_its_signer() {
    let verified = verify::<Claims>(&signed(), TYPE, &world().keys()).unwrap();
    assert_eq!(verified.claims(), &claims());
    assert_eq!(verified.member().as_str(), HUB);
    assert!(verify::<Claims>(&forged(&header(HUB), r#"{"name":"x"}"#), TYPE, &world().keys()).is_ok());
}

#[test]
fn only_the_one_header_is_accepted() {
    let good = header(HUB);
    for wrong in [
        good.replace("\"alg\"", "\"crit\":[],\"alg\""),
        good.replace("\"alg\"", "\"jwk\":{},\"alg\""),
        good.replace("\"alg\"", "\"alg\":\"ES256\",\"alg\""),
        good.replace("\"typ\":\"test+jwt\",", ""),
        good.replace("\"x5t#S256\"", "\"x5t\""),
        "[]".to_owned(),
    ] {
        assert!(matches!(refused(&forged(&wrong, r#"{"name":"x"}"#)), JwsError::Malformed(_)), "{wrong}");
    }
    for alg in ["none", "HS256", "EdDSA", "es256", ""] {
        let wrong = good.replace("ES256", alg);
        assert!(matches!(refused(&forged(&wrong, r#"{"name":"x"}"#)), JwsError::Algorithm("ES256")), "{alg}");
    }
    let other = good.replace(TYPE, "mohur-decision+jwt");
    assert!(matches!(refused(&forged(&other, r#"{"name":"x"}"#)), JwsError::Type(TYPE)));
}

#[test]
fn the_signer_is_the_one_that_the_fingerprint_names() {
    assert!(matches!(refused(&forged(&header(BANK), r#"{"name":"x"}"#)), JwsError::Signature));
    let unknown = json!({"alg": "ES256", "typ": TYPE, "x5t#S256": Digest([1; 32]).to_base64url()}).to_string();
    assert!(matches!(refused(&forged(&unknown, "{}")), JwsError::Key(KeyError::Unknown)));
    for (which, expected) in [("expired", KeyError::Expired), ("revoked", KeyError::Revoked)] {
        let text = sign(TYPE, &claims(), world().unusable(which)).unwrap();
        assert!(matches!(refused(&text), JwsError::Key(error) if error == expected), "{which}");
    }
    assert!(verify::<Claims>(&sign(TYPE, &claims(), world().seal(PASSPORTS)).unwrap(), TYPE, &world().keys()).is_ok());
}

#[test]
fn claims_are_exactly_those_of_the_type() {
    for wrong in
        [r#"{"name":"x","name":"y"}"#, r#"{"name":"x","more":1}"#, "{}", r#"{"name":1}"#, r#"{"name":"x"} {}"#, ""]
    {
        assert!(matches!(refused(&forged(&header(HUB), wrong)), JwsError::Claims { .. }), "{wrong}");
    }
}

#[test]
fn other_shapes_are_refused() {
    let good = signed();
    for wrong in [
        "",
        ".",
        "..",
        "a.b",
        &good[1..],
        &format!("{good}."),
        &format!("{good}.x"),
        &format!("{good}="),
        &format!(" {good}"),
    ] {
        assert!(matches!(refused(wrong), JwsError::Malformed(_) | JwsError::Signature), "{wrong}");
    }
    assert!(matches!(refused(&"a".repeat(MAX_TOKEN + 1)), JwsError::Malformed(_)));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}") {
        let _ = verify::<Claims>(&text, TYPE, &world().keys());
    }

    #[test]
    fn no_single_bit_can_be_turned(place in any::<proptest::sample::Index>(), bit in 0u8..7) {
        let mut bytes = signed().into_bytes();
        let at = place.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(verify::<Claims>(&String::from_utf8(bytes).unwrap(), TYPE, &world().keys()).is_err());
    }
}
