//! What can be wrong with a definition.

use std::collections::{BTreeMap, BTreeSet};

use super::{Definition, Leg, Outcome};
use crate::subject::{KeyPart, SubjectKind};
use crate::{MessageId, Operation, Verb, Verdict};

impl Definition {
    /// What is wrong with the definition, all of it: leg ids repeated, verbs without operands, no way to be clear, keys that
    /// nothing ties together.
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
            problems.extend(leg.problems().map(|problem| format!("leg {}: {problem}", leg.id)));
            let asked = |kind| self.legs.iter().any(|other| other.subject == kind);
            let strangers = leg.ties.values().map(|part| part.kind()).filter(|kind| !asked(*kind));
            problems.extend(strangers.map(|kind| format!("leg {}: ties name {kind}, which is no leg's key", leg.id)));
        }
        for left_out in self.left_out.iter().filter(|left_out| seen.contains(&left_out.id)) {
            problems.push(format!("left-out: {} is a leg of this definition", left_out.id));
        }
        if !self.words.is_empty() && self.words.len() != Outcome::ALL.len() {
            problems.push("words: name clear, not-clear and incomplete, or none of them".to_owned());
        }
        problems.extend(self.lonely_groups());
        problems.extend(self.loose_keys());
        problems
    }

    /// A group of one leg is none.
    fn lonely_groups(&self) -> impl Iterator<Item = String> {
        let alone = self.requirements().filter(|legs| legs.len() == 1).flatten();
        alone
            .filter(|leg| leg.any_of.is_some())
            .map(|leg| format!("leg {}: nothing else is of its any-of group", leg.id))
    }

    /// Kinds of keys that could belong to somebody else than the first leg's key, though nobody said that they may.
    ///
    /// Only a leg that must match ties keys: one of an any-of group can be mismatched in a bundle that is clear. A sample is
    /// of this bundle by its reference, and what is found by it is not about the other keys.
    fn loose_keys(&self) -> Vec<String> {
        let of_keys = |leg: &&Leg| leg.subject != SubjectKind::Biometric;
        let Some(first) = self.legs.iter().find(of_keys) else { return Vec::new() };
        let mut tied = BTreeSet::from([first.subject]);
        // Each round reaches one kind more, or is the last.
        for _ in SubjectKind::ALL {
            let reached = self.legs.iter().filter(|leg| leg.must_match()).flat_map(Leg::tied_kinds);
            let next: Vec<_> = reached.filter(|(one, other)| tied.contains(one) != tied.contains(other)).collect();
            tied.extend(next.into_iter().flat_map(|(one, other)| [one, other]));
        }
        let used: BTreeSet<_> = self.legs.iter().filter(of_keys).map(|leg| leg.subject).collect();
        let loose = self.legs.iter().filter(of_keys).filter(|leg| !tied.contains(&leg.subject));
        let unsaid: BTreeMap<SubjectKind, &MessageId> =
            loose.filter(|leg| !self.untied.contains(&leg.subject)).map(|leg| (leg.subject, &leg.id)).collect();
        let unsaid = unsaid.into_iter().map(|(kind, leg)| {
            format!(
                "leg {leg}: its key {kind} is tied to no other; tie it in a leg that must match, or name it in untied"
            )
        });
        let vain = self.untied.iter().filter(|kind| tied.contains(kind) || !used.contains(kind));
        unsaid.chain(vain.map(|kind| format!("untied: {kind} is tied, or no leg's key; strike it out"))).collect()
    }
}

impl Leg {
    /// Whether no bundle is clear unless this leg matches.
    fn must_match(&self) -> bool {
        self.verb == Verb::Match && self.any_of.is_none() && self.clear_when == [Verdict::Match]
    }

    /// The kinds of keys that a match on this leg ties together. A name alone, or a birth date alone, names nobody; and of a
    /// document its number alone is compared, which one of another type or state can have, too.
    fn tied_kinds(&self) -> impl Iterator<Item = (SubjectKind, SubjectKind)> {
        let has = |part| self.ties.values().any(|tie| *tie == part);
        let person = has(KeyPart::Name) && has(KeyPart::BirthDate);
        let kinds = self.ties.values().map(|part| part.kind());
        let names_one = move |kind: &SubjectKind| {
            *kind != SubjectKind::Document && (*kind != SubjectKind::NameAndBirthDate || person)
        };
        kinds.filter(names_one).map(|kind| (self.subject, kind))
    }

    fn problems(&self) -> impl Iterator<Item = &'static str> {
        let is_change = self.verb == Verb::Change;
        let constants = !self.expect.is_empty() || !self.ties.is_empty();
        let named = self.fields.len() + self.expect.len() + self.ties.len();
        let reserves = self.operation == Some(Operation::Reserve);
        [
            (self.id.as_str() == "settle", "the name is kept for settlements; choose another"),
            (self.clear_when.is_empty(), "clear-when names no verdict, so the bundle is never clear"),
            (
                self.clear_when.iter().any(|verdict| !verdict.is_an_answer()),
                "clear-when names a verdict that is not an answer",
            ),
            (is_change != self.operation.is_some(), "a change has an operation, and nothing else has one"),
            (!is_change && named == 0, "read, match and verify name fields"),
            (constants && !is_change && self.verb != Verb::Match, "only a match or a change has expect and ties"),
            (self.operands().len() != named, "a field stands in one of fields, expect and ties, and once"),
            (self.ties.values().any(|part| part.kind() == self.subject), "ties name the leg's own key"),
            (reserves && self.any_of.is_some(), "what is reserved is of no any-of group: it is settled by the whole"),
            (
                self.any_of.is_some() && self.looks_for_hits(),
                "a hit would be outvoted by the others of its any-of group: let the leg stand alone",
            ),
            (self.decisive && self.any_of.is_none(), "a leg that stands alone is decisive already"),
            (
                self.verb == Verb::Verify,
                "a verify leg is not for bundles yet: whoever asks would choose the condition; let the register compare",
            ),
            (self.subject == SubjectKind::Message, "a leg encloses no message, so none is its subject"),
        ]
        .into_iter()
        .filter_map(|(wrong, problem)| wrong.then_some(problem))
    }
}
