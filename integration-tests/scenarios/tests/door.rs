//! The door itself: protocols, shares, and an orderly end.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of it is test code"
)]

use std::sync::Arc;
use std::time::Duration;

use mohur_client::Question;
use mohur_federation::{Federation, RawConnector, Signed, ask, problem};
use mohur_reference::Faults;
use mohur_wire::RefusalCode;

#[tokio::test(flavor = "multi_thread")]
async fn http_1_1_and_http_2_are_both_answered() {
    let federation = Federation::start().await;
    let fin = federation.citizen().fin;
    let one = federation.office();
    let two = Arc::new(federation.caller_with("passport-office", |config| config.limits.http2 = true));
    for (caller, version) in [(&one, http::Version::HTTP_11), (&*two, http::Version::HTTP_2)] {
        let signed = Signed::new(caller, ask::blood_group(fin));
        assert_eq!(signed.raw(caller).await.version(), version);
        caller.ask(ask::blood_group(fin)).await.unwrap();
    }
    let many: Vec<_> = (0..40)
        .map(|_| {
            let two = Arc::clone(&two);
            tokio::spawn(async move { two.ask(ask::blood_group(fin)).await })
        })
        .collect();
    for task in many {
        task.await.unwrap().expect("many requests share one HTTP/2 connection");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_stopped_finishes_what_it_accepted_and_accepts_no_more() {
    let mut federation = Federation::start().await;
    let office = Arc::new(federation.office());
    let citizen = federation.citizen().clone();
    federation.faults("health-card", Faults { delay: Duration::from_millis(450), ..Faults::default() });
    let definition = office.definition(&"issue-id-document".parse().unwrap()).await.unwrap();
    let single = tokio::spawn({
        let (office, fin) = (Arc::clone(&office), citizen.fin);
        async move { office.ask(ask::blood_group(fin)).await }
    });
    let bundle = tokio::spawn({
        let (office, application) = (Arc::clone(&office), ask::application(&citizen));
        async move { office.bundle(definition, &application).await }
    });
    tokio::time::sleep(Duration::from_millis(400)).await;
    let connector = RawConnector::of_caller(&federation, "passport-office");
    let stopping = federation.stop_broker();
    let (single, bundle, ()) = tokio::join!(single, bundle, stopping);
    single.unwrap().expect("the question that was accepted is answered");
    let bundle = bundle.unwrap().expect("and so is the bundle");
    assert_eq!(bundle.outcome, mohur_wire::bundle::Outcome::Clear, "{bundle:?}");
    assert!(connector.admitted().await.is_err(), "nobody is at the door any more");

    // What the log says afterwards is whole, and the fee is settled.
    federation.start_broker().await;
    assert!(federation.broker().journal().orphans().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_that_sends_more_than_its_share_is_refused_and_others_are_not() {
    let mut federation = Federation::start().await;
    federation
        .publish(|directory| {
            let bank = directory.members.iter_mut().filter(|member| member.id.as_str() == "AZ/COM/BANK/credit");
            bank.for_each(|member| member.requests_per_second = 2);
        })
        .await;
    let (bank, office, fin) = (federation.bank(), federation.office(), federation.citizen().fin);
    let mut refused = 0;
    for _ in 0..12 {
        let question =
            Question { purpose: "credit-check".parse().unwrap(), ..ask::read(ask::PAYMENTS, fin, &["state"]) };
        let response = Signed::new(&bank, question).raw(&bank).await;
        if problem(&response).code == RefusalCode::RateLimited {
            assert_eq!(response.status().as_u16(), 429);
            let seconds: u32 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
            assert!(seconds >= 1);
            refused += 1;
        }
        office.ask(ask::birth_date(federation.citizen())).await.expect("another agency has its own share");
    }
    assert!(refused >= 1, "{refused} of 12 refused");
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let question = Question { purpose: "credit-check".parse().unwrap(), ..ask::read(ask::PAYMENTS, fin, &["state"]) };
    assert_eq!(
        problem(&Signed::new(&bank, question).raw(&bank).await).code,
        RefusalCode::Denied,
        "after Retry-After it is heard again"
    );
}
