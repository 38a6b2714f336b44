//! One receipt never pays twice: ten thousand applications want the fees of a hundred receipts at once, each under a key of its
//! own, through the real adapter, the bank over HTTP and the ledger on disk, in a process that is killed again and again.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mohur_contract::conformance::ARRIVAL;
use mohur_contract::{Context, Registry, RegistryError};
use mohur_host::LedgerStore;
use mohur_http::SystemClock;
use mohur_reference::{Country, Kind, Register};
use mohur_state_fees::{BankSettings, Settings, StateFees};
use mohur_wire::answer::Finding;
use mohur_wire::{Ask, Operation, Query};
use serde_json::json;

const RECEIPTS: usize = 100;
const APPLICATIONS: usize = 10_000;
const CALLERS: usize = 4;
/// Consumes said at once, in one process.
const AT_ONCE: usize = 64;
const KILLS: usize = 12;

/// Where a storm takes place; given to the process in its environment.
struct Place {
    folder: PathBuf,
    bank: String,
}

impl Place {
    fn from_environment() -> Option<Self> {
        Some(Self { folder: std::env::var_os("STORM_FOLDER")?.into(), bank: std::env::var("STORM_BANK").ok()? })
    }

    fn adapter(&self) -> StateFees {
        let ledger = Arc::new(patiently(|| LedgerStore::open(&self.folder.join("ledger.redb")).ok()));
        let bank = BankSettings::new(&self.bank).with_credential(self.folder.join("token"));
        StateFees::new(&Settings::new(bank, mohur_reference::country::FEE), ledger).unwrap()
    }

    /// The process that the storm goes through: this test's own binary, as another process.
    fn process(&self) -> Child {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "in_a_process_of_its_own", "--ignored"])
            .env("STORM_FOLDER", &self.folder)
            .env("STORM_BANK", &self.bank)
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap()
    }

    /// What the processes were told, application by application, as far as they lived to write it down.
    fn told(&self) -> BTreeMap<usize, String> {
        let Ok(file) = File::open(self.folder.join("told")) else { return BTreeMap::new() };
        let lines = BufReader::new(file).lines().map(Result::unwrap);
        // A line that was cut by a kill has no end: its application is asked again.
        let whole = lines.filter_map(|line| line.strip_suffix('.').map(str::to_owned));
        whole
            .map(|line| line.split_once(' ').map(|(n, state)| (n.parse().unwrap(), state.to_owned())).unwrap())
            .collect()
    }
}

fn patiently<T>(open: impl Fn() -> Option<T>) -> T {
    for _ in 0..500 {
        if let Some(opened) = open() {
            return opened;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the ledger does not open");
}

/// Which receipt an application wants: eight that follow each other want the same one, at the same time.
const fn receipt(number: usize) -> usize {
    number / 8 % RECEIPTS
}

/// Application `number` wants the fee of one of the receipts, under its own key.
fn reserve(country: &Country, number: usize) -> Query {
    let citizen = country.clear_citizens().nth(receipt(number)).unwrap();
    let opening = json!({
        "salt": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "id": format!("q-{number}"),
        "caller": format!("AZ/GOV/A{}/desk", number % CALLERS),
        "service": "AZ/COM/BANK/state-fees/payments/v1",
        "subject": { "fin": citizen.fin },
        "purpose": "issue-id-document",
        "official": "officer 7",
        "verb": "change",
        "effect": { "operation": "reserve", "receipt": citizen.claims.receipt, "key": format!("k-{number}") },
    });
    Query::parse(opening.to_string().as_bytes()).unwrap()
}

/// Reserves and consumes, and says what the last of the two came to.
async fn want(adapter: &StateFees, query: &Query) -> Result<String, RegistryError> {
    let context = Context::new(ARRIVAL, Duration::from_secs(60));
    let state = state(adapter, query, &context).await?;
    if state != "reserved" {
        return Ok(state);
    }
    let Ask::Change(effect) = &query.ask else { panic!("a change") };
    self::state(adapter, query, &context.settling(Operation::Consume, effect.key.clone())).await
}

async fn state(adapter: &StateFees, query: &Query, context: &Context) -> Result<String, RegistryError> {
    let answer = adapter.answer(query, context).await?;
    let Finding::Found(fields) = answer.finding else { panic!("a change is never absent") };
    Ok(fields.iter().find(|(name, _)| name.as_str() == "state").unwrap().1.to_string())
}

/// Asks for every application that has no answer yet, many at once, and writes each answer down when it is had.
async fn storm(place: &Place) {
    let (country, adapter, told) = (Arc::new(Country::default()), Arc::new(place.adapter()), place.told());
    let left: Arc<Vec<usize>> = Arc::new((0..APPLICATIONS).filter(|number| !told.contains_key(number)).collect());
    let next = Arc::new(AtomicUsize::new(0));
    let file = OpenOptions::new().create(true).append(true).open(place.folder.join("told")).unwrap();
    let file = Arc::new(file);
    let tasks: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let (country, adapter, left) = (Arc::clone(&country), Arc::clone(&adapter), Arc::clone(&left));
            let (next, file) = (Arc::clone(&next), Arc::clone(&file));
            tokio::spawn(async move {
                while let Some(number) = left.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let state = want(&adapter, &reserve(&country, *number)).await.unwrap();
                    // One that is held by another may be free a moment later: it goes on wanting.
                    let mut state = state;
                    while state == "already-reserved" {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                        state = want(&adapter, &reserve(&country, *number)).await.unwrap();
                    }
                    (&*file).write_all(format!("\n{number} {state}.").as_bytes()).unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[test]
#[ignore = "it is a part of the storm, in a process of its own"]
fn in_a_process_of_its_own() {
    let Some(place) = Place::from_environment() else { return };
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(storm(&place));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_ten_thousand_consumes_of_a_hundred_receipts_each_pays_once() {
    let country = Arc::new(Country::default());
    assert!(country.clear_citizens().count() >= RECEIPTS);
    let address = "127.0.0.1:0".parse().unwrap();
    let bank = Register::start(Kind::StateFees, address, Arc::clone(&country), Arc::new(SystemClock)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), bank.token()).unwrap();
    let place = Place { folder: folder.path().to_owned(), bank: bank.url().to_string() };
    let since = Instant::now();
    for kill in 0..KILLS {
        let mut process = place.process();
        let before = answers(&place.folder);
        // Not before it is at work, and each time at another moment of it.
        while answers(&place.folder) < before + 20 && process.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        tokio::time::sleep(Duration::from_millis(37 * (kill as u64 % 5) + 11)).await;
        process.kill().unwrap();
        process.wait().unwrap();
    }
    let cut = place.told().len();
    let status = tokio::task::spawn_blocking({
        let mut process = place.process();
        move || process.wait().unwrap()
    });
    assert!(status.await.unwrap().success());

    let told = place.told();
    assert_eq!(told.len(), APPLICATIONS);
    assert!((1..APPLICATIONS).contains(&cut), "the kills came in the middle of it: {cut}");
    let paid: Vec<_> = told.iter().filter(|(_, state)| *state == "consumed").map(|(number, _)| number).collect();
    let receipts: BTreeSet<_> = paid.iter().map(|number| receipt(**number)).collect();
    assert_eq!((paid.len(), receipts.len()), (RECEIPTS, RECEIPTS), "each receipt has paid, and once");
    assert!(
        told.values().all(|state| state == "consumed" || state == "already-consumed"),
        "and nobody else was told so"
    );

    // Whoever asks again is told the same, by a process that was never there before.
    let adapter = place.adapter();
    for (number, state) in told.iter().step_by(97) {
        assert_eq!(want(&adapter, &reserve(&country, *number)).await.unwrap(), *state, "application {number}");
    }
    eprintln!("{APPLICATIONS} consumes, {KILLS} kills: {:?}", since.elapsed());
}

/// How many answers were written down.
fn answers(folder: &Path) -> usize {
    std::fs::read(folder.join("told")).map_or(0, |bytes| bytes.iter().filter(|byte| **byte == b'.').count())
}
