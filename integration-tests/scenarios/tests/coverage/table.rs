//! The table of questions.

use std::collections::{BTreeMap, BTreeSet};

use mohur_federation::{Databases, Federation};
use mohur_wire::Clock;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::asking::{Asking, Callers};
use crate::bundles::Bundling;

/// `coverage.toml`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Coverage {
    /// What each of those who ask asks for.
    pub(crate) purposes: BTreeMap<String, String>,
    /// The rows with questions.
    pub(crate) row: Vec<Row>,
    /// The rows without.
    pub(crate) elsewhere: Vec<Elsewhere>,
}

/// A row of the State Programme.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub(crate) number: u32,
    pub(crate) programme: String,
    pub(crate) title: String,
    /// The agencies that the programme lets ask.
    agencies: Vec<String>,
    pub(crate) note: Option<String>,
    #[serde(default)]
    pub(crate) question: Vec<Question>,
    #[serde(default)]
    pub(crate) bundle: Vec<Bundle>,
}

/// A row that this table does not show.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Elsewhere {
    pub(crate) number: u32,
    pub(crate) programme: String,
    pub(crate) title: String,
    pub(crate) why: String,
}

/// One question, with those who may ask it and those who may not.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Question {
    pub(crate) service: String,
    pub(crate) record: String,
    pub(crate) subject: Json,
    pub(crate) read: Option<BTreeMap<String, Json>>,
    #[serde(rename = "match")]
    pub(crate) compared: Option<BTreeMap<String, Json>>,
    pub(crate) verify: Option<BTreeMap<String, Json>>,
    pub(crate) change: Option<Change>,
    verdict: Option<String>,
    /// Why they ask, if it is for something else than in `[purposes]`.
    pub(crate) purpose: Option<String>,
    /// Where the key comes from, if a search tells it.
    pub(crate) search: Option<Search>,
    pub(crate) asks: Vec<String>,
    pub(crate) refused: Vec<String>,
    /// Those who are handed the sealed answers afterwards.
    #[serde(default)]
    pub(crate) handed_to: Vec<String>,
}

/// A first step: what this field says is the column `{key}` of the second.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Search {
    pub(crate) who: String,
    pub(crate) service: String,
    pub(crate) subject: Json,
    pub(crate) field: String,
}

/// A bundle, with what the official's form says and what must come of it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bundle {
    pub(crate) definition: String,
    /// Two rows: one for each dialect.
    pub(crate) record: String,
    pub(crate) subjects: Vec<Json>,
    #[serde(default)]
    pub(crate) values: BTreeMap<String, Json>,
    pub(crate) receipt: Option<String>,
    pub(crate) outcome: String,
    pub(crate) word: String,
    pub(crate) asks: Vec<String>,
    pub(crate) refused: Vec<String>,
}

/// Operations in their order, each with the state that comes of it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    /// Of a fee: the receipt.
    pub(crate) receipt: Option<String>,
    /// What else the first of them needs.
    #[serde(default)]
    pub(crate) values: BTreeMap<String, Json>,
    pub(crate) steps: Vec<[String; 2]>,
}

impl Coverage {
    /// Reads the table, in which every row of the programme stands once.
    pub(crate) fn read() -> Self {
        let coverage: Self = toml::from_str(include_str!("coverage.toml")).unwrap_or_else(|error| panic!("{error}"));
        let rows = coverage.row.iter().map(|row| row.number);
        let mut numbers: Vec<_> = rows.chain(coverage.elsewhere.iter().map(|row| row.number)).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=40).collect::<Vec<_>>(), "every row of the programme stands here once");
        coverage
    }

    /// Every agency that the programme names in a row is among those who are to be answered there, and nobody is both answered and
    /// refused by one question.
    pub(crate) fn names_everybody(&self, callers: &Callers) {
        for row in &self.row {
            let questions = row.question.iter().map(|question| (&question.asks, &question.refused));
            let bundles = row.bundle.iter().map(|bundle| (&bundle.asks, &bundle.refused));
            let mut asking = BTreeSet::new();
            for (asks, refused) in questions.chain(bundles) {
                assert!(!refused.is_empty() && !asks.iter().any(|who| refused.contains(who)), "row {}", row.number);
                asking.extend(asks.iter().map(|who| callers.named(who).me.as_str().split('/').nth(2).unwrap()));
            }
            for agency in &row.agencies {
                assert!(asking.contains(agency.as_str()), "row {}: nobody of {agency} asks", row.number);
            }
        }
    }

    /// The questions, each about somebody of the country.
    pub(crate) fn questions(&self, databases: &Databases, today: &str) -> Vec<Asking> {
        let all = self.row.iter().flat_map(|row| row.question.iter().map(|question| (row.number, question)));
        let about = |(row, question): (u32, &Question)| {
            let record = databases.row(&question.record.replace("{today}", today));
            Asking { row, question: question.clone(), record, purposes: self.purposes.clone() }
        };
        all.map(about).collect()
    }

    /// The bundles, each about two.
    pub(crate) fn bundles(&self, databases: &Databases, today: &str) -> Vec<Bundling> {
        let all = self.row.iter().flat_map(|row| row.bundle.iter().map(|bundle| (row.number, bundle)));
        let about = |(row, bundle): (u32, &Bundle)| {
            let records = databases.rows(&bundle.record.replace("{today}", today));
            Bundling { row, bundle: bundle.clone(), records }
        };
        all.map(about).collect()
    }
}

/// The date in Baku.
pub(crate) fn today(federation: &Federation) -> String {
    let baku = federation.clock.now().checked_add(jiff::SignedDuration::from_hours(4)).unwrap();
    baku.to_string().split('T').next().unwrap().to_owned()
}

impl Question {
    /// What becomes of every field that is compared.
    pub(crate) fn verdict(&self) -> &str {
        self.verdict.as_deref().unwrap_or("match")
    }

    /// What the page says of it: no value of anybody.
    pub(crate) fn learned(&self) -> Vec<String> {
        if self.asks.is_empty() {
            return vec!["only in a bundle".to_owned()];
        }
        let compared = self.compared.iter().chain(&self.verify).flat_map(BTreeMap::keys);
        let compared = compared.map(|name| format!("{name}: {}", self.verdict()));
        let read = self.read.iter().flat_map(BTreeMap::keys).cloned();
        let steps = self.change.iter().flat_map(|change| &change.steps);
        let changed = steps.map(|[operation, state]| format!("{operation}: {state}"));
        let handed = self.handed_to.iter().map(|who| format!("handed on: {who}"));
        read.chain(compared).chain(changed).chain(handed).collect()
    }
}

/// Puts the record's value in the place of `{column}`, with its type.
pub(crate) fn filled(template: &Json, record: &Json) -> Json {
    match template {
        Json::String(text) => match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            Some(column) => record.get(column).unwrap_or_else(|| panic!("no column {column}")).clone(),
            None => template.clone(),
        },
        Json::Object(members) => {
            let filled = members.iter().map(|(name, value)| (name.clone(), filled(value, record)));
            Json::Object(filled.collect())
        }
        Json::Array(items) => Json::Array(items.iter().map(|item| filled(item, record)).collect()),
        Json::Null | Json::Bool(_) | Json::Number(_) => template.clone(),
    }
}
