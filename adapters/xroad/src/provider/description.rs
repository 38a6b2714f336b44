//! Descriptions of services: a WSDL or an OpenAPI document, of the provider or from a file.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request};
use mohur_connection::Connection;
use mohur_contract::{Context, RegistryError};
use mohur_soap::{Document, Limits};

use super::mapped::by_status;

/// Where a description comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// At the provider: path and query, asked each time.
    Path(String),
    /// A file's content, read at the start.
    File(Bytes),
}

/// What stands instead of a provider's own address (PR-META 4): nobody outside needs to know it.
const ENDPOINT: &str = "http://example.org/xroad-endpoint";

/// WSDLs are longer than messages.
const LIMITS: Limits = Limits {
    bytes: 4 << 20,
    depth: 64,
    elements: 100_000,
    attributes: 64,
    namespaces: 128,
    name: 1024,
    canonical: 8 << 20,
    references: 32,
};

impl Source {
    /// The document, with its media type if the provider says one.
    pub(crate) async fn read(
        &self,
        connection: &Connection,
        context: &Context,
    ) -> Result<(Bytes, Option<HeaderValue>), RegistryError> {
        let path = match self {
            Self::File(content) => return Ok((content.clone(), None)),
            Self::Path(path) => path,
        };
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = path.parse().map_err(|_| RegistryError::Invalid("the description's path is not one"))?;
        let response = connection.exchange(request, context).await?;
        if let Some(refused) = by_status(response.status()) {
            return Err(refused);
        }
        if !response.status().is_success() {
            return Err(RegistryError::Invalid("it has no description where the configuration says"));
        }
        let content_type = response.headers().get(CONTENT_TYPE).cloned();
        Ok((response.into_body(), content_type))
    }
}

/// A WSDL without its providers' addresses.
pub(crate) fn without_addresses(wsdl: &[u8]) -> Result<String, &'static str> {
    let text = std::str::from_utf8(wsdl).map_err(|_| "the WSDL is not UTF-8")?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document = Document::parse(text, &LIMITS).map_err(|_| "the WSDL is not XML, or larger than the limits")?;
    let (mut out, mut written) = (String::with_capacity(text.len()), 0);
    let addresses = document.root().descendants().filter(|element| {
        element.local() == "address" && element.parent().is_some_and(|parent| parent.local() == "port")
    });
    for address in addresses {
        let value = location(address.source()).ok_or("an address of the WSDL has no location")?;
        let start = address.range().start;
        out.push_str(text.get(written..start + value.start).unwrap_or_default());
        out.push_str(ENDPOINT);
        written = start + value.end;
    }
    out.push_str(text.get(written..).unwrap_or_default());
    Ok(out)
}

/// Where the value of the attribute `location` stands in an element's start tag.
fn location(source: &str) -> Option<std::ops::Range<usize>> {
    let mut at = source.find(|c: char| c.is_ascii_whitespace())?;
    loop {
        at += source.get(at..)?.find(|c: char| !c.is_ascii_whitespace())?;
        let equals = at + source.get(at..)?.find('=')?;
        let name = source.get(at..equals)?.trim();
        let quote = equals + source.get(equals..)?.find(['"', '\''])?;
        let mark = source.get(quote..=quote)?;
        let end = quote + 1 + source.get(quote + 1..)?.find(mark)?;
        if name == "location" {
            return Some(quote + 1..end);
        }
        at = end + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_hidden_and_nothing_else_changes() {
        let wsdl = |one: &str, two: &str| {
            format!(
                "<?xml version=\"1.0\"?><w:definitions xmlns:w=\"urn:w\" xmlns:s=\"urn:s\"><w:types><address location='keep'/>\
                 </w:types><w:service><w:port name=\"a\"><s:address id=\"location=\" location=\"{one}\"/></w:port>\
                 <w:port><s:address\n  location = '{two}' ></s:address></w:port></w:service></w:definitions>"
            )
        };
        let hidden = without_addresses(wsdl("http://10.0.0.1:8080/a?b=1", "https://secret").as_bytes()).unwrap();
        assert_eq!(hidden, wsdl(ENDPOINT, ENDPOINT));
    }

    #[test]
    fn what_cannot_be_read_is_not_passed_on() {
        for wrong in ["", "no xml", "<!DOCTYPE a><a/>", "<a><port><address/></port></a>"] {
            assert!(without_addresses(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
