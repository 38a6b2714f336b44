//! Interpol: two steps, two authorities, and a task for every full record; over signed REST and signed SOAP, through broker
//! and host.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of it is test code"
)]

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mohur::nation::{CallerPart, Cast, OwnerPart};
use mohur_client::{BundleReport, Caller, Inputs, Question};
use mohur_federation::{Enveloped, Federation, Founded, MovableClock, Said, ask, code};
use mohur_reference::country::{Alert, Sought};
use mohur_reference::{Citizen, Oddity};
use mohur_wire::bundle::Outcome;
use mohur_wire::{Ask, Clock, Operation, RefusalCode, SubjectKey};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The National Central Bureau, and those who have business with it or would like to.
async fn nation() -> Federation {
    founded().start().await
}

fn founded() -> Founded {
    let cast = Cast { callers: callers(), owners: vec![OwnerPart::interpol()] };
    Founded::with_cast(cast, "AZ", &Arc::new(MovableClock::default()))
}

fn callers() -> Vec<CallerPart> {
    let callers = [
        ("border", "AZ/GOV/SBS/border"),
        ("second-line", "AZ/GOV/SBS/second-line"),
        ("bureau", "AZ/GOV/NCB/bureau"),
        ("security", "AZ/GOV/MNS/security"),
        ("passport-office", "AZ/GOV/MIA/id-cards"),
        ("bank", "AZ/COM/BANK/credit"),
    ];
    callers.map(|(name, member)| CallerPart::new(name, member)).to_vec()
}

/// The wire to the databases: what went over it, and whether it breaks when a document is to be reported.
#[derive(Default)]
struct Wire {
    heard: Mutex<Vec<u8>>,
    breaks: AtomicBool,
    broken: AtomicUsize,
}

impl Wire {
    /// Whether this goes on.
    fn takes(&self, octets: &[u8]) -> bool {
        let reports = octets.windows(15).any(|part| part == b"PublishDocument");
        if reports && self.breaks.load(Ordering::SeqCst) {
            self.broken.fetch_add(1, Ordering::SeqCst);
            return false;
        }
        self.heard.lock().unwrap().extend_from_slice(octets);
        true
    }

    fn heard(&self) -> String {
        String::from_utf8_lossy(&self.heard.lock().unwrap()).into_owned()
    }

    /// Puts it between the host and the databases.
    async fn between(self: &Arc<Self>, founded: Founded) -> Founded {
        let register = founded.nation.register("interpol").unwrap();
        let tapped = tap(register, self).await;
        let file = "hosts/interpol/host.toml";
        founded.rewritten(file, |text| text.replace(&format!("http://{register}"), &format!("http://{tapped}")))
    }
}

/// Carries what the host says to the databases and back.
async fn tap(to: SocketAddr, wire: &Arc<Wire>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, wire) = (listener.local_addr().unwrap(), Arc::clone(wire));
    tokio::spawn(async move {
        while let Ok((host, _)) = listener.accept().await {
            let databases = TcpStream::connect(to).await.unwrap();
            let (mut asks, mut hears) = host.into_split();
            let (mut answers, mut takes) = databases.into_split();
            let wire = Arc::clone(&wire);
            tokio::spawn(async move { tokio::io::copy(&mut answers, &mut hears).await });
            tokio::spawn(async move {
                let mut octets = vec![0; 64 << 10];
                while let Ok(length @ 1..) = asks.read(&mut octets).await {
                    if !wire.takes(&octets[..length]) || takes.write_all(&octets[..length]).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    address
}

fn question(service: &str, subject: &Value, purpose: &str, ask: Ask) -> Question {
    Question {
        service: format!("AZ/GOV/NCB/interpol/{service}/v1").parse().unwrap(),
        subject: serde_json::from_value(subject.clone()).unwrap(),
        ask,
        purpose: purpose.parse().unwrap(),
        case: Some("B-2026-0417".parse().unwrap()),
        official: ask::OFFICIAL.parse().unwrap(),
        on_behalf_of: None,
        message: None,
    }
}

fn read(fields: &[&str]) -> Ask {
    Ask::Read(fields.iter().map(|name| ask::field(name)).collect())
}

fn no_hit() -> Ask {
    Ask::Match([(ask::field("hit"), mohur_wire::Value::Flag(false))].into())
}

fn subject(alert: &Alert) -> (&'static str, Value) {
    match &alert.sought {
        Sought::Document { issuing_state, code, number } => {
            ("documents", json!({ "document": { "issuingState": issuing_state, "type": code, "number": number } }))
        }
        Sought::Person { family_name, given_name, birth_date, .. } => {
            let name = format!("{family_name} {given_name}");
            ("persons", json!({ "name-and-birth-date": { "name": name, "birthDate": birth_date.to_string() } }))
        }
        Sought::Vehicle { vin, .. } => ("vehicles", json!({ "vin": vin })),
    }
}

/// The values of the answer, the same over both.
async fn both(caller: &Caller, question: impl Fn() -> Question) -> Vec<(String, String)> {
    let rest = caller.ask(question()).await.unwrap().answer;
    let soap = Enveloped::new(caller, question()).answered(caller).await;
    assert_eq!((rest.issuer(), rest.fields()), (soap.issuer(), soap.fields()));
    assert_eq!(rest.issuer().as_str(), "AZ/GOV/NCB/interpol");
    rest.fields().iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

/// The refusal, the same over both.
async fn neither(caller: &Caller, question: impl Fn() -> Question) -> RefusalCode {
    let rest = code(caller.ask(question()).await);
    let said = Enveloped::new(caller, question()).send(caller).await;
    assert!(!matches!(said.said, Said::Answer(..)), "{said:?}");
    rest
}

fn texts(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_line_learns_that_something_is_sought_and_the_second_where_the_record_is() {
    let federation = nation().await;
    let (border, second, bank) = (federation.border(), federation.caller("second-line"), federation.caller("bank"));
    for alert in federation.country.alerts() {
        let (service, key) = subject(alert);
        let of = |purpose: &str, ask: Ask| question(service, &key, purpose, ask);
        assert_eq!(both(&border, || of("border-control", no_hit())).await, texts(&[("hit", "mismatch")]));
        let first = both(&border, || of("border-control", read(&["hit", "action", "record", "count"]))).await;
        assert_eq!(first, texts(&[("action", alert.action), ("hit", "true")]), "the record's id is withheld");
        let told = both(&second, || of("border-second-line", read(&["hit", "record"]))).await;
        assert!(told[1].0 == "record" && told[1].1.len() == 20, "{told:?}");
        // The second line's purpose is not the first line's, and a bank has none.
        for (caller, purpose) in [(&border, "border-second-line"), (&bank, "border-control"), (&bank, "credit-check")] {
            assert_eq!(neither(caller, || of(purpose, no_hit())).await, RefusalCode::Denied);
        }
    }
    let clear = json!({ "document": { "issuingState": "GEO", "type": "P", "number": "11AA22333" } });
    let of = || question("documents", &clear, "border-control", no_hit());
    assert_eq!(both(&border, of).await, texts(&[("hit", "match")]), "no hit is a sealed answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_record_is_a_service_of_its_own_and_a_task_of_the_bureau_that_outlives_the_host() {
    let mut federation = nation().await;
    let (second, bureau) = (federation.caller("second-line"), federation.caller("bureau"));
    let alert = federation.country.alerts().iter().find(|alert| matches!(alert.sought, Sought::Person { .. })).unwrap();
    let (owner, reason) = (alert.owner, alert.reason);
    let (service, key) = subject(alert);
    let found = second.ask(question(service, &key, "border-second-line", read(&["record"]))).await.unwrap();
    let id = found.answer.fields().values().next().unwrap().to_string();
    let record = json!({ "serial": id });
    let full = |purpose: &'static str| {
        let record = record.clone();
        move || question("records", &record, purpose, read(&["owner", "reason"]))
    };
    // The purpose of a search opens no record, and neither does anybody else's right to search.
    for (name, purpose) in
        [("second-line", "border-second-line"), ("security", "state-security"), ("border", "border-control")]
    {
        let refused = neither(&federation.caller(name), full(purpose)).await;
        assert_eq!(refused, RefusalCode::NotAvailable, "{name}");
    }
    let told = both(&second, full("interpol-full-record")).await;
    assert_eq!(told, texts(&[("owner", owner), ("reason", reason)]));

    federation.restart_host("interpol").await;
    let today = federation.clock.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let day = json!({ "serial": today.to_string() });
    let list = || question("tasks", &day, "interpol-confirmation", read(&["count", "open", "tasks"]));
    let tasks = both(&bureau, list).await;
    assert_eq!(&tasks[..2], texts(&[("count", "2"), ("open", "2")]), "one for each of REST and SOAP, and no other");
    assert_eq!(neither(&second, list).await, RefusalCode::Denied);
    let one = json!({ "serial": tasks[2].1.split(' ').next().unwrap() });
    let look = || question("tasks", &one, "interpol-confirmation", read(&["record", "askedBy", "case", "state"]));
    let expected = [("askedBy", "AZ/GOV/SBS/second-line"), ("case", "B-2026-0417"), ("record", &id), ("state", "open")];
    assert_eq!(both(&bureau, look).await, texts(&expected));
    let close = || {
        question("tasks", &one, "interpol-confirmation", change("consume", &json!({ "outcome": "confirmed" }), "t-1"))
    };
    assert_eq!(both(&bureau, close).await, texts(&[("state", "consumed")]));
    assert_eq!(both(&bureau, list).await[1].1, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_personal_number_is_refused_by_the_host_and_nothing_is_asked() {
    let federation = nation().await;
    let border = federation.border();
    // A register that is down shows that it is not asked.
    federation.faults("interpol", mohur_reference::Faults { down: true, ..mohur_reference::Faults::default() });
    let fin = federation.citizen().fin;
    let disguised = json!({ "document": { "issuingState": "AZE", "type": "P", "number": fin } });
    for key in [json!({ "fin": fin }), disguised] {
        let asked = || question("documents", &key, "border-control", no_hit());
        assert_eq!(neither(&border, asked).await, RefusalCode::Malformed);
    }
    let good = json!({ "document": { "issuingState": "AZE", "type": "P", "number": "C01234567" } });
    let asked = || question("documents", &good, "border-control", no_hit());
    assert_eq!(neither(&border, asked).await, RefusalCode::ProviderUnavailable);
}

fn change(operation: &str, values: &Value, key: &str) -> Ask {
    Ask::Change(serde_json::from_value(json!({ "operation": operation, "values": values, "key": key })).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reports_a_document_outside_of_the_bundle_that_checks_its_holder() {
    let federation = site().start().await;
    let (office, border) = (federation.office(), federation.border());
    let lost = json!({ "document": { "issuingState": "AZE", "type": "P", "number": "C88000001" } });
    let reason = json!({ "reason": "lost" });
    for operation in ["reserve", "consume", "release"] {
        for (who, purpose) in [(&office, "replace-lost-document"), (&border, "border-control")] {
            let asked = || question("publish", &lost, purpose, change(operation, &reason, "p-1"));
            assert_eq!(neither(who, asked).await, RefusalCode::Denied, "{operation} {purpose}");
        }
    }
    // Nor another country's document within it: nothing is reserved, and the case is not clear.
    let foreign = json!({ "document": { "issuingState": "TUR", "type": "P", "number": "U88000001" } });
    let report = decided(&office, &replacing(federation.citizen(), &foreign)).await;
    assert_eq!(report.outcome, Outcome::Incomplete);
    let leg = report.legs.iter().find(|leg| leg.leg.as_str() == "publish-abroad").unwrap();
    assert_eq!(leg.refusal, Some(RefusalCode::Malformed));
    for document in [&lost, &foreign] {
        let hit = || question("documents", document, "border-control", no_hit());
        assert_eq!(both(&border, hit).await, texts(&[("hit", "match")]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn through_broker_and_host_nothing_tells_abroad_who_asked() {
    let wire = Arc::new(Wire::default());
    let federation = wire.between(site()).await.start().await;
    let (border, second, office) = (federation.border(), federation.caller("second-line"), federation.office());
    let mut ids = Vec::new();
    for alert in federation.country.alerts() {
        let (service, key) = subject(alert);
        ids.push(border.ask(question(service, &key, "border-control", no_hit())).await.unwrap().id.to_string());
        let found = second.ask(question(service, &key, "border-second-line", read(&["record"]))).await.unwrap();
        let record = json!({ "serial": found.answer.fields().values().next().unwrap().to_string() });
        let full = question("records", &record, "interpol-full-record", read(&["owner"]));
        ids.push(second.ask(full).await.unwrap().id.to_string());
    }
    let lost = json!({ "document": { "issuingState": "AZE", "type": "P", "number": "C88000002" } });
    let inputs = Inputs { key: Some("telltale-1".parse().unwrap()), ..replacing(federation.citizen(), &lost) };
    let report = decided(&office, &inputs).await;
    assert_eq!(report.outcome, Outcome::Clear);
    ids.push(report.id.to_string());

    let heard = wire.heard();
    // The token is random letters, among which any three may stand.
    let heard: String = heard.lines().filter(|line| !line.to_lowercase().starts_with("authorization:")).collect();
    assert_eq!(heard.matches("POST /soap").count(), federation.country.alerts().len() * 3 + 1);
    let who =
        ["AZ/GOV", "SBS", "NCB", "MIA", ask::OFFICIAL, "B-2026", "border", "interpol-full", "replace", "telltale"];
    for telltale in who.into_iter().chain(ids.iter().map(String::as_str)) {
        assert!(!heard.contains(telltale), "{telltale} left the country");
    }
    for citizen in federation.country.citizens() {
        assert!(!heard.contains(citizen.fin.as_str()), "a personal number left the country");
    }
}

/// The bundle `replace-lost-document` of a site that has the bank and the bureau, and leaves everything else out.
fn of_this_site(definition: &str) -> String {
    let mut parts = definition.split("[[legs]]");
    let head = parts.next().unwrap().replace("\npurpose = ", "\nuntied = [\"document\"]\npurpose = ");
    let of = |leg: &str, key: &str| leg.lines().find(|line| line.starts_with(key)).unwrap().to_owned();
    let (held, others): (Vec<_>, Vec<_>) =
        parts.partition(|leg| ["fee", "publish-abroad"].iter().any(|id| leg.contains(&format!("id = \"{id}\""))));
    let others = others.iter().map(|leg| format!("[[left-out]]\n{}\n{}\n\n", of(leg, "id = "), of(leg, "title = ")));
    let others: String = others.collect();
    let held: String = held.iter().map(|leg| format!("[[legs]]{leg}")).collect();
    format!("{head}{others}{held}")
}

/// Asks the bundle and polls until nothing more is to come.
async fn decided(office: &Caller, inputs: &Inputs) -> BundleReport {
    let definition = office.definition(&"replace-lost-document".parse().unwrap()).await.unwrap();
    let mut report = office.bundle(definition, inputs).await.unwrap();
    while !report.complete {
        tokio::time::sleep(Duration::from_millis(100)).await;
        report = office.poll(report).await.unwrap();
    }
    report
}

/// A site with the bank and the bureau.
fn site() -> Founded {
    let mut cast = Cast { callers: callers(), ..Cast::usual() };
    cast.owners.retain(|owner| owner.name == "state-fees");
    cast.owners.push(OwnerPart::interpol());
    let mut founded = Founded::with_cast(cast, "AZ", &Arc::new(MovableClock::default()));
    let folder = founded.nation.path("policy/MIA");
    let file = folder.join("bundles/replace-lost-document.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(file, of_this_site(&text)).unwrap();
    mohur_policy_bundle::seal(&folder, None).unwrap();
    founded.nation.publish(|_| {}).unwrap();
    founded
}

/// What the applicant says who lost that document.
fn replacing(applicant: &Citizen, lost: &Value) -> Inputs {
    let subjects = vec![SubjectKey::Fin(applicant.fin), serde_json::from_value(lost.clone()).unwrap()];
    let values = [(ask::field("reason"), mohur_wire::Value::text("lost"))].into();
    Inputs { subjects, values, ..ask::application(applicant) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_reports_a_document_abroad_only_when_all_of_it_is_clear() {
    let federation = site().start().await;
    let (office, border, citizen) = (federation.office(), federation.border(), federation.citizen());
    let unpaid = federation.country.with_oddity(Oddity::FeePending).unwrap();
    // The same passport: the fee is pending at first, and what was reserved is given up; then it is paid.
    let lost = json!({ "document": { "issuingState": "AZE", "type": "P", "number": "C88000003" } });
    let hit = || question("documents", &lost, "border-control", no_hit());
    for (applicant, outcome, settled, verdict) in [
        (unpaid, Outcome::NotClear, (Operation::Release, "released"), "match"),
        (citizen, Outcome::Clear, (Operation::Consume, "consumed"), "mismatch"),
    ] {
        let report = decided(&office, &replacing(applicant, &lost)).await;
        assert_eq!(report.outcome, outcome);
        let leg = report.legs.iter().find(|leg| leg.leg.as_str() == "publish-abroad").unwrap();
        let settlement = leg.settlement.as_ref().map(|(operation, state)| (*operation, state.as_deref().unwrap()));
        assert_eq!(settlement, Some(settled));
        assert_eq!(both(&border, hit).await, texts(&[("hit", verdict)]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_decided_is_reported_abroad_as_soon_as_the_wire_holds_and_once() {
    let wire = Arc::new(Wire::default());
    wire.breaks.store(true, Ordering::SeqCst);
    let mut federation = wire.between(site()).await.start().await;
    let (office, border) = (federation.office(), federation.border());
    let lost = json!({ "document": { "issuingState": "AZE", "type": "P", "number": "C88000005" } });
    let hit = || question("documents", &lost, "border-control", no_hit());
    let inputs = replacing(federation.citizen(), &lost);
    let definition = office.definition(&"replace-lost-document".parse().unwrap()).await.unwrap();
    office.bundle(definition, &inputs).await.unwrap();
    wait_for("it was tried twice", || wire.broken.load(Ordering::SeqCst) >= 2).await;
    assert_eq!(both(&border, hit).await, texts(&[("hit", "match")]));
    // Neither the broker's end nor the host's lets it be forgotten.
    federation.restart_host("interpol").await;
    federation.restart_broker().await;
    wire.breaks.store(false, Ordering::SeqCst);
    wait_for("it arrived", || wire.heard().contains("PublishDocument")).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(both(&federation.border(), hit).await, texts(&[("hit", "mismatch")]));
    let reports = wire.heard().matches("<ip:PublishDocument ").count();
    assert_eq!(reports, 1, "what arrived is not sent again");
}

async fn wait_for(what: &str, is: impl Fn() -> bool) {
    let since = std::time::Instant::now();
    while !is() {
        assert!(since.elapsed() < Duration::from_secs(60), "{what}: it never does");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
