//! A log folder verified by the note and tlog packages of Go's checksum database, which share no code with ours.
//!
//! Needs `go` and Debian's `golang-golang-x-mod-dev`, which the README's test command installs.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use mohur_journal::{Draft, Journal, Settings};
use mohur_seal::generate::generate;
use mohur_seal::{KeyKind, LogSigner};
use mohur_transparency::Kind;
use mohur_wire::Timestamp;
use tempfile::TempDir;

const INSTALL: &str =
    "install it with `apt-get install golang-go golang-golang-x-mod-dev`, as integration-tests/all does";

/// Compiles the verifier into `folder`; Go's own cache makes the second time quick.
fn verifier(folder: &TempDir) -> PathBuf {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let program = folder.path().join("verifier");
    let output = Command::new("go")
        .args(["build", "-o"])
        .arg(&program)
        .arg("main.go")
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("go-tlog"))
        .env("GO111MODULE", "off")
        .env("GOPATH", "/usr/share/gocode")
        .env("GOFLAGS", "")
        .env("GOCACHE", scratch.join("go-cache"))
        .output()
        .unwrap_or_else(|error| panic!("`go` cannot be run ({error}): {INSTALL}"));
    assert!(output.status.success(), "the Go verifier does not compile; {INSTALL}\n{}", said(&output));
    program
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

/// A log of `entries` entries, closed in good order, and the receipts of some of them as JSON files.
async fn log_of(entries: u32) -> (TempDir, String, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    let signer = LogSigner::from_pkcs8(&generate(KeyKind::Ed25519).unwrap()).unwrap();
    let (journal, _) = Journal::open(Settings::new(folder.path().join("log"), "mohur.example/hub"), signer).unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..entries {
        let journal = journal.clone();
        let at = Timestamp::from_second(1_800_000_000).unwrap();
        let draft = Draft::new(Kind::Refusal, at, "AZ/GOV/MIA/id-cards".parse().unwrap())
            .commit("answer", format!("answer {number}"));
        tasks.spawn(async move { journal.append(draft).await.unwrap() });
    }
    let mut receipts = Vec::new();
    for committed in tasks.join_all().await.into_iter().step_by(97) {
        let path = folder.path().join(format!("{}.receipt", committed.index()));
        fs::write(&path, serde_json::to_vec(&committed.receipt("answer")).unwrap()).unwrap();
        receipts.push(path);
    }
    journal.close().await;
    (folder, journal.key().to_string(), receipts)
}

fn run(program: &Path, folder: &TempDir, key: &str, receipts: &[PathBuf]) -> Output {
    Command::new(program).arg(folder.path().join("log")).arg(key).args(receipts).output().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn go_verifies_logs_of_many_sizes_with_their_receipts() {
    let scratch = tempfile::tempdir().unwrap();
    let program = verifier(&scratch);
    for entries in [1, 2, 255, 256, 257, 700] {
        let (folder, key, receipts) = log_of(entries).await;
        let output = run(&program, &folder, &key, &receipts);
        assert!(output.status.success(), "{entries} entries: {}", said(&output));
        assert!(said(&output).starts_with(&format!("verified {entries} entries and {} receipts", receipts.len())));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn go_verifies_a_log_of_three_levels() {
    let scratch = tempfile::tempdir().unwrap();
    let program = verifier(&scratch);
    let (folder, key, receipts) = log_of(66_000).await;
    assert!(folder.path().join("log/tile/2/000.p/1").is_file());
    let output = run(&program, &folder, &key, &receipts);
    assert!(output.status.success(), "{}", said(&output));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn go_refuses_one_changed_byte_anywhere_and_another_log_s_key() {
    let scratch = tempfile::tempdir().unwrap();
    let program = verifier(&scratch);
    let (folder, key, receipts) = log_of(600).await;
    let log = folder.path().join("log");
    for name in
        ["checkpoint", "tile/entries/000", "tile/entries/002.p/88", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2"]
    {
        let path = log.join(name);
        let sound = fs::read(&path).unwrap();
        for place in [0, sound.len() / 2, sound.len() - 2] {
            let mut bent = sound.clone();
            bent[place] ^= 1;
            fs::write(&path, bent).unwrap();
            let output = run(&program, &folder, &key, &receipts);
            assert_eq!(output.status.code(), Some(1), "{name} at {place}: {}", said(&output));
        }
        fs::write(&path, sound).unwrap();
    }
    let receipt = fs::read_to_string(&receipts[1]).unwrap();
    fs::write(&receipts[1], receipt.replace("refusal", "outcome")).unwrap();
    assert_eq!(run(&program, &folder, &key, &receipts).status.code(), Some(1));
    fs::write(&receipts[1], receipt).unwrap();
    assert!(run(&program, &folder, &key, &receipts).status.success());

    let (_other, stranger, _) = log_of(1).await;
    assert_eq!(run(&program, &folder, &stranger, &receipts).status.code(), Some(1));
}
