//! A `[[service]]` that changes something: may it be reserved, and the effect.
//!
//! `check` says whether the thing is free; it is reserved in the ledger, for one caller only. `apply` has the effect, in one
//! transaction, when the reservation is consumed. It must know its key: after a crash it is asked again with the same one.

use std::collections::BTreeSet;
use std::time::Duration;

use mohur_config::Table;
use mohur_contract::RegistryError;
use mohur_mapping::{FieldType, Offer, Parameter, SubjectKind, read_all};
use mohur_reservation::HELD;
use mohur_wire::{Effect, FieldName, Value};

use crate::service::{Column, quoted, subject};
use crate::statement::Statement;

/// The column that says how the thing stands.
pub(crate) const STATE: &str = "state";

/// A changing service, ready to be asked.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) offer: Offer,
    /// Which service of the file it is.
    pub(crate) index: usize,
    pub(crate) check: Written,
    pub(crate) apply: Written,
    /// A column for each part of the subject.
    pub(crate) subject: Vec<Column>,
    pub(crate) held: Duration,
    values: Vec<Taken>,
}

/// A statement, with the line in which it stands.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub(crate) key: &'static str,
    pub(crate) line: usize,
    pub(crate) statement: Statement,
}

/// A value that the caller gives.
#[derive(Clone, Debug)]
struct Taken {
    of: FieldType,
    one_of: Vec<String>,
}

impl Change {
    /// Whether a table describes one.
    pub(crate) fn is(table: &Table) -> bool {
        table.has("apply") || table.has("check")
    }

    pub(crate) fn read(mut table: Table, index: usize) -> Option<Self> {
        let (offer, kind) = Offer::read_change(&mut table);
        let assumed = kind.unwrap_or(SubjectKind::Fin);
        let check = Written::read(&mut table, "check", assumed);
        let apply = Written::read(&mut table, "apply", assumed);
        let subject = subject(&mut table, assumed);
        let held = table.duration("reservation").unwrap_or(HELD);
        let (values, whole) = read_all(table.tables("value"), Taken::read);
        verify(&table, check.as_ref(), apply.as_ref(), &values);
        whole.then_some(())?;
        Some(Self { offer: offer?, index, check: check?, apply: apply?, subject: subject?, held, values })
    }

    /// Refuses what the service does not take, before anybody is asked: every value it names, and no other.
    pub(crate) fn takes(&self, effect: &Effect) -> Result<(), RegistryError> {
        if effect.receipt.is_some() {
            return Err(RegistryError::Unsupported("this service takes no receipt"));
        }
        if effect.values.len() != self.values.len() {
            return Err(RegistryError::Unsupported("this service takes other values: each that it names, and no more"));
        }
        self.values.iter().try_for_each(|taken| taken.takes(effect.values.get(&taken.of.name)))
    }

    /// What is asked to see whether it is free: it only reads.
    pub(crate) fn question(&self, most: u32) -> String {
        let sql = &self.check.statement.sql;
        format!("select {} from ({sql}\n) as answer limit 2", self.columns(most))
    }

    /// What is done. As a `with` query it may also be an `update … returning`.
    pub(crate) fn deed(&self, most: u32) -> String {
        format!("with answer as ({}\n) select {} from answer limit 2", self.apply.statement.sql, self.columns(most))
    }

    /// The parts of the subject, then the state.
    fn columns(&self, most: u32) -> String {
        let cut = most.saturating_add(1);
        let names = self.subject.iter().map(|column| column.name.as_str()).chain([STATE]);
        names.map(|name| format!("left({}::text, {cut})", quoted(name))).collect::<Vec<_>>().join(", ")
    }
}

impl Written {
    fn read(table: &mut Table, key: &'static str, kind: SubjectKind) -> Option<Self> {
        let text: String = table.required(key)?;
        let line = table.line_of(key);
        match Statement::parse_of_change(&text, kind) {
            Ok(statement) => Some(Self { key, line, statement }),
            Err(wrong) => {
                let what = format!("is not accepted: in its line {}, {}", wrong.line, wrong.what);
                table.error(key, what, "a parameter is a name with a colon, :subject or :key; see docs/registries.md");
                None
            }
        }
    }
}

impl Taken {
    fn read(mut table: Table) -> Option<Self> {
        let of = FieldType::read(&mut table);
        let one_of = table.list::<String>("one-of");
        Some(Self { of: of?, one_of })
    }

    fn takes(&self, given: Option<&Value>) -> Result<(), RegistryError> {
        let given = given.ok_or(RegistryError::Unsupported("this service takes other values"))?;
        self.of.takes(given)?;
        let is_listed = |text: &str| self.one_of.iter().any(|one| one == text);
        if self.one_of.is_empty() || given.as_text().is_some_and(is_listed) {
            return Ok(());
        }
        Err(RegistryError::Unsupported("a value is none of those that the service takes"))
    }
}

/// What only shows when all of a service is read.
fn verify(table: &Table, check: Option<&Written>, apply: Option<&Written>, values: &[Taken]) {
    let names: BTreeSet<&FieldName> = values.iter().map(|taken| &taken.of.name).collect();
    if names.len() != values.len() {
        table.error("value", "names a value twice", "give each its own name");
    }
    for written in check.into_iter().chain(apply) {
        let parameters = &written.statement.parameters;
        if !parameters.iter().any(|parameter| matches!(parameter, Parameter::Subject(_))) {
            table.error(written.key, "does not name the subject", "write :subject where it is compared");
        }
        for parameter in parameters {
            if let Parameter::Value(name) = parameter
                && !names.contains(name)
            {
                let what = format!("uses the value {name}, which no [[service.value]] names");
                table.error(written.key, what, "add the value, with its type");
            }
        }
    }
    if apply.is_some_and(|apply| !apply.statement.parameters.contains(&Parameter::Key)) {
        let remedy = "note it in the same transaction: the same key never has a second effect";
        table.error("apply", "does not use :key", remedy);
    }
}
