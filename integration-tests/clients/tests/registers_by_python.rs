//! The registers' protocols, judged by libraries that nobody here wrote.
//!
//! Every message between adapters and reference registers is recorded and read by PyPI `fhir.resources`, `openapi-core`
//! (against OSIA's own OpenAPI file) and `pyiso20022`; `schemathesis` attacks the OSIA register with what its contract
//! allows and what it does not.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test ends at what it did not expect")]

#[path = "registers_by_python/recorder.rs"]
mod recorder;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use mohur_contract::ledger::VolatileLedger;
use mohur_contract::{Context, Registry};
use mohur_http::SystemClock;
use mohur_reference::{Citizen, Country, Kind, Register};
use mohur_wire::{Arrival, Clock, Query};
use serde_json::{Value, json};

struct Bench {
    country: Arc<Country>,
    register: Register,
    folder: tempfile::TempDir,
    exchanges: PathBuf,
    proxy: String,
}

impl Bench {
    async fn start(kind: Kind) -> Self {
        let country = Arc::new(Country::default());
        let address = "127.0.0.1:0".parse().unwrap();
        let register = Register::start(kind, address, Arc::clone(&country), Arc::new(SystemClock)).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let exchanges = folder.path().join("exchanges");
        std::fs::create_dir(&exchanges).unwrap();
        std::fs::write(folder.path().join("token"), register.token()).unwrap();
        let proxy = recorder::start(register.address(), &exchanges).await;
        Self { country, register, folder, exchanges, proxy }
    }

    fn token(&self) -> PathBuf {
        self.folder.path().join("token")
    }

    /// People with and without oddities, and one number that nobody has.
    fn subjects(&self) -> Vec<(Value, Option<&Citizen>)> {
        let people = self.country.citizens().iter().take(48);
        let mut subjects: Vec<_> = people.map(|citizen| (json!({ "fin": citizen.fin }), Some(citizen))).collect();
        subjects.push((json!({ "fin": self.country.unused_fin() }), None));
        subjects
    }

    fn exchanges(&self) -> usize {
        std::fs::read_dir(&self.exchanges).unwrap().count()
    }
}

fn query(service: &str, subject: &Value, operands: &Value) -> Query {
    let mut opening = json!({
        "salt": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "id": "q-1", "caller": "AZ/GOV/MIA/id-cards",
        "service": service, "subject": subject, "purpose": "issue-id-document", "official": "officer 7",
    });
    for (name, value) in operands.as_object().unwrap() {
        opening[name] = value.clone();
    }
    Query::parse(opening.to_string().as_bytes()).unwrap()
}

async fn ask(adapter: &dyn Registry, query: &Query) {
    let context = Context::new(Arrival(SystemClock.now()), Duration::from_secs(20));
    adapter.answer(query, &context).await.unwrap();
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The virtual environment of the Python clients; a notice where there is none. The test command makes it.
fn python(tool: &str) -> Option<PathBuf> {
    let demanded = std::env::var_os("MOHUR_VENV").map(PathBuf::from);
    let tool_path = demanded.clone().unwrap_or_else(|| root().join(".venv")).join("bin").join(tool);
    if tool_path.exists() {
        return Some(tool_path);
    }
    assert!(demanded.is_none(), "MOHUR_VENV has no {tool}: run integration-tests/all");
    eprintln!("skipped: there is no .venv; integration-tests/all makes it");
    None
}

/// One of OSIA's own OpenAPI files; a notice where the suites are not there.
fn osia_contract(name: &str) -> Option<PathBuf> {
    let file = std::env::var_os("MOHUR_SUITES").map(|suites| Path::new(&suites).join("osia").join(name));
    if file.is_none() {
        eprintln!("skipped: MOHUR_SUITES is not set");
    }
    file
}

fn succeeds(command: &mut Command) {
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    println!("{out}");
}

fn judge(python: &Path, script: &str, arguments: &[&Path]) {
    let script = root().join("integration-tests/clients/python").join(script);
    succeeds(Command::new(python).arg(script).args(arguments));
}

/// The recorded exchanges against one of OSIA's files; these statuses must be among them.
fn judge_by_osia(python: &Path, contract: &Path, bench: &Bench, statuses: &str) {
    judge(python, "osia_exchanges.py", &[contract, &bench.exchanges, Path::new(statuses)]);
}

/// Sends what no adapter does, through the recorder; each must have its status.
async fn direct(bench: &Bench, requests: &[(&str, String, String, &str, u16)]) {
    let client = mohur_http::Client::http(mohur_http::ClientLimits::default());
    for (method, target, token, body, status) in requests {
        let request = http::Request::builder().method(*method).uri(format!("{}{target}", bench.proxy));
        let request =
            request.header("authorization", format!("Bearer {token}")).header("content-type", "application/json");
        let request = request.body(bytes::Bytes::copy_from_slice(body.as_bytes())).unwrap();
        let reply = client.send(request, Duration::from_secs(10)).await.unwrap();
        assert_eq!(reply.response.status().as_u16(), *status, "{method} {target}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fhir_messages_validate_with_fhir_resources() {
    let Some(python) = python("python") else { return };
    let bench = Bench::start(Kind::HealthCard).await;
    let settings = mohur_health_card::Settings::new(&bench.proxy).with_credential(bench.token());
    let adapter = mohur_health_card::HealthCard::new(&settings).unwrap();
    let read = json!({ "verb": "read", "fields": ["bloodGroup", "eyeColour", "height"] });
    for (subject, _) in bench.subjects() {
        ask(&adapter, &query("AZ/GOV/MOH/health-card/vitals/v1", &subject, &read)).await;
    }
    assert!(bench.exchanges() > 80);
    judge(&python, "fhir_messages.py", &[&bench.exchanges]);
}

#[tokio::test(flavor = "multi_thread")]
async fn osia_exchanges_fit_osias_openapi_file() {
    let (Some(python), Some(contract)) = (python("python"), osia_contract("dataaccess.yaml")) else { return };
    let bench = Bench::start(Kind::CivilRegistry).await;
    let settings = mohur_civil_registry::Settings::new(&bench.proxy).with_credential(bench.token());
    let adapter = mohur_civil_registry::CivilRegistry::new(&settings).unwrap();
    for (subject, citizen) in bench.subjects() {
        let name = citizen.map_or("Nobody", |citizen| citizen.claims.family_name.as_str());
        for (service, operands) in [
            ("birth", json!({ "verb": "read", "fields": ["familyName", "birthDate", "sex", "noSuchField"] })),
            ("birth", json!({ "verb": "match", "values": { "familyName": name, "birthDate": "1990-01-01" } })),
            ("birth", json!({ "verb": "verify", "predicates": { "age": { "atLeast": 18 } } })),
            ("marriage", json!({ "verb": "read", "fields": ["maritalStatus", "marriageDate"] })),
            ("marriage", json!({ "verb": "verify", "predicates": { "marriageDate": { "oneOf": ["2020-01-01"] } } })),
        ] {
            ask(&adapter, &query(&format!("AZ/GOV/MOJ/civil-registry/{service}/v1"), &subject, &operands)).await;
        }
    }
    the_civil_registrys_other_operations(&bench).await;
    assert!(bench.exchanges() > 250);
    judge_by_osia(&python, &contract, &bench, "200,400,401,403,404,415");
}

/// The operations that the adapter does not use, and refusals, recorded as well.
async fn the_civil_registrys_other_operations(bench: &Bench) {
    let fin = bench.country.clear_citizen().fin;
    let family = "Qasımzadə".replace('ı', "%C4%B1").replace('ə', "%C9%99");
    let own = || bench.register.token().to_owned();
    let get = |target: String, token: String, status| ("GET", target, token, "", status);
    let requests = [
        get(format!("/v1/persons?lastName={family}"), own(), 200),
        get(format!("/v1/persons?lastName={family}&names=firstName&names=height"), own(), 200),
        get("/v1/persons?lastName=Nobody".to_owned(), own(), 404),
        get(format!("/v1/persons/{fin}/document?doctype=birth&format=pdf"), own(), 200),
        get(format!("/v1/persons/{fin}/document?doctype=birth&format=png"), own(), 415),
        get(format!("/v1/persons/{fin}?attributeNames=firstName"), bench.register.token_for("cr.person.match"), 403),
        get(format!("/v1/persons/{fin}?attributeNames=firstName"), "no-token".to_owned(), 401),
    ];
    direct(bench, &requests).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_population_registers_exchanges_fit_osias_openapi_file() {
    let (Some(python), Some(contract)) = (python("python"), osia_contract("dataaccess.yaml")) else { return };
    let bench = Bench::start(Kind::PopulationRegister).await;
    let settings = mohur_population_register::Settings::new(&bench.proxy).with_credential(bench.token());
    let adapter = mohur_population_register::PopulationRegister::new(&settings).unwrap();
    for (subject, citizen) in bench.subjects() {
        let name = citizen.map_or("Nobody", |citizen| citizen.claims.family_name.as_str());
        for operands in [
            json!({ "verb": "read", "fields": ["familyName", "birthDate", "bloodGroup", "height", "noSuchField"] }),
            json!({ "verb": "match", "values": { "familyName": name, "birthDate": "1990-01-01" } }),
            json!({ "verb": "verify", "predicates": { "age": { "atLeast": 18 } } }),
        ] {
            ask(&adapter, &query("AZ/GOV/MOJ/population-register/person/v1", &subject, &operands)).await;
        }
    }
    let read = format!("/v1/persons/{}?attributeNames=firstName", bench.country.clear_citizen().fin);
    let requests = [
        ("GET", read.clone(), bench.register.token_for("cr.person.match"), "", 403),
        ("GET", read, "no-token".to_owned(), "", 401),
    ];
    direct(&bench, &requests).await;
    assert!(bench.exchanges() > 140);
    judge_by_osia(&python, &contract, &bench, "200,401,403,404");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fin_services_exchanges_fit_osias_openapi_file() {
    let (Some(python), Some(contract)) = (python("python"), osia_contract("uin.yaml")) else { return };
    let bench = Bench::start(Kind::FinService).await;
    let own = || bench.register.token_for("uin.generate");
    let born = |name: &str| {
        json!({ "firstName": name, "lastName": "Səfərova", "dateOfBirth": "2026-02-03", "gender": "F" }).to_string()
    };
    let (one, other) = (born("Nigar"), born("Aysel"));
    let issue = |transaction: &str| format!("/v1/uin?transactionId={transaction}");
    let requests = [
        ("POST", issue("B-1"), own(), one.as_str(), 200),
        ("POST", issue("B-1"), own(), one.as_str(), 200),
        ("POST", issue("B-2"), own(), other.as_str(), 200),
        ("POST", issue("B-3"), own(), one.as_str(), 400),
        ("POST", issue("B-4"), own(), "{\"lastName\": \"Səfərova\"}", 400),
        ("POST", issue("B-5"), bench.register.token_for("fin.link.read"), other.as_str(), 403),
        ("POST", issue("B-6"), "no-token".to_owned(), other.as_str(), 401),
    ];
    direct(&bench, &requests).await;
    judge_by_osia(&python, &contract, &bench, "200,400,401,403");
}

/// A number that is somebody's, so that requests reach the record. What is well formed need not be accepted: OSIA leaves
/// to each register which attributes it knows.
fn schemathesis_configuration(country: &Country) -> String {
    format!(
        "[parameters]\nuin = \"{}\"\n\n[checks]\npositive_data_acceptance.enabled = false\n",
        country.clear_citizen().fin
    )
}

/// Requests that the contract allows and such as it does not; every answer must be one that it describes.
async fn attack(kind: Kind, contract: &str, token: impl Fn(&Register) -> String) {
    let (Some(schemathesis), Some(contract)) = (python("st"), osia_contract(contract)) else { return };
    let bench = Bench::start(kind).await;
    let configuration = bench.folder.path().join("schemathesis.toml");
    std::fs::write(&configuration, schemathesis_configuration(&bench.country)).unwrap();
    let header = format!("Authorization: Bearer {}", token(&bench.register));
    succeeds(
        Command::new(schemathesis)
            .current_dir(bench.folder.path())
            .args(["--config-file", configuration.to_str().unwrap(), "run", contract.to_str().unwrap()])
            .args(["--url", &bench.register.url(), "--header", &header])
            .args(["--max-examples", "25", "--seed", "2007", "--no-color"]),
    );
}

/// The token of its adapter.
fn own(register: &Register) -> String {
    register.token().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn schemathesis_finds_no_difference_between_the_civil_registry_and_its_openapi_file() {
    attack(Kind::CivilRegistry, "dataaccess.yaml", own).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn schemathesis_finds_no_difference_between_the_population_register_and_its_openapi_file() {
    attack(Kind::PopulationRegister, "dataaccess.yaml", own).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn schemathesis_finds_no_difference_between_the_fin_service_and_its_openapi_file() {
    attack(Kind::FinService, "uin.yaml", |register| register.token_for("uin.generate")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn iso_20022_messages_are_read_by_pyiso20022() {
    let Some(python) = python("python") else { return };
    let bench = Bench::start(Kind::StateFees).await;
    let bank = mohur_state_fees::BankSettings::new(&bench.proxy).with_credential(bench.token());
    let settings = mohur_state_fees::Settings::new(bank, mohur_reference::country::FEE);
    let adapter = mohur_state_fees::StateFees::new(&settings, Arc::new(VolatileLedger::default())).unwrap();
    for (number, (subject, citizen)) in bench.subjects().into_iter().enumerate() {
        let receipt = citizen.map_or("DR-0000", |citizen| citizen.claims.receipt.as_str());
        let effect = json!({ "operation": "reserve", "receipt": receipt, "key": format!("k-{number}") });
        let reserve = json!({ "verb": "change", "effect": effect });
        ask(&adapter, &query("AZ/COM/BANK/state-fees/payments/v1", &subject, &reserve)).await;
    }
    assert!(bench.exchanges() > 80);
    judge(&python, "iso20022_messages.py", &[&bench.exchanges]);
}
