use std::collections::BTreeMap;
use std::sync::Arc;

use mohur_contract::conformance::{self, Cases, Fault};
use mohur_http::SystemClock;
use mohur_reference::{Country, Faults, Kind, Mark, Register};
use serde_json::{Value as Json, json};

use super::*;

struct Bench {
    country: Arc<Country>,
    register: Register,
    adapter: FinService,
    _folder: tempfile::TempDir,
}

async fn bench() -> Bench {
    let country = Arc::new(Country::default());
    let address = "127.0.0.1:0".parse().unwrap();
    let register =
        Register::start(Kind::FinService, address, Arc::clone(&country), Arc::new(SystemClock)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, register.token()).unwrap();
    let adapter = FinService::new(&Settings::new(register.url()).with_credential(&file)).unwrap();
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
        "service": format!("AZ/GOV/MOJ/fin-service/{service}"),
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

#[tokio::test]
async fn links_conform_against_the_reference_register() {
    let bench = bench().await;
    let shares = bench.country.with_mark(Mark::SharedDocument).next().unwrap().fin;
    let read = query("links/v1", shares, &json!({ "verb": "read", "fields": ["state", "yellow", "red", "white"] }));
    let held = [
        ("state", Value::text("yellow")),
        ("yellow", Value::Number(1)),
        ("red", Value::Number(0)),
        ("white", Value::Number(0)),
    ];
    let compare = query("links/v1", shares, &json!({ "verb": "match", "values": { "state": "none", "yellow": 1 } }));
    let predicates = json!({ "red": { "atMost": 0 }, "yellow": { "atMost": 0 }, "state": { "oneOf": ["yellow"] } });
    let verify = query("links/v1", shares, &json!({ "verb": "verify", "predicates": predicates }));
    let clear = query(
        "links/v1",
        bench.country.clear_citizen().fin,
        &json!({ "verb": "match", "values": { "state": "none" } }),
    );
    let change = json!({ "operation": "reserve", "receipt": "DR-1", "key": "k" });
    let cases = Cases {
        present: Some((read, fields(&held))),
        absent: Some(query("links/v1", bench.country.unused_fin(), &json!({ "verb": "read", "fields": ["state"] }))),
        verdicts: vec![
            (compare, fields(&[("state", Verdict::Mismatch), ("yellow", Verdict::Match)])),
            (verify, fields(&[("red", Verdict::Match), ("yellow", Verdict::Mismatch), ("state", Verdict::Match)])),
            (clear, fields(&[("state", Verdict::Match)])),
        ],
        refused: vec![
            query("links/v1", shares, &json!({ "verb": "change", "effect": change })),
            query("links/v1", shares, &json!({ "verb": "match", "values": { "yellow": "1" } })),
            query("links/v1", shares, &json!({ "verb": "verify", "predicates": { "state": { "atLeast": 1 } } })),
            query("uniqueness/v1", shares, &json!({ "verb": "read", "fields": ["same"] })),
        ],
        reserve: None,
    };
    let broken = conformance::check(&bench.adapter, &cases, &|fault| bench.register.set_faults(faults(fault))).await;
    assert!(broken.is_empty(), "{broken:#?}");
}

#[tokio::test]
async fn uniqueness_conforms_against_the_reference_register() {
    let bench = bench().await;
    let fin = bench.country.unused_fin();
    let first = bench.country.with_mark(Mark::TwoNumbersFirst).next().unwrap();
    let (family_name, given_name, birth_date) = first.recorded();
    let who =
        json!({ "name-and-birth-date": { "name": format!("{family_name} {given_name}"), "birthDate": birth_date } });
    let asked = |operands: Json| {
        let mut operands = operands;
        operands["subject"] = who.clone();
        query("uniqueness/v1", fin, &operands)
    };
    let read = asked(json!({ "verb": "read", "fields": ["same", "similar"] }));
    let unique = asked(json!({ "verb": "verify", "predicates": { "same": { "atMost": 1 } } }));
    let cases = Cases {
        present: Some((read, fields(&[("same", Value::Number(2)), ("similar", Value::Number(0))]))),
        absent: None,
        verdicts: vec![(unique, fields(&[("same", Verdict::Mismatch)]))],
        refused: vec![query("uniqueness/v1", fin, &json!({ "verb": "read", "fields": ["same"] }))],
        reserve: None,
    };
    let broken = conformance::check(&bench.adapter, &cases, &|fault| bench.register.set_faults(faults(fault))).await;
    assert!(broken.is_empty(), "{broken:#?}");
}
