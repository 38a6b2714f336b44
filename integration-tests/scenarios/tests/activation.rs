//! What is published takes effect, also beside something that is broken.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use mohur::nation::BROKER;
use mohur_authority::Issue;
use mohur_crypto::Digest;
use mohur_directory::HexDigest;
use mohur_federation::{Federation, Founded, Signed, ask, problem};
use mohur_seal::{KeyKind, Passphrase};
use mohur_wire::RefusalCode;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_policy_does_not_keep_a_revocation_from_taking_effect() {
    let founded = Founded::new();
    copy(&founded.nation.path("policy"), &founded.nation.path("broker/policy"));
    let own = |text: String| {
        let lines = text.lines().map(|line| if line.contains("/policy\"") { "folder = \"policy\"" } else { line });
        lines.collect::<Vec<_>>().join("\n")
    };
    let mut federation = founded.rewritten("broker/broker.toml", own).start().await;
    let (office, fin) = (federation.office(), federation.citizen().fin);
    office.ask(ask::blood_group(fin)).await.unwrap();

    // A slip in one agency's file, as the broker has it.
    let rules = federation.nation.path("broker/policy/MOJ/civil-registry.cedar");
    fs::write(&rules, fs::read_to_string(&rules).unwrap() + "\npermit(\n").unwrap();
    let seal = federation.fingerprint("callers/passport-office/seal.pem");
    let border = federation.border();
    federation.publish(|directory| directory.denied.push(HexDigest(seal))).await;

    let response = Signed::new(&office, ask::blood_group(fin)).raw(&office).await;
    assert_eq!(problem(&response).code, RefusalCode::KeyUnknown, "the seal that the directory denies");
    // Everybody else is judged by the last good policy, which is the one that the directory still names.
    let response = Signed::new(&border, ask::blood_group(fin)).raw(&border).await;
    assert_eq!(problem(&response).code, RefusalCode::NotAvailable);
}

/// The certificate that the broker shows to a new connection.
async fn shown(federation: &Federation) -> Digest {
    let office = federation.office();
    let address = format!("https://{}/openapi.json", federation.broker_address());
    let request = http::Request::get(address).body(bytes::Bytes::new()).unwrap();
    office.http.send(request, Duration::from_secs(5)).await.unwrap().peer.unwrap().fingerprint()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_tls_certificate_is_shown_without_a_restart() {
    let mut federation = Founded::new().start().await;
    let first = federation.fingerprint("broker/tls.pem");
    assert_eq!(shown(&federation).await, first);

    let (member, folder) = (federation.member(BROKER), federation.nation.path("broker"));
    let passphrase = Passphrase::from_credential_file(&federation.nation.path("passphrase")).unwrap();
    let now = federation.nation.clock().now();
    let issue = Issue { member: &member, folder: &folder, passphrase: &passphrase, key: KeyKind::P256, days: 7, now };
    let host = federation.broker_address().ip().to_string();
    fs::remove_file(folder.join("tls.key")).unwrap();
    federation.nation.national().issue_tls(&issue, &[host]).unwrap();
    let renewed = federation.fingerprint("broker/tls.pem");
    assert_ne!(renewed, first);

    let deadline = Instant::now() + Duration::from_secs(20);
    while shown(&federation).await != renewed {
        assert!(Instant::now() < deadline, "the broker still shows its first certificate");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    federation.office().ask(ask::blood_group(federation.citizen().fin)).await.unwrap();
}
