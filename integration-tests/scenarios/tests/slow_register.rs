//! A register that is slow, locked or gone is its own host's trouble: it is asked a few times, then left alone and tried again;
//! nothing goes on working for it; and the others, one in the same PostgreSQL among them, answer as ever.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of it is test code"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use mohur_client::{Caller, Question};
use mohur_federation::{Databases, Federation, Founded, Held, ask, code};
use mohur_reference::Faults;
use mohur_wire::{Ask, RefusalCode, SubjectKey};
use serde_json::json;

const VISA: &str = "AZ/GOV/MFA/visas/visa/v1";
const BLANK: &str = "AZ/GOV/MIA/blanks/blank/v1";

/// The longest time that the host gives the slow register for a query.
const DEADLINE: Duration = Duration::from_secs(3);

/// What the host before the slow register is told.
const PATIENCE: &str = "deadline = \"3s\"\nfailures = 3\nleft-alone = \"4s\"\nat-once = 4\nqueue = \"100ms\"";

fn about(service: &str, serial: &str, purpose: &str, field: &str) -> Question {
    let subject: SubjectKey = serde_json::from_value(json!({ "serial": serial })).unwrap();
    let ask = Ask::Read([ask::field(field)].into());
    let question = ask::question(service, "5ABCDE1".parse().unwrap(), purpose, ask);
    Question { subject, ..question }
}

/// A figure of an owner's host.
async fn figure(federation: &Federation, owner: &str, name: &str) -> u32 {
    let page = federation.page(federation.owner(owner).host.admin_addr(), "/metrics").await;
    let value = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.map_or(0, |value| value.parse().unwrap())
}

const ASKED: &str = "mohur_host_register_seconds_count";
const LEFT_ALONE: &str = "mohur_host_register_open";

/// A few questions to the others, one after another: how long the slowest took.
async fn others(federation: &Federation, office: &Caller, blank: &str) -> Duration {
    let mut slowest = Duration::ZERO;
    for _ in 0..5 {
        for question in [about(BLANK, blank, ask::ISSUE, "status"), ask::blood_group(federation.citizen().fin)] {
            let began = Instant::now();
            office.ask(question).await.expect("the others answer");
            slowest = slowest.max(began.elapsed());
        }
    }
    slowest
}

/// Holds a table against everybody, until it is let go.
fn lock(databases: &Arc<Databases>) -> std::thread::JoinHandle<()> {
    let databases = Arc::clone(databases);
    let sql = "set application_name = 'the lock'; begin; lock table register.visas; select pg_sleep(120)";
    std::thread::spawn(move || drop(databases.cluster().psql("postgres", "visas", sql)))
}

fn count(databases: &Databases, of: &str) -> String {
    databases.cluster().sql("visas", &format!("select count(*) from pg_stat_activity where {of}"))
}

async fn wait_until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    for _ in 0..200 {
        if done().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never: {what}");
}

struct Scene {
    databases: Arc<Databases>,
    federation: Federation,
    visa: String,
    blank: String,
}

async fn scene() -> Scene {
    let held = ["visas", "blanks"].map(Held::named);
    let databases = Arc::new(tokio::task::spawn_blocking(move || Databases::with(&held)).await.unwrap());
    let founded = Founded::with_databases(&databases, &held).with("hosts/visas/host.toml", PATIENCE);
    let text = |sql: &str| databases.row(sql)["serial"].as_str().unwrap().to_owned();
    let (visa, blank) = (text("select visa_no as serial from visas"), text("select serial from blanks"));
    Scene { federation: Box::pin(founded.start()).await, databases, visa, blank }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_database_is_left_alone_and_tried_again_while_the_others_answer_as_ever() {
    let Scene { databases, federation, visa, blank } = scene().await;
    let (border, office) = (federation.border(), federation.office());
    let visa = || about(VISA, &visa, "border-control", "valid");
    border.ask(visa()).await.unwrap();
    let before = others(&federation, &office, &blank).await;

    let lock = lock(&databases);
    wait_until("the table is locked", async || {
        count(&databases, "application_name = 'the lock' and wait_event = 'PgSleep'") == "1"
    })
    .await;
    let asked = figure(&federation, "visas", ASKED).await;
    let slow = futures_util::future::join_all((0..10).map(|_| async { code(border.ask(visa()).await) }));
    let (codes, during) = tokio::join!(slow, others(&federation, &office, &blank));
    let (out_of_time, overloaded): (Vec<_>, Vec<_>) =
        codes.into_iter().partition(|code| *code == RefusalCode::ProviderTimeout);
    // Four found a place at the register; whoever came while they waited was told so at once.
    assert_eq!(out_of_time.len(), 4, "{overloaded:?}");
    assert!(overloaded.iter().all(|code| *code == RefusalCode::Overloaded), "{overloaded:?}");
    assert_eq!(figure(&federation, "visas", ASKED).await - asked, 4, "what ran out of time is not tried again");
    eprintln!("the slowest of the others: {before:?} before, {during:?} beside a locked register");
    assert!(during < DEADLINE, "none of the others waited for it: {during:?}");

    // Three in a row were too many. Nobody waits for it any more, and nothing goes on working for those who did.
    assert_eq!(figure(&federation, "visas", LEFT_ALONE).await, 1);
    let began = Instant::now();
    assert_eq!(code(border.ask(visa()).await), RefusalCode::ProviderUnavailable);
    assert!(began.elapsed() < DEADLINE, "{:?}", began.elapsed());
    let active = "usename = 'mohur_adapter' and datname = 'visas' and state = 'active'";
    wait_until("nothing goes on", async || count(&databases, active) == "0").await;

    databases
        .cluster()
        .sql("visas", "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'the lock'");
    lock.join().unwrap();
    wait_until("it is asked again", async || border.ask(visa()).await.is_ok()).await;
    assert_eq!(figure(&federation, "visas", LEFT_ALONE).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_nothing_is_tried_again_and_a_change_never() {
    let Scene { databases, federation, blank, .. } = scene().await;
    let office = federation.office();
    let question = || about(BLANK, &blank, ask::ISSUE, "status");
    office.ask(question()).await.unwrap();
    databases.cluster().stop();
    let asked = figure(&federation, "blanks", ASKED).await;
    assert_eq!(code(office.ask(question()).await), RefusalCode::ProviderUnavailable);
    assert_eq!(figure(&federation, "blanks", ASKED).await - asked, 3, "once, and the two retries of the default");

    federation.faults("state-fees", Faults { down: true, ..Faults::default() });
    let reserve = ask::reserve(federation.citizen(), "slow-1");
    assert_eq!(code(office.ask(reserve).await), RefusalCode::ProviderUnavailable);
    assert_eq!(figure(&federation, "state-fees", ASKED).await, 1);

    databases.cluster().boot();
    wait_until("it is back", async || office.ask(question()).await.is_ok()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_starts_while_its_database_is_away_and_answers_when_it_is_back() {
    let Scene { databases, mut federation, blank, .. } = scene().await;
    let office = federation.office();
    let question = || about(BLANK, &blank, ask::ISSUE, "status");
    databases.cluster().stop();
    federation.restart_host("blanks").await;
    assert_eq!(code(office.ask(question()).await), RefusalCode::ProviderUnavailable);
    let admin = federation.owner("blanks").host.admin_addr();
    assert!(federation.page(admin, "/health").await.contains("\"register\":\"not reached\""));

    databases.cluster().boot();
    wait_until("it is back", async || office.ask(question()).await.is_ok()).await;
    assert!(federation.page(admin, "/health").await.contains("\"register\":\"reached\""));
}
