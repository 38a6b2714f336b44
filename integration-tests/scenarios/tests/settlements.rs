//! What a bundle reserved is consumed or released, whatever happens to the broker and to the register's host meanwhile: once,
//! and never by half.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

use std::sync::Arc;
use std::time::Duration;

use mohur_audit::Options;
use mohur_client::{BundleReport, Caller, Inputs};
use mohur_federation::{Bundled, ChildBroker, Federation, Founded, ask, bundle_answer, problem};
use mohur_journal::Log;
use mohur_reference::{Citizen, Faults};
use mohur_wire::bundle::Outcome;
use mohur_wire::{Operation, RefusalCode, SubjectKey};

fn slow(milliseconds: u64) -> Faults {
    Faults { delay: Duration::from_millis(milliseconds), ..Faults::default() }
}

/// The same with legs that wait for nine seconds instead of three: time enough, on a busy machine too, to take a host away while a
/// slow one still thinks.
fn unhurried(mut founded: Founded) -> Founded {
    let policy = founded.nation.path("policy/MIA");
    let file = policy.join(format!("bundles/{}.toml", ask::ISSUE));
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("deadline-ms = 3000"));
    std::fs::write(&file, text.replace("deadline-ms = 3000", "deadline-ms = 9000")).unwrap();
    mohur_policy_bundle::seal(&policy, None).unwrap();
    founded.nation.publish(|_| {}).unwrap();
    founded
}

/// How the citizen's fee stands, as the bank's host says.
async fn fee(office: &Caller, citizen: &Citizen) -> String {
    let mut question = ask::read(ask::PAYMENTS, citizen.fin, &["state"]);
    question.subject = SubjectKey::Receipt(citizen.claims.receipt.clone());
    let answered = office.ask(question).await.unwrap();
    answered.answer.fields().values().next().unwrap().to_string()
}

/// Waits until the fee stands so.
async fn becomes(office: &Caller, citizen: &Citizen, state: &str) {
    for _ in 0..200 {
        if fee(office, citizen).await == state {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the fee is {} and never {state}", fee(office, citizen).await);
}

/// How often the log says that a settlement was asked for and answered, by the id that it has there; nothing may be wrong with it.
fn settlements(federation: &Federation) -> usize {
    let key = federation.nation.directory().brokers[0].log.key.parse().unwrap();
    let log = Log::new(&federation.nation.path("broker/log"), key);
    let options = Options { tolerance_seconds: 120, progress: &mut |_, _| {} };
    let report = mohur_audit::verify(&log, options).unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
    assert!(report.open_intents.is_empty(), "{:?}", report.open_intents);
    let (checkpoint, _) = log.checkpoint().unwrap();
    let entries = (0..checkpoint.size).map(|index| log.entry(index, checkpoint.size).unwrap().leaf);
    let settles = |leaf: &mohur_transparency::leaf::Leaf| {
        leaf.id.as_ref().is_some_and(|id| id.as_str().ends_with(".fee.settle"))
            && leaf.kind == mohur_transparency::leaf::Kind::Intent
    };
    entries.filter(settles).count()
}

fn impatient() -> Founded {
    Founded::new().with("broker/broker.toml", "[exchange]\nbundle-wait = \"100ms\"\nsettlement-wait = \"400ms\"")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fee_that_was_reserved_before_a_kill_is_given_back_at_the_next_start() {
    let federation = impatient().start_without_broker().await;
    federation.faults("civil-registry", slow(20_000));
    let child = ChildBroker::start(&federation).await;
    let (office, citizen) = (federation.office(), federation.citizen());
    let bundle = Bundled::of(&office, citizen).await;
    bundle_answer(&bundle.raw(&office).await);
    federation.wait_for_answers("state-fees", 1).await;
    assert_eq!(fee(&office, citizen).await, "reserved");
    child.kill();
    // What is kept meanwhile says of nobody that there is a bundle about them.
    let kept = std::fs::read(federation.nation.path("broker/log/settlements.redb")).unwrap();
    let claims = &citizen.claims;
    for secret in [citizen.fin.as_str(), claims.receipt.as_str(), &claims.family_name, ask::CASE, ask::OFFICIAL] {
        assert!(!kept.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
    }

    federation.faults("civil-registry", Faults::default());
    let child = ChildBroker::start(&federation).await;
    becomes(&office, citizen, "paid").await;
    let said = ChildBroker::said(&federation);
    assert!(said.contains("a bundle was left unsettled"), "{said}");
    assert!(!said.contains(citizen.fin.as_str()), "{said}");
    child.terminate();
    assert_eq!(child.ended().await.code(), Some(0));
    assert_eq!(settlements(&federation), 1);

    // Nothing is left to do: the next start finds nothing.
    let child = ChildBroker::start(&federation).await;
    child.terminate();
    assert_eq!(child.ended().await.code(), Some(0));
    assert_eq!(settlements(&federation), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fee_of_a_clear_bundle_is_consumed_once_although_host_and_broker_were_gone() {
    let mut federation = unhurried(impatient()).start_without_broker().await;
    let child = ChildBroker::start(&federation).await;
    let (office, citizen) = (federation.office(), federation.citizen().clone());
    federation.faults("civil-registry", slow(5000));
    let bundle = Bundled::of(&office, &citizen).await;
    bundle_answer(&bundle.raw(&office).await);
    federation.wait_for_answers("state-fees", 1).await;
    // The fee is held; before the others have answered, the bank's host is gone.
    let bank = federation.halt_host("state-fees").await;
    let answer = complete(&bundle, &office).await;
    let leg = answer.legs.iter().find(|leg| leg.leg.as_str() == "fee").unwrap();
    let settlement = leg.settlement.as_ref().unwrap();
    assert_eq!(answer.outcome, Outcome::Incomplete, "what is not settled is never clear");
    assert_eq!((settlement.operation, settlement.answer.as_ref()), (Operation::Consume, None));
    assert_eq!(settlement.refusal, Some(RefusalCode::ProviderUnavailable));
    child.kill();

    federation.resume_host(bank).await;
    federation.faults("civil-registry", Faults::default());
    let child = ChildBroker::start(&federation).await;
    becomes(&office, &citizen, "consumed").await;
    assert_eq!(problem(&bundle.poll(&office).await).code, RefusalCode::BundleUnknown);
    child.terminate();
    assert_eq!(child.ended().await.code(), Some(0));
    settlements(&federation);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settlement_that_cannot_be_had_at_once_is_asked_for_again() {
    let patient = "[exchange]\nbundle-wait = \"100ms\"\nsettlement-wait = \"20s\"";
    let mut federation = unhurried(Founded::new().with("broker/broker.toml", patient)).start().await;
    let (office, citizen) = (federation.office(), federation.citizen().clone());
    federation.faults("civil-registry", slow(5000));
    let bundle = Bundled::of(&office, &citizen).await;
    bundle_answer(&bundle.raw(&office).await);
    federation.wait_for_answers("state-fees", 1).await;
    let bank = federation.halt_host("state-fees").await;
    all_answered(&bundle, &office).await;
    // The settlement fails, and fails again.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(!bundle_answer(&bundle.poll(&office).await).complete, "it is not given up at the first failure");
    federation.resume_host(bank).await;
    let answer = complete(&bundle, &office).await;
    assert_eq!(answer.outcome, Outcome::Clear);
    assert_eq!(fee(&office, &citizen).await, "consumed");
    federation.stop_broker().await;
    assert!(settlements(&federation) > 1, "each attempt stands in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settlement_goes_on_in_the_background_when_the_bundle_no_longer_waits() {
    let mut federation = unhurried(impatient()).start().await;
    let (office, citizen) = (federation.office(), federation.citizen().clone());
    federation.faults("civil-registry", slow(5000));
    let bundle = Bundled::of(&office, &citizen).await;
    bundle_answer(&bundle.raw(&office).await);
    federation.wait_for_answers("state-fees", 1).await;
    let bank = federation.halt_host("state-fees").await;
    assert_eq!(complete(&bundle, &office).await.outcome, Outcome::Incomplete);
    federation.resume_host(bank).await;
    becomes(&office, &citizen, "consumed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_decided_and_comes_too_late_is_never_clear_and_the_operator_is_told() {
    let shortly = |text: String| text.replace("[register]\n", "[register]\nreservation = \"1ms\"\n");
    let founded = impatient().rewritten("hosts/state-fees/host.toml", shortly);
    let federation = founded.start_without_broker().await;
    let child = ChildBroker::start(&federation).await;
    let (office, citizen) = (federation.office(), federation.citizen());
    let bundle = Bundled::of(&office, citizen).await;
    bundle_answer(&bundle.raw(&office).await);
    let answer = complete(&bundle, &office).await;
    let fee_leg = answer.legs.iter().find(|leg| leg.leg.as_str() == "fee").unwrap();
    let settlement = fee_leg.settlement.as_ref().unwrap();
    assert_eq!((answer.outcome, settlement.operation), (Outcome::Incomplete, Operation::Consume));
    assert!(settlement.answer.is_some(), "the owner sealed that it has expired");
    assert_eq!(fee(&office, citizen).await, "paid");

    let said = ChildBroker::said(&federation);
    let told: Vec<_> = said.lines().filter(|line| line.contains("is not done at one owner")).collect();
    assert_eq!(told.len(), 1, "{said}");
    assert!(
        told[0].contains("ERROR") && told[0].contains(answer.bundle.as_str()) && told[0].contains("fee"),
        "{}",
        told[0]
    );
    assert!(!said.contains(citizen.fin.as_str()) && !said.contains(citizen.claims.receipt.as_str()));
    let config = std::fs::read_to_string(federation.nation.path("broker/broker.toml")).unwrap();
    let admin = config.parse::<toml::Table>().unwrap()["admin"]["listen"].as_str().unwrap().parse().unwrap();
    let page = federation.page(admin, "/metrics").await;
    assert!(page.contains("mohur_broker_settlements_undone_total 1"), "{page}");
    child.terminate();
    assert_eq!(child.ended().await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_was_never_asked_has_nothing_to_settle() {
    let mut federation = impatient().start().await;
    let (office, citizen) = (federation.office(), federation.citizen().clone());
    let _bank = federation.halt_host("state-fees").await;
    let bundle = Bundled::of(&office, &citizen).await;
    bundle_answer(&bundle.raw(&office).await);
    let answer = complete(&bundle, &office).await;
    let leg = answer.legs.iter().find(|leg| leg.leg.as_str() == "fee").unwrap();
    assert_eq!((answer.outcome, leg.refusal), (Outcome::Incomplete, Some(RefusalCode::ProviderUnavailable)));
    tokio::time::sleep(Duration::from_millis(500)).await;
    federation.stop_broker().await;
    assert_eq!(settlements(&federation), 0, "the question did not leave");
}

/// Waits until each leg has its owner's answer, and nothing but the settlement is to come.
async fn all_answered(bundle: &Bundled, office: &Caller) {
    let legs = office.definition(&ask::ISSUE.parse().unwrap()).await.unwrap().legs.len();
    for _ in 0..300 {
        let answer = bundle_answer(&bundle.poll(office).await);
        if answer.legs.iter().filter(|leg| leg.answer.is_some()).count() == legs {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the legs are never answered");
}

async fn complete(bundle: &Bundled, office: &Caller) -> mohur_wire::bundle::BundleAnswer {
    for _ in 0..300 {
        let answer = bundle_answer(&bundle.poll(office).await);
        if answer.complete {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the bundle never ends");
}

/// Asks a bundle under a key and polls until nothing more is to come.
async fn asked_under(key: &str, office: &Caller, citizen: &Citizen) -> BundleReport {
    let definition = office.definition(&ask::ISSUE.parse().unwrap()).await.unwrap();
    let inputs = Inputs { key: Some(key.parse().unwrap()), ..ask::application(citizen) };
    let mut report = office.bundle(definition, &inputs).await.unwrap();
    while !report.complete {
        tokio::time::sleep(Duration::from_millis(100)).await;
        report = office.poll(report).await.unwrap();
    }
    report
}

fn reservation(report: &BundleReport) -> Option<String> {
    let leg = report.legs.iter().find(|leg| leg.leg.as_str() == "fee").unwrap();
    let fields = leg.answer.as_ref().unwrap().fields();
    fields.iter().find(|(name, _)| name.as_str() == "reservation").map(|(_, value)| value.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_asked_again_under_a_new_id_and_the_same_key_has_no_second_effect() {
    let federation = Federation::start().await;
    let (office, citizen) = (federation.office(), federation.citizen());
    // The answers of these two got lost on the way, let us say, so that a third one is asked.
    let (one, two) =
        tokio::join!(asked_under("application-7", &office, citizen), asked_under("application-7", &office, citizen));
    let three = asked_under("application-7", &office, citizen).await;
    assert!(one.id != two.id && two.id != three.id);
    for report in [&one, &two, &three] {
        assert_eq!(report.outcome, Outcome::Clear);
        assert_eq!(reservation(report).as_deref(), Some("application-7.fee"), "the same reservation, made once");
    }
    // It was used up once: under another key there is nothing to be had.
    let other = asked_under("application-8", &office, citizen).await;
    assert_eq!((other.outcome, reservation(&other)), (Outcome::Incomplete, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_bundles_about_one_receipt_one_is_clear_although_its_host_is_killed_in_between() {
    const BUNDLES: usize = 12;
    let patient = "[exchange]\nbundle-wait = \"100ms\"\nsettlement-wait = \"20s\"";
    let mut federation = Founded::new().with("broker/broker.toml", patient).start().await;
    let (office, citizen) = (Arc::new(federation.office()), federation.citizen().clone());
    let tasks: Vec<_> = (0..BUNDLES)
        .map(|number| {
            let (office, citizen) = (Arc::clone(&office), citizen.clone());
            tokio::spawn(async move { asked_under(&format!("k-{number}"), &office, &citizen).await })
        })
        .collect();
    for _ in 0..2 {
        let bank = federation.halt_host("state-fees").await;
        federation.resume_host(bank).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let mut clear = 0;
    for task in tasks {
        clear += usize::from(task.await.unwrap().outcome == Outcome::Clear);
    }
    assert!(clear <= 1, "one receipt paid for {clear}");
    let mut last = asked_under("last", &office, &citizen).await.outcome == Outcome::Clear;
    // What others still hold is given back in the background: who meets it meanwhile asks again, under a key of its own.
    for number in 0..60 {
        if clear == 1 || last {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        last = asked_under(&format!("last-{number}"), &office, &citizen).await.outcome == Outcome::Clear;
    }
    assert_eq!(clear + usize::from(last), 1, "and it is lost to nobody");
}
