use std::sync::Arc;
use std::time::Duration;

use mohur_contract::conformance::{self, ARRIVAL, Cases, Fault};
use mohur_http::SystemClock;
use mohur_reference::{Country, Faults, Kind, Oddity, Register};
use serde_json::{Value as Json, json};

use super::*;

struct Bench {
    country: Arc<Country>,
    register: Register,
    adapter: HealthCard,
    _folder: tempfile::TempDir,
}

async fn bench() -> Bench {
    let country = Arc::new(Country::default());
    let address = "127.0.0.1:0".parse().unwrap();
    let register =
        Register::start(Kind::HealthCard, address, Arc::clone(&country), Arc::new(SystemClock)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, register.token()).unwrap();
    let adapter = HealthCard::new(&Settings::new(register.url()).with_credential(&file)).unwrap();
    Bench { country, register, adapter, _folder: folder }
}

fn faults(fault: Fault) -> Faults {
    match fault {
        Fault::None => Faults::default(),
        Fault::Slow(delay) => Faults { delay, ..Faults::default() },
        Fault::Down => Faults { down: true, ..Faults::default() },
        Fault::WrongSubject => Faults { wrong_person: true, ..Faults::default() },
        Fault::ExtraFields => Faults { extra_fields: true, ..Faults::default() },
        Fault::Garbage => Faults { garbage: true, ..Faults::default() },
    }
}

fn query(fin: Fin, operands: &Json) -> Query {
    let mut opening = json!({
        "salt": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "id": "q-1",
        "caller": "AZ/GOV/MIA/id-cards",
        "service": "AZ/GOV/MOH/health-card/vitals/v1",
        "subject": { "fin": fin },
        "purpose": "issue-id-document",
        "official": "officer 7",
    });
    for (name, value) in operands.as_object().unwrap() {
        opening[name] = value.clone();
    }
    Query::parse(opening.to_string().as_bytes()).unwrap()
}

fn fields<T: Clone>(pairs: &[(&str, T)]) -> BTreeMap<FieldName, T> {
    pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.clone())).collect()
}

fn everything() -> Json {
    json!({ "verb": "read", "fields": ["bloodGroup", "eyeColour", "height"] })
}

#[tokio::test]
async fn it_conforms_against_the_reference_register() {
    let bench = bench().await;
    let person = bench.country.clear_citizens().nth(1).unwrap();
    let card = person.health.as_ref().unwrap();
    let held = [
        ("bloodGroup", Value::text(card.blood_group.unwrap())),
        ("eyeColour", Value::text(card.eye_colour.unwrap())),
        ("height", Value::Number(i64::from(card.height.unwrap()))),
    ];
    let values = json!({ "bloodGroup": card.blood_group, "height": 1 });
    let cases = Cases {
        present: Some((query(person.fin, &everything()), fields(&held))),
        absent: Some(query(bench.country.unused_fin(), &everything())),
        verdicts: vec![(
            query(person.fin, &json!({ "verb": "match", "values": values })),
            fields(&[("bloodGroup", Verdict::Match), ("height", Verdict::Mismatch)]),
        )],
        refused: vec![query(person.fin, &json!({ "verb": "verify", "predicates": { "height": { "atLeast": 180 } } }))],
        reserve: None,
    };
    let broken = conformance::check(&bench.adapter, &cases, &|fault| bench.register.set_faults(faults(fault))).await;
    assert!(broken.is_empty(), "{broken:#?}");
}

#[tokio::test]
async fn gaps_are_missing_fields_and_no_card_is_nobody() {
    let bench = bench().await;
    let context = Context::new(ARRIVAL, Duration::from_secs(10));
    for (oddity, missing) in [(Oddity::NoBloodGroup, "bloodGroup"), (Oddity::NoHeight, "height")] {
        let person = bench.country.with_oddity(oddity).unwrap();
        let answer = bench.adapter.answer(&query(person.fin, &everything()), &context).await.unwrap();
        let Finding::Found(fields) = answer.finding else { panic!("absent") };
        assert!(fields.len() == 2 && !fields.keys().any(|field| field.as_str() == missing), "{fields:?}");
    }
    let nobody = bench.country.with_oddity(Oddity::NoHealthCard).unwrap();
    let answer = bench.adapter.answer(&query(nobody.fin, &everything()), &context).await.unwrap();
    assert_eq!(answer.finding, Finding::Absent);
}

fn observation(value: &Json) -> Observation {
    let mut resource = json!({ "status": "final", "code": { "coding": [] }, "subject": { "reference": "Patient/1" } });
    for (name, value) in value.as_object().unwrap() {
        resource[name] = value.clone();
    }
    serde_json::from_value(resource).unwrap()
}

use crate::fhir::Observation;

#[test]
fn heights_are_whole_centimetres_in_ucum() {
    let height = |value: Json, code: &str| {
        let quantity = json!({ "value": value, "system": "http://unitsofmeasure.org", "code": code });
        Vital::Height.value(&observation(&json!({ "valueQuantity": quantity }))).ok()
    };
    assert_eq!(height(json!(178), "cm"), Some(Value::Number(178)));
    assert_eq!(height(json!(178.4), "cm"), Some(Value::Number(178)));
    assert_eq!(height(json!(178.5), "cm"), Some(Value::Number(179)));
    for (value, code) in
        [(json!(1.78), "m"), (json!(70), "[in_i]"), (json!(-178), "cm"), (json!(0), "cm"), (json!(1e300), "cm")]
    {
        assert_eq!(height(value, code), None);
    }
    let at_most = json!({ "value": 170, "comparator": "<", "system": "http://unitsofmeasure.org", "code": "cm" });
    assert!(Vital::Height.value(&observation(&json!({ "valueQuantity": at_most }))).is_err());
}

#[test]
fn codes_that_are_not_known_are_invalid() {
    let coded = |vital: Vital, coding: Json| {
        vital.value(&observation(&json!({ "valueCodeableConcept": { "coding": coding } }))).ok()
    };
    let snomed = |code: &str| json!([{ "system": "http://snomed.info/sct", "code": code }]);
    assert_eq!(coded(Vital::BloodGroup, snomed("278151004")), Some(Value::text("AB+")));
    assert_eq!(coded(Vital::BloodGroup, snomed("112144000")), None);
    assert_eq!(coded(Vital::BloodGroup, json!([{ "system": "http://loinc.org", "code": "278151004" }])), None);
    let two = json!([
        { "system": "http://snomed.info/sct", "code": "278151004" },
        { "system": "http://snomed.info/sct", "code": "278147001" },
    ]);
    assert_eq!(coded(Vital::BloodGroup, two), None);
    let eyes = |code: &str| json!([{ "system": "urn:ansi-nist-itl:eye-colour", "code": code }]);
    assert_eq!(coded(Vital::EyeColour, eyes("XXX")), Some(Value::text("XXX")));
    assert_eq!(coded(Vital::EyeColour, eyes("brown")), None);
    assert_eq!(coded(Vital::EyeColour, json!([])), None);
}
