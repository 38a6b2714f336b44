//! Descriptions as X-Road's metadata services give them: `getWsdl` (PR-META 4) and `getOpenAPI` (PR-MREST 5).
//!
//! They are services like any other: asked with X-Road's own message, logged, and permitted by the owner's policy. What
//! services there are, and which of them a client may use, a broker says (`listMethods`, `allowedMethods`).

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use mohur_contract::{Context, RegistryError};
use mohur_soap::{Element, Limits, c14n, ns, write};
use mohur_wire::{Answer, Enclosed, Query};

use super::description::{Source, without_addresses};
use super::service::{Protocol, Service};
use super::{Provider, envelope, mime, whole};
use crate::whole::{WholeRequest, WholeResponse};

const WSDL: &str = "getWsdl";
const OPENAPI: &str = "getOpenAPI";

/// The metadata services that a provider with these services offers.
pub(super) fn services(services: &[Service]) -> impl Iterator<Item = String> {
    let described = |protocol| services.iter().any(|s| s.protocol == protocol && s.description.is_some());
    let wsdl = described(Protocol::Soap).then(|| format!("{WSDL}/v1"));
    wsdl.into_iter().chain(described(Protocol::Rest).then(|| format!("{OPENAPI}/v1")))
}

/// Answers one of them.
pub(super) async fn ask(
    provider: &Provider,
    query: &Query,
    message: &Enclosed,
    context: &Context,
) -> Result<Answer, RegistryError> {
    let request = whole::read(query, message)?;
    let response = match query.service.service_code() {
        WSDL if !request.is_rest() => wsdl(provider, query, &request, context).await?,
        OPENAPI if request.is_rest() => openapi(provider, query, &request, context).await?,
        _ => return Err(RegistryError::Unsupported("this description is asked for in the other protocol")),
    };
    whole::answer(query, &response)
}

const NOT_DESCRIBED: RegistryError = RegistryError::Unsupported("there is no description of this service");

fn source<'a>(provider: &'a Provider, protocol: Protocol, code: &str, version: Option<&str>) -> Option<&'a Source> {
    let mut services = provider.file.services.iter().filter(|service| service.protocol == protocol);
    let service = services.find(|s| s.code() == code && version.is_none_or(|version| s.version() == version))?;
    service.description.as_ref()
}

async fn wsdl(
    provider: &Provider,
    query: &Query,
    request: &WholeRequest,
    context: &Context,
) -> Result<WholeResponse, RegistryError> {
    let asked = Asked::read(provider, query, request)?;
    let source = source(provider, Protocol::Soap, &asked.code, asked.version.as_deref()).ok_or(NOT_DESCRIBED)?;
    let (wsdl, _) = source.read(&provider.connection, context).await?;
    let wsdl = without_addresses(&wsdl).map_err(RegistryError::Invalid)?;
    Ok(in_attachment(&asked.answer(), &wsdl))
}

/// What a `getWsdl` asks for, with its header as it came.
struct Asked {
    header: String,
    code: String,
    version: Option<String>,
}

impl Asked {
    fn read(provider: &Provider, query: &Query, request: &WholeRequest) -> Result<Self, RegistryError> {
        let octets = mime::envelope(request.header(CONTENT_TYPE.as_str()), &request.body);
        let octets = octets.map_err(RegistryError::Unsupported)?;
        let document = envelope::document(&octets, &Limits::default()).map_err(RegistryError::Unsupported)?;
        let parts = envelope::parts(&document).map_err(RegistryError::Unsupported)?;
        whole::check_header(&provider.file, query, parts.header)?;
        if !parts.payload.is(ns::XROAD, WSDL) {
            return Err(RegistryError::Unsupported("the element in the message's body is not getWsdl"));
        }
        let header = parts.header.map(canonical).transpose()?.unwrap_or_default();
        let code = text(parts.payload, "serviceCode")?.ok_or(NOT_DESCRIBED)?;
        Ok(Self { header, code, version: text(parts.payload, "serviceVersion")? })
    }

    fn answer(&self) -> String {
        let mut body = String::from("<xro:getWsdlResponse>");
        write::element(&mut body, "xro:serviceCode", &self.code);
        if let Some(version) = &self.version {
            write::element(&mut body, "xro:serviceVersion", version);
        }
        write::close(&mut body, "xro:getWsdlResponse");
        envelope::with_header(&self.header, &body)
    }
}

/// The canonical form brings along every namespace that it uses.
fn canonical(header: Element<'_>) -> Result<String, RegistryError> {
    let octets = c14n::exclusive(header, &[]).map_err(|_| RegistryError::Unsupported("the header is too large"))?;
    String::from_utf8(octets).map_err(|_| RegistryError::Unsupported("the header is not text"))
}

fn text(payload: Element<'_>, local: &str) -> Result<Option<String>, RegistryError> {
    let wrong = |_| RegistryError::Unsupported("getWsdl holds a serviceCode and at most one serviceVersion");
    let element = payload.optional(ns::XROAD, local).map_err(wrong)?;
    let text = element.map(Element::text).transpose().map_err(wrong)?;
    Ok(text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
}

/// A multipart message: the envelope, and the WSDL attached (PR-META 4).
fn in_attachment(envelope: &str, wsdl: &str) -> WholeResponse {
    let mut boundary = "mohur-wsdl".to_owned();
    while envelope.contains(&boundary) || wsdl.contains(&boundary) {
        boundary.push('-');
    }
    let part = |id: &str, content: &str| {
        format!(
            "--{boundary}\r\nContent-Type: {}\r\nContent-Transfer-Encoding: 8bit\r\nContent-ID: <{id}>\r\n\r\n{content}\r\n",
            envelope::TEXT_XML
        )
    };
    let body = format!("{}{}--{boundary}--\r\n", part("rootpart", envelope), part("wsdl", wsdl));
    let kind = format!("multipart/related; type=\"text/xml\"; start=\"<rootpart>\"; boundary=\"{boundary}\"");
    // By INVARIANT on boundary: letters and hyphens.
    let kind = HeaderValue::try_from(kind).unwrap_or(HeaderValue::from_static("multipart/related"));
    WholeResponse { status: StatusCode::OK, headers: vec![(CONTENT_TYPE, kind)], body: body.into() }
}

async fn openapi(
    provider: &Provider,
    query: &Query,
    request: &WholeRequest,
    context: &Context,
) -> Result<WholeResponse, RegistryError> {
    let head = whole::head(&provider.file, query, request)?;
    if head.method != http::Method::GET {
        return Err(RegistryError::Unsupported("a description is asked for with GET"));
    }
    let mut codes = head.query.iter().filter(|(name, _)| name == "serviceCode");
    let (Some((_, code)), None) = (codes.next(), codes.next()) else {
        return Err(RegistryError::Unsupported("getOpenAPI is asked with one serviceCode"));
    };
    let source = source(provider, Protocol::Rest, code, None).ok_or(NOT_DESCRIBED)?;
    let (document, kind) = source.read(&provider.connection, context).await?;
    let kind = kind.unwrap_or_else(|| guessed(&document));
    Ok(WholeResponse { status: StatusCode::OK, headers: vec![(CONTENT_TYPE, kind)], body: document })
}

/// OpenAPI is JSON or YAML.
fn guessed(document: &Bytes) -> HeaderValue {
    let is_json = document.trim_ascii_start().starts_with(b"{");
    HeaderValue::from_static(if is_json { "application/json" } else { "text/yaml" })
}
