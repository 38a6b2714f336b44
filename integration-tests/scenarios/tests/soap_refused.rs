//! One cause, one code: whatever stops a message stops it in SOAP as it does in REST, sealed, logged, and with the code's own
//! status.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of it is test code"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::ToSpan;
use mohur_authority::testing::Template;
use mohur_client::{Caller, Question};
use mohur_directory::{BrokerEntry, SealEntry};
use mohur_federation::{Enveloped, FakeHost, Federation, Founded, OwnerKeys, Said, Signed, ask, problem};
use mohur_message::sign_request;
use mohur_reference::Faults;
use mohur_soap::Version;
use mohur_soap::message::query_xml;
use mohur_wire::RefusalCode::{self, *};
use mohur_wire::{Ask, Clock, Enclosed, Query, SubjectKey, Timestamp, Value};

const OFFICE: &str = "AZ/GOV/MIA/id-cards";

/// Asks in both dialects, with the caller's keys over `peer`'s connection.
async fn both_over(caller: &Caller, peer: &Caller, question: &Question) -> [RefusalCode; 2] {
    let rest = Signed::new(caller, question.clone()).raw(peer).await;
    [problem(&rest).code, Enveloped::new(caller, question.clone()).refusal(peer).await]
}

async fn both(caller: &Caller, question: &Question) -> [RefusalCode; 2] {
    both_over(caller, caller, question).await
}

fn of_bank(question: Question) -> Question {
    Question { purpose: "credit-check".parse().unwrap(), ..question }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_policy_and_directory_refuse() {
    let federation = Federation::start().await;
    let (office, bank, fin) = (federation.office(), federation.bank(), federation.citizen().fin);
    let blood = ask::blood_group(fin);
    let verb = Ask::Match([(ask::field("bloodGroup"), Value::text("A+"))].into());
    for (what, caller, question, expected) in [
        ("denied", &bank, of_bank(ask::read(ask::PAYMENTS, fin, &["state"])), Denied),
        ("denied, and not told from absent", &bank, of_bank(blood.clone()), NotAvailable),
        ("absent, and not told from denied", &office, ask::blood_group(federation.country.unused_fin()), NotAvailable),
        (
            "wrong purpose",
            &office,
            Question { purpose: "border-control".parse().unwrap(), ..blood.clone() },
            NotAvailable,
        ),
        ("no case", &office, Question { case: None, ..blood.clone() }, NotAvailable),
        ("wrong verb", &office, ask::question(ask::VITALS, fin, ask::ISSUE, verb), Denied),
        ("no such service", &office, ask::read("AZ/GOV/MOH/health-card/diagnoses/v1", fin, &["a"]), UnknownService),
        ("no such owner", &office, ask::read("AZ/GOV/NOBODY/registry/birth/v1", fin, &["a"]), UnknownService),
    ] {
        assert_eq!(both(caller, &question).await, [expected; 2], "{what}");
    }
    // The fault says what the problem document says.
    let fault = Enveloped::new(&bank, of_bank(ask::read(ask::PAYMENTS, fin, &["state"]))).send(&bank).await;
    let Said::Refused(refusal, id) = &fault.said else { panic!("{fault:?}") };
    assert_eq!((refusal.code, fault.confirms, fault.response.status().as_u16()), (Denied, true, 500));
    assert_eq!(fault.receipt.as_ref().unwrap().leaf().id.as_ref().map(|id| id.as_str()), id.as_deref());
    let text = String::from_utf8(fault.response.body().to_vec()).unwrap();
    assert!(text.contains(Denied.text().english) && text.contains(Denied.text().azerbaijani), "in two languages");
}

/// A whole message of another protocol goes on only where the policy lets `message` be read whole: nobody here may.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_an_enclosed_message() {
    let settings = "[exchange]\nmessage-bytes = 4096";
    let federation = Founded::new().with("broker/broker.toml", settings).start().await;
    let (office, fin) = (federation.office(), federation.citizen().fin);
    let enclosing = |size: usize, fields: &[&str]| {
        let message = Enclosed { media_type: "text/xml".parse().unwrap(), content: vec![b'x'; size] };
        Question { message: Some(message), ..ask::read(ask::VITALS, fin, fields) }
    };
    let digest = |bytes: &[u8]| SubjectKey::Message(mohur_crypto::sha256(bytes).to_base64url().parse().unwrap());
    let own = Question { subject: digest(&[b'x'; 100]), ..enclosing(100, &["message", "messageType"]) };
    let foreign = Question { subject: digest(b"another"), ..own.clone() };
    for (what, question, expected) in [
        ("beside what is granted", enclosing(100, &["bloodGroup"]), NotAvailable),
        ("asked for, and not granted", enclosing(100, &["bloodGroup", "message"]), NotAvailable),
        ("its own subject", own, NotAvailable),
        ("another message's subject", foreign, DigestMismatch),
        ("too large", enclosing(4097, &["message"]), TooLarge),
    ] {
        assert_eq!(both(&office, &question).await, [expected; 2], "{what}");
    }
    let asked = federation.page(federation.owner("health-card").host.admin_addr(), "/metrics").await;
    assert!(!asked.contains("outcome=\"answered\"} 1"), "no host has seen any of them");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_who_signs() {
    let mut federation = Federation::start().await;
    let (office, bank, border) = (federation.office(), federation.bank(), federation.border());
    let blood = ask::blood_group(federation.citizen().fin);
    assert_eq!(both_over(&office, &bank, &blood).await, [IdentityMismatch; 2], "somebody else's connection");

    let mut template = Template::seal(&federation.member(OFFICE), federation.clock.now(), 30).unwrap();
    template.not_after = federation.clock.now() + 60.seconds();
    let forged = federation.nation.national().forge(&template).unwrap();
    let mut renewed = federation.office();
    renewed.seal = Arc::new(forged.seal().unwrap());
    assert_eq!(both(&renewed, &blood).await, [KeyUnknown; 2], "a seal that is not in the directory");
    federation
        .publish(|directory| {
            let office = directory.members.iter_mut().find(|member| member.id.as_str() == OFFICE).unwrap();
            office.seals.push(SealEntry::new(&forged.der));
        })
        .await;
    let mut renewed = federation.office();
    renewed.seal = Arc::new(forged.seal().unwrap());
    assert!(
        matches!(Enveloped::new(&renewed, blood.clone()).send(&renewed).await.said, Said::Answer(..)),
        "for a minute"
    );
    federation.clock.advance(Duration::from_secs(90));
    assert_eq!(both(&renewed, &blood).await, [CertificateExpired; 2]);

    federation.revoke("callers/passport-office/seal.pem").await;
    assert_eq!(both(&office, &blood).await, [CertificateRevoked; 2]);

    federation.publish(|directory| directory.members.retain(|member| member.id.as_str() != "AZ/GOV/SBS/border")).await;
    let question = Question { purpose: "border-control".parse().unwrap(), ..blood.clone() };
    assert_eq!(problem(&Signed::new(&border, question.clone()).raw(&border).await).code, UnknownMember);
    // Who is not listed has one message a second.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(Enveloped::new(&border, question).refusal(&border).await, UnknownMember);

    // A member that has moved to another broker.
    federation
        .publish(|directory| {
            let mut other: BrokerEntry = directory.brokers[0].clone();
            other.id = "AZ/GOV/OPERATOR/other".parse().unwrap();
            (other.seals, other.log.origin) = (Vec::new(), "log.other.az".to_owned());
            directory.brokers.push(other);
            let bank = directory.members.iter_mut().find(|member| member.id.as_str() == "AZ/COM/BANK/credit").unwrap();
            bank.broker = "AZ/GOV/OPERATOR/other".parse().unwrap();
        })
        .await;
    assert_eq!(both(&bank, &of_bank(blood)).await, [WrongBroker; 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_repeated_or_of_another_time() {
    let federation = Federation::start().await;
    let (office, fin) = (federation.office(), federation.citizen().fin);
    let query = || office.query(ask::blood_group(fin), Caller::fresh_id().unwrap());

    // Repeated in the same dialect, and from each to the other: an id is an id. Whoever repeats it gets the first receipt.
    let signed = Enveloped::of(&office, &query());
    let first = signed.send(&office).await.receipt.unwrap();
    let again = signed.send(&office).await;
    assert_eq!((again.code(), again.receipt.unwrap().leaf_hash()), (Replayed, first.leaf_hash()));
    let once = query();
    let first = Signed::of(&office, once.clone()).send(&office).await.unwrap();
    let again = Enveloped::of(&office, &once).send(&office).await;
    assert_eq!((again.code(), again.receipt.unwrap().leaf_hash()), (Replayed, first.receipt.leaf_hash()));
    let once = query();
    let first = Enveloped::of(&office, &once).send(&office).await.receipt.unwrap();
    let again = mohur_federation::refused(Signed::of(&office, once).send(&office).await);
    assert_eq!((again.problem.code, again.receipt.unwrap().leaf_hash()), (Replayed, first.leaf_hash()));

    // Both at once.
    federation.faults("health-card", Faults { delay: Duration::from_millis(600), ..Faults::default() });
    let once = query();
    let (rest, soap) = (Signed::of(&office, once.clone()), Enveloped::of(&office, &once));
    let (rest, soap) = tokio::join!(rest.send(&office), soap.send(&office));
    match (rest, &soap.said) {
        (Ok(_), Said::Refused(refusal, _)) => assert_eq!(refusal.code, InProgress),
        (refused, Said::Answer(..)) => assert_eq!(mohur_federation::code(refused), InProgress),
        other => panic!("one is answered and one refused: {other:?}"),
    }
    federation.faults("health-card", Faults::default());

    let now = federation.clock.now();
    for (created, expected) in [(-120, Some(Stale)), (120, Some(Future)), (-50, None), (50, None)] {
        let created = now + created.seconds();
        let codes = [rest_at(&office, &query(), created).await, soap_at(&office, &query(), created).await];
        assert_eq!(codes, [expected; 2], "{created}");
    }
}

async fn rest_at(office: &Caller, query: &Query, created: Timestamp) -> Option<RefusalCode> {
    let mut signed = Signed::of(office, query.clone());
    let (mut parts, body) = signed.request.into_parts();
    signed.sent = sign_request(&mut parts, &body, &*office.seal, created.as_second()).unwrap();
    signed.request = http::Request::from_parts(parts, body);
    let response = signed.raw(office).await;
    (response.status() != 200).then(|| problem(&response).code)
}

async fn soap_at(office: &Caller, query: &Query, created: Timestamp) -> Option<RefusalCode> {
    let signed = Enveloped::signed_at(office, Version::Soap11, &query_xml(query), "", created);
    match signed.send(office).await.said {
        Said::Refused(refusal, _) => Some(refusal.code),
        Said::Answer(..) | Said::Bundle(..) => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_register_and_host() {
    let settings = "[exchange]\nprovider-deadline = \"800ms\"";
    let mut federation = Founded::new().with("broker/broker.toml", settings).start().await;
    let office = federation.office();
    let blood = ask::blood_group(federation.citizen().fin);
    for (faults, expected) in [
        (Faults { wrong_person: true, ..Faults::default() }, SubjectMismatch),
        (Faults { garbage: true, ..Faults::default() }, ProviderInvalid),
        (Faults { delay: Duration::from_secs(8), ..Faults::default() }, ProviderTimeout),
        (Faults { down: true, ..Faults::default() }, ProviderUnavailable),
    ] {
        federation.faults("health-card", faults);
        assert_eq!(both(&office, &blood).await, [expected; 2], "{faults:?}");
    }
    federation.faults("health-card", Faults::default());

    let keys = OwnerKeys::of(&federation, "health-card");
    let fake = FakeHost::replace(&mut federation, "health-card", "hosts/health-card", move |ask| {
        let mut claims = keys.claims(ask);
        claims.query_digest = mohur_crypto::sha256(b"another query");
        keys.seal(&claims, &[("bloodGroup", "AB-")])
    })
    .await;
    assert_eq!(both(&office, &blood).await, [SubjectMismatch; 2], "an answer to another query");
    drop(fake);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(both(&office, &blood).await, [ProviderUnavailable; 2], "a host that is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_too_much_is_told_when_to_come_back() {
    let mut federation = Federation::start().await;
    let (office, blood) = (federation.office(), ask::blood_group(federation.citizen().fin));
    federation
        .publish(|directory| {
            let office = directory.members.iter_mut().find(|member| member.id.as_str() == OFFICE).unwrap();
            office.requests_per_second = 0;
        })
        .await;
    assert_eq!(both(&office, &blood).await, [RateLimited; 2]);
    let fault = Enveloped::new(&office, blood).send(&office).await;
    assert_eq!(fault.response.headers()["retry-after"], "1", "though SOAP has another status for it");
    assert!(!fault.confirms, "nothing was read of it, so nothing is confirmed");
}

/// Denied and absent in words, size, headers and time.
#[tokio::test(flavor = "multi_thread")]
async fn denied_and_absent_look_alike() {
    let federation = Federation::start().await;
    let (office, fin, nobody) = (federation.office(), federation.citizen().fin, federation.country.unused_fin());
    let no_card = federation.country.with_oddity(mohur_reference::Oddity::NoHealthCard).unwrap().fin;
    // The first message of a connection waits for its handshake.
    Enveloped::new(&office, ask::blood_group(fin)).answered(&office).await;
    let mut all = Vec::new();
    for question in [
        Question { case: None, ..ask::blood_group(fin) },
        Question { case: None, ..ask::blood_group(nobody) },
        Question { purpose: "holiday".parse().unwrap(), ..ask::blood_group(fin) },
        ask::blood_group(nobody),
        ask::blood_group(no_card),
    ] {
        let began = Instant::now();
        let answer = Enveloped::new(&office, question).send(&office).await;
        all.push((began.elapsed(), answer));
    }
    let (took, first) = &all[0];
    let Said::Refused(words, _) = &first.said else { panic!("{first:?}") };
    for (other_took, other) in &all {
        let Said::Refused(other_words, _) = &other.said else { panic!("{other:?}") };
        assert_eq!((other.code(), other.confirms), (NotAvailable, true));
        assert_eq!((other_words, other.response.body().len()), (words, first.response.body().len()));
        let names = |answer: &mohur_federation::SoapAnswer| {
            answer.response.headers().keys().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(names(other), names(first));
        // A loaded machine blurs this; what would tell them apart is an answer that does not wait for the others.
        assert!(took.abs_diff(*other_took) < Duration::from_millis(600), "{took:?} and {other_took:?}");
        assert!(*other_took >= Duration::from_millis(950), "{other_took:?}");
    }
}
