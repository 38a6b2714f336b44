//! Anything that can be said.

use std::fmt::Debug;
use std::str::FromStr;

use mohur_wire::answer::Finding;
use mohur_wire::bundle::{BundleAnswer, LeftOut, LegAnswer, Outcome, Settlement};
use mohur_wire::query::{Predicate, Salt};
use mohur_wire::subject::{DocumentKey, NameAndBirthDate};
use mohur_wire::{
    Ask, Effect, Enclosed, FieldName, LegRef, MemberId, MessageId, Operation, Query, Refusal, RefusalCode, ServiceId,
    SubjectKey, Value, Verdict,
};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::super::{Answered, Readable, Sealed};

pub(super) use proptest::prelude::any;

fn parsed<T: FromStr<Err: Debug> + Debug>(pattern: &'static str) -> impl Strategy<Value = T> {
    pattern.prop_filter_map("not accepted", |text| text.parse().ok())
}

pub(super) fn ids() -> impl Strategy<Value = MessageId> {
    parsed("[A-Za-z0-9._:-]{1,40}")
}

pub(super) fn members() -> impl Strategy<Value = MemberId> {
    parsed("[A-Z]{2}/[A-Z]{3}/[A-Z0-9]{1,8}/[a-z-]{1,12}")
}

fn services() -> impl Strategy<Value = ServiceId> {
    parsed("[A-Z]{2}/[A-Z]{3}/[A-Z0-9]{1,8}/[a-z-]{1,12}/[a-z]{1,9}/v[0-9]")
}

fn field_names() -> impl Strategy<Value = FieldName> {
    parsed("[a-z][A-Za-z0-9]{0,20}")
}

/// Texts that XML must escape or cannot hold, and others.
fn values() -> impl Strategy<Value = Value> {
    let texts =
        prop_oneof![any::<String>(), "[\u{0}-\u{20}<>&\"'\r\n\t\u{85}\u{2028}\u{fffd}-\u{ffff}\u{10000}a]{0,12}"];
    prop_oneof![any::<bool>().prop_map(Value::Flag), any::<i64>().prop_map(Value::Number), texts.prop_map(Value::Text)]
}

fn subjects() -> impl Strategy<Value = SubjectKey> {
    let document = (parsed("[A-Z]{1,3}"), parsed("[A-Z]{1,2}"), parsed("[A-Z0-9]{1,20}"))
        .prop_map(|(issuing_state, kind, number)| DocumentKey { issuing_state, kind, number });
    let person = (parsed("[A-ZƏİa-zə'’.]{1,9} [a-zşç]{1,9}"), parsed("19[0-9]{2}-0[1-9]-1[0-9]"))
        .prop_map(|(name, birth_date)| NameAndBirthDate { name, birth_date });
    prop_oneof![
        parsed("[A-HJ-NP-Z0-9]{7}").prop_map(SubjectKey::Fin),
        parsed("[A-Z0-9]{5,6}").prop_map(SubjectKey::Pin),
        document.prop_map(SubjectKey::Document),
        parsed("[A-Z0-9]{4,10}").prop_map(SubjectKey::Plate),
        parsed("[A-HJ-NPR-Z0-9]{17}").prop_map(SubjectKey::Vin),
        parsed("[A-Za-z0-9._-]{1,35}").prop_map(SubjectKey::Receipt),
        parsed("[A-Za-z0-9._-]{1,64}").prop_map(SubjectKey::Serial),
        parsed("[a-z0-9-]{1,64}").prop_map(SubjectKey::Biometric),
        person.prop_map(SubjectKey::NameAndBirthDate),
    ]
}

fn operations() -> impl Strategy<Value = Operation> {
    select(Operation::ALL.to_vec())
}

fn asks() -> impl Strategy<Value = Ask> {
    let predicates = prop_oneof![
        any::<i64>().prop_map(Predicate::AtLeast),
        any::<i64>().prop_map(Predicate::AtMost),
        vec(values(), 0..3).prop_map(Predicate::OneOf)
    ];
    let receipts = proptest::option::of(parsed("[A-Z0-9-]{1,35}"));
    let inputs = btree_map(field_names().prop_filter("is no value", |name| name.as_str() != "receipt"), values(), 0..4);
    let effects = (operations(), receipts, inputs, ids()).prop_map(|(operation, receipt, values, key)| Effect {
        operation,
        receipt,
        values,
        key,
    });
    prop_oneof![
        btree_set(field_names(), 1..5).prop_map(Ask::Read),
        btree_map(field_names(), values(), 1..5).prop_map(Ask::Match),
        btree_map(field_names(), predicates, 1..5).prop_map(Ask::Verify),
        effects.prop_map(Ask::Change),
    ]
}

fn enclosed() -> impl Strategy<Value = Enclosed> {
    (parsed("[ -~]{1,40}"), vec(any::<u8>(), 1..80)).prop_map(|(media_type, content)| Enclosed { media_type, content })
}

pub(super) fn queries() -> impl Strategy<Value = Query> {
    let who = (members(), services(), subjects(), option::of(members()));
    // Printable text of any kind: what is not accepted is left out by the filter.
    let texts = "[a-z@.ə <>&\"'\u{a0}\u{10000}-\u{10fff}]{1,20}";
    let why = (parsed("[a-z-]{1,20}"), option::of(parsed(texts)), parsed(texts));
    let leg = (ids(), any::<u32>(), ids()).prop_map(|(definition, version, leg)| LegRef { definition, version, leg });
    let inside =
        (option::of(leg), option::of(enclosed()), parsed("[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]"), any::<bool>());
    (any::<[u8; 32]>(), ids(), who, asks(), why, inside).prop_map(
        |(salt, id, (caller, service, subject, on_behalf_of), ask, (purpose, case, official), inside)| {
            let (leg, message, digest, unnamed) = inside;
            let message = message.filter(|_| matches!(ask, Ask::Read(_)));
            let subject = if unnamed && message.is_some() { SubjectKey::Message(digest) } else { subject };
            let salt = Salt(salt);
            Query { salt, id, caller, service, subject, ask, purpose, case, official, on_behalf_of, leg, message }
        },
    )
}

fn findings() -> impl Strategy<Value = Finding> {
    prop_oneof![Just(Finding::Absent), btree_map(field_names(), values(), 0..4).prop_map(Finding::Found)]
}

fn seals() -> impl Strategy<Value = String> {
    "[A-Za-z0-9_-]{1,9}\\.[A-Za-z0-9_-]{1,9}\\.[A-Za-z0-9_-]{1,9}~([A-Za-z0-9_-]{1,9}~){0,3}"
}

pub(super) fn answers() -> impl Strategy<Value = Answered> {
    let parts = (ids(), services(), findings(), seals());
    parts.prop_map(|(id, service, finding, sealed)| Answered { id, service, finding, sealed: Sealed(sealed) })
}

type Said = (Option<(String, Finding)>, Option<String>, Option<RefusalCode>);

/// What one owner said: a seal with its copy and perhaps a receipt, or a refusal, or nothing.
fn said() -> impl Strategy<Value = Said> {
    prop_oneof![
        (seals(), findings(), option::of("[A-Za-z0-9_-]{1,40}")).prop_map(|(sealed, finding, receipt)| (
            Some((sealed, finding)),
            receipt,
            None
        )),
        select(RefusalCode::ALL).prop_map(|code| (None, None, Some(code))),
        Just((None, None, None)),
    ]
}

pub(super) fn bundle_answers() -> impl Strategy<Value = (BundleAnswer, Readable)> {
    let leg = (select(Verdict::ALL.to_vec()), said(), option::of((operations(), said())));
    let whole = (ids(), ids(), any::<u32>(), select(Outcome::ALL.to_vec()), any::<bool>());
    let left_out = vec((ids(), "[ -~ə]{1,20}"), 0..3);
    (whole, left_out, btree_map(ids(), leg, 0..5)).prop_map(|(whole, left_out, all)| {
        let (bundle, definition, version, outcome, complete) = whole;
        let left_out = left_out.into_iter().map(|(id, title)| LeftOut { id, title }).collect();
        let mut copies = Readable::default();
        let mut legs = Vec::new();
        for (id, (verdict, (sealed, receipt, refusal), settled)) in all {
            let answer = sealed.map(|(text, copy)| (text, copies.legs.insert(id.clone(), copy)).0);
            let settlement = settled.map(|(operation, (sealed, receipt, refusal))| {
                let answer = sealed.map(|(text, copy)| (text, copies.settlements.insert(id.clone(), copy)).0);
                Settlement { operation, answer, receipt, refusal }
            });
            legs.push(LegAnswer { leg: id, verdict, answer, receipt, refusal, settlement });
        }
        (BundleAnswer { bundle, definition, version, outcome, complete, left_out, legs }, copies)
    })
}

pub(super) fn refusals() -> impl Strategy<Value = Refusal> {
    (select(RefusalCode::ALL), "[ -~ə\u{a0}\n]{0,60}").prop_map(|(code, detail)| Refusal::new(code, detail))
}
