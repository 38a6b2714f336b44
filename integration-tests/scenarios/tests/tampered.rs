//! Messages that were changed after they were signed, that are signed too little, or by somebody else.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

use bytes::Bytes;
use http::HeaderValue;
use mohur_federation::{Federation, Signed, ask, code, problem, sign_by_hand};
use mohur_message::sign_request;
use mohur_wire::{Clock, RefusalCode};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_body_is_refused_and_nobody_is_asked() {
    let federation = Federation::start().await;
    let office = federation.office();
    let mut signed = Signed::new(&office, ask::blood_group(federation.citizen().fin));
    let text = String::from_utf8(signed.opening.to_vec()).unwrap();
    *signed.request.body_mut() = Bytes::from(text.replace("bloodGroup", "eyeColour"));
    assert_eq!(code(signed.send(&office).await), RefusalCode::DigestMismatch);

    // With the digest made to fit, the signature no longer does.
    let digest = mohur_message::http_signature::content_digest(&mohur_crypto::sha256(signed.request.body()));
    signed.request.headers_mut().insert("content-digest", HeaderValue::from_str(&digest).unwrap());
    assert_eq!(signed.refusal(&office).await, RefusalCode::SignatureInvalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_header_is_refused_whichever_it_is() {
    let federation = Federation::start().await;
    let (office, fin) = (federation.office(), federation.citizen().fin);
    for (name, value) in [
        ("mohur-client", "AZ/COM/BANK/credit"),
        ("mohur-service", "AZ/GOV/MOJ/civil-registry/birth/v1"),
        ("mohur-id", "another-id"),
        ("content-type", "application/json;charset=utf-8"),
        ("host", "elsewhere.example"),
    ] {
        let mut signed = Signed::new(&office, ask::blood_group(fin));
        let response = if name == "host" {
            // The client writes its own Host: send the bytes by hand.
            let message =
                mohur_federation::raw::message("POST", "/v1/query", value, signed.request.headers(), &signed.opening);
            let mut connection = mohur_federation::RawConnection::open(&federation, "passport-office").await;
            mohur_federation::raw::response(&connection.exchange(&message).await)
        } else {
            signed.request.headers_mut().insert(name, HeaderValue::from_static(value));
            signed.raw(&office).await
        };
        let refused = problem(&response).code;
        assert!(matches!(refused, RefusalCode::SignatureInvalid | RefusalCode::IdentityMismatch), "{name}: {refused}");
    }
    for (path, expected) in
        [("/v1/bundles", RefusalCode::SignatureInvalid), ("/v1/query?x=1", RefusalCode::ComponentUncovered)]
    {
        let mut signed = Signed::new(&office, ask::blood_group(fin));
        let uri = signed.request.uri().to_string().replace("/v1/query", path);
        *signed.request.uri_mut() = uri.parse().unwrap();
        let refused = signed.refusal(&office).await;
        assert!(refused == expected || refused == RefusalCode::SignatureInvalid, "{path}: {refused}");
    }
}

const COVERED: &[&str] =
    &["@method", "@authority", "@path", "content-digest", "content-type", "mohur-client", "mohur-service", "mohur-id"];

#[tokio::test(flavor = "multi_thread")]
async fn every_required_component_and_parameter_must_be_covered() {
    let federation = Federation::start().await;
    let (office, fin) = (federation.office(), federation.citizen().fin);
    let created = federation.clock.now().as_second();
    let key_id = office.seal.key_id();
    let parameters = format!(";created={created};keyid=\"{key_id}\";nonce=\"n-1\"");
    let by_hand = |covered: &[&str], parameters: &str| {
        let mut signed = Signed::new(&office, ask::blood_group(fin));
        sign_by_hand(&mut signed.request, &*office.seal, covered, parameters);
        signed
    };
    // Signed by hand with everything covered, it is answered: what follows fails for one reason only.
    let good = by_hand(COVERED, &parameters).raw(&office).await;
    assert!(good.status().is_success(), "{good:?}");
    for left_out in COVERED.iter().filter(|name| **name != "content-type") {
        let covered: Vec<_> = COVERED.iter().copied().filter(|name| name != left_out).collect();
        assert_eq!(
            by_hand(&covered, &parameters).refusal(&office).await,
            RefusalCode::ComponentUncovered,
            "{left_out}"
        );
    }
    for wrong in [
        format!(";created={created};keyid=\"{key_id}\""),
        format!(";keyid=\"{key_id}\";nonce=\"n-1\""),
        format!(";created={created};nonce=\"n-1\""),
    ] {
        let refused = by_hand(COVERED, &wrong).refusal(&office).await;
        assert!(matches!(refused, RefusalCode::ComponentUncovered | RefusalCode::KeyUnknown), "{wrong}: {refused}");
    }
    let expired = format!("{parameters};expires={}", created - 1);
    assert_eq!(by_hand(COVERED, &expired).refusal(&office).await, RefusalCode::Stale);
    let other_algorithm = format!("{parameters};alg=\"rsa-v1_5-sha256\"");
    assert_eq!(by_hand(COVERED, &other_algorithm).refusal(&office).await, RefusalCode::AlgorithmRefused);
    let twice: Vec<_> = COVERED.iter().copied().chain(["mohur-id"]).collect();
    assert_eq!(by_hand(&twice, &parameters).refusal(&office).await, RefusalCode::Malformed);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_must_be_who_asks_and_who_connects() {
    let federation = Federation::start().await;
    let (office, bank, fin) = (federation.office(), federation.bank(), federation.citizen().fin);
    let now = federation.clock.now().as_second();

    // TLS identity is not the signature's: the bank sends what the passport office signed.
    let of_office = Signed::new(&office, ask::blood_group(fin));
    assert_eq!(code(of_office.send(&bank).await), RefusalCode::IdentityMismatch);

    // Wrong signer: the bank signs in the passport office's name, over its own connection and over the office's.
    for connection in [&bank, &office] {
        let mut forged = Signed::new(&office, ask::blood_group(fin));
        let (mut parts, body) = forged.request.into_parts();
        forged.sent = sign_request(&mut parts, &body, &*bank.seal, now).unwrap();
        forged.request = http::Request::from_parts(parts, body);
        assert_eq!(code(forged.send(connection).await), RefusalCode::IdentityMismatch);
    }

    // A key that the directory names, and another one's signature.
    let mut signed = Signed::new(&office, ask::blood_group(fin));
    let parameters = format!(";created={now};keyid=\"{}\";nonce=\"n\"", office.seal.key_id());
    sign_by_hand(&mut signed.request, &*bank.seal, COVERED, &parameters);
    assert_eq!(signed.refusal(&office).await, RefusalCode::SignatureInvalid);
    let parameters = format!(";created={now};keyid=\"{}\";nonce=\"n\"", "0".repeat(64));
    sign_by_hand(&mut signed.request, &*office.seal, COVERED, &parameters);
    assert_eq!(signed.refusal(&office).await, RefusalCode::KeyUnknown);

    // The opening names another caller than the headers and the signature: nobody asks in another's name inside, either.
    let mut query = bank.query(ask::blood_group(fin), mohur_client::Caller::fresh_id().unwrap());
    query.caller = office.me.clone();
    assert_eq!(code(Signed::of(&bank, query).send(&bank).await), RefusalCode::Malformed);
}

/// Any byte of a signed request, in the head or in the body, changed to any other: it is refused, and releases nothing.
#[test]
fn a_request_with_any_byte_changed_is_never_answered() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let federation = runtime.block_on(Federation::start());
    let office = federation.office();
    let fin = federation.citizen().fin;
    let blood = federation.citizen().health.as_ref().unwrap().blood_group.unwrap();
    let config = Config { cases: 96, failure_persistence: None, ..Config::default() };
    let strategy = (any::<prop::sample::Index>(), 1_u8..=255);
    let outcome = TestRunner::new(config).run(&strategy, |(index, flip)| {
        let signed = Signed::new(&office, ask::blood_group(fin));
        let authority = signed.request.uri().authority().unwrap().to_string();
        let mut message =
            mohur_federation::raw::message("POST", "/v1/query", &authority, signed.request.headers(), &signed.opening);
        let at = index.index(message.len());
        let harmless = is_harmless(&message, at, flip);
        message[at] ^= flip;
        prop_assume!(!harmless);
        let answer = runtime.block_on(async {
            let mut connection = mohur_federation::RawConnection::open(&federation, "passport-office").await;
            connection.exchange(&message).await
        });
        // An HTTP/1.1 message that cannot even be framed may be cut off without an answer.
        let line = answer.lines().next().unwrap_or_default().to_owned();
        prop_assert!(answer.is_empty() || line.starts_with("HTTP/1.1 4"), "byte {at} ^ {flip}: {line}");
        prop_assert!(!answer.contains(blood) || blood.len() < 3);
        prop_assert!(!answer.contains("\"answer\""), "byte {at} ^ {flip}: {line}");
        Ok(())
    });
    outcome.unwrap();
}

/// What HTTP itself treats as the same message: the case of a header's name, and what is not covered at all.
fn is_harmless(message: &[u8], at: usize, flip: u8) -> bool {
    let head_end = message.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    if at >= head_end {
        return false;
    }
    let line_start = message[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let line_end = at + message[at..].iter().position(|byte| *byte == b'\r').unwrap_or(0);
    let line = String::from_utf8_lossy(&message[line_start..line_end.max(at)]).into_owned();
    let in_name = line.find(':').is_some_and(|colon| at < line_start + colon);
    let case_only = flip == 0x20 && message[at].is_ascii_alphabetic();
    // Nothing depends on these, or HTTP ignores the difference.
    let uncovered = line.starts_with("connection:");
    (in_name && case_only)
        || uncovered
        || (line.starts_with("host:") && case_only)
        || message[at] == b' ' && flip == 0x29
}
