use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use mohur_contract::BoxFuture;
use mohur_wire::Timestamp;
use mohur_wire::answer::Finding;

use super::*;

/// Cannot be reached the first `failures` times, then takes `time`.
#[derive(Default)]
struct Flaky {
    failures: u32,
    time: Duration,
    asked: AtomicU32,
    now: AtomicUsize,
    most_at_once: AtomicUsize,
}

impl Registry for Flaky {
    fn services(&self) -> Vec<String> {
        vec!["birth/v1".to_owned()]
    }

    fn answer<'a>(&'a self, query: &'a Query, _: &'a Context) -> BoxFuture<'a, Result<Answer, RegistryError>> {
        Box::pin(async move {
            let at_once = self.now.fetch_add(1, Ordering::SeqCst) + 1;
            self.most_at_once.fetch_max(at_once, Ordering::SeqCst);
            tokio::time::sleep(self.time).await;
            self.now.fetch_sub(1, Ordering::SeqCst);
            if self.asked.fetch_add(1, Ordering::SeqCst) < self.failures {
                return Err(RegistryError::Unavailable("connection refused".to_owned()));
            }
            Ok(Answer { subject: query.subject.clone(), finding: Finding::Found(BTreeMap::new()) })
        })
    }

    fn health<'a>(&'a self, _: &'a Context) -> BoxFuture<'a, Result<(), RegistryError>> {
        Box::pin(async { Ok(()) })
    }
}

fn query(operand: &str) -> Query {
    let text = format!(
        r#"{{"salt":"{}","id":"q-1","caller":"AZ/GOV/MIA/id-cards","service":"AZ/GOV/MOJ/civil-registry/birth/v1",
        "subject":{{"fin":"5ABCDE1"}},"purpose":"issue-id-document","official":"o",{operand}}}"#,
        "A".repeat(43)
    );
    Query::parse(text.as_bytes()).unwrap()
}

fn read() -> Query {
    query(r#""verb":"read","fields":["sex"]"#)
}

fn change() -> Query {
    query(r#""verb":"change","effect":{"operation":"reserve","receipt":"R1","key":"k"}"#)
}

fn settings() -> RegisterSettings {
    RegisterSettings {
        deadline: Duration::from_secs(2),
        retries: 2,
        pause: Duration::from_millis(1),
        at_once: 2,
        queue: Duration::from_millis(20),
        breaker: BreakerSettings { failures: 5, pause: Duration::from_secs(60) },
    }
}

fn guarded(registry: Flaky, settings: RegisterSettings) -> (Arc<Flaky>, Guarded) {
    let registry = Arc::new(registry);
    (Arc::clone(&registry), Guarded::new(registry, settings, Arc::new(Metrics::new())))
}

fn context(time: Duration) -> Context {
    Context::new(Arrival(Timestamp::UNIX_EPOCH), time)
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_read_is_tried_again_and_a_change_never() {
    let (register, guard) = guarded(Flaky { failures: 2, ..Flaky::default() }, settings());
    guard.ask(&read(), &context(SECOND)).await.unwrap();
    assert_eq!(register.asked.load(Ordering::SeqCst), 3);

    let (register, guard) = guarded(Flaky { failures: 1, ..Flaky::default() }, settings());
    let stop = guard.ask(&change(), &context(SECOND)).await.unwrap_err();
    assert_eq!(stop.refusal().code, RefusalCode::ProviderUnavailable);
    assert_eq!(register.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn retries_are_bounded() {
    let (register, guard) = guarded(Flaky { failures: 99, ..Flaky::default() }, settings());
    assert!(guard.ask(&read(), &context(SECOND)).await.is_err());
    assert_eq!(register.asked.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_slow_register_is_cut_off_at_the_deadline() {
    let (_, guard) = guarded(Flaky { time: SECOND * 60, ..Flaky::default() }, settings());
    let since = Instant::now();
    let stop = guard.ask(&read(), &context(Duration::from_millis(50))).await.unwrap_err();
    assert_eq!(stop.refusal().code, RefusalCode::ProviderTimeout);
    assert!(since.elapsed() < SECOND);
}

#[tokio::test]
async fn a_register_that_keeps_failing_is_left_alone() {
    let (register, guard) = guarded(Flaky { failures: 99, ..Flaky::default() }, settings());
    for _ in 0..4 {
        assert!(guard.ask(&read(), &context(SECOND)).await.is_err());
    }
    assert_eq!(register.asked.load(Ordering::SeqCst), 5, "the breaker opened at the fifth failure");
    assert!(!guard.is_closed());
}

#[tokio::test]
async fn no_more_queries_at_once_than_there_are_places() {
    let (register, guard) = guarded(Flaky { time: Duration::from_millis(200), ..Flaky::default() }, settings());
    let (query, context) = (read(), context(SECOND));
    let results = futures_util::future::join_all((0..5).map(|_| guard.ask(&query, &context))).await;
    assert_eq!(register.most_at_once.load(Ordering::SeqCst), 2);
    let refused: Vec<_> = results.iter().filter_map(|r| r.as_ref().err()).map(|stop| stop.refusal().code).collect();
    assert_eq!(refused, [RefusalCode::Overloaded; 3]);
}
