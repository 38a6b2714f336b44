//! A log folder, the log's key, and nothing else.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_wrap,
    reason = "all of it is test code"
)]

use std::fs;
use std::path::{Path, PathBuf};

use mohur_audit::{Options, ReceiptProblem, Report, SelectError, Wanted, check_receipt, is_beginning, select, verify};
use mohur_journal::{Draft, Journal, Log, Settings};
use mohur_seal::generate::generate;
use mohur_seal::{KeyKind, LogSigner};
use mohur_transparency::{Checkpoint, Kind, Receipt};
use mohur_wire::Timestamp;
use tempfile::TempDir;

const ENTRIES: usize = 700;

struct Finished {
    folder: TempDir,
    log: Log,
    receipts: Vec<Receipt>,
    early: Checkpoint,
}

fn draft(kind: Kind, number: usize) -> Draft {
    let at = Timestamp::from_second(1_800_000_000 + number as i64).unwrap();
    let consumer = ["AZ/GOV/MIA/id-cards", "AZ/COM/BANK/credit"][number % 2].parse().unwrap();
    let mut draft = Draft::new(kind, at, consumer).commit("answer", format!("answer {number}"));
    draft.id = Some(format!("m-{}", number / 4).parse().unwrap());
    draft
}

/// 700 entries, intents and outcomes in turn, all closed but the one of which message 170 of the passport office is.
async fn finished() -> Finished {
    let folder = tempfile::tempdir().unwrap();
    let signer = LogSigner::from_pkcs8(&generate(KeyKind::Ed25519).unwrap()).unwrap();
    let mut settings = Settings::new(folder.path(), "mohur.example/log");
    settings.segment_bytes = 0;
    let (journal, _) = Journal::open(settings, signer).unwrap();
    let mut receipts = Vec::new();
    for number in 0..ENTRIES {
        let kind = match number {
            682 => Kind::Refusal,
            _ if number % 4 < 2 => Kind::Intent,
            _ => Kind::Outcome,
        };
        receipts.push(journal.append(draft(kind, number)).await.unwrap().receipt("answer"));
    }
    journal.close().await;
    let log = Log::new(folder.path(), journal.key().clone());
    let early = receipts[99].verify(log.key()).unwrap().checkpoint().clone();
    Finished { folder, log, receipts, early }
}

fn examine(log: &Log) -> Report {
    verify(log, Options { tolerance_seconds: 120, progress: &mut |_, _| {} }).unwrap()
}

#[tokio::test]
async fn a_sound_log_is_found_sound_and_its_open_intents_are_named() {
    let finished = finished().await;
    let mut steps = Vec::new();
    let progress = &mut |done, all| steps.push((done, all));
    let report = verify(&finished.log, Options { tolerance_seconds: 120, progress }).unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
    assert_eq!(report.entries, ENTRIES as u64);
    assert_eq!(steps, [(256, 700), (512, 700), (700, 700)]);
    assert_eq!((report.kinds["intent"], report.kinds["outcome"], report.kinds["refusal"]), (350, 349, 1));
    assert_eq!(report.consumers["AZ/GOV/MIA/id-cards"].entries, 350);
    let [open] = &report.open_intents[..] else { panic!("{:?}", report.open_intents) };
    assert_eq!((open.entry, open.id.as_str(), open.consumer.as_str()), (680, "m-170", "AZ/GOV/MIA/id-cards"));
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["open_intents"][0]["entry"], 680);
}

#[tokio::test]
async fn receipts_and_earlier_checkpoints_belong_to_one_history() {
    let finished = finished().await;
    let (current, _) = finished.log.checkpoint().unwrap();
    for receipt in finished.receipts.iter().step_by(61) {
        let verified = check_receipt(&finished.log, receipt).unwrap();
        let number = verified.index();
        assert!(verified.opens("answer", format!("answer {number}").as_bytes()));
    }
    is_beginning(&finished.log, &finished.early, &current).unwrap();
    let other = Checkpoint { root: current.root, ..finished.early.clone() };
    assert!(matches!(is_beginning(&finished.log, &other, &current), Err(ReceiptProblem::SplitView { size: 100 })));

    let stranger = self::finished().await;
    let foreign = check_receipt(&finished.log, &stranger.receipts[5]).unwrap_err();
    assert!(matches!(foreign, ReceiptProblem::Receipt(_)), "{foreign}");
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

#[tokio::test]
async fn one_changed_bit_anywhere_is_found() {
    let finished = finished().await;
    let mut public = vec![finished.folder.path().join("checkpoint")];
    files(&finished.folder.path().join("tile"), &mut public);
    assert!(public.len() >= 8, "{public:?}");
    for path in public {
        let sound = fs::read(&path).unwrap();
        // Partial tiles that a full one or a wider one has replaced are not part of the log any more.
        fs::rename(&path, path.with_extension("away")).unwrap();
        let needed = verify(&finished.log, Options { tolerance_seconds: 120, progress: &mut |_, _| {} });
        let needed = needed.map_or(true, |report| !report.is_sound());
        fs::rename(path.with_extension("away"), &path).unwrap();
        for place in [0, sound.len() / 3, sound.len() - 1] {
            let mut bent = sound.clone();
            bent[place] ^= 1;
            fs::write(&path, &bent).unwrap();
            let report = verify(&finished.log, Options { tolerance_seconds: 120, progress: &mut |_, _| {} });
            let found = report.map_or(true, |report| !report.is_sound());
            assert_eq!(found, needed, "{} at {place}", path.display());
        }
        fs::write(&path, &sound).unwrap();
    }
    assert!(examine(&finished.log).is_sound());
}

#[tokio::test]
async fn the_changed_entry_is_named() {
    let finished = finished().await;
    let path = finished.folder.path().join("tile/entries/001");
    let bundle = fs::read(&path).unwrap();
    let text = String::from_utf8_lossy(&bundle).into_owned();
    let place = text.find(r#""seq":150,"#).unwrap();
    let mut bent = bundle.clone();
    let at = bundle.windows(10).position(|window| window == br#""seq":150,"#).unwrap();
    assert!(place > 0);
    bent[at + 8] = b'1';
    fs::write(&path, bent).unwrap();
    let report = examine(&finished.log);
    let problems: Vec<_> = report.problems.iter().map(ToString::to_string).collect();
    assert!(problems[0].starts_with("entry 300 is not the one whose hash is in the tree"), "{problems:?}");
    assert!(problems[1].contains("has the number 151 of AZ/GOV/MIA/id-cards, but its next one is 150"), "{problems:?}");
    assert_eq!(report.problems[0].entry, Some(300));
    assert!(problems.last().unwrap().contains("do not lead to the root"), "{problems:?}");
}

#[tokio::test]
async fn a_removed_bundle_is_named() {
    let finished = finished().await;
    fs::remove_file(finished.folder.path().join("tile/entries/001")).unwrap();
    let report = examine(&finished.log);
    assert_eq!(report.problems[0].entry, Some(256));
    assert!(report.problems[0].what.contains("tile/entries/001"), "{}", report.problems[0]);
}

#[tokio::test]
async fn entries_are_shown_only_when_they_are_proven() {
    let finished = finished().await;
    let indices = |found: Vec<mohur_audit::Entry>| found.into_iter().map(|entry| entry.index).collect::<Vec<_>>();
    let of = |id: &str| Wanted { id: Some(id.to_owned()), ..Wanted::default() };
    assert_eq!(indices(select(&finished.log, &Wanted::default(), 3).unwrap().1), [697, 698, 699]);
    assert_eq!(indices(select(&finished.log, &of("m-3"), 10).unwrap().1), [12, 13, 14, 15]);
    assert_eq!(indices(select(&finished.log, &of("m-3"), 1).unwrap().1), [15]);
    assert!(select(&finished.log, &of("m-"), 10).unwrap().1.is_empty());
    let (_, all) = select(&finished.log, &Wanted::default(), 1000).unwrap();
    let (who, when) = (all[500].leaf.consumer.clone(), all[500].leaf.at);
    let wanted = Wanted { member: Some(who.clone()), since: Some(when), ..Wanted::default() };
    let expected = all.iter().filter(|one| one.leaf.consumer == who && one.leaf.at >= when).map(|one| one.index);
    assert_eq!(indices(select(&finished.log, &wanted, 1000).unwrap().1), expected.collect::<Vec<_>>());
    let nobody = Wanted { certificate: Some(mohur_crypto::sha256(b"no seal")), ..Wanted::default() };
    assert!(select(&finished.log, &nobody, 1000).unwrap().1.is_empty());

    let path = finished.folder.path().join("tile/entries/000");
    let bundle = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
    let at = bundle.find("\"id\":\"m-3\"").unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let place = bytes.windows(10).position(|window| window == &bundle.as_bytes()[at..at + 10]).unwrap();
    bytes[place + 8] = b'4';
    fs::write(&path, bytes).unwrap();
    assert!(matches!(select(&finished.log, &of("m-4"), 10), Err(SelectError::Unproven { entry: 12 })));
}
