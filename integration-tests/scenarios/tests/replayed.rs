//! One id, one answer: repeated messages, ids of others, and messages of another time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of it is test code"
)]

use std::time::Duration;

use mohur_client::Caller;
use mohur_federation::{Federation, Signed, ask, code, refused};
use mohur_message::sign_request;
use mohur_transparency::Receipt;
use mohur_wire::{Clock, RefusalCode};

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_message_gets_the_first_ones_receipt_and_no_second_answer() {
    let federation = Federation::start().await;
    let office = federation.office();
    let signed = Signed::new(&office, ask::blood_group(federation.citizen().fin));
    let first = signed.send(&office).await.unwrap();
    for _ in 0..2 {
        let again = refused(signed.send(&office).await);
        assert_eq!(again.problem.code, RefusalCode::Replayed);
        let receipt = again.receipt.expect("the first one's receipt");
        assert_eq!(receipt.leaf_hash(), first.receipt.leaf_hash());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_id_is_refused_for_another_question_too_and_a_refused_id_is_taken() {
    let federation = Federation::start().await;
    let (office, fin) = (federation.office(), federation.citizen().fin);
    let id = Caller::fresh_id().unwrap();
    Signed::of(&office, office.query(ask::blood_group(fin), id.clone())).send(&office).await.unwrap();
    let other = Signed::of(&office, office.query(ask::of_age(fin), id));
    assert_eq!(code(other.send(&office).await), RefusalCode::Replayed);

    let id = Caller::fresh_id().unwrap();
    let denied = ask::read(ask::BIRTH, fin, &["birthDate"]);
    assert_eq!(
        code(Signed::of(&office, office.query(denied, id.clone())).send(&office).await),
        RefusalCode::NotAvailable
    );
    let permitted = Signed::of(&office, office.query(ask::of_age(fin), id));
    assert_eq!(code(permitted.send(&office).await), RefusalCode::Replayed);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_of_the_broker_a_repeated_message_is_still_refused_with_the_first_ones_receipt() {
    let mut federation = Federation::start().await;
    let office = federation.office();
    let signed = Signed::new(&office, ask::blood_group(federation.citizen().fin));
    let first = signed.send(&office).await.unwrap();
    federation.restart_broker().await;
    let again = refused(signed.send(&federation.office()).await);
    assert_eq!(again.problem.code, RefusalCode::Replayed);
    let receipt = again.receipt.expect("the first one's receipt");
    assert_eq!(receipt.leaf_hash(), first.receipt.leaf_hash(), "the log itself remembers");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_copies_at_once_have_one_answer() {
    let federation = Federation::start().await;
    let office = federation.office();
    let slow = mohur_reference::Faults { delay: Duration::from_millis(600), ..Default::default() };
    federation.faults("health-card", slow);
    let signed = Signed::new(&office, ask::blood_group(federation.citizen().fin));
    let (one, other) = tokio::join!(signed.send(&office), signed.send(&office));
    let (answered, refusal) = if one.is_ok() { (one, other) } else { (other, one) };
    answered.unwrap();
    assert_eq!(code(refusal), RefusalCode::InProgress);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_belongs_to_its_signer_and_another_member_may_use_the_same() {
    let federation = Federation::start().await;
    let (office, border, citizen) = (federation.office(), federation.border(), federation.citizen());
    let id = Caller::fresh_id().unwrap();
    Signed::of(&office, office.query(ask::blood_group(citizen.fin), id.clone())).send(&office).await.unwrap();
    let question = mohur_client::Question { purpose: "border-control".parse().unwrap(), ..ask::birth_date(citizen) };
    let of_border = Signed::of(&border, border.query(question, id.clone())).send(&border).await.unwrap();
    assert!(of_border.answer.is_found());
    let leaf = of_border.receipt.leaf();
    assert_eq!((leaf.consumer.as_str(), leaf.id.as_ref()), ("AZ/GOV/SBS/border", Some(&id)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_of_another_time_is_stale_or_from_the_future() {
    let federation = Federation::start().await;
    let (office, fin) = (federation.office(), federation.citizen().fin);
    let now = federation.clock.now().as_second();
    for (created, expected) in [
        (now - 120, Some(RefusalCode::Stale)),
        (now + 120, Some(RefusalCode::Future)),
        (0, Some(RefusalCode::Stale)),
        (i64::from(u32::MAX), Some(RefusalCode::Future)),
        (now - 50, None),
        (now + 50, None),
    ] {
        let mut signed = Signed::new(&office, ask::blood_group(fin));
        let (mut parts, body) = signed.request.into_parts();
        signed.sent = sign_request(&mut parts, &body, &*office.seal, created).unwrap();
        signed.request = http::Request::from_parts(parts, body);
        match expected {
            Some(expected) => assert_eq!(code(signed.send(&office).await), expected, "created {created}"),
            None => assert!(signed.send(&office).await.is_ok(), "created {created}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_waited_is_stale_and_an_old_id_can_never_be_fresh_again() {
    let federation = Federation::start().await;
    let office = federation.office();
    let signed = Signed::new(&office, ask::blood_group(federation.citizen().fin));
    signed.send(&office).await.unwrap();
    federation.clock.advance(Duration::from_secs(61));
    assert_eq!(mohur_federation::problem(&signed.raw(&office).await).code, RefusalCode::Stale);
    // When the table of claims forgets the id, the signature is long stale.
    federation.clock.advance(Duration::from_secs(600));
    assert_eq!(mohur_federation::problem(&signed.raw(&office).await).code, RefusalCode::Stale);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_ones_receipt_is_the_very_header_of_the_first_answer() {
    let federation = Federation::start().await;
    let office = federation.office();
    let signed = Signed::new(&office, ask::blood_group(federation.citizen().fin));
    let header =
        |response: &http::Response<bytes::Bytes>| response.headers()["mohur-receipt"].to_str().unwrap().to_owned();
    let (first, again) = (signed.raw(&office).await, signed.raw(&office).await);
    assert_eq!(header(&first), header(&again));
    assert!(Receipt::from_header(&header(&again)).is_ok());
}
