use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mohur_contract::conformance::{self, ARRIVAL, Cases, Fault};
use mohur_http::SystemClock;
use mohur_reference::{Country, Faults, Kind, Oddity, Register};
use mohur_wire::answer::Finding;
use mohur_wire::{FieldName, Fin, Value, Verdict};
use serde_json::{Value as Json, json};

use super::*;

struct Bench {
    country: Arc<Country>,
    register: Register,
    adapter: CivilRegistry,
    _folder: tempfile::TempDir,
}

async fn bench() -> Bench {
    let country = Arc::new(Country::default());
    let address = "127.0.0.1:0".parse().unwrap();
    let register =
        Register::start(Kind::CivilRegistry, address, Arc::clone(&country), Arc::new(SystemClock)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, register.token()).unwrap();
    let adapter = CivilRegistry::new(&Settings::new(register.url()).with_credential(&file)).unwrap();
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
        "service": format!("AZ/GOV/MOJ/civil-registry/{service}"),
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

#[tokio::test]
async fn it_conforms_against_the_reference_register() {
    let bench = bench().await;
    let person = bench.country.clear_citizen();
    let act = person.birth.as_ref().unwrap();
    let names = ["familyName", "givenName", "patronymic", "birthDate", "birthPlace", "sex"];
    let read = query("birth/v1", person.fin, &json!({ "verb": "read", "fields": names }));
    let held = [
        ("familyName", Value::text(&act.family_name)),
        ("givenName", Value::text(&act.given_name)),
        ("patronymic", Value::text(&act.patronymic)),
        ("birthDate", Value::text(act.birth_date.to_string())),
        ("birthPlace", Value::text(&act.birth_place)),
        ("sex", Value::text(act.sex.as_str())),
    ];
    let values =
        json!({ "familyName": act.family_name, "givenName": "Nobody", "birthDate": act.birth_date.to_string() });
    let compare = query("birth/v1", person.fin, &json!({ "verb": "match", "values": values }));
    let compared = [("familyName", Verdict::Match), ("givenName", Verdict::Mismatch), ("birthDate", Verdict::Match)];
    let verify =
        json!({ "verb": "verify", "predicates": { "age": { "atLeast": 16 }, "sex": { "oneOf": ["X", "Y"] } } });
    let verified = [("age", Verdict::Match), ("sex", Verdict::Mismatch)];
    let status = json!({ "verb": "match", "values": { "maritalStatus": person.status.marital_status.as_str() } });
    let cases = Cases {
        present: Some((read, fields(&held))),
        absent: Some(query("birth/v1", bench.country.unused_fin(), &json!({ "verb": "match", "values": values }))),
        verdicts: vec![
            (compare, fields(&compared)),
            (query("birth/v1", person.fin, &verify), fields(&verified)),
            (query("marriage/v1", person.fin, &status), fields(&[("maritalStatus", Verdict::Match)])),
        ],
        refused: vec![query("birth/v1", person.fin, &json!({ "verb": "match", "values": { "familyName": 7 } }))],
        reserve: None,
    };
    let broken = conformance::check(&bench.adapter, &cases, &|fault| bench.register.set_faults(faults(fault))).await;
    assert!(broken.is_empty(), "{broken:#?}");
}

#[tokio::test]
async fn every_clear_application_matches_and_every_contradiction_shows() {
    let bench = bench().await;
    for citizen in bench.country.citizens().iter().filter(|citizen| citizen.birth.is_some()).take(60) {
        let claims = &citizen.claims;
        let birth = json!({
            "familyName": claims.family_name, "givenName": claims.given_name, "birthDate": claims.birth_date.to_string(),
        });
        let birth = query("birth/v1", citizen.fin, &json!({ "verb": "match", "values": birth }));
        let status = json!({ "maritalStatus": claims.marital_status.as_str() });
        let status = query("marriage/v1", citizen.fin, &json!({ "verb": "match", "values": status }));
        let (birth, status) = (verdicts(&bench, &birth).await, verdicts(&bench, &status).await);
        let is = |wrong: Oddity| if citizen.oddity == Some(wrong) { "mismatch" } else { "match" };
        assert_eq!(birth["birthDate"], is(Oddity::ClaimsAnotherBirthDate));
        assert_eq!(birth["familyName"], is(Oddity::ClaimsFormerName));
        if citizen.oddity != Some(Oddity::OneSidedMarriage) {
            assert_eq!(status["maritalStatus"], is(Oddity::ClaimsSingle));
        }
    }
}

#[tokio::test]
async fn no_birth_act_is_nobody_and_a_missing_value_is_a_missing_field() {
    let bench = bench().await;
    let unknown = bench.country.with_oddity(Oddity::NoBirthAct).unwrap();
    let read = json!({ "verb": "read", "fields": ["maritalStatus", "marriageDate"] });
    let context = Context::new(ARRIVAL, Duration::from_secs(10));
    let answer = bench.adapter.answer(&query("marriage/v1", unknown.fin, &read), &context).await.unwrap();
    assert_eq!(answer.finding, Finding::Absent);
    let single = bench.country.clear_citizens().find(|citizen| citizen.status.marriage_date.is_none()).unwrap();
    let answer = bench.adapter.answer(&query("marriage/v1", single.fin, &read), &context).await.unwrap();
    assert_eq!(answer.finding, Finding::Found(fields(&[("maritalStatus", Value::text("single"))])));
}

#[tokio::test]
async fn a_wrong_token_is_a_fault_of_the_adapter_not_of_the_caller() {
    let bench = bench().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, bench.register.token_for("cr.person.read")).unwrap();
    let adapter = CivilRegistry::new(&Settings::new(bench.register.url()).with_credential(&file)).unwrap();
    let compare = json!({ "verb": "match", "values": { "familyName": "x" } });
    let query = query("birth/v1", bench.country.clear_citizen().fin, &compare);
    let error = adapter.answer(&query, &Context::new(ARRIVAL, Duration::from_secs(10))).await.unwrap_err();
    assert_eq!(error, RegistryError::Credential("HTTP 403"));
    assert_eq!(error.refusal().code, mohur_wire::RefusalCode::ProviderInvalid);
}

#[tokio::test]
async fn what_the_service_does_not_take_is_said_without_asking_the_register() {
    let bench = bench().await;
    bench.register.set_faults(Faults { down: true, ..Faults::default() });
    let fin = bench.country.clear_citizen().fin;
    let change = json!({ "operation": "reserve", "receipt": "DR-1", "key": "k" });
    for operands in [
        json!({ "verb": "change", "effect": change }),
        json!({ "verb": "verify", "predicates": { "age": { "oneOf": [18] } } }),
        json!({ "verb": "verify", "predicates": { "sex": { "atLeast": 1 } } }),
        json!({ "verb": "verify", "predicates": { "sex": { "oneOf": [1] } } }),
        json!({ "verb": "match", "values": { "birthDate": 1990 } }),
        json!({ "verb": "read", "fields": ["sex"], "subject": { "plate": "10AA001" } }),
    ] {
        let query = query("birth/v1", fin, &operands);
        let answer = bench.adapter.answer(&query, &Context::new(ARRIVAL, Duration::from_secs(10))).await;
        assert!(matches!(answer, Err(RegistryError::Unsupported(_))), "{operands}");
    }
}

#[tokio::test]
async fn names_match_under_the_national_table() {
    let bench = bench().await;
    let person = bench.country.clear_citizens().find(|c| c.claims.family_name.contains('ə')).unwrap();
    let plain = person.claims.family_name.replace('ə', "e").to_uppercase();
    let compare = json!({ "verb": "match", "values": { "familyName": plain } });
    assert_eq!(verdicts(&bench, &query("birth/v1", person.fin, &compare)).await["familyName"], "match");
}
