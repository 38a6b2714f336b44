use mohur_seal::Seal;
use mohur_wire::RefusalCode as Code;
use proptest::prelude::*;

use super::*;
use crate::Evidence;
use crate::testing::{CREATED, PASSPORTS, world};

/// A base of these lines, signed by the passport office.
fn evidence(lines: &[&str], covered: &str) -> HttpEvidence {
    let seal = world().seal(PASSPORTS);
    let parameters = format!(r#"({covered});created={CREATED};keyid="{}";nonce="n""#, seal.key_id());
    let mut base: String = lines.iter().map(|line| format!("{line}\n")).collect();
    base.push_str(&format!("\"@signature-params\": {parameters}"));
    HttpEvidence {
        signature: seal.sign(base.as_bytes()).unwrap(),
        base: base.into_bytes(),
        certificate: seal.certificate().to_vec(),
        algorithm: "ecdsa-p256-sha256".to_owned(),
    }
}

fn good() -> HttpEvidence {
    evidence(&[r#""@method": POST"#, r#""mohur-id": q-1"#], r#""@method" "mohur-id""#)
}

fn code(evidence: &HttpEvidence) -> Code {
    verify_evidence(evidence, &world().keys()).unwrap_err().code
}

#[test]
fn a_verified_base_gives_the_values_of_its_lines() {
    let base = verify_evidence(&good(), &world().keys()).unwrap();
    assert_eq!(base.identity().member().as_str(), PASSPORTS);
    assert_eq!(
        (base.value("@method"), base.value("mohur-id"), base.value("mohur-client")),
        (Some("POST"), Some("q-1"), None)
    );
    assert_eq!((base.created().unwrap(), base.nonce().unwrap(), base.expires()), (CREATED, "n", None));
    assert_eq!(base.required("mohur-client").unwrap_err().code, Code::ComponentUncovered);
}

#[test]
fn a_component_with_flags_is_not_taken_for_the_plain_one() {
    let flagged = evidence(&[r#""mohur-id";bs: :cS0x:"#], r#""mohur-id";bs"#);
    assert_eq!(verify_evidence(&flagged, &world().keys()).unwrap().value("mohur-id"), None);
    let of_request = evidence(&[r#""@method";req: POST"#], r#""@method";req"#);
    assert_eq!(verify_evidence(&of_request, &world().keys()).unwrap().value("@method"), None);
}

#[test]
fn lines_that_are_not_the_listed_components_are_refused() {
    for (lines, covered) in [
        // A line more, a line less, another order, another name, no blank, a value that continues on a line of its own.
        (vec![r#""@method": POST"#, r#""mohur-id": q-1"#], r#""@method""#),
        (vec![r#""@method": POST"#], r#""@method" "mohur-id""#),
        (vec![r#""mohur-id": q-1"#, r#""@method": POST"#], r#""@method" "mohur-id""#),
        (vec![r#""@method": POST"#], r#""@path""#),
        (vec![r#""@method":POST"#], r#""@method""#),
        (vec![r#""x": one"#, r#""mohur-id": q-2"#, r#""mohur-id": q-1"#], r#""x" "mohur-id""#),
        (vec![""], r#""@method""#),
        (vec!["extra"], ""),
        (vec!["", ""], ""),
    ] {
        assert_eq!(code(&evidence(&lines, covered)), Code::SignatureInvalid, "{lines:?}");
    }
    assert_eq!(code(&evidence(&[r#""x": ə"#], r#""x""#)), Code::SignatureInvalid, "not ASCII");
    assert_eq!(code(&evidence(&["\"x\": a\r"], r#""x""#)), Code::SignatureInvalid, "a carriage return");
    assert_eq!(code(&evidence(&[r#""x": a"#, r#""x": b"#], r#""x" "x""#)), Code::Malformed, "covered twice");
    let long = format!("\"x\": {}", "a".repeat(MAX_BASE));
    assert_eq!(code(&evidence(&[&long], r#""x""#)), Code::SignatureInvalid);
}

#[test]
fn the_parameters_line_is_the_last_and_only_one() {
    let mut without = good();
    without.base = b"\"@method\": POST\n\"mohur-id\": q-1".to_vec();
    assert_eq!(code(&without), Code::SignatureInvalid);
    let mut after = good();
    after.base.push(b'\n');
    assert_eq!(code(&after), Code::SignatureInvalid);
    let imitation = evidence(&[r#""@signature-params": ("@method")"#], r#""@method""#);
    assert_eq!(code(&imitation), Code::SignatureInvalid);
}

#[test]
fn signature_certificate_and_algorithm_belong_together() {
    let mut signature = good();
    signature.signature[7] ^= 1;
    assert_eq!(code(&signature), Code::SignatureInvalid);
    let mut certificate = good();
    certificate.certificate = world().seal(crate::testing::BANK).certificate().to_vec();
    assert_eq!(code(&certificate), Code::SignatureInvalid);
    let mut algorithm = good();
    algorithm.algorithm = "ed25519".to_owned();
    assert_eq!(code(&algorithm), Code::AlgorithmRefused);
}

#[test]
fn its_json_is_strict() {
    let good = Evidence::from(good());
    let json = serde_json::to_string(&good).unwrap();
    assert_eq!(serde_json::from_str::<Evidence>(&json).unwrap(), good);
    for wrong in [
        json.replace("\"base\"", "\"bass\""),
        json.replace("\"base\"", "\"signedInfo\""),
        json.replace('}', ",\"timestamp\":\"AAAA\"}"),
        json.replace('}', ",\"extra\":1}"),
        json.replace("\"signature\":\"", "\"signature\":\"="),
    ] {
        assert!(serde_json::from_str::<Evidence>(&wrong).is_err(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_base(&bytes);
    }

    #[test]
    fn what_the_reader_accepts_has_one_reading(value in "[ -~\\t]{0,40}", more in "[ -~\\n\"@:;=()]{0,60}") {
        let text = format!("\"x\": {value}{more}\n\"@signature-params\": (\"x\")");
        if let Ok((input, values)) = read_base(text.as_bytes()) {
            let lines: String = input.components().iter().zip(&values)
                .map(|(component, value)| format!("{}: {value}\n", component.identifier())).collect();
            prop_assert_eq!(format!("{lines}\"@signature-params\": {}", input.text()), text);
        }
    }

    #[test]
    fn no_single_bit_of_the_base_can_be_turned(place in any::<proptest::sample::Index>(), bit in 0u8..8) {
        let mut turned = good();
        let at = place.index(turned.base.len());
        turned.base[at] ^= 1 << bit;
        prop_assert!(verify_evidence(&turned, &world().keys()).is_err());
    }
}
