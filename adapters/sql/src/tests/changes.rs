//! Changes by mapping file, over a real database with a role that can write nothing by itself.

use std::sync::Arc;

use futures_util::future::join_all;
use mohur_contract::ledger::VolatileLedger;
use mohur_contract::{Context, Ledger, Settle};
use mohur_wire::{Arrival, Operation};

use super::*;

const SUSPEND: &str = "AZ/GOV/MIA/documents/suspend/v1";
const PUBLISH: &str = "AZ/GOV/MOJ/invalid-documents/publish/v1";

/// A database with one valid passport, or none, and its adapter.
async fn register(name: &str, rows: &str) -> (Cluster, Sql) {
    let cluster = Cluster::start();
    let database = Database::named(name).unwrap();
    cluster.create(name, &database.schema());
    if !rows.is_empty() {
        cluster.sql(name, rows);
    }
    let ledger: Arc<dyn Ledger> = Arc::new(VolatileLedger::default());
    let sql = Sql::open(mapping(database.mapping), &Settings::new(cluster.socket_url(ROLE, name))).await.unwrap();
    (cluster, sql.with_ledger(&ledger))
}

const PASSPORTS: &str = "insert into register.documents (issuing_state, type, number, kind, issuer, fin, family_name, \
    given_name, birth_date, sex, nationality, issued_on, expires_on, status) \
    select 'AZE', 'P', 'C0000000' || n, 'passport', 'MIA', '5ABCDE' || n, 'Əliyev', 'Vüqar', '1990-05-06', 'M', 'AZE', \
           '2020-01-01', '2030-01-01', case when n = 9 then 'stolen' else 'valid' end from generate_series(2, 9) as n";

fn reserve(service: &str, number: &str, key: &str, values: &Json) -> Query {
    let subject = json!({ "document": { "issuingState": "AZE", "type": "P", "number": number } });
    let effect = json!({ "operation": "reserve", "values": values, "key": key });
    query(service, &subject, &json!({ "verb": "change", "effect": effect }))
}

fn lost(number: &str, key: &str) -> Query {
    reserve(SUSPEND, number, key, &json!({ "newStatus": "lost" }))
}

async fn state(adapter: &Sql, query: &Query, context: Context) -> Result<String, RegistryError> {
    let answer = adapter.answer(query, &context).await?;
    let Finding::Found(fields) = answer.finding else { return Ok("absent".to_owned()) };
    Ok(fields.iter().find(|(name, _)| name.as_str() == "state").unwrap().1.to_string())
}

async fn asked(adapter: &Sql, query: &Query) -> Result<String, RegistryError> {
    state(adapter, query, context()).await
}

async fn settled(adapter: &Sql, query: &Query, operation: Operation) -> Result<String, RegistryError> {
    let mohur_wire::Ask::Change(effect) = &query.ask else { panic!("a change") };
    let settle = Settle { operation, reservation: effect.key.clone() };
    state(adapter, query, Context { settle: Some(settle), ..context() }).await
}

fn context() -> Context {
    Context::new(conformance::ARRIVAL, Duration::from_secs(20))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_held_for_one_case_and_suspended_once() {
    let (cluster, adapter) = register("documents", PASSPORTS).await;
    let status = |number: &str| {
        cluster.sql("documents", &format!("select status from register.documents where number = '{number}'"))
    };
    let (mine, theirs) = (lost("C00000002", "k-1"), lost("C00000002", "k-2"));
    assert_eq!(asked(&adapter, &mine).await.unwrap(), "reserved");
    assert_eq!(asked(&adapter, &theirs).await.unwrap(), "already-reserved");
    assert_eq!(status("C00000002"), "valid", "a reservation changes nothing");
    let settlements = (0..12).map(|_| settled(&adapter, &mine, Operation::Consume));
    assert!(join_all(settlements).await.into_iter().all(|state| state.unwrap() == "consumed"));
    assert_eq!(status("C00000002"), "lost");
    assert_eq!(cluster.sql("documents", "select count(*) from kept.changes"), "1");
    assert_eq!(asked(&adapter, &theirs).await.unwrap(), "already-lost");
    assert_eq!(asked(&adapter, &mine).await.unwrap(), "reserved", "the same key gets the first answer");
    assert_eq!(settled(&adapter, &mine, Operation::Consume).await.unwrap(), "consumed");
    assert!(settled(&adapter, &mine, Operation::Release).await.is_err());

    // Found again and good again by the register's officers; then lost once more.
    cluster.sql("documents", "update register.documents set status = 'valid' where number = 'C00000002'");
    let again = lost("C00000002", "k-3");
    assert_eq!(asked(&adapter, &again).await.unwrap(), "reserved");
    assert_eq!(settled(&adapter, &again, Operation::Release).await.unwrap(), "released");
    assert_eq!(status("C00000002"), "valid");
    assert_eq!(asked(&adapter, &lost("C00000009", "k-4")).await.unwrap(), "already-stolen");
    assert_eq!(asked(&adapter, &lost("C99999999", "k-5")).await.unwrap(), "absent");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_database_did_before_a_crash_is_not_done_again() {
    let (cluster, adapter) = register("documents", PASSPORTS).await;
    let query = lost("C00000003", "k-1");
    assert_eq!(asked(&adapter, &query).await.unwrap(), "reserved");
    // The effect was had, and the process ended before its ledger said so. The officers have looked at the document since.
    let done = "select state from mohur.suspend('AZE', 'P', 'C00000003', 'lost', 'AZ/GOV/SBS/border k-1')";
    assert_eq!(cluster.sql("documents", done), "done");
    cluster.sql("documents", "update register.documents set status = 'valid' where number = 'C00000003'");
    assert_eq!(settled(&adapter, &query, Operation::Consume).await.unwrap(), "consumed");
    assert_eq!(
        cluster.sql("documents", "select status from register.documents where number = 'C00000003'"),
        "valid",
        "the same key has one effect"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_any_more_is_told_and_given_up() {
    let (cluster, adapter) = register("documents", PASSPORTS).await;
    let query = lost("C00000004", "k-1");
    assert_eq!(asked(&adapter, &query).await.unwrap(), "reserved");
    cluster.sql("documents", "update register.documents set status = 'revoked' where number = 'C00000004'");
    assert_eq!(settled(&adapter, &query, Operation::Consume).await.unwrap(), "already-revoked");
    assert_eq!(settled(&adapter, &query, Operation::Release).await.unwrap(), "released");

    // Too late: the reservation has expired, and nothing happens.
    let query = lost("C00000005", "k-2");
    assert_eq!(asked(&adapter, &query).await.unwrap(), "reserved");
    let later = Arrival(conformance::ARRIVAL.0.checked_add(mohur_reservation::HELD + Duration::from_secs(1)).unwrap());
    let settle = Settle { operation: Operation::Consume, reservation: "k-2".parse().unwrap() };
    let late = Context { settle: Some(settle), arrival: later, ..context() };
    assert_eq!(state(&adapter, &query, late).await.unwrap(), "expired");
    assert_eq!(cluster.sql("documents", "select status from register.documents where number = 'C00000005'"), "valid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_takes_its_values_and_no_other() {
    let (cluster, adapter) = register("documents", PASSPORTS).await;
    for values in [
        json!({}),
        json!({ "newStatus": "valid" }),
        json!({ "newStatus": 1 }),
        json!({ "newStatus": "lost", "more": "x" }),
        json!({ "other": "lost" }),
    ] {
        let answer = asked(&adapter, &reserve(SUSPEND, "C00000006", "k", &values)).await;
        assert!(matches!(answer, Err(RegistryError::Unsupported(_))), "{values}: {answer:?}");
    }
    let read = json!({ "verb": "read", "fields": ["state"] });
    let subject = json!({ "document": { "issuingState": "AZE", "type": "P", "number": "C00000006" } });
    let answer = adapter.answer(&query(SUSPEND, &subject, &read), &context()).await;
    assert!(matches!(answer, Err(RegistryError::Unsupported(_))), "{answer:?}");
    let effect = json!({ "operation": "consume", "values": { "newStatus": "lost" }, "key": "k-9" });
    let alone = query(SUSPEND, &subject, &json!({ "verb": "change", "effect": effect }));
    assert!(matches!(asked(&adapter, &alone).await, Err(RegistryError::Unsupported(_))));

    // The values belong to the key: another change under it is refused, and settles nothing.
    assert_eq!(asked(&adapter, &lost("C00000006", "k-1")).await.unwrap(), "reserved");
    let other = reserve(SUSPEND, "C00000006", "k-1", &json!({ "newStatus": "suspended" }));
    assert!(matches!(asked(&adapter, &other).await, Err(RegistryError::Unsupported(_))));
    assert!(settled(&adapter, &other, Operation::Consume).await.is_err());
    assert_eq!(cluster.sql("documents", "select count(*) from kept.changes"), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_listed_once() {
    let (cluster, adapter) = register("invalid-documents", "").await;
    let reserve = |key: &str| reserve(PUBLISH, "C00000002", key, &json!({ "reason": "lost" }));
    assert_eq!(asked(&adapter, &reserve("k-1")).await.unwrap(), "reserved");
    assert_eq!(settled(&adapter, &reserve("k-1"), Operation::Consume).await.unwrap(), "consumed");
    let listed = "select issuing_state, type, number, reason from register.invalid_documents";
    assert_eq!(cluster.sql("invalid-documents", listed), "AZE|P|C00000002|lost");
    assert_eq!(asked(&adapter, &reserve("k-2")).await.unwrap(), "already-listed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_adapters_role_writes_nothing_by_itself() {
    let (cluster, _) = register("documents", PASSPORTS).await;
    for sql in [
        "update register.documents set status = 'lost'",
        "update mohur.documents set status = 'lost'",
        "insert into kept.changes (key, issuing_state, type, number, status) values ('k', 'A', 'P', '1', 'x')",
        "select * from kept.changes",
    ] {
        let refused = cluster.psql(ROLE, "documents", sql);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && said.contains("permission denied"), "{sql}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changing_service_is_held_against_the_database() {
    let cluster = Cluster::start();
    let database = Database::named("documents").unwrap();
    cluster.create("documents", &database.schema());
    cluster.sql("documents", &format!("revoke execute on all functions in schema mohur from {ROLE}"));
    let opened = Sql::open(mapping(database.mapping), &Settings::new(cluster.socket_url(ROLE, "documents"))).await;
    let said = opened.err().unwrap().to_string();
    assert!(said.contains("service[4].apply") && said.contains("permission denied"), "{said}");
    let without = database.mapping.replace("as state\nfrom mohur.every", "as other\nfrom mohur.every");
    let said = Sql::open(mapping(&without), &Settings::new(cluster.socket_url(ROLE, "documents"))).await.err().unwrap();
    assert!(said.to_string().contains("service[4].check"), "{said}");
}

#[test]
fn what_is_wrong_with_a_changing_service_is_found_at_once() {
    let text = Database::named("documents").unwrap().mapping;
    for (from, to, what) in [
        ("verbs = [\"change\"]", "verbs = [\"change\", \"read\"]", "no other verb"),
        (", :key)", ")", "does not use :key"),
        (":value.newStatus", ":value.unknown", "no [[service.value]] names"),
        ("name = \"suspend/v1\"", "name = \"status/v1\"", "has the name of another"),
        ("number = :subject.number\n'''\napply", "number = :key\n'''\napply", ""),
        (
            "where issuing_state = :subject.issuingState and type = :subject.type and number = :subject.number\n'''\n\n[service.columns]\nissuingState = \"issuing_state\"\ntype = \"type\"\nnumber = \"number\"\n\n[[service.field]]\nname = \"status\"",
            "where number = :key\n'''\n\n[service.columns]\nissuingState = \"issuing_state\"\ntype = \"type\"\nnumber = \"number\"\n\n[[service.field]]\nname = \"status\"",
            "belongs to a change",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        let read = Mapping::parse(Path::new("m.toml"), &text.replace(from, to));
        match read {
            Ok(_) => assert!(what.is_empty(), "{to}"),
            Err(errors) => assert!(!what.is_empty() && errors.to_string().contains(what), "{to}: {errors}"),
        }
    }
}
