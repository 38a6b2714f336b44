//! Every kind of mistake in a folder is named with its file and its line.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::{check, load_agency, run_tests, seal};

/// A copy of the shipped policies that may be spoiled.
struct Copy(TempDir);

impl Copy {
    fn new() -> Self {
        let copy = Self(tempfile::tempdir().unwrap());
        copy_folder(&super::shipped(), copy.0.path());
        copy
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Replaces a text that stands in a file exactly once, and gives its line.
    #[track_caller]
    fn replace(&self, name: &str, from: &str, to: &str) -> usize {
        let text = fs::read_to_string(self.path(name)).unwrap();
        assert_eq!(text.matches(from).count(), 1, "{name}: {from}");
        let line = text.split(from).next().unwrap().lines().count().max(1);
        let at_start = text.split(from).next().unwrap().ends_with('\n');
        self.write(name, &text.replace(from, to));
        line + usize::from(at_start)
    }

    /// What is wrong with the folders, without the digests that no longer fit.
    fn problems(&self) -> Vec<String> {
        let errors = check(self.0.path()).expect_err("must not load").to_string();
        let root = format!("{}/", self.0.path().display());
        errors.lines().map(|line| line.replace(&root, "")).filter(|line| !line.contains("were sealed")).collect()
    }

    #[track_caller]
    fn complains(&self, place: &str, what: &str) {
        let found = self.problems();
        assert!(found.iter().any(|line| line.starts_with(&format!("{place}: ")) && line.contains(what)), "{found:#?}");
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Spoils one file and expects a problem at the line of the change.
#[track_caller]
fn spoil(name: &str, from: &str, to: &str, what: &str) {
    let copy = Copy::new();
    let line = copy.replace(name, from, to);
    copy.complains(&format!("{name}:{line}"), what);
}

#[test]
fn purposes() {
    let file = "MOH/purposes.toml";
    spoil(file, "retention-days = 365", "retention-days = \"long\"", "retention-days");
    spoil(file, "case-required = true", "case-required = 1", "case-required");
    spoil(file, "claimants = [", "claimant = [", "did you mean claimants");
    spoil(file, "AZ/GOV/MIA/id-cards", "AZ/GOV/MIA", "claimants");
    spoil(file, "case-required = true", "quota = 5\ncase-required = true", "quota: is not a known key");
}

#[test]
fn releases() {
    let file = "MOH/release.toml";
    spoil(
        file,
        "id = \"AZ/GOV/MOH/health-card/vitals/v1\"",
        "id = \"AZ/GOV/MOJ/civil-registry/birth/v1\"",
        "not a service of",
    );
    spoil(file, "name = \"blood-group\"", "name = \"Blood Group\"", "lower-case letters");
    spoil(file, "fields = [\"eyeColour\", \"height\"]", "fields = [\"bloodGroup\"]", "through two groups");
    spoil(file, "conceal-absent = true", "conceal-abscent = true", "conceal-abscent");
    let mask = "birthDate = \"year\"\nfamilyName";
    spoil("MOJ/release.toml", mask, "birthDate = \"half\"\nfamilyName", "no such mask");
    spoil("MOJ/release.toml", mask, "birthDay = \"year\"\nfamilyName", "no group lets this field be read");
    spoil("BANK/release.toml", "operation = \"consume\"", "operation = \"eat\"", "reserve, consume or release");
    spoil("BANK/release.toml", "operation = \"consume\"", "operation = \"reserve\"", "stands twice");
    let age = "verbs = [\"verify\"]\nfields = [\"age\"]\n\n# Whoever";
    spoil("MOJ/release.toml", age, &age.replace("verify", "change"), "service.change");
}

#[test]
fn rules_cases_and_definitions() {
    spoil("MOH/health-card.cedar", "@note(", "@notes(", "no annotation @notes");
    spoil("MOH/health-card.cedar", "Purpose::\"issue-id-document\"", "Purpose::\"issue-passport\"", "issue-passport");
    spoil("MIA/bundles/issue-id-document.toml", "id = \"marriage\"", "speed = 1\nid = \"marriage\"", "speed");
    spoil("MIA/bundles/issue-id-document.toml", "clear-when = [\"value\"]", "clear-when = [\"green\"]", "clear-when");
    let copy = Copy::new();
    let line =
        copy.replace("MIA/bundles/issue-id-document.toml", "clear-when = [\"value\"]", "clear-when = [\"unknown\"]");
    copy.complains(&format!("MIA/bundles/issue-id-document.toml:{line}"), "not an answer");
    let issue = "MIA/bundles/issue-id-document.toml";
    spoil(issue, "{ holder = \"fin\" }", "{ holder = \"person\" }", "part of a key");
    spoil(issue, "{ listed = false }", "{ listed = 0.5 }", "expect.listed");
    spoil(issue, "{ listed = false }", "{ Listed = false }", "no field's name");
    let words = "words = { clear = \"green\", not-clear = \"second line\", incomplete = \"second line\" }";
    spoil("SBS/bundles/border-first-line.toml", words, "words = { clear = \"green\" }", "words: name clear");
    spoil(
        "SBS/bundles/border-second-line.toml",
        "untied = [\"name-and-birth-date\"]",
        "untied = [\"names\"]",
        "untied",
    );
    let copy = Copy::new();
    copy.write("MOH/tests/health-card.toml", "[[case]]\nname = \"x\"\ncaller = \"nobody\"\nexpect = \"perhaps\"\n");
    copy.complains("MOH/tests/health-card.toml:3", "caller");
    copy.complains("MOH/tests/health-card.toml:4", "permitted, denied or unavailable");
    copy.complains("MOH/tests/health-card.toml:1", "service: is missing");
}

#[test]
fn a_file_that_nobody_would_read_is_refused() {
    let copy = Copy::new();
    copy.write("MOH/never.cedra", "@id(\"x\") forbid (principal, action, resource);");
    copy.complains("MOH/never.cedra", "is not read as policy");
    let copy = Copy::new();
    copy.write("GOVERNANCE/purposes.toml", "");
    copy.complains("GOVERNANCE/purposes.toml", "does not belong to the governance rules");
}

#[test]
fn without_governance_nothing_loads() {
    let copy = Copy::new();
    fs::remove_dir_all(copy.path("GOVERNANCE")).unwrap();
    copy.complains("GOVERNANCE", "is missing");
    let errors = load_agency(&copy.path("MOH")).expect_err("must not load").to_string();
    assert!(errors.contains("GOVERNANCE: is missing"), "{errors}");
}

#[test]
fn a_governance_rule_about_a_purpose_that_nobody_declares_is_a_slip() {
    let copy = Copy::new();
    let rules = fs::read_to_string(copy.path("GOVERNANCE/above-all.cedar")).unwrap();
    let slip = "\n@id(\"gov-slip\") forbid (principal, action, resource) when { context.purpose == Purpose::\"credit-chek\" };\n";
    copy.write("GOVERNANCE/above-all.cedar", &(rules.clone() + slip));
    seal(&copy.path("GOVERNANCE"), None).unwrap();
    copy.complains(
        &format!("GOVERNANCE/above-all.cedar:{}", rules.lines().count() + 2),
        "no agency declares the purpose credit-chek",
    );
}

#[test]
fn a_changed_file_is_noticed_until_it_is_sealed_and_the_version_rises() {
    let copy = Copy::new();
    let before = load_agency(&copy.path("MOH")).unwrap();
    copy.replace("MOH/release.toml", "conceal-absent = true", "conceal-absent = false");
    let errors = check(&copy.path("MOH")).expect_err("must not load").to_string();
    assert!(errors.contains("MOH/manifest.toml:4: digest: the files are not the ones that were sealed"), "{errors}");
    let sealed = seal(&copy.path("MOH"), None).unwrap();
    assert!(sealed.changed);
    assert_eq!(sealed.version, before.version() + 1);
    let after = load_agency(&copy.path("MOH")).unwrap();
    assert_eq!(after.version(), sealed.version);
    assert_ne!(after.digest(), before.digest());
    assert!(!seal(&copy.path("MOH"), None).unwrap().changed);
    // A version that was lowered by hand is another policy.
    let (raised, lowered) = (format!("version = {}", sealed.version), format!("version = {}", before.version()));
    copy.replace("MOH/manifest.toml", &raised, &lowered);
    assert!(load_agency(&copy.path("MOH")).is_err());
}

#[test]
fn governance_is_part_of_what_the_directory_names() {
    let copy = Copy::new();
    let before = load_agency(&copy.path("MOH")).unwrap().digest();
    copy.replace("GOVERNANCE/above-all.cedar", "@note(\"A register", "@note(\"Any register");
    seal(&copy.path("GOVERNANCE"), None).unwrap();
    assert_ne!(load_agency(&copy.path("MOH")).unwrap().digest(), before);
}

#[test]
fn a_stale_schema_is_noticed() {
    let copy = Copy::new();
    copy.replace("MOH/schema.cedarschema", "action \"read:appearance\"", "action \"read:everything\"");
    copy.complains("MOH/schema.cedarschema", "not the generated one");
}

#[test]
fn a_failing_case_names_its_line_and_the_rules_that_no_case_rests_on() {
    let copy = Copy::new();
    let case = "[[case]]\nname = \"a bank\"\ncaller = \"AZ/COM/BANK/credit\"\nservice = \"AZ/GOV/MOH/health-card/vitals/v1\"\n\
                verb = \"read\"\nfields = [\"bloodGroup\"]\npurpose = \"issue-id-document\"\nexpect = \"permitted\"\n";
    copy.write("MOH/tests/health-card.toml", &format!("\n{case}"));
    let report = run_tests(&copy.path("MOH")).unwrap();
    let [failure] = report.failures.as_slice() else { panic!("{report:?}") };
    assert!(failure.problem.file.ends_with("MOH/tests/health-card.toml"));
    assert_eq!(failure.problem.line, 2);
    assert!(failure.problem.what.contains("expected permitted, got denied"), "{}", failure.problem);
    assert!(failure.reasons[0].contains("not among the claimants"), "{:?}", failure.reasons);
    let [rule] = report.uncovered.as_slice() else { panic!("{:?}", report.uncovered) };
    assert_eq!((&*rule.id, report.rules), ("moh-vitals-issue-id-document", 1));
}

#[test]
fn a_folder_that_is_not_there_is_said_so() {
    let copy = Copy::new();
    assert!(load_agency(&copy.path("TAX")).expect_err("no folder").to_string().contains("cannot be read"));
    fs::create_dir(copy.path("TAX")).unwrap();
    copy.complains("TAX/manifest.toml", "is missing");
}
