//! Where the policy says so, nobody can tell "denied" from "there is no such person".

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Response;
use mohur_client::{Caller, Question};
use mohur_federation::{Federation, Signed, ask, problem};
use mohur_transparency::{Kind, Leaf, Receipt};
use mohur_wire::RefusalCode;
use serde_json::Value;

struct Seen {
    response: Response<Bytes>,
    took: Duration,
    entries: Vec<Leaf>,
}

/// Asks, and looks at all that a caller and a reader of the log can see.
async fn look(federation: &Federation, caller: &Caller, question: Question) -> Seen {
    let signed = Signed::new(caller, question);
    let began = Instant::now();
    let response = signed.raw(caller).await;
    let took = began.elapsed();
    tokio::time::sleep(Duration::from_millis(400)).await;
    let log = federation.broker().journal().log();
    let size = log.checkpoint().unwrap().0.size;
    let entries = log
        .entries(0, size)
        .map(|entry| entry.unwrap().leaf)
        .filter(|leaf| leaf.id.as_ref() == Some(&signed.query.id))
        .collect();
    Seen { response, took, entries }
}

fn names(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn denied_and_absent_look_alike_in_words_size_headers_log_and_time() {
    let federation = Federation::start().await;
    let office = federation.office();
    // Twice the same question: about somebody, but without the case that every reading needs; and about nobody.
    let denied = Question { case: None, ..ask::blood_group(federation.citizen().fin) };
    let absent = Question { case: None, ..ask::blood_group(federation.country.unused_fin()) };
    // Denied whoever it is; absent where all else is in order; and somebody whom the health ministry does not know.
    let really_absent = ask::blood_group(federation.country.unused_fin());
    let no_purpose = Question { purpose: "holiday".parse().unwrap(), ..ask::blood_group(federation.citizen().fin) };
    let no_card = ask::blood_group(federation.country.with_oddity(mohur_reference::Oddity::NoHealthCard).unwrap().fin);

    let mut all = Vec::new();
    for question in [denied, absent, no_purpose, really_absent, no_card] {
        all.push(look(&federation, &office, question).await);
    }
    let first = &all[0];
    for other in &all[1..] {
        same_to_the_caller(first, other);
        same_in_the_log(first, other);
        // A loaded machine blurs this; what would tell them apart is an answer that does not wait for the others.
        let apart = first.took.abs_diff(other.took);
        assert!(apart < Duration::from_millis(400), "{:?} and {:?}", first.took, other.took);
        assert!(other.took >= Duration::from_millis(950), "neither is faster than the other can be");
    }
}

/// Whoever repeats the id while the first message is concealed must not learn which of the two it is from how far it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_id_does_not_tell_denied_from_absent() {
    let federation = Federation::start().await;
    let denied = Question { case: None, ..ask::blood_group(federation.citizen().fin) };
    let absent = ask::blood_group(federation.country.unused_fin());
    for question in [denied, absent] {
        let office = federation.office();
        let signed = Signed::new(&office, question);
        let (first, repeated) = tokio::join!(signed.raw(&office), async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            problem(&signed.raw(&office).await).code
        });
        assert_eq!(problem(&first).code, RefusalCode::NotAvailable);
        assert_eq!(repeated, RefusalCode::InProgress, "what is concealed is in progress for all of its time");
        assert_eq!(problem(&signed.raw(&office).await).code, RefusalCode::Replayed);
    }
}

fn same_to_the_caller(one: &Seen, other: &Seen) {
    let (one, other) = (&one.response, &other.response);
    assert_eq!((one.status().as_u16(), one.status()), (404, other.status()));
    // Words: the whole document, but for the id that the caller gave. Its size follows.
    let mut bodies = [one, other].map(|response| serde_json::from_slice::<Value>(response.body()).unwrap());
    bodies.iter_mut().for_each(|body| drop(body.as_object_mut().unwrap().remove("id")));
    assert_eq!(bodies[0], bodies[1]);
    assert_eq!(one.body().len(), other.body().len());
    // Headers: the same, in the same order, of the same length; a P-256 signature always has 64 bytes.
    let shape = |response: &Response<Bytes>| -> Vec<(String, usize)> {
        let variable = |name: &str| name == "mohur-receipt";
        let headers = response.headers().iter();
        headers.map(|(name, value)| (name.to_string(), if variable(name.as_str()) { 0 } else { value.len() })).collect()
    };
    assert_eq!(shape(one), shape(other));
}

fn same_in_the_log(one: &Seen, other: &Seen) {
    let kinds = |seen: &Seen| seen.entries.iter().map(|leaf| leaf.kind).collect::<Vec<_>>();
    assert_eq!(kinds(one), [Kind::Intent, Kind::Outcome], "an INTENT is logged even where nobody was asked");
    assert_eq!(kinds(one), kinds(other));
    for (one, other) in one.entries.iter().zip(&other.entries) {
        let [one, other] = [one, other].map(|leaf| serde_json::to_value(leaf).unwrap());
        assert_eq!(names(&one), names(&other), "the members that are there");
        assert_eq!(names(&one["commitments"]), names(&other["commitments"]), "what is committed to");
        // The purpose is the caller's own word.
        for name in ["v", "kind", "consumer", "provider", "service", "basis", "verb", "policy", "certificate"] {
            assert_eq!(one.get(name), other.get(name), "{name}");
        }
    }
    let receipt = |seen: &Seen| {
        let header = seen.response.headers()["mohur-receipt"].to_str().unwrap().to_owned();
        serde_json::from_str::<Value>(&Receipt::from_header(&header).unwrap().leaf).unwrap()
    };
    assert_eq!(names(&receipt(one)), names(&receipt(other)));
}
