use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use mohur_contract::conformance::{self, ARRIVAL, Cases, Fault};
use mohur_contract::{LedgerError, Record, Swap};
use mohur_http::SystemClock;
use mohur_reference::{Citizen, Country, Faults, Kind, Oddity, Register};
use mohur_store::{Store, Table};
use mohur_wire::Operation;
use serde_json::{Value as Json, json};

use super::*;

/// A ledger on a real file: what the host gives to an adapter.
struct OnDisk(Store);

fn failed(error: mohur_store::StoreError) -> LedgerError {
    LedgerError(error.to_string())
}

impl Ledger for OnDisk {
    fn read<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, LedgerError>> {
        Box::pin(async move { Table::read(&self.0, key).await.map_err(failed) })
    }

    fn swap<'a>(
        &'a self,
        key: &'a str,
        expected: Option<&'a [u8]>,
        new: &'a [u8],
    ) -> BoxFuture<'a, Result<Swap, LedgerError>> {
        Box::pin(async move {
            Ok(match Table::swap(&self.0, key, expected, Some(new)).await.map_err(failed)? {
                mohur_store::Swap::Done => Swap::Done,
                mohur_store::Swap::Differs(held) => Swap::Differs(held),
            })
        })
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<Record>, LedgerError>> {
        Box::pin(async move { Table::list(&self.0, prefix, after, limit).await.map_err(failed) })
    }
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
        let register = Register::start(Kind::StateFees, address, Arc::clone(&country), clock).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), register.token()).unwrap();
        Self { country, register, folder }
    }

    fn ledger(&self) -> &Path {
        self.folder.path()
    }

    /// The adapter as it is after a start: with what the file holds.
    fn adapter(&self) -> StateFees {
        let bank = BankSettings::new(self.register.url()).with_credential(self.folder.path().join("token"));
        let settings = Settings::new(bank, mohur_reference::country::FEE);
        // After a stop the file is let go by a thread of the store's own, a moment later.
        let open = || Store::open(&self.ledger().join("ledger.redb"));
        let pause = || std::thread::sleep(Duration::from_millis(10));
        let store = (0..200).find_map(|_| open().map_err(|_| pause()).ok()).unwrap();
        StateFees::new(&settings, Arc::new(OnDisk(store))).unwrap()
    }

    fn clear(&self, number: usize) -> &Citizen {
        self.country.clear_citizens().nth(number).unwrap()
    }
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

fn query(subject: &Json, operands: &Json) -> Query {
    let mut opening = json!({
        "salt": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "id": "q-1",
        "caller": "AZ/GOV/MIA/id-cards",
        "service": "AZ/COM/BANK/state-fees/payments/v1",
        "subject": subject,
        "purpose": "issue-id-document",
        "official": "officer 7",
    });
    for (name, value) in operands.as_object().unwrap() {
        opening[name] = value.clone();
    }
    Query::parse(opening.to_string().as_bytes()).unwrap()
}

fn change(citizen: &Citizen, operation: &str, key: &str) -> Query {
    let effect = json!({ "operation": operation, "receipt": citizen.claims.receipt, "key": key });
    query(&json!({ "fin": citizen.fin }), &json!({ "verb": "change", "effect": effect }))
}

fn context() -> Context {
    Context::new(ARRIVAL, Duration::from_secs(30))
}

async fn fields(adapter: &StateFees, query: &Query, context: &Context) -> BTreeMap<String, String> {
    let answer = adapter.answer(query, context).await.unwrap();
    let Finding::Found(fields) = answer.finding else { return BTreeMap::new() };
    fields.into_iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

async fn state(adapter: &StateFees, query: &Query) -> String {
    fields(adapter, query, &context()).await.get("state").cloned().unwrap_or_default()
}

#[tokio::test]
async fn it_conforms_against_the_reference_register() {
    let bench = Bench::start().await;
    let (person, other) = (bench.clear(0), bench.clear(1));
    let receipt = |text: &str| json!({ "receipt": text });
    let read = json!({ "verb": "read", "fields": ["state"] });
    let values = json!({ "verb": "match", "values": { "receipt": person.claims.receipt, "amount": 1 } });
    let name = |text: &str| text.parse::<FieldName>().unwrap();
    let cases = Cases {
        present: Some((
            query(&receipt(person.claims.receipt.as_str()), &read),
            [(name("state"), Value::text("paid"))].into(),
        )),
        absent: Some(query(&receipt("DR-0000"), &read)),
        verdicts: vec![(
            query(&json!({ "fin": person.fin }), &values),
            [(name("receipt"), Verdict::Match), (name("amount"), Verdict::Mismatch)].into(),
        )],
        refused: vec![query(&json!({ "fin": person.fin }), &read)],
        reserve: Some(change(other, "reserve", "k")),
    };
    let set = |fault| bench.register.set_faults(faults(fault));
    let broken = conformance::check(&bench.adapter(), &cases, &set).await;
    assert!(broken.is_empty(), "{broken:#?}");
}

#[tokio::test]
async fn every_oddity_of_the_fee_shows() {
    let bench = Bench::start().await;
    let adapter = bench.adapter();
    for (number, (citizen, oddity)) in bench.country.oddities().enumerate() {
        let expected = match oddity {
            Oddity::ClaimsForeignReceipt | Oddity::FeeNeverPaid => "unknown-receipt",
            Oddity::FeePending | Oddity::FeeRejected | Oddity::FeeTooLow | Oddity::ClaimsAnotherBirthDate => "unpaid",
            Oddity::ClaimsFormerName
            | Oddity::ClaimsSingle
            | Oddity::NoBirthAct
            | Oddity::NoHealthCard
            | Oddity::NoBloodGroup
            | Oddity::NoHeight
            | Oddity::HealthBirthDateDiffers
            | Oddity::OneSidedMarriage
            | Oddity::ClaimsRentedHome
            | Oddity::ClaimsSoldHome => "reserved",
        };
        assert_eq!(state(&adapter, &change(citizen, "reserve", &format!("k-{number}"))).await, expected, "{oddity:?}");
    }
}

#[tokio::test]
async fn what_was_consumed_stays_consumed_across_a_restart() {
    let bench = Bench::start().await;
    let (one, two) = (bench.clear(0), bench.clear(1));
    let adapter = bench.adapter();
    let first = fields(&adapter, &change(one, "reserve", "k-1"), &context()).await;
    assert_eq!((first["state"].as_str(), first["reservation"].as_str()), ("reserved", "k-1"));
    assert!(first["expires"].parse::<Timestamp>().unwrap() > ARRIVAL.0);
    assert_eq!(state(&adapter, &change(two, "reserve", "k-2")).await, "reserved");
    let settle = context().settling(Operation::Consume, "k-1".parse().unwrap());
    assert_eq!(fields(&adapter, &change(one, "reserve", "k-1"), &settle).await["state"], "consumed");
    drop(adapter);

    let adapter = bench.adapter();
    assert_eq!(fields(&adapter, &change(one, "reserve", "k-1"), &context()).await, first);
    assert_eq!(state(&adapter, &change(one, "reserve", "k-9")).await, "already-consumed");
    assert_eq!(state(&adapter, &change(two, "reserve", "k-9b")).await, "already-reserved");
    // The bank need not be there to settle.
    bench.register.set_faults(Faults { down: true, ..Faults::default() });
    let settle = context().settling(Operation::Release, "k-2".parse().unwrap());
    assert_eq!(fields(&adapter, &change(two, "reserve", "k-2"), &settle).await["state"], "released");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn under_concurrency_each_receipt_pays_exactly_once() {
    const CALLERS: usize = 16;
    const RECEIPTS: usize = 6;
    let bench = Bench::start().await;
    let adapter = Arc::new(bench.adapter());
    let paid: Arc<Vec<AtomicUsize>> = Arc::new((0..RECEIPTS).map(|_| AtomicUsize::new(0)).collect());
    let mut tasks = Vec::new();
    for caller in 0..CALLERS {
        for receipt in 0..RECEIPTS {
            let (adapter, paid) = (Arc::clone(&adapter), Arc::clone(&paid));
            let key = format!("k-{caller}-{receipt}");
            let mut reserve = change(bench.clear(receipt), "reserve", &key);
            reserve.caller = format!("AZ/GOV/A{}/desk", caller % 4).parse().unwrap();
            tasks.push(tokio::spawn(async move {
                let reserved = fields(&adapter, &reserve, &context()).await;
                if reserved["state"] != "reserved" {
                    assert!(["already-reserved", "already-consumed"].contains(&reserved["state"].as_str()));
                    return;
                }
                // Every fourth caller gives back, so that others get their turn.
                let operation = if caller % 4 == 0 { Operation::Release } else { Operation::Consume };
                let settle = context().settling(operation, reserved["reservation"].parse().unwrap());
                if fields(&adapter, &reserve, &settle).await["state"] == "consumed" {
                    paid[receipt].fetch_add(1, Ordering::SeqCst);
                }
            }));
        }
    }
    for task in tasks {
        task.await.unwrap();
    }
    for (receipt, paid) in paid.iter().enumerate() {
        let times = paid.load(Ordering::SeqCst);
        assert!(times <= 1, "receipt {receipt} paid {times} times");
        let last =
            fields(&adapter, &change(bench.clear(receipt), "reserve", &format!("last-{receipt}")), &context()).await;
        assert_eq!(last["state"], if times == 1 { "already-consumed" } else { "reserved" });
        if times == 0 {
            // Whoever came at all gave it back: then it pays now, and once.
            assert_eq!(
                state(&adapter, &change(bench.clear(receipt), "consume", &format!("c-{receipt}"))).await,
                "consumed"
            );
        }
        assert_eq!(
            state(&adapter, &change(bench.clear(receipt), "reserve", &format!("n-{receipt}"))).await,
            "already-consumed"
        );
    }
}

#[tokio::test]
async fn a_receipt_that_was_reserved_in_vain_for_years_can_be_used_and_an_old_key_has_no_second_effect() {
    let bench = Bench::start().await;
    let adapter = bench.adapter();
    for round in 0..80 {
        let (key, ending) = (format!("k-{round}"), format!("end-{round}"));
        assert_eq!(state(&adapter, &change(bench.clear(0), "reserve", &key)).await, "reserved", "round {round}");
        assert_eq!(state(&adapter, &change(bench.clear(0), "release", &ending)).await, "released");
    }
    assert_eq!(state(&adapter, &change(bench.clear(0), "reserve", "k-99")).await, "reserved");
    // Neither does the oldest reserve again, nor does its release give up what is held now.
    for (operation, key) in [("reserve", "k-0"), ("release", "end-0")] {
        let answer = adapter.answer(&change(bench.clear(0), operation, key), &context()).await;
        assert!(matches!(answer, Err(RegistryError::Unsupported(what)) if what.contains("long ago")), "{answer:?}");
    }
    let settle = context().settling(Operation::Consume, "k-0".parse().unwrap());
    let answer = adapter.answer(&change(bench.clear(0), "reserve", "k-0"), &settle).await;
    assert!(matches!(answer, Err(RegistryError::Settlement(_))), "{answer:?}");
    assert_eq!(state(&adapter, &change(bench.clear(0), "reserve", "k-79")).await, "reserved", "the first answer");
    assert_eq!(state(&adapter, &change(bench.clear(0), "consume", "end-99")).await, "consumed");
}

#[tokio::test]
async fn a_key_has_one_effect_on_one_receipt() {
    let bench = Bench::start().await;
    let adapter = bench.adapter();
    assert_eq!(state(&adapter, &change(bench.clear(0), "reserve", "k")).await, "reserved");
    for other in [change(bench.clear(1), "reserve", "k"), change(bench.clear(0), "consume", "k")] {
        let answer = adapter.answer(&other, &context()).await;
        assert!(matches!(answer, Err(RegistryError::Unsupported(_))), "{answer:?}");
    }
    let mut stranger = change(bench.clear(1), "reserve", "k");
    stranger.caller = "AZ/GOV/SMS/permits".parse().unwrap();
    assert_eq!(state(&adapter, &stranger).await, "reserved");
    assert_eq!(state(&adapter, &change(bench.clear(0), "consume", "k-2")).await, "consumed");
}

#[tokio::test]
async fn a_used_key_says_nothing_about_another_person() {
    let bench = Bench::start().await;
    let adapter = bench.adapter();
    let (payer, other) = (bench.clear(0), bench.clear(1));
    let reserve = change(payer, "reserve", "k");
    assert_eq!(state(&adapter, &reserve).await, "reserved");
    let settle = context().settling(Operation::Consume, "k".parse().unwrap());
    assert_eq!(fields(&adapter, &reserve, &settle).await["state"], "consumed");
    // The same effect, signed as if it were another's fee: one receipt would pay for two people.
    let mut anothers = reserve.clone();
    anothers.subject = SubjectKey::Fin(other.fin);
    assert_eq!(state(&adapter, &anothers).await, "unknown-receipt");
    assert_eq!(state(&adapter, &reserve).await, "reserved", "its payer gets the first answer");
}

#[tokio::test]
async fn the_ledger_holds_no_number_of_a_person() {
    let bench = Bench::start().await;
    let adapter = bench.adapter();
    let person = bench.clear(0);
    assert_eq!(state(&adapter, &change(person, "reserve", "k")).await, "reserved");
    let bytes = std::fs::read(bench.ledger().join("ledger.redb")).unwrap();
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds(person.claims.receipt.as_str()) && !holds(person.fin.as_str()));
}

#[tokio::test]
async fn a_reservation_expires_by_the_messages_time() {
    let bench = Bench::start().await;
    let adapter = bench.adapter();
    assert_eq!(state(&adapter, &change(bench.clear(0), "reserve", "k-1")).await, "reserved");
    let later = mohur_wire::Arrival(ARRIVAL.0.checked_add(mohur_reservation::HELD + Duration::from_secs(1)).unwrap());
    let late = Context::new(later, Duration::from_secs(30));
    let settle = late.clone().settling(Operation::Consume, "k-1".parse().unwrap());
    assert_eq!(fields(&adapter, &change(bench.clear(0), "reserve", "k-1"), &settle).await["state"], "expired");
    assert_eq!(fields(&adapter, &change(bench.clear(0), "reserve", "k-2"), &late).await["state"], "reserved");
}
