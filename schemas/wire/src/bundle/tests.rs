//! The verdict rule by example, and what a definition may not say.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::subject::SubjectKind;

/// A leg from what it says besides its titles.
fn leg(id: &str, more: serde_json::Value) -> serde_json::Value {
    let mut leg = json!({
        "id": id, "title": id, "service": "AZ/GOV/MIA/register/one/v1", "verb": "match", "deadline-ms": 100,
        "clear-when": ["match"],
    });
    leg.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    leg
}

fn definition(legs: &[serde_json::Value], more: serde_json::Value) -> Definition {
    let mut whole = json!({ "id": "d", "version": 1, "title": "D", "purpose": "p", "legs": legs });
    whole.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(whole).unwrap()
}

fn said(verdicts: &[(&str, Verdict)]) -> BTreeMap<MessageId, Verdict> {
    verdicts.iter().map(|(leg, verdict)| (leg.parse().unwrap(), *verdict)).collect()
}

#[test]
fn one_of_a_group_is_enough_and_silence_of_the_rest_is_not_clear() {
    let entry = |id| leg(id, json!({ "fields": ["number"], "any-of": "entry", "reason": "entry" }));
    let list = leg("list", json!({ "expect": { "hit": false }, "clear-when": ["clear"], "reason": "watch-list" }));
    let definition = definition(&[entry("visa"), list, entry("permit")], json!({}));
    assert_eq!(definition.problems(), Vec::<String>::new());
    let outcome = |visa, permit, list| definition.outcome(&said(&[("visa", visa), ("permit", permit), ("list", list)]));
    use Verdict::{Clear, Hit, Match, Mismatch, Unavailable, Unknown};
    assert_eq!(outcome(Match, Unknown, Clear), Outcome::Clear);
    assert_eq!(outcome(Unavailable, Match, Clear), Outcome::Clear);
    assert_eq!(outcome(Mismatch, Unknown, Clear), Outcome::Incomplete);
    assert_eq!(outcome(Mismatch, Mismatch, Clear), Outcome::NotClear);
    assert_eq!(outcome(Match, Match, Hit), Outcome::NotClear);
    assert_eq!(outcome(Match, Match, Unavailable), Outcome::Incomplete);
    let reasons = |verdicts: &[(&str, Verdict)]| {
        definition.reasons(&said(verdicts)).into_iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(reasons(&[("visa", Match), ("list", Hit)]), ["watch-list"], "a met group gives no reason");
    assert_eq!(reasons(&[("visa", Mismatch), ("list", Hit)]), ["entry", "watch-list"], "each once");
}

#[test]
fn what_a_decisive_leg_says_is_outvoted_by_nobody_and_its_silence_is_not_clear() {
    let entry = |id, decisive| leg(id, json!({ "fields": ["number"], "any-of": "entry", "decisive": decisive }));
    let definition = definition(&[entry("issuer", true), entry("visa", false)], json!({}));
    assert_eq!(definition.problems(), Vec::<String>::new());
    let outcome = |issuer, visa| definition.outcome(&said(&[("issuer", issuer), ("visa", visa)]));
    use Verdict::{Match, Mismatch, NotInProfile, Unavailable, Unknown};
    assert_eq!(outcome(Mismatch, Match), Outcome::NotClear, "its own issuer revoked it");
    assert_eq!(outcome(Unknown, Match), Outcome::Clear, "another country's document");
    assert_eq!(outcome(Unknown, Mismatch), Outcome::Incomplete);
    assert_eq!(outcome(Match, Unavailable), Outcome::Clear);
    for silent in [Unavailable, NotInProfile] {
        assert_eq!(outcome(silent, Match), Outcome::Incomplete, "who knows what the issuer would say");
    }
}

#[test]
fn a_leg_that_looks_for_hits_reads_clear_or_hit_and_silence_is_neither() {
    let definition = definition(
        &[
            leg("list", json!({ "expect": { "hit": false }, "clear-when": ["clear"] })),
            leg("stay", json!({ "expect": { "lawful": true } })),
            leg("both", json!({ "expect": { "hit": false }, "fields": ["name"] })),
        ],
        json!({}),
    );
    let verdict = |at: usize, fields: &[(&str, Verdict)]| {
        let fields = fields.iter().map(|(name, said)| (name.parse().unwrap(), said.to_value())).collect();
        leg_verdict(&definition.legs[at], Some(&fields))
    };
    use Verdict::{Clear, Hit, Match, Mismatch, Unknown};
    assert_eq!(verdict(0, &[("hit", Match)]), Clear);
    assert_eq!(verdict(0, &[("hit", Mismatch)]), Hit);
    assert_eq!(verdict(0, &[("hit", Unknown)]), Unknown);
    assert_eq!(verdict(0, &[]), Unknown);
    assert_eq!(leg_verdict(&definition.legs[0], None), Unknown);
    assert_eq!((verdict(1, &[("lawful", Match)]), verdict(1, &[("lawful", Mismatch)])), (Match, Mismatch));
    assert_eq!(verdict(2, &[("hit", Match)]), Unknown, "the name was compared, too");
    assert_eq!(verdict(2, &[("hit", Match), ("name", Match)]), Match);
}

#[test]
fn keys_that_nothing_ties_together_are_refused_or_named() {
    let document = json!({ "subject": "document", "expect": { "status": "valid" } });
    let tied = json!({ "subject": "document", "expect": { "status": "valid" }, "ties": { "holder": "fin" } });
    let birth = || leg("birth", json!({ "fields": ["name"] }));
    let problems = |legs: &[serde_json::Value], more| definition(legs, more).problems();
    assert_eq!(problems(&[birth(), leg("passport", tied.clone())], json!({})), Vec::<String>::new());
    let loose = problems(&[birth(), leg("passport", document.clone())], json!({}));
    assert!(
        loose.len() == 1 && loose[0].starts_with("leg passport: its key document is tied to no other"),
        "{loose:?}"
    );
    let named = problems(&[birth(), leg("passport", document.clone())], json!({ "untied": ["document"] }));
    assert_eq!(named, Vec::<String>::new());
    // Ties that need not hold are none: of a group, or of a leg that is clear without matching.
    for weak in [json!({ "any-of": "g" }), json!({ "clear-when": ["match", "mismatch"] })] {
        let mut weakly = tied.clone();
        weakly.as_object_mut().unwrap().extend(weak.as_object().unwrap().clone());
        let other = leg("other", json!({ "fields": ["name"], "any-of": "g" }));
        let loose = problems(
            &[birth(), leg("passport", weakly), other, leg("more", json!({ "fields": ["x"], "any-of": "g" }))],
            json!({}),
        );
        assert!(loose.iter().any(|problem| problem.contains("tied to no other")), "{loose:?}");
    }
    // A name alone names nobody.
    let person =
        leg("list", json!({ "subject": "name-and-birth-date", "expect": { "hit": false }, "clear-when": ["clear"] }));
    let by = |ties: serde_json::Value| {
        let passport = leg("passport", json!({ "subject": "document", "ties": ties }));
        problems(&[passport, person.clone()], json!({}))
    };
    assert_eq!(by(json!({ "holderName": "name", "holderBirthDate": "birth-date" })), Vec::<String>::new());
    assert_eq!(by(json!({ "holderName": "name" })).len(), 1);
    // Neither does a number name a document: another type can have it, too.
    let number = leg("held", json!({ "ties": { "document": "document" } }));
    assert_eq!(problems(&[birth(), number, leg("passport", document.clone())], json!({})).len(), 1);
    // Ties go through a third kind, and what is said in vain is told.
    let plate = leg("car", json!({ "subject": "plate", "ties": { "owner": "fin" } }));
    assert_eq!(problems(&[leg("passport", tied), plate, birth()], json!({})), Vec::<String>::new());
    let vain = problems(&[birth()], json!({ "untied": ["plate", "fin"] }));
    assert_eq!(vain.len(), 2, "{vain:?}");
}

#[test]
fn what_a_leg_may_not_say_is_told() {
    let told = |more: serde_json::Value| definition(&[leg("one", more)], json!({})).problems().join("; ");
    assert!(
        told(json!({ "verb": "read", "fields": ["a"], "expect": { "hit": false } }))
            .contains("only a match or a change")
    );
    assert!(told(json!({ "fields": ["hit"], "expect": { "hit": false } })).contains("and once"));
    assert!(told(json!({ "ties": { "number": "fin" } })).contains("own key"));
    assert!(told(json!({ "ties": { "number": "plate" } })).contains("no leg's key"));
    assert!(told(json!({ "fields": ["a"], "any-of": "alone" })).contains("any-of"));
    assert!(told(json!({ "subject": "message", "fields": ["a"] })).contains("message"));
    assert!(told(json!({})).contains("name fields"));
    let words = json!({ "words": { "clear": "green" } });
    assert!(definition(&[leg("one", json!({ "fields": ["a"] }))], words).problems()[0].contains("words"));
    let left_out = json!({ "left-out": [{ "id": "one", "title": "One" }] });
    assert!(definition(&[leg("one", json!({ "fields": ["a"] }))], left_out).problems()[0].contains("is a leg"));
}

#[test]
fn what_must_be_given_is_named_once_and_nothing_that_the_definition_says() {
    let definition = definition(
        &[
            leg(
                "passport",
                json!({ "subject": "document", "expect": { "status": "valid" }, "ties": { "holder": "fin" } }),
            ),
            leg("birth", json!({ "fields": ["familyName", "birthDate"] })),
            leg("home", json!({ "fields": ["address", "birthDate"] })),
            leg("age", json!({ "verb": "verify", "fields": ["age"] })),
            leg("face", json!({ "subject": "biometric", "expect": { "duplicate": false }, "clear-when": ["clear"] })),
        ],
        json!({}),
    );
    let needed = definition.inputs();
    assert_eq!(needed.subjects, [SubjectKind::Document, SubjectKind::Fin]);
    let names: Vec<_> = needed.values.iter().map(FieldName::as_str).collect();
    assert_eq!(names, ["familyName", "birthDate", "address"]);
    assert_eq!((needed.predicates.len(), needed.receipt), (1, false));
    let sample = definition.legs[4].sample(&"b-1".parse().unwrap()).unwrap();
    assert_eq!(sample.as_str(), "b-1.face");
}
