//! What the verifier found.

use std::collections::BTreeMap;

use mohur_transparency::Kind;
use serde::Serialize;

/// Problems listed in full; the rest are only counted.
pub(crate) const MAX_PROBLEMS: usize = 50;

/// What the verifier found in a log.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Name of the log.
    pub origin: String,
    /// Entries that the checkpoint signs.
    pub entries: u64,
    /// Root that the checkpoint signs, hexadecimal.
    pub root: String,
    /// Time of the first entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_at: Option<String>,
    /// Latest time of an entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_at: Option<String>,
    /// Entries by kind.
    pub kinds: BTreeMap<&'static str, u64>,
    /// What each consumer did.
    pub consumers: BTreeMap<String, Consumer>,
    /// Intents without outcome, oldest first.
    pub open_intents: Vec<OpenIntent>,
    /// What does not verify; empty if all does.
    pub problems: Vec<Problem>,
    /// How many things do not verify: more than are listed if there are very many.
    pub problem_count: u64,
}

/// Entries of one consumer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Consumer {
    /// All of them.
    pub entries: u64,
    /// Queries put to a provider.
    pub intents: u64,
    /// Queries with an outcome.
    pub outcomes: u64,
}

/// An intent without outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OpenIntent {
    /// Its index.
    pub entry: u64,
    /// Who asked.
    pub consumer: String,
    /// The message's id.
    pub id: String,
    /// When.
    pub at: String,
}

/// Something that does not verify.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{}", .what)]
pub struct Problem {
    /// Index of the entry, where one can be named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<u64>,
    /// What is wrong, and where.
    pub what: String,
}

impl Problem {
    pub(crate) fn new(entry: impl Into<Option<u64>>, what: impl Into<String>) -> Self {
        Self { entry: entry.into(), what: what.into() }
    }
}

impl Report {
    /// Whether everything verifies.
    pub const fn is_sound(&self) -> bool {
        self.problem_count == 0
    }

    pub(crate) fn problem(&mut self, entry: impl Into<Option<u64>>, what: impl Into<String>) {
        self.problem_count += 1;
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(Problem::new(entry, what));
        }
    }

    pub(crate) fn count(&mut self, kind: Kind, consumer: &str) {
        *self.kinds.entry(kind.as_str()).or_default() += 1;
        if !self.consumers.contains_key(consumer) {
            self.consumers.insert(consumer.to_owned(), Consumer::default());
        }
        let Some(tally) = self.consumers.get_mut(consumer) else { return };
        tally.entries += 1;
        match kind {
            Kind::Intent => tally.intents += 1,
            Kind::Outcome => tally.outcomes += 1,
            Kind::Refusal | Kind::Start | Kind::Directory | Kind::Policy | Kind::Key => {}
        }
    }
}
