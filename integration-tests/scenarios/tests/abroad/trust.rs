//! Trust that ends while it is in use.

use std::time::{Duration, Instant};

use mohur_federation::{Abroad, Signed, ask, services};
use mohur_wire::RefusalCode;

/// Asks until it is refused with that code, on the connections that are open; says how long that took.
async fn asked_until(both: &Abroad, expected: &[RefusalCode]) -> Duration {
    let began = Instant::now();
    asked_for_refusal(both, expected).await;
    began.elapsed()
}

/// Asks until it is refused, with one of those codes.
async fn asked_for_refusal(both: &Abroad, expected: &[RefusalCode]) -> RefusalCode {
    let (office, citizen) = (both.az.office(), both.az.citizen().clone());
    let began = Instant::now();
    loop {
        let signed = Signed::new(&office, ask::read(services::VITALS, citizen.fin, &["bloodGroup"]));
        let response = signed.raw(&office).await;
        if response.status() != 200 {
            let code = mohur_federation::problem(&response).code;
            assert!(expected.contains(&code), "{code}");
            return code;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "still answered after a minute");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn is_answered(both: &Abroad) {
    let (office, citizen) = (both.az.office(), both.az.citizen().clone());
    office.ask(ask::read(services::VITALS, citizen.fin, &["bloodGroup"])).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trust_to_ask_is_revoked_and_the_next_question_on_the_open_connection_is_refused() {
    let mut both = Abroad::start().await;
    is_answered(&both).await;
    both.ge.nation.publish(|directory| directory.foreign.clear()).unwrap();
    // The broker abroad does not even listen any more: to the caller it is not there.
    let took = asked_until(&both, &[RefusalCode::ProviderUnavailable, RefusalCode::UnknownService]).await;
    assert!(took < Duration::from_secs(60), "{took:?}");
    // The home domain is none the worse for it.
    let office = both.az.office();
    office.ask(ask::blood_group(both.az.citizen().fin)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trust_to_answer_is_revoked_and_nothing_leaves_any_more() {
    let mut both = Abroad::start().await;
    is_answered(&both).await;
    both.az.nation.publish(|directory| directory.foreign.clear()).unwrap();
    let took = asked_until(&both, &[RefusalCode::UnknownService]).await;
    assert!(took < Duration::from_secs(60), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_root_under_the_same_name_is_not_that_domain() {
    let mut both = Abroad::start().await;
    is_answered(&both).await;
    let other = mohur_crypto::sha256(b"another root");
    both.az.nation.publish(|directory| directory.foreign[0].root = other.into()).unwrap();
    asked_until(&both, &[RefusalCode::UnknownService]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_with_a_denied_or_revoked_key_is_neither_asked_nor_heard() {
    let mut both = Abroad::start().await;
    is_answered(&both).await;
    // The broker abroad: its own domain denies its TLS key.
    let key = both.ge.fingerprint("broker/tls.pem");
    both.ge.nation.publish(|directory| directory.denied.push(key.into())).unwrap();
    asked_until(&both, &[RefusalCode::ProviderUnavailable]).await;
    both.ge.publish(|directory| directory.denied.clear()).await;

    // Our own directory denies it: we need not wait for the other domain.
    both.az.publish(|directory| directory.denied.push(key.into())).await;
    asked_until(&both, &[RefusalCode::ProviderUnavailable]).await;
    both.az.publish(|directory| directory.denied.clear()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_broker_whose_seal_is_revoked_hands_nothing_on() {
    let mut both = Abroad::start().await;
    is_answered(&both).await;
    // Home denies its own broker's seal; the other domain reads it in that directory, and believes no word of it.
    let seal = both.az.fingerprint("broker/seal.pem");
    both.az.nation.publish(|directory| directory.denied.push(seal.into())).unwrap();
    // The owner's host may have read it before its broker has, and answers nobody then: the broker's own word must follow.
    let codes = [RefusalCode::CertificateRevoked, RefusalCode::KeyUnknown];
    let began = Instant::now();
    while asked_for_refusal(&both, &[codes.as_slice(), &[RefusalCode::ProviderUnavailable]].concat()).await
        == RefusalCode::ProviderUnavailable
    {
        assert!(began.elapsed() < Duration::from_secs(60), "the broker abroad never says why");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
