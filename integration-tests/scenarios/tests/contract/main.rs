//! The live broker and its published contract agree: paths, methods, status codes, media types, headers and documents.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of it is test code"
)]

mod schema;

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Response};
use mohur_client::{Caller, Question};
use mohur_federation::{Federation, Signed, ask};
use mohur_reference::Faults;
use mohur_wire::RefusalCode;
use serde_json::Value;

const CONTRACT: &str = include_str!("../../../../schemas/contracts/openapi.json");

struct Contract(Value);

impl Contract {
    fn operation(&self, method: &Method, path: &str) -> &Value {
        &self.0["paths"][path][method.as_str().to_lowercase()]
    }

    /// Holds one response against the contract.
    fn check(&self, method: &Method, path: &str, response: &Response<Bytes>) {
        let status = response.status().as_u16().to_string();
        let place = format!("{method} {path} {status}");
        let documented = schema::resolved(&self.0, &self.operation(method, path)["responses"][&status]);
        assert!(documented.is_object(), "{place} is not in the contract");
        let media_type = response.headers()["content-type"].to_str().unwrap();
        let content = &documented["content"][media_type];
        assert!(content.is_object(), "{place}: {media_type} is not in the contract");
        let body: Value = serde_json::from_slice(response.body()).unwrap();
        if let Err(problem) = schema::check(&self.0, &content["schema"], &body) {
            panic!("{place}: {problem}: {body}");
        }
        let named: BTreeSet<_> =
            documented["headers"].as_object().map(|h| h.keys().map(|k| k.to_lowercase()).collect()).unwrap_or_default();
        for header in ["mohur-id", "content-digest", "signature-input", "signature", "mohur-receipt", "retry-after"] {
            // What the contract does not name does not come; what comes has the form that it names.
            assert!(
                !response.headers().contains_key(header) || named.contains(header),
                "{place}: {header} is not in the contract"
            );
        }
        if named.contains("signature") && path != "/openapi.json" {
            assert!(response.headers().contains_key("signature"), "{place}: sealed");
        }
        if let Some(receipt) = response.headers().get("mohur-receipt") {
            use base64::Engine;
            let json = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(receipt).unwrap();
            let receipt: Value = serde_json::from_slice(&json).unwrap();
            schema::check(&self.0, &serde_json::json!({ "$ref": "#/components/schemas/Receipt" }), &receipt).unwrap();
        }
    }
}

async fn get(federation: &Federation, caller: &Caller, path: &str) -> Response<Bytes> {
    let request =
        http::Request::get(format!("https://{}{path}", federation.broker_address())).body(Bytes::new()).unwrap();
    caller.http.send(request, Duration::from_secs(10)).await.unwrap().response
}

/// A signed message to any path, with any body.
fn signed(
    federation: &Federation,
    caller: &Caller,
    path: &str,
    body: &[u8],
    headers: &[(&'static str, String)],
) -> Signed {
    let mut signed = Signed::new(caller, ask::blood_group(federation.citizen().fin));
    let (mut parts, _) = signed.request.into_parts();
    parts.uri = parts.uri.to_string().replace("/v1/query", path).parse().unwrap();
    for (name, value) in headers {
        parts.headers.insert(*name, value.parse().unwrap());
    }
    let created = mohur_wire::Clock::now(&*federation.clock).as_second();
    signed.sent = mohur_message::sign_request(&mut parts, body, &*caller.seal, created).unwrap();
    signed.request = http::Request::from_parts(parts, Bytes::copy_from_slice(body));
    signed
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_is_served_byte_for_byte() {
    let federation = Federation::start().await;
    let served = get(&federation, &federation.office(), "/openapi.json").await;
    assert_eq!(served.headers()["content-type"], "application/json");
    assert_eq!(served.body(), CONTRACT.as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_response_is_the_one_that_the_contract_describes() {
    let federation = Federation::start().await;
    let contract = Contract(serde_json::from_str(CONTRACT).unwrap());
    let (office, bank, citizen) = (federation.office(), federation.bank(), federation.citizen());
    let post = Method::POST;
    let query = "/v1/query";

    // Answers and refusals of queries.
    let questions = [
        ask::blood_group(citizen.fin),
        ask::birth_date(citizen),
        ask::of_age(citizen.fin),
        ask::reserve(citizen, "contract-1"),
        ask::matching(ask::BIRTH, federation.country.unused_fin(), &[("birthDate", "1990-01-01")]),
        ask::blood_group(federation.country.unused_fin()),
        ask::read("AZ/GOV/NOBODY/x/y/v1", citizen.fin, &["a"]),
    ];
    for question in questions {
        let signed = Signed::new(&office, question);
        contract.check(&post, query, &signed.raw(&office).await);
        contract.check(&post, query, &signed.raw(&office).await);
    }
    let denied =
        Question { purpose: "credit-check".parse().unwrap(), ..ask::read(ask::PAYMENTS, citizen.fin, &["state"]) };
    contract.check(&post, query, &Signed::new(&bank, denied).raw(&bank).await);
    contract.check(&post, query, &Signed::new(&office, ask::blood_group(citizen.fin)).raw(&bank).await);
    for faults in [
        Faults { down: true, ..Faults::default() },
        Faults { garbage: true, ..Faults::default() },
        Faults { wrong_person: true, ..Faults::default() },
    ] {
        federation.faults("health-card", faults);
        contract.check(&post, query, &Signed::new(&office, ask::blood_group(citizen.fin)).raw(&office).await);
    }
    federation.faults("health-card", Faults::default());

    // Bad messages, at every address that takes messages.
    for path in [query, "/v1/bundles", "/v1/bundles/poll"] {
        let bad = signed(&federation, &office, path, b"{}", &[]).raw(&office).await;
        contract.check(&post, path, &bad);
        let mut unsigned = signed(&federation, &office, path, b"{}", &[]);
        unsigned.request.headers_mut().remove("signature");
        unsigned.request.headers_mut().remove("signature-input");
        contract.check(&post, path, &unsigned.raw(&office).await);
        let mut xml = signed(&federation, &office, path, b"<a/>", &[]);
        xml.request.headers_mut().insert("content-type", "text/xml".parse().unwrap());
        contract.check(&post, path, &xml.raw(&office).await);
        let large = signed(&federation, &office, path, &vec![b' '; 300_000], &[]);
        contract.check(&post, path, &large.raw(&office).await);
        let wrong_method = get(&federation, &office, path).await;
        assert_eq!(mohur_federation::problem(&wrong_method).code, RefusalCode::MethodNotAllowed);
        contract.check(&post, path, &wrong_method);
    }

    // Bundles and polls.
    let definition = office.definition(&"issue-id-document".parse().unwrap()).await.unwrap();
    let report = office.bundle(definition, &ask::application(citizen)).await.unwrap();
    let poll = serde_json::json!({ "bundle": report.id }).to_string();
    let poll = signed(&federation, &office, "/v1/bundles/poll", poll.as_bytes(), &[]).raw(&office).await;
    assert_eq!(poll.status().as_u16(), 200);
    contract.check(&post, "/v1/bundles/poll", &poll);
    contract.check(&post, "/v1/bundles", &poll);
    let unknown = signed(&federation, &office, "/v1/bundles/poll", br#"{"bundle":"nothing"}"#, &[]).raw(&office).await;
    assert_eq!(mohur_federation::problem(&unknown).code, RefusalCode::BundleUnknown);
    contract.check(&post, "/v1/bundles/poll", &unknown);

    // Members and their services.
    contract.check(&Method::GET, "/v1/members", &get(&federation, &office, "/v1/members").await);
    let services = "/v1/members/{instance}/{class}/{member}/{subsystem}/services";
    for member in ["AZ/GOV/MOH/health-card", "AZ/GOV/MOH/nobody", "AZ/%00/MOH/x", "AZ/GOV"] {
        for query in ["", "?allowed=true"] {
            let response = get(&federation, &office, &format!("/v1/members/{member}/services{query}")).await;
            assert_eq!(response.status() == 200, member.ends_with("health-card"), "{member}");
            contract.check(&Method::GET, services, &response);
        }
    }

    // Definitions.
    contract.check(&Method::GET, "/v1/definitions", &get(&federation, &office, "/v1/definitions").await);
    let one = get(&federation, &office, "/v1/definitions/issue-id-document").await;
    contract.check(&Method::GET, "/v1/definitions/{id}", &one);
    let none = get(&federation, &office, "/v1/definitions/nothing").await;
    contract.check(&Method::GET, "/v1/definitions/{id}", &none);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_path_of_the_contract_is_there_and_takes_its_methods_only() {
    let federation = Federation::start().await;
    let office = federation.office();
    let contract: Value = serde_json::from_str(CONTRACT).unwrap();
    for (path, operations) in contract["paths"].as_object().unwrap() {
        let path = path.replace("{id}", "issue-id-document");
        let path = path.replace("{instance}/{class}/{member}/{subsystem}", "AZ/GOV/MOH/health-card");
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE] {
            let request = http::Request::builder()
                .method(&method)
                .uri(format!("https://{}{path}", federation.broker_address()))
                .body(Bytes::new())
                .unwrap();
            let status = office.http.send(request, Duration::from_secs(10)).await.unwrap().response.status().as_u16();
            let is_there = operations.get(method.as_str().to_lowercase()).is_some();
            assert_eq!(status == 405, !is_there, "{method} {path}: {status}");
            assert_ne!(status, 404, "{path}");
        }
    }
}
