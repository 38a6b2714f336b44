use std::sync::Arc;
use std::time::Duration;

use mohur_contract::conformance::{self, ARRIVAL, Cases, Fault};
use mohur_contract::{Context, Registry, RegistryError};
use mohur_http::SystemClock;
use mohur_reference::{Country, Faults, Kind, Oddity, Register};
use mohur_wire::answer::Finding;
use mohur_wire::{FieldName, Query, Verdict};
use serde_json::{Value as Json, json};

use super::*;

mod files;
mod replies;
mod templates;

/// The mapping of `docs/samples`, which connects the reference register.
const SAMPLE: &str = include_str!("../../../docs/samples/soap.toml");

struct Bench {
    country: Arc<Country>,
    register: Register,
    adapter: MappedSoap,
    _folder: tempfile::TempDir,
}

async fn bench() -> Bench {
    let country = Arc::new(Country::default());
    let address = "127.0.0.1:0".parse().unwrap();
    let register =
        Register::start(Kind::RealEstate, address, Arc::clone(&country), Arc::new(SystemClock)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (token, mapping) = (folder.path().join("token"), folder.path().join("soap.toml"));
    std::fs::write(&token, register.token()).unwrap();
    std::fs::write(&mapping, SAMPLE).unwrap();
    let adapter = MappedSoap::load(&mapping, &Settings::new(register.url()).with_credential(&token)).unwrap();
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

fn query(service: &str, subject: &Json, operands: &Json) -> Query {
    let mut opening = json!({
        "salt": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "id": "q-1",
        "caller": "AZ/GOV/MIA/id-cards",
        "service": service,
        "subject": subject,
        "purpose": "issue-id-document",
        "official": "officer 7",
    });
    for (name, value) in operands.as_object().unwrap() {
        opening[name] = value.clone();
    }
    Query::parse(opening.to_string().as_bytes()).unwrap()
}

fn ownership(fin: mohur_wire::Fin, operands: &Json) -> Query {
    query("AZ/GOV/PROP/real-estate/ownership/v1", &json!({ "fin": fin }), operands)
}

fn verdicts(pairs: &[(&str, Verdict)]) -> std::collections::BTreeMap<FieldName, Verdict> {
    pairs.iter().map(|(name, verdict)| (name.parse().unwrap(), *verdict)).collect()
}

fn dwelling(unit: &str) -> Json {
    json!({ "verb": "match", "values": { "dwelling": unit } })
}

#[tokio::test]
async fn it_conforms_against_the_reference_register() {
    let bench = bench().await;
    let person = bench.country.clear_citizens().nth(1).unwrap();
    let home = &bench.country.dwelling_at(&person.claims.home).unwrap().unit;
    let stranger = bench.country.clear_citizens().nth(2).unwrap();
    let other = &bench.country.dwelling_at(&stranger.claims.home).unwrap().unit;
    let seller = bench.country.with_oddity(Oddity::ClaimsSoldHome).unwrap();
    let sold = &bench.country.dwelling_at(&seller.claims.home).unwrap().unit;
    let on = |fin, unit: &str, verdict| (ownership(fin, &dwelling(unit)), verdicts(&[("dwelling", verdict)]));
    let cases = Cases {
        present: None,
        absent: None,
        verdicts: vec![
            on(person.fin, home, Verdict::Match),
            on(person.fin, other, Verdict::Mismatch),
            on(seller.fin, sold, Verdict::Mismatch),
        ],
        refused: vec![
            ownership(person.fin, &json!({ "verb": "read", "fields": ["dwelling"] })),
            ownership(person.fin, &json!({ "verb": "match", "values": { "dwelling": 7 } })),
            ownership(person.fin, &dwelling("a\u{1}b")),
            query("AZ/GOV/PROP/real-estate/ownership/v1", &json!({ "plate": "10AA001" }), &dwelling(home)),
        ],
        reserve: None,
    };
    let broken = conformance::check(&bench.adapter, &cases, &|fault| bench.register.set_faults(faults(fault))).await;
    assert!(broken.is_empty(), "{broken:#?}");
}

#[tokio::test]
async fn faults_become_what_the_mapping_says() {
    let bench = bench().await;
    let fin = bench.country.clear_citizen().fin;
    let context = Context::new(ARRIVAL, Duration::from_secs(10));
    let unknown = bench.adapter.answer(&ownership(fin, &dwelling("AZ-D-000000")), &context).await.unwrap();
    let Finding::Found(fields) = unknown.finding else { panic!("absent") };
    assert_eq!(fields.into_values().next().unwrap().to_string(), "unknown");
    // Not a dwelling's number: the register's own schema refuses it.
    for wrong in ["not a number", "</re:suID><re:suID>AZ-D-1"] {
        let answer = bench.adapter.answer(&ownership(fin, &dwelling(wrong)), &context).await;
        assert!(matches!(answer, Err(RegistryError::Unsupported(_))), "{answer:?}");
    }
}

#[tokio::test]
async fn a_service_keeps_its_own_time() {
    let mut bench = bench().await;
    let text = SAMPLE.replace("timeout = \"5s\"", "timeout = \"100ms\"");
    let mapping = Mapping::parse(Path::new("soap.toml"), &text).unwrap();
    bench.adapter = MappedSoap::new(mapping, &Settings::new(bench.register.url())).unwrap();
    bench.register.set_faults(Faults { delay: Duration::from_secs(3), ..Faults::default() });
    let context = Context::new(ARRIVAL, Duration::from_secs(10));
    let started = std::time::Instant::now();
    let answer =
        bench.adapter.answer(&ownership(bench.country.clear_citizen().fin, &dwelling("AZ-D-1")), &context).await;
    assert_eq!(answer, Err(RegistryError::Timeout));
    assert!(started.elapsed() < Duration::from_secs(2));
}
