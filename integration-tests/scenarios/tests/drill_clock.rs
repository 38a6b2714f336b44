//! Drill: a machine's clock is wrong by a day. Nothing is released, the figures say so, and the broker does not start on it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

use std::sync::Arc;
use std::time::Duration;

use mohur_client::AskError;
use mohur_federation::{Federation, MovableClock, ask};
use mohur_server::{Broker, Config, RunningBroker, StartError};
use mohur_wire::{Clock, RefusalCode};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn config(federation: &Federation) -> Config {
    Config::load(&federation.nation.path("broker/broker.toml")).unwrap()
}

async fn started(config: Config, clock: &Arc<MovableClock>) -> Result<RunningBroker, StartError> {
    let clock: Arc<dyn Clock> = Arc::<MovableClock>::clone(clock);
    Broker::start(config, clock).await
}

/// A federation whose broker has a clock of its own.
async fn with_a_clock_apart() -> (Federation, Arc<MovableClock>) {
    let mut federation = Federation::start().await;
    federation.stop_broker().await;
    let apart = Arc::new(MovableClock::default());
    federation.broker = Some(started(config(&federation), &apart).await.unwrap());
    (federation, apart)
}

async fn refused(federation: &Federation) -> AskError {
    federation.office().ask(ask::blood_group(federation.citizen().fin)).await.unwrap_err()
}

async fn answered(federation: &Federation) {
    federation.office().ask(ask::blood_group(federation.citizen().fin)).await.unwrap();
}

async fn refusals(federation: &Federation, code: RefusalCode) -> u64 {
    let page = federation.page(federation.broker().admin(), "/metrics").await;
    let name = format!("mohur_broker_refusals_total{{code=\"{code}\"}} ");
    page.lines().find_map(|line| line.strip_prefix(&name)).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_whose_clock_runs_a_day_ahead_refuses_everything_until_it_is_set() {
    let (mut federation, apart) = with_a_clock_apart().await;
    answered(&federation).await;
    let before = federation.page(federation.owner("health-card").host.admin_addr(), "/metrics").await;
    apart.advance(DAY);
    assert!(
        matches!(refused(&federation).await, AskError::Refused(refused) if refused.problem.code == RefusalCode::DirectoryStale)
    );
    assert_eq!(refusals(&federation, RefusalCode::DirectoryStale).await, 1, "the figures name what is wrong");
    let after = federation.page(federation.owner("health-card").host.admin_addr(), "/metrics").await;
    let answers = |page: &str| {
        page.lines().find(|line| line.starts_with("mohur_host_asks_total{outcome=\"answered\"")).unwrap().to_owned()
    };
    assert_eq!(answers(&before), answers(&after), "nobody was asked");

    // At a start it says so before it opens the door.
    federation.stop_broker().await;
    let error = started(config(&federation), &apart).await.err().unwrap().to_string();
    assert!(error.contains("expired"), "{error}");

    // The clock is right again, and the refusals of the day ahead stand in the log.
    let right = Arc::new(MovableClock::default());
    let error = started(config(&federation), &right).await.err().unwrap();
    assert!(matches!(error, StartError::Clock { last, now } if last.duration_since(now).as_hours() >= 23), "{error}");
    let known = Config { clock_was_wrong: true, ..config(&federation) };
    federation.broker = Some(started(known, &right).await.unwrap());
    answered(&federation).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_whose_clock_fell_a_day_behind_lets_nobody_in_and_does_not_start() {
    let mut federation = Federation::start().await;
    answered(&federation).await;
    federation.stop_broker().await;
    let behind = Arc::new(MovableClock::behind(DAY));
    let error = started(config(&federation), &behind).await.err().unwrap().to_string();
    assert!(error.contains("clock"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_whose_clock_is_wrong_is_told_by_how_much() {
    let (federation, _) = with_a_clock_apart().await;
    let minutes = Duration::from_secs(180);
    let ahead = MovableClock::default();
    ahead.advance(minutes);
    for (clock, code) in [(ahead, RefusalCode::Future), (MovableClock::behind(minutes), RefusalCode::Stale)] {
        let config =
            mohur_client::Config::load(&federation.nation.path("callers/passport-office/client.toml")).unwrap();
        let office = config.caller(Arc::new(clock)).unwrap();
        let error = office.ask(ask::blood_group(federation.citizen().fin)).await.unwrap_err();
        let AskError::Refused(refused) = error else { panic!("{error:?}") };
        assert_eq!(refused.problem.code, code);
        let detail = refused.problem.detail;
        assert!(
            detail.contains("clock")
                && (detail.contains("180 s") || detail.contains("179 s") || detail.contains("181 s")),
            "{detail}"
        );
        assert_eq!(refusals(&federation, code).await, 1);
    }
}
