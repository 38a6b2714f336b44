//! The definitions of a site that has every register and no biometric services: the nation's own, each without its biometric legs,
//! which it lists as left out.

use std::fs;
use std::path::Path;

/// Lays these definitions over those in a folder of policies, and seals what changed.
pub(super) fn without_biometrics(policy: &Path) {
    let nation = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policy/agencies");
    for agency in fs::read_dir(&nation).unwrap().map(|entry| entry.unwrap()) {
        let bundles = agency.path().join("bundles");
        let Ok(definitions) = fs::read_dir(&bundles) else { continue };
        let here = policy.join(agency.file_name());
        for definition in definitions.map(|entry| entry.unwrap()) {
            let text = fs::read_to_string(definition.path()).unwrap();
            fs::write(here.join("bundles").join(definition.file_name()), without(&text)).unwrap();
        }
        mohur_policy_bundle::seal(&here, None).unwrap();
    }
}

/// A definition whose every leg is biometric stays as it is: without them it would be none.
fn without(definition: &str) -> String {
    let mut parts = definition.split("[[legs]]");
    let head = parts.next().unwrap();
    let (biometric, others): (Vec<&str>, Vec<&str>) = parts.partition(|leg| leg.contains("/biometrics/"));
    if others.is_empty() || biometric.is_empty() {
        return definition.to_owned();
    }
    let left_out = biometric
        .iter()
        .map(|leg| format!("[[left-out]]\n{}\n{}\n\n", line(leg, "id = ").unwrap(), line(leg, "title = ").unwrap()));
    // Of a group of which one is enough, the only one that is left is wanted by itself.
    let is_alone = |group: &str| others.iter().filter(|leg| line(leg, "any-of = ") == Some(group)).count() == 1;
    let legs = others.iter().map(|leg| {
        let is_alone = line(leg, "any-of = ").is_some_and(is_alone);
        let of_the_group = |line: &&str| ["any-of = ", "decisive = "].iter().any(|key| line.starts_with(key));
        let lines = leg.split_inclusive('\n').filter(|line| !(is_alone && of_the_group(line)));
        format!("[[legs]]{}", lines.collect::<String>())
    });
    [head.to_owned()].into_iter().chain(left_out).chain(legs).collect()
}

fn line<'a>(leg: &'a str, begins: &str) -> Option<&'a str> {
    leg.lines().find(|line| line.starts_with(begins))
}
