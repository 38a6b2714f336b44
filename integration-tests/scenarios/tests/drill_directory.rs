//! Drill: the directory's server is down, and then an old copy of it is put back. What was good goes on, with an alarm, and ends;
//! nothing old takes effect, after a restart either.

#![allow(clippy::unwrap_used, clippy::panic, reason = "all of it is test code")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use mohur_client::AskError;
use mohur_federation::{Federation, ask};

const HOUR: Duration = Duration::from_secs(3600);

async fn asks(federation: &Federation) -> Result<(), AskError> {
    federation.office().ask(ask::blood_group(federation.citizen().fin)).await.map(drop)
}

fn timestamp(federation: &Federation) -> PathBuf {
    federation.nation.path("directory/metadata/timestamp.json")
}

/// A figure of the broker's; 0 before it was ever counted.
async fn figure(federation: &Federation, name: &str) -> f64 {
    let page = federation.page(federation.broker().admin(), "/metrics").await;
    page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).map_or(0.0, |value| value.parse().unwrap())
}

/// Waits until the broker's figure is what it should be.
async fn wait_until(federation: &Federation, name: &str, is_right: impl Fn(f64) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_right(figure(federation, name).await) {
        assert!(Instant::now() < deadline, "{name} stays as it is");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

const FAILED: &str = "mohur_broker_directory_looks_total{outcome=\"failed\"}";
const OVERDUE: &str = "mohur_broker_directory_overdue";

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_is_an_alarm_then_a_grace_and_then_the_end() {
    let mut federation = Federation::start().await;
    asks(&federation).await.unwrap();
    let saved = std::fs::read(timestamp(&federation)).unwrap();
    std::fs::remove_file(timestamp(&federation)).unwrap();
    wait_until(&federation, FAILED, |looks| looks >= 1.0).await;
    asks(&federation).await.expect("a failing look is no outage");
    // A broker that is started meanwhile begins with what it remembers.
    federation.restart_broker().await;
    asks(&federation).await.expect("nor does a restart need the server");

    federation.clock.advance(20 * HOUR);
    wait_until(&federation, OVERDUE, |overdue| overdue > 0.0).await;
    asks(&federation).await.expect("it has expired, and counts by its grace");
    federation.clock.advance(4 * HOUR);
    let office = federation.nation.caller("passport-office");
    // The broker would refuse as directory-stale, as the drill of the clock shows; here the caller does not even ask.
    assert!(office.is_err(), "a caller that looks now finds nothing that counts");

    // The server is back, and so is everything else.
    std::fs::write(timestamp(&federation), saved).unwrap();
    federation.publish(|_| {}).await;
    asks(&federation).await.unwrap();
    assert!(figure(&federation, OVERDUE).await == 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_copy_that_is_put_back_takes_no_effect() {
    let mut federation = Federation::start().await;
    let old = std::fs::read(timestamp(&federation)).unwrap();
    let denied = federation.fingerprint("callers/bank/seal.pem");
    federation.publish(|directory| directory.denied.push(denied.into())).await;
    asks(&federation).await.unwrap();
    std::fs::write(timestamp(&federation), old).unwrap();
    wait_until(&federation, FAILED, |looks| looks >= 2.0).await;
    assert!(figure(&federation, "mohur_broker_directory_version").await >= 2.0, "the newer one is in force");
    federation.restart_broker().await;
    assert!(figure(&federation, "mohur_broker_directory_version").await >= 2.0, "after a restart, too");
    let bank = federation.nation.caller("bank").unwrap();
    let question = ask::blood_group(federation.citizen().fin);
    let error = bank.ask(question).await.unwrap_err();
    assert!(matches!(&error, AskError::Refused(_) | AskError::Unverified(_)), "still denied: {error}");
    asks(&federation).await.unwrap();
}
