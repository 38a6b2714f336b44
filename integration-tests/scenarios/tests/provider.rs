//! Registers and hosts that fail, dawdle or lie: no datum leaves, and the refusal says whose matter it is.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of it is test code"
)]

use std::time::{Duration, Instant};

use mohur_federation::{FakeHost, Federation, Founded, OwnerKeys, ask, code, refused};
use mohur_message::OwnerClaims;
use mohur_reference::Faults;
use mohur_wire::RefusalCode;

/// The answer to a question of whose owner something is wrong: refused, sealed, and in the log.
async fn refusal(federation: &Federation) -> RefusalCode {
    let refused = refused(federation.office().ask(ask::blood_group(federation.citizen().fin)).await);
    assert!(refused.receipt.is_some(), "logged");
    refused.problem.code
}

#[tokio::test(flavor = "multi_thread")]
async fn a_register_that_is_down_talks_nonsense_or_answers_about_another_is_refused() {
    let federation = Federation::start().await;
    for (faults, expected) in [
        (Faults { down: true, ..Faults::default() }, RefusalCode::ProviderUnavailable),
        (Faults { garbage: true, ..Faults::default() }, RefusalCode::ProviderInvalid),
        (Faults { wrong_person: true, ..Faults::default() }, RefusalCode::SubjectMismatch),
    ] {
        federation.faults("health-card", faults);
        assert_eq!(refusal(&federation).await, expected, "{faults:?}");
    }
    // Another register is none the worse, and this one recovers.
    federation.office().ask(ask::birth_date(federation.citizen())).await.unwrap();
    federation.faults("health-card", Faults::default());
    federation.office().ask(ask::blood_group(federation.citizen().fin)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_register_that_answers_about_another_person_is_caught() {
    let federation = Federation::start().await;
    let (office, citizen) = (federation.office(), federation.citizen());
    for owner in federation.owner_names() {
        federation.faults(owner, Faults { wrong_person: true, ..Faults::default() });
    }
    for question in [ask::birth_date(citizen), ask::of_age(citizen.fin), ask::blood_group(citizen.fin)] {
        let service = question.service.clone();
        let code = code(office.ask(question).await);
        assert!(matches!(code, RefusalCode::SubjectMismatch | RefusalCode::ProviderInvalid), "{service}: {code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_register_that_says_more_than_it_was_asked_releases_no_more() {
    let federation = Federation::start().await;
    for owner in federation.owner_names() {
        federation.faults(owner, Faults { extra_fields: true, ..Faults::default() });
    }
    let (office, citizen) = (federation.office(), federation.citizen());
    for question in [ask::blood_group(citizen.fin), ask::birth_date(citizen)] {
        let asked: Vec<_> =
            office.query(question.clone(), "q".parse().unwrap()).fields().into_iter().cloned().collect();
        match office.ask(question).await {
            Ok(answered) => assert_eq!(answered.answer.fields().keys().cloned().collect::<Vec<_>>(), asked),
            refused => assert_eq!(code(refused), RefusalCode::ProviderInvalid),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_register_is_not_waited_for() {
    let federation =
        Founded::new().with("broker/broker.toml", "[exchange]\nprovider-deadline = \"400ms\"").start().await;
    federation.faults("health-card", Faults { delay: Duration::from_secs(8), ..Faults::default() });
    let began = Instant::now();
    assert_eq!(refusal(&federation).await, RefusalCode::ProviderTimeout);
    assert!(began.elapsed() < Duration::from_secs(3));
    federation.office().ask(ask::birth_date(federation.citizen())).await.expect("the others are as fast as ever");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_gone_or_is_another_member_is_not_believed() {
    let mut federation = Federation::start().await;
    federation.stop_host("health-card").await;
    assert_eq!(refusal(&federation).await, RefusalCode::ProviderUnavailable);

    let mut federation = Federation::start().await;
    let keys = OwnerKeys::of(&federation, "health-card");
    // Everything about the answer is genuine, but the connection is another member's.
    let _fake = FakeHost::replace(&mut federation, "health-card", "hosts/civil-registry", move |ask| {
        keys.seal(&keys.claims(ask), &[("bloodGroup", "AB-")])
    })
    .await;
    assert_eq!(refusal(&federation).await, RefusalCode::ProviderUnavailable);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_under_a_foreign_seal_is_dropped() {
    let mut federation = Federation::start().await;
    let (owner, foreign) = (OwnerKeys::of(&federation, "health-card"), OwnerKeys::of(&federation, "civil-registry"));
    let _fake = FakeHost::replace(&mut federation, "health-card", "hosts/health-card", move |ask| {
        // First in its own name, then in the owner's.
        let claims = owner.claims(ask);
        let issuer = if claims.query_digest.0[0] % 2 == 0 { foreign.me.clone() } else { owner.me.clone() };
        foreign.seal(&OwnerClaims { issuer, ..claims }, &[("bloodGroup", "AB-")])
    })
    .await;
    for _ in 0..8 {
        assert_eq!(refusal(&federation).await, RefusalCode::ProviderInvalid);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_another_query_or_none_at_all_is_dropped() {
    for (what, expected) in [
        ("digest", RefusalCode::SubjectMismatch),
        ("service", RefusalCode::SubjectMismatch),
        ("verb", RefusalCode::SubjectMismatch),
        ("text", RefusalCode::ProviderInvalid),
        ("unsealed", RefusalCode::ProviderInvalid),
    ] {
        let mut federation = Federation::start().await;
        let keys = OwnerKeys::of(&federation, "health-card");
        let _fake = FakeHost::replace(&mut federation, "health-card", "hosts/health-card", move |ask| {
            let mut claims = keys.claims(ask);
            match what {
                "digest" => claims.query_digest = mohur_crypto::sha256(b"another query"),
                "service" => claims.service = "AZ/GOV/MOH/health-card/vitals/v2".parse().unwrap(),
                "verb" => claims.verb = mohur_wire::Verb::Match,
                "text" => return "I do not know".into(),
                _ => return r#"{"answer":"eyJhbGciOiJub25lIn0.e30.~"}"#.into(),
            }
            keys.seal(&claims, &[("bloodGroup", "AB-")])
        })
        .await;
        assert_eq!(refusal(&federation).await, expected, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_the_owner_seals_and_the_policy_does_not_name_stops_at_the_broker() {
    let mut federation = Federation::start().await;
    let keys = OwnerKeys::of(&federation, "health-card");
    let _fake = FakeHost::replace(&mut federation, "health-card", "hosts/health-card", move |ask| {
        keys.seal(&keys.claims(ask), &[("bloodGroup", "AB-"), ("diagnosis", "secret-diagnosis"), ("height", "180")])
    })
    .await;
    let answered = federation.office().ask(ask::blood_group(federation.citizen().fin)).await.unwrap();
    assert_eq!(answered.answer.fields().len(), 1, "the owner's seal still holds on what is left");
    assert_eq!(answered.sealed.matches('~').count(), 2);
}
