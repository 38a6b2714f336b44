use bytes::Bytes;
use http::{HeaderValue, Request, Response, request};
use mohur_crypto::{Algorithm, sha256};
use mohur_seal::{KeyKind, Seal, SoftwareSeal};
use mohur_wire::{RefusalCode, RefusalCode as Code};
use proptest::prelude::*;

use super::base::signature_base;
use super::request::set_signature;
use super::*;
use crate::Evidence;
use crate::testing::{BANK, CREATED, HUB, PASSPORTS, arrival, opening_json, world};

const WINDOW: u32 = 60;

/// What the Python library sends: every required component, parameters in the order created, keyid, alg, nonce.
const COVERED: &str =
    r#""@method" "@authority" "@target-uri" "content-digest" "mohur-client" "mohur-service" "mohur-id""#;

fn parts(uri: &str) -> request::Parts {
    let request = Request::post(uri)
        .header("content-type", "application/json")
        .header("mohur-client", PASSPORTS)
        .header("mohur-service", "AZ/GOV/MOH/health-card/vitals/v1")
        .header("mohur-id", "q-1");
    request.body(()).unwrap().into_parts().0
}

fn body() -> Bytes {
    Bytes::from(opening_json("q-1"))
}

/// As it arrives with HTTP/1.1: a path and a Host.
fn arrived(mut parts: request::Parts) -> request::Parts {
    let host = parts.uri.authority().unwrap().as_str().parse().unwrap();
    parts.headers.insert("host", host);
    parts.uri = parts.uri.path_and_query().unwrap().as_str().parse().unwrap();
    parts
}

fn signed() -> (request::Parts, SentRequest) {
    let mut parts = parts("https://broker.gov.az:8443/v1/query");
    let sent = sign_request(&mut parts, &body(), world().seal(PASSPORTS), CREATED).unwrap();
    (arrived(parts), sent)
}

fn http(verified: &VerifiedRequest) -> &HttpEvidence {
    let Evidence::Http(evidence) = verified.evidence() else { panic!("signed over HTTP") };
    evidence
}

fn verify(parts: &request::Parts, body: &Bytes) -> Result<VerifiedRequest, Refusal> {
    verify_request(parts, body, &world().keys(), arrival(0), WINDOW)
}

fn code(parts: &request::Parts) -> RefusalCode {
    verify(parts, &body()).unwrap_err().code
}

/// Signs whatever `text` says with the passport office's key, as a foreign library would.
fn signed_as(text: &str, change: impl FnOnce(&mut request::Parts)) -> request::Parts {
    signed_with(world().seal(PASSPORTS), text, change)
}

fn signed_with(seal: &SoftwareSeal, text: &str, change: impl FnOnce(&mut request::Parts)) -> request::Parts {
    let mut parts = arrived(parts("https://broker.gov.az:8443/v1/query"));
    parts.headers.insert("content-digest", content_digest(&sha256(&body())).parse().unwrap());
    change(&mut parts);
    let text = text.replace("KEY", &seal.key_id().to_string()).replace("NOW", &CREATED.to_string());
    let input = SignatureInput::from_text("sig1", &text).unwrap();
    let base = signature_base(&Message::Request(RequestView::from(&parts)), &input).unwrap();
    set_signature(&mut parts.headers, &input, &seal.sign(base.as_bytes()).unwrap()).unwrap();
    parts
}

use mohur_wire::Refusal;

#[test]
fn what_a_client_signs_verifies_and_hands_on_what_was_covered() {
    let (parts, sent) = signed();
    let verified = verify(&parts, &body()).unwrap();
    assert_eq!(verified.signer().as_str(), PASSPORTS);
    assert_eq!(verified.client(), verified.signer());
    assert_eq!(verified.message_id().as_str(), "q-1");
    assert_eq!(verified.service_header(), Some("AZ/GOV/MOH/health-card/vitals/v1"));
    assert_eq!(verified.created(), CREATED);
    assert_eq!(verified.body(), &body());
    assert_eq!(verified.body_digest(), &sha256(&body()));
    assert_eq!(verified.opening().digest(), &sha256(&body()));
    assert_eq!(verified.legs(), None);
    assert_eq!(verified.evidence(), sent.evidence());
}

#[test]
fn http_2_and_a_default_port_give_the_same_authority() {
    for (uri, host) in [
        ("https://broker.gov.az/v1/query", "BROKER.gov.az:443"),
        ("https://Broker.Gov.AZ:443/v1/query", "broker.gov.az"),
        ("https://broker.gov.az:8443/v1/query", "broker.GOV.az:8443"),
    ] {
        let mut parts = parts(uri);
        sign_request(&mut parts, &body(), world().seal(PASSPORTS), CREATED).unwrap();
        assert!(verify(&parts, &body()).is_ok(), "HTTP/2: {uri}");
        parts.headers.insert("host", host.parse().unwrap());
        assert!(verify(&parts, &body()).is_ok(), "both agree: {uri}");
        parts.uri = "/v1/query".parse().unwrap();
        assert!(verify(&parts, &body()).is_ok(), "HTTP/1.1: {uri}");
        parts.headers.insert("host", "other.gov.az".parse().unwrap());
        assert_eq!(code(&parts), Code::SignatureInvalid);
        parts.uri = uri.parse().unwrap();
        assert_eq!(code(&parts), Code::Malformed, "Host and target differ");
    }
}

#[test]
fn each_pinned_algorithm_verifies() {
    for (kind, algorithm) in [
        (KeyKind::P256, Algorithm::EcdsaP256Sha256),
        (KeyKind::Ed25519, Algorithm::Ed25519),
        (KeyKind::Rsa2048, Algorithm::RsaPssSha512),
        (KeyKind::Rsa2048, Algorithm::RsaV15Sha256),
    ] {
        let (world, seal) = crate::testing::world_with_key(kind, algorithm);
        let mut parts = parts("https://broker.gov.az/v1/query");
        sign_request(&mut parts, &body(), &seal, CREATED).unwrap();
        let verified = verify_request(&parts, &body(), &world.keys(), arrival(0), WINDOW).unwrap();
        assert_eq!(http(&verified).algorithm, algorithm.name());
        parts.headers.insert("mohur-id", HeaderValue::from_static("q-2"));
        let refusal = verify_request(&parts, &body(), &world.keys(), arrival(0), WINDOW).unwrap_err();
        assert_eq!(refusal.code, Code::SignatureInvalid);
        let says_salt = refusal.detail.contains("salt of exactly 64 bytes");
        assert_eq!(says_salt, algorithm == Algorithm::RsaPssSha512, "{}", refusal.detail);
    }
}

#[test]
fn parameters_are_taken_in_the_order_received() {
    for parameters in [
        r#";created=NOW;keyid="KEY";alg="ecdsa-p256-sha256";nonce="n""#,
        r#";keyid="KEY";nonce="n";created=NOW"#,
        r#";alg="ecdsa-p256-sha256";tag="x";nonce="n";keyid="KEY";expires=99999999999;created=NOW"#,
        r#";created=NOW;nonce="n";keyid="KEY";of-their-own=1.5"#,
    ] {
        let parts = signed_as(&format!("({COVERED}){parameters}"), |_| {});
        assert_eq!(verify(&parts, &body()).unwrap().nonce(), "n", "{parameters}");
    }
}

#[test]
fn every_required_component_is_missed_by_name() {
    let all: Vec<&str> = COVERED.split(' ').collect();
    for left_out in &all {
        let rest: Vec<&str> = all.iter().filter(|name| name != &left_out).copied().collect();
        let parts = signed_as(&format!(r#"({});created=NOW;keyid="KEY";nonce="n""#, rest.join(" ")), |_| {});
        let refusal = verify(&parts, &body()).unwrap_err();
        assert_eq!(refusal.code, Code::ComponentUncovered, "{left_out}");
        assert!(refusal.detail.contains(left_out), "{left_out}: {}", refusal.detail);
    }
    for (parameters, missing) in [
        (r#";keyid="KEY";nonce="n""#, "created"),
        (r#";created=NOW;nonce="n""#, "keyid"),
        (r#";created=NOW;keyid="KEY""#, "nonce"),
    ] {
        let refusal = verify(&signed_as(&format!("({COVERED}){parameters}"), |_| {}), &body()).unwrap_err();
        assert_eq!(refusal.code, Code::ComponentUncovered);
        assert!(refusal.detail.contains(missing), "{}", refusal.detail);
    }
}

#[test]
fn one_way_to_cover_the_target_is_enough() {
    for target in [r#""@target-uri""#, r#""@request-target""#, r#""@path""#] {
        let covered = COVERED.replace(r#""@target-uri""#, target);
        let parts = signed_as(&format!(r#"({covered});created=NOW;keyid="KEY";nonce="n""#), |_| {});
        assert!(verify(&parts, &body()).is_ok(), "{target}");
        let mut elsewhere = parts.clone();
        elsewhere.uri = "/v1/bundles".parse().unwrap();
        assert_eq!(code(&elsewhere), Code::SignatureInvalid, "{target}");
    }
}

#[test]
fn any_header_of_ours_must_be_covered_but_for_the_receipt() {
    let text = format!(r#"({COVERED});created=NOW;keyid="KEY";nonce="n""#);
    let mut parts = signed_as(&text, |_| {});
    parts.headers.insert("mohur-receipt", HeaderValue::from_static("x"));
    assert!(verify(&parts, &body()).is_ok());
    parts.headers.insert("mohur-legs", HeaderValue::from_static(":AAAA:"));
    let refusal = verify(&parts, &body()).unwrap_err();
    assert_eq!(refusal.code, Code::ComponentUncovered);
    assert!(refusal.detail.contains("mohur-legs"));
}

#[test]
fn optional_components_and_their_flags_are_verified_too() {
    let extra = [
        r#""content-type""#,
        r#""@scheme""#,
        r#""@query""#,
        r#""@query-param";name="a%20b""#,
        r#""content-digest";key="sha-256""#,
        r#""content-digest";sf"#,
        r#""x-lines";bs"#,
        r#""x-lines""#,
    ];
    let text = format!(r#"({COVERED} {});created=NOW;keyid="KEY";nonce="n""#, extra.join(" "));
    let parts = signed_as(&text, |parts| {
        parts.uri = "/v1/query?a+b=c&d=e".parse().unwrap();
        parts.headers.append("x-lines", HeaderValue::from_static(" one\t"));
        parts.headers.append("x-lines", HeaderValue::from_static("two, three"));
    });
    let verified = verify(&parts, &body()).unwrap();
    let base = String::from_utf8(http(&verified).base.clone()).unwrap();
    assert!(base.contains("\"x-lines\";bs: :b25l:, :dHdvLCB0aHJlZQ==:\n"), "{base}");
    assert!(base.contains("\"x-lines\": one, two, three\n"));
    assert!(base.contains("\"@query\": ?a+b=c&d=e\n"));
    assert!(base.contains("\"@query-param\";name=\"a%20b\": c\n"));
    assert!(base.contains("\"@target-uri\": https://broker.gov.az:8443/v1/query?a+b=c&d=e\n"));
}

#[test]
fn what_is_not_understood_is_refused() {
    for wrong in [
        r#"("@method" "@method")"#,
        r#"("content-digest";sf;req "content-digest";req;sf)"#,
        r#"("@teapot")"#,
        r#"("Content-Digest")"#,
        r#"("")"#,
        r#"("x y")"#,
        r#"("content-digest";tr)"#,
        r#"("content-digest";bs;sf)"#,
        r#"("content-digest";bs;key="a")"#,
        r#"("content-digest";x)"#,
        r#"("content-digest";sf=?0)"#,
        r#"("content-digest";key=1)"#,
        r#"("@method";sf)"#,
        r#"("@query-param")"#,
        r#"("@path";name="a")"#,
        "(token)",
        "(1)",
        r#"("@method");created="now""#,
        r#"("@method");created=1.5"#,
        r#"("@method");keyid=x"#,
        // Not canonical: another verifier could rebuild another base.
        r#"( "@method")"#,
        r#"("@method"  "@path")"#,
        r#"("@method"); created=1"#,
        r#"("@method");created=1;created=2"#,
        r#"("x";sf;sf)"#,
        r#"("@method");created=01"#,
        r#""@method""#,
        r#"("@method"), ("@path")"#,
        "",
    ] {
        assert_eq!(SignatureInput::from_text("sig1", wrong).unwrap_err().code, Code::Malformed, "{wrong}");
    }
    let many: Vec<String> = (0..40).map(|n| format!("\"x-{n}\"")).collect();
    assert!(SignatureInput::from_text("sig1", &format!("({})", many.join(" "))).is_err());
    let long = format!("(\"{}\")", "x".repeat(5000));
    assert_eq!(SignatureInput::from_text("sig1", &long).unwrap_err().code, Code::TooLarge);
}

#[test]
fn a_component_that_the_message_does_not_have_is_refused() {
    for missing in [r#""x-absent""#, r#""@status""#, r#""@method";req"#, r#""@query-param";name="a""#] {
        let (mut parts, _) = signed();
        let value = format!(r#"s=({COVERED} {missing});created={CREATED};keyid="00";nonce="n""#);
        parts.headers.insert(
            "signature-input",
            value.replace("\"00\"", &format!("\"{}\"", world().seal(PASSPORTS).key_id())).parse().unwrap(),
        );
        parts.headers.insert("signature", HeaderValue::from_static("s=:AAAA:"));
        let refusal = verify(&parts, &body()).unwrap_err();
        assert_eq!(refusal.code, Code::SignatureInvalid, "{missing}");
        assert!(refusal.detail.starts_with(missing), "{}", refusal.detail);
    }
}

#[test]
fn exactly_one_signature_is_accepted() {
    let (good, _) = signed();
    let with = |name: &'static str, value: &str| {
        let mut parts = good.clone();
        parts.headers.insert(name, value.parse().unwrap());
        parts
    };
    let input = good.headers["signature-input"].to_str().unwrap();
    let signature = good.headers["signature"].to_str().unwrap();
    let mut none = good.clone();
    none.headers.remove("signature");
    assert_eq!(code(&none), Code::SignatureMissing);
    none.headers.remove("signature-input");
    assert_eq!(code(&none), Code::SignatureMissing);
    for parts in [
        with("signature-input", &format!("{input}, other=(\"@method\")")),
        with("signature-input", &format!("{input}, {input}")),
        with("signature", &format!("{signature}, other=:AAAA:")),
        with("signature", &format!("{signature}, {signature}")),
        with("signature", "other=:AAAA:"),
        with("signature", "mohur=AAAA"),
        with("signature-input", "mohur"),
        with("signature-input", "mohur=x"),
        with("signature-input", ""),
    ] {
        assert_eq!(code(&parts), Code::Malformed, "{parts:?}");
    }
    let mut twice = good.clone();
    twice.headers.append("signature", good.headers["signature"].clone());
    assert_eq!(code(&twice), Code::Malformed);
    assert_eq!(code(&with("signature", &format!("mohur=:{}:", "A".repeat(4000)))), Code::TooLarge);
}

#[test]
fn the_time_window_holds_both_ways_and_expires_is_honoured() {
    let (parts, _) = signed();
    for (seconds, expected) in [(0, None), (60, None), (61, Some(Code::Stale)), (-60, None), (-61, Some(Code::Future))]
    {
        let result = verify_request(&parts, &body(), &world().keys(), arrival(seconds), WINDOW);
        assert_eq!(result.err().map(|refusal| refusal.code), expected, "{seconds}");
    }
    let expiring =
        signed_as(&format!(r#"({COVERED});created=NOW;keyid="KEY";nonce="n";expires={}"#, CREATED + 5), |_| {});
    assert!(verify_request(&expiring, &body(), &world().keys(), arrival(5), WINDOW).is_ok());
    let late = verify_request(&expiring, &body(), &world().keys(), arrival(6), WINDOW).unwrap_err();
    assert_eq!(late.code, Code::Stale);
    for created in [i64::from(i32::MIN), 999_999_999_999_999, -999_999_999_999_999] {
        let parts = signed_as(&format!(r#"({COVERED});created={created};keyid="KEY";nonce="n""#), |_| {});
        assert!(matches!(code(&parts), Code::Stale | Code::Future));
    }
}

#[test]
fn keys_and_algorithms_are_pinned() {
    let text = format!(r#"({COVERED});created=NOW;keyid="KEY";nonce="n""#);
    let alg = signed_as(&text.replace(";nonce", r#";alg="ed25519";nonce"#), |_| {});
    let refusal = verify(&alg, &body()).unwrap_err();
    assert_eq!(refusal.code, Code::AlgorithmRefused);
    assert!(refusal.detail.contains("ecdsa-p256-sha256"));
    for unknown in ["client-1", &"ab".repeat(32), &world().seal(PASSPORTS).key_id().to_string().to_uppercase()] {
        assert_eq!(code(&signed_as(&text.replace("KEY", unknown), |_| {})), Code::KeyUnknown, "{unknown}");
    }
    // The bank's key under the passport office's name.
    assert_eq!(code(&signed_with(world().seal(BANK), &text, |_| {})), Code::IdentityMismatch);
    // The passport office's keyid, the bank's signature.
    let own = world().seal(PASSPORTS).key_id().to_string();
    assert_eq!(code(&signed_with(world().seal(BANK), &text.replace("KEY", &own), |_| {})), Code::SignatureInvalid);
    let unusable = [("expired", Code::CertificateExpired), ("revoked", Code::CertificateRevoked)];
    for (which, expected) in unusable {
        assert_eq!(code(&signed_with(world().unusable(which), &text, |_| {})), expected);
    }
}

#[test]
fn a_body_or_header_changed_on_the_way_is_refused() {
    let (parts, _) = signed();
    let mut other = body().to_vec();
    other.push(b' ');
    assert_eq!(verify(&parts, &other.into()).unwrap_err().code, Code::DigestMismatch);
    for (name, value) in [
        ("mohur-id", "q-2"),
        ("mohur-client", BANK),
        ("mohur-service", "AZ/GOV/MOJ/civil-registry/birth/v1"),
        ("content-type", "text/plain"),
        ("content-digest", "sha-256=:AAAA:"),
    ] {
        let mut changed = parts.clone();
        changed.headers.insert(name, value.parse().unwrap());
        assert_eq!(code(&changed), Code::SignatureInvalid, "{name}");
        changed.headers = parts.headers.clone();
        changed.headers.append(name, value.parse().unwrap());
        assert_eq!(code(&changed), Code::SignatureInvalid, "{name} twice");
        changed.headers = parts.headers.clone();
        changed.headers.remove(name);
        assert!(verify(&changed, &body()).is_err(), "{name} removed");
    }
    let mut not_ascii = parts.clone();
    not_ascii.headers.insert("mohur-id", HeaderValue::from_bytes("q-ə".as_bytes()).unwrap());
    assert_eq!(code(&not_ascii), Code::Malformed);
    let mut method = parts.clone();
    method.method = http::Method::PUT;
    assert_eq!(code(&method), Code::SignatureInvalid);
}

#[test]
fn the_legs_of_a_bundle_are_those_of_the_header() {
    let legs = ["leg one", "leg two"].map(|text| {
        use base64::Engine;
        base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(text)
    });
    let list = |legs: &[String]| {
        use base64::Engine;
        let encode = |leg: &String| format!(":{}:", base64::prelude::BASE64_STANDARD.encode(sha256(leg.as_bytes()).0));
        legs.iter().map(encode).collect::<Vec<_>>().join(", ")
    };
    let send = |legs_header: Option<&str>, body: &str| {
        let mut parts = parts("https://broker.gov.az/v1/bundles");
        if let Some(value) = legs_header {
            parts.headers.insert("mohur-legs", value.parse().unwrap());
        }
        let body = Bytes::from(body.to_owned());
        sign_request(&mut parts, &body, world().seal(PASSPORTS), CREATED).unwrap();
        verify(&parts, &body)
    };
    let body = serde_json::to_string(&legs).unwrap();
    let openings = send(Some(&list(&legs)), &body).unwrap().bundle_openings().unwrap();
    assert_eq!(openings.iter().map(|opening| opening.text().as_ref()).collect::<Vec<_>>(), [b"leg one", b"leg two"]);
    let refused = |header: Option<&str>, body: &str| {
        send(header, body).and_then(|request| request.bundle_openings()).unwrap_err().code
    };
    assert_eq!(refused(None, &body), Code::ComponentUncovered);
    assert_eq!(refused(Some(&list(&legs[..1])), &body), Code::DigestMismatch);
    let swapped = [legs[1].clone(), legs[0].clone()];
    assert_eq!(refused(Some(&list(&swapped)), &body), Code::DigestMismatch);
    assert_eq!(refused(Some(&list(&legs)), "{}"), Code::Malformed);
    assert_eq!(refused(Some(":AAAA:"), &body), Code::Malformed);
    assert_eq!(refused(Some("1, 2"), &body), Code::Malformed);
    let many = vec![legs[0].clone(); 65];
    assert_eq!(refused(Some(&list(&many)), &body), Code::Malformed);
}

fn answered(sent_parts: &request::Parts) -> Response<Bytes> {
    let mut response = Response::builder()
        .status(200)
        .header("content-type", "application/json")
        .header("mohur-id", "q-1")
        .header("mohur-receipt", "e30")
        .body(Bytes::from_static(b"{\"answer\":\"x\"}"))
        .unwrap();
    sign_response(&mut response, sent_parts, world().seal(HUB), CREATED + 1).unwrap();
    response
}

#[test]
fn a_response_answers_the_request_that_it_was_signed_for() {
    let (parts, sent) = signed();
    let response = answered(&parts);
    let verified = verify_response(&response, &sent, &world().keys()).unwrap();
    assert_eq!(verified.signer().as_str(), HUB);
    assert_eq!((verified.status().as_u16(), verified.created()), (200, CREATED + 1));
    assert_eq!(verified.body(), response.body());
    let input = response.headers()["signature-input"].to_str().unwrap();
    assert!(input.contains(r#""signature";req;key="mohur""#) && !input.contains("mohur-receipt"), "{input}");

    let (_, another) = signed();
    let refusal = verify_response(&response, &another, &world().keys()).unwrap_err();
    assert_eq!(refusal.code, Code::SignatureInvalid, "the same question asked twice has two nonces");
}

#[test]
fn a_response_changed_on_the_way_is_refused() {
    let (parts, sent) = signed();
    let response = answered(&parts);
    let code = |response: &Response<Bytes>| verify_response(response, &sent, &world().keys()).unwrap_err().code;
    let mut status = response.clone();
    *status.status_mut() = http::StatusCode::CREATED;
    assert_eq!(code(&status), Code::SignatureInvalid);
    let mut body = response.clone();
    *body.body_mut() = Bytes::from_static(b"{}");
    assert_eq!(code(&body), Code::DigestMismatch);
    for (name, expected) in [
        ("content-type", Code::SignatureInvalid),
        ("mohur-id", Code::SignatureInvalid),
        ("mohur-new", Code::ComponentUncovered),
    ] {
        let mut header = response.clone();
        header.headers_mut().insert(name, HeaderValue::from_static("x"));
        assert_eq!(code(&header), expected, "{name}");
    }
    let mut unsigned = response.clone();
    unsigned.headers_mut().remove("signature-input");
    assert_eq!(code(&unsigned), Code::SignatureMissing);
    // The receipt proves itself: it is not covered.
    let mut receipt = response;
    receipt.headers_mut().insert("mohur-receipt", HeaderValue::from_static("other"));
    assert!(verify_response(&receipt, &sent, &world().keys()).is_ok());
}

#[test]
fn a_refusal_can_be_signed_for_a_request_without_a_signature() {
    let mut unsigned = parts("https://broker.gov.az/v1/query");
    unsigned.headers.insert("signature", HeaderValue::from_static("garbage"));
    let response = answered(&unsigned);
    let input = response.headers()["signature-input"].to_str().unwrap();
    assert!(input.contains(r#""@method";req "@authority";req "mohur-id";req)"#), "{input}");
    let (_, sent) = signed();
    let refusal = verify_response(&response, &sent, &world().keys()).unwrap_err();
    assert_eq!(refusal.code, Code::ComponentUncovered, "it is no answer to a request that was signed");
}

/// Made by `openssl dgst -sha512 -sigopt rsa_padding_mode:pss` over `mohur`, once with each salt length.
#[test]
fn rsa_pss_with_another_salt_than_64_bytes_does_not_verify() {
    use base64::Engine;
    let decode = |text: &str| base64::prelude::BASE64_STANDARD.decode(text).unwrap();
    let key =
        mohur_crypto::PublicKey::new(Algorithm::RsaPssSha512, &decode(include_str!("pss/key.b64").trim())).unwrap();
    assert!(key.verify(b"mohur", &decode(include_str!("pss/salt-64.b64").trim())).is_ok());
    for wrong in [include_str!("pss/salt-max.b64"), include_str!("pss/salt-0.b64")] {
        assert!(key.verify(b"mohur", &decode(wrong.trim())).is_err());
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,200}") {
        let _ = SignatureInput::from_text("sig1", &text);
    }

    #[test]
    fn no_text_of_the_grammar_makes_the_parser_panic(text in r#"[a-z@"();= ,?:0-9*\\-]{0,80}"#) {
        let _ = SignatureInput::from_text("sig1", &text);
        let mut headers = http::HeaderMap::new();
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert("signature-input", value.clone());
            headers.insert("signature", value);
            if let Ok(input) = SignatureInput::from_headers(&headers) {
                prop_assert_eq!(&SignatureInput::from_text(input.label(), input.text()).unwrap(), &input);
            }
            let _ = read_signature(&headers, "sig1");
        }
        let _ = verify_content_digest(&text, b"");
    }

    /// Whatever single bit of what is covered is turned over: refused.
    #[test]
    fn no_single_bit_of_what_is_covered_can_be_turned(place in 0usize..10_000, bit in 0u8..8) {
        let (mut parts, _) = signed();
        let mut bytes = body().to_vec();
        let names = ["content-digest", "content-type", "mohur-client", "mohur-service", "mohur-id", "signature-input", "signature"];
        let choice = place % (names.len() + 1);
        if let Some(name) = names.get(choice) {
            let mut value = parts.headers[*name].as_bytes().to_vec();
            let at = place % value.len();
            value[at] ^= 1 << bit;
            let Ok(value) = HeaderValue::from_bytes(&value) else { return Ok(()) };
            parts.headers.insert(*name, value);
        } else {
            let at = place % bytes.len();
            bytes[at] ^= 1 << bit;
        }
        prop_assert!(verify(&parts, &bytes.into()).is_err());
    }
}
