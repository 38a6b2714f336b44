//! What is sent: paths, texts and JSON bodies in which a whole part can be a parameter, `{subject}`.

use mohur_contract::RegistryError;
use mohur_mapping::{Given, Parameter, SubjectKind};
use mohur_wire::Value;
use serde_json::{Map, Value as Json};

/// A text that is fixed, or a parameter and nothing else.
#[derive(Clone, Debug)]
pub(crate) enum Text {
    Fixed(String),
    Given(Parameter),
}

/// A path from `/` on, of which a whole segment can be a parameter, with a query that is fixed.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    segments: Vec<Text>,
    query: String,
}

/// A JSON document in which a string can be a parameter.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Fixed(Json),
    Given(Parameter),
    Object(Vec<(String, Body)>),
    Array(Vec<Body>),
}

impl Text {
    pub(crate) fn parse(text: &str, kind: SubjectKind) -> Result<Self, String> {
        let inner = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        match inner {
            Some(name) if !name.contains(['{', '}']) => Parameter::parse(name, kind).map(Self::Given),
            None if !text.contains(['{', '}']) => Ok(Self::Fixed(text.to_owned())),
            Some(_) | None => Err("a parameter stands beside other text".to_owned()),
        }
    }

    pub(crate) const fn parameter(&self) -> Option<&Parameter> {
        match self {
            Self::Fixed(_) => None,
            Self::Given(parameter) => Some(parameter),
        }
    }

    /// The text; `None` if the query does not have it.
    pub(crate) fn fill(&self, given: &Given<'_>) -> Option<String> {
        match self {
            Self::Fixed(text) => Some(text.clone()),
            Self::Given(parameter) => given.text(parameter),
        }
    }
}

impl Path {
    pub(crate) fn parse(text: &str, kind: SubjectKind) -> Result<Self, String> {
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let path = path.strip_prefix('/').ok_or("write a path from / on; the host is in register.url")?;
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&byte));
        if query.contains(['{', '}']) {
            return Err("a parameter of the query stands under [service.query]".to_owned());
        }
        let segments: Vec<_> = path.split('/').map(|segment| Text::parse(segment, kind)).collect::<Result<_, _>>()?;
        let fixed = segments.iter().filter_map(|segment| match segment {
            Text::Fixed(text) => Some(text.as_str()),
            Text::Given(_) => None,
        });
        if !fixed.chain([query]).all(plain) {
            return Err("a character cannot stand in a path or query; percent-encode it".to_owned());
        }
        Ok(Self { segments, query: query.to_owned() })
    }

    pub(crate) fn parameters(&self) -> impl Iterator<Item = &Parameter> {
        self.segments.iter().filter_map(Text::parameter)
    }

    /// Path and query. What a query says stays within its segment, and is never a step up.
    pub(crate) fn fill(&self, given: &Given<'_>, query: &[(String, Text)]) -> Result<String, RegistryError> {
        const MISSING: RegistryError =
            RegistryError::Unsupported("the query gives nothing that the service is asked by");
        const STEP: RegistryError = RegistryError::Unsupported("the subject cannot stand in a path");
        let mut target = String::new();
        for segment in &self.segments {
            target.push('/');
            match segment {
                Text::Fixed(text) => target.push_str(text),
                Text::Given(parameter) => {
                    let text = given.text(parameter).ok_or(MISSING)?;
                    if text.is_empty() || text.bytes().all(|byte| byte == b'.') {
                        return Err(STEP);
                    }
                    encode(&mut target, &text);
                }
            }
        }
        let mut before = '?';
        if !self.query.is_empty() {
            target.push(before);
            target.push_str(&self.query);
            before = '&';
        }
        for (name, text) in query {
            let Some(text) = text.fill(given) else { continue };
            target.push(before);
            encode(&mut target, name);
            target.push('=');
            encode(&mut target, &text);
            before = '&';
        }
        Ok(target)
    }
}

/// Percent-encodes everything but RFC 3986's unreserved characters (section 2.3).
fn encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}

impl Body {
    pub(crate) fn parse(text: &str, kind: SubjectKind) -> Result<Self, String> {
        let json: Json = serde_json::from_str(text).map_err(|error| format!("is not JSON: {error}"))?;
        Self::of(json, kind)
    }

    fn of(json: Json, kind: SubjectKind) -> Result<Self, String> {
        Ok(match json {
            Json::String(text) => match Text::parse(&text, kind)? {
                Text::Fixed(text) => Self::Fixed(Json::String(text)),
                Text::Given(parameter) => Self::Given(parameter),
            },
            Json::Array(items) => {
                Self::Array(items.into_iter().map(|item| Self::of(item, kind)).collect::<Result<_, _>>()?)
            }
            Json::Object(members) => {
                let members = members.into_iter().map(|(name, member)| Ok((name, Self::of(member, kind)?)));
                Self::Object(members.collect::<Result<_, String>>()?)
            }
            other @ (Json::Null | Json::Bool(_) | Json::Number(_)) => Self::Fixed(other),
        })
    }

    pub(crate) fn parameters<'a>(&'a self, found: &mut Vec<&'a Parameter>) {
        match self {
            Self::Fixed(_) => {}
            Self::Given(parameter) => found.push(parameter),
            Self::Object(members) => members.iter().for_each(|(_, member)| member.parameters(found)),
            Self::Array(items) => items.iter().for_each(|item| item.parameters(found)),
        }
    }

    /// The document; what the query does not have is left out.
    pub(crate) fn fill(&self, given: &Given<'_>) -> Option<Json> {
        match self {
            Self::Fixed(json) => Some(json.clone()),
            Self::Given(parameter) => given.value(parameter).map(|value| match value {
                Value::Text(text) => Json::String(text),
                Value::Number(number) => Json::from(number),
                Value::Flag(flag) => Json::Bool(flag),
            }),
            Self::Array(items) => Some(Json::Array(items.iter().filter_map(|item| item.fill(given)).collect())),
            Self::Object(members) => {
                let members = members.iter().filter_map(|(name, member)| Some((name.clone(), member.fill(given)?)));
                Some(Json::Object(members.collect::<Map<_, _>>()))
            }
        }
    }
}
