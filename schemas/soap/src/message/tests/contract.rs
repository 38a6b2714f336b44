//! `mohur.xsd` says what the types say: every list is the same, every element is explained, and what is written is
//! valid. Needs Debian's `libxml2-utils`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use mohur_wire::bundle::Outcome;
use mohur_wire::{Operation, RefusalCode, Verb, Verdict};
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::*;

const XS: &str = "http://www.w3.org/2001/XMLSchema";

fn schema() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../contracts/mohur.xsd")
}

fn listed(schema: Element<'_>, name: &str) -> Vec<String> {
    let kind = schema.children().find(|kind| kind.local() == "simpleType" && kind.attribute("", "name") == Some(name));
    let values = kind.unwrap().descendants().filter(|facet| facet.is(XS, "enumeration"));
    values.map(|facet| facet.attribute("", "value").unwrap().to_owned()).collect()
}

#[test]
fn the_lists_of_the_schema_are_the_lists_of_the_types() {
    with(crate::contract::xsd("mohur.xsd").unwrap(), |schema| {
        let names = |all: &[&'static str]| all.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(listed(schema, "Verb"), names(&Verb::ALL.map(Verb::as_str)));
        assert_eq!(listed(schema, "Operation"), names(&Operation::ALL.map(Operation::as_str)));
        assert_eq!(listed(schema, "Verdict"), names(&Verdict::ALL.map(Verdict::as_str)));
        assert_eq!(listed(schema, "Outcome"), names(&Outcome::ALL.map(Outcome::as_str)));
        assert_eq!(listed(schema, "Finding"), ["found", "absent"]);
        assert_eq!(listed(schema, "ValueType"), ["text", "number", "flag", "base64"]);
        let codes: Vec<_> = RefusalCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(listed(schema, "Code"), names(&codes));
    });
}

#[test]
fn every_element_and_every_type_is_explained() {
    with(crate::contract::xsd("mohur.xsd").unwrap(), |schema| {
        let explains = ["element", "complexType", "simpleType"];
        for item in schema.descendants().filter(|item| explains.contains(&item.local())) {
            let said = item.child(XS, "annotation").and_then(|note| note.child(XS, "documentation"));
            let name = item.attribute("", "name").unwrap_or_default();
            assert!(said.is_some_and(|said| said.text().unwrap().trim().len() > 5), "{name}");
        }
    });
}

/// The elements that a message of ours may have: what is written by chance has them all, and the schema has no other.
#[test]
fn the_schema_has_the_elements_that_are_written_and_no_other() {
    let mut written: BTreeSet<String> = BTreeSet::new();
    for text in messages(400) {
        with(&text, |root| {
            let all = std::iter::once(root).chain(root.descendants());
            written.extend(all.filter(|item| item.namespace() == crate::ns::MOHUR).map(|item| item.local().to_owned()));
        });
    }
    let known: BTreeSet<String> = with(crate::contract::xsd("mohur.xsd").unwrap(), |schema| {
        let elements = schema.descendants().filter(|item| item.is(XS, "element"));
        elements.map(|item| item.attribute("", "name").unwrap().to_owned()).collect()
    });
    assert_eq!(written, known);
}

/// Messages of every kind, the same ones each time.
fn messages(of_each: usize) -> Vec<String> {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut texts = Vec::new();
    for _ in 0..of_each {
        texts.push(query_xml(&queries().new_tree(&mut runner).unwrap().current()));
        texts.push(answer_xml(&answers().new_tree(&mut runner).unwrap().current()));
        let (said, copies) = bundle_answers().new_tree(&mut runner).unwrap().current();
        texts.push(bundle_answer_xml(&said.bundle, &said, &copies));
        let refusal = refusals().new_tree(&mut runner).unwrap().current();
        let fault = fault::fault(Version::Soap11, &refusal, Some("q-1"));
        texts.push(with(&fault, |root| {
            let said = root.descendants().find(|item| item.local() == "refusal").unwrap();
            String::from_utf8(c14n::exclusive(said, &[]).unwrap()).unwrap()
        }));
        let caller = any::members().new_tree(&mut runner).unwrap().current();
        let id = any::ids().new_tree(&mut runner).unwrap().current();
        let digests = vec![[7; 32], [8; 32]];
        let poll = Poll { id: id.clone(), caller: caller.clone(), bundle: id.clone() };
        texts.push(bundle_xml(&BundleRequest { id: id.clone(), caller, definition: id, version: 1, digests }));
        texts.push(poll_xml(&poll));
        texts.push(openings_xml(&["eyJh".to_owned()]));
    }
    texts
}

/// Which of these texts the schema accepts, by `xmllint`.
fn valid(texts: &[String]) -> BTreeMap<usize, bool> {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (number, text) in texts.iter().enumerate() {
        std::fs::write(folder.join(format!("{number}.xml")), text).unwrap();
    }
    let files = (0..texts.len()).map(|number| folder.join(format!("{number}.xml")));
    let output = Command::new("xmllint").arg("--noout").arg("--schema").arg(schema()).args(files).output();
    let output = output.unwrap_or_else(|error| {
        panic!("xmllint cannot be run ({error}): install it with `apt-get install libxml2-utils`, as integration-tests/all does")
    });
    let said = String::from_utf8_lossy(&output.stderr);
    let verdicts = said.lines().filter_map(|line| {
        let (file, valid) = match line.strip_suffix(" validates") {
            Some(file) => (file, true),
            None => (line.strip_suffix(" fails to validate")?, false),
        };
        Some((Path::new(file).file_stem()?.to_str()?.parse().ok()?, valid))
    });
    let verdicts: BTreeMap<usize, bool> = verdicts.collect();
    assert_eq!(verdicts.len(), texts.len(), "{said}");
    if verdicts.values().any(|valid| !valid) {
        println!("{said}");
    }
    verdicts
}

#[test]
fn what_is_written_is_valid() {
    let texts = messages(60);
    for (number, valid) in valid(&texts) {
        assert!(valid, "{}", texts[number]);
    }
}

/// The schema is no looser than the reader where it can say the same: these are refused by both.
#[test]
fn what_the_schema_can_refuse_it_refuses_like_the_reader() {
    let right = messages(1).remove(0);
    let change = |from: &str, to: &str| right.replacen(from, to, 1);
    let wrong = [
        change("<m:salt>", "<m:salt>?"),
        change("<m:id>", "<m:id>ə"),
        change("<m:caller>", "<m:caller>/"),
        change("<m:service>", "<m:service>/"),
        change("<m:verb>", "<m:verb>x"),
        change("<m:purpose>", "<m:purpose> "),
        change("<m:subject>", "<m:subject><m:x></m:x>"),
        change("</m:query>", "<m:more></m:more></m:query>"),
        change("<m:id>", "<m:id>x</m:id><m:id>"),
        change("<m:official>", "<m:official></m:official><m:official>"),
        change("<m:query ", "<m:query a=\"1\" "),
    ];
    let verdicts = valid(&wrong);
    for (number, text) in wrong.iter().enumerate() {
        assert!(!verdicts[&number], "{text}");
        assert!(with(text, query).is_err(), "{text}");
    }
}
