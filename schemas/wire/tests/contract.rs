//! The published contract says what the types say.

use std::collections::BTreeSet;

use mohur_wire::{Query, RefusalCode};
use serde_json::Value;

const CONTRACT: &str = include_str!("../../contracts/openapi.json");

#[test]
fn the_contract_lists_the_codes_and_no_other() {
    let contract: Value = serde_json::from_str(CONTRACT).unwrap();
    let listed = |value: &Value| -> Vec<String> { serde_json::from_value(value.clone()).unwrap() };
    let codes: Vec<_> = RefusalCode::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(listed(&contract["components"]["schemas"]["Code"]["enum"]), codes);

    let mut answered = BTreeSet::new();
    for response in contract["components"]["responses"].as_object().unwrap().values() {
        let schema = &response["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"];
        let status = schema["status"]["const"].as_u64().unwrap();
        for code in listed(&schema["code"]["enum"]) {
            let known = RefusalCode::ALL.iter().find(|known| known.as_str() == code).unwrap();
            assert_eq!(u64::from(known.text().status), status, "{code}");
            assert!(answered.insert(code));
        }
    }
    assert_eq!(answered.len(), RefusalCode::ALL.len());
}

#[test]
fn every_operation_answers_with_the_statuses_it_names() {
    let contract: Value = serde_json::from_str(CONTRACT).unwrap();
    let responses = &contract["components"]["responses"];
    for path in contract["paths"].as_object().unwrap().values() {
        for operation in path.as_object().unwrap().values() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                let Some(name) = response["$ref"].as_str() else { continue };
                let named = &responses[name.rsplit('/').next().unwrap()];
                let schema = &named["content"]["application/problem+json"]["schema"]["allOf"][1];
                assert_eq!(schema["properties"]["status"]["const"].to_string(), *status);
            }
        }
    }
}

#[test]
fn the_contracts_example_is_a_query() {
    let contract: Value = serde_json::from_str(CONTRACT).unwrap();
    let example = &contract["paths"]["/v1/query"]["post"]["requestBody"]["content"]["application/json"]["example"];
    let query = Query::parse(example.to_string().as_bytes()).unwrap();
    let again: Value = serde_json::from_slice(&query.to_opening()).unwrap();
    assert_eq!(again, *example);
}
