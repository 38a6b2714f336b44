//! What we accept, libxmlsec1 accepts over the same octets, and what it digests is what we hand on: the Body, the Timestamp
//! and SignedInfo, octet by octet. Over signed messages of ours and of `schemas/vectors`, bent in every way that is known
//! to have confused somebody, and in most cases signed again afterwards by an attacker who has a key.
//!
//! Runs for `MOHUR_FUZZ_SECONDS` (20 where it is not set), from the seed `MOHUR_FUZZ_SEED` where it is set. Longer, by hand:
//! `MOHUR_FUZZ_SECONDS=3600 cargo test --release -p mohur-message --test signatures_by_xmlsec -- --nocapture`.
//!
//! Needs a C compiler, pkg-config's `xmlsec1-openssl` and so Debian's `libxmlsec1-dev`, which the README's test command
//! installs.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

#[path = "signatures_by_xmlsec/dice.rs"]
mod dice;
#[path = "signatures_by_xmlsec/mutate.rs"]
mod mutate;
#[path = "signatures_by_xmlsec/peer.rs"]
mod peer;
#[path = "signatures_by_xmlsec/sign.rs"]
mod sign;
#[path = "signatures_by_xmlsec/tree.rs"]
mod tree;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use dice::Dice;
use mohur_crypto::sha256;
use mohur_message::Evidence;
use mohur_message::ws_security::{VerifiedEnvelope, verify_envelope};
use mohur_soap::{Document, Envelope, Limits};
use mohur_wire::{Arrival, Refusal};
use peer::{Verdict, Verified, XmlSec};
use sign::{Seed, Signers};
use tree::Tree;

/// The recorded messages are of another month: here it is not the time that is judged.
const WINDOW_SECONDS: u32 = 400 * 24 * 3600;

/// What grows beyond this is left.
const LONGEST: usize = 20_000;

/// How many messages are kept to be bent further.
const KEPT: usize = 200;

/// So many disagreements end a run.
const ENOUGH: usize = 10;

/// What a run has seen.
#[derive(Debug, Default)]
struct Tally {
    messages: u64,
    accepted: u64,
    /// Those that are accepted and are none that the run began with.
    accepted_bent: u64,
    /// By the code of our refusal: how many, and how many of them libxmlsec1 verifies.
    refused: BTreeMap<String, (u64, u64)>,
    /// What must not be, with its message.
    wrong: Vec<String>,
}

/// Both verifiers.
struct Judges {
    signers: Signers,
    peer: XmlSec,
    tally: Tally,
}

#[test]
fn what_we_accept_libxmlsec1_accepts_over_the_same_octets() {
    let seconds = std::env::var("MOHUR_FUZZ_SECONDS").map_or(20, |seconds| seconds.parse().unwrap());
    let seed =
        std::env::var("MOHUR_FUZZ_SEED").map_or_else(|_| RandomState::new().hash_one(0), |seed| seed.parse().unwrap());
    println!("seed {seed}");
    let mut dice = Dice(seed);
    let signers = Signers::new();
    let certificates: Vec<_> = signers.all.iter().map(|signer| signer.certificate.clone()).collect();
    let seeds = sign::seeds(&signers);
    let mut judges = Judges { signers, peer: XmlSec::start(&certificates), tally: Tally::default() };
    for seed in &seeds {
        let judged = judges.judge(seed.text.as_bytes(), seed.signer);
        assert!(judged.is_ok(), "an honest message is refused: {judged:?}\n{}", seed.text);
    }
    let mut kept = Vec::new();
    let until = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < until && judges.tally.wrong.len() < ENOUGH {
        let from = if kept.is_empty() || dice.one_in(3) { &seeds } else { &kept };
        let seed = from[dice.below(from.len())].clone();
        let other = seeds[dice.below(seeds.len())].clone();
        for _ in 0..8 {
            let Some(bent) = bend(&mut dice, &judges.signers, &seed, &other) else { continue };
            if judges.judge(&bent, seed.signer).is_err() || bent == seed.text.as_bytes() {
                continue;
            }
            judges.tally.accepted_bent += 1;
            keep(&mut dice, &mut kept, Seed { text: String::from_utf8(bent).unwrap(), signer: seed.signer });
        }
    }
    let Tally { messages, accepted, accepted_bent, refused, wrong } = &judges.tally;
    println!("{messages} messages in {seconds} s, {accepted} accepted, {accepted_bent} of them bent");
    for (code, (ours, theirs)) in refused {
        println!("{ours:>9} refused as {code}, {theirs} of them verified by libxmlsec1");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(*messages > 100 && *accepted_bent > messages / 20, "{:?}", judges.tally);
}

fn keep(dice: &mut Dice, kept: &mut Vec<Seed>, seed: Seed) {
    if seed.text.len() > LONGEST {
        return;
    }
    if kept.len() < KEPT {
        kept.push(seed);
    } else {
        let at = dice.below(KEPT);
        kept[at] = seed;
    }
}

/// Bends a message; in most cases it is signed again, and now and then bent once more.
fn bend(dice: &mut Dice, signers: &Signers, seed: &Seed, other: &Seed) -> Option<Vec<u8>> {
    let other = Tree::read(&other.text)?;
    let mut tree = Tree::read(&seed.text)?;
    mutate::tree(dice, &mut tree, &other, 5);
    let mut text = tree.text();
    if !dice.one_in(5)
        && let Some(signed) = signers.all[seed.signer].sign_again(Some(dice), &text)
    {
        text = signed;
        if dice.one_in(4)
            && let Some(mut tree) = Tree::read(&text)
        {
            mutate::tree(dice, &mut tree, &other, 2);
            text = tree.text();
        }
    }
    let mut octets = text.into_bytes();
    if dice.one_in(8) {
        mutate::octets(dice, &mut octets);
    }
    Some(octets)
}

impl Judges {
    /// Both verify a message; wrong is where we accept what they do not, or hand on what they did not digest.
    fn judge(&mut self, message: &[u8], signer: usize) -> Result<(), Refusal> {
        self.tally.messages += 1;
        let document = Document::from_utf8(message, &Limits::default());
        let verified = document.as_ref().map_err(|wrong| Refusal::from(wrong.clone())).and_then(|document| {
            let envelope = Envelope::read(document)?;
            verify_envelope(envelope, &[], &self.signers, &[], Arrival(sign::now()), WINDOW_SECONDS)
        });
        match verified {
            Ok(verified) => {
                self.tally.accepted += 1;
                let signer = self.signers.of(&verified.certificate().fingerprint()).unwrap();
                let theirs = self.peer.ask(signer, message);
                if let Err(wrong) = agree(&verified, &theirs) {
                    self.tally.wrong.push(format!("{wrong}: {:?}", String::from_utf8_lossy(message)));
                }
                Ok(())
            }
            Err(refusal) => {
                let counts = self.tally.refused.entry(refusal.code.to_string()).or_default();
                counts.0 += 1;
                counts.1 += u64::from(matches!(self.peer.ask(signer, message), Verdict::Verified(_)));
                Err(refusal)
            }
        }
    }
}

/// Whether libxmlsec1 verified the very things that we hand on.
fn agree(ours: &VerifiedEnvelope<'_>, theirs: &Verdict) -> Result<(), &'static str> {
    let Verdict::Verified(Verified { signed_info, references }) = theirs else {
        return Err("we accept what libxmlsec1 does not");
    };
    let Evidence::Soap(evidence) = ours.evidence() else { return Err("the evidence is of another kind") };
    if evidence.signed_info != *signed_info {
        return Err("libxmlsec1's signature is over other octets");
    }
    let body = ours.payload().parent().ok_or("the payload stands nowhere")?;
    let root = body.parent().filter(|root| root.parent().is_none()).ok_or("the Body is not the Envelope's child")?;
    let elements: Vec<_> = core::iter::once(root).chain(root.descendants()).collect();
    let mut covered: Vec<_> = (0..elements.len()).filter(|number| ours.covers(elements[*number])).map(Some).collect();
    covered.sort_unstable();
    let mut referred: Vec<_> = references.iter().map(|reference| reference.element).collect();
    referred.sort_unstable();
    if covered != referred {
        return Err("libxmlsec1's references are to other elements");
    }
    let of = |number: Option<usize>| number.map(|number| elements[number]);
    let digested = references.iter().find(|reference| of(reference.element) == Some(body)).ok_or("no Body")?;
    if digested.octets != *ours.body_octets() || sha256(&digested.octets) != *ours.body_digest() {
        return Err("the Body that libxmlsec1 digests is another");
    }
    let is_timestamp =
        |number| of(number).is_some_and(|element| element.local() == "Timestamp" && element.parent() != Some(body));
    if !references.iter().any(|reference| is_timestamp(reference.element) && reference.octets == evidence.timestamp) {
        return Err("the Timestamp that libxmlsec1 digests is another");
    }
    Ok(())
}
