//! One mapping file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use http::Method;
use mohur_config::{ConfigErrors, Table};
use mohur_wire::{FieldName, Predicate, Purpose, ServiceId, Value};

use super::answer::{AnswerRule, strings};
use super::rule::{AskRule, Kind, OfficialRule, OneKey, SubjectRule, ValueRule};
use super::source::Source;
use super::test::TestCase;
use crate::identifier::{ClientId, ServiceCode};

/// What a message of one client to one service means.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// The file.
    pub file: PathBuf,
    /// `clients`: who asks, as X-Road names them.
    pub clients: Vec<ClientId>,
    /// `asked`: the service, as X-Road names it.
    pub asked: ServiceCode,
    /// `protocol`, and for REST `method` and `path`.
    pub place: Place,
    /// `service`: the service of ours.
    pub service: ServiceId,
    /// `purpose`
    pub purpose: Purpose,
    /// `[subject]`
    pub subject: SubjectRule,
    /// `[case]`: `issue`, unless it says otherwise.
    pub case: Source,
    /// `[official]`: `userId`, unless it says otherwise.
    pub official: OfficialRule,
    /// `verb`, with what belongs to it.
    pub ask: AskRule,
    /// `[answer]`; a whole message has none.
    pub answer: Option<AnswerRule>,
    /// `description`: the WSDL or the OpenAPI document that clients are given, where the owner is no X-Road provider.
    pub description: Option<PathBuf>,
    /// `[[test]]`
    pub tests: Vec<TestCase>,
}

/// Which messages a mapping is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Every SOAP message to the service.
    Soap,
    /// REST requests with this method and a path of this shape.
    Rest(String, Vec<Segment>),
}

/// A segment of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Segment {
    /// As it stands.
    Fixed(String),
    /// `{name}`: whatever it is.
    Named(String),
    /// `*` at the end: any number of segments.
    Rest,
}

impl Place {
    /// The named segments of a path, if it has this shape.
    pub fn named(&self, method: &Method, path: &[String]) -> Option<BTreeMap<String, String>> {
        let Self::Rest(expected, segments) = self else { return None };
        if method.as_str() != expected {
            return None;
        }
        let mut named = BTreeMap::new();
        let mut left = path.iter();
        for segment in segments {
            match segment {
                Segment::Rest => return Some(named),
                Segment::Fixed(text) if left.next()? == text => {}
                Segment::Fixed(_) => return None,
                Segment::Named(name) => {
                    let value = left.next().filter(|value| !value.is_empty())?;
                    named.insert(name.clone(), value.clone());
                }
            }
        }
        left.next().is_none().then_some(named)
    }

    /// Whether it is a place of REST.
    pub const fn is_rest(&self) -> bool {
        matches!(self, Self::Rest(..))
    }
}

impl Mapping {
    /// Reads a file; every error at once, with its line.
    pub fn load(path: &Path) -> Result<Self, ConfigErrors> {
        mohur_config::load(path, |top| Self::read(top, path))
    }

    /// Reads the text of a file named `path`.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigErrors> {
        mohur_config::parse(path, text, |top| Self::read(top, path))
    }

    fn read(top: &mut Table, file: &Path) -> Option<Self> {
        // Every part is read before the first `?`, so that all errors are found.
        let place = place(top);
        let is_rest = place.as_ref().is_some_and(Place::is_rest);
        let namespaces = top.optional_table("namespaces").map(|mut table| strings(&mut table)).unwrap_or_default();
        let namespaces: Vec<(String, String)> = namespaces.into_iter().collect();
        let (clients, asked, service) = (clients(top), top.required("asked"), top.required("service"));
        let purpose = top.required("purpose");
        let ask = ask(top, &namespaces);
        let whole = matches!(ask, Some(AskRule::Whole));
        let subject = top.table("subject").and_then(|mut table| subject(&mut table, &namespaces, whole));
        let case = top.optional_table("case").and_then(|mut table| Source::required(&mut table, &namespaces));
        let official = official(top, &namespaces);
        let answer =
            if whole { None } else { top.table("answer").and_then(|mut table| AnswerRule::read(&mut table, is_rest)) };
        let description = top.optional_path("description");
        let tests: Vec<_> =
            top.tables("test").into_iter().filter_map(|mut table| TestCase::read(&mut table, is_rest)).collect();
        if tests.is_empty() {
            top.error("test", "is missing", "add a [[test]]: a sample request and the query that it must become");
        }
        let mapping = Self {
            file: file.to_owned(),
            clients,
            asked: asked?,
            place: place?,
            service: service?,
            purpose: purpose?,
            subject: subject?,
            case: case.unwrap_or_else(|| Source::field("issue")),
            official: official?,
            ask: ask?,
            answer: if whole { None } else { Some(answer?) },
            description,
            tests,
        };
        mapping.check(top);
        Some(mapping)
    }

    /// What can only be said of the parts together.
    fn check(&self, top: &Table) {
        let sources = self.subject.sources().into_iter().chain([&self.case, &self.official.source]);
        let values = match &self.ask {
            AskRule::Match(values) => values.as_slice(),
            AskRule::Read(_) | AskRule::Verify(_) | AskRule::Whole => &[],
        };
        for source in sources.chain(values.iter().map(|value| &value.source)) {
            if !source.fits(self.place.is_rest()) {
                top.error("protocol", format!("soap has no {}", source.written()), "use xpath, header or text");
            }
            if source.segment().is_some_and(|name| !self.place.names(name)) {
                top.error("path", format!("has no segment for {}", source.written()), "write it as {name} in path");
            }
        }
        let known: BTreeSet<&str> = self.ask.fields().into_iter().chain(["subject"]).collect();
        for name in self.answer.iter().flat_map(AnswerRule::names) {
            if !known.contains(name.as_str()) {
                top.error("answer", format!("has a place for {name}, which is not asked"), "ask for it, or remove it");
            }
        }
    }
}

impl Place {
    fn names(&self, name: &str) -> bool {
        match self {
            Self::Soap => true,
            Self::Rest(_, segments) => segments.iter().any(|segment| *segment == Segment::Named(name.to_owned())),
        }
    }
}

impl AskRule {
    fn fields(&self) -> Vec<&str> {
        match self {
            Self::Read(fields) => fields.iter().map(FieldName::as_str).collect(),
            Self::Match(values) => values.iter().map(|value| value.field.as_str()).collect(),
            Self::Verify(conditions) => conditions.keys().map(FieldName::as_str).collect(),
            Self::Whole => Vec::new(),
        }
    }
}

fn clients(top: &mut Table) -> Vec<ClientId> {
    let clients = top.list("clients");
    if clients.is_empty() {
        top.error("clients", "names nobody", "list the clients that this mapping is for, as X-Road names them");
    }
    clients
}

fn place(top: &mut Table) -> Option<Place> {
    match top.required::<String>("protocol")?.as_str() {
        "soap" => Some(Place::Soap),
        "rest" => {
            let (method, path) = (top.required::<MethodName>("method"), top.required::<Shape>("path"));
            Some(Place::Rest(method?.0, path?.0))
        }
        _ => {
            top.error("protocol", "is not known", "write soap or rest");
            None
        }
    }
}

struct MethodName(String);

impl FromStr for MethodName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS" => Ok(Self(text.to_owned())),
            _ => Err("write a method of HTTP in capitals"),
        }
    }
}

struct Shape(Vec<Segment>);

impl FromStr for Shape {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str =
            "write the path after the service, like /persons/{fin}; each name once, * only at the end";
        if text.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let mut names = BTreeSet::new();
        let parts: Vec<&str> = text.strip_prefix('/').ok_or(EXPECTED)?.split('/').collect();
        let last = parts.len() - 1;
        let mut segment = |(index, part): (usize, &&str)| match part.strip_prefix('{') {
            None if *part == "*" && index == last => Ok(Segment::Rest),
            None if part.contains(['{', '}', '*', '?', '%']) => Err(EXPECTED),
            None => Ok(Segment::Fixed((*part).to_owned())),
            Some(name) => {
                let name = name.strip_suffix('}').filter(|name| !name.is_empty()).ok_or(EXPECTED)?;
                let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
                if is_name && names.insert(name.to_owned()) {
                    Ok(Segment::Named(name.to_owned()))
                } else {
                    Err(EXPECTED)
                }
            }
        };
        parts.iter().enumerate().map(&mut segment).collect::<Result<_, _>>().map(Self)
    }
}

fn subject(table: &mut Table, namespaces: &[(String, String)], whole: bool) -> Option<SubjectRule> {
    let kind: String = table.required("kind")?;
    let one = match kind.as_str() {
        "fin" => OneKey::Fin,
        "pin" => OneKey::Pin,
        "plate" => OneKey::Plate,
        "vin" => OneKey::Vin,
        "receipt" => OneKey::Receipt,
        "serial" => OneKey::Serial,
        "message" if whole => return Some(SubjectRule::Message),
        "document" => {
            let mut part = |key| table.table(key).and_then(|mut part| Source::required(&mut part, namespaces));
            let (state, kind, number) = (part("state"), part("type"), part("number"));
            return Some(SubjectRule::Document(state?, kind?, number?));
        }
        "person" => {
            let mut part = |key| table.table(key).and_then(|mut part| Source::required(&mut part, namespaces));
            let (name, birth_date) = (part("name"), part("birth-date"));
            return Some(SubjectRule::Person(name?, birth_date?));
        }
        _ => {
            let known =
                "write fin, pin, plate, vin, receipt, serial, document or person; with verb message also message";
            table.error("kind", "is not a kind of subject here", known);
            return None;
        }
    };
    Source::required(table, namespaces).map(|source| SubjectRule::One(one, source))
}

fn official(top: &mut Table, namespaces: &[(String, String)]) -> Option<OfficialRule> {
    let named = || Source::field("userId");
    let Some(mut table) = top.optional_table("official") else {
        return Some(OfficialRule { source: named(), otherwise: None });
    };
    let has_otherwise = table.has("otherwise");
    let (otherwise, source) = (table.optional("otherwise"), Source::optional(&mut table, namespaces));
    if has_otherwise && otherwise.is_none() {
        return None;
    }
    Some(OfficialRule { source: source.unwrap_or_else(named), otherwise })
}

fn ask(top: &mut Table, namespaces: &[(String, String)]) -> Option<AskRule> {
    match top.required::<String>("verb")?.as_str() {
        "read" => {
            let fields: Vec<FieldName> = top.list("fields");
            if fields.is_empty() {
                top.error("fields", "names none", "list the fields that are read");
                return None;
            }
            Some(AskRule::Read(fields.into_iter().collect()))
        }
        "match" => {
            let tables = top.tables("value");
            if tables.is_empty() {
                top.error("value", "is missing", "add a [[value]] for each field that is compared");
            }
            let values: Vec<_> = tables.into_iter().map(|mut table| value(&mut table, namespaces)).collect();
            let values: Option<Vec<_>> = values.into_iter().collect();
            unique(top, "value", values?.into_iter().map(|value| (value.field.clone(), value)))
                .map(|values| AskRule::Match(values.into_values().collect()))
        }
        "verify" => {
            let tables = top.tables("condition");
            if tables.is_empty() {
                top.error("condition", "is missing", "add a [[condition]] for each field that is verified");
            }
            let conditions: Vec<_> = tables.into_iter().map(|mut table| condition(&mut table)).collect();
            let conditions: Option<Vec<_>> = conditions.into_iter().collect();
            unique(top, "condition", conditions?.into_iter()).map(AskRule::Verify)
        }
        "message" => Some(AskRule::Whole),
        "change" => {
            let why = "cannot be mapped: what it changes must be settled or undone, and X-Road has no message for that";
            top.error("verb", why, "ask a bundle, or use the service's own client");
            None
        }
        _ => {
            top.error("verb", "is not known", "write read, match, verify or message");
            None
        }
    }
}

fn unique<V>(top: &Table, key: &str, pairs: impl Iterator<Item = (FieldName, V)>) -> Option<BTreeMap<FieldName, V>> {
    let mut found = BTreeMap::new();
    for (field, value) in pairs {
        if found.insert(field.clone(), value).is_some() {
            top.error(key, format!("names {field} twice"), "keep one of them");
        }
    }
    (!found.is_empty()).then_some(found)
}

fn value(table: &mut Table, namespaces: &[(String, String)]) -> Option<ValueRule> {
    let (field, source) = (table.required("field"), Source::required(table, namespaces));
    let kind = table.optional("type").unwrap_or(Kind::Text);
    let optional = table.flag("optional").unwrap_or(false);
    let codes = table.optional_table("codes").map(|mut codes| strings(&mut codes)).unwrap_or_default();
    Some(ValueRule { field: field?, source: source?, kind, codes, optional })
}

fn condition(table: &mut Table) -> Option<(FieldName, Predicate)> {
    let field = table.required("field");
    let least = table.number("at-least", i64::MIN..=i64::MAX).map(Predicate::AtLeast);
    let most = table.number("at-most", i64::MIN..=i64::MAX).map(Predicate::AtMost);
    let one_of: Vec<String> = table.list("one-of");
    let one_of = (!one_of.is_empty()).then(|| Predicate::OneOf(one_of.into_iter().map(Value::Text).collect()));
    let mut given = [least, most, one_of].into_iter().flatten();
    let condition = given.next();
    if condition.is_none() || given.next().is_some() {
        table.error("field", "has no condition, or two", "give one of at-least, at-most and one-of");
        return None;
    }
    Some((field?, condition?))
}
