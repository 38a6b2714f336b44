//! The provider's file (`register.mapping` of the host). `docs/samples/xroad-provider.toml` shows every setting.

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

use http::Method;
use mohur_config::{ConfigErrors, Table};
use mohur_soap::XPath;
use mohur_wire::{FieldName, MemberId, Verb};

use super::answer::{Kind, Locator};
use super::description::Source;
use super::service::{Mapped, Protocol, Request, Service, Whole};
use super::template::{JsonTemplate, PathTemplate, XmlTemplate};
use crate::identifier::ClientId;
use crate::soap::Party;

/// What the file says.
#[derive(Clone, Debug)]
pub struct ProviderFile {
    pub(crate) services: Vec<Service>,
    names: BTreeMap<ClientId, MemberId>,
    parties: BTreeMap<String, MemberId>,
    pub(crate) health: String,
    pub(crate) body_bytes: usize,
}

/// The most octets of an answer, if the file says nothing: in base64 it must fit what brokers and hosts carry.
const BODY_BYTES: usize = 512 << 10;

impl ProviderFile {
    /// Reads the file; every error at once, with its line.
    pub fn load(path: &Path) -> Result<Self, ConfigErrors> {
        mohur_config::load(path, Self::read)
    }

    /// Reads the text of a file named `path`.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigErrors> {
        mohur_config::parse(path, text, Self::read)
    }

    /// The member that X-Road's messages name so.
    pub(crate) fn member(&self, named: &ClientId) -> Option<MemberId> {
        self.names.get(named).cloned().or_else(|| named.member())
    }

    /// Whether the party that a message represents is the member that a query acts for: the one that the file names so, or
    /// the one whose class and code it has.
    pub(crate) fn is_represented(&self, party: &Party, body: &MemberId) -> bool {
        match self.parties.get(&party.named()) {
            Some(member) => member == body,
            None => {
                let class = party.class.as_deref();
                party.code == body.member_code() && class.is_none_or(|class| class == body.member_class())
            }
        }
    }

    fn read(top: &mut Table) -> Option<Self> {
        let health = top.optional::<PathText>("health").map_or_else(|| "/".to_owned(), |path| path.0);
        let body_bytes = top.number("body-bytes", 1 << 10..=16 << 20).unwrap_or(BODY_BYTES);
        let clients = top.tables("client").into_iter().map(|mut table| {
            let (id, member) = (table.required("id"), table.required("member"));
            Some((id?, member?))
        });
        let names: Option<BTreeMap<ClientId, MemberId>> = clients.collect();
        let parties = top.tables("represents").into_iter().map(|mut table| {
            let (party, member) = (table.required("party"), table.required("member"));
            Some((party?, member?))
        });
        let parties: Option<BTreeMap<String, MemberId>> = parties.collect();
        let tables = top.tables("service");
        if tables.is_empty() {
            top.error("service", "is missing", "describe each service in a table [[service]]");
        }
        let services: Vec<Option<Service>> = tables.into_iter().map(|mut table| service(&mut table)).collect();
        let services: Vec<Service> = services.into_iter().collect::<Option<_>>()?;
        let mut seen = std::collections::BTreeSet::new();
        for service in &services {
            if !seen.insert(&service.name) {
                top.error("service", format!("describes {} twice", service.name), "remove one of the two");
            }
        }
        Some(Self { services, names: names?, parties: parties?, health, body_bytes })
    }
}

fn service(table: &mut Table) -> Option<Service> {
    let name: Option<ServiceName> = table.required("name");
    let protocol: Option<Protocol> = table.required("protocol");
    let path = table.optional::<PathText>("path").map_or_else(|| "/".to_owned(), |path| path.0);
    let description = description(table);
    let (name, protocol) = (name?.0, protocol?);
    let code = name.split('/').next().unwrap_or_default().to_owned();
    let (action, element) = match protocol {
        Protocol::Soap => (table.optional::<Action>("soap-action").map(|action| action.0), table.optional("element")),
        Protocol::Rest => (None, None),
    };
    let mapped = table.optional_table("mapped").map(|mut table| mapped(&mut table, protocol));
    let whole = table.optional_table("whole").map(|mut table| whole(&mut table, protocol));
    if mapped.is_none() && whole.is_none() {
        table.error("mapped", "and `whole` are both missing", "say how the service is asked: one or both");
    }
    let element = match (element, &mapped) {
        (Some(element), _) => element,
        (None, Some(Some(Mapped { request: Request::Soap(template), .. }))) => template.local_name(),
        (None, _) => code.clone(),
    };
    let mapped = mapped.map_or(Some(None), |mapped| mapped.map(Some));
    let whole = whole.map_or(Some(None), |whole| whole.map(Some));
    Some(Service {
        action: action.unwrap_or(code),
        name,
        protocol,
        path,
        element,
        mapped: mapped?,
        whole: whole?,
        description: description?,
    })
}

/// `description` or `description-file`.
fn description(table: &mut Table) -> Option<Option<Source>> {
    let (path, file) = (table.optional::<PathText>("description"), table.optional_path("description-file"));
    match (path, file) {
        (None, None) => Some(None),
        (Some(path), None) => Some(Some(Source::Path(path.0))),
        (None, Some(file)) => match std::fs::read(&file) {
            Ok(content) => Some(Some(Source::File(content.into()))),
            Err(error) => {
                table.error("description-file", format!("cannot be read: {error}"), "name a file that is there");
                None
            }
        },
        (Some(_), Some(_)) => {
            table.error("description-file", "is there beside `description`", "remove one of the two");
            None
        }
    }
}

fn whole(table: &mut Table, protocol: Protocol) -> Option<Whole> {
    match protocol {
        Protocol::Soap => {
            let namespaces = namespaces(table);
            let subject = optional_locator(table, "subject", protocol, &namespaces)?;
            Some(Whole { methods: Vec::new(), subject, target: None })
        }
        Protocol::Rest => {
            let methods: Vec<HttpMethod> = table.list("methods");
            let methods: Vec<_> = methods.into_iter().map(|method| method.0).collect();
            let target =
                if table.has("target") { template(table, "target", PathTemplate::parse).map(Some) } else { Some(None) };
            let methods = if methods.is_empty() { vec![Method::GET] } else { methods };
            Some(Whole { methods, subject: None, target: target? })
        }
    }
}

fn mapped(table: &mut Table, protocol: Protocol) -> Option<Mapped> {
    let verbs: Vec<VerbName> = table.list("verbs");
    let subjects: Vec<SubjectKind> = table.list("subjects");
    if subjects.is_empty() {
        table.error("subjects", "is missing or empty", "list the kinds of subject, e.g. [\"fin\"]");
    }
    let namespaces = namespaces(table);
    let request = match protocol {
        Protocol::Soap => template(table, "body", XmlTemplate::parse).map(Request::Soap),
        Protocol::Rest => rest_request(table),
    };
    let subject = locator(table, "subject", protocol, &namespaces);
    let found = optional_locator(table, "found", protocol, &namespaces);
    let absent: Vec<String> = table.list("absent");
    let fields = fields(table, protocol, &namespaces);
    let verbs: Vec<_> = verbs.into_iter().map(|verb| verb.0).collect();
    Some(Mapped {
        verbs: if verbs.is_empty() { vec![Verb::Read] } else { verbs },
        subjects: subjects.into_iter().map(|kind| kind.0).collect(),
        request: request?,
        subject: subject?,
        found: found?,
        absent: absent.into_iter().collect(),
        fields: fields?,
    })
}

fn rest_request(table: &mut Table) -> Option<Request> {
    let method = table.optional::<HttpMethod>("method").map_or(Method::GET, |method| method.0);
    let path = template(table, "target", PathTemplate::parse);
    let body = if table.has("body") { template(table, "body", JsonTemplate::parse).map(Some) } else { Some(None) };
    Some(Request::Rest(method, path?, body?))
}

fn template<T>(table: &mut Table, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
    let text: String = table.required(key)?;
    match parse(&text) {
        Ok(template) => Some(template),
        Err(what) => {
            table.error(key, what, "compare with docs/samples/xroad-provider.toml");
            None
        }
    }
}

fn namespaces(table: &mut Table) -> Vec<(String, String)> {
    let Some(mut inner) = table.optional_table("namespaces") else { return Vec::new() };
    let names = inner.names();
    names.into_iter().filter_map(|name| inner.required(&name).map(|uri| (name, uri))).collect()
}

fn locator(table: &mut Table, key: &str, protocol: Protocol, namespaces: &[(String, String)]) -> Option<Locator> {
    let text: String = table.required(key)?;
    match protocol {
        Protocol::Soap => {
            let namespaces: Vec<_> = namespaces.iter().map(|(name, uri)| (name.as_str(), uri.as_str())).collect();
            match XPath::parse(&text, &namespaces) {
                Ok(path) => Some(Locator::XPath(path)),
                Err(error) => {
                    table.error(key, error.to_string(), "write an XPath, seen from the Body's child");
                    None
                }
            }
        }
        Protocol::Rest if text.is_empty() || text.starts_with('/') => Some(Locator::Pointer(text)),
        Protocol::Rest => {
            table.error(key, "is not a JSON pointer", "write one from / on, e.g. /person/surname");
            None
        }
    }
}

fn optional_locator(
    table: &mut Table,
    key: &str,
    protocol: Protocol,
    namespaces: &[(String, String)],
) -> Option<Option<Locator>> {
    if table.has(key) { locator(table, key, protocol, namespaces).map(Some) } else { Some(None) }
}

fn fields(
    table: &mut Table,
    protocol: Protocol,
    namespaces: &[(String, String)],
) -> Option<BTreeMap<FieldName, (Locator, Kind)>> {
    let tables = table.tables("fields");
    if tables.is_empty() {
        table.error("fields", "is missing or empty", "list them: fields = [{ name = \"surname\", at = \"…\" }]");
    }
    let fields: Vec<Option<_>> = tables
        .into_iter()
        .map(|mut field| {
            let (name, at) = (field.required("name"), locator(&mut field, "at", protocol, namespaces));
            let kind = field.optional("type").unwrap_or(Kind::Text);
            Some((name?, (at?, kind)))
        })
        .collect();
    fields.into_iter().collect()
}

macro_rules! checked {
    ($name:ident($inner:ty), |$text:ident| $read:expr, $expected:literal) => {
        struct $name($inner);

        impl FromStr for $name {
            type Err = &'static str;

            fn from_str($text: &str) -> Result<Self, Self::Err> {
                let read: Option<$inner> = $read;
                read.map(Self).ok_or($expected)
            }
        }
    };
}

checked!(
    PathText(String),
    |text| (text.starts_with('/') && text.parse::<http::uri::PathAndQuery>().is_ok()).then(|| text.to_owned()),
    "write a path from / on"
);
checked!(
    ServiceName(String),
    |text| format!("A/A/A/A/{text}").parse::<mohur_wire::ServiceId>().ok().map(|_| text.to_owned()),
    "write code/version, e.g. person/v1"
);
checked!(
    Action(String),
    |text| text.bytes().all(|b| b.is_ascii_graphic() && b != b'"').then(|| text.to_owned()),
    "write it without quotes and blanks"
);
checked!(HttpMethod(Method), |text| text.parse().ok(), "write an HTTP method, e.g. GET");
checked!(
    VerbName(Verb),
    |text| match text {
        "read" => Some(Verb::Read),
        "match" => Some(Verb::Match),
        "verify" => Some(Verb::Verify),
        _ => None,
    },
    "choose read, match or verify"
);
checked!(
    SubjectKind(String),
    |text| ["fin", "pin", "document", "plate", "vin", "receipt", "serial", "name-and-birth-date"]
        .contains(&text)
        .then(|| text.to_owned()),
    "choose fin, pin, document, plate, vin, receipt, serial or name-and-birth-date"
);

impl FromStr for Protocol {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "soap" => Ok(Self::Soap),
            "rest" => Ok(Self::Rest),
            _ => Err("choose soap or rest"),
        }
    }
}

impl FromStr for Kind {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "text" => Ok(Self::Text),
            "number" => Ok(Self::Number),
            "flag" => Ok(Self::Flag),
            _ => Err("choose text, number or flag"),
        }
    }
}
