//! Whole messages: what an X-Road client sent is replayed to the provider, and what it answers is given back.
//!
//! The caller has signed the message, but chose itself under which service and in whose name it sent it. So the message must
//! say the same as the query: client, service, official, case; and its element must be that service's, because providers
//! choose by it what they do.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use mohur_contract::{Context, RegistryError};
use mohur_crypto::sha256;
use mohur_soap::{Element, Limits};
use mohur_wire::answer::Finding;
use mohur_wire::{Answer, Ask, Enclosed, Query, SubjectKey, Value};

use super::answer::Said;
use super::file::ProviderFile;
use super::mapped::by_status;
use super::service::{Protocol, Service, Whole};
use super::{Provider, envelope, mime, placeholder};
use crate::identifier::{ServiceCode, percent_decoded};
use crate::rest::{RestHead, names};
use crate::soap::{Headers, Party};
use crate::whole::{APPLICATION_HTTP, MESSAGE_FIELD, TYPE_FIELD, WholeRequest, WholeResponse};

const SOAPACTION: &str = "soapaction";

/// Passes a message on.
pub(super) async fn ask(
    provider: &Provider,
    service: &Service,
    query: &Query,
    message: &Enclosed,
    context: &Context,
) -> Result<Answer, RegistryError> {
    let leave = service.whole.as_ref();
    let leave = leave.ok_or(RegistryError::Unsupported("the service takes no whole messages"))?;
    let whole = read(query, message)?;
    let request = match (service.protocol, whole.is_rest()) {
        (Protocol::Soap, false) => soap(&provider.file, service, leave, query, whole)?,
        (Protocol::Rest, true) => rest(&provider.file, service, leave, query, whole)?,
        (Protocol::Soap, true) => return Err(RegistryError::Unsupported("the service speaks SOAP, the message REST")),
        (Protocol::Rest, false) => return Err(RegistryError::Unsupported("the service speaks REST, the message SOAP")),
    };
    let response = provider.connection.exchange(request, context).await?;
    if service.protocol == Protocol::Soap {
        check_soap_answer(&response)?;
    }
    answer(query, &WholeResponse::of(&response))
}

/// The enclosed message, if the query is about it.
pub(super) fn read(query: &Query, message: &Enclosed) -> Result<WholeRequest, RegistryError> {
    let essence = message.media_type.as_str().split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case(APPLICATION_HTTP) {
        return Err(RegistryError::Unsupported("a whole message is enclosed as application/http"));
    }
    if let SubjectKey::Message(digest) = &query.subject
        && digest.as_str() != sha256(&message.content).to_base64url()
    {
        return Err(RegistryError::Unsupported("the subject is not the digest of the enclosed message"));
    }
    WholeRequest::parse(&message.content)
        .map_err(|_| RegistryError::Unsupported("the enclosed message is not one of HTTP"))
}

/// The fields of a whole answer that are asked for.
pub(super) fn answer(query: &Query, response: &WholeResponse) -> Result<Answer, RegistryError> {
    let Ask::Read(fields) = &query.ask else {
        return Err(RegistryError::Unsupported("a whole message is read"));
    };
    let value = |name: &str| match name {
        MESSAGE_FIELD => Some(Value::text(BASE64_URL_SAFE_NO_PAD.encode(response.to_bytes()))),
        TYPE_FIELD => Some(Value::text(APPLICATION_HTTP)),
        _ => None,
    };
    let found = fields.iter().filter_map(|field| value(field.as_str()).map(|value| (field.clone(), value)));
    Ok(Answer { subject: query.subject.clone(), finding: Finding::Found(found.collect()) })
}

fn soap(
    file: &ProviderFile,
    service: &Service,
    leave: &Whole,
    query: &Query,
    whole: WholeRequest,
) -> Result<Request<Bytes>, RegistryError> {
    let content_type = whole.header(CONTENT_TYPE.as_str()).cloned();
    let octets = mime::envelope(content_type.as_ref(), &whole.body).map_err(RegistryError::Unsupported)?;
    let document = envelope::document(&octets, &Limits::default()).map_err(RegistryError::Unsupported)?;
    let parts = envelope::parts(&document).map_err(RegistryError::Unsupported)?;
    let headers = check_header(file, query, parts.header)?;
    check_claims(query, headers.user_id.as_deref(), headers.issue.as_deref())?;
    check_party(file, query, headers.represented.as_ref())?;
    if parts.payload.local() != service.element {
        return Err(RegistryError::Unsupported("the element in the message's body is not the service's"));
    }
    check_subject(leave, query, parts.payload)?;
    check_addressing(service, parts.header)?;
    let mut request = Request::post(service.path.as_str()).body(whole.body.clone()).map_err(|_| NOT_SENT)?;
    if let Some(content_type) = content_type {
        request.headers_mut().insert(CONTENT_TYPE, content_type);
    }
    // Whoever dispatches by SOAPAction is told the owner's, never the client's.
    let action = HeaderValue::try_from(format!("\"{}\"", service.action)).map_err(|_| NOT_SENT)?;
    request.headers_mut().insert(SOAPACTION, action);
    Ok(request)
}

const NOT_SENT: RegistryError = RegistryError::Unsupported("the message cannot be passed on");

/// WS-Addressing says once more what is to be done, and where the answer goes: the owner's action, and back.
fn check_addressing(service: &Service, header: Option<Element<'_>>) -> Result<(), RegistryError> {
    let addressing = ["http://www.w3.org/2005/08/addressing", "http://schemas.xmlsoap.org/ws/2004/08/addressing"];
    let blocks = header.into_iter().flat_map(Element::children);
    for block in blocks.filter(|block| addressing.contains(&block.namespace())) {
        let text = |element: Element<'_>| element.text().map(|text| text.trim().to_owned()).unwrap_or_default();
        let is_right = match block.local() {
            "Action" => text(block) == service.action,
            "ReplyTo" | "FaultTo" => {
                let address = block.only(block.namespace(), "Address").map(text).unwrap_or_default();
                address == format!("{}/anonymous", block.namespace())
                    || address == format!("{}/role/anonymous", block.namespace())
            }
            _ => true,
        };
        if !is_right {
            return Err(RegistryError::Unsupported(
                "the message's WS-Addressing header names another action than the owner's file, or another address for the answer",
            ));
        }
    }
    Ok(())
}

/// Client and service of the message's header must be those of the query.
pub(super) fn check_header(
    file: &ProviderFile,
    query: &Query,
    header: Option<Element<'_>>,
) -> Result<Headers, RegistryError> {
    let header = header.ok_or(RegistryError::Unsupported("the message has no X-Road header"))?;
    let headers =
        Headers::read(header).map_err(|_| RegistryError::Unsupported("the message's X-Road header is not complete"))?;
    if file.member(&headers.client).as_ref() != Some(&query.caller) {
        return Err(OTHER_CLIENT);
    }
    check_service(file, query, &headers.service)?;
    Ok(headers)
}

const OTHER_CLIENT: RegistryError = RegistryError::Unsupported(
    "the message names another client than the one who asks; the owner's file may name it in [[client]]",
);

fn check_service(file: &ProviderFile, query: &Query, named: &ServiceCode) -> Result<(), RegistryError> {
    let version = named.version.as_deref();
    let same = file.member(&named.owner).as_ref() == Some(query.service.owner())
        && named.code == query.service.service_code()
        && version.is_none_or(|version| version == query.service.service_version());
    if same { Ok(()) } else { Err(RegistryError::Unsupported("the message is for another service than the query")) }
}

fn check_claims(query: &Query, user: Option<&str>, issue: Option<&str>) -> Result<(), RegistryError> {
    if user.is_some_and(|user| user != query.official.as_str()) {
        return Err(RegistryError::Unsupported("the message names another user than the query"));
    }
    let case = query.case.as_ref().map(|case| case.as_str());
    if issue.is_some() && issue != case {
        return Err(RegistryError::Unsupported("the message names another issue than the query's case"));
    }
    Ok(())
}

/// The policy has judged by the party that the query names: the message must act for the same, or for nobody as well.
fn check_party(file: &ProviderFile, query: &Query, party: Option<&Party>) -> Result<(), RegistryError> {
    let same = match (party, &query.on_behalf_of) {
        (None, None) => true,
        (Some(party), Some(body)) => file.is_represented(party, body),
        (Some(_), None) | (None, Some(_)) => false,
    };
    if same {
        return Ok(());
    }
    Err(RegistryError::Unsupported(
        "message and query do not act for the same party; the owner's file may name it in [[represents]]",
    ))
}

/// Headers by which some frameworks take another method or path than those of the request.
const STEERING: [&str; 5] =
    ["x-http-method-override", "x-http-method", "x-method-override", "x-original-url", "x-rewrite-url"];

fn check_steering(whole: &WholeRequest) -> Result<(), RegistryError> {
    if whole.headers.iter().any(|(name, _)| STEERING.contains(&name.as_str())) {
        return Err(RegistryError::Unsupported("the message has a header that stands for another method or path"));
    }
    Ok(())
}

/// A named subject is believed only where the owner's file says how to find it in the message.
fn check_subject(leave: &Whole, query: &Query, payload: Element<'_>) -> Result<(), RegistryError> {
    match (&query.subject, &leave.subject) {
        (SubjectKey::Message(_), _) => Ok(()),
        (named, Some(at)) => {
            let said = Said::Xml(payload).text(at)?;
            let (number, name) = (placeholder::subject(named, None), placeholder::subject(named, Some("name")));
            let same = said.is_some_and(|said| Some(said.trim()) == number.as_deref().or(name.as_deref()));
            if same { Ok(()) } else { Err(OTHER_SUBJECT) }
        }
        (_, None) => Err(UNCHECKED),
    }
}

fn rest(
    file: &ProviderFile,
    service: &Service,
    leave: &Whole,
    query: &Query,
    whole: WholeRequest,
) -> Result<Request<Bytes>, RegistryError> {
    let head = head(file, query, &whole)?;
    check_claims(query, head.user_id.as_deref(), head.issue.as_deref())?;
    check_party(file, query, head.represented.as_ref())?;
    check_steering(&whole)?;
    if !leave.methods.contains(&head.method) {
        return Err(RegistryError::Unsupported("the service does not take this method"));
    }
    if head.path.iter().any(|segment| climbs(segment)) {
        return Err(RegistryError::Unsupported("the path climbs"));
    }
    check_target(leave, query, &head.path)?;
    let target = format!("{}{}", service.path.trim_end_matches('/'), own_target(&whole.target));
    let target = if target.starts_with('/') { target } else { format!("/{target}") };
    let mut request = Request::new(whole.body.clone());
    *request.method_mut() = head.method;
    *request.uri_mut() = target.parse().map_err(|_| NOT_SENT)?;
    for (name, value) in whole.headers {
        request.headers_mut().append(name, value);
    }
    // PR-REST 4.3: without Accept it is JSON.
    request.headers_mut().entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
    Ok(request)
}

/// Whether a segment leads upwards in any reader's eyes: some cut parameters off at a semicolon first, some decode twice.
fn climbs(segment: &str) -> bool {
    let once_more = segment.to_ascii_lowercase();
    segment.split(['/', '\\', ';']).any(|part| matches!(part, "." | ".."))
        || ["%2e", "%2f", "%5c"].iter().any(|escape| once_more.contains(escape))
}

/// The same for REST: the path must begin as the owner's file says for this subject.
fn check_target(leave: &Whole, query: &Query, path: &[String]) -> Result<(), RegistryError> {
    if matches!(query.subject, SubjectKey::Message(_)) {
        return Ok(());
    }
    let target = leave.target.as_ref().ok_or(UNCHECKED)?.fill(query)?;
    let expected: Option<Vec<String>> = target.split('/').skip(1).map(percent_decoded).collect();
    let same = expected.is_some_and(|expected| path.starts_with(&expected));
    if same { Ok(()) } else { Err(OTHER_SUBJECT) }
}

const OTHER_SUBJECT: RegistryError = RegistryError::Unsupported("the message is about another subject");

const UNCHECKED: RegistryError = RegistryError::Unsupported(
    "a whole message is asked about by its digest: the owner's file does not say where its subject stands",
);

/// The head of a REST message, whose client and service must be those of the query.
pub(super) fn head(file: &ProviderFile, query: &Query, whole: &WholeRequest) -> Result<RestHead, RegistryError> {
    let mut headers = HeaderMap::new();
    // The id that the client's side gave the request is not the client's to send, and is in the message all the same.
    for (name, value) in whole.headers.iter().filter(|(name, _)| name != names::REQUEST_ID) {
        headers.append(name.clone(), value.clone());
    }
    let head = RestHead::read(&whole.method, &whole.target, &headers, &mut || query.id.to_string())
        .map_err(|_| RegistryError::Unsupported("the message is not one of X-Road's REST protocol"))?;
    if file.member(&head.client).as_ref() != Some(&query.caller) {
        return Err(OTHER_CLIENT);
    }
    check_service(file, query, &head.service)?;
    Ok(head)
}

/// What follows the service's name in a target, as the client wrote it: `/r1/` and five codes come before it.
fn own_target(target: &str) -> &str {
    let path = target.find('?').unwrap_or(target.len());
    let mut ends = target.bytes().take(path).enumerate().filter(|(_, byte)| *byte == b'/').map(|(at, _)| at);
    let start = ends.nth(6).unwrap_or(path);
    target.get(start..).unwrap_or_default()
}

/// A SOAP provider answers with an envelope, fault or not; what is none is judged by its status.
fn check_soap_answer(response: &http::Response<Bytes>) -> Result<(), RegistryError> {
    let (status, content_type) = (response.status(), response.headers().get(CONTENT_TYPE));
    let envelope = mime::envelope(content_type, response.body());
    let octets = envelope.map_err(|why| by_status(status).unwrap_or(RegistryError::Invalid(why)))?;
    if !matches!(status, StatusCode::OK | StatusCode::INTERNAL_SERVER_ERROR | StatusCode::BAD_REQUEST) {
        return Err(by_status(status).unwrap_or(RegistryError::Invalid("its status is not one of SOAP")));
    }
    let document = envelope::document(&octets, &Limits::default()).map_err(RegistryError::Invalid)?;
    envelope::parts(&document).map(drop).map_err(RegistryError::Invalid)
}
