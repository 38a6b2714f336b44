//! Where in a message a text stands.

use mohur_config::Table;
use mohur_soap::XPath;

use super::message::{Body, Message};
use crate::vocabulary::{Code, XRoadError};

/// The longest text that is taken out of a message.
const MAX_TEXT: usize = 1000;

/// A place in a message.
#[derive(Clone, Debug)]
pub struct Source {
    place: Place,
    /// How the place is written in the file: names it in errors.
    written: String,
    /// `cut-prefix`: taken away from the beginning of the text, if it is there.
    cut: Option<String>,
}

#[derive(Clone, Debug)]
enum Place {
    XPath(XPath),
    Pointer(String),
    Query(String),
    Path(String),
    Header(String),
    Text(String),
}

/// The keys, of which a table has exactly one.
const KEYS: [&str; 6] = ["xpath", "pointer", "query", "path", "header", "text"];

impl Source {
    /// Reads the place that a table names, if it names one.
    pub(super) fn optional(table: &mut Table, namespaces: &[(String, String)]) -> Option<Self> {
        let present: Vec<&str> = KEYS.into_iter().filter(|key| table.has(key)).collect();
        let cut = table.optional("cut-prefix");
        let [key] = present.as_slice() else {
            if let [_, second, ..] = present.as_slice() {
                table.error(second, "names a second place", "name one place only");
            }
            for key in present {
                let _named_twice: Option<String> = table.optional(key);
            }
            return None;
        };
        let text: String = table.required(key)?;
        let place = match *key {
            "xpath" => {
                let namespaces: Vec<(&str, &str)> =
                    namespaces.iter().map(|(prefix, uri)| (prefix.as_str(), uri.as_str())).collect();
                match XPath::parse(&text, &namespaces) {
                    Ok(xpath) => Place::XPath(xpath),
                    Err(error) => {
                        table.error(key, format!("is not accepted: {error}"), "see docs/xroad.md for what is");
                        return None;
                    }
                }
            }
            "pointer" if text.starts_with('/') => Place::Pointer(text.clone()),
            "pointer" => {
                table.error(key, "is not a JSON pointer (RFC 6901)", "write one like /person/pin");
                return None;
            }
            "query" => Place::Query(text.clone()),
            "path" => Place::Path(text.clone()),
            "header" => Place::Header(text.to_ascii_lowercase()),
            _ => Place::Text(text.clone()),
        };
        Some(Self { place, written: format!("{key} {text}"), cut })
    }

    /// The same; it must name one.
    pub(super) fn required(table: &mut Table, namespaces: &[(String, String)]) -> Option<Self> {
        if !KEYS.into_iter().any(|key| table.has(key)) {
            table.error("", "names no place in the message", "add one of xpath, pointer, query, path, header, text");
        }
        Self::optional(table, namespaces)
    }

    /// A header field of the protocol.
    pub(super) fn field(name: &str) -> Self {
        Self { place: Place::Header(name.to_ascii_lowercase()), written: format!("header {name}"), cut: None }
    }

    /// The name of the path's segment that it reads.
    pub(super) fn segment(&self) -> Option<&str> {
        match &self.place {
            Place::Path(name) => Some(name),
            Place::XPath(_) | Place::Pointer(_) | Place::Query(_) | Place::Header(_) | Place::Text(_) => None,
        }
    }

    /// Whether it can be used with that protocol.
    pub(super) fn fits(&self, is_rest: bool) -> bool {
        match self.place {
            Place::XPath(_) | Place::Header(_) | Place::Text(_) => true,
            Place::Pointer(_) | Place::Query(_) | Place::Path(_) => is_rest,
        }
    }

    /// How the place is written in the file.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// The text that stands there, without white space around it; `None` if nothing does.
    pub fn find(&self, message: &Message<'_>) -> Result<Option<String>, XRoadError> {
        let found = match &self.place {
            Place::Text(text) => Some(text.clone()),
            Place::XPath(xpath) => self.by_xpath(xpath, message)?,
            Place::Pointer(pointer) => self.by_pointer(pointer, message)?,
            Place::Query(name) => self.by_query(name, message)?,
            Place::Path(name) => match message {
                Message::Rest { named, .. } => named.get(name).cloned(),
                Message::Soap { .. } => None,
            },
            Place::Header(name) => self.by_header(name, message)?,
        };
        let found = found.as_deref().map(str::trim).filter(|text| !text.is_empty());
        if found.is_some_and(|text| text.len() > MAX_TEXT) {
            return Err(self.wrong("is longer than 1000 bytes"));
        }
        let cut =
            |text: &str| self.cut.as_deref().and_then(|prefix| text.strip_prefix(prefix)).unwrap_or(text).to_owned();
        Ok(found.map(cut))
    }

    /// The same; it must be there.
    pub fn must_find(&self, message: &Message<'_>) -> Result<String, XRoadError> {
        self.find(message)?.ok_or_else(|| self.wrong("is missing"))
    }

    /// An error about the place, which never shows what stands there.
    pub(super) fn wrong(&self, what: &str) -> XRoadError {
        XRoadError::client(Code::INVALID_BODY, format!("{}: {what}", self.written))
    }

    fn by_xpath(&self, xpath: &XPath, message: &Message<'_>) -> Result<Option<String>, XRoadError> {
        let from = match message {
            Message::Soap { payload, .. } => *payload,
            Message::Rest { body: Body::Xml(document), .. } => document.root(),
            Message::Rest { .. } => return Ok(None),
        };
        xpath.text(from).map_err(|error| self.wrong(&error.to_string()))
    }

    fn by_pointer(&self, pointer: &str, message: &Message<'_>) -> Result<Option<String>, XRoadError> {
        let Message::Rest { body: Body::Json(json), .. } = message else { return Ok(None) };
        match json.pointer(pointer) {
            None | Some(serde_json::Value::Null) => Ok(None),
            Some(serde_json::Value::String(text)) => Ok(Some(text.clone())),
            Some(serde_json::Value::Number(number)) => Ok(Some(number.to_string())),
            Some(serde_json::Value::Bool(flag)) => Ok(Some(flag.to_string())),
            Some(serde_json::Value::Array(_) | serde_json::Value::Object(_)) => Err(self.wrong("is not one value")),
        }
    }

    /// A parameter that is given twice is refused: another reader might take the other one.
    fn by_query(&self, name: &str, message: &Message<'_>) -> Result<Option<String>, XRoadError> {
        let Message::Rest { head, .. } = message else { return Ok(None) };
        let mut values = head.query.iter().filter(|(parameter, _)| parameter == name).map(|(_, value)| value);
        let first = values.next();
        if values.next().is_some() { Err(self.wrong("is given twice")) } else { Ok(first.cloned()) }
    }

    /// Fields of the protocol by their names in SOAP; over REST any header beside them.
    fn by_header(&self, name: &str, message: &Message<'_>) -> Result<Option<String>, XRoadError> {
        match name {
            "userid" => return Ok(message.user_id().map(str::to_owned)),
            "issue" => return Ok(message.issue().map(str::to_owned)),
            "id" => return Ok(Some(message.id().to_owned())),
            _ => {}
        }
        let Message::Rest { head, .. } = message else { return Ok(None) };
        let mut values = head.headers.iter().filter(|(header, _)| header.as_str() == name).map(|(_, value)| value);
        let first = values.next().map(|value| value.to_str().map(str::to_owned));
        if values.next().is_some() {
            return Err(self.wrong("stands there twice"));
        }
        first.transpose().map_err(|_| self.wrong("is not plain ASCII"))
    }
}
