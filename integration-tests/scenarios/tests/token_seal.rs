//! The broker's seal lies in a token. It starts from its files alone, answers, and starts again with nobody there to type.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test that cannot go on ends")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use mohur_authority::Requested;
use mohur_directory::SealEntry;
use mohur_federation::{ChildBroker, Federation, Founded, ask};
use mohur_wire::Clock;

/// Debian's SoftHSM2.
const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";

/// Runs a command with the token's configuration, and gives what it says.
fn run(conf: &Path, program: &Path, arguments: &str) -> String {
    let words = arguments.split_whitespace();
    let output = Command::new(program).args(words).env("SOFTHSM2_CONF", conf).output().expect("it is installed");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{arguments}: {said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

fn mohur() -> PathBuf {
    std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("mohur-under-test")
}

/// A new token with a key made inside, and the certificate that the domain's authority issued on its request.
fn token(founded: &Founded, key: &str) -> PathBuf {
    let folder = founded.nation.path("broker");
    let (conf, pin) = (folder.join("softhsm2.conf"), folder.join("pin"));
    fs::create_dir(folder.join("tokens")).unwrap();
    fs::write(&conf, format!("directories.tokendir = {}\n", folder.join("tokens").display())).unwrap();
    fs::write(&pin, "4711-0815\n").unwrap();
    fs::set_permissions(&pin, fs::Permissions::from_mode(0o600)).unwrap();
    let init = "--init-token --free --label hub --pin 4711-0815 --so-pin 0815-4711";
    run(&conf, Path::new("softhsm2-util"), init);
    let token = format!("--module {MODULE} --token hub --pin {}", pin.display());
    run(&conf, &mohur(), &format!("pki token generate {token} --label seal --key {key}"));
    let listed = run(&conf, &mohur(), &format!("--json pki token list {token}"));
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    assert_eq!((&listed[0]["label"], &listed[0]["extractable"]), (&"seal".into(), &false.into()));
    let csr = folder.join("seal.csr");
    run(
        &conf,
        &mohur(),
        &format!("pki token request AZ/GOV/OPERATOR/hub {token} --label seal --out {}", csr.display()),
    );
    conf
}

/// A federation whose broker is to be started by the test, with its seal in a token.
async fn federation(key: &str, pinned: Option<&str>) -> (Federation, PathBuf) {
    let founded = Founded::new();
    let conf = token(&founded, key);
    let mut federation = founded.start_without_broker().await;
    let folder = federation.nation.path("broker");
    let (csr, out) = (folder.join("seal.csr"), folder.join("issued"));
    let (member, now) = ("AZ/GOV/OPERATOR/hub".parse().unwrap(), federation.clock.now());
    let requested = Requested { member: &member, request: &csr, folder: &out, days: 365, now };
    let (certificate, _) = federation.nation.national().issue_seal_for(&requested).unwrap();
    let algorithm = pinned.map(str::to_owned);
    let entry = SealEntry { algorithm, ..SealEntry::new(certificate.der()) };
    federation.nation.publish(|directory| directory.brokers[0].seals = vec![entry]).unwrap();
    for owner in &federation.owners {
        owner.host.reload().await;
    }
    let config = folder.join("broker.toml");
    let text = fs::read_to_string(&config).unwrap();
    let files = "certificate = \"seal.pem\"\nkey = \"seal.key\"\n";
    assert!(text.contains(files));
    let inside = format!(
        "certificate = \"issued/seal.pem\"\n\n[seal.pkcs11]\nmodule = \"{MODULE}\"\ntoken = \"hub\"\nkey = \"seal\"\npin = \"pin\"\n"
    );
    fs::write(&config, text.replace(files, &inside)).unwrap();
    fs::remove_file(folder.join("seal.key")).unwrap();
    (federation, conf)
}

async fn start(federation: &Federation, conf: &Path) -> ChildBroker {
    ChildBroker::start_under(federation, &["env", &format!("SOFTHSM2_CONF={}", conf.display())]).await
}

/// Asks once; owner, broker and receipt are verified by the caller.
async fn ask_once(federation: &Federation) {
    let answered = federation.office().ask(ask::blood_group(federation.citizen().fin)).await.unwrap();
    assert!(!answered.sealed.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_seals_in_a_token_and_restarts_with_nobody_there() {
    let (federation, conf) = federation("p256", None).await;
    let broker = start(&federation, &conf).await;
    ask_once(&federation).await;
    let asking: Vec<_> = (0..16).map(|_| ask_once(&federation)).collect();
    futures_util::future::join_all(asking).await;
    broker.kill();
    let broker = start(&federation, &conf).await;
    ask_once(&federation).await;
    broker.terminate();
    assert!(broker.ended().await.success(), "{}", ChildBroker::said(&federation));
    assert!(!ChildBroker::said(&federation).contains("4711-0815"), "no PIN in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_rsa_key_in_a_token_seals_as_the_directory_pins_it() {
    let (federation, conf) = federation("rsa3072", Some("rsa-v1_5-sha256")).await;
    let _broker = start(&federation, &conf).await;
    ask_once(&federation).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_with_a_wrong_pin_does_not_start_and_says_so_without_it() {
    let (federation, conf) = federation("p256", None).await;
    fs::write(federation.nation.path("broker/pin"), "9999-9999\n").unwrap();
    let command = ["env", &format!("SOFTHSM2_CONF={}", conf.display())];
    let status = ChildBroker::try_start(&federation, &command).ended().await;
    assert_eq!(status.code(), Some(2), "systemd is told not to try again: RestartPreventExitStatus=2");
    let said = ChildBroker::said(&federation);
    assert!(said.contains("does not take the PIN") && !said.contains("9999-9999"), "{said}");
}
