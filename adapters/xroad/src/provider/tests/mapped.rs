//! Queries as requests, answers as values.

use std::collections::BTreeMap;

use mohur_contract::conformance::{self, Cases};
use mohur_soap::{Document, Limits, XPath, ns};
use mohur_wire::answer::Finding;
use mohur_wire::{FieldName, Value, Verdict};

use super::fake::{EMPTY, HELD, UNKNOWN};
use super::*;

fn fields<T: Clone>(pairs: &[(&str, T)]) -> BTreeMap<FieldName, T> {
    pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.clone())).collect()
}

fn read() -> Json {
    json!({ "verb": "read", "fields": ["surname", "height", "alive"] })
}

fn cases(service: &str) -> Cases {
    let held = [("surname", Value::text("Əliyev & Co")), ("height", Value::Number(180)), ("alive", Value::Flag(true))];
    let matched = json!({ "verb": "match", "values": { "surname": "Əliyev & Co", "height": 181 } });
    let verified = json!({
        "verb": "verify",
        "predicates": { "height": { "atLeast": 170 }, "surname": { "oneOf": ["X", "Y"] }, "alive": { "oneOf": [true] } },
    });
    let change = json!({ "verb": "change", "effect": { "operation": "reserve", "receipt": "R123456789", "key": "k" } });
    let foreign = json!({ "verb": "read", "fields": ["surname"], "subject": { "plate": "10AA001" } });
    Cases {
        present: Some((query(service, HELD, &read()), fields(&held))),
        absent: Some(query(service, UNKNOWN, &read())),
        verdicts: vec![
            (query(service, HELD, &matched), fields(&[("surname", Verdict::Match), ("height", Verdict::Mismatch)])),
            (
                query(service, HELD, &verified),
                fields(&[("height", Verdict::Match), ("surname", Verdict::Mismatch), ("alive", Verdict::Match)]),
            ),
        ],
        refused: vec![query(service, HELD, &change), query(service, HELD, &foreign)],
        reserve: None,
    }
}

#[tokio::test]
async fn mapped_soap_is_an_adapter_like_any_other() {
    let (fake, provider) = started().await;
    let broken = conformance::check(&provider, &cases("getPerson/v1"), &|fault| fake.set(fault)).await;
    assert!(broken.is_empty(), "{broken:#?}");
}

#[tokio::test]
async fn mapped_rest_is_an_adapter_like_any_other() {
    let (fake, provider) = started().await;
    let broken = conformance::check(&provider, &cases("people/v1"), &|fault| fake.set(fault)).await;
    assert!(broken.is_empty(), "{broken:#?}");
}

#[tokio::test]
async fn the_request_says_in_x_roads_words_what_was_signed() {
    let (fake, provider) = started().await;
    let asked =
        query("getPerson/v1", HELD, &json!({ "verb": "read", "fields": ["height"], "onBehalfOf": "AZ/COM/77/x" }));
    ask(&provider, &asked).await.unwrap();
    let seen = fake.last().unwrap();
    assert_eq!(
        (seen.target.as_str(), seen.headers["soapaction"].to_str().unwrap()),
        ("/soap", "\"urn:people#getPerson\"")
    );
    assert_eq!(seen.headers["content-type"], "text/xml; charset=UTF-8");
    let text = std::str::from_utf8(&seen.body).unwrap();
    let document = Document::parse(text, &Limits::default()).unwrap();
    let parts = crate::provider::envelope::parts(&document).unwrap();
    let header = |at: &str| {
        let prefixes = [("x", ns::XROAD), ("i", ns::XROAD_ID), ("r", ns::XROAD_REP)];
        XPath::parse(at, &prefixes).unwrap().text(parts.header.unwrap()).unwrap().unwrap()
    };
    for (at, expected) in [
        ("x:client/i:xRoadInstance", "AZ"),
        ("x:client/i:memberCode", "MIA"),
        ("x:client/i:subsystemCode", "id-cards"),
        ("x:service/i:memberCode", "PPL"),
        ("x:service/i:serviceCode", "getPerson"),
        ("x:service/i:serviceVersion", "v1"),
        ("x:id", "q-1"),
        ("x:userId", "inspector <7>"),
        ("x:issue", "ID-2026 & 1"),
        ("x:protocolVersion", "4.0"),
        ("r:representedParty/r:partyClass", "COM"),
        ("r:representedParty/r:partyCode", "77"),
    ] {
        assert_eq!(header(at), expected, "{at}");
    }
    assert_eq!(text.matches("iden:objectType=\"SUBSYSTEM\"").count(), 1);
    assert!(text.starts_with("<soapenv:Envelope "), "no declaration before it: {text}");
    assert!(
        text.contains("<p:getPerson xmlns:p=\"urn:people\"><fin why=\"issue-id-document\">5ABCDE1</fin></p:getPerson>")
    );
}

#[tokio::test]
async fn rest_providers_see_x_roads_headers() {
    let (fake, provider) = started().await;
    ask(&provider, &query("people/v1", HELD, &read())).await.unwrap();
    let seen = fake.last().unwrap();
    assert_eq!(seen.target, "/rest/people/5ABCDE1?for=ID-2026%20%26%201");
    for (name, value) in [
        ("x-road-client", "AZ/GOV/MIA/id-cards"),
        ("x-road-service", "AZ/GOV/PPL/people/people"),
        ("x-road-id", "q-1"),
        ("x-road-userid", "inspector <7>"),
        ("x-road-issue", "ID-2026 & 1"),
        ("accept", "application/json"),
    ] {
        assert_eq!(seen.headers[name], value, "{name}");
    }
}

#[tokio::test]
async fn found_nothing_and_broke_are_two_things() {
    let (_fake, provider) = started().await;
    let nothing = ask(&provider, &query("getPerson/v1", EMPTY, &read())).await.unwrap();
    assert_eq!(nothing.finding, Finding::Absent, "no surname: no such person");
    let broke = ask(&provider, &query("getPerson/v1", "5ABCDE9", &read())).await;
    assert!(
        matches!(broke, Err(RegistryError::Unavailable(_))),
        "a Server fault says nothing of the subject: {broke:?}"
    );
}

#[tokio::test]
async fn values_are_never_markup() {
    let (fake, provider) = started().await;
    let mut asked = query("getPerson/v1", HELD, &read());
    asked.case = Some("</xro:issue><xro:issue>\"'&".parse().unwrap());
    ask(&provider, &asked).await.unwrap();
    let seen = fake.last().unwrap();
    let text = std::str::from_utf8(&seen.body).unwrap();
    assert_eq!(text.matches("<xro:issue>").count(), 1, "{text}");
}
