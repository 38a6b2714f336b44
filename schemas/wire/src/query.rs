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
    CaseReference, Enclosed, FieldName, MemberId, MessageId, Official, ParseError, Purpose, ServiceId, SubjectKey,
    Value,
};

/// Most fields, values or predicates that one query may name.
pub const MAX_FIELDS: usize = 64;

const OPERAND: ParseError =
    ParseError::new("verb", "read with fields, match with values, verify with predicates, change with effect");

/// One question about one subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "json::Opening", into = "json::Opening")]
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
    /// With `read`: a whole message of another protocol, passed on as it is.
    pub message: Option<Enclosed>,
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
    /// The receipt that it happens to, where it is a fee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptNumber>,
    /// What else the register needs, by the names that its service takes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "json::unique_values")]
    pub values: BTreeMap<FieldName, Value>,
    /// The idempotency key: the same key never has a second effect.
    pub key: MessageId,
}

/// The input of a change that is its [`receipt`](Effect::receipt) and stands in no value.
pub const RECEIPT: &str = "receipt";

/// What a `change` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// Hold it for this case: a paid fee, a document to suspend. Expires if nobody settles it.
    Reserve,
    /// Have the effect that was reserved: the fee is used up, the document suspended.
    Consume,
    /// Give it up: the fee is free again, nothing is suspended.
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

    /// What the parts alone do not say, and every reader must check: the number of operands, and that a message is
    /// enclosed only in a `read` and is there if it is the subject.
    pub fn check(&self) -> Result<(), ParseError> {
        let operands = match &self.ask {
            Ask::Read(fields) => fields.len(),
            Ask::Match(values) => values.len(),
            Ask::Verify(predicates) => predicates.len(),
            Ask::Change(effect) => effect.values.len().max(1),
        };
        if let Ask::Change(effect) = &self.ask
            && effect.values.keys().any(|name| name.as_str() == RECEIPT)
        {
            return Err(ParseError::new("effect", "the receipt stands in the effect's receipt, not among its values"));
        }
        if !(1..=MAX_FIELDS).contains(&operands) {
            return Err(OPERAND);
        }
        if self.message.is_some() && self.verb() != Verb::Read {
            return Err(ParseError::new("message", "a message is enclosed with the verb read only"));
        }
        if matches!(self.subject, SubjectKey::Message(_)) && self.message.is_none() {
            return Err(ParseError::new("message", "a subject that is a message needs the message enclosed"));
        }
        Ok(())
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

impl Effect {
    /// The names of what it takes: `receipt` if it has one, and its values; in order.
    pub fn inputs(&self) -> Vec<&str> {
        let receipt = self.receipt.iter().map(|_| RECEIPT);
        let mut inputs: Vec<_> = self.values.keys().map(FieldName::as_str).chain(receipt).collect();
        inputs.sort_unstable();
        inputs
    }
}

impl Operation {
    /// Every operation there is.
    pub const ALL: [Self; 3] = [Self::Reserve, Self::Consume, Self::Release];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reserve => "reserve",
            Self::Consume => "consume",
            Self::Release => "release",
        }
    }
}

impl Verb {
    /// Every verb there is.
    pub const ALL: [Self; 4] = [Self::Read, Self::Match, Self::Verify, Self::Change];

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
        ("effect:", "effect: the receipt in receipt, everything else in values"),
        ("message:", "message: only with read, with its type and its content in base64url without padding"),
        ("field:", "field names: a lower-case letter, then letters and digits, at most 64"),
        ("id:", "id: 1-100 letters, digits, - _ . :"),
    ];
    KNOWN
        .iter()
        .find(|(start, _)| message.contains(start))
        .map_or("a value of the type in the contract", |(_, say)| say)
}

mod json;
#[cfg(test)]
mod tests;
