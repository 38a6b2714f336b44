//! A broker that lies to the caller, under its own good seal and with receipts from its own log that verify: the owner's
//! seal is what it does not have.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of it is test code"
)]

use std::sync::Mutex;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::Response;
use mohur_client::{AskError, BundleReport, Caller};
use mohur_federation::{BrokerKeys, Federation, Founded, Lie, LyingBroker, OwnerKeys, ask, refused};
use mohur_message::{OwnerClaims, sd_jwt};
use mohur_wire::bundle::Outcome;
use mohur_wire::{RefusalCode, Value as Field};
use serde_json::{Value, json};

/// A federation whose broker listens elsewhere, so that a liar can take the published address.
async fn stage() -> (Federation, Caller) {
    let elsewhere = |text: String| {
        let line = text.lines().find(|line| line.starts_with("listen")).unwrap().to_owned();
        let (address, _) = line.rsplit_once(':').unwrap();
        text.replacen(&line, &format!("{address}:0\""), 1)
    };
    let federation = Founded::new().rewritten("broker/broker.toml", elsewhere).start().await;
    let office = federation.office();
    (federation, office)
}

fn document(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

/// Replaces the document, perfectly.
fn say(response: &mut Response<Bytes>, document: &Value) -> Lie {
    *response.body_mut() = document.to_string().into();
    Lie::Perfect
}

async fn is_dropped(what: &str, meddle: impl Fn(&mut Response<Bytes>) -> Lie + Send + Sync + 'static) {
    let (federation, office) = stage().await;
    let _liar = LyingBroker::start(&federation, &office, meddle).await;
    for question in [ask::blood_group(federation.citizen().fin), ask::blood_group(federation.citizen().fin)] {
        match office.ask(question).await {
            Err(AskError::Unverified(_)) => {}
            // The first of two answers may be honest, so that the second can be a lie.
            Ok(_) if what.starts_with("swapped") => {}
            other => panic!("{what}: {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_tells_the_truth_is_believed() {
    let (federation, office) = stage().await;
    let liar = LyingBroker::start(&federation, &office, |_| Lie::Crude).await;
    office.ask(ask::blood_group(federation.citizen().fin)).await.expect("the truth, passed on as it is");
    drop(liar);
    let (federation, office) = stage().await;
    let _liar = LyingBroker::start(&federation, &office, |_| Lie::Perfect).await;
    office.ask(ask::blood_group(federation.citizen().fin)).await.expect("the truth, sealed and logged once more");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_the_broker_changed_is_dropped() {
    is_dropped("a value changed", |response| {
        let mut document = document(response);
        let answer = document["answer"].as_str().unwrap();
        let parts: Vec<_> = answer.split('~').collect();
        let mut disclosure: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
        disclosure[2] = json!("AB-");
        let changed = BASE64_URL_SAFE_NO_PAD.encode(disclosure.to_string());
        document["answer"] = json!(format!("{}~{changed}~", parts[0]));
        say(response, &document)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_the_broker_invented_is_dropped() {
    for in_the_owners_name in [false, true] {
        let (federation, office) = stage().await;
        let keys = BrokerKeys::of(&federation.nation);
        let owner = OwnerKeys::of(&federation, "health-card");
        let _liar = LyingBroker::start(&federation, &office, move |response| {
            let genuine = document(response)["answer"].as_str().unwrap().to_owned();
            let payload = genuine.split(['.', '~']).nth(1).unwrap();
            let payload: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
            let claims = OwnerClaims {
                issuer: if in_the_owners_name { owner.me.clone() } else { keys.me.clone() },
                service: ask::VITALS.parse().unwrap(),
                verb: mohur_wire::Verb::Read,
                issued: payload["iat"].as_i64().unwrap(),
                query_digest: mohur_crypto::Digest::from_base64url(payload["query_digest"].as_str().unwrap()).unwrap(),
            };
            let fields = [(ask::field("bloodGroup"), Field::text("AB-".to_owned()))].into();
            let invented = sd_jwt::issue(&claims, Some(&fields), &*keys.seal).unwrap();
            say(response, &json!({ "answer": invented }))
        })
        .await;
        let result = office.ask(ask::blood_group(federation.citizen().fin)).await;
        assert!(matches!(result, Err(AskError::Unverified(_))), "{result:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_another_question_is_dropped() {
    let (federation, office) = stage().await;
    let first: Mutex<Option<Bytes>> = Mutex::default();
    let _liar = LyingBroker::start(&federation, &office, move |response| {
        let mut first = first.lock().unwrap();
        match first.clone() {
            Some(first) => *response.body_mut() = first,
            None => *first = Some(response.body().clone()),
        }
        Lie::Perfect
    })
    .await;
    let mut citizens = federation.country.clear_citizens();
    office.ask(ask::blood_group(citizens.next().unwrap().fin)).await.expect("the first is the truth");
    for question in [ask::blood_group(citizens.next().unwrap().fin), ask::blood_group(federation.citizen().fin)] {
        let result = office.ask(question).await;
        assert!(matches!(result, Err(AskError::Unverified(_))), "the genuine answer to another question: {result:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_its_own_receipt_is_dropped() {
    is_dropped("no receipt", |response| {
        response.headers_mut().remove("mohur-receipt");
        Lie::Crude
    })
    .await;
    is_dropped("garbage for a receipt", |response| {
        response.headers_mut().insert("mohur-receipt", "AAAA".parse().unwrap());
        Lie::Crude
    })
    .await;
    is_dropped("an entry that says another purpose", |_| Lie::Misfiled).await;
    let first: Mutex<Option<http::HeaderValue>> = Mutex::default();
    is_dropped("swapped receipts", move |response| {
        let mut first = first.lock().unwrap();
        match first.clone() {
            Some(first) => drop(response.headers_mut().insert("mohur-receipt", first)),
            None => *first = response.headers().get("mohur-receipt").cloned(),
        }
        Lie::Crude
    })
    .await;
    is_dropped("a changed body under the old receipt", |response| {
        let body = format!(" {}", String::from_utf8_lossy(response.body()));
        *response.body_mut() = body.into();
        Lie::Unlogged
    })
    .await;
    is_dropped("a changed body under the old seal", |response| {
        let body = format!(" {}", String::from_utf8_lossy(response.body()));
        *response.body_mut() = body.into();
        Lie::Crude
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_refuses_for_the_owner_says_no_more_than_that_nothing_is_said() {
    let (federation, office) = stage().await;
    let _liar = LyingBroker::start(&federation, &office, |response| {
        let refusal = mohur_wire::Refusal::from(RefusalCode::NotAvailable);
        *response.status_mut() = http::StatusCode::NOT_FOUND;
        response.headers_mut().insert("content-type", "application/problem+json".parse().unwrap());
        let problem = mohur_wire::refusal::Problem::new(&refusal, None);
        say(response, &serde_json::to_value(problem).unwrap())
    })
    .await;
    // It is a refusal, which never means "no such person", and the broker's own seal stands under it.
    let refused = refused(office.ask(ask::blood_group(federation.citizen().fin)).await);
    assert_eq!(refused.problem.code, RefusalCode::NotAvailable);
}

/// What a broker makes of the truth.
type Tale = Box<dyn Fn(&mut Value) + Send + Sync>;

/// Asks the bundle about somebody whose birth date is claimed wrongly, while the broker lies.
async fn bundle_of(meddle: impl Fn(&mut Value) + Send + Sync + 'static) -> Result<BundleReport, AskError> {
    let (federation, office) = stage().await;
    let _liar = LyingBroker::start(&federation, &office, move |response| {
        let mut document = document(response);
        meddle(&mut document);
        say(response, &document)
    })
    .await;
    let definition = office.definition(&"issue-id-document".parse().unwrap()).await.unwrap();
    let citizen = federation.country.with_oddity(mohur_reference::Oddity::ClaimsSingle).unwrap();
    office.bundle(definition, &ask::application(citizen)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_is_clear_only_if_the_owners_seals_say_so() {
    let honest = bundle_of(|_| {}).await.unwrap();
    assert_eq!((honest.outcome, honest.complete), (Outcome::NotClear, true));

    let leg = |document: &mut Value, id: &str| -> usize {
        document["legs"].as_array().unwrap().iter().position(|leg| leg["leg"] == id).unwrap()
    };
    let says_clear = |document: &mut Value| document["outcome"] = json!("clear");
    let lies: Vec<(&str, Tale)> = vec![
        ("it says clear", Box::new(says_clear)),
        (
            "it forges a verdict",
            Box::new(move |document| {
                says_clear(document);
                let at = leg(document, "marriage");
                document["legs"][at]["verdict"] = json!("match");
            }),
        ),
        (
            "it hides the leg",
            Box::new(move |document| {
                says_clear(document);
                let at = leg(document, "marriage");
                document["legs"].as_array_mut().unwrap().remove(at);
            }),
        ),
        (
            "it hides the seal",
            Box::new(move |document| {
                says_clear(document);
                let at = leg(document, "marriage");
                document["legs"][at].as_object_mut().unwrap().remove("answer");
                document["legs"][at]["verdict"] = json!("match");
            }),
        ),
        (
            "it puts another leg's seal there",
            Box::new(move |document| {
                says_clear(document);
                let (at, birth) = (leg(document, "marriage"), leg(document, "birth"));
                document["legs"][at]["answer"] = document["legs"][birth]["answer"].clone();
                document["legs"][at]["verdict"] = json!("match");
            }),
        ),
        (
            "it makes a hit a refusal and says clear",
            Box::new(move |document| {
                says_clear(document);
                let at = leg(document, "marriage");
                document["legs"][at] =
                    json!({ "leg": "marriage", "verdict": "unavailable", "refusal": "provider-unavailable" });
            }),
        ),
        (
            "it says that the fee was used",
            Box::new(move |document| {
                let at = leg(document, "fee");
                document["legs"][at]["settlement"]["operation"] = json!("consume");
                says_clear(document);
            }),
        ),
        (
            "it says that the hit is not there yet",
            Box::new(move |document| {
                document["outcome"] = json!("clear");
                document["complete"] = json!(false);
            }),
        ),
        ("another bundle's", Box::new(|document| document["bundle"] = json!("another"))),
    ];
    for (what, lie) in lies {
        let result = bundle_of(lie).await;
        assert!(matches!(result, Err(AskError::Unverified(_))), "{what}: {result:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hit_that_is_hidden_leaves_the_bundle_incomplete() {
    let report = bundle_of(|document| {
        let legs = document["legs"].as_array_mut().unwrap();
        legs.retain(|leg| leg["leg"] != "marriage");
        document["outcome"] = json!("incomplete");
    })
    .await
    .unwrap();
    assert_eq!(report.outcome, Outcome::Incomplete, "what is missing is unknown, and unknown is never clear");
}
