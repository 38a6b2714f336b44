//! A service that notes that it was asked: in the transaction of the answer, once a message, or there is no answer.

use mohur_wire::MessageId;

use super::*;

const ROWS: &str =
    "insert into register.watch_list (entry_id, kind, document_state, document_no, action, inserted_by, since)
      values ('1', 'document', 'AZE', 'C00000001', 'seize', 'MFA', '2020-01-01'),
             ('2', 'document', 'AZE', 'C00000009', 'seize', 'MFA', '2020-01-01');
    update register.watch_list set until = '2021-01-01' where entry_id = '2';
    insert into register.invalid_documents values ('AZE', 'P', 'C00000002', 'lost', '2020-01-01');";

async fn register() -> (Cluster, Sql) {
    let cluster = Cluster::start();
    let database = Database::named("watch-list").unwrap();
    cluster.create("watch-list", &format!("{}{ROWS}", database.schema()));
    let sql = Sql::open(mapping(database.mapping), &Settings::new(cluster.socket_url(ROLE, "watch-list"))).await;
    (cluster, sql.unwrap_or_else(|error| panic!("{error}")))
}

fn boards(number: &str, id: &str) -> Query {
    // A diplomat's passport is a passport: the lists have `P`.
    let subject = json!({ "document": { "issuingState": "AZE", "type": "PD", "number": number } });
    let ask = json!({ "verb": "match", "values": { "contact": false }, "case": "J2-075" });
    let id: MessageId = id.parse().unwrap();
    Query { id, ..query("AZ/GOV/MIA/watch-list/boarding/v1", &subject, &ask) }
}

async fn may_board(adapter: &Sql, number: &str, id: &str) -> Value {
    found(ask(adapter, &boards(number, id)).await).remove(&"contact".parse().unwrap()).unwrap()
}

async fn notices(adapter: &Sql, day: &str) -> BTreeMap<FieldName, Value> {
    let service = "AZ/GOV/MIA/watch-list/boarding-notices/v1";
    found(ask(adapter, &query(service, &json!({ "serial": day }), &read(&["count", "notices"]))).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_against_a_document_is_one_flag_and_a_notice_once_a_message() {
    let (_cluster, adapter) = register().await;
    // The evening of the 28th in UTC is past midnight in Baku.
    assert_eq!(ARRIVAL.0.to_string(), "2026-05-28T20:26:40Z");
    let day = "2026-05-29";
    assert_eq!(notices(&adapter, day).await, fields(&[("count", Value::Number(0))]));
    let (free, contact) = (Verdict::Match.to_value(), Verdict::Mismatch.to_value());
    for good in ["C00000003", "C00000009"] {
        assert_eq!(may_board(&adapter, good, "m-1").await, free, "{good}");
    }
    assert_eq!(notices(&adapter, day).await.len(), 1, "nothing is noted of whom nothing is recorded");

    assert_eq!(may_board(&adapter, "C00000001", "m-2").await, contact);
    assert_eq!(may_board(&adapter, "C00000001", "m-2").await, contact, "a read may be asked again");
    assert_eq!(may_board(&adapter, "C00000002", "m-3").await, contact);
    let told = notices(&adapter, day).await;
    assert_eq!(told[&"count".parse().unwrap()], Value::Number(2));
    let text = told[&"notices".parse().unwrap()].to_string();
    for part in ["AZE PD C00000001 seize AZ/GOV/SBS/border J2-075", "AZE PD C00000002 invalid AZ/GOV/SBS/border J2-075"]
    {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(notices(&adapter, "2026-05-29.1").await[&"notices".parse().unwrap()].to_string(), text);
    assert_eq!(notices(&adapter, "2026-05-29.2").await, fields(&[("count", Value::Number(2))]), "there are no more");
    assert_eq!(notices(&adapter, "1999-01-01").await, fields(&[("count", Value::Number(0))]));
    // The same id again, on another day: it is noted.
    let later = Context::new(mohur_wire::Arrival(ARRIVAL.0 + Duration::from_secs(90_000)), Duration::from_secs(20));
    found(adapter.answer(&boards("C00000001", "m-2"), &later).await);
    assert_eq!(notices(&adapter, "2026-05-30").await[&"count".parse().unwrap()], Value::Number(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_notice_there_is_no_answer_and_other_services_write_nothing() {
    let (cluster, adapter) = register().await;
    cluster.sql("watch-list", "alter table kept.boarding_notices add check (document_no <> 'C00000001')");
    assert!(ask(&adapter, &boards("C00000001", "m-1")).await.is_err());
    assert_eq!(may_board(&adapter, "C00000003", "m-2").await, Verdict::Match.to_value());
    // The same function in a service that does not say that it notes: its transaction only reads.
    let silent = Database::named("watch-list").unwrap().mapping.replace("notes = true\n", "");
    let adapter = Sql::open(mapping(&silent), &Settings::new(cluster.socket_url(ROLE, "watch-list"))).await.unwrap();
    assert!(ask(&adapter, &boards("C00000002", "m-3")).await.is_err());
    assert_eq!(cluster.sql("watch-list", "select count(*) from kept.boarding_notices").trim(), "0");
}
