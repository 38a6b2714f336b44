//! The journal as its users see it, and what is left of it after every kind of end.

mod crash;
mod damage;

use std::fs;
use std::path::Path;
use std::time::Duration;

use mohur_seal::generate::generate;
use mohur_seal::{KeyKind, LogSigner, Zeroizing};
use mohur_transparency::{Kind, Retired};
use mohur_wire::{MemberId, Timestamp};
use tempfile::TempDir;

use crate::{Committed, Draft, Journal, JournalError, OpenError, Settings};

/// A folder for a log, and the log's key.
struct House {
    folder: TempDir,
    key: Zeroizing<Vec<u8>>,
}

impl House {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), key: generate(KeyKind::Ed25519).unwrap() }
    }

    fn signer(&self) -> LogSigner {
        LogSigner::from_pkcs8(&self.key).unwrap()
    }

    /// Small segments, and nothing published unless asked for.
    fn settings(&self) -> Settings {
        Settings {
            segment_bytes: 0,
            publish_every: Duration::from_secs(3600),
            ..Settings::new(self.folder.path(), "mohur.example/log")
        }
    }

    fn open(&self) -> Journal {
        self.open_with(self.settings())
    }

    fn open_with(&self, settings: Settings) -> Journal {
        Journal::open(settings, self.signer()).unwrap().0
    }

    /// The house as it would be found if the power went now.
    fn after_power_cut(&self) -> Self {
        let copy = Self { folder: tempfile::tempdir().unwrap(), key: self.key.clone() };
        copy_folder(self.folder.path(), copy.folder.path());
        copy
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        if path.is_dir() {
            copy_folder(&path, &to.join(name));
        } else if path.extension().is_none_or(|extension| extension != "tmp") {
            // A file may be renamed away while we look: then it is the other one that counts.
            let _ = fs::copy(&path, to.join(name));
        }
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn member(number: usize) -> MemberId {
    ["AZ/GOV/MIA/id-cards", "AZ/COM/BANK/credit", "AZ/GOV/SBS/border"][number % 3].parse().unwrap()
}

fn draft(kind: Kind, consumer: usize, id: usize) -> Draft {
    let mut draft = Draft::new(kind, at(i64::try_from(id).unwrap()), member(consumer))
        .commit("subject", "fin:5ABCDE1")
        .commit("answer", format!("answer {id}"));
    draft.id = Some(format!("m-{id}").parse().unwrap());
    draft.service = Some("AZ/GOV/MOJ/civil-registry/birth/v1".parse().unwrap());
    draft
}

/// All entries that the published log holds.
fn texts(journal: &Journal) -> Vec<String> {
    journal.tail(at(-1_000_000)).unwrap().map(|entry| entry.unwrap().text).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_entry_comes_back_with_a_receipt_that_proves_it() {
    let house = House::new();
    let journal = house.open();
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..64 {
        let journal = journal.clone();
        tasks.spawn(async move {
            let mut done = Vec::new();
            for round in 0..12 {
                done.push(journal.append(draft(Kind::Outcome, task, task * 100 + round)).await.unwrap());
            }
            done
        });
    }
    let committed: Vec<Committed> = tasks.join_all().await.into_iter().flatten().collect();
    let mut seen = vec![false; 64 * 12];
    for entry in &committed {
        let receipt = entry.receipt("answer").verify(journal.key()).unwrap();
        let id = receipt.leaf().id.as_ref().unwrap().as_str().trim_start_matches("m-").to_owned();
        assert!(receipt.opens("answer", format!("answer {id}").as_bytes()));
        assert!(!receipt.opens("answer", b"another"));
        assert!(!receipt.opens("subject", b"fin:5ABCDE1"), "a receipt opens one commitment only");
        assert!(!entry.leaf().contains("5ABCDE1"));
        assert_eq!((receipt.index(), receipt.leaf_hash()), (entry.index(), entry.leaf_hash()));
        assert!(!std::mem::replace(&mut seen[usize::try_from(entry.index()).unwrap()], true));
    }
    journal.close().await;
    assert_eq!(journal.append(draft(Kind::Outcome, 0, 0)).await.unwrap_err(), JournalError::Closed);

    let journal = house.open();
    let (checkpoint, _) = journal.checkpoint().unwrap();
    assert_eq!(checkpoint.size, 64 * 12);
    let mut numbers = [0; 3];
    for entry in journal.tail(at(0)).unwrap() {
        let entry = entry.unwrap();
        let consumer = (0..3).find(|number| member(*number) == entry.leaf.consumer).unwrap();
        assert_eq!(entry.leaf.seq, numbers[consumer]);
        numbers[consumer] += 1;
        let proven = journal.prove(entry.index).unwrap().verify(journal.key()).unwrap();
        assert_eq!(*proven.leaf(), entry.leaf);
    }
}

#[tokio::test]
async fn intents_without_outcome_are_found_and_closed_as_unknown() {
    let house = House::new();
    let journal = house.open();
    for id in 0..300 {
        journal.append(draft(Kind::Intent, id, id)).await.unwrap();
        if id % 100 != 7 {
            journal.append(draft(Kind::Outcome, id, id)).await.unwrap();
        }
        journal.append(draft(Kind::Refusal, id, 207)).await.unwrap();
    }
    let house = house.after_power_cut();
    let (journal, report) = Journal::open(house.settings(), house.signer()).unwrap();
    assert_eq!((report.entries, report.orphans), (897, 3));
    let orphans = journal.close_orphans(at(1000)).await.unwrap().to_vec();
    let ids: Vec<_> = orphans.iter().map(|orphan| orphan.leaf.id.as_ref().unwrap().to_string()).collect();
    assert_eq!(ids, ["m-7", "m-107", "m-207"]);
    journal.close().await;

    let (journal, report) = Journal::open(house.settings(), house.signer()).unwrap();
    assert_eq!((report.entries, report.orphans, report.replayed), (900, 0, 0));
    let closing: Vec<_> = journal.tail(at(1000)).unwrap().map(|entry| entry.unwrap().leaf).collect();
    assert!(closing.iter().all(|leaf| leaf.kind == Kind::Outcome && leaf.commitment("status").is_some()));
    assert_eq!(closing.iter().map(|leaf| leaf.id.clone()).collect::<Vec<_>>().len(), 3);
}

#[tokio::test]
async fn a_failed_fsync_ends_the_log_and_nobody_is_told_otherwise() {
    let house = House::new();
    let failing = |_: &fs::File| Err(std::io::Error::other("the disk is gone"));
    let journal = house.open_with(Settings { sync: failing, ..house.settings() });
    journal.ready().await.unwrap();
    let first = journal.append(draft(Kind::Intent, 0, 0)).await.unwrap_err();
    assert!(matches!(&first, JournalError::Failed(reason) if reason.contains("the disk is gone")), "{first}");
    assert_eq!(journal.append(draft(Kind::Intent, 0, 1)).await.unwrap_err(), first);
    assert_eq!(journal.failed().await, first);
    assert_eq!(journal.ready().await.unwrap_err(), first);
    drop(journal);

    // Whether the entry reached the disk nobody knows; if it did, it is an orphan like any other.
    let (journal, report) = Journal::open(house.settings(), house.signer()).unwrap();
    assert_eq!(report.orphans as u64, report.entries);
    journal.append(draft(Kind::Intent, 0, 2)).await.unwrap();
}

#[tokio::test]
async fn a_full_log_refuses_and_goes_on_when_there_is_room() {
    let house = House::new();
    let journal = house.open_with(Settings { max_bytes: Some(3000), ..house.settings() });
    let mut logged = 0;
    let refused = loop {
        match journal.append(draft(Kind::Refusal, 0, logged)).await {
            Ok(_) => logged += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, JournalError::Full(_)) && (3..20).contains(&logged), "{logged} {refused}");
    assert!(matches!(journal.append(draft(Kind::Refusal, 0, 0)).await, Err(JournalError::Full(_))));
    assert!(matches!(journal.ready().await, Err(JournalError::Full(_))), "a full log is not a failed one");
    journal.close().await;
    let journal = house.open();
    let next = journal.append(draft(Kind::Refusal, 0, logged)).await.unwrap();
    assert_eq!(next.index(), logged as u64);
}

#[tokio::test]
async fn an_entry_that_is_too_long_is_refused_and_leaves_no_gap() {
    let house = House::new();
    let journal = house.open();
    let mut long = draft(Kind::Refusal, 0, 0);
    long.basis = Some("§".repeat(40_000));
    assert_eq!(journal.append(long).await.unwrap_err(), JournalError::TooLong);
    let committed = journal.append(draft(Kind::Refusal, 0, 1)).await.unwrap();
    assert!(committed.leaf().contains(r#""seq":0,"#) && committed.index() == 0);
    let mut longest = draft(Kind::Refusal, 0, 0);
    longest.basis = Some("x".repeat(65_000));
    let (first, second) = tokio::join!(journal.append(longest.clone()), journal.append(longest));
    first.unwrap().receipt("answer").verify(journal.key()).unwrap();
    second.unwrap().receipt("answer").verify(journal.key()).unwrap();
}

#[tokio::test]
async fn one_process_one_name_one_key() {
    let house = House::new();
    let journal = house.open();
    assert!(matches!(Journal::open(house.settings(), house.signer()), Err(OpenError::Locked(_))));
    journal.append(draft(Kind::Refusal, 0, 0)).await.unwrap();
    journal.close().await;
    let stranger = House::new();
    assert!(matches!(Journal::open(house.settings(), stranger.signer()), Err(OpenError::Foreign { .. })));
    let renamed = Settings { origin: "another.example".into(), ..house.settings() };
    assert!(matches!(Journal::open(renamed, house.signer()), Err(OpenError::Foreign { .. })));
    let unnamed = Settings { origin: "a b".into(), ..house.settings() };
    assert!(matches!(Journal::open(unnamed, house.signer()), Err(OpenError::Origin(_))));
}

#[tokio::test]
async fn the_tail_begins_where_it_is_asked_to() {
    let house = House::new();
    let journal = house.open_with(Settings { publish_every: Duration::ZERO, ..house.settings() });
    let mut tasks = tokio::task::JoinSet::new();
    for id in 0..2000 {
        let journal = journal.clone();
        tasks.spawn(async move { journal.append(draft(Kind::Refusal, 0, id)).await.unwrap() });
    }
    tasks.join_all().await;
    for since in [0, 1, 999, 1999, 2000] {
        let tail: Vec<_> = journal.tail(at(since)).unwrap().map(|entry| entry.unwrap().leaf.at).collect();
        assert_eq!(tail.len() as i64, 2000 - since);
        assert!(tail.iter().all(|time| *time >= at(since)));
    }
}

#[tokio::test]
async fn what_is_published_lags_no_further_than_the_setting() {
    let house = House::new();
    let journal = house.open_with(Settings { publish_every: Duration::from_millis(30), ..house.settings() });
    for id in 0..5 {
        journal.append(draft(Kind::Refusal, 0, id)).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(texts(&journal).len(), 5);
    let prompt = House::new();
    let journal = prompt.open_with(Settings { publish_every: Duration::ZERO, ..prompt.settings() });
    journal.append(draft(Kind::Refusal, 0, 0)).await.unwrap();
    assert_eq!(texts(&journal).len(), 1);
}

#[tokio::test]
async fn a_crowd_waits_for_company_and_a_lone_query_does_not() {
    let house = House::new();
    let journal = house.open_with(Settings { pool: Duration::from_secs(600), ..house.settings() });
    // One query after another, and three beside each other: with a pool of ten minutes none of them may wait.
    for id in 0..3 {
        journal.append(draft(Kind::Intent, 0, id)).await.unwrap();
    }
    journal.append(draft(Kind::Outcome, 0, 0)).await.unwrap();
    drop(journal);
    let crowded = House::new();
    let journal = crowded.open_with(Settings { pool: Duration::from_millis(50), ..crowded.settings() });
    let mut tasks = tokio::task::JoinSet::new();
    for id in 0..64 {
        let journal = journal.clone();
        tasks.spawn(async move { journal.append(draft(Kind::Intent, 0, id)).await.unwrap() });
    }
    tasks.join_all().await;
    // Nobody else comes: the wait has an end, and a crowd that is complete does not even begin it.
    let started = std::time::Instant::now();
    journal.append(draft(Kind::Outcome, 0, 0)).await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(50));
}

#[tokio::test]
async fn another_key_takes_over_at_a_start_and_the_old_one_counts_for_what_it_signed() {
    let mut house = House::new();
    let journal = house.open();
    let mut before = Vec::new();
    for id in 0..3 {
        before.push(journal.append(draft(Kind::Outcome, 0, id)).await.unwrap());
    }
    let old = journal.key().clone();
    journal.close().await;
    drop(journal);

    let first = std::mem::replace(&mut house.key, generate(KeyKind::Ed25519).unwrap());
    let foreign = Journal::open(house.settings(), house.signer()).unwrap_err();
    assert!(matches!(foreign, OpenError::Foreign { .. }), "a key that nobody named: {foreign}");
    let retired = |until| Settings { retired: vec![Retired { key: old.clone(), until }], ..house.settings() };
    let early = Journal::open(retired(2), house.signer()).unwrap_err();
    assert!(early.to_string().contains("more entries under a retired key than the 2"), "{early}");

    let (journal, recovery) = Journal::open(retired(3), house.signer()).unwrap();
    assert!(recovery.rekeyed);
    let keys = journal.key().clone();
    let (checkpoint, note) = journal.checkpoint().unwrap();
    assert_eq!((checkpoint.size, old.open(&note).is_err()), (3, true), "the new key signs what is there");
    let after = journal.append(draft(Kind::Outcome, 0, 3)).await.unwrap();
    for committed in before.iter().chain([&after]) {
        committed.receipt("answer").verify(&keys).unwrap();
    }
    assert!(after.receipt("answer").verify(&old).is_err());
    journal.close().await;
    drop(journal);

    let (journal, recovery) = Journal::open(retired(3), house.signer()).unwrap();
    assert!(!recovery.rekeyed, "once only");
    journal.close().await;
    drop(journal);
    house.key = first;
    let thief = Journal::open(house.settings(), house.signer()).unwrap_err();
    assert!(matches!(thief, OpenError::Foreign { .. }), "the old key cannot go on: {thief}");
}
