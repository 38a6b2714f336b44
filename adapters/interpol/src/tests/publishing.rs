//! Only the issuing country adds documents, once, and never half.

use mohur_contract::Settle;
use mohur_contract::conformance::{self, Cases};
use mohur_wire::Operation;

use super::*;

/// A lost passport of this country that nobody has reported yet.
fn passport(number: &str) -> Json {
    json!({ "document": { "issuingState": "AZE", "type": "P", "number": number } })
}

fn change(subject: &Json, operation: &str, values: &Json, key: &str) -> Query {
    let effect = json!({ "operation": operation, "values": values, "key": key });
    let caller = json!({ "verb": "change", "effect": effect, "caller": "AZ/GOV/MIA/id-cards" });
    query("publish", subject, &caller)
}

fn reserve(number: &str, key: &str) -> Query {
    change(&passport(number), "reserve", &json!({ "reason": "stolen" }), key)
}

/// The same that the consulate reports.
fn of_another(number: &str, key: &str) -> Query {
    Query { caller: "AZ/GOV/MFA/consular".parse().unwrap(), ..reserve(number, key) }
}

fn late(by: Duration, context: Context) -> Context {
    Context { arrival: mohur_wire::Arrival(ARRIVAL.0.checked_add(by).unwrap()), ..context }
}

fn settling(operation: Operation, key: &str) -> Context {
    Context { settle: Some(Settle { operation, reservation: key.parse().unwrap() }), ..context() }
}

fn state(answer: &Answer) -> String {
    let Finding::Found(fields) = &answer.finding else { return "absent".to_owned() };
    fields.iter().find(|(name, _)| name.as_str() == "state").map(|(_, value)| value.to_string()).unwrap()
}

impl Bench {
    async fn is_reported(&self, number: &str) -> bool {
        let search = query("documents", &passport(number), &read(&["hit"]));
        self.value(&search, "hit").await.unwrap() == "true"
    }

    async fn settled(&self, reserve: &Query, operation: Operation, key: &str) -> Result<String, RegistryError> {
        self.adapter.answer(reserve, &settling(operation, key)).await.map(|answer| state(&answer))
    }
}

#[tokio::test]
async fn a_publication_conforms_and_stands_abroad_when_it_is_consumed() {
    let bench = bench().await;
    let alert = bench.alert(is_person);
    let cases = Cases {
        present: Some((bench.search(alert, &read(&["hit"])), fields(&[("hit", Value::Flag(true))]))),
        absent: None,
        verdicts: Vec::new(),
        refused: Vec::new(),
        reserve: Some(reserve("C70000001", "k-0")),
    };
    let broken = conformance::check(&bench.adapter, &cases, &|fault| bench.register.set_faults(faults(fault))).await;
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(bench.is_reported("C70000001").await);
    let record = query("documents", &passport("C70000001"), &read(&["record"]));
    let id = bench.value(&record, "record").await.unwrap();
    let full = bench.told(&query("records", &json!({ "serial": id }), &read(&["owner", "reason"]))).await;
    assert_eq!(full, [("owner", "AZE"), ("reason", "stolen")].map(|(n, v)| (n.to_owned(), v.to_owned())));
}

#[tokio::test]
async fn what_is_reserved_or_released_is_not_reported() {
    let bench = bench().await;
    let reserve = reserve("C70000002", "k-1");
    assert_eq!(state(&bench.ask(&reserve).await.unwrap()), "reserved");
    assert!(!bench.is_reported("C70000002").await);
    assert_eq!(bench.settled(&reserve, Operation::Release, "k-1").await.unwrap(), "released");
    assert!(matches!(bench.settled(&reserve, Operation::Consume, "k-1").await, Err(RegistryError::Settlement(_))));
    assert!(!bench.is_reported("C70000002").await);
    assert!(!bench.wire.heard().contains("PublishDocument"), "nothing was sent at all");
}

#[tokio::test]
async fn a_settlement_that_did_not_arrive_is_sent_again_until_it_does() {
    let ledger = Arc::new(VolatileLedger::default());
    let bench = bench_with(ledger.clone()).await;
    let reserve = reserve("C70000003", "k-1");
    assert_eq!(state(&bench.ask(&reserve).await.unwrap()), "reserved");
    bench.register.set_faults(faults(Fault::Down));
    let unsent = bench.settled(&reserve, Operation::Consume, "k-1").await;
    assert!(matches!(unsent, Err(RegistryError::Unavailable(_))), "{unsent:?}");
    // What was begun is not given up any more, though it is not there yet, and nobody is told that it was consumed.
    assert!(matches!(bench.settled(&reserve, Operation::Release, "k-1").await, Err(RegistryError::Settlement(_))));
    bench.register.set_faults(Faults::default());
    assert_eq!(state(&bench.ask(&of_another("C70000003", "k-2")).await.unwrap()), "already-reserved");
    let restarted = Interpol::new(&bench.settings, ledger).unwrap();
    let bench = Bench { adapter: restarted, ..bench };
    for _ in 0..3 {
        assert_eq!(bench.settled(&reserve, Operation::Consume, "k-1").await.unwrap(), "consumed");
    }
    assert!(bench.is_reported("C70000003").await);
    // Sent in vain once, and once for good.
    let sent = bench.wire.heard().matches("<ip:PublishDocument ").count();
    assert_eq!(sent, 2);
}

#[tokio::test]
async fn only_the_issuing_country_reports_a_document_and_only_for_a_reason() {
    let bench = bench().await;
    let foreign = json!({ "document": { "issuingState": "TUR", "type": "P", "number": "U01234567" } });
    let fin = json!({ "document": { "issuingState": "AZE", "type": "P", "number": "5ABCDE1" } });
    let reason = json!({ "reason": "lost" });
    let own = passport("C70000004");
    for wrong in [
        change(&foreign, "reserve", &reason, "k-1"),
        change(&fin, "reserve", &reason, "k-2"),
        change(&json!({ "vin": "WDBZZZ1K0WB000001" }), "reserve", &reason, "k-3"),
        change(&own, "reserve", &json!({}), "k-4"),
        change(&own, "reserve", &json!({ "reason": "because" }), "k-5"),
        change(&own, "reserve", &json!({ "reason": "lost", "note": "5ABCDE1" }), "k-6"),
        change(&own, "reserve", &json!({ "note": "lost" }), "k-7"),
        change(&own, "consume", &json!({}), "k-8"),
        change(&own, "release", &reason, "k-8"),
        query("publish", &own, &read(&["state"])),
    ] {
        let asked = bench.ask(&wrong).await;
        assert!(matches!(asked, Err(RegistryError::Unsupported(_))), "{asked:?}");
    }
    assert_eq!(bench.wire.heard(), "", "nothing was sent");
    // Even if the adapter's country were set wrongly, the databases take no other country's document.
    let adapter = Interpol::new(
        &Settings { country: "GEO".parse().unwrap(), ..bench.settings.clone() },
        Arc::new(VolatileLedger::default()),
    );
    let bench = Bench { adapter: adapter.unwrap(), ..bench };
    assert!(matches!(bench.ask(&change(&own, "reserve", &reason, "k-9")).await, Err(RegistryError::Unsupported(_))));
}

#[tokio::test]
async fn the_wire_breaks_when_it_is_sent_and_the_next_settlement_sends_it_once() {
    let ledger = Arc::new(VolatileLedger::default());
    let bench = bench_with(ledger.clone()).await;
    let reserve = reserve("C70000008", "k-1");
    assert_eq!(state(&bench.ask(&reserve).await.unwrap()), "reserved");
    bench.wire.breaks.store(true, Ordering::SeqCst);
    let unsent = bench.settled(&reserve, Operation::Consume, "k-1").await;
    assert!(matches!(unsent, Err(RegistryError::Unavailable(_) | RegistryError::Timeout)), "{unsent:?}");
    bench.wire.breaks.store(false, Ordering::SeqCst);
    assert!(!bench.is_reported("C70000008").await);
    // The databases were away for a day, longer than the reservation holds and than any broker settles.
    let restarted = Interpol::new(&bench.settings, ledger).unwrap();
    let bench = Bench { adapter: restarted, ..bench };
    for _ in 0..3 {
        let late = late(Duration::from_hours(24), settling(Operation::Consume, "k-1"));
        assert_eq!(state(&bench.adapter.answer(&reserve, &late).await.unwrap()), "consumed");
    }
    assert!(bench.is_reported("C70000008").await);
    assert_eq!(bench.wire.heard().matches("<ip:PublishDocument ").count(), 1, "the register received it once");
}

#[tokio::test]
async fn what_was_begun_and_never_sent_stands_in_nobodys_way_when_it_has_expired() {
    let bench = bench().await;
    let first = reserve("C70000009", "k-1");
    assert_eq!(state(&bench.ask(&first).await.unwrap()), "reserved");
    bench.register.set_faults(faults(Fault::Down));
    assert!(bench.settled(&first, Operation::Consume, "k-1").await.is_err());
    bench.register.set_faults(Faults::default());
    // Nobody settles it again; the document is reported in another case, by another caller.
    let again = of_another("C70000009", "k-2");
    let day = Duration::from_hours(24);
    assert_eq!(state(&bench.adapter.answer(&again, &late(day, context())).await.unwrap()), "reserved");
    let settling = late(day, settling(Operation::Consume, "k-2"));
    assert_eq!(state(&bench.adapter.answer(&again, &settling).await.unwrap()), "consumed");
    assert!(bench.is_reported("C70000009").await);
}

#[tokio::test]
async fn nothing_is_sent_or_given_up_but_by_the_settlement_of_what_was_reserved() {
    let bench = bench().await;
    let (own, reason) = (passport("C70000005"), json!({ "reason": "stolen" }));
    let reserve = reserve("C70000005", "k-1");
    let unreserved = bench.settled(&reserve, Operation::Consume, "k-1").await;
    assert!(matches!(unreserved, Err(RegistryError::Settlement(_))), "{unreserved:?}");
    assert_eq!(state(&bench.ask(&reserve).await.unwrap()), "reserved");
    let other = change(&passport("C70000006"), "reserve", &json!({ "reason": "lost" }), "k-1");
    assert!(matches!(bench.ask(&other).await, Err(RegistryError::Unsupported(_))), "the key was used for another");
    assert_eq!(state(&bench.ask(&of_another("C70000005", "k-2")).await.unwrap()), "already-reserved");
    for key in ["k-1", "k-3"] {
        for direct in [change(&own, "consume", &reason, key), change(&own, "release", &json!({}), key)] {
            let asked = bench.ask(&direct).await;
            assert!(matches!(asked, Err(RegistryError::Unsupported(_))), "{asked:?}");
        }
    }
    let stranger = bench.settled(&of_another("C70000005", "k-1"), Operation::Consume, "k-1").await;
    assert!(matches!(stranger, Err(RegistryError::Settlement(_))), "{stranger:?}");
    assert!(!bench.wire.heard().contains("PublishDocument"), "nothing was sent at all");
    assert_eq!(bench.settled(&reserve, Operation::Consume, "k-1").await.unwrap(), "consumed");
    assert_eq!(state(&bench.ask(&of_another("C70000005", "k-4")).await.unwrap()), "already-consumed");
}

#[tokio::test]
async fn every_reason_of_the_contract_is_taken_and_told() {
    let bench = bench().await;
    for (number, reason) in ["lost", "stolen", "destroyed", "revoked"].into_iter().enumerate() {
        let passport = passport(&format!("C7100000{number}"));
        let (reason, key) = (json!({ "reason": reason }), format!("k-{number}"));
        let reserve = change(&passport, "reserve", &reason, &key);
        assert_eq!(state(&bench.ask(&reserve).await.unwrap()), "reserved");
        assert_eq!(bench.settled(&reserve, Operation::Consume, &key).await.unwrap(), "consumed");
        let id = bench.value(&query("documents", &passport, &read(&["record"])), "record").await.unwrap();
        let record =
            query("records", &json!({ "serial": id }), &json!({ "verb": "read", "fields": ["reason"], "id": id }));
        assert_eq!(bench.value(&record, "reason").await.as_deref(), reason["reason"].as_str());
    }
}

#[tokio::test]
async fn a_reservation_expires_and_nothing_begins_that_could_not_end() {
    let bench = bench().await;
    let reserve = reserve("C70000007", "k-1");
    bench.register.set_faults(faults(Fault::Down));
    assert!(matches!(bench.ask(&reserve).await, Err(RegistryError::Unavailable(_))));
    bench.register.set_faults(Faults::default());
    assert_eq!(state(&bench.ask(&reserve).await.unwrap()), "reserved");
    let over = mohur_reservation::HELD + Duration::from_secs(1);
    let late = late(over, settling(Operation::Consume, "k-1"));
    assert_eq!(state(&bench.adapter.answer(&reserve, &late).await.unwrap()), "expired");
    assert!(!bench.is_reported("C70000007").await);
}
