//! Drills: a TLS key is stolen; a caller's seal is stolen with it; an owner's seal is stolen. What the thief can do until it is
//! noticed, what shuts it out, and how its victim goes on.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of it is test code"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use mohur_audit::{Wanted, select};
use mohur_authority::testing::Template;
use mohur_authority::{Issue, Reason};
use mohur_client::{AskError, Caller};
use mohur_directory::SealEntry;
use mohur_federation::{Federation, RawConnector, ask, code};
use mohur_journal::Log;
use mohur_seal::{KeyKind, Passphrase};
use mohur_transparency::LogKey;
use mohur_wire::{Clock, RefusalCode};

const OFFICE: &str = "AZ/GOV/MIA/id-cards";
const OWNER: &str = "AZ/GOV/MOH/health-card";

enum Kind {
    Tls,
    Seal,
}

/// A new key and certificate in the folder of a member, in place of the old ones.
fn issue(federation: &mut Federation, folder: &str, member: &str, kind: &Kind) -> SealEntry {
    let (folder, member) = (federation.nation.path(folder), federation.member(member));
    let (now, passphrase) =
        (federation.clock.now(), Passphrase::from_credential_file(&federation.nation.path("passphrase")).unwrap());
    let issue = Issue { member: &member, folder: &folder, passphrase: &passphrase, key: KeyKind::P256, days: 7, now };
    let hosts = ["localhost".to_owned()];
    // A key is never written over another: the stolen one is put aside by hand.
    let key = folder.join(match kind {
        Kind::Tls => "tls.key",
        Kind::Seal => "seal.key",
    });
    std::fs::rename(&key, key.with_extension("stolen")).unwrap();
    let national = federation.nation.national();
    let issued = match kind {
        Kind::Tls => national.issue_tls(&issue, &hosts),
        Kind::Seal => national.issue_seal(&issue),
    };
    SealEntry::new(issued.unwrap().certificate.der())
}

/// Exchanges a member's seal in the directory, and denies what was stolen.
async fn publish_seal(federation: &mut Federation, member: &str, seal: SealEntry, stolen: &[mohur_crypto::Digest]) {
    federation
        .publish(|directory| {
            directory.denied.extend(stolen.iter().copied().map(mohur_directory::HexDigest));
            let entry = directory.members.iter_mut().find(|entry| entry.id.as_str() == member).unwrap();
            entry.seals = vec![seal];
        })
        .await;
}

async fn asks(caller: &Caller, federation: &Federation) -> Result<mohur_client::Answered, AskError> {
    caller.ask(ask::blood_group(federation.citizen().fin)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_tls_key_asks_nothing_and_is_shut_out_on_open_connections_too() {
    let mut federation = Federation::start().await;
    let stolen = federation.fingerprint("callers/passport-office/tls.pem");
    // The thief has the TLS key, and a seal that no directory lists.
    let mut thief = federation.office();
    let template = Template::seal(&federation.member(OFFICE), federation.clock.now(), 7).unwrap();
    thief.seal = Arc::new(federation.nation.national().forge(&template).unwrap().seal().unwrap());
    assert_eq!(code(asks(&thief, &federation).await), RefusalCode::KeyUnknown, "not even one that the Seal CA made");

    // Open connections end with the denial: well within the minute that is promised.
    let began = Instant::now();
    federation.publish(|directory| directory.denied.push(stolen.into())).await;
    asks(&thief, &federation).await.unwrap_err();
    let page = federation.page(federation.broker().admin(), "/metrics").await;
    let cut = page.lines().find(|line| line.contains("cut_off_total{code=\"certificate-revoked\"}")).unwrap();
    assert!(cut.ends_with(" 1"), "{cut}");
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    assert!(RawConnector::of_caller(&federation, "passport-office").admitted().await.is_err(), "nor a new one");

    // The victim gets a new TLS certificate, and goes on with its seal.
    issue(&mut federation, "callers/passport-office", OFFICE, &Kind::Tls);
    asks(&federation.office(), &federation).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_seal_is_traced_shut_out_and_replaced() {
    let mut federation = Federation::start().await;
    let thief = federation.office();
    let stolen = ["tls", "seal"].map(|name| federation.fingerprint(&format!("callers/passport-office/{name}.pem")));
    let since = federation.clock.now();
    let asked = asks(&thief, &federation).await.expect("with both keys the thief is the office, within its policy");

    // What was asked with that seal since then: to be gone through with the office.
    federation.stop_broker().await;
    federation.start_broker().await;
    let log = Log::new(
        &federation.nation.path("broker/log"),
        LogKey::parse_all(&federation.nation.directory().brokers[0].log.keys()).unwrap(),
    );
    let wanted = Wanted { certificate: Some(stolen[1]), since: Some(since), ..Wanted::default() };
    let (_, entries) = select(&log, &wanted, 100).unwrap();
    assert!(entries.iter().any(|entry| entry.leaf.id.as_ref() == Some(&asked.id)), "each question is in the log");

    let now = federation.clock.now();
    federation.nation.national().revoke(&stolen[1].to_string(), Reason::KeyCompromise, now).unwrap();
    issue(&mut federation, "callers/passport-office", OFFICE, &Kind::Tls);
    let seal = issue(&mut federation, "callers/passport-office", OFFICE, &Kind::Seal);
    publish_seal(&mut federation, OFFICE, seal, &stolen).await;
    let refused = asks(&thief, &federation).await.unwrap_err();
    assert!(
        matches!(&refused, AskError::Refused(refused) if refused.problem.code == RefusalCode::CertificateRevoked)
            || matches!(refused, AskError::Unreachable(_)),
        "{refused:?}"
    );
    // The same seal behind a good connection.
    let mut borrowed = federation.office();
    borrowed.seal = Arc::clone(&thief.seal);
    let refused = code(asks(&borrowed, &federation).await);
    assert!(matches!(refused, RefusalCode::KeyUnknown | RefusalCode::CertificateRevoked), "{refused}");
    asks(&federation.office(), &federation).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owners_stolen_seal_answers_nobody_and_the_owner_goes_on_with_a_new_one() {
    let mut federation = Federation::start().await;
    let office = federation.office();
    let before = asks(&office, &federation).await.unwrap();
    let stolen = federation.fingerprint("hosts/health-card/seal.pem");
    let now = federation.clock.now();
    federation.nation.national().revoke(&stolen.to_string(), Reason::KeyCompromise, now).unwrap();
    let seal = issue(&mut federation, "hosts/health-card", OWNER, &Kind::Seal);
    publish_seal(&mut federation, OWNER, seal, &[stolen]).await;
    // The host has not been started with the new seal yet: what it seals with the old one is dropped.
    let refused = code(asks(&federation.office(), &federation).await);
    assert_eq!(refused, RefusalCode::ProviderInvalid);

    federation.restart_host("health-card").await;
    let after = asks(&federation.office(), &federation).await.unwrap();
    assert_eq!(before.answer.fields(), after.answer.fields());
}
