//! One `[[service]]` of a mapping file.

use std::collections::BTreeSet;
use std::str::FromStr;

use http::{HeaderName, Method};
use mohur_config::Table;
use mohur_mapping::{Offer, Parameter, SubjectKind, read_all};
use mohur_wire::FieldName;

use crate::reply::{Field, Reply, StatusRule};
use crate::template::{Body, Path, Text};

/// A service, ready to be asked.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) offer: Offer,
    pub(crate) method: Method,
    pub(crate) path: Path,
    pub(crate) query: Vec<(String, Text)>,
    pub(crate) headers: Vec<(HeaderName, Text)>,
    pub(crate) body: Option<Body>,
    pub(crate) reply: Reply,
    pub(crate) fields: Vec<Field>,
    pub(crate) statuses: Vec<StatusRule>,
}

/// The methods that ask: a register is not changed through a mapping file.
struct Asking(Method);

impl FromStr for Asking {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "GET" => Ok(Self(Method::GET)),
            "POST" => Ok(Self(Method::POST)),
            _ => Err("choose GET or POST: a register is not changed through a mapping file"),
        }
    }
}

impl Service {
    pub(crate) fn read(mut table: Table) -> Option<Self> {
        let (offer, kind) = Offer::read(&mut table);
        // Without the kind the templates cannot be read; FIN is taken so that their other errors are found.
        let kind = kind.unwrap_or(SubjectKind::Fin);
        let method = table.required::<Asking>("method");
        let path = table.required::<String>("path").and_then(|text| noted(&table, "path", Path::parse(&text, kind)));
        let query = texts(table.optional_table("query"), kind, |name| Some(name.to_owned()));
        let headers = texts(table.optional_table("headers"), kind, header);
        let has_body = table.has("body");
        let body = table.optional::<String>("body").and_then(|text| noted(&table, "body", Body::parse(&text, kind)));
        let reply = table.table("reply").and_then(|mut reply| Reply::read(&mut reply, kind));
        let (fields, whole_fields) = read_all(table.tables("field"), Field::read);
        let (statuses, whole_statuses) = read_all(table.tables("status"), StatusRule::read);
        if has_body && method.as_ref().is_some_and(|method| method.0 == Method::GET) {
            table.error("body", "goes with POST only", "take it out, or write method = \"POST\"");
        }
        let (query, headers) = (query?, headers?);
        let mut parameters: Vec<&Parameter> = path.iter().flat_map(Path::parameters).collect();
        parameters.extend(query.iter().filter_map(|(_, text)| text.parameter()));
        parameters.extend(headers.iter().filter_map(|(_, text)| text.parameter()));
        body.iter().for_each(|body| body.parameters(&mut parameters));
        check(&table, &parameters, &fields);
        (whole_fields && whole_statuses && body.is_some() == has_body).then_some(())?;
        Some(Self {
            offer: offer?,
            method: method?.0,
            path: path?,
            query,
            headers,
            body,
            reply: reply?,
            fields,
            statuses,
        })
    }

    /// The field of that name.
    pub(crate) fn field(&self, name: &FieldName) -> Option<&Field> {
        self.fields.iter().find(|field| field.of.name == *name)
    }
}

/// What was read, or an error that was noted.
fn noted<T>(table: &Table, key: &str, read: Result<T, String>) -> Option<T> {
    read.map_err(|what| {
        table.error(key, format!("is not accepted: {what}"), "a parameter is a whole part, {subject}");
    })
    .ok()
}

/// A table of names and texts; an outer `None` is an error that was noted.
fn texts<N>(table: Option<Table>, kind: SubjectKind, name: impl Fn(&str) -> Option<N>) -> Option<Vec<(N, Text)>> {
    let Some(mut table) = table else { return Some(Vec::new()) };
    let mut whole = true;
    let mut found = Vec::new();
    for key in table.names() {
        let text = table.required::<String>(&key).and_then(|text| noted(&table, &key, Text::parse(&text, kind)));
        let named = name(&key);
        if named.is_none() {
            table.error(&key, "is no header that a mapping may set", "take it out");
        }
        match named.zip(text) {
            Some(one) => found.push(one),
            None => whole = false,
        }
    }
    whole.then_some(found)
}

/// A header's name, but for those that are the connection's.
fn header(name: &str) -> Option<HeaderName> {
    let name: HeaderName = name.parse().ok()?;
    let ours =
        ["authorization", "host", "connection", "content-length", "content-type", "transfer-encoding", "accept", "te"];
    (!ours.contains(&name.as_str())).then_some(name)
}

/// What only shows when all of a service is read.
fn check(table: &Table, parameters: &[&Parameter], fields: &[Field]) {
    let names: BTreeSet<_> = fields.iter().map(|field| &field.of.name).collect();
    if names.len() != fields.len() {
        table.error("field", "names a field twice", "give each its own name");
    }
    if fields.is_empty() {
        table.error("field", "is missing", "add a [[service.field]] for each value that the service can tell");
    }
    if !parameters.iter().any(|parameter| matches!(parameter, Parameter::Subject(_))) {
        table.error(
            "path",
            "and what else is sent do not name the subject",
            "write {subject} where the service wants it",
        );
    }
    for parameter in parameters {
        if let Parameter::Value(field) = parameter
            && !names.contains(field)
        {
            let what = format!("gives the value of {field}, which no [[service.field]] names");
            table.error("", what, "add the field: what a match gives is answered with a verdict");
        }
    }
}
