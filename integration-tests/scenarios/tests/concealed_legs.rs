//! In a bundle, too, nobody can tell a denied leg from an absent person where the policy conceals it.

#![allow(clippy::unwrap_used, reason = "all of it is test code")]

use std::time::{Duration, Instant};

use mohur_federation::{Federation, Founded, ask};
use mohur_reference::{Citizen, Oddity};
use mohur_transparency::Kind;
use mohur_wire::bundle::Outcome;
use mohur_wire::{RefusalCode, Verdict};

/// What a caller and a reader of the log see of the leg `vitals`.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    outcome: Outcome,
    verdict: Verdict,
    refusal: Option<RefusalCode>,
    entries: Vec<(Kind, Option<String>, bool)>,
}

async fn look(federation: &Federation, citizen: &Citizen) -> Seen {
    let office = federation.office();
    let definition = office.definition(&ask::ISSUE.parse().unwrap()).await.unwrap();
    let began = Instant::now();
    let mut report = office.bundle(definition, &ask::application(citizen)).await.unwrap();
    while !report.complete {
        tokio::time::sleep(Duration::from_millis(100)).await;
        report = office.poll(report).await.unwrap();
    }
    assert!(began.elapsed() >= Duration::from_millis(950), "a denied leg was quicker than an absent one can be");
    // The published files may lag a little behind the receipts.
    tokio::time::sleep(Duration::from_millis(400)).await;
    let log = federation.broker().journal().log();
    let entries = log.entries(0, log.checkpoint().unwrap().0.size).map(|entry| entry.unwrap().leaf);
    let id = format!("{}.vitals", report.id);
    let leg = report.legs.iter().find(|leg| leg.leg.as_str() == "vitals").unwrap();
    Seen {
        outcome: report.outcome,
        verdict: leg.verdict,
        refusal: leg.refusal,
        entries: entries
            .filter(|leaf| leaf.id.as_ref().is_some_and(|each| each.as_str() == id))
            .map(|leaf| (leaf.kind, leaf.basis, leaf.policy.is_some()))
            .collect(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_leg_looks_like_an_absent_person() {
    let federation = Federation::start().await;
    let absent = look(&federation, federation.country.with_oddity(Oddity::NoHealthCard).unwrap()).await;

    let mut founded = Founded::new().rewritten("policy/MOH/health-card.cedar", |text| {
        let read = r#"[Action::"read:blood-group", Action::"read:appearance"]"#;
        assert!(text.contains(read));
        text.replace(read, r#"[Action::"match:blood-group"]"#)
    });
    mohur_policy_bundle::seal(&founded.nation.path("policy/MOH"), None).unwrap();
    founded.nation.publish(|_| {}).unwrap();
    let federation = founded.start().await;
    let denied = look(&federation, federation.citizen()).await;

    assert_eq!(denied.entries.iter().map(|(kind, ..)| *kind).collect::<Vec<_>>(), [Kind::Intent, Kind::Outcome]);
    assert_eq!((denied.outcome, denied.verdict), (Outcome::Incomplete, Verdict::Unknown));
    assert_eq!(denied.refusal, Some(RefusalCode::NotAvailable));
    assert_eq!(denied, absent);
}
