use std::collections::{BTreeMap, BTreeSet};

use mohur_policy::{Decision, Failure, Mask};
use mohur_wire::answer::Finding;
use mohur_wire::{Answer, FieldName, SubjectKey, Value};
use proptest::prelude::*;

use super::*;

fn subject() -> SubjectKey {
    SubjectKey::Fin("5ABCDE1".parse().unwrap())
}

fn decision(permitted: bool, fields: BTreeMap<FieldName, Option<Mask>>) -> Decision {
    Decision {
        permitted,
        fields,
        obligations: BTreeSet::new(),
        reasons: Vec::new(),
        policy: [0; 32],
        basis: None,
        conceal: false,
        failed: None,
    }
}

fn found(fields: BTreeMap<FieldName, Value>) -> Answer {
    Answer { subject: subject(), finding: Finding::Found(fields) }
}

#[test]
fn an_absent_subject_and_a_refused_decision_release_nothing() {
    let name: FieldName = "bloodGroup".parse().unwrap();
    let named = BTreeMap::from([(name.clone(), None)]);
    let values = BTreeMap::from([(name, Value::text("A+"))]);
    assert_eq!(apply(&decision(true, named.clone()), found(values.clone())), values);
    assert!(apply(&decision(false, named.clone()), found(values)).is_empty());
    assert!(apply(&decision(true, named), Answer { subject: subject(), finding: Finding::Absent }).is_empty());
}

/// Few names, so that decision and answer meet often.
fn name() -> impl Strategy<Value = FieldName> {
    "[a-f]".prop_map(|text| text.parse().unwrap())
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::Flag),
        any::<i64>().prop_map(Value::Number),
        "\\PC{0,12}".prop_map(Value::text),
        "[0-9]{4}-[0-9]{2}-[0-9]{2}".prop_map(Value::text),
    ]
}

fn mask() -> impl Strategy<Value = Option<Mask>> {
    proptest::option::of(proptest::sample::select(Mask::ALL.to_vec()))
}

proptest! {
    #[test]
    fn what_comes_out_is_part_of_what_the_decision_names(
        permitted in any::<bool>(),
        failed in any::<bool>(),
        named in proptest::collection::btree_map(name(), mask(), 0..6),
        answered in proptest::collection::btree_map(name(), value(), 0..6),
    ) {
        let permitted = permitted && !failed;
        let mut decision = decision(permitted, named);
        decision.failed = failed.then_some(Failure::NotLoaded);
        let released = apply(&decision, found(answered.clone()));
        prop_assert!(permitted || released.is_empty());
        for (name, value) in &released {
            let mask = decision.fields.get(name).expect("only named fields come out");
            let original = answered.get(name).expect("nothing is invented");
            match mask {
                None => prop_assert_eq!(value, original),
                Some(mask) => prop_assert_eq!(Some(value.clone()), masked(*mask, original)),
            }
        }
        // And an unmasked field that is named and answered is not lost.
        for (name, value) in &answered {
            if permitted && decision.fields.get(name) == Some(&None) {
                prop_assert_eq!(released.get(name), Some(value));
            }
        }
    }
}
