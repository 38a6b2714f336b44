//! The hostile messages of `schemas/vectors/soap`: each is refused with a code that its index names, and the honest ones
//! that they were made from are accepted.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test harness: a panic is how it fails"
)]

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mohur_chain::{Certificate, Trust, TrustFiles, read_pem_file};
use mohur_crypto::Digest;
use mohur_message::ws_security::verify_envelope;
use mohur_message::{KeySource, TrustedKeys};
use mohur_soap::{Document, Envelope, Limits, message};
use mohur_wire::{Arrival, MemberId, Query, Refusal, RefusalCode};
use serde::Deserialize;

/// How far `Created` may be from the arrival.
const WINDOW_SECONDS: u32 = 60;

/// Far more than any of these messages takes on a busy machine, far less than one that is not bounded.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Deserialize)]
struct Index {
    at: String,
    message: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    name: String,
    why: String,
    refused: Option<RefusalCode>,
}

/// Who may seal: the caller that the messages speak for, and another member.
struct World {
    trust: Trust,
    members: Vec<(MemberId, Certificate)>,
    at: Arrival,
}

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/vectors/soap")
}

fn index() -> Index {
    toml::from_str(&std::fs::read_to_string(vectors().join("index.toml")).unwrap()).unwrap()
}

impl World {
    fn open(index: &Index) -> Self {
        let folder = vectors().join("trust");
        let members = ["caller.pem", "other.pem"].map(|file| {
            let certificate = Certificate::parse(&read_pem_file(&folder.join(file)).unwrap()[0]).unwrap();
            (certificate.member().unwrap().clone(), certificate)
        });
        let trust = Trust::load(&TrustFiles::in_folder(&folder)).unwrap();
        Self { trust, members: members.into(), at: Arrival(index.at.parse().unwrap()) }
    }

    fn keys(&self) -> impl KeySource {
        let find = |key: &Digest| {
            let known = self.members.iter().find(|(_, certificate)| certificate.fingerprint() == *key);
            known.map(|(member, certificate)| (member, certificate))
        };
        TrustedKeys::new(find, &self.trust, self.at.0)
    }

    /// What a door does with a message: one parse, the signature, and the query from what was verified.
    fn accept(&self, text: &str) -> Result<Query, Refusal> {
        let document = Document::parse(text, &Limits::default()).map_err(Refusal::from)?;
        let envelope = Envelope::read(&document)?;
        let peer = [&self.members[0].1];
        let verified = verify_envelope(envelope, &[], &self.keys(), &peer, self.at, WINDOW_SECONDS)?;
        let message::Payload::Query(query) = message::read(verified.payload())? else {
            return Err(Refusal::new(RefusalCode::Malformed, "not a query"));
        };
        if query.caller == *verified.signer() { Ok(*query) } else { Err(RefusalCode::IdentityMismatch.into()) }
    }
}

#[test]
fn each_is_refused_with_its_code_in_bounded_time() {
    let index = index();
    let world = World::open(&index);
    let mut wrong = String::new();
    for vector in &index.message {
        let text = std::fs::read_to_string(vectors().join(format!("messages/{}.xml", vector.name))).unwrap();
        let started = Instant::now();
        let result = world.accept(&text);
        let took = started.elapsed();
        let said = match &result {
            Ok(_) if vector.refused.is_none() => continue,
            Ok(_) => "accepted".to_owned(),
            Err(refusal) if vector.refused == Some(refusal.code) && took < PATIENCE => continue,
            Err(refusal) => format!("{}: {} ({took:?})", refusal.code, refusal.detail),
        };
        writeln!(wrong, "{} ({}), expected {:?}: {said}", vector.name, vector.why, vector.refused).unwrap();
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(index.message.len() >= 90, "vectors are missing: {}", index.message.len());
}

/// Messages too large to keep: what they cost is bounded, whether the size or the shape is what is over the limit.
#[test]
fn what_is_out_of_bounds_costs_little() {
    let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    let attributes: String = (0..1_000_000).map(|number| format!(" a{number}=''")).collect();
    let namespaces: String = (0..200_000).map(|number| format!(" xmlns:a{number}='urn:{number}'")).collect();
    let nested_namespaces: String = (0..20_000).map(|number| format!("<a xmlns:a{number}='urn:{number}'>")).collect();
    let comments = "<!---->".repeat(1_000_000);
    let shapes = [
        ("100,000 levels", deep),
        ("100,000 levels, never closed", "<a>".repeat(100_000)),
        ("a million attributes", format!("<a{attributes}/>")),
        ("200,000 namespaces on an element", format!("<a{namespaces}/>")),
        ("20,000 namespaces in scope", nested_namespaces),
        ("a million elements", format!("<a>{}</a>", "<b/>".repeat(1_000_000))),
        ("a million comments", format!("<a>{comments}</a>")),
        ("a name of 16 MiB", format!("<{}/>", "a".repeat(16 << 20))),
        ("a text of a GiB", format!("<a>{}</a>", "a".repeat(1 << 30))),
    ];
    for limits in [Limits::default(), Limits { bytes: 64 << 20, ..Limits::default() }] {
        for (shape, text) in &shapes {
            let (started, before) = (Instant::now(), peak_kib());
            let refusal = Refusal::from(Document::parse(text, &limits).unwrap_err());
            assert_eq!(refusal.code, RefusalCode::TooLarge, "{shape}: {}", refusal.detail);
            let (took, grown) = (started.elapsed(), peak_kib() - before);
            assert!(took < PATIENCE && grown < 64 << 10, "{shape}: {took:?}, {grown} KiB");
        }
    }
}

/// The most memory that this process ever had.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
}

/// No refusal repeats what the message says about the person.
#[test]
fn no_refusal_repeats_a_value() {
    let index = index();
    let world = World::open(&index);
    for vector in index.message.iter().filter(|vector| vector.refused.is_some()) {
        let text = std::fs::read_to_string(vectors().join(format!("messages/{}.xml", vector.name))).unwrap();
        if let Err(refusal) = world.accept(&text) {
            for secret in ["5ABCDE1", "9ZZZZZ9", "inspector 7", "CASE-77"] {
                assert!(!refusal.detail.contains(secret), "{}: {}", vector.name, refusal.detail);
            }
        }
    }
}
