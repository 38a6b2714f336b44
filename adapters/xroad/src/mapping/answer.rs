//! What the client gets: the owner's answer in the client's own words.

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;
use mohur_config::Table;
use mohur_wire::{FieldName, Value};

use super::template::Template;
use crate::vocabulary::{Code, XRoadError};

/// How answers are told.
#[derive(Clone, Debug)]
pub struct AnswerRule {
    /// The subject is there.
    pub found: Template,
    /// The owner sealed that there is no such subject.
    pub absent: Absent,
    /// For fields whose values the client writes otherwise: our value, and the client's.
    pub codes: BTreeMap<FieldName, BTreeMap<String, String>>,
}

/// What stands for "there is no such subject".
#[derive(Clone, Debug)]
pub enum Absent {
    /// An answer without content, or with a status of its own (REST).
    Answer(StatusCode, Option<Template>),
    /// An error.
    Fault,
}

/// An answer, told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Its status: for REST.
    pub status: StatusCode,
    /// Its media type; none where there is no body.
    pub content_type: Option<&'static str>,
    /// Its text: the Body's child for SOAP, the body for REST.
    pub text: String,
}

impl AnswerRule {
    /// Reads `[answer]`.
    pub(super) fn read(table: &mut Table, is_rest: bool) -> Option<Self> {
        let found = template(table, is_rest);
        if found.is_none() && !table.has("xml") && !table.has("json") {
            table.error("xml", "is missing", "write the answer as the client expects it; docs/xroad.md shows how");
        }
        let codes = table.optional_table("codes").map(|mut codes| field_codes(&mut codes)).unwrap_or_default();
        let absent = table.table("absent").and_then(|mut absent| Absent::read(&mut absent, is_rest));
        Some(Self { found: found?, absent: absent?, codes })
    }

    /// The names of all places in its templates.
    pub(super) fn names(&self) -> BTreeSet<String> {
        let absent = match &self.absent {
            Absent::Answer(_, Some(template)) => template.names(),
            Absent::Answer(_, None) | Absent::Fault => BTreeSet::new(),
        };
        self.found.names().into_iter().chain(absent).collect()
    }

    /// The answer to a query whose subject the register holds.
    pub fn found(&self, fields: &BTreeMap<FieldName, Value>, subject: Option<&str>) -> Rendered {
        let value = |place: &str| {
            let field = fields.iter().find(|(name, _)| name.as_str() == place);
            let coded = |name: &FieldName, value: &Value| {
                let codes = self.codes.get(name)?;
                codes.get(&value.to_string()).map(Value::text)
            };
            match field {
                Some((name, value)) => Some(coded(name, value).unwrap_or_else(|| value.clone())),
                None if place == "subject" => subject.map(Value::text),
                None => None,
            }
        };
        rendered(StatusCode::OK, Some(&self.found), &value)
    }

    /// The answer where it does not.
    pub fn absent(&self, subject: Option<&str>) -> Result<Rendered, XRoadError> {
        match &self.absent {
            Absent::Fault => Err(XRoadError::provider(
                Code::NOT_FOUND,
                "the register holds nothing under this key; its owner has sealed that",
            )),
            Absent::Answer(status, template) => {
                let value = |place: &str| subject.filter(|_| place == "subject").map(Value::text);
                Ok(rendered(*status, template.as_ref(), &value))
            }
        }
    }
}

impl Absent {
    fn read(table: &mut Table, is_rest: bool) -> Option<Self> {
        let template = template(table, is_rest);
        let fault = table.flag("fault").unwrap_or(false);
        let status: Option<u16> = table.number("status", 200..=499);
        if fault {
            if template.is_some() || status.is_some() {
                table.error("fault", "stands beside another answer", "keep one of them");
            }
            return Some(Self::Fault);
        }
        if status.is_some() && !is_rest {
            table.error("status", "is for REST: SOAP always answers 200", "remove it");
        }
        if template.is_none() && (!is_rest || status.is_none()) {
            table.error("", "says nothing", "give an answer (xml or json), a status (REST), or fault = true");
            return None;
        }
        let status = StatusCode::from_u16(status.unwrap_or(200)).ok()?;
        Some(Self::Answer(status, template))
    }
}

fn rendered(status: StatusCode, template: Option<&Template>, value: &dyn Fn(&str) -> Option<Value>) -> Rendered {
    let content_type = template.map(|template| match template {
        Template::Xml(_) => "application/xml;charset=utf-8",
        Template::Json(_) => "application/json;charset=utf-8",
    });
    Rendered { status, content_type, text: template.map(|template| template.render(value)).unwrap_or_default() }
}

/// `xml` or, for REST, `json`.
fn template(table: &mut Table, is_rest: bool) -> Option<Template> {
    let (has_xml, has_json) = (table.has("xml"), table.has("json"));
    let (xml, json) = (table.optional::<String>("xml"), table.optional::<String>("json"));
    if has_json && (has_xml || !is_rest) {
        table.error(
            "json",
            "is a second form of the answer, or stands in a mapping for SOAP",
            "write xml, or over REST json",
        );
    }
    let (key, read) = match (xml, json) {
        (Some(xml), _) => ("xml", Template::xml(&xml)),
        (None, Some(json)) => ("json", Template::json(&json)),
        (None, None) => return None,
    };
    match read {
        Ok(template) => Some(template),
        Err(error) => {
            table.error(key, error.to_string(), "compare it with the samples in docs/xroad.md");
            None
        }
    }
}

fn field_codes(table: &mut Table) -> BTreeMap<FieldName, BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for name in table.names() {
        let Some(mut codes) = table.optional_table(&name) else { continue };
        match name.parse() {
            Ok(field) => {
                found.insert(field, strings(&mut codes));
            }
            Err(error) => {
                drop(codes);
                table.error(&name, format!("is not a field: {error}"), "name a field of the service");
            }
        }
    }
    found
}

/// A table of texts.
pub(super) fn strings(table: &mut Table) -> BTreeMap<String, String> {
    table.names().into_iter().filter_map(|name| table.optional(&name).map(|value| (name, value))).collect()
}
