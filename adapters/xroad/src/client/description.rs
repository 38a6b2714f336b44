//! Descriptions of services: `getWsdl` (PR-META 4), the older `GET /wsdl`, and `getOpenAPI` (PR-MREST 5).
//!
//! Where a mapping names a description, it is given as it stands there; otherwise the owner is asked with the whole message,
//! which is how an X-Road provider behind a door of its own answers.

use std::path::Path;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use mohur_http::Request;
use mohur_soap::mime::{Attachment, Package, read, write};
use mohur_soap::{Document, Element, Limits, Version, ns};

use super::asking::Failed;
use super::handler::typed;
use super::metadata::{element, identifier, parameter};
use super::rest::rest_document;
use super::{Door, fresh_id};
use crate::hash;
use crate::identifier::{ClientId, ServiceCode};
use crate::rest::RestHead;
use crate::soap::{SoapEntity, SoapMessage};
use crate::vocabulary::{Code, XRoadError};
use crate::whole::WholeRequest;

/// What stands in place of a service's own address (PR-META 4).
const ENDPOINT: &str = "http://example.org/xroad-endpoint";

const WSDL_SOAP: &str = "http://schemas.xmlsoap.org/wsdl/soap/";

impl Door {
    /// `getWsdl` over SOAP.
    pub(super) async fn wsdl(
        &self,
        message: &SoapMessage<'_>,
        entity: &SoapEntity,
        whole: WholeRequest,
    ) -> Result<Response<Bytes>, Failed> {
        let headers = &message.headers;
        let described = described(message)?;
        let Some(file) =
            self.mappings.describing(&headers.client, &described).and_then(|found| found.description.as_deref())
        else {
            let question =
                self.metadata_question(&headers.service.owner, "getWsdl", &whole, headers.user_id.as_deref())?;
            return self.whole_soap(question, headers, entity.root()).await;
        };
        let wsdl = hidden_endpoint(&read_file(file)?)?;
        let mut payload = format!("<xrd:getWsdlResponse xmlns:xrd=\"{}\">", ns::XROAD);
        element(&mut payload, "xrd:serviceCode", &described.code);
        if let Some(version) = &described.version {
            element(&mut payload, "xrd:serviceVersion", version);
        }
        payload.push_str("</xrd:getWsdlResponse>");
        let envelope = message.answered(entity.envelope(), &payload, &hash::of_soap(entity.root()));
        let attachments = [Attachment::new("wsdl@mohur", "text/xml;charset=UTF-8", wsdl)];
        let package = Package { version: Version::Soap11, xop: false, envelope: &envelope, attachments: &attachments };
        let (content_type, body) = write(&package);
        let mut response = Response::new(Bytes::from(body));
        let content_type = HeaderValue::try_from(content_type);
        let content_type = content_type.map_err(|error| XRoadError::door(Code::INTERNAL_ERROR, error.to_string()))?;
        response.headers_mut().insert(CONTENT_TYPE, content_type);
        Ok(response)
    }

    /// The older `GET /wsdl?xRoadInstance=…&memberClass=…&memberCode=…&subsystemCode=…&serviceCode=…&version=…`
    pub(super) async fn legacy_wsdl(&self, request: &Request) -> Response<Bytes> {
        match self.legacy(request).await {
            Ok(response) => response,
            Err(Failed { error, id }) => self.told(request, &error, id),
        }
    }

    async fn legacy(&self, request: &Request) -> Result<Response<Bytes>, Failed> {
        let named = |name| {
            parameter(request, name)
                .ok_or_else(|| XRoadError::client(Code::BAD_REQUEST, format!("the parameter {name} is missing")))
        };
        let owner = [named("xRoadInstance")?, named("memberClass")?, named("memberCode")?, named("subsystemCode")?];
        let owner: Vec<&str> = owner.iter().map(String::as_str).collect();
        let version = parameter(request, "version");
        let service = ServiceCode::of(&owner, &named("serviceCode")?, version.as_deref())
            .map_err(|error| XRoadError::client(Code::BAD_REQUEST, error.to_string()))?;
        let clients = || self.admission.unnamed(request.pin.as_ref());
        let told = clients().find(|client| self.mappings.describing(client, &service).is_some());
        let nobody =
            || XRoadError::door(Code::SSL_AUTH_FAILED, "the certificate that was shown is pinned for no client");
        let client = told.or_else(|| clients().next()).ok_or_else(nobody)?.clone();
        // The request that a client would have sent, so that there is one way to answer it.
        let text = get_wsdl(&client, &service);
        let entity = SoapEntity::read(Some("text/xml"), Bytes::from(text), &self.mime_limits())?;
        let document = super::soap::parsed(entity.envelope(), &Limits::default())?;
        let message = SoapMessage::request(&document)?;
        let whole = WholeRequest::soap(HeaderValue::from_static("text/xml"), None, entity.body.clone());
        let answer = self.wsdl(&message, &entity, whole).await?;
        let content_type = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let packaged = read(content_type, answer.body(), &self.mime_limits());
        let wsdl = packaged.ok().and_then(|packaged| packaged.attachments.into_iter().next());
        let said = || XRoadError::provider(Code::INCONSISTENT_RESPONSE, "the answer has no WSDL beside it");
        Ok(typed(StatusCode::OK, "text/xml;charset=UTF-8", wsdl.ok_or_else(said)?.content))
    }

    /// `getOpenAPI` over REST.
    pub(super) async fn openapi(&self, head: &RestHead, whole: WholeRequest) -> Result<Response<Bytes>, Failed> {
        let code = head.query.iter().find(|(name, _)| name == "serviceCode").map(|(_, value)| value.as_str());
        let missing = || XRoadError::client(Code::BAD_REQUEST, "the parameter serviceCode is missing");
        let owner = &head.service.owner;
        let codes: Vec<&str> = owner.codes().collect();
        let described = ServiceCode::of(&codes, code.ok_or_else(missing)?, None)
            .map_err(|error| XRoadError::client(Code::BAD_REQUEST, error.to_string()))?;
        if let Some(file) =
            self.mappings.describing(&head.client, &described).and_then(|found| found.description.as_deref())
        {
            let is_json = file.extension().is_some_and(|extension| extension == "json");
            let content_type = if is_json { "application/json;charset=utf-8" } else { "text/yaml;charset=utf-8" };
            return Ok(rest_document(head, content_type, read_file(file)?));
        }
        let question = self.metadata_question(owner, "getOpenAPI", &whole, head.user_id.as_deref())?;
        self.whole_rest(question, head, &whole.body).await
    }

    fn metadata_question(
        &self,
        owner: &ClientId,
        code: &str,
        whole: &WholeRequest,
        user: Option<&str>,
    ) -> Result<mohur_client::Question, XRoadError> {
        let named = user.and_then(|user| user.parse().ok());
        let official = named.unwrap_or_else(|| self.settings.metadata_official.clone());
        let service = format!("{}/{code}/v1", self.owner(owner)?).parse();
        let service =
            service.map_err(|_| XRoadError::door(Code::UNKNOWN_SERVICE, "there is no service of that name"))?;
        self.enclosing(service, whole, official)
    }
}

/// The service that a `getWsdl` names in its body.
fn described(message: &SoapMessage<'_>) -> Result<ServiceCode, XRoadError> {
    let wrong = |said: String| XRoadError::client(Code::INVALID_BODY, said);
    let text = |local: &str| -> Result<Option<String>, XRoadError> {
        let found = message.payload.optional(ns::XROAD, local).map_err(|error| wrong(error.to_string()))?;
        let text = found.map(Element::text).transpose().map_err(|error| wrong(error.to_string()))?;
        Ok(text.map(|text| text.trim().to_owned()))
    };
    let code = text("serviceCode")?.ok_or_else(|| wrong("getWsdl: serviceCode is missing".to_owned()))?;
    let version = text("serviceVersion")?.filter(|version| !version.is_empty());
    let owner: Vec<&str> = message.headers.service.owner.codes().collect();
    ServiceCode::of(&owner, &code, version.as_deref()).map_err(|error| wrong(format!("getWsdl: {error}")))
}

fn read_file(file: &Path) -> Result<String, XRoadError> {
    std::fs::read_to_string(file).map_err(|error| {
        tracing::error!(file = %file.display(), %error, "a description cannot be read");
        XRoadError::door(Code::INTERNAL_ERROR, "the description cannot be read; see the door's log")
    })
}

/// A WSDL in which every address is the one that says nothing.
fn hidden_endpoint(wsdl: &str) -> Result<String, XRoadError> {
    let wsdl = wsdl.trim_start_matches('\u{feff}');
    let document = Document::parse(wsdl, &Limits::default()).map_err(|error| {
        tracing::error!(%error, "a description is not a WSDL");
        XRoadError::door(Code::INTERNAL_ERROR, "the description is not a WSDL; see the door's log")
    })?;
    let mut out = String::with_capacity(wsdl.len());
    let mut done = 0;
    for address in document.root().descendants().filter(|element| element.is(WSDL_SOAP, "address")) {
        let range = address.range();
        out.push_str(wsdl.get(done..range.start).unwrap_or_default());
        let name = address.source().split(|c: char| c.is_ascii_whitespace() || c == '/' || c == '>').next();
        let name = name.unwrap_or_default().trim_start_matches('<');
        out.push_str(&format!("<{name} xmlns{}=\"{WSDL_SOAP}\" location=\"{ENDPOINT}\"/>", suffix(address)));
        done = range.end;
    }
    out.push_str(wsdl.get(done..).unwrap_or_default());
    Ok(out)
}

fn suffix(element: Element<'_>) -> String {
    if element.prefix().is_empty() { String::new() } else { format!(":{}", element.prefix()) }
}

/// A `getWsdl` request.
fn get_wsdl(client: &ClientId, service: &ServiceCode) -> String {
    let mut out = format!(
        "<e:Envelope xmlns:e=\"{}\" xmlns:xrd=\"{}\" xmlns:id=\"{}\"><e:Header>\
         <xrd:client id:objectType=\"{}\">",
        ns::SOAP11,
        ns::XROAD,
        ns::XROAD_ID,
        client.object_type()
    );
    identifier(&mut out, "id", client);
    out.push_str("</xrd:client><xrd:service id:objectType=\"SERVICE\">");
    identifier(&mut out, "id", &service.owner);
    out.push_str("<id:serviceCode>getWsdl</id:serviceCode><id:serviceVersion>v1</id:serviceVersion></xrd:service>");
    element(&mut out, "xrd:id", &fresh_id());
    out.push_str("<xrd:protocolVersion>4.0</xrd:protocolVersion></e:Header><e:Body><xrd:getWsdl>");
    element(&mut out, "xrd:serviceCode", &service.code);
    if let Some(version) = &service.version {
        element(&mut out, "xrd:serviceVersion", version);
    }
    out.push_str("</xrd:getWsdl></e:Body></e:Envelope>");
    out
}
