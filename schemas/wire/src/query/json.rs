//! A query's JSON form. Unknown and repeated members are refused.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Ask, Effect, LegRef, MAX_FIELDS, OPERAND, Predicate, Query, Salt, Verb};
use crate::{
    CaseReference, Enclosed, FieldName, MemberId, MessageId, Official, ParseError, Purpose, ServiceId, SubjectKey,
    Value,
};

/// The JSON form.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Opening {
    salt: Salt,
    id: MessageId,
    caller: MemberId,
    service: ServiceId,
    verb: Verb,
    subject: SubjectKey,
    purpose: Purpose,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    case: Option<CaseReference>,
    official: Official,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    on_behalf_of: Option<MemberId>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    fields: Option<Vec<FieldName>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    values: Option<UniqueMap<Value>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    predicates: Option<UniqueMap<Predicate>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    effect: Option<Effect>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    bundle: Option<LegRef>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    message: Option<Enclosed>,
}

/// The values of an effect: bounded, each name once.
pub(super) fn unique_values<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<FieldName, Value>, D::Error> {
    UniqueMap::deserialize(deserializer).map(|map| map.0)
}

/// A JSON object whose repeated members are an error: serde's own maps keep the last one silently.
struct UniqueMap<V>(BTreeMap<FieldName, V>);

impl<V: Serialize> Serialize for UniqueMap<V> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for UniqueMap<V> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<V>(std::marker::PhantomData<V>);
        impl<'de, V: Deserialize<'de>> serde::de::Visitor<'de> for Visitor<V> {
            type Value = UniqueMap<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of fields")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                let mut map = BTreeMap::new();
                while let Some((name, value)) = access.next_entry::<FieldName, V>()? {
                    if map.insert(name, value).is_some() || map.len() > MAX_FIELDS {
                        return Err(serde::de::Error::custom("duplicate field, or more than 64 of them"));
                    }
                }
                Ok(UniqueMap(map))
            }
        }
        deserializer.deserialize_map(Visitor(std::marker::PhantomData))
    }
}

impl TryFrom<Opening> for Query {
    type Error = ParseError;

    fn try_from(opening: Opening) -> Result<Self, ParseError> {
        let ask = match (opening.verb, opening.fields, opening.values, opening.predicates, opening.effect) {
            (Verb::Read, Some(fields), None, None, None) => {
                let count = fields.len();
                let fields: BTreeSet<FieldName> = fields.into_iter().collect();
                if fields.len() != count {
                    return Err(ParseError::new("fields", "each name once"));
                }
                Ask::Read(fields)
            }
            (Verb::Match, None, Some(values), None, None) => Ask::Match(values.0),
            (Verb::Verify, None, None, Some(predicates), None) => Ask::Verify(predicates.0),
            (Verb::Change, None, None, None, Some(effect)) => Ask::Change(effect),
            _ => return Err(OPERAND),
        };
        let query = Self {
            salt: opening.salt,
            id: opening.id,
            caller: opening.caller,
            service: opening.service,
            subject: opening.subject,
            ask,
            purpose: opening.purpose,
            case: opening.case,
            official: opening.official,
            on_behalf_of: opening.on_behalf_of,
            leg: opening.bundle,
            message: opening.message,
        };
        query.check()?;
        Ok(query)
    }
}

impl From<Query> for Opening {
    fn from(query: Query) -> Self {
        let verb = query.verb();
        let (mut fields, mut values, mut predicates, mut effect) = (None, None, None, None);
        match query.ask {
            Ask::Read(names) => fields = Some(names.into_iter().collect()),
            Ask::Match(map) => values = Some(UniqueMap(map)),
            Ask::Verify(map) => predicates = Some(UniqueMap(map)),
            Ask::Change(change) => effect = Some(change),
        }
        Self {
            salt: query.salt,
            id: query.id,
            caller: query.caller,
            service: query.service,
            verb,
            subject: query.subject,
            purpose: query.purpose,
            case: query.case,
            official: query.official,
            on_behalf_of: query.on_behalf_of,
            fields,
            values,
            predicates,
            effect,
            bundle: query.leg,
            message: query.message,
        }
    }
}
