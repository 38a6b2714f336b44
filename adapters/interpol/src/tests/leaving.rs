//! What leaves the country, byte for byte.

use mohur_contract::conformance::ARRIVAL;

use super::*;
use crate::prints::{Compression, ControlNumber, Image, Kind as Matter, Search};

/// Everything of which not a trace may be found abroad.
const TELLTALES: [&str; 8] =
    ["SBS", "second-line", "NCB/", "AZ/GOV", "Telltale", "telltale", "4711", "border-second-line"];

#[tokio::test]
async fn nothing_tells_the_owner_of_an_alert_who_asked() {
    let bench = bench().await;
    for alert in bench.country.alerts() {
        bench.told(&bench.search(alert, &read(&["hit"]))).await;
        bench.told(&bench.search(alert, &matching(&json!({ "hit": false, "action": "detain" })))).await;
        let id = bench.value(&bench.search(alert, &read(&["record"])), "record").await.unwrap();
        let operands = json!({ "verb": "read", "fields": ["owner", "familyName"], "id": format!("q-telltale-{id}") });
        bench.told(&query("records", &json!({ "serial": id }), &operands)).await;
    }
    let image = Image {
        content: b"an image of a print",
        compression: Compression::Wsq,
        width: 500,
        height: 500,
        density: 500,
        finger: 2,
        impression: 0,
        captured: "2026-05-01".parse().unwrap(),
    };
    let (number, at) = (ControlNumber::new(7, ARRIVAL.0), ARRIVAL.0);
    bench
        .adapter
        .search_prints(&Search { kind: Matter::Criminal, number, at, images: vec![image] }, &context())
        .await
        .unwrap();

    let heard = bench.wire.heard();
    let requests = heard.matches("POST /").count();
    assert_eq!(requests, bench.country.alerts().len() * 4 + 1, "every request was written down");
    // The token is random letters, among which any three may stand.
    let heard: String = heard.lines().filter(|line| !line.to_lowercase().starts_with("authorization:")).collect();
    for telltale in TELLTALES {
        assert!(!heard.contains(telltale), "{telltale} left the country");
    }
    // Each request names the bureau's country, and nobody else.
    assert_eq!(heard.matches("<ip:Bureau>AZE</ip:Bureau>").count(), requests - 1);
    for citizen in bench.country.citizens() {
        assert!(!heard.contains(citizen.fin.as_str()), "a personal number left the country");
    }
}

/// A query in which a FIN stands, wherever one could.
fn with_fins(fin: &str) -> Vec<Query> {
    let who = |name: &str| json!({ "name-and-birth-date": { "name": name, "birthDate": "1970-01-01" } });
    let document =
        |state: &str, number: &str| json!({ "document": { "issuingState": state, "type": "P", "number": number } });
    let good = document("AZE", "C01234567");
    let with = |value: &str| matching(&json!({ "hit": false, "note": value }));
    let mut queries: Vec<_> = ["documents", "persons", "vehicles", "prints", "records", "tasks"]
        .into_iter()
        .map(|service| query(service, &json!({ "fin": fin }), &read(&["hit"])))
        .collect();
    queries.extend([
        query("documents", &document("AZE", fin), &read(&["hit"])),
        query("documents", &good, &with(fin)),
        query("documents", &good, &with(&fin.to_lowercase())),
        query("documents", &good, &with(&format!("fin={fin};"))),
        query("documents", &good, &with(&format!("AZE {fin}"))),
        query("records", &json!({ "serial": fin }), &read(&["owner"])),
        query("records", &json!({ "serial": format!("REC-{fin}") }), &read(&["owner"])),
        query("prints", &json!({ "biometric": format!("{fin}.wsq") }), &read(&["hit"])),
    ]);
    if fin.bytes().all(|byte| byte.is_ascii_uppercase()) {
        queries.push(query("persons", &who(fin), &read(&["hit"])));
    }
    queries
}

#[tokio::test]
async fn a_query_with_a_personal_number_is_refused_before_anything_is_sent() {
    let bench = bench().await;
    let real = bench.country.clear_citizen().fin;
    for fin in [real.as_str(), "5ABCDE1", "1234567", "ABCDEFG"] {
        for query in with_fins(fin) {
            let asked = bench.ask(&query).await;
            assert!(matches!(asked, Err(RegistryError::Unsupported(_))), "{fin}: {:?}: {asked:?}", query.service);
        }
    }
    assert_eq!(bench.wire.heard(), "", "not one byte left the country");
}

#[tokio::test]
async fn what_only_looks_like_a_personal_number_is_searched_for() {
    let bench = bench().await;
    let foreign = json!({ "document": { "issuingState": "TUR", "type": "P", "number": "U123456" } });
    let two_words = json!({ "name-and-birth-date": { "name": "Babayev Nahad", "birthDate": "1970-01-01" } });
    for (service, subject) in [("documents", foreign), ("persons", two_words)] {
        assert_eq!(bench.value(&query(service, &subject, &read(&["hit"])), "hit").await.unwrap(), "false");
    }
}
