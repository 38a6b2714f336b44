//! A bundle with legs abroad: one signature, two domains, and a fee that is reserved and settled beyond the border.

use std::time::{Duration, Instant};

use mohur_client::BundleReport;
use mohur_federation::{Abroad, Enveloped, FoundedAbroad, ask, services};
use mohur_transparency::Kind;
use mohur_wire::bundle::Outcome;
use mohur_wire::{Operation, Verdict};

use crate::logs;

/// The definition of the repository, with the health card and the fee of the other domain.
async fn start() -> Abroad {
    let mut both = FoundedAbroad::new();
    let folder = both.az.nation.path("policy/MIA");
    let file = folder.join("bundles/issue-id-document.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text.replace("AZ/GOV/MOH/", "GE/GOV/MOH/").replace("AZ/COM/BANK/", "GE/COM/BANK/");
    std::fs::write(&file, text).unwrap();
    mohur_policy_bundle::seal(&folder, None).unwrap();
    both.az.nation.publish(|_| {}).unwrap();
    both.start().await
}

async fn decide(both: &Abroad) -> BundleReport {
    let (office, citizen) = (both.az.office(), both.az.citizen().clone());
    let definition = office.definition(&ask::ISSUE.parse().unwrap()).await.unwrap();
    let mut report = office.bundle(definition, &ask::application(&citizen)).await.unwrap();
    let since = Instant::now();
    while !report.complete {
        assert!(since.elapsed() < Duration::from_secs(20), "the bundle never ends");
        tokio::time::sleep(Duration::from_millis(100)).await;
        report = office.poll(report).await.unwrap();
    }
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn legs_at_home_and_abroad_add_up_and_the_fee_abroad_is_used_up() {
    let both = start().await;
    let report = decide(&both).await;
    let legs: Vec<_> = report.legs.iter().map(|leg| (leg.leg.as_str(), leg.verdict, leg.refusal)).collect();
    assert_eq!(report.outcome, Outcome::Clear, "{legs:?}");
    let issuer = |leg: &str| {
        let leg = report.legs.iter().find(|each| each.leg.as_str() == leg).unwrap();
        leg.answer.as_ref().unwrap().issuer().to_string()
    };
    assert_eq!(issuer("vitals"), "GE/GOV/MOH/health-card");
    assert_eq!(issuer("fee"), "GE/COM/BANK/state-fees");
    assert_eq!(issuer("birth"), "AZ/GOV/MOJ/civil-registry");
    let fee = report.legs.iter().find(|leg| leg.leg.as_str() == "fee").unwrap();
    let (operation, state) = fee.settlement.as_ref().unwrap();
    assert_eq!((*operation, state.as_deref()), (Operation::Consume, Some("consumed")));

    // Abroad stand the two legs and the settlement, each with INTENT and OUTCOME, under the bundle's name.
    for leg in ["vitals", "fee", "fee.settle"] {
        let id = format!("{}.{leg}", report.id);
        for federation in [&both.az, &both.ge] {
            let entries = logs::of(federation, &id).await;
            assert_eq!(logs::kinds(&entries), [Kind::Intent, Kind::Outcome], "{id}");
            assert_eq!(entries[0].bundle.as_deref(), Some("issue-id-document@1"));
        }
    }
    assert!(logs::of(&both.ge, &format!("{}.birth", report.id)).await.is_empty(), "of the rest nothing is known there");

    // The same receipt never pays for a second document.
    let again = decide(&both).await;
    assert_eq!(again.outcome, Outcome::Incomplete);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_over_soap_has_its_legs_abroad_too() {
    let both = start().await;
    let (office, citizen) = (both.az.office(), both.az.citizen().clone());
    let bundled = mohur_federation::Bundled::of(&office, &citizen).await;
    let enveloped = Enveloped::bundle(&office, &bundled);
    let mut answer = enveloped.send(&office).await;
    let since = Instant::now();
    while !answer.bundle().0.complete {
        assert!(since.elapsed() < Duration::from_secs(20), "the bundle never ends");
        tokio::time::sleep(Duration::from_millis(200)).await;
        answer = Enveloped::poll(&office, &bundled.id).send(&office).await;
    }
    let (report, _) = answer.bundle();
    assert_eq!(report.outcome, Outcome::Clear);
    for leg in &report.legs {
        assert_eq!(leg.receipt.is_some(), ["vitals", "fee"].contains(&leg.leg.as_str()), "{}", leg.leg);
        assert_eq!(
            leg.settlement.as_ref().map(|settled| settled.receipt.is_some()),
            (leg.leg.as_str() == "fee").then_some(true)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_other_domain_is_cut_off_the_bundle_is_incomplete_and_what_was_reserved_is_not_used_up() {
    let mut both = start().await;
    both.ge.stop_broker().await;
    let report = decide(&both).await;
    assert_eq!(report.outcome, Outcome::Incomplete);
    let fee = report.legs.iter().find(|leg| leg.leg.as_str() == "fee").unwrap();
    assert_eq!(fee.verdict, Verdict::Unavailable);
    assert!(services::ALL.contains(&services::PAYMENTS));
}
