//! What an honest broker gets: sealed answers, sealed negatives, sealed refusals.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use mohur_wire::{RefusalCode, Value};
use serde_json::json;

use crate::broker::{Came, Case, post, query, read, signed, signed_leg};
use crate::nation::{BANK, HEALTH, Nation, PASSPORTS, REGISTRY};
use crate::register::{health_card, says};

const VITALS: &str = "AZ/GOV/MOH/health-card/vitals/v1";
const BIRTH: &str = "AZ/GOV/MOJ/civil-registry/birth/v1";

fn three_values() -> serde_json::Value {
    query(PASSPORTS, VITALS, json!({ "verb": "read", "fields": ["bloodGroup", "eyeColour", "height"] }))
}

#[tokio::test]
async fn a_proved_query_is_answered_dropped_masked_and_sealed() {
    let nation = Nation::found();
    let register = health_card().shared();
    let host = nation.host(HEALTH, register.clone()).await;
    let mut case = Case::honest(&nation, signed(&nation, PASSPORTS, &three_values(), 0));
    // The broker lets less out than the owner would: one field less, and another under a mask.
    case.decision.fields.remove(&"eyeColour".parse().unwrap());
    case.decision.fields.insert("height".parse().unwrap(), Some("yes-no".to_owned()));
    // And names one that the query did not.
    case.decision.fields.insert("diagnosis".parse().unwrap(), None);
    let (ask, _) = case.prepare(&nation).await;
    let response = post(&nation, &case.connects, &host, "/v1/ask", ask.to_json().unwrap().into()).await;
    let payload = payload_of(response.body());
    let fields = read(&nation, response, case.opening.digest()).fields();
    let expected = [("bloodGroup".to_owned(), Value::text("A+")), ("height".to_owned(), Value::Flag(true))];
    assert_eq!(fields, BTreeMap::from(expected));
    assert_eq!(payload["_sd"].as_array().unwrap().len(), 2, "what is dropped was never sealed: {payload}");
    assert_eq!(register.asked(), 1);
    host.shutdown().await;
}

fn payload_of(body: &[u8]) -> serde_json::Value {
    let reply: serde_json::Value = serde_json::from_slice(body).unwrap();
    let token = reply["answer"].as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(token).unwrap()).unwrap()
}

#[tokio::test]
async fn a_leg_is_answered_without_the_other_legs() {
    let nation = Nation::found();
    let host = nation.host(HEALTH, health_card().shared()).await;
    let leg = |name: &str, service: &str, operand: serde_json::Value| {
        let mut leg = query(PASSPORTS, service, operand);
        leg["id"] = json!(format!("bundle-1.{name}"));
        leg["bundle"] = json!({ "definition": "issue-id-document", "version": 1, "leg": name });
        leg
    };
    let legs = [
        leg("birth", BIRTH, json!({ "verb": "match", "values": { "familyName": "Əliyev" } })),
        leg("vitals", VITALS, json!({ "verb": "read", "fields": ["bloodGroup"] })),
    ];
    let case = Case::honest(&nation, signed_leg(&nation, PASSPORTS, &legs, 1));
    assert_eq!(case.send(&nation, &host).await.fields()["bloodGroup"], Value::text("A+"));

    // A leg of a definition that is no longer in force is not answered.
    let mut stale = legs.clone();
    stale[1]["bundle"]["version"] = json!(2);
    let mut case = Case::honest(&nation, signed_leg(&nation, PASSPORTS, &stale, 1));
    case.intent.bundle = Some("issue-id-document@1".to_owned());
    case.send(&nation, &host).await.is_problem(RefusalCode::SignatureInvalid);
}

#[tokio::test]
async fn nobody_is_a_sealed_answer_but_for_a_read_that_conceals() {
    let nation = Nation::found();
    let host = nation.host(REGISTRY, says(&["birth/v1", "marriage/v1"], &[]).nobody().shared()).await;
    let ask = json!({ "verb": "match", "values": { "familyName": "Əliyev" } });
    let case = Case::honest(&nation, signed(&nation, PASSPORTS, &query(PASSPORTS, BIRTH, ask), 0));
    let Came::Answer(answer) = case.send(&nation, &host).await else { panic!("a negative is an answer") };
    assert_eq!(answer.found(), None);

    let host = nation.host(HEALTH, health_card().nobody().shared()).await;
    let absent = Case::honest(&nation, signed(&nation, PASSPORTS, &three_values(), 0));
    absent.send(&nation, &host).await.is_refusal(RefusalCode::NotAvailable);
}

#[tokio::test]
async fn what_the_owners_policy_refuses_is_not_asked_whatever_the_broker_says() {
    let nation = Nation::found();
    let register = health_card().shared();
    let host = nation.host(HEALTH, register.clone()).await;
    let blood =
        |purpose: &str| query(BANK, VITALS, json!({ "verb": "read", "fields": ["bloodGroup"], "purpose": purpose }));
    for purpose in ["credit-check", "issue-id-document", "no-such-purpose"] {
        let case = Case::honest(&nation, signed(&nation, BANK, &blood(purpose), 0));
        case.send(&nation, &host).await.is_refusal(RefusalCode::NotAvailable);
    }
    // A match conceals nothing, so there the refusal says what it is.
    let guess = query(BANK, VITALS, json!({ "verb": "match", "values": { "bloodGroup": "A+" } }));
    let case = Case::honest(&nation, signed(&nation, BANK, &guess, 0));
    case.send(&nation, &host).await.is_refusal(RefusalCode::Denied);
    assert_eq!(register.asked(), 0);
}

#[tokio::test]
async fn a_broker_can_let_less_out_than_the_owner_but_not_nothing_in_common() {
    let nation = Nation::found();
    let register = health_card().shared();
    let host = nation.host(HEALTH, register.clone()).await;
    let mut case = Case::honest(&nation, signed(&nation, PASSPORTS, &three_values(), 0));
    case.decision.fields = [("diagnosis".parse().unwrap(), None)].into();
    case.send(&nation, &host).await.is_refusal(RefusalCode::NotAvailable);
    assert_eq!(register.asked(), 0);
}

#[tokio::test]
async fn a_verb_or_a_service_that_the_directory_does_not_list_is_refused() {
    let nation = Nation::found();
    let host = nation.host(HEALTH, health_card().shared()).await;
    let verify = query(PASSPORTS, VITALS, json!({ "verb": "verify", "predicates": { "height": { "atLeast": 150 } } }));
    let other = VITALS.replace("v1", "v2");
    let other = query(PASSPORTS, &other, json!({ "verb": "read", "fields": ["bloodGroup"] }));
    for query in [verify, other] {
        let case = Case::honest(&nation, signed(&nation, PASSPORTS, &query, 0));
        case.send(&nation, &host).await.is_refusal(RefusalCode::UnknownService);
    }
}

#[tokio::test]
async fn a_register_that_speaks_of_somebody_else_is_not_believed() {
    let nation = Nation::found();
    let other = serde_json::from_value(json!({ "fin": "9ZZZZZ9" })).unwrap();
    let host = nation.host(HEALTH, health_card().about(other).shared()).await;
    let case = Case::honest(&nation, signed(&nation, PASSPORTS, &three_values(), 0));
    case.send(&nation, &host).await.is_refusal(RefusalCode::SubjectMismatch);
}

#[tokio::test]
async fn a_register_that_is_down_or_slow_is_a_sealed_refusal() {
    let nation = Nation::found();
    let register = health_card().failing(99).shared();
    let host = nation.host(HEALTH, register.clone()).await;
    let case = Case::honest(&nation, signed(&nation, PASSPORTS, &three_values(), 0));
    case.send(&nation, &host).await.is_refusal(RefusalCode::ProviderUnavailable);
    assert_eq!(register.asked(), 3, "a read is tried again, a bounded number of times");
    host.shutdown().await;

    let host = nation.host(HEALTH, health_card().after(Duration::from_secs(30)).shared()).await;
    let since = std::time::Instant::now();
    let case = Case::honest(&nation, signed(&nation, PASSPORTS, &three_values(), 0));
    case.send(&nation, &host).await.is_refusal(RefusalCode::ProviderTimeout);
    assert!(since.elapsed() < Duration::from_secs(5));
}
