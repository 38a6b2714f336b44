//! A full log, a crash in the middle, and kill -9 under load: nothing is released that is not proved, and nothing that was
//! proved is lost.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of it is test code"
)]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mohur_audit::{Options, Report, check_receipt};
use mohur_client::AskError;
use mohur_federation::{ChildBroker, Enveloped, Federation, Founded, Signed, ask, problem, refused};
use mohur_journal::Log;
use mohur_reference::Faults;
use mohur_transparency::{Kind, LogKey, Receipt};
use mohur_wire::RefusalCode;
use mohur_wire::bundle::Outcome;

/// The log as an auditor gets it: a folder, and the key that the directory names.
fn log_of(federation: &Federation) -> Log {
    let key: LogKey = federation.nation.directory().brokers[0].log.key.parse().unwrap();
    Log::new(&federation.nation.path("broker/log"), key)
}

fn audited(log: &Log) -> Report {
    mohur_audit::verify(log, Options { tolerance_seconds: 120, progress: &mut |_, _| {} }).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_log_is_full_nothing_is_released() {
    let founded = Founded::new().rewritten("broker/broker.toml", |text| {
        text.replace("origin = \"log.hub.az\"", "origin = \"log.hub.az\"\nmax-bytes = 1048576")
    });
    let federation = founded.start().await;
    let office = Arc::new(federation.office());
    let citizen = federation.citizen();
    let blood = citizen.health.as_ref().unwrap().blood_group.unwrap();
    // Many small entries, until there is no room for one more.
    let full = async {
        for _ in 0..200 {
            let asked = (0..16).map(|_| {
                let (office, question) = (Arc::clone(&office), ask::blood_group(citizen.fin));
                tokio::spawn(async move { office.ask(question).await })
            });
            let mut is_full = false;
            // All of them, also after the first refusal: none may still be under way when the hosts' figures are read.
            for task in asked.collect::<Vec<_>>() {
                if let refused_one @ Err(_) = task.await.unwrap() {
                    let refused = refused(refused_one);
                    assert_eq!(refused.problem.code, RefusalCode::JournalUnavailable);
                    assert!(refused.receipt.is_none());
                    is_full = true;
                }
            }
            if is_full {
                return;
            }
        }
        panic!("a log of 1 MiB is never full");
    };
    full.await;
    let before = federation.page(federation.owner("health-card").host.admin_addr(), "/metrics").await;
    let signed = Signed::new(&office, ask::blood_group(citizen.fin));
    let response = signed.raw(&office).await;
    assert_eq!(problem(&response).code, RefusalCode::JournalUnavailable);
    assert_eq!(
        (response.status().as_u16(), &response.headers()["retry-after"]),
        (503, &"1".parse::<http::HeaderValue>().unwrap())
    );
    let body = String::from_utf8(response.body().to_vec()).unwrap();
    assert!(!body.contains("\"answer\"") && (blood.len() < 3 || !body.contains(blood)), "{body}");
    let fault = Enveloped::new(&office, ask::blood_group(citizen.fin)).send(&office).await;
    assert_eq!((fault.code(), fault.confirms), (RefusalCode::JournalUnavailable, true), "over SOAP, too");
    assert!(fault.receipt.is_none() && fault.response.headers()["retry-after"] == "1");
    let after = federation.page(federation.owner("health-card").host.admin_addr(), "/metrics").await;
    let answers = |page: &str| {
        page.lines().find(|line| line.starts_with("mohur_host_asks_total{outcome=\"answered\"")).unwrap().to_owned()
    };
    assert_eq!(answers(&before), answers(&after), "nobody is asked when INTENT cannot be written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_was_under_way_when_the_broker_died_is_closed_as_unknown_and_reported() {
    let mut federation = Founded::new().start_without_broker().await;
    let office = federation.office();
    federation.faults("health-card", Faults { delay: Duration::from_secs(20), ..Faults::default() });
    let child = ChildBroker::start(&federation).await;
    let signed = Signed::new(&office, ask::blood_group(federation.citizen().fin));
    let log = log_of(&federation);
    let (result, ()) = tokio::join!(signed.send(&office), async {
        // INTENT is in the log, and the register is slow.
        tokio::time::sleep(Duration::from_millis(1500)).await;
        child.kill();
    });
    assert!(matches!(result, Err(AskError::Unreachable(_))), "{result:?}");

    federation.faults("health-card", Faults::default());
    federation.start_broker().await;
    assert_eq!(federation.broker().journal().orphans().len(), 1, "reported");
    let again = refused(signed.send(&office).await);
    assert_eq!(again.problem.code, RefusalCode::Replayed, "it may have had its effect: ask with a new id");
    office.ask(ask::blood_group(federation.citizen().fin)).await.expect("a new id is answered");
    federation.stop_broker().await;

    let report = audited(&log);
    assert!(report.is_sound() && report.open_intents.is_empty(), "{report:?}");
    let size = log.checkpoint().unwrap().0.size;
    let of_it: Vec<_> = log
        .entries(0, size)
        .map(|entry| entry.unwrap().leaf)
        .filter(|leaf| leaf.id.as_ref() == Some(&signed.query.id))
        .collect();
    assert_eq!(of_it.iter().map(|leaf| leaf.kind).collect::<Vec<_>>()[..2], [Kind::Intent, Kind::Outcome]);
    assert!(of_it[1].commitment("answer").is_none(), "closed without an answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_that_was_interrupted_before_its_settlement_never_uses_a_fee_twice() {
    let mut federation = Founded::new().start_without_broker().await;
    let office = federation.office();
    federation.faults("civil-registry", Faults { delay: Duration::from_millis(2500), ..Faults::default() });
    let child = ChildBroker::start(&federation).await;
    let definition = office.definition(&"issue-id-document".parse().unwrap()).await.unwrap();
    let application = ask::application(federation.citizen());
    let (result, ()) = tokio::join!(office.bundle(definition.clone(), &application), async {
        federation.wait_for_answers("state-fees", 1).await;
        child.kill();
    });
    assert!(result.is_err(), "reserved, and not settled: {result:?}");

    federation.faults("civil-registry", Faults::default());
    federation.start_broker().await;
    // What the bundle that died had reserved is given back at the start, in the background.
    let since = Instant::now();
    while office.bundle(definition.clone(), &application).await.unwrap().outcome != Outcome::Clear {
        assert!(since.elapsed() < Duration::from_secs(60), "the fee is still held for the bundle that died");
    }
    federation.restart_broker().await;
    federation.restart_host("state-fees").await;
    let again = office.bundle(definition, &application).await.unwrap();
    assert_ne!(again.outcome, Outcome::Clear, "one receipt pays once, across restarts of broker and host");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn after_twenty_kills_under_load_every_receipted_answer_is_in_the_log_and_provable() {
    const ROUNDS: u64 = 20;
    let mut federation = Founded::new().start_without_broker().await;
    let office = Arc::new(federation.office());
    let fins: Vec<_> = federation.country.clear_citizens().map(|citizen| citizen.fin).take(8).collect();
    let receipts: Arc<Mutex<Vec<(u64, String)>>> = Arc::default();
    for round in 0..ROUNDS {
        let child = ChildBroker::start(&federation).await;
        let load: Vec<_> = fins
            .iter()
            .map(|fin| {
                let (office, receipts, fin) = (Arc::clone(&office), Arc::clone(&receipts), *fin);
                tokio::spawn(async move {
                    while let Ok(answered) = office.ask(ask::blood_group(fin)).await {
                        receipts.lock().unwrap().push((round, answered.receipt_header));
                    }
                })
            })
            .collect();
        // While it answers, and never at the same point of a batch.
        let answered = || receipts.lock().unwrap().iter().filter(|(of, _)| *of == round).count();
        while answered() < 5 + usize::try_from(round).unwrap() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        child.kill();
        for task in load {
            task.await.unwrap();
        }
    }
    federation.start_broker().await;
    office.ask(ask::blood_group(fins[0])).await.expect("it recovers and answers");
    federation.stop_broker().await;

    let log = log_of(&federation);
    let report = audited(&log);
    assert!(report.is_sound(), "{:?}", report.problems);
    assert!(report.open_intents.is_empty(), "{:?}", report.open_intents);
    let size = log.checkpoint().unwrap().0.size;
    let receipts = receipts.lock().unwrap();
    for (at, (round, header)) in receipts.iter().enumerate() {
        let receipt = Receipt::from_header(header).unwrap();
        let verified = receipt.verify(log.key()).unwrap();
        let entry = log.entry(verified.index(), size).unwrap();
        assert_eq!(entry.text, receipt.leaf, "round {round}, receipt {at}");
        // The whole history that the receipt's checkpoint signs is a beginning of the log as it is now.
        if at % 16 == 0 {
            check_receipt(&log, &receipt).unwrap();
        }
    }
}
