//! A query: what stands inside the signed bytes. Its JSON form is the *opening*.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::subject::ReceiptNumber;
use crate::text_form;
use crate::{
    CaseReference, FieldName, MemberId, MessageId, Official, ParseError, Purpose, ServiceId, SubjectKey, Value,
};

/// Most fields, values or predicates that one query may name.
pub const MAX_FIELDS: usize = 64;

/// One question about one subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Opening", into = "Opening")]
pub struct Query {
    /// 32 random bytes, so that the digest of the opening hides what it says.
    pub salt: Salt,
    /// The message's id, unique to its sender.
    pub id: MessageId,
    /// Who asks. The signature must prove it.
    pub caller: MemberId,
    /// What is asked.
    pub service: ServiceId,
    /// About whom or what.
    pub subject: SubjectKey,
    /// The verb and what belongs to it.
    pub ask: Ask,
    /// Why, by a name in the owner's `purposes.toml`. The caller claims it: it only selects among the caller's grants.
    pub purpose: Purpose,
    /// The case it belongs to; some purposes demand one.
    pub case: Option<CaseReference>,
    /// The official or terminal that acts.
    pub official: Official,
    /// The body that the caller acts for, if it is not the caller.
    pub on_behalf_of: Option<MemberId>,
    /// In a bundle: which leg of which definition this is.
    pub leg: Option<LegRef>,
}

/// The verb of a query with its operands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The values of the named fields.
    Read(BTreeSet<FieldName>),
    /// For each field: is this its value?
    Match(BTreeMap<FieldName, Value>),
    /// For each field: does the predicate hold?
    Verify(BTreeMap<FieldName, Predicate>),
    /// An effect in the register.
    Change(Effect),
}

/// The name of a verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Named fields.
    Read,
    /// Values in, yes or no out.
    Match,
    /// A predicate.
    Verify,
    /// An effect.
    Change,
}

/// A condition on a field that is answered with yes or no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Predicate {
    /// The number is this or more.
    AtLeast(i64),
    /// The number is this or less.
    AtMost(i64),
    /// The value is one of these.
    OneOf(Vec<Value>),
}

/// A change in a register. The idempotency key is signed: the same key has the same effect once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Effect {
    /// What is to happen.
    pub operation: Operation,
    /// The receipt that it happens to.
    pub receipt: ReceiptNumber,
    /// The idempotency key: the same key never has a second effect.
    pub key: MessageId,
}

/// What a `change` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// Hold a paid fee for this case; expires if nobody settles it.
    Reserve,
    /// Use a reserved fee up.
    Consume,
    /// Give a reserved fee back.
    Release,
}

/// Which leg of which bundle definition a query is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LegRef {
    /// The definition, e.g. `issue-id-document`.
    pub definition: MessageId,
    /// Its version.
    pub version: u32,
    /// The leg's id within the definition, e.g. `birth`.
    pub leg: MessageId,
}

/// 32 random bytes, in JSON 43 base64url characters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 32]);

impl FromStr for Salt {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or(ParseError::new("salt", "32 bytes as 43 base64url characters without padding"))
    }
}

impl fmt::Display for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(…)")
    }
}

text_form!(Salt);

impl Query {
    /// Parses an opening strictly: unknown and repeated members are refused.
    pub fn parse(opening: &[u8]) -> Result<Self, QueryError> {
        serde_json::from_slice(opening).map_err(|error| QueryError::from_json(&error))
    }

    /// The opening: the JSON bytes to send and to sign. What is signed is always the bytes as sent, never a re-encoding.
    pub fn to_opening(&self) -> Vec<u8> {
        // INVARIANT: every map has string keys and no value can fail to serialise.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The verb.
    pub const fn verb(&self) -> Verb {
        match self.ask {
            Ask::Read(_) => Verb::Read,
            Ask::Match(_) => Verb::Match,
            Ask::Verify(_) => Verb::Verify,
            Ask::Change(_) => Verb::Change,
        }
    }

    /// The fields that the query names. A `change` names none: what it returns is the effect's state.
    pub fn fields(&self) -> Vec<&FieldName> {
        match &self.ask {
            Ask::Read(fields) => fields.iter().collect(),
            Ask::Match(values) => values.keys().collect(),
            Ask::Verify(predicates) => predicates.keys().collect(),
            Ask::Change(_) => Vec::new(),
        }
    }
}

impl Verb {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Match => "match",
            Self::Verify => "verify",
            Self::Change => "change",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why an opening is not a query. Says where and what was expected, never the value given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {expected}")]
pub struct QueryError {
    /// 1-based line of the JSON.
    pub line: usize,
    /// 1-based column of the JSON.
    pub column: usize,
    /// What is wrong there.
    pub expected: &'static str,
}

impl QueryError {
    fn from_json(error: &serde_json::Error) -> Self {
        let expected = match error.classify() {
            serde_json::error::Category::Syntax | serde_json::error::Category::Eof => "well-formed JSON",
            serde_json::error::Category::Data => known_expectation(&error.to_string()),
            serde_json::error::Category::Io => "readable bytes",
        };
        Self { line: error.line(), column: error.column(), expected }
    }
}

/// serde's own message may quote the value: only sentences of ours are passed on.
fn known_expectation(message: &str) -> &'static str {
    const KNOWN: &[(&str, &str)] = &[
        ("unknown field", "only the members that the contract names"),
        ("duplicate field", "each member once"),
        ("missing field", "every member that the contract requires"),
        ("FIN:", "FIN: 7 characters, Latin A-Z without I and O, and digits"),
        ("member:", "member: instance/class/member/subsystem"),
        ("service:", "service: instance/class/member/subsystem/service/version"),
        ("salt:", "salt: 32 bytes as 43 base64url characters without padding"),
        ("verb:", "exactly the operand of the verb: read fields, match values, verify predicates, change effect"),
        ("field:", "field names: a lower-case letter, then letters and digits, at most 64"),
        ("id:", "id: 1-100 letters, digits, - _ . :"),
    ];
    KNOWN
        .iter()
        .find(|(start, _)| message.contains(start))
        .map_or("a value of the type in the contract", |(_, say)| say)
}

/// The JSON form.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Opening {
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
        const OPERAND: ParseError =
            ParseError::new("verb", "read with fields, match with values, verify with predicates, change with effect");
        let ask = match (opening.verb, opening.fields, opening.values, opening.predicates, opening.effect) {
            (Verb::Read, Some(fields), None, None, None) if (1..=MAX_FIELDS).contains(&fields.len()) => {
                let count = fields.len();
                let fields: BTreeSet<FieldName> = fields.into_iter().collect();
                if fields.len() != count {
                    return Err(ParseError::new("fields", "each name once"));
                }
                Ask::Read(fields)
            }
            (Verb::Match, None, Some(values), None, None) if !values.0.is_empty() => Ask::Match(values.0),
            (Verb::Verify, None, None, Some(predicates), None) if !predicates.0.is_empty() => Ask::Verify(predicates.0),
            (Verb::Change, None, None, None, Some(effect)) => Ask::Change(effect),
            _ => return Err(OPERAND),
        };
        Ok(Self {
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
        })
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
        }
    }
}

#[cfg(test)]
mod tests;
