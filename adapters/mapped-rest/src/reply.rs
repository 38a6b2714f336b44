//! What a reply says: where its record is, whom it speaks of, where a field stands, and what a status means.

use std::str::FromStr;

use http::StatusCode;
use mohur_config::Table;
use mohur_contract::RegistryError;
use mohur_mapping::{FieldType, Meaning, Nothing, SubjectKind};
use mohur_wire::{SubjectKey, Value};
use serde_json::Value as Json;

/// A JSON pointer (RFC 6901).
#[derive(Clone, Debug)]
pub(crate) struct Pointer(String);

impl FromStr for Pointer {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let escaped = text.split('~').skip(1).all(|after| after.starts_with(['0', '1']));
        let fits = (text.is_empty() || text.starts_with('/')) && escaped;
        if fits { Ok(Self(text.to_owned())) } else { Err("write a JSON pointer, /record/name; \"\" is the whole") }
    }
}

impl Pointer {
    fn of<'j>(&self, json: &'j Json) -> Option<&'j Json> {
        json.pointer(&self.0)
    }

    /// The text of a scalar; `None` for nothing, null and blanks.
    fn text(&self, json: &Json) -> Result<Option<String>, RegistryError> {
        let text = match self.of(json) {
            None | Some(Json::Null) => return Ok(None),
            Some(Json::String(text)) => text.trim().to_owned(),
            Some(Json::Number(number)) => number.to_string(),
            Some(Json::Bool(flag)) => flag.to_string(),
            Some(Json::Array(_) | Json::Object(_)) => {
                return Err(RegistryError::Invalid("what the mapping points at is not one value"));
            }
        };
        Ok(Some(text).filter(|text| !text.is_empty()))
    }
}

/// `[service.reply]`
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    found: Pointer,
    kind: SubjectKind,
    subject: Vec<Pointer>,
}

impl Reply {
    pub(crate) fn read(table: &mut Table, kind: SubjectKind) -> Option<Self> {
        let found = table.required("found");
        let subject: Vec<Option<Pointer>> = match kind.parts() {
            [""] => vec![table.required("subject")],
            parts => {
                let mut inner = table.table("subject")?;
                parts.iter().map(|part| inner.required(part)).collect()
            }
        };
        Some(Self { found: found?, kind, subject: subject.into_iter().collect::<Option<_>>()? })
    }

    /// The record: an object, or the one object of a list. An empty list is nobody. A reply in which there is nothing at that
    /// place is not one that says so: what a service says about nobody, the mapping must name.
    pub(crate) fn record<'j>(&self, reply: &'j Json) -> Result<Option<&'j Json>, RegistryError> {
        match self.found.of(reply) {
            Some(record @ Json::Object(_)) => Ok(Some(record)),
            Some(Json::Array(records)) => match records.as_slice() {
                [] => Ok(None),
                [record @ Json::Object(_)] => Ok(Some(record)),
                [_] => Err(RegistryError::Invalid("a record is not an object")),
                _ => Err(RegistryError::Invalid("it gives more than one record")),
            },
            Some(_) | None => Err(RegistryError::Invalid("there is no record where the mapping says (reply.found)")),
        }
    }

    /// Whom a record is about. A reply that does not say it is never taken as one about the subject asked.
    pub(crate) fn is_about(&self, record: &Json, asked: &SubjectKey) -> Result<bool, RegistryError> {
        let texts = self.subject.iter().map(|pointer| pointer.text(record)).collect::<Result<Option<Vec<_>>, _>>()?;
        let named = texts.and_then(|texts| self.kind.of(&texts));
        let named = named.ok_or(RegistryError::Invalid("the reply does not name the subject that it speaks of"))?;
        Ok(self.kind.is_same(&named, asked))
    }
}

/// One `[[service.field]]`.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) of: FieldType,
    pointer: Pointer,
}

impl Field {
    pub(crate) fn read(mut table: Table) -> Option<Self> {
        let (of, pointer) = (FieldType::read(&mut table), table.required("pointer"));
        Some(Self { of: of?, pointer: pointer? })
    }

    /// The value in a record; `None` if the record does not hold it.
    pub(crate) fn value(&self, record: &Json) -> Result<Option<Value>, RegistryError> {
        self.pointer.text(record)?.map(|text| self.of.convert(&text)).transpose()
    }
}

/// One `[[service.status]]`: a status, and perhaps what the reply must say with it, becomes that.
#[derive(Clone, Debug)]
pub(crate) struct StatusRule {
    status: u16,
    says: Option<(Pointer, String)>,
    becomes: Meaning,
}

impl StatusRule {
    pub(crate) fn read(mut table: Table) -> Option<Self> {
        let (status, becomes) = (table.required_number("status", 200..=599), table.required("becomes"));
        let (pointer, is) = (table.optional::<Pointer>("pointer"), table.optional::<String>("is"));
        if pointer.is_some() != is.is_some() {
            table.error("pointer", "goes with `is`, and `is` with it", "write both: what must stand where");
        }
        Some(Self { status: status?, says: pointer.zip(is), becomes: becomes? })
    }

    fn fits(&self, status: StatusCode, reply: Option<&Json>) -> bool {
        let says = |(pointer, is): &(Pointer, String)| {
            reply.is_some_and(|reply| matches!(pointer.text(reply), Ok(Some(text)) if text == *is))
        };
        self.status == status.as_u16() && self.says.as_ref().is_none_or(says)
    }
}

/// What a status means: the first rule that fits; else success, or what it means everywhere.
pub(crate) fn meaning(
    rules: &[StatusRule],
    status: StatusCode,
    reply: Option<&Json>,
) -> Result<Option<Nothing>, RegistryError> {
    if let Some(rule) = rules.iter().find(|rule| rule.fits(status, reply)) {
        return rule.becomes.outcome("a status that the mapping names").map(Some);
    }
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(RegistryError::Credential("HTTP 401 or 403")),
        StatusCode::TOO_MANY_REQUESTS => Err(RegistryError::Unavailable("it answers HTTP 429".to_owned())),
        status if status.is_server_error() => {
            Err(RegistryError::Unavailable(format!("it answers HTTP {}", status.as_u16())))
        }
        status if status.is_success() => Ok(None),
        _ => Err(RegistryError::Invalid("it answers with a status of which the mapping does not say what it means")),
    }
}
