//! One `[[service]]` of a mapping file.

use std::collections::BTreeSet;
use std::str::FromStr;

use http::uri::PathAndQuery;
use mohur_config::Table;
use mohur_mapping::{Offer, Parameter, SubjectKind, read_all};
use mohur_wire::FieldName;

use crate::fault::FaultRule;
use crate::field::Field;
use crate::namespaces::Namespaces;
use crate::reply::Reply;
use crate::template::Template;

/// A service, ready to be asked.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) offer: Offer,
    pub(crate) endpoint: String,
    pub(crate) action: String,
    pub(crate) header: Option<Template>,
    pub(crate) request: Template,
    pub(crate) reply: Reply,
    pub(crate) fields: Vec<Field>,
    pub(crate) faults: Vec<FaultRule>,
}

/// The path of a request, from `/` on.
pub(crate) struct Target(pub(crate) String);

impl FromStr for Target {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = text.starts_with('/') && text.parse::<PathAndQuery>().is_ok();
        if fits { Ok(Self(text.to_owned())) } else { Err("write a path from / on; the host is in register.url") }
    }
}

/// An action can be quoted as it is.
struct Action(String);

impl FromStr for Action {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits =
            text.len() <= 512 && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'));
        if fits { Ok(Self(text.to_owned())) } else { Err("write the soapAction of the WSDL, without quotes") }
    }
}

impl Service {
    pub(crate) fn read(mut table: Table, namespaces: &Namespaces) -> Option<Self> {
        let (offer, kind) = Offer::read(&mut table);
        let (endpoint, action) = (table.required::<Target>("endpoint"), table.optional::<Action>("action"));
        // Without the kind neither template nor reply can be read; FIN is taken so that their other errors are found.
        let assumed = kind.unwrap_or(SubjectKind::Fin);
        let template = |table: &mut Table, key: &str| {
            let text: String = table.optional(key)?;
            Template::read(table, key, &text, namespaces, assumed)
        };
        let has_header = table.has("header");
        let header = template(&mut table, "header");
        if !table.has("request") {
            table.error("request", "is missing", "add the template of the Body's element");
        }
        let request = template(&mut table, "request");
        let reply = table.table("reply").and_then(|mut reply| Reply::read(&mut reply, namespaces, assumed));
        let (fields, whole_fields) = read_all(table.tables("field"), |field| Field::read(field, namespaces));
        let (faults, whole_faults) = read_all(table.tables("fault"), |fault| FaultRule::read(fault, namespaces));
        check(&table, request.as_ref(), header.as_ref(), &fields);
        let whole = whole_fields && whole_faults && header.is_some() == has_header;
        Some(Self {
            offer: offer?,
            endpoint: endpoint?.0,
            action: action.map(|action| action.0).unwrap_or_default(),
            header,
            request: request?,
            reply: reply?,
            fields,
            faults,
        })
        .filter(|_| whole)
    }

    /// The field of that name.
    pub(crate) fn field(&self, name: &FieldName) -> Option<&Field> {
        self.fields.iter().find(|field| field.of.name == *name)
    }
}

/// What only shows when all of a service is read.
fn check(table: &Table, request: Option<&Template>, header: Option<&Template>, fields: &[Field]) {
    let names: BTreeSet<_> = fields.iter().map(|field| &field.of.name).collect();
    if names.len() != fields.len() {
        table.error("field", "names a field twice", "give each its own name");
    }
    let Some(request) = request else { return };
    if request.elements() != 1 {
        table.error("request", "is more than one element", "a Body holds one (document/literal)");
    }
    if !request.parameters().iter().any(|parameter| matches!(parameter, Parameter::Subject(_))) {
        table.error("request", "does not name the subject", "write {subject} where the service wants it");
    }
    for (key, template) in [("request", Some(request)), ("header", header)] {
        for parameter in template.into_iter().flat_map(Template::parameters) {
            if let Parameter::Value(field) = parameter
                && !names.contains(field)
            {
                let what = format!("gives the value of {field}, which no [[service.field]] names");
                table.error(key, what, "add the field: what a match gives is answered with a verdict");
            }
        }
    }
}
