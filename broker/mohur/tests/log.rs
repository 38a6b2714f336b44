//! `mohur log`, run as an auditor runs it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "all of it is test code")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use mohur_journal::{Draft, Journal, Settings};
use mohur_seal::generate::generate;
use mohur_seal::{KeyKind, LogSigner};
use mohur_transparency::Kind;
use serde_json::Value;
use tempfile::TempDir;

struct House {
    folder: TempDir,
    key: String,
}

impl House {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn mohur(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_mohur")).current_dir(&self.folder).args(arguments).output().unwrap()
    }
}

/// A log of 300 entries with its key, a receipt with its answer, and an early checkpoint, all in files.
async fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let signer = LogSigner::from_pkcs8(&generate(KeyKind::Ed25519).unwrap()).unwrap();
    let (journal, _) = Journal::open(Settings::new(folder.path().join("log"), "mohur.example/hub"), signer).unwrap();
    for number in 0..300 {
        let at = format!("2026-03-01T08:00:{:02}.5Z", number % 60).parse().unwrap();
        let body = format!("answer {number}");
        let mut draft = Draft::new(Kind::Outcome, at, "AZ/GOV/MIA/id-cards".parse().unwrap())
            .commit("answer", mohur_crypto::sha256(body.as_bytes()).as_bytes().as_slice());
        draft.id = Some(format!("m-{number}").parse().unwrap());
        let committed = journal.append(draft).await.unwrap();
        if number == 270 {
            fs::write(folder.path().join("receipt"), committed.receipt("answer").to_header()).unwrap();
            fs::write(folder.path().join("answer"), body).unwrap();
            fs::write(folder.path().join("early"), committed.checkpoint()).unwrap();
        }
    }
    journal.close().await;
    fs::write(folder.path().join("log.vkey"), format!("{}\n", journal.key())).unwrap();
    House { folder, key: journal.key().to_string() }
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

fn bend(path: &Path, place: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[place] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn a_sound_log_verifies_with_everything_that_was_saved_of_it() {
    let house = house().await;
    let plain = house.mohur(&["log", "verify", "log", "--key", &house.key]);
    assert_eq!(code(&plain), Some(0), "{plain:?}");
    assert!(said(&plain).starts_with("The log mohur.example/hub verifies.\n  300 entries, root "), "{}", said(&plain));

    let all = ["--receipt", "receipt", "--answer", "answer", "--checkpoint", "early"];
    let whole = house.mohur(&[&["log", "verify", "log", "--key", "log.vkey"], all.as_slice()].concat());
    assert_eq!(code(&whole), Some(0), "{whole:?}");
    for line in
        ["✓ receipt: entry 270 of the log", "✓ answer: the answer that entry 270", "begins with the 271 entries"]
    {
        assert!(said(&whole).contains(line), "{line} in {}", said(&whole));
    }
    let header = fs::read_to_string(house.path("receipt")).unwrap();
    fs::write(house.path("evidence"), serde_json::json!({ "answer": "sealed", "receipt": header }).to_string())
        .unwrap();
    let evidence = house.mohur(&["log", "verify", "log", "--key", "log.vkey", "--receipt", "evidence"]);
    assert!(said(&evidence).contains("✓ evidence: entry 270 of the log"), "{}", said(&evidence));
    let json = house.mohur(&["--json", "log", "verify", "log", "--key", "log.vkey", "--receipt", "receipt"]);
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(
        (&json["sound"], &json["log"]["entries"], &json["receipts"][0]["entry"]),
        (&true.into(), &300.into(), &270.into())
    );
}

#[tokio::test]
async fn what_was_changed_is_named_and_the_exit_code_is_4() {
    let house = house().await;
    fs::write(house.path("answer"), "another answer").unwrap();
    let other =
        house.mohur(&["log", "verify", "log", "--key", "log.vkey", "--receipt", "receipt", "--answer", "answer"]);
    assert_eq!(code(&other), Some(4));
    assert!(said(&other).contains("✗ answer: not the answer that entry 270 commits to"), "{}", said(&other));

    let stranger = self::house().await;
    let foreign = house.mohur(&["log", "verify", "log", "--key", &stranger.key]);
    assert_eq!(code(&foreign), Some(4), "{foreign:?}");

    bend(&house.path("log/tile/entries/000"), 30);
    let changed = house.mohur(&["log", "verify", "log", "--key", "log.vkey"]);
    assert_eq!(code(&changed), Some(4));
    assert!(said(&changed).contains("✗ entry 0 is not the one whose hash is in the tree"), "{}", said(&changed));
    assert_eq!(code(&house.mohur(&["log", "show", "log", "--key", "log.vkey", "--id", "m-1"])), Some(4));
}

#[tokio::test]
async fn entries_are_shown_as_a_table_or_as_json() {
    let house = house().await;
    let last = house.mohur(&["log", "show", "log", "--key", "log.vkey", "--last", "2"]);
    assert_eq!(code(&last), Some(0), "{last:?}");
    let text = said(&last);
    let lines: Vec<_> = text.lines().collect();
    assert!(
        lines[0].starts_with("entry  time") && lines[2].starts_with("299    2026-03-01T08:00:59.500Z  outcome"),
        "{text}"
    );
    assert!(lines[3].starts_with("2 of 300 entries of mohur.example/hub"), "{text}");
    let one = house.mohur(&["--json", "log", "show", "log", "--key", "log.vkey", "--id", "m-7"]);
    let one: Value = serde_json::from_slice(&one.stdout).unwrap();
    assert_eq!((&one["entries"][0]["index"], &one["entries"][0]["leaf"]["seq"]), (&7.into(), &7.into()));
    assert_eq!(code(&house.mohur(&["log", "show", "log", "--key", "log.vkey", "--id", "none"])), Some(1));
}

#[tokio::test]
async fn wrong_usage_is_told_from_a_wrong_log() {
    let house = house().await;
    for wrong in [
        ["log", "verify", "nowhere", "--key", "log.vkey"],
        ["log", "verify", "log", "--key", "nothing"],
        ["log", "show", "log", "--key", "answer"],
    ] {
        let output = house.mohur(&wrong);
        assert_eq!(code(&output), Some(2), "{wrong:?}: {output:?}");
    }
}
