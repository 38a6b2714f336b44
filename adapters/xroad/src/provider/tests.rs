//! Against a provider that speaks SOAP and REST, and misbehaves when told to.

mod fake;
mod mapped;
mod messages;

use std::path::Path;

use mohur_connection::Settings;
use mohur_contract::conformance::ARRIVAL;
use mohur_contract::{Context, Registry, RegistryError};
use mohur_wire::{Answer, Query};
use serde_json::{Value as Json, json};

use super::{Provider, ProviderFile};
use fake::Fake;

const SAMPLE: &str = include_str!("../../../../docs/samples/xroad-provider.toml");

const FILE: &str = r#"
health = "/health"

[[client]]
id = "AZ/GOV/1000017/office"
member = "AZ/GOV/MIA/id-cards"

[[represents]]
party = "GOV/0099"
member = "AZ/GOV/SBS/border"

[[service]]
name = "getPerson/v1"
protocol = "soap"
path = "/soap"
soap-action = "urn:people#getPerson"
description = "/soap?wsdl"

[service.mapped]
verbs = ["read", "match", "verify"]
subjects = ["fin"]
body = '<p:getPerson xmlns:p="urn:people"><fin why="{purpose}">{subject}</fin></p:getPerson>'
namespaces = { p = "urn:people" }
subject = "fin"
found = "surname"
absent = ["Client.NoSuchPerson"]
fields = [
    { name = "surname", at = "surname" },
    { name = "height", at = "height", type = "number" },
    { name = "alive", at = "alive", type = "flag" },
]

[service.whole]
subject = "fin"

[[service]]
name = "people/v1"
protocol = "rest"
path = "/rest"
description = "/openapi.json"

[service.mapped]
verbs = ["read", "match", "verify"]
subjects = ["fin"]
target = "/rest/people/{subject}?for={case}"
subject = "/fin"
absent = ["404"]
fields = [
    { name = "surname", at = "/name/surname" },
    { name = "height", at = "/height", type = "number" },
    { name = "alive", at = "/alive", type = "flag" },
]

[service.whole]
methods = ["GET", "POST"]
target = "/people/{subject}"
"#;

/// The fake provider with its adapter.
async fn started() -> (Fake, Provider) {
    let fake = Fake::start().await;
    let file = ProviderFile::parse(Path::new("xroad-provider.toml"), FILE).unwrap();
    let provider = Provider::open(file, &Settings::new(fake.url())).unwrap();
    (fake, provider)
}

fn query(service: &str, fin: &str, operands: &Json) -> Query {
    let mut opening = json!({
        "salt": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "id": "q-1",
        "caller": "AZ/GOV/MIA/id-cards",
        "service": format!("AZ/GOV/PPL/people/{service}"),
        "subject": { "fin": fin },
        "purpose": "issue-id-document",
        "case": "ID-2026 & 1",
        "official": "inspector <7>",
    });
    for (name, value) in operands.as_object().unwrap() {
        opening[name] = value.clone();
    }
    Query::parse(opening.to_string().as_bytes()).unwrap()
}

async fn ask(provider: &Provider, query: &Query) -> Result<Answer, RegistryError> {
    provider.answer(query, &Context::new(ARRIVAL, std::time::Duration::from_secs(10))).await
}

#[test]
fn the_sample_is_read() {
    let file = ProviderFile::parse(Path::new("docs/samples/xroad-provider.toml"), SAMPLE).unwrap();
    let provider = Provider::open(file, &Settings::new("http://127.0.0.1:1")).unwrap();
    assert_eq!(provider.services(), ["getPerson/v1", "people/v1", "getWsdl/v1", "getOpenAPI/v1"]);
}

#[test]
fn every_error_of_the_file_is_found_at_once() {
    let wrong = FILE
        .replace("path = \"/soap\"", "path = \"soap\"")
        .replace("target = \"/rest/people/{subject}", "target = \"/rest/people/{subjekt}")
        .replace("at = \"/height\"", "at = \"height\"")
        .replace("at = \"surname\"", "at = \"q:surname\"")
        .replace("{purpose}\">", "{purpose}\"><!-- -->")
        .replace("\"GET\", \"POST\"", "\"GE T\"");
    let errors = ProviderFile::parse(Path::new("x.toml"), &wrong).unwrap_err().to_string();
    for expected in [
        "service[0].path",
        "service[0].mapped.body",
        "service[0].mapped.fields[0].at",
        "service[1].mapped.target",
        "service[1].mapped.fields[1].at",
        "service[1].whole.methods",
    ] {
        assert!(errors.contains(expected), "{expected}: {errors}");
    }
    let twice = FILE.replace("people/v1", "getPerson/v1");
    assert!(ProviderFile::parse(Path::new("x.toml"), &twice).unwrap_err().to_string().contains("twice"));
    let neither = "[[service]]\nname = \"a/v1\"\nprotocol = \"soap\"\n";
    assert!(ProviderFile::parse(Path::new("x.toml"), neither).unwrap_err().to_string().contains("both missing"));
}
