//! What the broker abroad, or the one at home, refuses; and what nobody can tell from it.

use std::time::Instant;

use mohur_federation::{Abroad, Signed, ask, code, refused, services};
use mohur_reference::Oddity;
use mohur_transparency::Kind;
use mohur_wire::{FieldName, RefusalCode};

use crate::logs;

#[tokio::test(flavor = "multi_thread")]
async fn the_owners_policy_decides_and_its_refusal_is_sealed_at_both_ends() {
    let both = Abroad::start().await;
    let citizen = both.az.citizen().clone();
    // The border has no grant for the birth records' match of names under this purpose: denied, not concealed.
    let border = both.az.border();
    let signed = Signed::new(&border, ask::matching(services::BIRTH, citizen.fin, &[("familyName", "X")]));
    let refusal = refused(signed.send(&border).await);
    assert_eq!(refusal.problem.code, RefusalCode::Denied);
    assert!(refusal.receipt.is_some(), "of the home broker's log");
    let id = signed.query.id.as_str();
    assert_eq!(logs::kinds(&logs::of(&both.az, id).await), [Kind::Intent, Kind::Outcome], "it was handed on");
    assert_eq!(logs::kinds(&logs::of(&both.ge, id).await), [Kind::Outcome], "and refused before anybody was asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn denied_and_absent_abroad_look_alike_in_words_entries_and_time() {
    let both = Abroad::start().await;
    let (office, bank) = (both.az.office(), both.az.bank());
    let absent = both.az.country.with_oddity(Oddity::NoHealthCard).map(|citizen| citizen.fin);
    let absent = absent.unwrap_or_else(|| both.az.country.unused_fin());
    let mut seen = Vec::new();
    for (caller, fin) in [(&bank, both.az.citizen().fin), (&office, absent)] {
        let signed = Signed::new(caller, ask::read(services::VITALS, fin, &["bloodGroup"]));
        let began = Instant::now();
        let refusal = refused(signed.send(caller).await);
        assert!(began.elapsed().as_millis() >= 1000, "no sooner than the concealment");
        let entries =
            [logs::of(&both.az, signed.query.id.as_str()).await, logs::of(&both.ge, signed.query.id.as_str()).await];
        let shown = entries.each_ref().map(|entries| {
            let clear =
                |leaf: &mohur_transparency::Leaf| (leaf.kind, leaf.basis.clone(), leaf.policy, leaf.commitments.len());
            entries.iter().map(clear).collect::<Vec<_>>()
        });
        seen.push((refusal.problem.code, refusal.problem.detail.clone(), shown));
    }
    assert_eq!(seen[0].0, RefusalCode::NotAvailable);
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_named_is_not_trusted_in_either_direction() {
    let mut both = Abroad::start().await;
    let citizen = both.az.citizen().clone();
    let question = || ask::matching(services::BIRTH, citizen.fin, &[("birthDate", "1990-01-01")]);
    // Members of GE may ask nothing of AZ: no trust in one direction makes one in the other.
    let theirs = both.ge.office();
    assert_eq!(code(Signed::new(&theirs, ask::birth_date(&citizen)).send(&theirs).await), RefusalCode::UnknownService);
    // A service that exists and that nobody named.
    let office = both.az.office();
    let unnamed = ask::matching("GE/GOV/MOJ/civil-registry/marriage/v1", citizen.fin, &[("status", "single")]);
    assert_eq!(code(Signed::new(&office, unnamed).send(&office).await), RefusalCode::UnknownService);
    // A domain that nobody named.
    let nowhere = ask::matching("TR/GOV/MOJ/civil-registry/birth/v1", citizen.fin, &[("birthDate", "1990-01-01")]);
    assert_eq!(code(Signed::new(&office, nowhere).send(&office).await), RefusalCode::UnknownService);

    // The other domain stops to let it be asked: its broker refuses, under its seal.
    let birth: mohur_wire::ServiceId = services::BIRTH.parse().unwrap();
    office.ask(question()).await.unwrap();
    both.ge_trusts(|foreign| foreign[0].may_ask.retain(|service| *service != birth)).await;
    assert_eq!(code(Signed::new(&office, question()).send(&office).await), RefusalCode::UnknownService);
    // Our own domain stops to let it answer: the question does not leave.
    both.az_trusts(|foreign| foreign[0].may_answer.retain(|service| *service != birth)).await;
    let signed = Signed::new(&office, question());
    assert_eq!(signed.refusal(&office).await, RefusalCode::UnknownService);
    assert!(logs::of(&both.ge, signed.query.id.as_str()).await.is_empty());
    let _: FieldName = ask::field("birthDate");
}
