//! Bundle definitions, `bundles/*.toml` in the folder of the agency that asks.

use std::collections::BTreeMap;
use std::path::Path;

use mohur_config::{Scalar, Table};
use mohur_crypto::{Digest, sha256};
use mohur_policy::Problem;
use mohur_wire::bundle::{Definition, LeftOut, Leg, Outcome};
use mohur_wire::{FieldName, Value};

use crate::PolicyErrors;
use crate::errors::{problems_of, whole};
use crate::files::{Files, agency_folders};
use crate::names::{OperationName, VerbName, VerdictName, Words};

/// Longest deadline of a leg, in milliseconds.
const MAX_DEADLINE_MS: u64 = 300_000;

/// Loads the definitions of every agency in `root`, or of one agency's folder.
pub fn load_definitions(root: &Path) -> Result<Vec<Definition>, PolicyErrors> {
    let mut problems = Vec::new();
    let definitions = if crate::is_agency_folder(root) {
        read_folder(&Files::read(root, &mut problems), &mut problems)
    } else {
        read_all(root, &mut problems)
    };
    PolicyErrors::or(Some(definitions), problems, root)
}

/// The digest that the directory names: SHA-256 of the compact JSON that the broker serves.
pub fn definition_digest(definition: &Definition) -> Digest {
    // INVARIANT: a definition has string keys only, so it always serialises.
    sha256(&serde_json::to_vec(definition).unwrap_or_default())
}

pub(crate) fn read_all(root: &Path, problems: &mut Vec<Problem>) -> Vec<Definition> {
    let mut all: Vec<Definition> = Vec::new();
    for folder in agency_folders(root).unwrap_or_default() {
        // Files that do not belong are the policy loader's to report.
        let files = Files::read(&folder, &mut Vec::new());
        for definition in read_folder(&files, problems) {
            if all.iter().any(|other| other.id == definition.id) {
                problems.push(whole(&folder, format!("bundle {} is defined twice; rename one", definition.id)));
            }
            all.push(definition);
        }
    }
    all
}

pub(crate) fn read_folder(files: &Files, problems: &mut Vec<Problem>) -> Vec<Definition> {
    let mut definitions = Vec::new();
    for (name, text) in files.in_folder("bundles/") {
        match mohur_config::parse(&files.path(name), text, read) {
            Ok(definition) => definitions.push(definition),
            Err(errors) => problems.extend(problems_of(&errors)),
        }
    }
    definitions
}

fn read(table: &mut Table) -> Option<Definition> {
    let id = table.required("id");
    let version = table.required_number("version", 1..=u32::MAX);
    let title = table.required::<Words>("title");
    let purpose = table.required("purpose");
    let untied = table.list("untied");
    let words = read_words(table);
    let left_out = table.tables("left-out").iter_mut().filter_map(read_left_out).collect();
    let mut legs = Vec::new();
    let mut lines = Vec::new();
    let mut sound = true;
    for mut leg in table.tables("legs") {
        match read_leg(&mut leg) {
            Some(read) => legs.push(read),
            None => sound = false,
        }
        lines.push(leg);
    }
    let (id, version, title, purpose) = (id?, version?, title?.0, purpose?);
    let definition = Definition { id, version, title, purpose, untied, words, left_out, legs };
    if sound {
        for problem in definition.problems() {
            complain(table, &definition, &lines, &problem);
        }
    }
    Some(definition)
}

/// Puts a problem of the definition at the last leg that it speaks of.
fn complain(table: &Table, definition: &Definition, lines: &[Table], problem: &str) {
    let speaks_of = |leg: &Leg| problem.starts_with(&format!("leg {}:", leg.id));
    match definition.legs.iter().rposition(speaks_of).and_then(|at| lines.get(at)) {
        Some(leg) if problem.contains("clear-when") => leg.error("clear-when", problem, "correct the leg"),
        Some(leg) => leg.error("", problem, "correct the leg"),
        None => {
            let key = ["words", "untied", "left-out"].into_iter().find(|key| problem.starts_with(&format!("{key}:")));
            table.error(key.unwrap_or("legs"), problem, "correct the definition");
        }
    }
}

fn read_words(table: &mut Table) -> BTreeMap<Outcome, String> {
    let Some(mut inner) = table.optional_table("words") else { return BTreeMap::new() };
    let read = |outcome: Outcome| Some((outcome, inner.optional::<Words>(outcome.as_str())?.0));
    Outcome::ALL.into_iter().filter_map(read).collect()
}

fn read_left_out(table: &mut Table) -> Option<LeftOut> {
    let id = table.required("id");
    let title = table.required::<Words>("title");
    Some(LeftOut { id: id?, title: title?.0 })
}

/// A table whose keys are fields.
fn by_field<T>(table: &mut Table, key: &str, read: impl Fn(&mut Table, &str) -> Option<T>) -> BTreeMap<FieldName, T> {
    let Some(mut inner) = table.optional_table(key) else { return BTreeMap::new() };
    let mut map = BTreeMap::new();
    for name in inner.names() {
        match (name.parse(), read(&mut inner, &name)) {
            (Ok(field), Some(value)) => _ = map.insert(field, value),
            (Err(_), _) => inner.error(&name, "is no field's name", "correct it"),
            (Ok::<FieldName, _>(_), None) => {}
        }
    }
    map
}

fn read_value(table: &mut Table, key: &str) -> Option<Value> {
    Some(match table.scalar(key)? {
        Scalar::Text(text) => Value::Text(text),
        Scalar::Number(number) => Value::Number(number),
        Scalar::Flag(flag) => Value::Flag(flag),
    })
}

fn read_leg(table: &mut Table) -> Option<Leg> {
    let id = table.required("id");
    let title = table.required::<Words>("title");
    let service = table.required("service");
    let verb = table.required::<VerbName>("verb");
    let subject = table.optional("subject").unwrap_or_default();
    let fields = table.list("fields");
    let expect = by_field(table, "expect", read_value);
    let ties = by_field(table, "ties", |inner, key| inner.optional(key));
    let operation = table.optional::<OperationName>("operation");
    let deadline_ms = table.required_number("deadline-ms", 1..=MAX_DEADLINE_MS);
    let clear_when = table.list("clear-when").into_iter().map(|VerdictName(verdict)| verdict).collect();
    let any_of = table.optional("any-of");
    let decisive = table.flag("decisive").unwrap_or(false);
    let reason = table.optional("reason");
    Some(Leg {
        id: id?,
        title: title?.0,
        service: service?,
        subject,
        verb: verb?.0,
        fields,
        expect,
        ties,
        operation: operation.map(|OperationName(operation)| operation),
        deadline_ms: deadline_ms?,
        clear_when,
        any_of,
        decisive,
        reason,
    })
}
