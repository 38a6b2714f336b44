use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mohur_contract::conformance::{self, ARRIVAL, Cases, Fault};
use mohur_http::SystemClock;
use mohur_reference::{Country, Faults, Kind, Mark, Oddity, Register};
use mohur_wire::answer::Finding;
use mohur_wire::{FieldName, Fin, Value, Verdict};
use serde_json::{Value as Json, json};

use super::*;

struct Bench {
    country: Arc<Country>,
    register: Register,
    adapter: PopulationRegister,
    _folder: tempfile::TempDir,
}

async fn bench() -> Bench {
    let country = Arc::new(Country::default());
    let address = "127.0.0.1:0".parse().unwrap();
    let register =
        Register::start(Kind::PopulationRegister, address, Arc::clone(&country), Arc::new(SystemClock)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, register.token()).unwrap();
    let adapter = PopulationRegister::new(&Settings::new(register.url()).with_credential(&file)).unwrap();
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

fn query(service: &str, fin: Fin, operands: &Json) -> Query {
    let mut opening = json!({
        "salt": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "id": "q-1",
        "caller": "AZ/GOV/MIA/id-cards",
        "service": format!("AZ/GOV/MOJ/population-register/{service}"),
        "subject": { "fin": fin },
        "purpose": "issue-id-document",
        "official": "officer 7",
    });
    for (name, value) in operands.as_object().unwrap() {
        opening[name] = value.clone();
    }
    Query::parse(opening.to_string().as_bytes()).unwrap()
}

fn fields<T>(pairs: &[(&str, T)]) -> BTreeMap<FieldName, T>
where
    T: Clone,
{
    pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.clone())).collect()
}

async fn verdicts(bench: &Bench, query: &Query) -> BTreeMap<String, String> {
    let answer = bench.adapter.answer(query, &Context::new(ARRIVAL, Duration::from_secs(10))).await.unwrap();
    assert_eq!(answer.subject, query.subject);
    let Finding::Found(fields) = answer.finding else { panic!("absent") };
    fields.into_iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

fn everything() -> [&'static str; 14] {
    [
        "familyName",
        "givenName",
        "patronymic",
        "birthDate",
        "birthPlace",
        "sex",
        "citizenship",
        "maritalStatus",
        "residence",
        "cardNumber",
        "photo",
        "bloodGroup",
        "eyeColour",
        "height",
    ]
}

#[tokio::test]
async fn it_conforms_against_the_reference_register() {
    let bench = bench().await;
    let person = bench.country.clear_citizen();
    let (family_name, given_name, birth_date) = person.recorded();
    let entry = &person.population;
    let read = query("person/v1", person.fin, &json!({ "verb": "read", "fields": everything() }));
    let photo = Value::text(BASE64_STANDARD.encode(mohur_reference::country::photo(person.fin)));
    let held = [
        ("familyName", Value::text(family_name)),
        ("givenName", Value::text(given_name)),
        ("patronymic", Value::text(&person.patronymic)),
        ("birthDate", Value::text(birth_date.to_string())),
        ("birthPlace", Value::text(&person.birth.as_ref().unwrap().birth_place)),
        ("sex", Value::text(person.sex.as_str())),
        ("citizenship", Value::text("AZE")),
        ("maritalStatus", Value::text(person.status.marital_status.as_str())),
        ("residence", Value::text(&entry.address)),
        ("cardNumber", Value::text(entry.card.as_ref().unwrap())),
        ("photo", photo),
        ("bloodGroup", Value::text(entry.blood_group.unwrap())),
        ("eyeColour", Value::text(entry.eye_colour.unwrap())),
        ("height", Value::Number(entry.height.unwrap().into())),
    ];
    let given = json!({
        "familyName": family_name.to_uppercase(), "residence": entry.address, "cardNumber": "ZZ0000000",
        "height": entry.height.unwrap(),
    });
    let compare = query("person/v1", person.fin, &json!({ "verb": "match", "values": given }));
    let compared = [
        ("familyName", Verdict::Match),
        ("residence", Verdict::Match),
        ("cardNumber", Verdict::Mismatch),
        ("height", Verdict::Match),
    ];
    let predicates = json!({
        "age": { "atLeast": 16 }, "citizenship": { "oneOf": ["TUR", "AZE"] }, "height": { "oneOf": [1] },
    });
    let verify = query("person/v1", person.fin, &json!({ "verb": "verify", "predicates": predicates }));
    let verified = [("age", Verdict::Match), ("citizenship", Verdict::Match), ("height", Verdict::Mismatch)];
    let cases = Cases {
        present: Some((read, fields(&held))),
        absent: Some(query("person/v1", bench.country.unused_fin(), &json!({ "verb": "match", "values": given }))),
        verdicts: vec![(compare, fields(&compared)), (verify, fields(&verified))],
        refused: vec![
            query("person/v1", person.fin, &json!({ "verb": "match", "values": { "height": "197" } })),
            query("person/v1", person.fin, &json!({ "verb": "match", "values": { "familyName": 7 } })),
            query("person/v1", person.fin, &json!({ "verb": "verify", "predicates": { "height": { "atLeast": 1 } } })),
        ],
        reserve: None,
    };
    let broken = conformance::check(&bench.adapter, &cases, &|fault| bench.register.set_faults(faults(fault))).await;
    assert!(broken.is_empty(), "{broken:#?}");
}

#[tokio::test]
async fn it_knows_people_without_a_birth_act_and_says_what_it_copied_wrongly() {
    let bench = bench().await;
    let unacted = bench.country.with_oddity(Oddity::NoBirthAct).unwrap();
    let (family_name, ..) = unacted.recorded();
    let named = json!({ "verb": "match", "values": { "familyName": family_name, "birthPlace": "Bakı" } });
    let told = verdicts(&bench, &query("person/v1", unacted.fin, &named)).await;
    assert_eq!((told["familyName"].as_str(), told["birthPlace"].as_str()), ("match", "unknown"));
    let differs = bench.country.with_mark(Mark::BloodGroupDiffers).next().unwrap();
    let card = differs.health.as_ref().unwrap().blood_group.unwrap();
    let blood = json!({ "verb": "match", "values": { "bloodGroup": card } });
    assert_eq!(verdicts(&bench, &query("person/v1", differs.fin, &blood)).await["bloodGroup"], "mismatch");
    let moved = bench.country.with_mark(Mark::ResidenceDiffers).next().unwrap();
    let home = json!({ "verb": "match", "values": { "residence": moved.claims.home.to_string() } });
    assert_eq!(verdicts(&bench, &query("person/v1", moved.fin, &home)).await["residence"], "mismatch");
}

#[tokio::test]
async fn a_token_that_may_only_read_does_not_match() {
    let bench = bench().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, bench.register.token_for("pr.person.read")).unwrap();
    let adapter = PopulationRegister::new(&Settings::new(bench.register.url()).with_credential(&file)).unwrap();
    let compare = json!({ "verb": "match", "values": { "familyName": "x" } });
    let query = query("person/v1", bench.country.clear_citizen().fin, &compare);
    let error = adapter.answer(&query, &Context::new(ARRIVAL, Duration::from_secs(10))).await.unwrap_err();
    assert_eq!(error, RegistryError::Credential("HTTP 403"));
}
