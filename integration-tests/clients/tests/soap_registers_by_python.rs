//! SOAP registers, called and judged by what nobody here wrote.
//!
//! PyPI `zeep` asks the reference register of dwellings from its WSDL; lxml (libxml2) validates every message between the
//! adapter and the register against the published schema; and the adapter with a mapping file asks a service of PyPI `spyne`,
//! over SOAP 1.1 and 1.2, and passes the conformance suite there.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends at what it did not expect"
)]

#[path = "registers_by_python/recorder.rs"]
mod recorder;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use mohur_contract::conformance::{self, Cases, Fault};
use mohur_contract::{Context, Registry, RegistryError};
use mohur_http::SystemClock;
use mohur_mapped_soap::{MappedSoap, Mapping};
use mohur_reference::{Citizen, Country, Dwelling, Kind, Register};
use mohur_wire::answer::Finding;
use mohur_wire::{Arrival, Clock, FieldName, Query, Value, Verdict};
use serde_json::{Value as Json, json};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The Python of the virtual environment; a notice where there is none. The test command makes it.
fn python() -> Option<PathBuf> {
    let demanded = std::env::var_os("MOHUR_VENV").map(PathBuf::from);
    let python = demanded.clone().unwrap_or_else(|| root().join(".venv")).join("bin/python");
    if python.exists() {
        return Some(python);
    }
    assert!(demanded.is_none(), "MOHUR_VENV has no Python: run integration-tests/all");
    eprintln!("skipped: there is no .venv; integration-tests/all makes it");
    None
}

fn script(python: &Path, name: &str) -> Command {
    let mut command = Command::new(python);
    command.arg(root().join("integration-tests/clients/python").join(name));
    command
}

fn succeeds(command: &mut Command) {
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    println!("{out}");
}

fn query(service: &str, subject: &Json, operands: &Json) -> Query {
    let mut opening = json!({
        "salt": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "id": "q-1", "caller": "AZ/GOV/MIA/id-cards",
        "service": service, "subject": subject, "purpose": "issue-id-document", "official": "officer 7",
    });
    for (name, value) in operands.as_object().unwrap() {
        opening[name] = value.clone();
    }
    Query::parse(opening.to_string().as_bytes()).unwrap()
}

struct Bench {
    country: Arc<Country>,
    register: Register,
    folder: tempfile::TempDir,
}

impl Bench {
    async fn start() -> Self {
        let country = Arc::new(Country::default());
        let address = "127.0.0.1:0".parse().unwrap();
        let clock = Arc::new(SystemClock);
        let register = Register::start(Kind::RealEstate, address, Arc::clone(&country), clock).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), register.token()).unwrap();
        Self { country, register, folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn home(&self, citizen: &Citizen) -> &Dwelling {
        self.country.dwelling_at(&citizen.claims.home).unwrap()
    }
}

/// A question about a dwelling, and what the register must say.
fn question(fin: &str, unit: &Json, dwelling: &Dwelling) -> Json {
    let own = dwelling.holdings.iter().filter(|held| held.holder.as_str() == fin);
    let rights = own.map(|held| {
        let kind = if held.kind.is_right() { "LA_Right" } else { "LA_Restriction" };
        let end = held.until.map(|day| day.to_string()).unwrap_or_default();
        json!([kind, held.kind.as_str(), format!("{}/{}", held.share.0, held.share.1), held.since.to_string(), end])
    });
    let expected = json!({ "party": fin, "suID": dwelling.unit, "rights": rights.collect::<Vec<_>>() });
    json!({ "fin": fin, "unit": unit, "expected": expected })
}

fn address(dwelling: &Dwelling) -> Json {
    let names = ["city", "streetName", "buildingNumber", "unitNumber"];
    let parts: BTreeMap<_, _> = names.into_iter().zip(dwelling.address.parts()).collect();
    json!({ "extAddressID": parts })
}

#[tokio::test(flavor = "multi_thread")]
async fn zeep_asks_the_register_of_dwellings_from_its_wsdl() {
    let Some(python) = python() else { return };
    let bench = Bench::start().await;
    let stranger = bench.country.unused_fin();
    let mut questions = Vec::new();
    for citizen in bench.country.citizens().iter().take(60) {
        let home = bench.home(citizen);
        questions.push(question(citizen.fin.as_str(), &address(home), home));
        questions.push(question(citizen.fin.as_str(), &json!({ "suID": home.unit }), home));
        questions.push(question(stranger.as_str(), &address(home), home));
    }
    let nowhere = json!({ "suID": "AZ-D-000000" });
    let fault = json!({ "fault": "UnknownUnit", "blamed": "Client" });
    questions.push(json!({ "fin": stranger.as_str(), "unit": nowhere, "expected": fault }));
    let file = bench.file("questions.json");
    std::fs::write(&file, json!(questions).to_string()).unwrap();
    let (url, token) = (bench.register.url(), bench.file("token"));
    succeeds(script(&python, "real_estate_by_zeep.py").arg(url).arg(token).arg(file));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_adapter_and_register_say_is_valid_by_the_published_schema() {
    let Some(python) = python() else { return };
    let bench = Bench::start().await;
    let recorded = bench.file("exchanges");
    std::fs::create_dir(&recorded).unwrap();
    let proxy = recorder::start(bench.register.address(), &recorded).await;
    let settings = mohur_real_estate::Settings::new(&proxy).with_credential(bench.file("token"));
    let adapter = mohur_real_estate::RealEstate::new(&settings).unwrap();
    let mapping = Mapping::load(&root().join("docs/samples/soap.toml")).unwrap_or_else(|errors| panic!("{errors}"));
    let mapped = MappedSoap::new(mapping, &settings).unwrap();
    let service = "AZ/GOV/PROP/real-estate/ownership/v1";
    for citizen in bench.country.citizens().iter().take(48) {
        let (subject, home) = (json!({ "fin": citizen.fin }), bench.home(citizen));
        let both = json!({ "address": home.address.to_string(), "dwelling": home.unit });
        let nowhere = json!({ "address": "Bakı, Yoxdur küçəsi, 9999 & <1>" });
        let one = json!({ "dwelling": home.unit });
        let of = |values: &Json| query(service, &subject, &json!({ "verb": "match", "values": values }));
        let by_code = verdicts(&adapter, &of(&both)).await;
        assert_eq!(verdicts(&adapter, &of(&nowhere)).await.into_values().collect::<Vec<_>>(), ["unknown"]);
        // Written in code or in a file, it is the same question with the same answer.
        assert_eq!(verdicts(&mapped, &of(&one)).await.get("dwelling"), by_code.get("dwelling"));
    }
    let schema = root().join("adapters/real-estate/contract/real-estate.xsd");
    succeeds(script(&python, "soap_messages.py").arg(schema).arg(recorded));
}

async fn verdicts(adapter: &dyn Registry, query: &Query) -> BTreeMap<String, String> {
    let context = Context::new(Arrival(SystemClock.now()), Duration::from_secs(20));
    let Finding::Found(fields) = adapter.answer(query, &context).await.unwrap().finding else { panic!("absent") };
    fields.into_iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

/// The service of `vehicles_by_spyne.py`, which ends with this.
struct Spyne {
    process: Child,
    address: String,
}

impl Spyne {
    fn start(python: &Path) -> Self {
        let mut command = script(python, "vehicles_by_spyne.py");
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { process, address: format!("127.0.0.1:{}", line.trim()) }
    }

    /// Says how it is to answer from now on.
    fn misbehave(&self, fault: Fault) {
        let mode = match fault {
            Fault::None => "none",
            Fault::Slow(_) => "slow",
            Fault::Down => "down",
            Fault::WrongSubject => "other",
            Fault::ExtraFields => "extra",
            Fault::Garbage => "garbage",
        };
        let mut socket = TcpStream::connect(&self.address).unwrap();
        let (host, length) = (&self.address, mode.len());
        write!(socket, "POST /misbehave HTTP/1.0\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n{mode}").unwrap();
        let mut reply = String::new();
        socket.read_to_string(&mut reply).unwrap();
        assert!(reply.contains(" 204 "), "{reply}");
    }
}

impl Drop for Spyne {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const VEHICLES: &str = r#"
soap = "SOAP"
[namespaces]
v = "urn:example:vehicles"

[[service]]
name = "vehicle/v1"
endpoint = "ENDPOINT"
action = "GetVehicle"
subject = "plate"
verbs = ["read", "match", "verify"]
request = '''
<v:GetVehicle>
  <v:plate>{subject}</v:plate>
  <v:inspector>{official}</v:inspector>
</v:GetVehicle>
'''

[service.reply]
found = "v:GetVehicleResult"
subject = "v:plate"

[[service.field]]
name = "owner"
path = "v:owner"
compare = "name"
[[service.field]]
name = "seats"
path = "v:seats"
type = "number"
[[service.field]]
name = "registered"
path = "v:registered"
type = "date"
[[service.field]]
name = "insured"
path = "v:insured"
type = "flag"
[[service.field]]
name = "colour"
path = "v:colour"
codes = { 1 = "white", 2 = "black" }

[[service.fault]]
path = "FAULT"
becomes = "absent"
"#;

fn names<T: Clone>(pairs: &[(&str, T)]) -> BTreeMap<FieldName, T> {
    pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.clone())).collect()
}

fn vehicle(plate: &str, operands: &Json) -> Query {
    query("AZ/GOV/MIA/vehicles/vehicle/v1", &json!({ "plate": plate }), operands)
}

fn vehicle_cases() -> Cases {
    let all = json!({ "verb": "read", "fields": ["owner", "seats", "registered", "insured", "colour"] });
    let values = json!({ "owner": "Eliyev Vuqar", "seats": 4, "registered": "2020-02-29", "insured": true });
    let predicates = json!({ "seats": { "atLeast": 5 }, "colour": { "oneOf": ["red", "white"] } });
    let held = [
        ("owner", Value::text("Əliyev Vüqar")),
        ("seats", Value::Number(5)),
        ("registered", Value::text("2020-02-29")),
        ("insured", Value::Flag(true)),
        ("colour", Value::text("black")),
    ];
    let (yes, no) = (Verdict::Match, Verdict::Mismatch);
    let matched = [("owner", yes), ("seats", no), ("registered", yes), ("insured", yes)];
    Cases {
        present: Some((vehicle("10AA001", &all), names(&held))),
        absent: Some(vehicle("77XX777", &all)),
        verdicts: vec![
            (vehicle("10AA001", &json!({ "verb": "match", "values": values })), names(&matched)),
            (
                vehicle("10AA001", &json!({ "verb": "verify", "predicates": predicates })),
                names(&[("seats", yes), ("colour", no)]),
            ),
        ],
        refused: vec![
            vehicle("10AA001", &json!({ "verb": "match", "values": { "seats": "5" } })),
            vehicle("10AA001", &json!({ "verb": "verify", "predicates": { "owner": { "atLeast": 1 } } })),
            query("AZ/GOV/MIA/vehicles/vehicle/v1", &json!({ "fin": "5ABCDE1" }), &all),
        ],
        reserve: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_file_connects_a_service_of_spyne_over_both_versions_of_soap() {
    let Some(python) = python() else { return };
    let spyne = Spyne::start(&python);
    let of_11 = "faultcode[.='soap11env:Client.NotFound']";
    let of_12 = "soap:Code/soap:Subcode/soap:Value[.='NotFound']";
    for (version, endpoint, fault) in [("1.1", "/soap11", of_11), ("1.2", "/soap12", of_12)] {
        let text = VEHICLES.replace("SOAP", version).replace("ENDPOINT", endpoint).replace("FAULT", fault);
        let text = text.replace("[namespaces]", "[namespaces]\nsoap = \"http://www.w3.org/2003/05/soap-envelope\"");
        let mapping = Mapping::parse(Path::new("vehicles.toml"), &text).unwrap_or_else(|errors| panic!("{errors}"));
        let settings = mohur_mapped_soap::Settings::new(format!("http://{}", spyne.address));
        let adapter = MappedSoap::new(mapping, &settings).unwrap();
        let broken = conformance::check(&adapter, &vehicle_cases(), &|fault| spyne.misbehave(fault)).await;
        assert!(broken.is_empty(), "SOAP {version}: {broken:#?}");
        let context = Context::new(Arrival(SystemClock.now()), Duration::from_secs(20));
        let read = json!({ "verb": "read", "fields": ["seats"] });
        let failing = adapter.answer(&vehicle("BROKEN1", &read), &context).await;
        assert!(matches!(failing, Err(RegistryError::Unavailable(_))), "SOAP {version}: {failing:?}");
    }
}
