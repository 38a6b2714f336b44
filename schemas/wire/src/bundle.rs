//! Bundles: one signed request that fans out to several registers, after a published definition.
//!
//! The client builds the legs from the definition; broker and client apply the same verdict rule to the owners' seals.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::subject::{KeyPart, SubjectKind};
use crate::{FieldName, MessageId, Operation, Purpose, ServiceId, Value, Verb, Verdict};

mod check;
mod needed;

pub use needed::Needed;

/// A published definition. Its file is TOML or JSON of this shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Definition {
    /// Its name, e.g. `issue-id-document`.
    pub id: MessageId,
    /// Its version: only rises.
    pub version: u32,
    /// What it is for, one sentence.
    pub title: String,
    /// The purpose that every leg claims.
    pub purpose: Purpose,
    /// Kinds of keys that no leg ties to the first leg's: that they belong together is for the official to see.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub untied: Vec<SubjectKind>,
    /// What the official is told for each outcome, where the outcome's own name would not do.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub words: BTreeMap<Outcome, String>,
    /// The legs of the nation's definition that this one does without. Every answer says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// The legs, in the order in which they are shown.
    pub legs: Vec<Leg>,
}

/// A leg that a site's definition does without.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LeftOut {
    /// Its id in the nation's definition.
    pub id: MessageId,
    /// Its title there.
    pub title: String,
}

/// One leg: one query to one register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Leg {
    /// Its id within the definition.
    pub id: MessageId,
    /// What an officer reads, e.g. `Birth record`.
    pub title: String,
    /// The service that is asked.
    pub service: ServiceId,
    /// The kind of key that it asks about. All legs of one kind carry the same key.
    #[serde(default, skip_serializing_if = "SubjectKind::is_fin")]
    pub subject: SubjectKind,
    /// The verb.
    pub verb: Verb,
    /// Fields for `read`, names of the inputs for `match`, `verify` and `change`; of a change, `receipt` is the receipt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldName>,
    /// For a `match` or a `change`: values that the definition itself names, e.g. `hit = false`. The broker refuses others.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub expect: BTreeMap<FieldName, Value>,
    /// For a `match` or a `change`: fields that are compared with the key of another leg, e.g. `holder = "fin"`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ties: BTreeMap<FieldName, KeyPart>,
    /// For a `change`: the operation; the idempotency key is an input that no field names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<Operation>,
    /// The register's time, in milliseconds.
    pub deadline_ms: u64,
    /// Which verdicts count as clear.
    pub clear_when: Vec<Verdict>,
    /// The group of legs of which one must be clear, e.g. `entry` of a visa and a permit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub any_of: Option<MessageId>,
    /// Within a group: what this leg's register says against it counts, whatever the others say; and if it cannot be asked, the
    /// group is incomplete. That it does not know the subject says nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub decisive: bool,
    /// The class of reasons that the official is told when the leg is not clear, e.g. `watch-list`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<MessageId>,
}

/// The state of a whole bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Every leg is clear.
    Clear,
    /// Every leg answered, and at least one is not clear.
    NotClear,
    /// At least one leg is missing: never the same as clear.
    Incomplete,
}

impl Outcome {
    /// Every outcome there is.
    pub const ALL: [Self; 3] = [Self::Clear, Self::NotClear, Self::Incomplete];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::NotClear => "not-clear",
            Self::Incomplete => "incomplete",
        }
    }
}

impl Definition {
    /// The leg of that id.
    pub fn leg(&self, id: &MessageId) -> Option<&Leg> {
        self.legs.iter().find(|leg| leg.id == *id)
    }

    /// The legs that reserve something and are settled at the end.
    pub fn reserving_legs(&self) -> impl Iterator<Item = &Leg> {
        self.legs.iter().filter(|leg| leg.operation == Some(Operation::Reserve))
    }

    /// What the official is told for an outcome.
    pub fn word(&self, outcome: Outcome) -> &str {
        self.words.get(&outcome).map_or(outcome.as_str(), String::as_str)
    }

    /// The verdict rule, the same for broker and client: incomplete while one requirement is, clear when each of them is. A
    /// requirement is a leg, or a group of legs of which one is enough. A leg without a verdict is `unknown`.
    pub fn outcome(&self, verdicts: &BTreeMap<MessageId, Verdict>) -> Outcome {
        let outcomes: Vec<_> = self.requirements().map(|legs| requirement(&legs, verdicts)).collect();
        if outcomes.is_empty() || outcomes.contains(&Outcome::Incomplete) {
            Outcome::Incomplete
        } else if outcomes.contains(&Outcome::NotClear) {
            Outcome::NotClear
        } else {
            Outcome::Clear
        }
    }

    /// Each leg that stands alone, and each group of legs once.
    fn requirements(&self) -> impl Iterator<Item = Vec<&Leg>> {
        self.legs.iter().enumerate().filter_map(|(at, leg)| match &leg.any_of {
            None => Some(vec![leg]),
            Some(group) => {
                let is_first = !self.legs.iter().take(at).any(|other| other.any_of.as_ref() == Some(group));
                let members = || self.legs.iter().filter(|other| other.any_of.as_ref() == Some(group)).collect();
                is_first.then(members)
            }
        })
    }

    /// The legs that are not clear and whose requirement is not met by another, in the definition's order.
    pub fn not_clear(&self, verdicts: &BTreeMap<MessageId, Verdict>) -> Vec<&Leg> {
        let unmet = self.requirements().filter(|legs| requirement(legs, verdicts) != Outcome::Clear);
        unmet.flatten().filter(|leg| !leg.is_clear(verdict_of(leg, verdicts))).collect()
    }

    /// The reason classes of the legs that are not clear, each once, in the definition's order.
    pub fn reasons(&self, verdicts: &BTreeMap<MessageId, Verdict>) -> Vec<&MessageId> {
        let mut reasons = Vec::new();
        for reason in self.not_clear(verdicts).into_iter().filter_map(|leg| leg.reason.as_ref()) {
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        reasons
    }
}

fn verdict_of(leg: &Leg, verdicts: &BTreeMap<MessageId, Verdict>) -> Verdict {
    verdicts.get(&leg.id).copied().unwrap_or(Verdict::Unknown)
}

/// What one requirement amounts to.
fn requirement(legs: &[&Leg], verdicts: &BTreeMap<MessageId, Verdict>) -> Outcome {
    let decided = legs.iter().filter(|leg| leg.decisive).filter_map(|leg| leg.decides(verdict_of(leg, verdicts)));
    if let Some(outcome) = decided.max() {
        return outcome;
    }
    if legs.iter().any(|leg| leg.is_clear(verdict_of(leg, verdicts))) {
        Outcome::Clear
    } else if legs.iter().any(|leg| !verdict_of(leg, verdicts).is_an_answer()) {
        Outcome::Incomplete
    } else {
        Outcome::NotClear
    }
}

impl Leg {
    /// Whether a verdict makes the leg clear. What is no answer never does.
    pub fn is_clear(&self, verdict: Verdict) -> bool {
        verdict.is_an_answer() && self.clear_when.contains(&verdict)
    }

    /// What a decisive leg makes of its group, whatever the others say; `None` if it leaves the matter to them.
    fn decides(&self, verdict: Verdict) -> Option<Outcome> {
        if matches!(verdict, Verdict::Unavailable | Verdict::NotInProfile) {
            return Some(Outcome::Incomplete);
        }
        (verdict.is_an_answer() && !self.is_clear(verdict)).then_some(Outcome::NotClear)
    }

    /// Every field that its query names, sorted: what is given, what is expected, and what ties its key to another.
    pub fn operands(&self) -> BTreeSet<&FieldName> {
        self.fields.iter().chain(self.expect.keys()).chain(self.ties.keys()).collect()
    }

    /// Whether it asks for nothing but whether something is recorded: it expects `false` of everything that it compares.
    pub fn looks_for_hits(&self) -> bool {
        let nothing_else = self.fields.is_empty() && self.ties.is_empty() && !self.expect.is_empty();
        self.verb == Verb::Match && nothing_else && self.expect.values().all(|value| *value == Value::Flag(false))
    }

    /// The reference to the sample that travels beside this leg of a bundle: of that bundle and leg alone.
    pub fn sample(&self, bundle: &MessageId) -> Result<crate::subject::SampleReference, crate::ParseError> {
        format!("{bundle}.{}", self.id).parse()
    }
}

impl Verdict {
    /// Whether the register said something. `unknown`, `unavailable` and `not-in-profile` leave a bundle incomplete.
    pub const fn is_an_answer(self) -> bool {
        match self {
            Self::Match | Self::Mismatch | Self::Value | Self::Hit | Self::Clear => true,
            Self::Unknown | Self::Unavailable | Self::NotInProfile => false,
        }
    }
}

/// The verdict of one leg, from the fields that its owner sealed. `None` stands for "no such subject".
///
/// A `match` or a `verify` matches when every field does, and reads `clear` or `hit` where it looks for hits; a `read` is
/// `value` when every field asked for is there; a `change` is clear when the register's `state` is the one that the operation
/// leads to. Nothing else is clear.
pub fn leg_verdict(leg: &Leg, fields: Option<&BTreeMap<FieldName, Value>>) -> Verdict {
    let Some(fields) = fields else { return Verdict::Unknown };
    let text = |name: &FieldName| fields.get(name).and_then(Value::as_text);
    match leg.verb {
        Verb::Read if leg.fields.iter().all(|name| fields.contains_key(name)) => Verdict::Value,
        Verb::Read => Verdict::Unknown,
        Verb::Match | Verb::Verify => {
            let verdicts: Vec<_> = leg.operands().into_iter().map(text).collect();
            let (same, other) =
                if leg.looks_for_hits() { (Verdict::Clear, Verdict::Hit) } else { (Verdict::Match, Verdict::Mismatch) };
            if verdicts.contains(&Some(Verdict::Mismatch.as_str())) {
                other
            } else if !verdicts.is_empty() && verdicts.iter().all(|v| *v == Some(Verdict::Match.as_str())) {
                same
            } else {
                Verdict::Unknown
            }
        }
        Verb::Change => {
            let state = fields.iter().find(|(name, _)| name.as_str() == "state").and_then(|(_, value)| value.as_text());
            match (leg.operation, state) {
                (Some(operation), Some(state)) if state == operation.leads_to() => Verdict::Clear,
                (Some(_), Some(_)) => Verdict::Mismatch,
                _ => Verdict::Unknown,
            }
        }
    }
}

impl Operation {
    /// The state that the register answers with when the operation succeeded.
    pub const fn leads_to(self) -> &'static str {
        match self {
            Self::Reserve => "reserved",
            Self::Consume => "consumed",
            Self::Release => "released",
        }
    }
}

/// The answer to a bundle or to a poll: the legs that are there so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BundleAnswer {
    /// The bundle's id.
    pub bundle: MessageId,
    /// The definition that it was built from.
    pub definition: MessageId,
    /// That definition's version.
    pub version: u32,
    /// What the legs so far amount to. The client recomputes it from the owners' seals.
    pub outcome: Outcome,
    /// Whether anything more is to come: if not, polling again changes nothing.
    pub complete: bool,
    /// The legs of the nation's definition that this one does without: what it says, it says without them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// The legs that are there, in the definition's order.
    pub legs: Vec<LegAnswer>,
}

/// What one leg brought. `Debug` shows no value.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LegAnswer {
    /// The leg's id.
    pub leg: MessageId,
    /// The verdict; `unknown` with neither answer nor refusal: the leg was not asked.
    pub verdict: Verdict,
    /// The owner's sealed answer (SD-JWT).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// The receipt of the broker that decided, where that is not the caller's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<crate::RefusalCode>,
    /// How the reservation of this leg was settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settlement: Option<Settlement>,
}

/// How a reservation was settled. `Debug` shows no value.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settlement {
    /// What was asked for: `consume` when every leg is clear, otherwise `release`.
    pub operation: Operation,
    /// The owner's sealed answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// The receipt of the broker that decided, where that is not the caller's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<crate::RefusalCode>,
}

impl fmt::Debug for LegAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answered = self.answer.is_some();
        let Self { leg, verdict, refusal, settlement, .. } = self;
        write!(f, "LegAnswer({leg}, {verdict:?}, answered: {answered}, {refusal:?}, {settlement:?})")
    }
}

impl fmt::Debug for Settlement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Settlement({:?}, answered: {}, {:?})", self.operation, self.answer.is_some(), self.refusal)
    }
}

/// The outcome once the reservations are settled: clear only if the register says that each is used up.
pub fn settled(outcome: Outcome, consumed: bool) -> Outcome {
    if outcome == Outcome::Clear && !consumed { Outcome::Incomplete } else { outcome }
}

#[cfg(test)]
mod tests;
