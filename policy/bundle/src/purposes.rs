//! `purposes.toml`: for which purposes the agency answers, on which law, and to whom.

use std::collections::BTreeMap;

use mohur_config::Table;
use mohur_policy::{Problem, PurposeRule};
use mohur_wire::Purpose;

use crate::errors::problems_of;
use crate::files::{Files, PURPOSES};
use crate::names::{Day, Words};

/// Reads the purposes; an agency without services needs none.
pub(crate) fn read(files: &Files, problems: &mut Vec<Problem>) -> BTreeMap<Purpose, PurposeRule> {
    let Some(text) = files.texts.get(PURPOSES) else { return BTreeMap::new() };
    let place = format!("{}/{PURPOSES}", files.name);
    let read = mohur_config::parse(&files.path(PURPOSES), text, |table| {
        let mut purposes = BTreeMap::new();
        for name in table.names() {
            let Some(mut inner) = table.optional_table(&name) else { continue };
            match name.parse::<Purpose>() {
                Ok(purpose) => purposes.extend(read_one(&mut inner, &place).map(|rule| (purpose, rule))),
                Err(error) => inner.error("", error.to_string(), "rename the purpose"),
            }
        }
        Some(purposes)
    });
    read.map_err(|errors| problems.extend(problems_of(&errors))).unwrap_or_default()
}

fn read_one(table: &mut Table, place: &str) -> Option<PurposeRule> {
    let uri = table.required::<Words>("uri");
    let law = table.required::<Words>("law");
    let dpv = table.required::<Words>("dpv");
    let has_claimants = table.has("claimants");
    let claimants = table.list("claimants");
    let acts_for = table.list("acts-for");
    let retention_days = table.required_number("retention-days", 0..=36_525);
    let case_required = table.flag("case-required");
    let valid_until = table.optional::<Day>("valid-until");
    if !has_claimants {
        table.error("claimants", "is missing", "list the members that may claim the purpose");
    }
    if case_required.is_none() {
        table.error("case-required", "is missing", "write true or false");
    }
    Some(PurposeRule {
        uri: uri?.0,
        law: law?.0,
        dpv: dpv?.0,
        claimants: claimants.into_iter().collect(),
        acts_for: acts_for.into_iter().collect(),
        retention_days: retention_days?,
        case_required: case_required?,
        valid_until: valid_until.map(|day| day.0),
        place: format!("{place}:{}", table.line()),
    })
}
