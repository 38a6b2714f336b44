use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mohur_contract::conformance::{self, ARRIVAL, Cases, Fault};
use mohur_contract::ledger::VolatileLedger;
use mohur_contract::{LedgerError, Record, Swap};
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
    bench_with(Arc::new(VolatileLedger::default())).await
}

async fn bench_with(ledger: Arc<dyn Ledger>) -> Bench {
    let country = Arc::new(Country::default());
    let address = "127.0.0.1:0".parse().unwrap();
    let register =
        Register::start(Kind::FinService, address, Arc::clone(&country), Arc::new(SystemClock)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, register.token()).unwrap();
    let adapter = FinService::new(&Settings::new(register.url()).with_credential(&file)).unwrap();
    let adapter = adapter.with_ledger(ledger, Duration::from_secs(600));
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
        refused: vec![
            query("uniqueness/v1", fin, &json!({ "verb": "read", "fields": ["same"] })),
            query("issue/v1", fin, &json!({ "verb": "read", "fields": ["state"] })),
            newborn("Yenili", "Yeni", "Yenili Yeni", "consume", "k"),
            newborn("Yenili", "Yeni", "Başqa Yeni", "reserve", "k"),
        ],
        reserve: Some(newborn("Yenili", "Yeni", "Yenili Yeni", "reserve", "k")),
    };
    let broken = conformance::check(&bench.adapter, &cases, &|fault| bench.register.set_faults(faults(fault))).await;
    assert!(broken.is_empty(), "{broken:#?}");
}

/// A change for somebody who has no number, as far as the name says.
fn newborn(family_name: &str, given_name: &str, name: &str, operation: &str, key: &str) -> Query {
    let values = json!({ "familyName": family_name, "givenName": given_name, "patronymic": "Əli", "sex": "F" });
    let effect = json!({ "operation": operation, "values": values, "key": key });
    let mut opening = json!({ "verb": "change", "effect": effect });
    opening["subject"] = json!({ "name-and-birth-date": { "name": name, "birthDate": "2026-11-01" } });
    query("issue/v1", "5ABCDE1".parse().unwrap(), &opening)
}

async fn told(bench: &Bench, query: &Query, settle: Option<mohur_wire::Operation>) -> BTreeMap<String, String> {
    let mut context = Context::new(ARRIVAL, Duration::from_secs(20));
    if let (Some(operation), Ask::Change(effect)) = (settle, &query.ask) {
        context = context.settling(operation, effect.key.clone());
    }
    let answer = bench.adapter.answer(query, &context).await.unwrap();
    assert_eq!(answer.subject, query.subject);
    let Finding::Found(fields) = answer.finding else { panic!("there is no person who could be missing") };
    fields.into_iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

#[tokio::test]
async fn a_number_is_drawn_when_the_reservation_is_consumed_and_once() {
    use mohur_wire::Operation::{Consume, Release};
    let bench = bench().await;
    let first = newborn("Yenili", "Aygün", "Yenili Aygün", "reserve", "k-1");
    let held = told(&bench, &first, None).await;
    assert_eq!((held["state"].as_str(), held.get("fin")), ("reserved", None), "nothing is drawn yet");
    let rival = newborn("YENİLİ", "Aygün", "Yenili Aygün", "reserve", "k-2");
    assert_eq!(told(&bench, &rival, None).await["state"], "already-reserved", "one identity, however it is spelt");
    let settled: Vec<_> = futures_util::future::join_all((0..8).map(|_| told(&bench, &first, Some(Consume)))).await;
    let numbers: std::collections::BTreeSet<_> = settled.iter().map(|told| told["fin"].clone()).collect();
    assert!(settled.iter().all(|told| told["state"] == "consumed"));
    assert_eq!(numbers.len(), 1, "one key, one number");
    let fin: Fin = numbers.first().unwrap().parse().unwrap();
    let links = query("links/v1", fin, &json!({ "verb": "read", "fields": ["state"] }));
    let answer = bench.adapter.answer(&links, &Context::new(ARRIVAL, Duration::from_secs(20))).await.unwrap();
    assert!(matches!(answer.finding, Finding::Found(_)), "the register knows it");
    assert_eq!(told(&bench, &rival, None).await["state"], "already-known");

    let second = newborn("Yenili", "Leyla", "Yenili Leyla", "reserve", "k-3");
    assert_eq!(told(&bench, &second, None).await["state"], "reserved");
    assert_eq!(told(&bench, &second, Some(Release)).await["state"], "released");
    let search = json!({ "verb": "read", "fields": ["same"], "subject": { "name-and-birth-date": { "name": "Yenili Leyla", "birthDate": "2026-11-01" } } });
    let search = query("uniqueness/v1", fin, &search);
    let answer = bench.adapter.answer(&search, &Context::new(ARRIVAL, Duration::from_secs(20))).await.unwrap();
    assert_eq!(answer.finding, Finding::Found(fields(&[("same", Value::Number(0))])));
}

#[tokio::test]
async fn no_number_is_issued_while_a_link_is_open() {
    let bench = bench().await;
    let linked = bench.country.with_mark(Mark::SharedDocument).next().unwrap();
    let (family_name, given_name, birth_date) = linked.recorded();
    let known = bench.country.clear_citizen();
    let asked = |family_name: &str, given_name: &str, birth_date: &str| {
        let values = json!({ "familyName": family_name, "givenName": given_name });
        let effect = json!({ "operation": "reserve", "values": values, "key": format!("k-{family_name}").replace(|c: char| !c.is_ascii_alphanumeric(), "-") });
        let name = format!("{family_name} {given_name}");
        let subject = json!({ "name-and-birth-date": { "name": name, "birthDate": birth_date } });
        query("issue/v1", known.fin, &json!({ "verb": "change", "effect": effect, "subject": subject }))
    };
    let open = told(&bench, &asked(family_name, given_name, &birth_date.to_string()), None).await;
    let (family_name, given_name, birth_date) = known.recorded();
    let same = told(&bench, &asked(family_name, given_name, &birth_date.to_string()), None).await;
    assert_eq!((open["state"].as_str(), same["state"].as_str()), ("link-open", "already-known"));
}

/// A disk that is gone for a moment: the change of a record that was to say "done" is not made.
#[derive(Default)]
struct Failing {
    kept: VolatileLedger,
    fails: std::sync::atomic::AtomicBool,
}

impl Ledger for Failing {
    fn read<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, LedgerError>> {
        self.kept.read(key)
    }

    fn swap<'a>(
        &'a self,
        key: &'a str,
        expected: Option<&'a [u8]>,
        new: &'a [u8],
    ) -> BoxFuture<'a, Result<Swap, LedgerError>> {
        let is_done = new.windows(8).any(|window| window == b"consumed");
        if is_done && self.fails.load(std::sync::atomic::Ordering::SeqCst) {
            return Box::pin(async { Err(LedgerError("the disk is gone".to_owned())) });
        }
        self.kept.swap(key, expected, new)
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Record>, LedgerError>> {
        self.kept.list(prefix, after, limit)
    }
}

#[tokio::test]
async fn a_number_that_was_drawn_before_a_crash_is_the_one_that_is_told_after_it() {
    use mohur_wire::Operation::{Consume, Release};
    let ledger = Arc::new(Failing::default());
    let bench = bench_with(Arc::<Failing>::clone(&ledger)).await;
    let query = newborn("Yenili", "Rəna", "Yenili Rəna", "reserve", "k-1");
    assert_eq!(told(&bench, &query, None).await["state"], "reserved");
    ledger.fails.store(true, std::sync::atomic::Ordering::SeqCst);
    let settling =
        |operation| Context::new(ARRIVAL, Duration::from_secs(20)).settling(operation, "k-1".parse().unwrap());
    let lost = bench.adapter.answer(&query, &settling(Consume)).await;
    assert!(matches!(lost, Err(RegistryError::Ledger(_))), "{lost:?}");
    ledger.fails.store(false, std::sync::atomic::Ordering::SeqCst);
    // It was drawn, though nobody was told. It is not given up now, and it is not drawn again.
    let given_up = bench.adapter.answer(&query, &settling(Release)).await;
    assert!(matches!(given_up, Err(RegistryError::Settlement(_))), "{given_up:?}");
    let first = told(&bench, &query, Some(Consume)).await["fin"].clone();
    assert_eq!(told(&bench, &query, Some(Consume)).await["fin"], first);
    let search = json!({ "verb": "read", "fields": ["same"], "subject": { "name-and-birth-date": { "name": "Yenili Rəna", "birthDate": "2026-11-01" } } });
    let search = self::query("uniqueness/v1", first.parse().unwrap(), &search);
    let answer = bench.adapter.answer(&search, &Context::new(ARRIVAL, Duration::from_secs(20))).await.unwrap();
    assert_eq!(answer.finding, Finding::Found(fields(&[("same", Value::Number(1))])));
}
