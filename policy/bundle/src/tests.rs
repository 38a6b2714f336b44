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
    assert_eq!(PolicySet::of(agencies).services().count(), 59);
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

/// The bundles of the programme, and the second step or the other form of some of them.
const BUNDLES: [&str; 17] = [
    "border-first-line",
    "border-second-line",
    "border-second-line-vehicle",
    "carrier-pre-check",
    "crowd-alert",
    "crowd-alert-confirmed",
    "foreigner-permit",
    "interpol-full-record",
    "issue-id-document",
    "issue-id-document-own-home",
    "mobile-identity-check",
    "mobile-identity-check-no-document",
    "new-fin",
    "replace-lost-document",
    "return-certificate",
    "transport-credentials",
    "unknown-person",
];

#[test]
fn the_shipped_definitions_are_those_of_the_design() {
    let definitions = load_definitions(&shipped()).unwrap();
    let mut names: Vec<_> = definitions.iter().map(|definition| definition.id.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, BUNDLES);
    for definition in &definitions {
        let served: mohur_wire::bundle::Definition =
            serde_json::from_slice(&serde_json::to_vec(definition).unwrap()).unwrap();
        assert_eq!(definition_digest(&served), definition_digest(definition), "{}", definition.id);
        assert!(definition.left_out.is_empty(), "{}: the nation's definition leaves nothing out", definition.id);
    }
    let named = |name: &str| definitions.iter().find(|definition| definition.id.as_str() == name).unwrap();
    let (own_home, any_home) = (named("issue-id-document-own-home"), named("issue-id-document"));
    let others: Vec<_> = own_home.legs.iter().filter(|leg| leg.id.as_str() != "home").cloned().collect();
    assert_eq!(others, any_home.legs, "one leg beside those of the other");
    assert_eq!(any_home.reserving_legs().count(), 1);
    // At the border no register of births, of health or of banks is asked, and no FIN is sent to anybody.
    let first_line = named("border-first-line");
    for leg in &first_line.legs {
        assert_ne!(leg.subject, mohur_wire::subject::SubjectKind::Fin, "{}", leg.id);
        let service = leg.service.as_str();
        assert!(
            !["civil-registry", "health-card", "state-fees"].iter().any(|never| service.contains(never)),
            "{service}"
        );
    }
}

#[test]
fn a_sites_bundle_is_the_nations_without_what_it_says_that_it_leaves_out() {
    let nation = load_definitions(&shipped()).unwrap();
    let root = shipped().join("../sites/demo/MIA/bundles");
    let files = std::fs::read_dir(root).unwrap().map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
    let copy = tempfile::tempdir().unwrap();
    let folder = copy.path().join("MIA/bundles");
    std::fs::create_dir_all(&folder).unwrap();
    files.enumerate().for_each(|(at, text)| std::fs::write(folder.join(format!("{at}.toml")), text).unwrap());
    let site = load_definitions(copy.path()).unwrap();
    assert_eq!(site.len(), 2);
    for variant in site {
        let whole = nation.iter().find(|definition| definition.id == variant.id).unwrap();
        assert_eq!((&variant.purpose, &variant.title, &variant.words), (&whole.purpose, &whole.title, &whole.words));
        let (kept, left): (Vec<_>, Vec<_>) =
            whole.legs.iter().cloned().partition(|leg| !variant.left_out.iter().any(|left_out| left_out.id == leg.id));
        assert_eq!(kept, variant.legs, "{}", variant.id);
        let said: Vec<_> = variant.left_out.iter().map(|left_out| (&left_out.id, &left_out.title)).collect();
        assert_eq!(left.iter().map(|leg| (&leg.id, &leg.title)).collect::<Vec<_>>(), said, "{}", variant.id);
    }
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
