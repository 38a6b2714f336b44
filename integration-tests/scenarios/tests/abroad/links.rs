//! The way between two brokers: cut, slow, or taken by somebody else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use mohur_federation::{Abroad, FoundedAbroad, Signed, SilentBroker, ask, code, services};
use mohur_wire::RefusalCode;

/// Limits of every broker; times are far apart, so that a busy machine does not blur them.
fn limits(deadline: u32, margin: u32) -> String {
    format!(
        "[brokers]\nat-once = 4\nqueue = \"200ms\"\nfailures = 4\nleft-alone = \"15s\"\n\n\
         [exchange]\nprovider-deadline = \"{deadline}s\"\nhop-margin = \"{margin}s\""
    )
}

fn question(both: &Abroad) -> mohur_client::Question {
    ask::read(services::VITALS, both.az.citizen().fin, &["bloodGroup"])
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_other_domain_is_cut_off_the_home_domain_works_and_both_go_on_when_it_is_back() {
    let mut both = FoundedAbroad::new().with_brokers(&limits(8, 1)).start().await;
    let office = both.az.office();
    office.ask(question(&both)).await.unwrap();
    both.ge.stop_broker().await;
    for _ in 0..3 {
        let signed = Signed::new(&office, question(&both));
        assert_eq!(code(signed.send(&office).await), RefusalCode::ProviderUnavailable);
        office.ask(ask::blood_group(both.az.citizen().fin)).await.unwrap();
    }
    both.ge.start_broker().await;
    let back = Instant::now();
    while office.ask(question(&both)).await.is_err() {
        assert!(back.elapsed() < Duration::from_secs(10), "it never comes back");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_broker_costs_those_who_ask_it_and_nobody_else() {
    let mut both = FoundedAbroad::new().with_brokers(&limits(8, 1)).start().await;
    let office = Arc::new(both.az.office());
    office.ask(question(&both)).await.unwrap();
    let silent = SilentBroker::replace(&mut both.ge).await;

    // Many ask abroad at once: four wait for the deadline, the others are told at once that there is no place.
    let began = Instant::now();
    let asks = (0..24).map(|_| {
        let (office, signed) = (Arc::clone(&office), Signed::new(&office, question(&both)));
        async move { (code(signed.send(&office).await), began.elapsed()) }
    });
    let home = async {
        let mut times = Vec::new();
        for _ in 0..15 {
            let asked = Instant::now();
            office.ask(ask::blood_group(both.az.citizen().fin)).await.unwrap();
            times.push(asked.elapsed());
        }
        times.sort();
        times
    };
    let (refusals, times) = tokio::join!(join_all(asks), home);
    assert!(times[7] < Duration::from_secs(4), "half of the deadline abroad: home waited {times:?}");
    let timeouts = refusals.iter().filter(|(code, _)| *code == RefusalCode::ProviderTimeout).count();
    let at_once = refusals.iter().filter(|(code, _)| *code == RefusalCode::ProviderUnavailable).count();
    assert_eq!((timeouts, at_once), (4, 20), "{refusals:?}");

    // After as many failures in a row the broker is left alone: no place and no time is spent on it.
    let asked = Instant::now();
    assert_eq!(code(Signed::new(&office, question(&both)).send(&office).await), RefusalCode::ProviderUnavailable);
    assert!(asked.elapsed() < Duration::from_secs(4), "{:?}", asked.elapsed());
    drop(silent);
    both.ge.start_broker().await;
    let back = Instant::now();
    while office.ask(question(&both)).await.is_err() {
        assert!(back.elapsed() < Duration::from_secs(60), "it never comes back");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_register_abroad_is_told_as_such_and_its_broker_is_not_left_alone() {
    let both = FoundedAbroad::new().with_brokers(&limits(8, 5)).start().await;
    let office = both.az.office();
    let slow = mohur_reference::Faults { delay: Duration::from_secs(9), ..mohur_reference::Faults::default() };
    both.ge.faults("health-card", slow);
    for _ in 0..5 {
        // The broker abroad gives up sooner than we do, and says why under its seal.
        assert_eq!(code(Signed::new(&office, question(&both)).send(&office).await), RefusalCode::ProviderTimeout);
    }
    let birth = both.az.citizen().claims.birth_date.to_string();
    let fin = both.az.citizen().fin;
    office.ask(ask::matching(services::BIRTH, fin, &[("birthDate", &birth)])).await.unwrap();
}
