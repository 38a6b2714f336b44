//! A small agency for tests.

use std::collections::{BTreeMap, BTreeSet};

use mohur_wire::{FieldName, Operation, Verb};

use crate::{AgencyModel, AgencyPolicy, Change, Facts, FieldGroup, Governance, Mask, PolicySet, Problem, PurposeRule};
use crate::{ServiceRelease, Source, compile};

pub(crate) const SERVICE: &str = "AZ/GOV/MOH/health-card/vitals/v1";
pub(crate) const OFFICE: &str = "AZ/GOV/MIA/id-cards";
pub(crate) const BANK: &str = "AZ/COM/BANK/credit";

pub(crate) fn names(names: &[&str]) -> BTreeSet<FieldName> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn group(name: &str, verbs: &[Verb], fields: &[&str]) -> FieldGroup {
    FieldGroup { name: name.to_owned(), verbs: verbs.to_vec(), fields: names(fields) }
}

fn purpose(claimants: &[&str], case_required: bool) -> PurposeRule {
    PurposeRule {
        uri: "https://purposes.example/x".to_owned(),
        law: "Law, Art. 1".to_owned(),
        dpv: "dpv:IdentityVerification".to_owned(),
        claimants: claimants.iter().map(|name| name.parse().unwrap()).collect(),
        acts_for: BTreeSet::from(["AZ/GOV/MFA/consulates".parse().unwrap()]),
        retention_days: 1,
        case_required,
        valid_until: Some("2030-01-01T00:00:00Z".parse().unwrap()),
        place: "MOH/purposes.toml:1".to_owned(),
    }
}

pub(crate) fn model() -> AgencyModel {
    let release = ServiceRelease {
        conceal_absent: true,
        groups: vec![
            group("blood-group", &[Verb::Read, Verb::Match], &["bloodGroup"]),
            group("person", &[Verb::Read, Verb::Match], &["birthDate", "familyName"]),
            group("age", &[Verb::Verify], &["age"]),
            group("whole", &[Verb::Read], &["message", "messageType"]),
        ],
        masks: BTreeMap::from([("familyName".parse().unwrap(), Mask::Initials)]),
        changes: vec![
            Change { operation: Operation::Reserve, fields: names(&["state", "expires"]) },
            Change { operation: Operation::Consume, fields: names(&["state"]) },
        ],
    };
    AgencyModel {
        agency: "AZ/GOV/MOH".parse().unwrap(),
        version: 7,
        digest: [7; 32],
        purposes: BTreeMap::from([
            ("issue".parse().unwrap(), purpose(&[OFFICE, BANK], true)),
            ("other".parse().unwrap(), purpose(&[OFFICE], false)),
        ]),
        services: BTreeMap::from([(SERVICE.parse().unwrap(), release)]),
    }
}

pub(crate) fn source(name: &str, text: &str) -> Source {
    Source { path: format!("policy/{name}"), name: name.to_owned(), text: text.to_owned() }
}

/// A permit of the office for the purpose `issue`.
pub(crate) fn permit(head: &str, actions: &str, rest: &str) -> String {
    format!(
        "{head}\npermit (principal == Member::\"{OFFICE}\", action in [{actions}], resource == Service::\"{SERVICE}\")\n\
         when {{ context.purpose == Purpose::\"issue\" {rest} }};\n"
    )
}

pub(crate) fn agency(rules: &str, above: &str) -> Result<AgencyPolicy, Vec<Problem>> {
    let governance = Governance::compile(&[source("GOVERNANCE/above.cedar", above)])?;
    compile(model(), &[source("MOH/rules.cedar", rules)], &governance)
}

pub(crate) fn policies(rules: &str, above: &str) -> PolicySet {
    PolicySet::of([agency(rules, above).unwrap_or_else(|problems| panic!("{problems:#?}"))])
}

pub(crate) fn facts(verb: Verb, fields: &[&str]) -> Facts {
    Facts {
        caller: OFFICE.parse().unwrap(),
        service: SERVICE.parse().unwrap(),
        verb,
        operation: None,
        purpose: "issue".parse().unwrap(),
        fields: names(fields),
        has_case: true,
        on_behalf_of: None,
        bundle: None,
        encloses: false,
        at: "2026-05-01T08:00:00Z".parse().unwrap(),
    }
}
