//! The adapter against the reference databases, over real sockets.

mod conforming;
mod leaving;
mod on_the_wire;
mod printed;
mod publishing;
mod records;

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use mohur_contract::conformance::{ARRIVAL, Fault};
use mohur_contract::ledger::VolatileLedger;
use mohur_http::SystemClock;
use mohur_reference::country::{Alert, Sought};
use mohur_reference::{Country, Faults, Kind, Register};
use mohur_wire::answer::Finding;
use mohur_wire::{FieldName, Value};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// A register, and an adapter that reaches it through a wire on which everything is written down.
struct Bench {
    country: Arc<Country>,
    register: Register,
    adapter: Interpol,
    wire: Arc<Wire>,
    settings: Settings,
    _folder: tempfile::TempDir,
}

/// Every byte that the register received, and that it sent; and whether the wire breaks before a publication arrives.
#[derive(Default)]
struct Wire {
    asked: Mutex<Vec<u8>>,
    answered: Mutex<Vec<u8>>,
    breaks: AtomicBool,
}

impl Wire {
    /// Listens, and carries both ways what comes.
    async fn tap(self: &Arc<Self>, to: SocketAddr) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let wire = Arc::clone(self);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let register = TcpStream::connect(to).await.unwrap();
                tokio::spawn(Arc::clone(&wire).carry(client, register));
            }
        });
        address
    }

    async fn carry(self: Arc<Self>, client: TcpStream, register: TcpStream) {
        let (asks, hears) = client.into_split();
        let (answers, takes) = register.into_split();
        let back = Arc::clone(&self);
        let back = tokio::spawn(async move { back.pass(answers, hears, &back.answered).await });
        self.pass(asks, takes, &self.asked).await;
        back.await.unwrap();
    }

    fn breaks_at(&self, octets: &[u8]) -> bool {
        self.breaks.load(Ordering::SeqCst) && octets.windows(15).any(|part| part == b"PublishDocument")
    }

    /// Writes down what comes before it goes on.
    async fn pass(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf, book: &Mutex<Vec<u8>>) {
        let mut octets = vec![0; 64 << 10];
        while let Ok(length @ 1..) = from.read(&mut octets).await {
            if self.breaks_at(&octets[..length]) {
                break;
            }
            book.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&octets[..length]);
            if to.write_all(&octets[..length]).await.is_err() {
                break;
            }
        }
    }

    fn heard(&self) -> String {
        Self::text(&self.asked)
    }

    fn said(&self) -> String {
        Self::text(&self.answered)
    }

    fn text(book: &Mutex<Vec<u8>>) -> String {
        String::from_utf8_lossy(&book.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

async fn bench() -> Bench {
    bench_with(Arc::new(VolatileLedger::default())).await
}

async fn bench_with(ledger: Arc<dyn Ledger>) -> Bench {
    let country = Arc::new(Country::default());
    let address = "127.0.0.1:0".parse().unwrap();
    let register = Register::start(Kind::Interpol, address, Arc::clone(&country), Arc::new(SystemClock)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, register.token()).unwrap();
    let wire = Arc::new(Wire::default());
    let url = format!("http://{}", wire.tap(register.address()).await);
    let settings = Settings::new(RegisterSettings::new(url).with_credential(&file), "AZE".parse().unwrap());
    let adapter = Interpol::new(&settings, ledger).unwrap();
    Bench { country, register, adapter, wire, settings, _folder: folder }
}

fn context() -> Context {
    Context::new(ARRIVAL, Duration::from_secs(20))
}

impl Bench {
    async fn ask(&self, query: &Query) -> Result<Answer, RegistryError> {
        self.adapter.answer(query, &context()).await
    }

    /// The values or verdicts, as texts.
    async fn told(&self, query: &Query) -> Vec<(String, String)> {
        match self.ask(query).await.unwrap().finding {
            Finding::Found(fields) => {
                fields.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
            }
            Finding::Absent => vec![("absent".to_owned(), String::new())],
        }
    }

    async fn value(&self, query: &Query, field: &str) -> Option<String> {
        self.told(query).await.into_iter().find(|(name, _)| name == field).map(|(_, value)| value)
    }

    fn alert(&self, is: impl Fn(&Alert) -> bool) -> &Alert {
        self.country.alerts().iter().find(|alert| is(alert)).unwrap()
    }

    /// A search for whom or what the alert is about, by its service.
    fn search(&self, alert: &Alert, operands: &Json) -> Query {
        let (service, subject) = subject(&alert.sought);
        query(service, &subject, operands)
    }
}

fn subject(sought: &Sought) -> (&'static str, Json) {
    match sought {
        Sought::Document { issuing_state, code, number } => {
            ("documents", json!({ "document": { "issuingState": issuing_state, "type": code, "number": number } }))
        }
        Sought::Person { family_name, given_name, birth_date, .. } => (
            "persons",
            json!({ "name-and-birth-date": {
                "name": format!("{family_name} {given_name}"), "birthDate": birth_date.to_string()
            } }),
        ),
        Sought::Vehicle { vin, .. } => ("vehicles", json!({ "vin": vin })),
    }
}

fn is_person(alert: &Alert) -> bool {
    matches!(alert.sought, Sought::Person { .. })
}

fn query(service: &str, subject: &Json, operands: &Json) -> Query {
    let mut opening = json!({
        "salt": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "id": "q-telltale",
        "caller": "AZ/GOV/SBS/second-line",
        "service": format!("AZ/GOV/NCB/interpol/{service}/v1"),
        "subject": subject,
        "purpose": "border-second-line",
        "case": "case-4711",
        "official": "officer Telltale",
    });
    for (name, value) in operands.as_object().unwrap() {
        opening[name] = value.clone();
    }
    Query::parse(opening.to_string().as_bytes()).unwrap()
}

fn read(fields: &[&str]) -> Json {
    json!({ "verb": "read", "fields": fields })
}

fn matching(values: &Json) -> Json {
    json!({ "verb": "match", "values": values })
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

fn fields(pairs: &[(&str, Value)]) -> std::collections::BTreeMap<FieldName, Value> {
    pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.clone())).collect()
}

/// What `xmllint` says against these documents by that schema: nothing, if they are after it.
fn against(schema: &Path, documents: &[String]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let files = documents.iter().enumerate().map(|(number, text)| {
        let file = folder.path().join(format!("{number}.xml"));
        std::fs::write(&file, text).unwrap();
        file
    });
    let files: Vec<_> = files.collect();
    let ran = Command::new("xmllint").args(["--noout", "--nonet", "--schema"]).arg(schema).args(files).output();
    let ran = ran.unwrap_or_else(|error| {
        panic!("xmllint cannot be run ({error}): install it with `apt-get install libxml2-utils`, as integration-tests/all does")
    });
    if ran.status.success() { String::new() } else { String::from_utf8_lossy(&ran.stderr).into_owned() }
}
