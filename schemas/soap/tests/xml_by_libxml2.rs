//! What we read, libxml2 and the crate `xml` read in the same way, and our exclusive canonical forms are libxml2's octet by
//! octet: over documents from a grammar, over what becomes of them when octets are changed, and over recorded messages
//! where `MOHUR_SUITES` says where such are.
//!
//! Runs for `MOHUR_FUZZ_SECONDS` (20 where it is not set), from the seed `MOHUR_FUZZ_SEED` where it is set. Longer, by hand:
//! `MOHUR_FUZZ_SECONDS=3600 cargo test --release -p mohur-soap --test xml_by_libxml2 -- --nocapture`.
//!
//! Needs a C compiler, pkg-config's `libxml-2.0` and so Debian's `libxml2-dev`, which the README's test command installs.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

#[path = "xml_by_libxml2/generate.rs"]
mod generate;
#[path = "xml_by_libxml2/peers.rs"]
mod peers;

use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::time::{Duration, Instant};

use generate::Dice;
use mohur_soap::{Document, Element, Limits, XmlError, XmlProblem, c14n};
use peers::{LibXml2, Question};

/// What a run has seen.
#[derive(Debug, Default)]
struct Tally {
    documents: u64,
    accepted: u64,
    forms: u64,
}

#[test]
fn what_we_read_libxml2_and_xml_read_in_the_same_way() {
    let seconds = std::env::var("MOHUR_FUZZ_SECONDS").map_or(20, |seconds| seconds.parse().unwrap());
    let seed =
        std::env::var("MOHUR_FUZZ_SEED").map_or_else(|_| RandomState::new().hash_one(0), |seed| seed.parse().unwrap());
    println!("seed {seed}");
    let mut dice = Dice(seed);
    let mut peer = LibXml2::start();
    let mut tally = Tally::default();
    let recorded = recorded();
    for text in &recorded {
        let _ = compare(&mut dice, &mut peer, text.as_bytes(), &mut tally);
    }
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut before = generate::document(&mut dice);
    while Instant::now() < until {
        let text = if !recorded.is_empty() && dice.one_in(10) {
            recorded[dice.below(recorded.len())].clone()
        } else {
            let text = generate::document(&mut dice);
            let read = compare(&mut dice, &mut peer, text.as_bytes(), &mut tally);
            assert!(read.is_ok(), "the grammar's document is refused: {read:?}\n{text:?}");
            text
        };
        for _ in 0..8 {
            let mutated = generate::mutate(&mut dice, &text, &before);
            let _ = compare(&mut dice, &mut peer, &mutated, &mut tally);
        }
        before = text;
    }
    println!("{tally:?}");
    assert!(tally.documents > 100 && tally.accepted > tally.documents / 20, "{tally:?}");
}

/// Recorded messages, as texts; those that are not UTF-8 are left out.
fn recorded() -> Vec<String> {
    let Ok(suites) = std::env::var("MOHUR_SUITES") else {
        println!("MOHUR_SUITES is not set: no recorded messages among the documents");
        return Vec::new();
    };
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(Path::new(&suites).join("soap-captures")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "http") {
            let message = String::from_utf8(std::fs::read(path).unwrap()).unwrap();
            texts.extend(
                message.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).filter(|body| !body.is_empty()),
            );
        }
    }
    assert!(!texts.is_empty(), "no recorded messages in {suites}");
    texts
}

/// Reads a document with us and with the peers; panics where they disagree.
fn compare(dice: &mut Dice, peer: &mut LibXml2, octets: &[u8], tally: &mut Tally) -> Result<(), XmlError> {
    tally.documents += 1;
    let shown = || String::from_utf8_lossy(octets).into_owned();
    let document = match Document::from_utf8(octets, &Limits::default()) {
        Ok(document) => document,
        Err(wrong) => {
            if is_a_matter_of_wellformedness(&wrong.problem)
                && peer.ask(octets, &[]).is_some()
                && peers::by_xml(octets).is_ok()
            {
                panic!("we refuse what both read: {wrong}\n{:?}", shown());
            }
            return Err(wrong);
        }
    };
    tally.accepted += 1;
    let elements: Vec<Element<'_>> = core::iter::once(document.root()).chain(document.root().descendants()).collect();
    let questions: Vec<Question> = (0..1 + dice.below(3)).map(|_| question(dice, elements.len())).collect();
    let ours = listing(&elements);
    let Some(answer) = peer.ask(octets, &questions) else { panic!("libxml2 refuses what we read\n{:?}", shown()) };
    assert!(answer.listing == ours, "libxml2 reads otherwise\n{:?}\n{}\n{ours}", shown(), answer.listing);
    match peers::by_xml(octets) {
        Ok(listing) => assert!(listing == ours, "xml reads otherwise\n{:?}\n{listing}\n{ours}", shown()),
        Err(wrong) => panic!("xml refuses what we read: {wrong}\n{:?}", shown()),
    }
    for (question, theirs) in questions.iter().zip(answer.forms) {
        tally.forms += 1;
        let prefixes: Vec<&str> = question.prefixes.iter().map(String::as_str).collect();
        let own = String::from_utf8(c14n::exclusive(elements[question.element], &prefixes).unwrap()).unwrap();
        let Some(theirs) = theirs else { panic!("libxml2 has no canonical form\n{:?}\n{question:?}", shown()) };
        assert!(theirs == own, "libxml2's form is another\n{:?}\n{question:?}\n{theirs}\n{own}", shown());
        let again = Document::parse(&own, &Limits::default()).unwrap();
        let again = c14n::exclusive(again.root(), &prefixes).unwrap();
        assert!(again == own.as_bytes(), "the form of the form is another\n{:?}\n{question:?}", shown());
    }
    Ok(())
}

/// Is this about XML 1.0 and its namespaces, rather than about what we do not want?
fn is_a_matter_of_wellformedness(problem: &XmlProblem) -> bool {
    matches!(
        problem,
        XmlProblem::Malformed(_) | XmlProblem::Character | XmlProblem::Namespace(_) | XmlProblem::DuplicateAttribute
    )
}

fn question(dice: &mut Dice, elements: usize) -> Question {
    let mut prefixes = Vec::new();
    if dice.one_in(2) {
        for _ in 0..dice.below(4) {
            prefixes.push(match dice.pick(generate::PREFIXES) {
                "" => dice.pick(&["#default", "xml", "none"]).to_owned(),
                prefix => prefix.to_owned(),
            });
        }
    }
    Question { element: dice.below(elements), prefixes }
}

/// What the document says, as `reference.c` writes it.
fn listing(elements: &[Element<'_>]) -> String {
    let mut out = String::new();
    for element in elements {
        out += &format!("E{}", element.ancestors().count());
        peers::field(&mut out, element.namespace());
        peers::field(&mut out, element.local());
        let mut attributes: Vec<_> = element.attributes().collect();
        attributes.sort_by_key(|attribute| (attribute.namespace(), attribute.local()));
        for attribute in attributes {
            out.push('A');
            peers::field(&mut out, attribute.namespace());
            peers::field(&mut out, attribute.local());
            peers::field(&mut out, attribute.value());
        }
        if let Ok(text) = element.text() {
            out.push('T');
            peers::field(&mut out, &text);
        }
    }
    out
}
