//! What is said in both directions is after the published schema, and the schema is not a sieve.

use mohur_wire::Operation;

use super::*;
use crate::abroad::NAMESPACE;

/// What stands in the Body of each message, as a document of its own.
fn payloads(octets: &str) -> Vec<String> {
    let bodies = octets.split("<soap:Body>").skip(1).map(|rest| rest.split("</soap:Body>").next().unwrap().to_owned());
    bodies.filter(|body| body.starts_with("<ip:")).collect()
}

fn schema() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("contract/interpol.xsd")
}

#[tokio::test]
async fn every_message_of_both_sides_is_after_the_contract() {
    let bench = bench().await;
    for alert in bench.country.alerts() {
        let id = bench.value(&bench.search(alert, &read(&["record"])), "record").await.unwrap();
        let operands = json!({ "verb": "read", "fields": ["owner"], "id": format!("q-{id}") });
        bench.told(&query("records", &json!({ "serial": id }), &operands)).await;
    }
    let lost = json!({ "document": { "issuingState": "AZE", "type": "P", "number": "C70000009" } });
    let effect = json!({ "operation": "reserve", "values": { "reason": "destroyed" }, "key": "k-1" });
    let publication = query("publish", &lost, &json!({ "verb": "change", "effect": effect }));
    bench.ask(&publication).await.unwrap();
    let settle = mohur_contract::Settle { operation: Operation::Consume, reservation: "k-1".parse().unwrap() };
    bench.adapter.answer(&publication, &Context { settle: Some(settle), ..context() }).await.unwrap();
    bench.told(&query("documents", &lost, &read(&["hit"]))).await;

    let (asked, answered) = (payloads(&bench.wire.heard()), payloads(&bench.wire.said()));
    assert_eq!(asked.len(), bench.country.alerts().len() * 2 + 2);
    assert_eq!(answered.len(), asked.len());
    assert_eq!(against(&schema(), &[asked.clone(), answered].concat()), "");
    for wrong in [
        asked[0].replace("<ip:Bureau>AZE</ip:Bureau>", ""),
        asked[0].replace("</ip:Bureau>", "</ip:Bureau><ip:Officer>somebody</ip:Officer>"),
        asked[0].replace(NAMESPACE, "urn:other"),
    ] {
        assert_ne!(against(&schema(), std::slice::from_ref(&wrong)), "", "{wrong}");
    }
}
