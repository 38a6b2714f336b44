//! Bundles: one signed request that fans out to several registers, after a published definition.
//!
//! The client builds the legs from the definition; broker and client apply the same verdict rule to the owners' seals.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{FieldName, MessageId, Operation, Purpose, ServiceId, Value, Verb, Verdict};

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
    /// The legs, in the order in which they are shown.
    pub legs: Vec<Leg>,
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
    /// The verb.
    pub verb: Verb,
    /// Fields for `read`, names of the inputs for `match`, `verify` and `change`; of a change, `receipt` is the receipt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldName>,
    /// For a `change`: the operation; the idempotency key is an input that no field names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<Operation>,
    /// The register's time, in milliseconds.
    pub deadline_ms: u64,
    /// Which verdicts count as clear.
    pub clear_when: Vec<Verdict>,
}

/// The state of a whole bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

    /// The verdict rule, the same for broker and client. A leg without a verdict is `unknown`.
    pub fn outcome(&self, verdicts: &BTreeMap<MessageId, Verdict>) -> Outcome {
        let verdict = |leg: &Leg| verdicts.get(&leg.id).copied().unwrap_or(Verdict::Unknown);
        if self.legs.is_empty() || self.legs.iter().any(|leg| !verdict(leg).is_an_answer()) {
            Outcome::Incomplete
        } else if self.legs.iter().all(|leg| leg.clear_when.contains(&verdict(leg))) {
            Outcome::Clear
        } else {
            Outcome::NotClear
        }
    }

    /// What is wrong with the definition, all of it: leg ids repeated, verbs without operands, no way to be clear.
    pub fn problems(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let mut problems = Vec::new();
        if self.legs.is_empty() {
            problems.push("a bundle needs at least one leg".to_owned());
        }
        for leg in &self.legs {
            if !seen.insert(&leg.id) {
                problems.push(format!("leg {}: the id stands twice", leg.id));
            }
            if leg.id.as_str() == "settle" {
                problems.push("leg settle: the name is kept for settlements; choose another".to_owned());
            }
            if leg.clear_when.is_empty() {
                problems.push(format!("leg {}: clear-when names no verdict, so the bundle is never clear", leg.id));
            }
            if leg.clear_when.iter().any(|verdict| !verdict.is_an_answer()) {
                problems.push(format!("leg {}: clear-when names a verdict that is not an answer", leg.id));
            }
            if (leg.verb == Verb::Change) != leg.operation.is_some() {
                problems.push(format!("leg {}: a change has an operation, and nothing else has one", leg.id));
            }
            if leg.verb != Verb::Change && leg.fields.is_empty() {
                problems.push(format!("leg {}: read, match and verify name fields", leg.id));
            }
        }
        problems
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
/// A `match` or a `verify` matches when every field does; a `read` is `value` when every field asked for is there; a
/// `change` is clear when the register's `state` is the one that the operation leads to. Nothing else is clear.
pub fn leg_verdict(leg: &Leg, fields: Option<&BTreeMap<FieldName, Value>>) -> Verdict {
    let Some(fields) = fields else { return Verdict::Unknown };
    let text = |name: &FieldName| fields.get(name).and_then(Value::as_text);
    match leg.verb {
        Verb::Read if leg.fields.iter().all(|name| fields.contains_key(name)) => Verdict::Value,
        Verb::Read => Verdict::Unknown,
        Verb::Match | Verb::Verify => {
            let verdicts: Vec<_> = leg.fields.iter().map(text).collect();
            if verdicts.contains(&Some(Verdict::Mismatch.as_str())) {
                Verdict::Mismatch
            } else if !verdicts.is_empty() && verdicts.iter().all(|v| *v == Some(Verdict::Match.as_str())) {
                Verdict::Match
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
