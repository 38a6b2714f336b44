use mohur_crypto::Algorithm;
use mohur_seal::{KeyKind, Seal};
use mohur_soap::{Document, Element, Envelope, Limits, Version, c14n, message, ns};
use mohur_wire::{Query, Refusal, RefusalCode as Code, Timestamp};

use super::*;
use crate::opening::SentOpening;
use crate::testing::{CREATED, PASSPORTS, World, arrival, opening_json, world, world_with_key};
use crate::{Evidence, Form};

mod captures;
mod draft;
mod hop;
mod refusals;
mod tokens;
mod vectors;
mod wrapping;

use draft::Draft;

const WINDOW: u32 = 60;

fn query() -> Query {
    Query::parse(opening_json("q-1").as_bytes()).unwrap()
}

fn created() -> Timestamp {
    arrival(0).0
}

/// Everything that a test may want to know of a verified envelope.
#[derive(Debug)]
struct Seen {
    payload: String,
    opening: SentOpening,
    evidence: Evidence,
    created: i64,
    expires: Option<i64>,
    signature: Vec<u8>,
}

fn verify_in(world: &World, text: &str, attachments: &[Attachment<'_>], seconds: i64) -> Result<Seen, Refusal> {
    let document = Document::parse(text, &Limits::default())?;
    let envelope = Envelope::read(&document)?;
    let payload = envelope.payload;
    let seals = world.certificates_of(PASSPORTS);
    let seals: Vec<_> = seals.iter().collect();
    let verified = verify_envelope(envelope, attachments, &world.keys(), &seals, arrival(seconds), WINDOW)?;
    assert_eq!(verified.signer().as_str(), PASSPORTS);
    // One parse: the payload is the node that was read before.
    assert!(verified.payload() == payload && verified.covers(payload.parent().unwrap()) && !verified.covers(payload));
    Ok(Seen {
        payload: payload.source().to_owned(),
        opening: verified.opening(),
        evidence: verified.evidence(),
        created: verified.created(),
        expires: verified.expires(),
        signature: verified.signature_value().to_vec(),
    })
}

fn verify(text: &str) -> Result<Seen, Refusal> {
    verify_in(world(), text, &[], 0)
}

fn code(text: &str) -> Code {
    verify(text).unwrap_err().code
}

/// What is refused, and that the owner of the client is told what to set.
fn assert_refused(text: &str, code: Code, advice: &str) {
    let refusal = verify(text).unwrap_err();
    assert_eq!(refusal.code, code, "{}", refusal.detail);
    assert!(refusal.detail.contains(advice), "{}", refusal.detail);
    assert!(refusal.detail.len() < 1000, "{}", refusal.detail);
}

fn ours(version: Version, seal: &dyn Seal) -> String {
    sign_envelope(version, &message::query_xml(&query()), "", seal, created(), None).unwrap()
}

#[test]
fn what_we_sign_we_verify_with_every_kind_of_key_and_both_versions() {
    let rsa = [Algorithm::RsaPssSha512, Algorithm::RsaV15Sha256];
    let mut keys: Vec<_> = rsa.into_iter().map(|algorithm| (KeyKind::Rsa2048, algorithm)).collect();
    keys.push((KeyKind::P256, Algorithm::EcdsaP256Sha256));
    for (kind, algorithm) in keys {
        let (world, seal) = world_with_key(kind, algorithm);
        for version in [Version::Soap11, Version::Soap12] {
            let seen = verify_in(&world, &ours(version, &seal), &[], 0).unwrap();
            assert_eq!(seen.payload, message::query_xml(&query()));
            assert_eq!(seen.opening.query().unwrap(), query());
            assert_eq!(seen.opening.form(), Form::Soap);
            assert_eq!((seen.created, seen.expires), (CREATED, None));
        }
    }
    let (_, ed25519) = world_with_key(KeyKind::Ed25519, Algorithm::Ed25519);
    assert!(sign_envelope(Version::Soap11, "<a></a>", "", &ed25519, created(), None).is_err());
}

#[test]
fn what_we_write_is_canonical_already() {
    let text = sign_envelope(
        Version::Soap11,
        &message::query_xml(&query()),
        &message::openings_xml(&["b64".to_owned()]),
        world().seal(PASSPORTS),
        created(),
        Some(&[1, 2, 3]),
    )
    .unwrap();
    let document = Document::parse(&text, &Limits::default()).unwrap();
    let names =
        [(ns::SOAP11, "Body"), (ns::WSU, "Timestamp"), (ns::WSSE11, "SignatureConfirmation"), (ns::DS, "SignedInfo")];
    for (namespace, local) in names {
        let element = document.root().descendants().find(|element| element.is(namespace, local)).unwrap();
        assert_eq!(c14n::exclusive(element, &[]).unwrap(), element.source().as_bytes(), "{local}");
    }
    let seen = verify(&text).unwrap();
    assert_eq!(seen.opening.sent().as_ref(), document.root().only(ns::SOAP11, "Body").unwrap().source().as_bytes());
}

#[test]
fn the_time_is_judged_in_both_directions_and_expires_is_honoured() {
    let text = ours(Version::Soap11, world().seal(PASSPORTS));
    for (seconds, expected) in [(60, None), (-60, None), (61, Some(Code::Stale)), (-61, Some(Code::Future))] {
        let code = verify_in(world(), &text, &[], seconds).err().map(|refusal| refusal.code);
        assert_eq!(code, expected, "{seconds}");
    }
    let times = |times: &str| Draft { times: times.to_owned(), ..Draft::default() }.sign();
    for good in [
        "<wsu:Created>2026-06-15T12:00:00.123456789Z</wsu:Created><wsu:Expires>2026-06-15T12:05:00Z</wsu:Expires>",
        " <wsu:Created> 2026-06-15T16:00:00+04:00 </wsu:Created>\n",
        "<wsu:Created ValueType=\"xsd:dateTime\">2026-06-15T12:00:30Z</wsu:Created>",
    ] {
        verify(&times(good)).unwrap_or_else(|refusal| panic!("{good}: {}", refusal.detail));
    }
    for (wrong, code) in [
        ("<wsu:Created>2026-06-15T11:59:30Z</wsu:Created><wsu:Expires>2026-06-15T11:59:59Z</wsu:Expires>", Code::Stale),
        (
            "<wsu:Created>2026-06-15T12:00:00Z</wsu:Created><wsu:Expires>2026-06-15T11:59:59Z</wsu:Expires>",
            Code::Malformed,
        ),
        ("<wsu:Created>2026-06-15T12:00:00</wsu:Created>", Code::Malformed),
        ("<wsu:Created>2026-06-15T12:00:00Z[UTC]</wsu:Created>", Code::Malformed),
        ("<wsu:Created>2026-06-15T12:<!-- -->00:00Z</wsu:Created>", Code::XmlRefused),
        (
            "<wsu:Created>2026-06-15T12:00:00Z</wsu:Created><wsu:Created>2026-06-15T12:00:00Z</wsu:Created>",
            Code::Malformed,
        ),
        ("<wsu:Created>2026-06-15T12:00:00Z</wsu:Created><wsu:Nonce>x</wsu:Nonce>", Code::Malformed),
        ("<wsu:Expires>2026-06-15T12:00:00Z</wsu:Expires>", Code::Malformed),
        ("", Code::Malformed),
    ] {
        assert_eq!(self::code(&times(wrong)), code, "{wrong}");
    }
}

#[test]
fn an_answer_confirms_what_was_asked() {
    let sent = verify(&ours(Version::Soap11, world().seal(PASSPORTS))).unwrap().signature;
    let answer = |confirm: Option<&[u8]>| {
        sign_envelope(Version::Soap12, "<a></a>", "", world().seal(crate::testing::HUB), created(), confirm).unwrap()
    };
    let judge = |text: &str| {
        let document = Document::parse(text, &Limits::default()).unwrap();
        let envelope = Envelope::read(&document).unwrap();
        verify_answer(envelope, &sent, &world().keys(), arrival(0), WINDOW).map(|answer| answer.signer().to_string())
    };
    assert_eq!(judge(&answer(Some(&sent))).unwrap(), crate::testing::HUB);
    assert_eq!(judge(&answer(Some(b"another"))).unwrap_err().code, Code::SignatureInvalid);
    assert_eq!(judge(&answer(None)).unwrap_err().code, Code::ComponentUncovered);
    // A confirmation that nobody signed.
    let unsigned = answer(None).replace(
        "<ds:Signature ",
        "<c:SignatureConfirmation xmlns:c=\"http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd\" Value=\"AAAA\"/><ds:Signature ",
    );
    assert_eq!(judge(&unsigned).unwrap_err().code, Code::ComponentUncovered);
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn a_flipped_byte_of_what_is_signed_refuses(position in any::<prop::sample::Index>(), bit in 0..8_u8) {
            let text = ours(Version::Soap11, world().seal(PASSPORTS));
            let whole = text.as_bytes();
            // Body, Timestamp and SignedInfo, tags and all.
            let document = Document::parse(&text, &Limits::default()).unwrap();
            let signed: Vec<usize> = document
                .root()
                .descendants()
                .filter(|element: &Element<'_>| {
                    element.is(ns::SOAP11, "Body") || element.is(ns::WSU, "Timestamp") || element.is(ns::DS, "SignedInfo")
                })
                .flat_map(|element| {
                    let start = element.source().as_ptr() as usize - whole.as_ptr() as usize;
                    start..start + element.source().len()
                })
                .collect();
            let mut bytes = whole.to_vec();
            bytes[signed[position.index(signed.len())]] ^= 1 << bit;
            // A declaration that nothing needs may change, since the canonical form leaves it out; nothing else may.
            if let Ok(changed) = String::from_utf8(bytes)
                && let Ok(seen) = verify(&changed)
            {
                let original = verify(&text).unwrap();
                prop_assert_eq!(seen.opening, original.opening);
                prop_assert_eq!(seen.evidence, original.evidence);
            }
        }

        #[test]
        fn no_text_is_too_strange(text in any::<String>(), cut in any::<prop::sample::Index>()) {
            let _ = verify(&text);
            let whole = ours(Version::Soap11, world().seal(PASSPORTS));
            let at = cut.index(whole.len());
            let _ = verify(&format!("{}{text}{}", &whole[..at], &whole[at..]));
            let _ = verify(&whole[..at]);
        }
    }
}
