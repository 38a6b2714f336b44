//! The values of components (RFC 9421 §2.1, §2.2), taken from a request or from a response and its request.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, Method, StatusCode, Uri, request};
use mohur_wire::{Refusal, RefusalCode};
use sfv::{Dictionary, FieldType, List, ListEntry, Parser};

use super::component::{Component, Flags};
use super::header;

/// What a signature needs of a request.
#[derive(Clone, Copy)]
pub struct RequestView<'a> {
    /// The method.
    pub method: &'a Method,
    /// The target: absolute at a client and over HTTP/2, a path with HTTP/1.1.
    pub uri: &'a Uri,
    /// The header fields.
    pub headers: &'a HeaderMap,
}

/// A message that is signed or verified.
#[derive(Clone, Copy)]
pub enum Message<'a> {
    /// A request.
    Request(RequestView<'a>),
    /// A response, with the request that it answers for components with `;req`.
    Response {
        /// The status.
        status: StatusCode,
        /// The header fields.
        headers: &'a HeaderMap,
        /// The request.
        request: RequestView<'a>,
    },
}

impl<'a> From<&'a request::Parts> for RequestView<'a> {
    fn from(parts: &'a request::Parts) -> Self {
        Self { method: &parts.method, uri: &parts.uri, headers: &parts.headers }
    }
}

impl Message<'_> {
    /// Appends the component's value.
    pub(super) fn write(&self, component: &Component, out: &mut String) -> Result<(), Refusal> {
        let name = component.name();
        match (self, component.flags().request) {
            (Self::Request(_), true) => Err(uncoverable(component, "only the signature of a response takes ;req")),
            (Self::Request(view), false) | (Self::Response { request: view, .. }, true) => {
                if name.starts_with('@') {
                    view.write_derived(component, out)
                } else {
                    write_field(view.headers, component, out)
                }
            }
            (Self::Response { status, .. }, false) if name == "@status" => {
                out.push_str(status.as_str());
                Ok(())
            }
            (Self::Response { .. }, false) if name.starts_with('@') => {
                Err(uncoverable(component, "in a response it needs ;req, and then means the request"))
            }
            (Self::Response { headers, .. }, false) => write_field(headers, component, out),
        }
    }
}

impl RequestView<'_> {
    /// The authority in lower case, without the scheme's default port (RFC 9421 §2.2.3): from `:authority` or the
    /// absolute target, else from `Host`. Where both are there they must agree.
    pub fn authority(&self) -> Result<String, Refusal> {
        let wrong = |detail: &str| Refusal::new(RefusalCode::Malformed, format!("Host: {detail}"));
        let mut hosts = self.headers.get_all(http::header::HOST).iter();
        let host = hosts.next().map(|value| value.to_str().map_err(|_| wrong("not plain ASCII"))).transpose()?;
        if hosts.next().is_some() {
            return Err(wrong("stands twice"));
        }
        let scheme = self.scheme();
        let normal =
            |text: &str| normal_authority(text, scheme).ok_or_else(|| wrong("not a host name with an optional port"));
        match (self.uri.authority(), host) {
            (Some(authority), None) => normal(authority.as_str()),
            (None, Some(host)) => normal(host),
            (Some(authority), Some(host)) => {
                let authority = normal(authority.as_str())?;
                if authority == normal(host)? {
                    Ok(authority)
                } else {
                    Err(wrong("differs from the target's authority"))
                }
            }
            (None, None) => Err(wrong("missing")),
        }
    }

    /// `https` unless the target says otherwise: the door speaks TLS only.
    fn scheme(&self) -> &str {
        self.uri.scheme_str().unwrap_or("https")
    }

    fn path(&self) -> &str {
        if self.uri.path().is_empty() { "/" } else { self.uri.path() }
    }

    fn write_derived(&self, component: &Component, out: &mut String) -> Result<(), Refusal> {
        match component.name() {
            "@method" => out.push_str(self.method.as_str()),
            "@authority" => out.push_str(&self.authority()?),
            "@scheme" => out.push_str(self.scheme()),
            "@target-uri" => {
                out.push_str(self.scheme());
                out.push_str("://");
                out.push_str(&self.authority()?);
                self.write_path_and_query(out);
            }
            "@request-target" => self.write_path_and_query(out),
            "@path" => out.push_str(self.path()),
            "@query" => {
                out.push('?');
                out.push_str(self.uri.query().unwrap_or_default());
            }
            "@query-param" => return self.write_query_parameter(component, out),
            _ => return Err(uncoverable(component, "a request has no such component")),
        }
        Ok(())
    }

    fn write_path_and_query(&self, out: &mut String) {
        out.push_str(self.path());
        if let Some(query) = self.uri.query() {
            out.push('?');
            out.push_str(query);
        }
    }

    /// RFC 9421 §2.2.8: names and values decoded as a form, encoded again; a name that stands twice is refused.
    fn write_query_parameter(&self, component: &Component, out: &mut String) -> Result<(), Refusal> {
        let wanted = component.flags().name.as_deref().unwrap_or_default();
        let pairs = self.uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let mut found = pairs
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .filter(|(name, _)| form_recoded(name) == wanted);
        match (found.next(), found.next()) {
            (Some((_, value)), None) => {
                out.push_str(&form_recoded(value));
                Ok(())
            }
            (Some(_), Some(_)) => {
                Err(uncoverable(component, "the parameter stands twice in the query: cover \"@query\""))
            }
            (None, _) => Err(uncoverable(component, "the query has no such parameter")),
        }
    }
}

/// An authority as `@authority` shows it: lower case, without the default port of `scheme`.
pub fn normal_authority(text: &str, scheme: &str) -> Option<String> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-._~%[]:".contains(&b);
    if text.is_empty() || text.len() > 300 || !text.bytes().all(fits) {
        return None;
    }
    let port = if scheme.eq_ignore_ascii_case("http") { ":80" } else { ":443" };
    Some(text.strip_suffix(port).unwrap_or(text).to_ascii_lowercase())
}

/// Decodes `application/x-www-form-urlencoded` and encodes it again with one spelling.
fn form_recoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut out = String::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'+' => b' ',
            b'%' => {
                let mut ahead = bytes.clone();
                let digits = (ahead.next().and_then(hex_value), ahead.next().and_then(hex_value));
                match digits {
                    (Some(high), Some(low)) => {
                        bytes = ahead;
                        (high << 4) | low
                    }
                    _ => b'%',
                }
            }
            other => other,
        };
        if byte.is_ascii_alphanumeric() || b"*-._".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn hex_value(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// A field's value (RFC 9421 §2.1): lines trimmed, joined with `, `. `None` where the message has no such field.
pub(super) fn field_value(headers: &HeaderMap, name: &str) -> Result<Option<String>, Refusal> {
    let mut lines = headers.get_all(name).iter();
    let Some(first) = lines.next() else { return Ok(None) };
    let mut value = line_text(first, name)?.to_owned();
    for line in lines {
        value.push_str(", ");
        value.push_str(line_text(line, name)?);
    }
    Ok(Some(value))
}

/// Visible ASCII, blanks and tabs: nothing that could break a line of the signature base.
fn line_text<'a>(line: &'a http::HeaderValue, name: &str) -> Result<&'a str, Refusal> {
    let text = line
        .to_str()
        .map_err(|_| Refusal::new(RefusalCode::Malformed, format!("the header {name} is not plain ASCII")))?;
    Ok(text.trim_matches([' ', '\t']))
}

fn write_field(headers: &HeaderMap, component: &Component, out: &mut String) -> Result<(), Refusal> {
    let name = component.name();
    let Flags { structured, bytes, key, .. } = component.flags();
    let absent = || uncoverable(component, "it is covered, but the message does not have it");
    if *bytes {
        let encoded = headers
            .get_all(name)
            .iter()
            .map(|line| line_text(line, name).map(|text| format!(":{}:", BASE64_STANDARD.encode(text))));
        let encoded: Vec<String> = encoded.collect::<Result<_, _>>()?;
        if encoded.is_empty() {
            return Err(absent());
        }
        out.push_str(&encoded.join(", "));
        return Ok(());
    }
    if key.is_none() && !*structured {
        // The common case, without a copy.
        let mut lines = headers.get_all(name).iter();
        out.push_str(line_text(lines.next().ok_or_else(absent)?, name)?);
        for line in lines {
            out.push_str(", ");
            out.push_str(line_text(line, name)?);
        }
        return Ok(());
    }
    let value = field_value(headers, name)?.ok_or_else(absent)?;
    let text = match key {
        Some(key) => dictionary_member(&value, key),
        None => canonical_field(name, &value),
    };
    out.push_str(
        &text.ok_or_else(|| uncoverable(component, "the field is not the structured field that sf or key needs"))?,
    );
    Ok(())
}

/// One member of a dictionary, in its canonical form (RFC 9421 §2.1.2).
fn dictionary_member(value: &str, key: &str) -> Option<String> {
    let dictionary: Dictionary = Parser::new(value).parse().ok()?;
    match dictionary.get(key)? {
        ListEntry::Item(item) => Some(item.serialize()),
        ListEntry::InnerList(list) => vec![ListEntry::InnerList(list.clone())].serialize(),
    }
}

/// `sf` needs to know the field's type: these are the ones that are known.
fn canonical_field(name: &str, value: &str) -> Option<String> {
    match name {
        header::CONTENT_DIGEST | header::SIGNATURE | header::SIGNATURE_INPUT => {
            Parser::new(value).parse::<Dictionary>().ok()?.serialize()
        }
        header::LEGS => Parser::new(value).parse::<List>().ok()?.serialize(),
        _ => None,
    }
}

fn uncoverable(component: &Component, why: &str) -> Refusal {
    Refusal::new(RefusalCode::SignatureInvalid, format!("{}: {why}", component.identifier()))
}
