//! `issue-id-document`: one signed request, four registers, and a fee that is used up only when all is clear.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use mohur_client::{BundleReport, Caller, Inputs};
use mohur_federation::{Bundled, FakeHost, Federation, Founded, OwnerKeys, ask, bundle_answer, code, problem};
use mohur_reference::{Citizen, Faults, Oddity};
use mohur_wire::bundle::{Definition, Outcome};
use mohur_wire::{Operation, Purpose, RefusalCode, Value, Verdict};

async fn definition(office: &Caller) -> Definition {
    office.definition(&ask::ISSUE.parse().unwrap()).await.unwrap()
}

/// Asks the bundle and polls until nothing more is to come.
async fn decide(office: &Caller, inputs: &Inputs) -> BundleReport {
    complete(office, office.bundle(definition(office).await, inputs).await.unwrap()).await
}

async fn complete(office: &Caller, mut report: BundleReport) -> BundleReport {
    let since = Instant::now();
    while !report.complete {
        assert!(since.elapsed() < Duration::from_secs(20), "the bundle never ends");
        assert_eq!(report.outcome, Outcome::Incomplete, "what is not complete is never clear");
        tokio::time::sleep(Duration::from_millis(100)).await;
        report = office.poll(report).await.unwrap();
    }
    report
}

fn verdict(report: &BundleReport, leg: &str) -> Verdict {
    report.legs.iter().find(|each| each.leg.as_str() == leg).unwrap().verdict
}

fn fee(report: &BundleReport) -> Option<(Operation, Option<&str>)> {
    let leg = report.legs.iter().find(|leg| leg.leg.as_str() == "fee").unwrap();
    leg.settlement.as_ref().map(|(operation, state)| (*operation, state.as_deref()))
}

fn delay(milliseconds: u64) -> Faults {
    Faults { delay: Duration::from_millis(milliseconds), ..Faults::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_citizen_with_whom_all_is_well_is_clear_once_and_the_fee_is_used_up() {
    let federation = Federation::start().await;
    let (office, citizen) = (federation.office(), federation.citizen());
    let report = decide(&office, &ask::application(citizen)).await;
    assert_eq!(report.outcome, Outcome::Clear);
    assert_eq!(fee(&report), Some((Operation::Consume, Some("consumed"))));
    for (leg, expected) in
        [("birth", Verdict::Match), ("marriage", Verdict::Match), ("vitals", Verdict::Value), ("fee", Verdict::Clear)]
    {
        assert_eq!(verdict(&report, leg), expected, "{leg}");
    }
    let issuers: Vec<_> = report.legs.iter().map(|leg| leg.answer.as_ref().unwrap().issuer().to_string()).collect();
    let civil = "AZ/GOV/MOJ/civil-registry";
    assert_eq!(issuers, [civil, civil, "AZ/GOV/MOH/health-card", "AZ/COM/BANK/state-fees"], "each under its own seal");

    // The same receipt never pays for a second document.
    let again = decide(&office, &ask::application(citizen)).await;
    assert_eq!((again.outcome, verdict(&again, "fee")), (Outcome::Incomplete, Verdict::Mismatch));
    assert_eq!(fee(&again), None, "nothing was reserved, so there is nothing to settle");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contradiction_is_not_clear_and_the_fee_is_given_back() {
    let federation = Federation::start().await;
    let office = federation.office();
    let citizen = federation.country.with_oddity(Oddity::ClaimsFormerName).unwrap();
    let report = decide(&office, &ask::application(citizen)).await;
    assert_eq!((report.outcome, verdict(&report, "birth")), (Outcome::NotClear, Verdict::Mismatch));
    assert_eq!(fee(&report), Some((Operation::Release, Some("released"))));

    // The citizen corrects the form: the fee is still there.
    let mut corrected = ask::application(citizen);
    let family_name = citizen.birth.as_ref().unwrap().family_name.clone();
    corrected.values.insert(ask::field("familyName"), Value::text(family_name));
    let report = decide(&office, &corrected).await;
    assert_eq!((report.outcome, fee(&report)), (Outcome::Clear, Some((Operation::Consume, Some("consumed")))));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_paid_fee_nothing_else_is_asked() {
    let federation = Federation::start().await;
    let office = federation.office();
    for oddity in
        [Oddity::FeeNeverPaid, Oddity::FeePending, Oddity::FeeRejected, Oddity::FeeTooLow, Oddity::ClaimsForeignReceipt]
    {
        let citizen = federation.country.with_oddity(oddity).unwrap();
        let report = decide(&office, &ask::application(citizen)).await;
        assert_eq!((report.outcome, verdict(&report, "fee")), (Outcome::Incomplete, Verdict::Mismatch), "{oddity:?}");
        assert_eq!(fee(&report), None, "{oddity:?}");
        for leg in ["birth", "marriage", "vitals"] {
            let leg = report.legs.iter().find(|each| each.leg.as_str() == leg).unwrap();
            assert_eq!(leg.verdict, Verdict::Unknown, "{oddity:?}");
            assert!(leg.answer.is_none() && leg.refusal.is_none(), "{oddity:?}: nobody was asked");
        }
        // The log agrees: the only question of this bundle went to the bank.
        assert_eq!(intents(&federation, report.id.as_str()).await, [format!("{}.fee", report.id)], "{oddity:?}");
    }
}

/// The ids of the questions of a bundle that were put to anybody, as the published log has them.
async fn intents(federation: &Federation, bundle: &str) -> Vec<String> {
    tokio::time::sleep(Duration::from_millis(400)).await;
    let log = federation.broker().journal().log();
    let (_, entries) = mohur_audit::select(
        log,
        &mohur_audit::Wanted { id: Some(bundle.to_owned()), ..mohur_audit::Wanted::default() },
        100,
    )
    .unwrap();
    let intents = entries.into_iter().filter(|entry| entry.leaf.kind == mohur_transparency::Kind::Intent);
    intents.map(|entry| entry.leaf.id.unwrap().to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_register_is_polled_for_and_every_answer_on_the_way_is_sealed_and_receipted() {
    let federation = Founded::new().with("broker/broker.toml", "[exchange]\nbundle-wait = \"1s\"").start().await;
    let (office, citizen) = (federation.office(), federation.citizen());
    federation.faults("health-card", delay(1200));
    let first = office.bundle(definition(&office).await, &ask::application(citizen)).await.unwrap();
    assert_eq!((first.outcome, first.complete), (Outcome::Incomplete, false));
    let arrived = |report: &BundleReport| -> Vec<String> {
        report.legs.iter().filter(|leg| leg.arrived).map(|leg| leg.leg.to_string()).collect()
    };
    assert_eq!(arrived(&first), ["birth", "marriage", "fee"], "what is there is shown");
    assert_eq!(fee(&first), None, "nothing is settled before all is known");

    let second = office.poll(first).await.unwrap();
    assert_eq!((second.outcome, second.complete), (Outcome::Incomplete, false), "nothing new yet");
    let before = second.receipt_header.clone();
    let done = complete(&office, second).await;
    assert_eq!(done.outcome, Outcome::Clear);
    assert_ne!(done.receipt_header, before, "each poll is an entry of its own");
    let last = office.poll(done).await.unwrap();
    assert_eq!((last.outcome, arrived(&last).len()), (Outcome::Clear, 4), "polling again changes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leg_beyond_its_deadline_is_unavailable_and_the_bundle_is_never_clear() {
    let federation = with_definition(|text| {
        // The leg of the health card is given 500 ms.
        let (before, vitals) = text.split_once("id = \"vitals\"").unwrap();
        format!("{before}id = \"vitals\"{}", vitals.replacen("deadline-ms = 3000", "deadline-ms = 500", 1))
    })
    .await;
    let (office, citizen) = (federation.office(), federation.citizen());
    federation.faults("health-card", delay(5000));
    let began = Instant::now();
    let report = decide(&office, &ask::application(citizen)).await;
    assert!(began.elapsed() < Duration::from_secs(3), "only the leg's own time is waited for");
    assert_eq!((report.outcome, verdict(&report, "vitals")), (Outcome::Incomplete, Verdict::Unavailable));
    assert_eq!(refusal(&report, "vitals"), Some(RefusalCode::ProviderTimeout));
    assert_eq!(fee(&report), Some((Operation::Release, Some("released"))), "the fee is given back");

    federation.faults("health-card", Faults::default());
    assert_eq!(decide(&office, &ask::application(citizen)).await.outcome, Outcome::Clear, "and can be used");
}

fn refusal(report: &BundleReport, leg: &str) -> Option<RefusalCode> {
    report.legs.iter().find(|each| each.leg.as_str() == leg).unwrap().refusal
}

#[tokio::test(flavor = "multi_thread")]
async fn a_register_that_is_down_leaves_the_bundle_incomplete_and_the_fee_free() {
    let federation = Federation::start().await;
    let (office, citizen) = (federation.office(), federation.citizen());
    let down = Faults { down: true, ..Faults::default() };
    federation.faults("civil-registry", down);
    let report = decide(&office, &ask::application(citizen)).await;
    assert_eq!(report.outcome, Outcome::Incomplete);
    for leg in ["birth", "marriage"] {
        assert_eq!(verdict(&report, leg), Verdict::Unavailable);
        assert_eq!(refusal(&report, leg), Some(RefusalCode::ProviderUnavailable));
    }
    assert_eq!(fee(&report), Some((Operation::Release, Some("released"))));

    // With the bank down, nobody is asked.
    federation.faults("civil-registry", Faults::default());
    federation.faults("state-fees", down);
    let report = decide(&office, &ask::application(citizen)).await;
    assert_eq!((report.outcome, verdict(&report, "fee")), (Outcome::Incomplete, Verdict::Unavailable));
    assert_eq!(intents(&federation, report.id.as_str()).await, [format!("{}.fee", report.id)]);
    federation.faults("state-fees", Faults::default());
    assert_eq!(decide(&office, &ask::application(citizen)).await.outcome, Outcome::Clear);
}

/// A federation whose published definition was changed.
async fn with_definition(change: impl FnOnce(String) -> String) -> Federation {
    let mut founded = Founded::new().rewritten("policy/MIA/bundles/issue-id-document.toml", change);
    mohur_policy_bundle::seal(&founded.nation.path("policy/MIA"), None).unwrap();
    founded.nation.publish(|_| {}).unwrap();
    founded.start().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_built_from_an_older_definition_is_refused() {
    let mut federation = Federation::start().await;
    let (office, citizen) = (federation.office(), federation.citizen().clone());
    let old = definition(&office).await;
    let prepared = Bundled::of(&office, &citizen).await;
    let path = federation.nation.path("policy/MIA/bundles/issue-id-document.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("version = 1", "version = 2")).unwrap();
    mohur_policy_bundle::seal(&federation.nation.path("policy/MIA"), None).unwrap();
    federation.publish(|_| {}).await;

    assert_eq!(code(office.bundle(old.clone(), &ask::application(&citizen)).await), RefusalCode::BundleStale);
    assert_eq!(prepared.refusal(&office).await, RefusalCode::BundleStale);
    // A header that names the new version does not help legs that were built from the old one.
    let renamed = Bundled { service: format!("{}@2", old.id), ..prepared };
    assert_eq!(renamed.refusal(&office).await, RefusalCode::BundleStale);

    let office = federation.office();
    assert_eq!(definition(&office).await.version, 2);
    assert_eq!(decide(&office, &ask::application(&citizen)).await.outcome, Outcome::Clear);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_the_definitions_bundle_is_refused_and_nobody_is_asked() {
    let federation = Federation::start().await;
    let (office, citizen) = (federation.office(), federation.citizen());
    let good = Bundled::of(&office, citizen).await;
    let other = Bundled::of(&office, citizen).await;
    let spoilt = |spoil: &dyn Fn(&mut Bundled)| {
        let mut bundle = good.clone();
        spoil(&mut bundle);
        bundle
    };
    for (what, bundle) in [
        ("a leg that the header does not list", spoilt(&|b| b.strings[1].clone_from(&other.strings[1]))),
        ("a digest of something else", spoilt(&|b| b.digests[2] = mohur_crypto::sha256(b"else"))),
        ("legs swapped in the body", spoilt(&|b| b.strings.swap(0, 2))),
        (
            "legs swapped in body and header",
            spoilt(&|b| {
                b.strings.swap(0, 2);
                b.digests.swap(0, 2);
            }),
        ),
        ("a leg missing in the body", spoilt(&|b| drop(b.strings.pop()))),
        (
            "a leg missing",
            spoilt(&|b| {
                b.strings.pop();
                b.digests.pop();
            }),
        ),
        (
            "a leg twice",
            spoilt(&|b| {
                b.strings.push(b.strings[0].clone());
                b.digests.push(b.digests[0]);
            }),
        ),
        ("a digest too many", spoilt(&|b| b.digests.push(mohur_crypto::sha256(b"more")))),
        (
            "a leg of another bundle",
            spoilt(&|b| {
                b.strings[0].clone_from(&other.strings[0]);
                b.digests[0] = other.digests[0];
            }),
        ),
        (
            "no legs",
            spoilt(&|b| {
                b.strings.clear();
                b.digests.clear();
            }),
        ),
    ] {
        let code = bundle.refusal(&office).await;
        assert!(matches!(code, RefusalCode::Malformed | RefusalCode::DigestMismatch), "{what}: {code}");
    }
    let another: Purpose = "border-control".parse().unwrap();
    for (what, bundle) in [
        (
            "another purpose",
            Bundled::changed(&office, citizen, |q| q.iter_mut().for_each(|q| q.purpose = another.clone())).await,
        ),
        ("one leg of another purpose", Bundled::changed(&office, citizen, |q| q[0].purpose = another.clone()).await),
        (
            "a wider leg",
            Bundled::changed(&office, citizen, |q| {
                q[2].ask =
                    mohur_wire::Ask::Read(["bloodGroup", "eyeColour", "height", "diagnosis"].map(ask::field).into())
            })
            .await,
        ),
        ("another service", Bundled::changed(&office, citizen, |q| q[0].service = q[2].service.clone()).await),
        ("a leg outside the bundle", Bundled::changed(&office, citizen, |q| q[0].leg = None).await),
        ("another leg's name", Bundled::changed(&office, citizen, |q| q[0].leg = q[1].leg.clone()).await),
    ] {
        assert_eq!(bundle.refusal(&office).await, RefusalCode::Malformed, "{what}");
    }
    assert_eq!(intents(&federation, good.id.as_str()).await, Vec::<String>::new(), "nobody was asked");
    // Its id was never claimed: as it should be, it is answered.
    let answer = bundle_answer(&good.raw(&office).await);
    assert_eq!(answer.bundle, good.id);
    assert_eq!(good.refusal(&office).await, RefusalCode::Replayed);
}

#[tokio::test(flavor = "multi_thread")]
async fn legs_about_two_persons_are_refused() {
    let federation = Federation::start().await;
    let (office, citizen) = (federation.office(), federation.citizen());
    let other = federation.country.clear_citizens().nth(1).unwrap().fin;
    let mixed = Bundled::changed(&office, citizen, |q| q[2].subject = mohur_wire::SubjectKey::Fin(other)).await;
    assert_eq!(mixed.refusal(&office).await, RefusalCode::Malformed, "one application, one person");
    let mixed = Bundled::changed(&office, citizen, |q| q[1].case = Some("ID-2026-000418".parse().unwrap())).await;
    assert_eq!(mixed.refusal(&office).await, RefusalCode::Malformed, "and one case");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_is_polled_by_its_own_signer_alone() {
    let federation = Federation::start().await;
    let (office, border) = (federation.office(), federation.border());
    let bundle = Bundled::of(&office, federation.citizen()).await;
    bundle_answer(&bundle.raw(&office).await);
    assert_eq!(bundle_answer(&bundle.poll(&office).await).outcome, Outcome::Clear);
    assert_eq!(problem(&bundle.poll(&border).await).code, RefusalCode::BundleUnknown);
    let unknown = Bundled { id: "never-sent".parse().unwrap(), ..bundle };
    assert_eq!(problem(&unknown.poll(&office).await).code, RefusalCode::BundleUnknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_receipt_in_several_bundles_at_once_pays_for_exactly_one() {
    let federation = Federation::start().await;
    let (office, citizen) = (federation.office(), federation.citizen());
    // Slow enough that all of them hold on to the fee at the same time.
    federation.faults("civil-registry", delay(300));
    let application = ask::application(citizen);
    let reports = join_all((0..6).map(|_| decide(&office, &application))).await;
    let clear: Vec<_> = reports.iter().filter(|report| report.outcome == Outcome::Clear).collect();
    assert_eq!(clear.len(), 1, "{:?}", reports.iter().map(|report| report.outcome).collect::<Vec<_>>());
    assert_eq!(reports.iter().filter(|report| verdict(report, "fee") == Verdict::Mismatch).count(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_host_sees_its_own_leg_and_of_the_others_only_digests() {
    let mut federation = Federation::start().await;
    let citizen = federation.citizen().clone();
    let keys = OwnerKeys::of(&federation, "health-card");
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let witness = Arc::clone(&seen);
    let _host = FakeHost::replace(&mut federation, "health-card", "hosts/health-card", move |ask| {
        witness.lock().unwrap().push(String::from_utf8(ask.to_json().unwrap()).unwrap());
        keys.seal(&keys.claims(ask), &[("bloodGroup", "A+"), ("eyeColour", "BRO"), ("height", "180")])
    })
    .await;
    let office = federation.office();
    assert_eq!(decide(&office, &ask::application(&citizen)).await.outcome, Outcome::Clear);

    let asks = seen.lock().unwrap().clone();
    assert_eq!(asks.len(), 1, "one leg, one ask");
    let text = readable(&asks[0]);
    assert!(text.contains(citizen.fin.as_str()), "its own leg is about this person");
    assert!(text.contains("bloodGroup") && text.contains("mohur-legs"), "{text}");
    for secret in secrets_of_the_other_legs(&citizen) {
        assert!(!text.contains(&secret), "the health card's host was told {secret}");
    }
}

/// What the legs to the civil registry and the bank say, and the one to the health card does not.
fn secrets_of_the_other_legs(citizen: &Citizen) -> Vec<String> {
    let claims = &citizen.claims;
    let name = |text: &String| serde_json::to_string(text).unwrap().trim_matches('"').to_owned();
    vec![
        name(&claims.family_name),
        name(&claims.given_name),
        claims.birth_date.to_string(),
        claims.receipt.as_str().to_owned(),
        "maritalStatus".to_owned(),
        "familyName".to_owned(),
        "civil-registry/birth".to_owned(),
        "state-fees/payments".to_owned(),
    ]
}

/// A text with everything in it that is base64url decoded beside it, over and over.
fn readable(text: &str) -> String {
    let mut all = text.to_owned();
    let mut rest = vec![text.to_owned()];
    while let Some(text) = rest.pop() {
        for word in text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')).filter(|w| w.len() > 16)
        {
            if let Some(decoded) =
                BASE64_URL_SAFE_NO_PAD.decode(word).ok().and_then(|bytes| String::from_utf8(bytes).ok())
            {
                all.push('\n');
                all.push_str(&decoded);
                rest.push(decoded);
            }
        }
    }
    all
}
