//! Against the reference register and a service that nobody here wrote a library for, over real HTTP.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use mohur_contract::conformance::{self, ARRIVAL, Cases, Fault};
use mohur_contract::{Context, Registry, RegistryError};
use mohur_http::SystemClock;
use mohur_reference::{Country, Faults, Kind, Register};
use mohur_wire::answer::Finding;
use mohur_wire::{Answer, FieldName, Query, Value, Verdict};
use serde_json::{Value as Json, json};

use super::*;

/// The mapping of `docs/samples`, which connects the reference register.
const SAMPLE: &str = include_str!("../../../docs/samples/rest.toml");

/// The mapping of the foreign service.
const VEHICLES: &str = r#"
health = "/health"

[[service]]
name = "vehicle/v1"
subject = "plate"
verbs = ["read", "match", "verify"]
method = "POST"
path = "/search"
body = '{"plate": "{subject}", "on": "{today}", "given": {"seats": "{value.seats}", "insured": "{value.insured}"}}'

[service.reply]
found = "/vehicles"
subject = "/plate"

[[service.field]]
name = "make"
pointer = "/model/make"

[[service.field]]
name = "seats"
pointer = "/seats"
type = "number"

[[service.field]]
name = "insured"
pointer = "/insured"
type = "flag"

[[service.field]]
name = "paid"
pointer = "/paid"
type = "number"
scale = 2

[[service.status]]
status = 409
pointer = "/error/code"
is = "stolen"
becomes = "unknown"

[[service]]
name = "by-serial/v1"
subject = "serial"
verbs = ["read"]
method = "GET"
path = "/vehicles/{subject}/state"

[service.query]
because = "{case}"
official = "{official}"

[service.reply]
found = ""
subject = "/serial"

[[service.field]]
name = "state"
pointer = "/state"
"#;

fn mapping(text: &str) -> Mapping {
    Mapping::parse(Path::new("rest.toml"), text).unwrap_or_else(|errors| panic!("{errors}"))
}

fn query(service: &str, subject: &Json, operands: &Json) -> Query {
    let mut opening = json!({
        "salt": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "id": "q-1",
        "caller": "AZ/GOV/MIA/id-cards",
        "service": service,
        "subject": subject,
        "purpose": "issue-id-document",
        "official": "officer 7 & co",
    });
    for (name, value) in operands.as_object().unwrap() {
        opening[name] = value.clone();
    }
    Query::parse(opening.to_string().as_bytes()).unwrap_or_else(|error| panic!("{opening}: {error}"))
}

fn fields(pairs: &[(&str, Value)]) -> BTreeMap<FieldName, Value> {
    pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.clone())).collect()
}

fn verdicts(pairs: &[(&str, Verdict)]) -> BTreeMap<FieldName, Verdict> {
    pairs.iter().map(|(name, verdict)| (name.parse().unwrap(), *verdict)).collect()
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

#[tokio::test]
async fn it_conforms_against_the_reference_register() {
    let country = Arc::new(Country::default());
    let address = "127.0.0.1:0".parse().unwrap();
    let register =
        Register::start(Kind::CivilRegistry, address, Arc::clone(&country), Arc::new(SystemClock)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, register.token()).unwrap();
    let settings = Settings::new(register.url()).with_credential(&token);
    let adapter = MappedRest::new(mapping(SAMPLE), &settings).unwrap();
    let person = country.clear_citizen();
    let birth =
        |fin: &str, operands: &Json| query("AZ/GOV/MOJ/civil-registry/birth/v1", &json!({ "fin": fin }), operands);
    let (family, given) = (&person.claims.family_name, &person.claims.given_name);
    let born = person.claims.birth_date.to_string();
    let compare =
        json!({ "verb": "match", "values": { "familyName": family.to_uppercase(), "birthDate": "1900-01-01" } });
    let fin = person.fin.as_str();
    let cases = Cases {
        present: Some((
            birth(fin, &json!({ "verb": "read", "fields": ["givenName", "birthDate"] })),
            fields(&[("givenName", Value::text(given)), ("birthDate", Value::text(&born))]),
        )),
        absent: Some(birth("ZZZZZZ9", &json!({ "verb": "read", "fields": ["givenName"] }))),
        verdicts: vec![(
            birth(fin, &compare),
            verdicts(&[("familyName", Verdict::Match), ("birthDate", Verdict::Mismatch)]),
        )],
        refused: vec![
            birth(fin, &json!({ "verb": "verify", "predicates": { "givenName": { "oneOf": ["x"] } } })),
            birth(fin, &json!({ "verb": "match", "values": { "birthDate": 7 } })),
            query("AZ/GOV/MOJ/civil-registry/birth/v1", &json!({ "plate": "10AA001" }), &compare),
        ],
        reserve: None,
    };
    let broken = conformance::check(&adapter, &cases, &|fault| register.set_faults(faults(fault))).await;
    assert!(broken.is_empty(), "{broken:#?}");
    // No error of any kind repeats the number that stands in the path.
    register.stop().await;
    let context = Context::new(ARRIVAL, Duration::from_secs(5));
    let gone = adapter.answer(&birth(fin, &compare), &context).await.unwrap_err();
    assert!(!format!("{gone} {gone:?}").contains(fin), "{gone}");
}

/// The foreign service, a Python program; ends with the value.
struct Foreign {
    child: Child,
    url: String,
}

impl Foreign {
    fn start() -> Self {
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../integration-tests/clients/python/rest_register.py");
        let mut child = Command::new("python3").arg(script).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, url: line.trim().to_owned() }
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

async fn ask(adapter: &MappedRest, query: &Query) -> Result<Answer, RegistryError> {
    adapter.answer(query, &Context::new(ARRIVAL, Duration::from_secs(10))).await
}

#[tokio::test]
async fn a_foreign_service_is_asked_and_believed_only_where_it_is_clear() {
    let foreign = Foreign::start();
    let adapter = MappedRest::new(mapping(VEHICLES), &Settings::new(&foreign.url)).unwrap();
    let vehicle = |plate: &str, ask: &Json| query("AZ/GOV/MIA/vehicles/vehicle/v1", &json!({ "plate": plate }), ask);
    let all = json!({ "verb": "read", "fields": ["make", "seats", "insured", "paid"] });
    let found = |answer: Result<Answer, RegistryError>| match answer.unwrap().finding {
        Finding::Found(fields) => fields,
        Finding::Absent => panic!("absent"),
    };
    let expected = fields(&[
        ("make", Value::text("Škoda")),
        ("seats", Value::Number(5)),
        ("insured", Value::Flag(true)),
        ("paid", Value::Number(1230)),
    ]);
    assert_eq!(found(ask(&adapter, &vehicle("10AA001", &all)).await), expected);
    // The service echoes what it was given of a match, so that the types of the body can be seen.
    let compare = json!({ "verb": "match", "values": { "seats": 5, "insured": false } });
    let answer = found(ask(&adapter, &vehicle("10AA001", &compare)).await);
    assert_eq!(answer, fields(&[("seats", Verdict::Match.to_value()), ("insured", Verdict::Mismatch.to_value())]));
    assert_eq!(ask(&adapter, &vehicle("10AA404", &all)).await.unwrap().finding, Finding::Absent);
    assert_eq!(found(ask(&adapter, &vehicle("10AA409", &compare)).await).len(), 2, "both unknown");
    for (plate, what) in [
        ("10AA002", "more than one record"),
        ("10AA003", "no record where the mapping says"),
        ("10AA004", "not one value"),
        ("10AA005", "not JSON"),
        ("10AA418", "of which the mapping does not say"),
    ] {
        let answer = ask(&adapter, &vehicle(plate, &all)).await;
        assert!(matches!(answer, Err(RegistryError::Invalid(said)) if said.contains(what)), "{plate}: {answer:?}");
    }
    assert_eq!(ask(&adapter, &vehicle("10AA006", &all)).await, Err(RegistryError::OtherSubject));
    assert!(matches!(ask(&adapter, &vehicle("10AA503", &all)).await, Err(RegistryError::Unavailable(_))));
    assert!(matches!(ask(&adapter, &vehicle("10AA403", &all)).await, Err(RegistryError::Credential(_))));
}

#[tokio::test]
async fn what_a_query_says_stays_where_it_was_put() {
    let foreign = Foreign::start();
    let adapter = MappedRest::new(mapping(VEHICLES), &Settings::new(&foreign.url)).unwrap();
    let by_serial = |serial: &str, case: &str| {
        let ask = json!({ "verb": "read", "fields": ["state"], "case": case });
        query("AZ/GOV/MIA/vehicles/by-serial/v1", &json!({ "serial": serial }), &ask)
    };
    // The service tells the path and the query that it saw.
    let answer = ask(&adapter, &by_serial("S-1", "C-1")).await.unwrap();
    let Finding::Found(held) = answer.finding else { panic!("absent") };
    let state = held.values().next().unwrap().to_string();
    assert_eq!(state, "/vehicles/S-1/state because=C-1 official=officer 7 & co");
    for step in [".", "..", "..."] {
        let answer = ask(&adapter, &by_serial(step, "C-1")).await;
        assert!(matches!(answer, Err(RegistryError::Unsupported(_))), "{step}: {answer:?}");
    }
}

#[test]
fn what_is_wrong_with_a_file_is_told_at_once_with_its_line() {
    let text = SAMPLE
        .replace("health = \"/v1", "health = \"v1")
        .replace("bytes = 1048576", "bites = 1048576")
        .replace("method = \"GET\"", "method = \"DELETE\"")
        .replace("persons/{subject}", "persons/id-{subject}")
        .replace("X-Request-Id = \"{id}\"", "Authorization = \"{id}\"")
        .replace("lang = \"az\"", "lang = \"{language}\"")
        .replace("subject = \"/uin\"", "subject = \"uin\"")
        .replace("type = \"date\"", "type = \"day\"")
        .replace("status = 404", "status = 42");
    let errors = Mapping::parse(Path::new("rest.toml"), &text).unwrap_err().to_string();
    let line = |of: &str| text.lines().position(|line| line.starts_with(of)).unwrap() + 1;
    for (key, of) in [
        ("health", "health"),
        ("limits.bites", "bites"),
        ("service[0].method", "method"),
        ("service[0].path", "path"),
        ("service[0].headers.Authorization", "Authorization"),
        ("service[0].query.lang", "lang"),
        ("service[0].reply.subject", "subject = \"uin\""),
        ("service[0].field[2].type", "type = \"day\""),
        ("service[0].status[0].status", "status = 42"),
    ] {
        assert!(errors.contains(&format!("rest.toml:{}: {key}:", line(of))), "{key}: {errors}");
    }
    let without = SAMPLE.replace("persons/{subject}", "persons/all");
    let errors = Mapping::parse(Path::new("rest.toml"), &without).unwrap_err().to_string();
    assert!(errors.contains("do not name the subject"), "{errors}");
}
