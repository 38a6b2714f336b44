//! What every adapter keeps, and what a search says.

use std::collections::BTreeMap;

use mohur_contract::conformance::{self, Cases};
use mohur_reference::Mark;
use mohur_wire::Verdict;

use super::*;

fn verdicts(pairs: &[(&str, Verdict)]) -> BTreeMap<FieldName, Verdict> {
    pairs.iter().map(|(name, verdict)| (name.parse().unwrap(), *verdict)).collect()
}

/// What no service here takes.
fn refused(bench: &Bench) -> Vec<Query> {
    let person = bench.alert(is_person);
    let fin = json!({ "fin": bench.country.clear_citizen().fin });
    let (_, document) = subject(&bench.alert(|alert| matches!(alert.sought, Sought::Document { .. })).sought);
    vec![
        query("documents", &fin, &read(&["hit"])),
        query("persons", &fin, &matching(&json!({ "hit": false }))),
        query("vehicles", &fin, &read(&["hit"])),
        query("records", &fin, &read(&["owner"])),
        query("tasks", &fin, &read(&["open"])),
        query("prints", &fin, &read(&["hit"])),
        query("persons", &json!({ "pin": "AB123" }), &read(&["hit"])),
        query("vehicles", &document, &read(&["hit"])),
        query("persons", &document, &read(&["hit"])),
        query("documents", &json!({ "vin": "WDBZZZ1K0WB000001" }), &read(&["hit"])),
        query("documents", &json!({ "serial": "0123456789ABCDEF0123" }), &read(&["hit"])),
        query("records", &json!({ "serial": "short" }), &read(&["owner"])),
        query("records", &json!({ "serial": "0123456789ABCDEF0123" }), &matching(&json!({ "owner": "GEO" }))),
        query("tasks", &json!({ "serial": "2026-13-01" }), &read(&["open"])),
        bench.search(person, &matching(&json!({ "hit": "no" }))),
        bench.search(person, &matching(&json!({ "action": 1 }))),
        bench.search(person, &json!({ "verb": "verify", "predicates": { "hit": { "oneOf": [true] } } })),
        query(
            "persons",
            &json!({ "name-and-birth-date": { "name": "Владимир Ильин", "birthDate": "1970-01-01" } }),
            &read(&["hit"]),
        ),
    ]
}

#[tokio::test]
async fn searches_conform_against_the_reference_databases() {
    let bench = bench().await;
    for alert in bench.country.alerts() {
        let (count, record) = {
            let told = bench.search(alert, &read(&["count", "record"]));
            (bench.value(&told, "count").await.unwrap(), bench.value(&told, "record").await.unwrap())
        };
        assert_eq!((count.as_str(), record.len()), ("1", 20));
        let held = fields(&[
            ("hit", Value::Flag(true)),
            ("action", Value::text(alert.action)),
            ("count", Value::Number(1)),
            ("record", Value::Text(record)),
        ]);
        let cases = Cases {
            present: Some((bench.search(alert, &read(&["hit", "action", "count", "record"])), held)),
            absent: None,
            verdicts: vec![
                (
                    bench.search(alert, &matching(&json!({ "hit": false, "action": alert.action }))),
                    verdicts(&[("hit", Verdict::Mismatch), ("action", Verdict::Match)]),
                ),
                (bench.search(alert, &matching(&json!({ "hit": true }))), verdicts(&[("hit", Verdict::Match)])),
            ],
            refused: refused(&bench),
            reserve: None,
        };
        let set = |fault| bench.register.set_faults(faults(fault));
        let broken = conformance::check(&bench.adapter, &cases, &set).await;
        assert!(broken.is_empty(), "{alert:?}: {broken:#?}");
    }
}

#[tokio::test]
async fn records_conform_against_the_reference_databases() {
    let bench = bench().await;
    let alert = bench.alert(is_person);
    let Sought::Person { family_name, birth_date, .. } = &alert.sought else { panic!() };
    let id = bench.value(&bench.search(alert, &read(&["record"])), "record").await.unwrap();
    let held = fields(&[
        ("kind", Value::text("person")),
        ("owner", Value::text(alert.owner)),
        ("action", Value::text(alert.action)),
        ("reason", Value::text(alert.reason)),
        ("issued", Value::Text(alert.issued.to_string())),
        ("familyName", Value::text(family_name)),
        ("birthDate", Value::Text(birth_date.to_string())),
        ("nationality", Value::text("AZE")),
    ]);
    let names: Vec<_> = held.keys().map(FieldName::as_str).collect();
    let cases = Cases {
        present: Some((query("records", &json!({ "serial": id }), &read(&names)), held.clone())),
        absent: Some(query("records", &json!({ "serial": "0123456789ABCDEF0123" }), &read(&names))),
        verdicts: Vec::new(),
        refused: refused(&bench),
        reserve: None,
    };
    let broken = conformance::check(&bench.adapter, &cases, &|fault| bench.register.set_faults(faults(fault))).await;
    assert!(broken.is_empty(), "{broken:#?}");
}

#[tokio::test]
async fn the_alerts_agree_with_the_countrys_own_registers_and_nobody_else_is_sought() {
    let bench = bench().await;
    let person = |citizen: &mohur_reference::Citizen| {
        let (family_name, given_name, birth_date) = citizen.recorded();
        let who = json!({ "name": format!("{family_name} {given_name}"), "birthDate": birth_date.to_string() });
        query("persons", &json!({ "name-and-birth-date": who }), &read(&["hit", "action"]))
    };
    for (mark, action) in [(Mark::Wanted, "detain"), (Mark::WantedAndCleared, "locate")] {
        let citizen = bench.country.with_mark(mark).next().unwrap();
        // The name is written in the national alphabet here and in a passport's letters abroad.
        let told = bench.told(&person(citizen)).await;
        assert_eq!(told, [("action".to_owned(), action.to_owned()), ("hit".to_owned(), "true".to_owned())]);
    }
    for citizen in bench.country.clear_citizens().take(20) {
        assert_eq!(bench.told(&person(citizen)).await, [("hit".to_owned(), "false".to_owned())]);
    }
    let unknown = json!({ "document": { "issuingState": "D", "type": "P", "number": "C01X00T47" } });
    let told = bench.told(&query("documents", &unknown, &matching(&json!({ "hit": false, "record": "x" })))).await;
    let expected = [("hit", "match"), ("record", "unknown")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(told, expected);
}

#[tokio::test]
async fn prints_are_unavailable_until_a_service_supplies_the_sample() {
    let bench = bench().await;
    let asked = bench.ask(&query("prints", &json!({ "biometric": "sample-0001" }), &read(&["hit"]))).await;
    assert!(matches!(asked, Err(RegistryError::Unavailable(_))), "{asked:?}");
    assert_eq!(bench.wire.heard(), "");
}
