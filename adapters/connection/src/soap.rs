//! SOAP over HTTP (SOAP 1.1, section 6; SOAP 1.2 part 2, section 7): one message there, one back.
//!
//! A fault is an answer of the register, and the adapter says what it means; only what has no envelope at all is judged by
//! its status here.

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use mohur_contract::{Context, RegistryError};
use mohur_soap::{Document, Element, Limits, Version, ns};

use crate::{Call, Connection, Xml, refused_by_status};

/// One request.
#[derive(Debug)]
pub struct SoapCall<'a> {
    /// Path and query, from `/` on.
    pub target: &'a str,
    /// The version.
    pub version: Version,
    /// The action, without quotes; empty if the service has none.
    pub action: &'a str,
    /// What goes into the Header, if anything: a finished part.
    pub header: &'a str,
    /// What goes into the Body: a finished part.
    pub body: &'a str,
}

/// What came back, not read yet.
pub struct SoapReply {
    content: Bytes,
    status: StatusCode,
    version: Version,
    limits: Limits,
}

/// What stands in the Body of a reply.
#[derive(Clone, Copy, Debug)]
pub enum Said<'d> {
    /// The Body's only element.
    Answer(Element<'d>),
    /// A fault.
    Fault(Fault<'d>),
}

/// A fault: who is to blame, and what the register says about it.
#[derive(Clone, Copy, Debug)]
pub struct Fault<'d> {
    /// Whose fault.
    pub blame: Blame,
    /// `soap:Fault` itself.
    pub element: Element<'d>,
    /// `detail` (SOAP 1.1) or `Detail` (SOAP 1.2).
    pub detail: Option<Element<'d>>,
}

/// Whom a fault's code blames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The request: `Client`, `Sender`, `MustUnderstand`, `VersionMismatch`, `DataEncodingUnknown`.
    Request,
    /// The register: `Server`, `Receiver`.
    Register,
    /// A code of the service's own.
    Other,
}

const NOT_SOAP: RegistryError = RegistryError::Invalid("the reply is not a SOAP message");

impl Connection {
    /// Sends a message and takes the one that comes back, fault or not. The reply is read within the limits.
    pub async fn soap(
        &self,
        call: &SoapCall<'_>,
        limits: Limits,
        context: &Context,
    ) -> Result<SoapReply, RegistryError> {
        const NOT_SENT: RegistryError = RegistryError::Unsupported("the action cannot stand in a request");
        let version = call.version;
        let mut request = crate::request(Call {
            method: Method::POST,
            target: call.target,
            content_type: None,
            accept: version.media_type(),
            body: envelope(version, call.header, call.body).into(),
        })?;
        let content_type = version.content_type();
        let (content_type, action) = match version {
            Version::Soap12 if !call.action.is_empty() => (format!("{content_type}; action=\"{}\"", call.action), None),
            Version::Soap12 => (content_type.to_owned(), None),
            Version::Soap11 => (content_type.to_owned(), Some(format!("\"{}\"", call.action))),
        };
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::try_from(content_type).map_err(|_| NOT_SENT)?);
        if let Some(action) = action {
            headers.insert("soapaction", HeaderValue::try_from(action).map_err(|_| NOT_SENT)?);
        }
        SoapReply::take(&self.exchange(request, context).await?, version, limits)
    }
}

/// An envelope around finished parts.
pub fn envelope(version: Version, header: &str, body: &str) -> String {
    let mut xml = Xml::new();
    xml.open("soap:Envelope", &[("xmlns:soap", version.namespace())]);
    if !header.is_empty() {
        xml.open("soap:Header", &[]).part(header).close();
    }
    xml.open("soap:Body", &[]).part(body);
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{}", xml.finish())
}

impl SoapReply {
    /// Takes a response if it can be SOAP; its status decides if it cannot.
    fn take(response: &Response<Bytes>, version: Version, limits: Limits) -> Result<Self, RegistryError> {
        let status = response.status();
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let is_soap = Version::of_content_type(kind) == Some(version);
        let refused = refused_by_status(status);
        match refused {
            // 401, 403 and 429 come from what stands before the service.
            Some(refused) if !status.is_server_error() || !is_soap => return Err(refused),
            Some(_) | None if !is_soap => return Err(NOT_SOAP),
            Some(_) | None => {}
        }
        // A fault comes with 500 (SOAP 1.1), 400 or 500 (SOAP 1.2), and from some services with 200.
        if !matches!(status, StatusCode::OK | StatusCode::INTERNAL_SERVER_ERROR | StatusCode::BAD_REQUEST) {
            return Err(refused_by_status(status).unwrap_or(NOT_SOAP));
        }
        Ok(Self { content: response.body().clone(), status, version, limits })
    }

    /// Reads the reply, once.
    pub fn document(&self) -> Result<Document<'_>, RegistryError> {
        Document::from_utf8(&self.content, &self.limits).map_err(|error| {
            if error.is_limit() {
                RegistryError::Invalid("the reply is larger than the limits allow")
            } else {
                NOT_SOAP
            }
        })
    }

    /// What the reply says, from its document.
    pub fn said<'d>(&self, document: &'d Document<'_>) -> Result<Said<'d>, RegistryError> {
        let soap = self.version.namespace();
        let root = document.root();
        if !root.is(soap, "Envelope") || root.has_processing_instructions() {
            return Err(NOT_SOAP);
        }
        let body = root.only(soap, "Body").map_err(|_| NOT_SOAP)?;
        understood(root, soap)?;
        let mut children = body.children();
        let (Some(said), None) = (children.next(), children.next()) else {
            return Err(RegistryError::Invalid("the reply's Body does not hold exactly one element"));
        };
        if said.is(soap, "Fault") {
            return Ok(Said::Fault(self.fault(said)));
        }
        if self.status != StatusCode::OK {
            return Err(RegistryError::Invalid("the reply is no fault, but its HTTP status is one of failure"));
        }
        Ok(Said::Answer(said))
    }

    /// The parts of a fault. In SOAP 1.1 they are in no namespace (section 4.4).
    fn fault<'d>(&self, element: Element<'d>) -> Fault<'d> {
        let (code, detail) = match self.version {
            Version::Soap11 => (element.child("", "faultcode"), element.child("", "detail")),
            Version::Soap12 => {
                let code = element.child(ns::SOAP12, "Code").and_then(|code| code.child(ns::SOAP12, "Value"));
                (code, element.child(ns::SOAP12, "Detail"))
            }
        };
        Fault { blame: code.map_or(Blame::Other, |code| blame(code, self.version.namespace())), element, detail }
    }
}

/// What the code blames, if it is one of SOAP's own. `Client.Authentication` refines `Client` (SOAP 1.1, section 4.4.1).
fn blame(code: Element<'_>, soap: &str) -> Blame {
    let Ok(name) = code.text() else { return Blame::Other };
    let (prefix, name) = name.trim().split_once(':').unwrap_or(("", name.trim()));
    if code.namespace_of(prefix) != Some(soap) {
        return Blame::Other;
    }
    match name.split('.').next().unwrap_or_default() {
        "Client" | "Sender" | "MustUnderstand" | "VersionMismatch" | "DataEncodingUnknown" => Blame::Request,
        "Server" | "Receiver" => Blame::Register,
        _ => Blame::Other,
    }
}

/// A header block that must be understood is one that we would have to obey, and we obey none (SOAP 1.1, section 4.2.3).
fn understood(root: Element<'_>, soap: &str) -> Result<(), RegistryError> {
    let Some(header) = root.child(soap, "Header") else { return Ok(()) };
    let must = |block: Element<'_>| matches!(block.attribute(soap, "mustUnderstand"), Some("1" | "true"));
    if header.children().any(must) {
        return Err(RegistryError::Invalid("the reply has a header that must be understood"));
    }
    Ok(())
}

impl Fault<'_> {
    /// What a fault means if the service says nothing better: a request that was refused is a mistake of the adapter or of
    /// its mapping, everything else a register that cannot answer.
    pub fn meaning(&self) -> RegistryError {
        match self.blame {
            Blame::Request => RegistryError::Invalid("it refused the request as wrong (SOAP fault)"),
            Blame::Register | Blame::Other => RegistryError::Unavailable("it answers with a SOAP fault".to_owned()),
        }
    }
}

/// Shows how much came, never what.
impl std::fmt::Debug for SoapReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SoapReply({}, {} bytes)", self.status, self.content.len())
    }
}

#[cfg(test)]
mod tests;
