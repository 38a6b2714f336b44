//! What holds for every input: no parser panics, what is read is written again, and there is one way to write it.

mod bundles;

use std::fmt::{Debug, Display};
use std::str::FromStr;

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::mrz::{Format, MrzDate, MrzName, Sex};
use crate::query::{Effect, LegRef, Operation, Predicate, Salt};
use crate::refusal::Problem;
use crate::subject::{
    BirthDate, DocumentKey, DocumentNumber, DocumentType, MessageDigest, NameAndBirthDate, PersonName, Pin, Plate,
    ReceiptNumber, SampleReference, SerialNumber, StateCode, Vin,
};
use crate::{
    Ask, CaseReference, Enclosed, FieldName, Fin, MemberId, MessageId, Mrz, Official, Purpose, Query, Refusal,
    RefusalCode, ServiceId, SubjectKey, Value, Verb, Verdict, names, names_match,
};

/// Any text, and texts that are nearly right.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[A-Za-z0-9İıəƏ<:/._ -]{0,40}",
        "[A-HJ-NP-Za-z0-9]{7}",
        "[A-Z]{2}/[A-Z]{3}/[A-Z]{3}/[a-z-]{1,9}(/[a-z]{1,5}/v[0-9])?",
        "[0-9]{4}-[0-9]{2}-[0-9]{2}",
    ]
}

fn is_canonical<T>(text: &str, to_canonical: impl Fn(&str) -> String)
where
    T: FromStr + Display + Debug + PartialEq + Serialize + DeserializeOwned,
{
    let Ok(value) = text.parse::<T>() else { return };
    assert_eq!(value.to_string(), to_canonical(text));
    assert_eq!(value.to_string().parse::<T>().ok().as_ref(), Some(&value));
    let json = serde_json::to_string(&value).unwrap();
    assert_eq!(serde_json::from_str::<T>(&json).unwrap(), value);
}

fn parsed<T: FromStr<Err: Debug> + Debug>(pattern: &'static str) -> impl Strategy<Value = T> {
    pattern.prop_filter_map("not accepted", |text| text.parse().ok())
}

fn fins() -> impl Strategy<Value = Fin> {
    parsed("[A-HJ-NP-Z0-9]{7}")
}

fn ids() -> impl Strategy<Value = MessageId> {
    parsed("[A-Za-z0-9._:-]{1,40}")
}

fn members() -> impl Strategy<Value = MemberId> {
    parsed("[A-Z]{2}/[A-Z]{3}/[A-Z0-9]{1,8}/[a-z-]{1,12}")
}

fn services() -> impl Strategy<Value = ServiceId> {
    parsed("[A-Z]{2}/[A-Z]{3}/[A-Z0-9]{1,8}/[a-z-]{1,12}/[a-z]{1,9}/v[0-9]")
}

fn field_names() -> impl Strategy<Value = FieldName> {
    parsed("[a-z][A-Za-z0-9]{0,20}")
}

fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::Flag),
        any::<i64>().prop_map(Value::Number),
        any::<String>().prop_map(Value::Text)
    ]
}

fn subjects() -> impl Strategy<Value = SubjectKey> {
    let document = (parsed("[A-Z]{3}"), parsed("[A-Z]{1,2}"), parsed("[A-Z0-9]{1,20}"))
        .prop_map(|(issuing_state, kind, number)| DocumentKey { issuing_state, kind, number });
    let person = (parsed("[A-ZƏİa-zə]{1,9} [a-zşç]{1,9}"), parsed("19[0-9]{2}-0[1-9]-1[0-9]"))
        .prop_map(|(name, birth_date)| NameAndBirthDate { name, birth_date });
    prop_oneof![
        fins().prop_map(SubjectKey::Fin),
        parsed("[A-Z0-9]{5,6}").prop_map(SubjectKey::Pin),
        document.prop_map(SubjectKey::Document),
        parsed("[A-Z0-9]{4,10}").prop_map(SubjectKey::Plate),
        parsed("[A-HJ-NPR-Z0-9]{17}").prop_map(SubjectKey::Vin),
        parsed("[A-Za-z0-9-]{1,35}").prop_map(SubjectKey::Receipt),
        parsed("[A-Za-z0-9._-]{1,64}").prop_map(SubjectKey::Serial),
        parsed("[a-z0-9-]{1,64}").prop_map(SubjectKey::Biometric),
        person.prop_map(SubjectKey::NameAndBirthDate),
    ]
}

fn operations() -> impl Strategy<Value = Operation> {
    prop_oneof![Just(Operation::Reserve), Just(Operation::Consume), Just(Operation::Release)]
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

fn queries() -> impl Strategy<Value = Query> {
    let who = (members(), services(), subjects(), option::of(members()));
    let why = (parsed("[a-z-]{1,20}"), option::of(parsed("[A-Z0-9/ ]{1,20}")), parsed("[a-z@.ə ]{1,20}"));
    let leg = (ids(), any::<u32>(), ids()).prop_map(|(definition, version, leg)| LegRef { definition, version, leg });
    let inside =
        (option::of(leg), option::of(enclosed()), parsed("[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]"), any::<bool>());
    (any::<[u8; 32]>(), ids(), who, asks(), why, inside).prop_map(
        |(salt, id, (caller, service, subject, on_behalf_of), ask, (purpose, case, official), inside)| {
            let (leg, message, digest, unnamed) = inside;
            let message = message.filter(|_| matches!(ask, Ask::Read(_)));
            let subject = if unnamed && message.is_some() { SubjectKey::Message(digest) } else { subject };
            Query {
                salt: Salt(salt),
                id,
                caller,
                service,
                subject,
                ask,
                purpose,
                case,
                official,
                on_behalf_of,
                leg,
                message,
            }
        },
    )
}

fn enclosed() -> impl Strategy<Value = Enclosed> {
    (parsed("[ -~]{1,40}"), vec(any::<u8>(), 1..80)).prop_map(|(media_type, content)| Enclosed { media_type, content })
}

fn documents() -> impl Strategy<Value = Mrz> {
    let days = (-300i32..80_000).prop_map(|days| jiff::civil::date(1900, 1, 1) + jiff::Span::new().days(days));
    let name = ("[A-ZƏŞÇĞÖÜİa-zəşçğöüı]{1,30}( [A-Z]{1,9})?", "([a-zə]{1,9}-?[A-Z]{1,9})?");
    let formats = proptest::sample::select(vec![Format::Td1, Format::Td2, Format::Td3]);
    let sexes = proptest::sample::select(vec![Sex::Female, Sex::Male, Sex::Unspecified]);
    let codes = (parsed("[A-Z]{1,2}"), parsed("[A-Z]{1,3}"), parsed("[A-Z]{3}"), parsed("[A-Z0-9]{1,12}"));
    (formats, sexes, codes, name, (days.clone(), days), ("([A-Z0-9]{7})?", "([A-Z0-9]{3})?")).prop_map(
        |(format, sex, (kind, issuing_state, nationality, number), (primary, secondary), (birth, expiry), extra)| Mrz {
            format,
            kind,
            issuing_state,
            number,
            name: MrzName::new(&primary, &secondary).unwrap(),
            nationality,
            birth_date: MrzDate::of(birth),
            sex,
            expiry: MrzDate::of(expiry),
            optional: extra.0,
            optional_2: if format == Format::Td1 { extra.1 } else { String::new() },
        },
    )
}

proptest! {
    #[test]
    fn every_text_is_read_and_written_in_one_way(text in texts()) {
        is_canonical::<Fin>(&text, str::to_ascii_uppercase);
        is_canonical::<MemberId>(&text, str::to_owned);
        is_canonical::<ServiceId>(&text, str::to_owned);
        is_canonical::<MessageId>(&text, str::to_owned);
        is_canonical::<Purpose>(&text, str::to_owned);
        is_canonical::<CaseReference>(&text, str::to_owned);
        is_canonical::<Official>(&text, str::to_owned);
        is_canonical::<FieldName>(&text, str::to_owned);
        is_canonical::<Salt>(&text, str::to_owned);
        is_canonical::<Pin>(&text, str::to_owned);
        is_canonical::<Plate>(&text, str::to_owned);
        is_canonical::<Vin>(&text, str::to_owned);
        is_canonical::<ReceiptNumber>(&text, str::to_owned);
        is_canonical::<SerialNumber>(&text, str::to_owned);
        is_canonical::<SampleReference>(&text, str::to_owned);
        is_canonical::<StateCode>(&text, str::to_owned);
        is_canonical::<DocumentType>(&text, str::to_owned);
        is_canonical::<DocumentNumber>(&text, str::to_owned);
        is_canonical::<PersonName>(&text, str::to_owned);
        is_canonical::<BirthDate>(&text, str::to_owned);
        is_canonical::<MessageDigest>(&text, str::to_owned);
    }

    #[test]
    fn a_member_has_one_uri(member in members(), text in texts()) {
        prop_assert_eq!(MemberId::from_uri(&member.to_uri()), Ok(member));
        if let Ok(member) = MemberId::from_uri(&text) {
            prop_assert_eq!(member.to_uri(), text);
        }
    }

    #[test]
    fn a_fin_is_shown_to_nobody(fin in fins(), query in queries()) {
        let query = Query { subject: SubjectKey::Fin(fin), ..query };
        let shown = format!("{fin:?} {query:?}");
        // The id and the like are random too, and shown.
        let named = [query.id.as_str(), query.caller.as_str(), query.service.as_str()].concat();
        prop_assert!(!shown.contains(fin.as_str()) || named.contains(fin.as_str()));
    }

    #[test]
    fn a_query_is_read_as_it_was_written(query in queries()) {
        prop_assert_eq!(Query::parse(&query.to_opening()), Ok(query));
    }

    #[test]
    fn no_bytes_make_the_query_parser_panic(bytes in vec(any::<u8>(), 0..400)) {
        prop_assert!(Query::parse(&bytes).is_err());
    }

    #[test]
    fn a_damaged_query_is_refused_or_means_what_it_says(query in queries(), at in any::<prop::sample::Index>(), byte: u8) {
        let mut opening = query.to_opening();
        let at = at.index(opening.len());
        opening[at] = byte;
        if let Ok(read) = Query::parse(&opening) {
            prop_assert_eq!(Query::parse(&read.to_opening()), Ok(read));
        }
        opening.truncate(at);
        prop_assert!(Query::parse(&opening).is_err());
    }

    #[test]
    fn a_member_more_or_twice_is_refused(query in queries()) {
        let opening = String::from_utf8(query.to_opening()).unwrap();
        let more = opening.replacen('{', "{\"more\":1,", 1);
        let twice = opening.replacen('{', &format!("{{\"id\":\"{}\",", query.id), 1);
        prop_assert!(Query::parse(more.as_bytes()).is_err() && Query::parse(twice.as_bytes()).is_err());
    }

    #[test]
    fn a_subject_is_read_as_it_was_written(subject in subjects(), text in texts()) {
        let json = serde_json::to_string(&subject).unwrap();
        prop_assert_eq!(serde_json::from_str::<SubjectKey>(&json).unwrap(), subject);
        prop_assert!(serde_json::from_str::<SubjectKey>(&text).is_err());
    }

    #[test]
    fn a_problem_is_read_as_it_was_written(code in proptest::sample::select(RefusalCode::ALL), detail: String) {
        let problem = Problem::new(&Refusal::new(code, detail), None);
        let json = serde_json::to_string(&problem).unwrap();
        prop_assert_eq!(serde_json::from_str::<Problem>(&json).unwrap(), problem);
    }

    #[test]
    fn a_document_is_read_as_it_was_written(mrz in documents()) {
        let Ok(lines) = mrz.to_lines() else {
            // A number too long for its format, or for the optional data beside it.
            prop_assert!(mrz.number.as_str().len() > 9);
            return Ok(());
        };
        let read = Mrz::parse(&lines).unwrap();
        prop_assert_eq!(read.to_lines(), Ok(lines));
        let name = read.name.clone();
        prop_assert_eq!(read, Mrz { name, ..mrz });
    }

    #[test]
    fn no_text_makes_the_mrz_reader_panic(text in "([A-Z0-9<]{30}\n){3}|([A-Z0-9<]{36}\n){2}|([A-Z0-9<]{44}\n){2}", other in texts()) {
        let _ = Mrz::parse(&text);
        prop_assert!(Mrz::parse(&other).is_err());
    }

    #[test]
    fn names_match_themselves_and_both_ways(one in "[A-Za-zƏəŞşĞğİıÖöÜüÇç' -]{0,20}", other in any::<String>()) {
        prop_assert_eq!(names_match(&one, &other), names_match(&other, &one));
        prop_assert_eq!(names_match(&one, &one), !names::fold(&one).0.is_empty());
        let (folded, _) = names::fold(&other);
        prop_assert_eq!(names_match(&other, &other), !folded.is_empty());
    }
}
