//! The policies that are shipped.

mod problems;

use std::path::{Path, PathBuf};

use mohur_policy::PolicySet;

use crate::{agency_folders, check, definition_digest, load_agency, load_all, load_definitions, run_tests};

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../agencies")
}

#[test]
fn the_shipped_policies_are_sound_and_their_tests_pass() {
    let agencies = check(&shipped()).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(agencies.len(), 15);
    assert_eq!(PolicySet::of(agencies).services().count(), 57);
    for folder in agency_folders(&shipped()).unwrap() {
        let report = run_tests(&folder).unwrap_or_else(|errors| panic!("{errors}"));
        assert!(report.failures.is_empty(), "{:#?}", report.failures);
        assert!(report.uncovered.is_empty(), "{}: {:?}", folder.display(), report.uncovered);
        assert!(report.cases > 0, "{}", folder.display());
    }
}

#[test]
fn host_and_broker_name_the_same_digest() {
    for agency in load_all(&shipped()).unwrap() {
        let folder = shipped().join(agency.agency().as_str().rsplit('/').next().unwrap());
        let alone = load_agency(&folder).unwrap();
        assert_eq!((alone.version(), alone.digest()), (agency.version(), agency.digest()));
    }
}

#[test]
fn the_shipped_definitions_are_those_of_the_design() {
    let definitions = load_definitions(&shipped()).unwrap();
    let [own_home, definition] = definitions.as_slice() else { panic!("two definitions") };
    assert_eq!((definition.id.as_str(), definition.version), ("issue-id-document", 1));
    assert_eq!((own_home.id.as_str(), own_home.version), ("issue-id-document-own-home", 1));
    let others: Vec<_> = own_home.legs.iter().filter(|leg| leg.id.as_str() != "home").cloned().collect();
    assert_eq!((others, own_home.legs.len()), (definition.legs.clone(), 5), "one leg beside those of the other");
    assert_eq!(
        definition.legs.iter().map(|leg| leg.id.as_str()).collect::<Vec<_>>(),
        ["birth", "marriage", "vitals", "fee"]
    );
    assert_eq!(definition.reserving_legs().count(), 1);
    let served: mohur_wire::bundle::Definition =
        serde_json::from_slice(&serde_json::to_vec(definition).unwrap()).unwrap();
    assert_eq!(definition_digest(&served), definition_digest(definition));
}

/// The first block of that language in the officer's guide.
fn block_of(language: &str) -> String {
    let guide = std::fs::read_to_string(shipped().join("../../docs/policy.md")).unwrap();
    let (_, rest) = guide.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_guide_shows_what_is_true() {
    let rules = std::fs::read_to_string(shipped().join("MOH/health-card.cedar")).unwrap();
    assert!(rules.contains(&block_of("cedar")), "the rule of docs/policy.md is the one in MOH/health-card.cedar");
    let copy = tempfile::tempdir().unwrap();
    let path = copy.path().join("facts.toml");
    let case = block_of("toml").replace("[[case]]\n", "");
    let facts: String = case
        .lines()
        .filter(|line| !line.starts_with("name") && !line.starts_with("expect"))
        .map(|line| format!("{line}\n"))
        .collect();
    std::fs::write(&path, facts).unwrap();
    let facts = crate::load_facts(&path).unwrap_or_else(|errors| panic!("{errors}"));
    let decision = mohur_policy::decide(&PolicySet::of(load_all(&shipped()).unwrap()), &facts);
    assert_eq!(crate::Expected::of(&decision), crate::Expected::Denied);
}
