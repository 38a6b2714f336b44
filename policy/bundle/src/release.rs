//! `release.toml`: what each service may release, in groups of fields, and under which masks.

use std::collections::{BTreeMap, BTreeSet};

use mohur_config::Table;
use mohur_policy::{AgencyId, Change, FieldGroup, Mask, Problem, ServiceRelease};
use mohur_wire::{FieldName, ServiceId, Verb};

use crate::errors::problems_of;
use crate::files::{Files, RELEASE};
use crate::names::{GroupName, OperationName, VerbName};

/// Reads the services.
pub(crate) fn read(
    files: &Files,
    agency: &AgencyId,
    problems: &mut Vec<Problem>,
) -> BTreeMap<ServiceId, ServiceRelease> {
    let Some(text) = files.texts.get(RELEASE) else { return BTreeMap::new() };
    let read = mohur_config::parse(&files.path(RELEASE), text, |table| {
        let mut services = BTreeMap::new();
        for mut service in table.tables("service") {
            let id = service.required::<ServiceId>("id");
            let release = read_service(&mut service);
            let Some(id) = id else { continue };
            if !agency.owns(&id) {
                let what = format!("{id} is not a service of {agency}");
                service.error("id", what, "an agency decides on its own services only");
            }
            if services.insert(id, release).is_some() {
                service.error("id", "stands twice", "put the groups of one service together");
            }
        }
        Some(services)
    });
    read.map_err(|errors| problems.extend(problems_of(&errors))).unwrap_or_default()
}

fn read_service(table: &mut Table) -> ServiceRelease {
    let conceal_absent = table.flag("conceal-absent").unwrap_or(false);
    let mut taken = BTreeSet::new();
    let mut groups: Vec<FieldGroup> = Vec::new();
    for mut group in table.tables("group") {
        let Some(found) = read_group(&mut group, &mut taken) else { continue };
        if groups.iter().any(|other| other.name == found.name) {
            group.error("name", format!("a second group is named {}", found.name), "give each group its own name");
        }
        groups.push(found);
    }
    let mut changes: Vec<Change> = Vec::new();
    for mut change in table.tables("change") {
        let operation = change.required::<OperationName>("operation");
        let fields = fields(&mut change);
        let Some(OperationName(operation)) = operation else { continue };
        if changes.iter().any(|other| other.operation == operation) {
            change.error("operation", "stands twice", "put the fields of one operation together");
        }
        changes.push(Change { operation, fields });
    }
    if groups.is_empty() && changes.is_empty() {
        table.error("", "releases nothing", "add [[service.group]] or [[service.change]]");
    }
    let masks = read_masks(table, &taken);
    ServiceRelease { conceal_absent, groups, masks, changes }
}

fn read_group(table: &mut Table, taken: &mut BTreeSet<(Verb, FieldName)>) -> Option<FieldGroup> {
    let name = table.required::<GroupName>("name");
    let verbs: Vec<Verb> = table.list("verbs").into_iter().map(|VerbName(verb)| verb).collect();
    let fields = fields(table);
    if verbs.is_empty() {
        table.error("verbs", "names no verb", "write some of read, match, verify");
    }
    if verbs.contains(&Verb::Change) {
        table.error("verbs", "change touches no group of fields", "declare it as [[service.change]]");
    }
    for verb in &verbs {
        for field in &fields {
            if !taken.insert((*verb, field.clone())) {
                let what = format!("{field} can be reached by {verb} through two groups or twice in this one");
                table.error("fields", what, "keep it in one group, so that one rule decides on it");
            }
        }
    }
    Some(FieldGroup { name: name?.0, verbs, fields })
}

fn fields(table: &mut Table) -> BTreeSet<FieldName> {
    let fields: Vec<FieldName> = table.list("fields");
    if fields.is_empty() {
        table.error("fields", "names no field", "write the names of the fields");
    }
    fields.into_iter().collect()
}

fn read_masks(table: &mut Table, taken: &BTreeSet<(Verb, FieldName)>) -> BTreeMap<FieldName, Mask> {
    let mut masks = BTreeMap::new();
    let Some(mut inner) = table.optional_table("masks") else { return masks };
    for name in inner.names() {
        let mask = inner.optional::<Mask>(&name);
        match name.parse::<FieldName>() {
            Ok(field) if taken.contains(&(Verb::Read, field.clone())) => masks.extend(mask.map(|mask| (field, mask))),
            Ok(_) | Err(_) => inner.error(&name, "no group lets this field be read", "correct the field's name"),
        }
    }
    masks
}
