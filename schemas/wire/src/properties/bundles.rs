//! What holds for every bundle: a definition is read as it was written, and nothing that is missing is ever clear.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::bundle::{Definition, LeftOut, Leg, Outcome, leg_verdict, settled};
use crate::subject::{KeyPart, SubjectKind};

fn verdicts() -> impl Strategy<Value = Verdict> {
    use Verdict::{Clear, Hit, Match, Mismatch, NotInProfile, Unavailable, Unknown, Value};
    proptest::sample::select(vec![Match, Mismatch, Value, Hit, Clear, Unknown, Unavailable, NotInProfile])
}

fn kinds() -> impl Strategy<Value = SubjectKind> {
    proptest::sample::select(SubjectKind::ALL.to_vec())
}

fn legs() -> impl Strategy<Value = Leg> {
    let verbs = proptest::sample::select(vec![Verb::Read, Verb::Match, Verb::Verify, Verb::Change]);
    let parts = proptest::sample::select(KeyPart::ALL.to_vec());
    let asked = (verbs, vec(field_names(), 0..4), option::of(operations()), kinds());
    let constants = (btree_map(field_names(), values(), 0..3), btree_map(field_names(), parts, 0..3));
    let rule = (vec(verdicts(), 0..3), option::of(parsed("[ab]")), option::of(ids()));
    (ids(), services(), asked, constants, rule, any::<bool>()).prop_map(
        |(id, service, (verb, fields, operation, subject), (expect, ties), (clear_when, any_of, reason), decisive)| {
            Leg {
                id,
                title: "A leg".to_owned(),
                service,
                subject,
                verb,
                fields,
                expect,
                ties,
                operation,
                deadline_ms: 1000,
                clear_when,
                any_of,
                decisive,
                reason,
            }
        },
    )
}

fn definitions() -> impl Strategy<Value = Definition> {
    let words = btree_map(proptest::sample::select(Outcome::ALL.to_vec()), ".{1,9}", 0..4);
    let left_out = vec(ids().prop_map(|id| LeftOut { id, title: "Left out".to_owned() }), 0..2);
    let about = (vec(kinds(), 0..2), words, left_out);
    (ids(), any::<u32>(), parsed("[a-z-]{1,20}"), about, vec(legs(), 0..5)).prop_map(
        |(id, version, purpose, (untied, words, left_out), legs)| Definition {
            id,
            version,
            title: "A bundle".to_owned(),
            purpose,
            untied,
            words,
            left_out,
            legs,
        },
    )
}

/// Definitions that are about keys of several kinds, and otherwise sound.
fn keyed() -> impl Strategy<Value = Definition> {
    let some = [SubjectKind::Fin, SubjectKind::Document, SubjectKind::Plate, SubjectKind::NameAndBirthDate];
    let kinds = proptest::sample::select(some.to_vec());
    let parts = proptest::sample::select(vec![
        KeyPart::Fin,
        KeyPart::Document,
        KeyPart::Plate,
        KeyPart::Name,
        KeyPart::BirthDate,
    ]);
    let leg = (kinds.clone(), btree_map(parsed::<FieldName>("t[a-c]"), parts, 0..3), proptest::bool::weighted(0.2));
    (vec(leg, 1..6), vec(kinds, 0..2)).prop_map(|(legs, untied)| {
        let legs = legs.into_iter().enumerate().map(|(at, (subject, ties, in_group))| {
            let any_of = in_group.then_some("g");
            serde_json::json!({
                "id": at.to_string(), "title": "A leg", "service": "AZ/GOV/MIA/a/b/v1", "verb": "match", "fields": ["x"],
                "subject": subject, "ties": ties, "any-of": any_of, "deadline-ms": 1, "clear-when": ["match"],
            })
        });
        let legs: Vec<_> = legs.collect();
        serde_json::from_value(serde_json::json!({
            "id": "d", "version": 1, "title": "D", "purpose": "p", "untied": untied, "legs": legs,
        }))
        .unwrap()
    })
}

proptest! {
    #[test]
    fn a_definition_is_read_as_it_was_written(definition in definitions(), bytes in vec(any::<u8>(), 0..200)) {
        let json = serde_json::to_string(&definition).unwrap();
        prop_assert_eq!(serde_json::from_str::<Definition>(&json).unwrap(), definition);
        prop_assert!(serde_json::from_slice::<Definition>(&bytes).is_err());
    }

    #[test]
    fn clear_means_that_every_leg_said_so(definition in definitions(), said in vec(option::of(verdicts()), 5)) {
        let verdicts: BTreeMap<_, _> =
            definition.legs.iter().zip(said).filter_map(|(leg, said)| Some((leg.id.clone(), said?))).collect();
        let good = |leg: &Leg| {
            verdicts.get(&leg.id).is_some_and(|said| said.is_an_answer() && leg.clear_when.contains(said))
        };
        let is_clear = definition.outcome(&verdicts) == Outcome::Clear;
        // Every leg, unless another of its group said so.
        let all_clear = definition.legs.iter().all(|leg| {
            good(leg) || leg.any_of.is_some() && definition.legs.iter().any(|other| other.any_of == leg.any_of && good(other))
        });
        // And no decisive leg of a group said anything else, but that it does not know.
        let spoke_against = definition.legs.iter().any(|leg| {
            leg.decisive && !good(leg) && verdicts.get(&leg.id).is_some_and(|said| *said != Verdict::Unknown)
        });
        prop_assert_eq!(is_clear, all_clear && !spoke_against && !definition.legs.is_empty());
        prop_assert_eq!(is_clear, definition.not_clear(&verdicts).is_empty() && !definition.legs.is_empty());
    }

    #[test]
    fn what_is_missing_is_never_clear(definition in definitions(), said in vec(verdicts(), 5), missing in any::<prop::sample::Index>()) {
        let mut verdicts: BTreeMap<_, _> =
            definition.legs.iter().zip(said).map(|(leg, said)| (leg.id.clone(), said)).collect();
        let alone: Vec<_> = definition.legs.iter().filter(|leg| leg.any_of.is_none()).collect();
        prop_assume!(!alone.is_empty());
        let leg = missing.get(&alone);
        for silent in [None, Some(Verdict::Unknown), Some(Verdict::Unavailable), Some(Verdict::NotInProfile)] {
            match silent {
                None => _ = verdicts.remove(&leg.id),
                Some(verdict) => _ = verdicts.insert(leg.id.clone(), verdict),
            }
            prop_assert_eq!(definition.outcome(&verdicts), Outcome::Incomplete);
        }
        // And one answer more makes nothing clear that any other leg does not allow.
        prop_assert_eq!(settled(definition.outcome(&verdicts), true), Outcome::Incomplete);
    }

    /// Keys of two persons: as soon as every leg of a sound definition matches, all keys that it ties are one person's.
    #[test]
    fn two_persons_are_never_one_answer(definition in keyed(), owners in any::<[bool; 10]>()) {
        prop_assume!(!definition.problems().iter().any(|problem| problem.contains("tied to no other")));
        let owner = |kind| SubjectKind::ALL.iter().zip(owners).any(|(one, owner)| *one == kind && owner);
        let matches = definition.legs.iter().all(|leg| {
            let says = |part| leg.ties.values().any(|tie| *tie == part);
            leg.ties.values().all(|part| {
                // Two people can share a name, or a birthday.
                let whole = says(KeyPart::Name) && says(KeyPart::BirthDate);
                let nameless = part.kind() == SubjectKind::NameAndBirthDate && !whole;
                // And two documents a number.
                let names_nobody = nameless || part.kind() == SubjectKind::Document;
                leg.any_of.is_some() || names_nobody || owner(part.kind()) == owner(leg.subject)
            })
        });
        if matches {
            let tied = definition.legs.iter().map(|leg| leg.subject).filter(|kind| !definition.untied.contains(kind));
            let persons: std::collections::BTreeSet<_> = tied.map(owner).collect();
            prop_assert!(persons.len() <= 1);
        }
    }

    #[test]
    fn no_answer_at_all_is_unknown(definition in definitions(), fields in btree_map(field_names(), values(), 0..4)) {
        for leg in &definition.legs {
            prop_assert_eq!(leg_verdict(leg, None), Verdict::Unknown);
            // Whatever the fields are, a verdict comes back.
            leg_verdict(leg, Some(&fields));
        }
        definition.problems();
    }
}
