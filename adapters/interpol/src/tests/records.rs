//! The second step: no full record without its confirmation task.

use mohur_contract::{BoxFuture, LedgerError, Record, Swap};

use super::*;

/// A ledger whose disk is full.
struct Full;

impl Ledger for Full {
    fn read<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, LedgerError>> {
        Box::pin(async { Ok(None) })
    }

    fn swap<'a>(&'a self, _: &'a str, _: Option<&'a [u8]>, _: &'a [u8]) -> BoxFuture<'a, Result<Swap, LedgerError>> {
        Box::pin(async { Err(LedgerError("no space left on the device".to_owned())) })
    }

    fn list<'a>(&'a self, _: &'a str, _: Option<&'a str>, _: usize) -> BoxFuture<'a, Result<Vec<Record>, LedgerError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// A full read of the record of somebody, in a message of that id.
async fn full_read(bench: &Bench, message: &str) -> Query {
    let id = bench.value(&bench.search(bench.alert(is_person), &read(&["record"])), "record").await.unwrap();
    let operands =
        json!({ "verb": "read", "fields": ["owner", "reason"], "id": message, "purpose": "interpol-full-record" });
    query("records", &json!({ "serial": id }), &operands)
}

fn today() -> Json {
    json!({ "serial": ARRIVAL.0.to_zoned(jiff::tz::TimeZone::UTC).date().to_string() })
}

#[tokio::test]
async fn every_full_read_is_a_task_that_says_who_asked_and_outlives_the_process() {
    let ledger = Arc::new(VolatileLedger::default());
    let bench = bench_with(ledger.clone()).await;
    let first = full_read(&bench, "m-1").await;
    for asked in [&first, &first, &full_read(&bench, "m-2").await] {
        assert_eq!(bench.value(asked, "owner").await.as_deref(), Some("GEO"));
    }
    let restarted = Interpol::new(&bench.settings, ledger).unwrap();
    let bench = Bench { adapter: restarted, ..bench };
    let list = query("tasks", &today(), &read(&["count", "open", "tasks"]));
    let told = bench.told(&list).await;
    assert_eq!(&told[..2], [("count", "2"), ("open", "2")].map(|(n, v)| (n.to_owned(), v.to_owned())), "{told:?}");
    let ids: Vec<_> = told[2].1.split(' ').map(str::to_owned).collect();
    assert_eq!(ids.len(), 2);
    let everything = read(&["record", "askedBy", "official", "case", "purpose", "openedAt", "state", "outcome"]);
    let task = bench.told(&query("tasks", &json!({ "serial": ids[0] }), &everything)).await;
    let SubjectKey::Serial(record) = &first.subject else { panic!() };
    let expected = [
        ("askedBy", "AZ/GOV/SBS/second-line"),
        ("case", "case-4711"),
        ("official", "officer Telltale"),
        ("openedAt", &ARRIVAL.0.to_string()),
        ("purpose", "interpol-full-record"),
        ("record", record.as_str()),
        ("state", "open"),
    ];
    assert_eq!(task, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let yesterday = query("tasks", &json!({ "serial": "2020-01-01" }), &read(&["count", "open", "tasks"]));
    assert_eq!(bench.told(&yesterday).await[0].1, "0");
}

#[tokio::test]
async fn a_task_is_closed_once_with_what_the_owner_of_the_record_said() {
    let bench = bench().await;
    bench.told(&full_read(&bench, "m-1").await).await;
    let id = bench.value(&query("tasks", &today(), &read(&["tasks"])), "tasks").await.unwrap();
    let close = |outcome: &str, key: &str| {
        let effect = json!({ "operation": "consume", "values": { "outcome": outcome }, "key": key });
        query("tasks", &json!({ "serial": id }), &json!({ "verb": "change", "effect": effect }))
    };
    for wrong in [close("perhaps", "k-0"), {
        let effect = json!({ "operation": "release", "values": { "outcome": "confirmed" }, "key": "k" });
        query("tasks", &json!({ "serial": id }), &json!({ "verb": "change", "effect": effect }))
    }] {
        assert!(matches!(bench.ask(&wrong).await, Err(RegistryError::Unsupported(_))));
    }
    for key in ["k-1", "k-1", "k-2"] {
        assert_eq!(bench.value(&close("confirmed", key), "state").await.as_deref(), Some("consumed"));
    }
    assert!(matches!(bench.ask(&close("not-confirmed", "k-3")).await, Err(RegistryError::Settlement(_))));
    let told = bench.told(&query("tasks", &json!({ "serial": id }), &read(&["state", "outcome", "closedBy"]))).await;
    let expected = [("closedBy", "officer Telltale"), ("outcome", "confirmed"), ("state", "closed")];
    assert_eq!(told, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let listed = bench.told(&query("tasks", &today(), &read(&["count", "open", "tasks"]))).await;
    assert_eq!(listed, [("count", "1"), ("open", "0")].map(|(n, v)| (n.to_owned(), v.to_owned())));
    let nobody = close("confirmed", "k-4");
    let nobody = Query { subject: SubjectKey::Serial("20200101-0000000000000000".parse().unwrap()), ..nobody };
    assert_eq!(bench.told(&nobody).await[0].0, "absent");
}

#[tokio::test]
async fn without_the_task_nothing_is_released() {
    let bench = bench_with(Arc::new(Full)).await;
    let asked = bench.ask(&full_read(&bench, "m-1").await).await;
    assert!(matches!(asked, Err(RegistryError::Ledger(_))), "{asked:?}");
    let refused = asked.unwrap_err();
    assert_eq!(refused.refusal().code, mohur_wire::RefusalCode::ProviderUnavailable);
    assert!(!refused.to_string().contains("GEO"));
}
