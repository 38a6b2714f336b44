//! The conformance suite over every reference database.

use mohur_contract::conformance::Fault;

use super::proxy::Proxy;
use super::*;

/// Runs the suite over a database with that content.
async fn conforms(name: &str, content: &str, cases: Cases) {
    let cluster = Cluster::start();
    let database = Database::named(name).unwrap();
    cluster.create(name, &format!("{}{content}", database.schema()));
    let proxy = Proxy::start(&cluster).await;
    // The suite asks over TCP, where the cluster wants no password from the proxy: it comes over the unix socket.
    let adapter = Sql::open(mapping(database.mapping), &Settings::new(proxy.url(ROLE, name))).await;
    let adapter = adapter.unwrap_or_else(|error| panic!("{error}"));
    let broken = conformance::check(&adapter, &cases, &|fault: Fault| proxy.set(fault)).await;
    assert!(broken.is_empty(), "{name}: {broken:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_conform() {
    let held = |fin: &str, number: &str| {
        let operands = json!({ "verb": "match", "values": { "document": number } });
        query("AZ/GOV/MIA/documents/held/v1", &json!({ "fin": fin }), &operands)
    };
    let on = |verdict| verdicts(&[("document", verdict)]);
    let holder =
        json!({ "verb": "match", "values": { "holder": "5ABCDE1", "holderName": "ELIYEV VUQAR", "status": "lost" } });
    let cases = Cases {
        present: Some((
            passport(&read(&["status", "kind", "expires", "holder"])),
            fields(&[
                ("status", Value::text("valid")),
                ("kind", Value::text("passport")),
                ("expires", Value::text("2030-01-01")),
                ("holder", Value::text("5ABCDE1")),
            ]),
        )),
        absent: Some(document("P", "C7654321", &read(&["status"]))),
        verdicts: vec![
            (
                passport(&holder),
                verdicts(&[("holder", Verdict::Match), ("holderName", Verdict::Match), ("status", Verdict::Mismatch)]),
            ),
            (held("5ABCDE1", "C01234567"), on(Verdict::Match)),
            (held("5ABCDE2", "C01234567"), on(Verdict::Mismatch)),
        ],
        refused: vec![
            query("AZ/GOV/MIA/documents/held/v1", &json!({ "fin": "5ABCDE1" }), &read(&["document"])),
            query("AZ/GOV/MIA/documents/status/v1", &json!({ "fin": "5ABCDE1" }), &read(&["status"])),
            passport(&json!({ "verb": "match", "values": { "expires": "soon" } })),
            passport(&json!({ "verb": "verify", "predicates": { "status": { "oneOf": ["valid"] } } })),
        ],
        reserve: None,
    };
    conforms("documents", DOCUMENTS, cases).await;
}
