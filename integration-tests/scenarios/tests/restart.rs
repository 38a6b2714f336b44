//! The real process, asked to stop and killed in the middle: what it accepted it finishes, and what it could not finish it
//! says at its next start.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use mohur_audit::{Options, Report};
use mohur_client::Caller;
use mohur_federation::{Bundled, ChildBroker, Federation, Founded, ask, bundle_answer, problem};
use mohur_journal::Log;
use mohur_reference::Faults;
use mohur_wire::bundle::Outcome;
use mohur_wire::{RefusalCode, SubjectKey};

fn slow(milliseconds: u64) -> Faults {
    Faults { delay: Duration::from_millis(milliseconds), ..Faults::default() }
}

fn log_of(federation: &Federation) -> Log {
    let key = federation.nation.directory().brokers[0].log.key.parse().unwrap();
    Log::new(&federation.nation.path("broker/log"), key)
}

fn audited(federation: &Federation) -> Report {
    let options = Options { tolerance_seconds: 120, progress: &mut |_, _| {} };
    let report = mohur_audit::verify(&log_of(federation), options).unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
    report
}

fn segments(federation: &Federation) -> usize {
    let staging = fs::read_dir(federation.nation.path("broker/log/staging")).unwrap();
    staging.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|name| name == "segment")).count()
}

/// Whether the citizen's fee is free, held or used, as the bank's host says.
async fn fee(office: &Caller, federation: &Federation) -> String {
    let citizen = federation.citizen();
    let mut question = ask::read(ask::PAYMENTS, citizen.fin, &["state"]);
    question.subject = SubjectKey::Receipt(citizen.claims.receipt.clone());
    let answered = office.ask(question).await.unwrap();
    answered.answer.fields().values().next().unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_asked_to_stop_answers_what_it_accepted_and_leaves_nothing_to_recover() {
    let federation = Founded::new().start_without_broker().await;
    let child = ChildBroker::start(&federation).await;
    let office = Arc::new(federation.office());
    federation.faults("health-card", slow(800));
    let under_way: Vec<_> = federation
        .country
        .clear_citizens()
        .take(4)
        .map(|citizen| {
            let (office, question) = (Arc::clone(&office), ask::blood_group(citizen.fin));
            tokio::spawn(async move { office.ask(question).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(600)).await;
    child.terminate();
    for answered in under_way {
        answered.await.unwrap().expect("accepted before, answered before the end");
    }
    assert_eq!(child.ended().await.code(), Some(0), "{}", ChildBroker::said(&federation));
    office.ask(ask::blood_group(federation.citizen().fin)).await.unwrap_err();
    let report = audited(&federation);
    assert!(report.open_intents.is_empty(), "{:?}", report.open_intents);
    assert_eq!(segments(&federation), 0, "all of it is in the tiles");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_under_way_is_settled_before_the_process_ends() {
    let founded = Founded::new().with("broker/broker.toml", "[exchange]\nbundle-wait = \"100ms\"");
    let mut federation = founded.start_without_broker().await;
    let child = ChildBroker::start(&federation).await;
    let office = federation.office();
    federation.faults("civil-registry", slow(1000));
    let bundle = Bundled::of(&office, federation.citizen()).await;
    let partial = bundle_answer(&bundle.raw(&office).await);
    assert_eq!((partial.outcome, partial.complete), (Outcome::Incomplete, false));
    child.terminate();
    assert_eq!(child.ended().await.code(), Some(0), "{}", ChildBroker::said(&federation));
    assert!(audited(&federation).open_intents.is_empty(), "every leg and the settlement have their outcome");

    federation.faults("civil-registry", Faults::default());
    federation.start_broker().await;
    let office = federation.office();
    assert_eq!(fee(&office, &federation).await, "consumed");
    // What the bundle came to went with the process: who asks is told so, and can only ask anew.
    assert_eq!(problem(&bundle.poll(&office).await).code, RefusalCode::BundleUnknown);
    assert_eq!(bundle.refusal(&office).await, RefusalCode::Replayed);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_kill_left_open_is_named_in_the_logs_of_the_next_start() {
    let federation =
        Founded::new().with("broker/broker.toml", "[exchange]\nbundle-wait = \"100ms\"").start_without_broker().await;
    federation.faults("civil-registry", slow(20_000));
    federation.faults("health-card", slow(20_000));
    let child = ChildBroker::start(&federation).await;
    let office = federation.office();
    let bundle = Bundled::of(&office, federation.citizen()).await;
    bundle_answer(&bundle.raw(&office).await);
    federation.wait_for_answers("state-fees", 1).await;
    // The fee is held, three registers are being asked.
    tokio::time::sleep(Duration::from_millis(500)).await;
    child.kill();

    federation.faults("civil-registry", Faults::default());
    federation.faults("health-card", Faults::default());
    let child = ChildBroker::start(&federation).await;
    let said = ChildBroker::said(&federation);
    let orphans = said.lines().filter(|line| line.contains("an intent without outcome was closed as unknown"));
    assert_eq!(orphans.count(), 3, "{said}");
    assert!(!said.contains(federation.citizen().fin.as_str()), "{said}");
    assert_eq!(bundle.refusal(&office).await, RefusalCode::Replayed, "a repeated bundle is not run again");
    assert_eq!(problem(&bundle.poll(&office).await).code, RefusalCode::BundleUnknown);

    // Nothing was consumed, and what was held is given back, long before it would expire.
    for _ in 0..50 {
        if fee(&office, &federation).await == "paid" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(fee(&office, &federation).await, "paid");
    let again = Bundled::of(&office, federation.citizen()).await;
    bundle_answer(&again.raw(&office).await);
    for _ in 0..100 {
        if bundle_answer(&again.poll(&office).await).complete {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(bundle_answer(&again.poll(&office).await).outcome, Outcome::Clear);
    assert_eq!(fee(&office, &federation).await, "consumed");
    child.terminate();
    assert_eq!(child.ended().await.code(), Some(0));
    assert!(audited(&federation).open_intents.is_empty());
}
