//! The worked examples of RFC 9421 Appendix B (`MOHUR_SUITES/rfc9421/appendix-b.md`).
//!
//! Our signature base must be theirs, byte for byte, and their signatures must verify over it with the keys that the
//! appendix gives. None of them covers what Möhür demands, so as requests at the door all of them are refused.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test harness: a panic is how it fails"
)]

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri};
use mohur_chain::SealIdentity;
use mohur_crypto::{Algorithm, Digest, PublicKey};
use mohur_message::http_signature::{Message, RequestView, SignatureInput, read_signature, signature_base};
use mohur_message::{KeyError, KeySource, verify_request};
use mohur_wire::{Arrival, RefusalCode, Timestamp};

struct Appendix {
    text: String,
}

/// One code block, unfolded (RFC 8792), with the heading and the prose before it.
struct Block {
    heading: String,
    prose: String,
    text: String,
}

/// A message of the appendix.
#[derive(Clone)]
struct Example {
    start: Start,
    headers: HeaderMap,
    body: Bytes,
}

#[derive(Clone)]
enum Start {
    Request(Method, Uri),
    Response(StatusCode),
}

fn appendix() -> Option<Appendix> {
    let Some(suites) = std::env::var_os("MOHUR_SUITES") else {
        eprintln!("skipped: MOHUR_SUITES is not set, so the examples of RFC 9421 were not run");
        return None;
    };
    let path = Path::new(&suites).join("rfc9421").join("appendix-b.md");
    Some(Appendix { text: std::fs::read_to_string(path).unwrap() })
}

impl Appendix {
    fn blocks(&self) -> Vec<Block> {
        let (mut blocks, mut heading, mut prose, mut code) = (Vec::new(), String::new(), String::new(), None::<String>);
        for line in self.text.lines() {
            match &mut code {
                Some(_) if line.starts_with("~~~") => {
                    let text = unfolded(&code.take().unwrap());
                    blocks.push(Block { heading: heading.clone(), prose: std::mem::take(&mut prose), text });
                }
                Some(code) => *code += &format!("{line}\n"),
                None if line.starts_with("~~~") => code = Some(String::new()),
                None if line.starts_with('#') => heading = line.trim_start_matches(['#', ' ']).to_owned(),
                None => prose += line,
            }
        }
        blocks
    }

    fn in_section(&self, heading: &str) -> Vec<Block> {
        let blocks: Vec<_> = self.blocks().into_iter().filter(|block| block.heading.starts_with(heading)).collect();
        assert!(!blocks.is_empty(), "the appendix has no section {heading}");
        blocks
    }

    fn key(&self, name: &str) -> Vec<u8> {
        let blocks = self.blocks();
        let pem =
            blocks.iter().find(|block| block.prose.contains(name) && block.text.contains("PUBLIC KEY-----")).unwrap();
        let base64: String = pem
            .text
            .lines()
            .skip_while(|line| !line.starts_with("-----BEGIN"))
            .skip(1)
            .take_while(|line| !line.starts_with("-----END"))
            .collect();
        BASE64_STANDARD.decode(base64).unwrap()
    }

    fn message(&self, name: &str) -> Example {
        let blocks = self.in_section("Test Cases");
        parsed(&blocks.iter().find(|block| block.prose.contains(name)).unwrap().text)
    }
}

fn unfolded(code: &str) -> String {
    let mut text = String::new();
    let mut continues = false;
    for line in code.lines().skip_while(|line| line.starts_with("NOTE:") || line.is_empty()) {
        let line = if continues { line.trim_start() } else { line };
        continues = line.ends_with('\\');
        text += line.strip_suffix('\\').unwrap_or(line);
        if !continues {
            text.push('\n');
        }
    }
    text
}

fn parsed(text: &str) -> Example {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let start: Vec<&str> = lines.next().unwrap().split(' ').collect();
    let start = if start[0].starts_with("HTTP/") {
        Start::Response(start[1].parse().unwrap())
    } else {
        Start::Request(start[0].parse().unwrap(), start[1].parse().unwrap())
    };
    Example { start, headers: headers(lines), body: Bytes::from(body.trim_end().to_owned()) }
}

fn headers<'a>(lines: impl Iterator<Item = &'a str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':').unwrap();
        headers.append(http::HeaderName::try_from(name).unwrap(), value.trim().parse().unwrap());
    }
    headers
}

impl Example {
    fn signed_with(mut self, lines: &str) -> Self {
        self.headers.extend(headers(lines.lines()));
        self
    }

    fn base(&self) -> String {
        let input = SignatureInput::from_headers(&self.headers).unwrap();
        let method = Method::GET;
        let uri = Uri::from_static("/");
        let message = match &self.start {
            Start::Request(method, uri) => Message::Request(RequestView { method, uri, headers: &self.headers }),
            Start::Response(status) => Message::Response {
                status: *status,
                headers: &self.headers,
                request: RequestView { method: &method, uri: &uri, headers: &self.headers },
            },
        };
        signature_base(&message, &input).unwrap()
    }

    fn signature(&self) -> Vec<u8> {
        let input = SignatureInput::from_headers(&self.headers).unwrap();
        read_signature(&self.headers, input.label()).unwrap()
    }

    fn verifies(&self, key: &PublicKey) -> bool {
        key.verify(self.base().as_bytes(), &self.signature()).is_ok()
    }

    fn as_request(&self) -> http::request::Parts {
        let Start::Request(method, uri) = &self.start else { panic!("not a request") };
        let mut parts = http::Request::builder().method(method).uri(uri).body(()).unwrap().into_parts().0;
        parts.headers = self.headers.clone();
        parts
    }
}

struct NoKeys;

impl KeySource for NoKeys {
    fn seal(&self, _: &Digest) -> Result<SealIdentity, KeyError> {
        Err(KeyError::Unknown)
    }
}

/// A section with one example: the base that it prints, and the header fields that the signature adds.
fn example(heading: &str, message: &str) -> Option<(Appendix, Example, String)> {
    let appendix = appendix()?;
    let blocks = appendix.in_section(heading);
    let [base, signature, ..] = blocks.as_slice() else { panic!("{heading} has no example") };
    let example = appendix.message(message).signed_with(&signature.text);
    let base = base.text.trim_end().to_owned();
    Some((appendix, example, base))
}

fn assert_example(heading: &str, message: &str, key_name: &str, algorithm: Algorithm) {
    let Some((appendix, example, base)) = example(heading, message) else { return };
    let key = PublicKey::new(algorithm, &appendix.key(key_name)).unwrap();
    assert_eq!(example.base(), base);
    assert!(example.verifies(&key), "the signature of the appendix verifies over our base");
    assert!(key.verify(format!("{base} ").as_bytes(), &example.signature()).is_err());
    let mut signature = example.signature();
    signature[0] ^= 1;
    assert!(key.verify(base.as_bytes(), &signature).is_err());
    if let Start::Request(..) = example.start {
        let arrival = Arrival(Timestamp::from_second(1_618_884_473).unwrap());
        let refusal = verify_request(&example.as_request(), &example.body, &NoKeys, arrival, 60).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::ComponentUncovered, "{refusal}");
    }
}

#[test]
fn b_2_1_minimal_signature_using_rsa_pss_sha512() {
    assert_example("Minimal Signature", "test-request", "test-key-rsa-pss", Algorithm::RsaPssSha512);
}

#[test]
fn b_2_2_selective_covered_components_using_rsa_pss_sha512() {
    assert_example("Selective Covered", "test-request", "test-key-rsa-pss", Algorithm::RsaPssSha512);
}

#[test]
fn b_2_3_full_coverage_using_rsa_pss_sha512() {
    assert_example("Full Coverage", "test-request", "test-key-rsa-pss", Algorithm::RsaPssSha512);
}

#[test]
fn b_2_4_signing_a_response_using_ecdsa_p256_sha256() {
    let Some((appendix, mut example, base)) = example("Signing a Response", "test-response") else { return };
    // The appendix prints another Content-Digest in `test-response` than in the base that it signs; the base's is the one
    // that was signed.
    let digest = base.lines().find_map(|line| line.strip_prefix("\"content-digest\": ")).unwrap();
    example.headers.insert("content-digest", digest.parse().unwrap());
    let key = PublicKey::new(Algorithm::EcdsaP256Sha256, &appendix.key("test-key-ecc-p256")).unwrap();
    assert_eq!(example.base(), base);
    assert!(example.verifies(&key));
    example.start = Start::Response(StatusCode::CREATED);
    assert!(!example.verifies(&key), "the status is covered");
}

#[test]
fn b_2_5_hmac_sha256_is_refused() {
    let Some((_, example, base)) = example("Signing a Request using hmac", "test-request") else { return };
    assert_eq!(example.base(), base);
    assert_eq!(Algorithm::from_name("hmac-sha256"), None, "a shared secret proves nothing to a third party");
    let arrival = Arrival(Timestamp::from_second(1_618_884_473).unwrap());
    assert!(verify_request(&example.as_request(), &example.body, &NoKeys, arrival, 60).is_err());
}

#[test]
fn b_2_6_signing_a_request_using_ed25519() {
    assert_example("Signing a Request using ed25519", "test-request", "test-key-ed25519", Algorithm::Ed25519);
}

#[test]
fn b_3_a_proxy_signs_the_client_certificate_header() {
    let Some(appendix) = appendix() else { return };
    let blocks = appendix.in_section("TLS-Terminating");
    let base = blocks.iter().find(|block| block.text.starts_with("\"@path\"")).unwrap();
    let signed = blocks.iter().find(|block| block.text.contains("\nSignature-Input:")).unwrap();
    let example = parsed(&signed.text);
    let key = PublicKey::new(Algorithm::EcdsaP256Sha256, &appendix.key("test-key-ecc-p256")).unwrap();
    assert_eq!(example.base(), base.text.trim_end());
    assert!(example.verifies(&key));
}

#[test]
fn b_4_harmless_transformations_verify_and_harmful_ones_do_not() {
    let Some(appendix) = appendix() else { return };
    let key = PublicKey::new(Algorithm::Ed25519, &appendix.key("test-key-ed25519")).unwrap();
    let mut counts = BTreeMap::new();
    for block in appendix.in_section("HTTP Message Transformations") {
        if block.text.starts_with("\"@method\"") {
            continue;
        }
        let still_valid = !block.prose.contains("is NOT still valid");
        assert_eq!(parsed(&block.text).verifies(&key), still_valid, "{}", block.prose);
        *counts.entry(still_valid).or_insert(0) += 1;
    }
    assert_eq!(counts, BTreeMap::from([(true, 4), (false, 2)]));
}

#[test]
fn the_rsa_keys_of_the_appendix_are_read_in_both_encodings() {
    let Some(appendix) = appendix() else { return };
    // `test-key-rsa` is a PKCS#1 key, `test-key-rsa-pss` a SubjectPublicKeyInfo.
    assert!(PublicKey::new(Algorithm::RsaV15Sha256, &appendix.key("test-key-rsa`")).is_ok());
    assert!(PublicKey::new(Algorithm::RsaPssSha512, &appendix.key("test-key-rsa-pss")).is_ok());
}
