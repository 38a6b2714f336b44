//! Drill: the log's key is stolen, or simply old. Another one takes over; receipts of before stay good, the thief's are not.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

use std::fs;

use mohur_audit::Options;
use mohur_authority::create_log_key;
use mohur_directory::RetiredLogKey;
use mohur_federation::{Federation, ask};
use mohur_journal::{Draft, Journal, Log, Settings};
use mohur_seal::LogSigner;
use mohur_transparency::{Kind, LogKey, Receipt};
use mohur_wire::Clock;

fn keys(federation: &Federation) -> LogKey {
    LogKey::parse_all(&federation.nation.directory().brokers[0].log.keys()).unwrap()
}

/// Asks, and gives the receipt that proved the answer.
async fn receipt(federation: &Federation) -> Receipt {
    let office = federation.office();
    let answered = office.ask(ask::blood_group(federation.citizen().fin)).await.unwrap();
    Receipt::from_header(&answered.receipt_header).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_log_key_takes_over_and_the_stolen_one_proves_nothing_more() {
    let mut federation = Federation::start().await;
    let log = federation.nation.path("broker/log");
    let before = receipt(&federation).await;
    let old = keys(&federation);

    // 1. Make the next key. 2. Stop the broker: the last checkpoint says how far the old key counts.
    let next = federation.nation.path("broker/next-log.key");
    let public = create_log_key(&next, federation.nation.passphrase()).unwrap();
    let new = LogKey::new(old.name(), &public).unwrap();
    federation.stop_broker().await;
    let until = Log::new(&log, old.clone()).checkpoint().unwrap().0.size;

    // 3. Publish. 4. Start with the new key.
    let retired = RetiredLogKey { key: old.to_string(), until };
    federation
        .publish(|directory| {
            let entry = &mut directory.brokers[0].log;
            entry.key = new.to_string();
            entry.retired = vec![retired];
        })
        .await;
    let stolen = federation.nation.path("broker/stolen-log.key");
    fs::rename(federation.nation.path("broker/log.key"), &stolen).unwrap();
    fs::rename(&next, federation.nation.path("broker/log.key")).unwrap();
    federation.start_broker().await;

    // Hosts and callers take the new key's proofs, and those of before under the old one.
    let after = receipt(&federation).await;
    let keys = keys(&federation);
    before.verify(&keys).unwrap();
    after.verify(&keys).unwrap();
    after.verify(&old).unwrap_err();
    federation.stop_broker().await;
    let report = mohur_audit::verify(
        &Log::new(&log, keys.clone()),
        Options { tolerance_seconds: 120, progress: &mut |_, _| {} },
    )
    .unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
    let entries = Log::new(&log, keys.clone());
    let size = entries.checkpoint().unwrap().0.size;
    let changes = entries.entries(until, size).filter(|entry| entry.as_ref().unwrap().leaf.kind == Kind::Key);
    assert_eq!(changes.count(), 1, "the change itself is logged, by the new key");

    // The thief keeps a history of its own with the old key: beyond what the directory allows it, nobody believes it.
    let folder = federation.nation.path("thief");
    let signer = LogSigner::load(&stolen, federation.nation.passphrase()).unwrap();
    let (thief, _) = Journal::open(Settings::new(&folder, old.name()), signer).unwrap();
    let mut last = None;
    for _ in 0..=until {
        let draft = Draft::new(Kind::Start, federation.clock.now(), federation.member("AZ/GOV/OPERATOR/hub"));
        last = Some(thief.append(draft.commit("answer", "forged")).await.unwrap());
    }
    let forged = last.unwrap().receipt("answer");
    forged.verify(&old).unwrap();
    let refused = forged.verify(&keys).unwrap_err();
    assert!(refused.to_string().contains(&format!("retired after {until} entries")), "{refused}");
}
