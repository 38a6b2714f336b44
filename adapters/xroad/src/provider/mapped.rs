//! A query as a request of the provider's own service, and its answer as values.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method, Request as HttpRequest, Response, StatusCode};
use mohur_contract::{Context, RegistryError};
use mohur_soap::Limits;
use mohur_wire::answer::Finding;
use mohur_wire::{Answer, Ask, FieldName, Predicate, Query, Value, Verdict};

use super::answer::Said;
use super::envelope::{self, TEXT_XML};
use super::service::{Mapped, Request, Service};
use super::{Provider, mime, placeholder};
use crate::identifier::{ClientId, ServiceCode};
use crate::rest::names;

/// Asks a mapped service.
pub(super) async fn ask(
    provider: &Provider,
    service: &Service,
    query: &Query,
    context: &Context,
) -> Result<Answer, RegistryError> {
    let mapped = service.mapped.as_ref();
    let mapped = mapped.ok_or(RegistryError::Unsupported("the service takes whole X-Road messages only"))?;
    if !mapped.verbs.contains(&query.verb()) {
        return Err(RegistryError::Unsupported("the service does not take this verb"));
    }
    if !mapped.subjects.iter().any(|kind| kind == query.subject.kind()) {
        return Err(RegistryError::Unsupported("the service takes another kind of subject"));
    }
    let request = request(service, mapped, query)?;
    let response = provider.connection.exchange(request, context).await?;
    let finding = match &mapped.request {
        Request::Soap(_) => soap(mapped, query, &response)?,
        Request::Rest(..) => rest(mapped, query, &response)?,
    };
    Ok(Answer { subject: query.subject.clone(), finding })
}

const NOT_SENT: RegistryError = RegistryError::Unsupported("a part of the query cannot stand in a request");

fn request(service: &Service, mapped: &Mapped, query: &Query) -> Result<HttpRequest<Bytes>, RegistryError> {
    let (method, target, body) = match &mapped.request {
        Request::Soap(template) => {
            let envelope = envelope::of_query(query, &template.fill(query)?);
            (Method::POST, service.path.clone(), Some((TEXT_XML, envelope)))
        }
        Request::Rest(method, path, body) => {
            let body = body.as_ref().map(|body| body.fill(query)).transpose()?;
            (method.clone(), path.fill(query)?, body.map(|body| ("application/json", body)))
        }
    };
    let mut request = HttpRequest::new(Bytes::new());
    *request.method_mut() = method;
    *request.uri_mut() = target.parse().map_err(|_| NOT_SENT)?;
    if let Some((content_type, body)) = body {
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        *request.body_mut() = body.into();
    }
    match &mapped.request {
        Request::Soap(_) => {
            let action = HeaderValue::try_from(format!("\"{}\"", service.action)).map_err(|_| NOT_SENT)?;
            request.headers_mut().insert("soapaction", action);
        }
        Request::Rest(..) => {
            request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
            for (name, value) in rest_headers(query) {
                let name = HeaderName::from_static(name);
                request.headers_mut().insert(name, HeaderValue::try_from(value).map_err(|_| NOT_SENT)?);
            }
        }
    }
    Ok(request)
}

/// The headers of PR-REST 4.3 that a provider sees.
fn rest_headers(query: &Query) -> Vec<(&'static str, String)> {
    let ascii = |text: &str| text.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').collect::<String>();
    let mut headers = vec![
        (names::CLIENT, ClientId::from(&query.caller).encoded()),
        (names::SERVICE, ServiceCode::from(&query.service).encoded()),
        (names::ID, query.id.to_string()),
        (names::USER_ID, ascii(query.official.as_str())),
    ];
    headers.extend(query.case.as_ref().map(|case| (names::ISSUE, ascii(case.as_str()))));
    let party = query.on_behalf_of.as_ref().map(|body| format!("{}/{}", body.member_class(), body.member_code()));
    headers.extend(party.map(|party| (names::REPRESENTED, party)));
    headers
}

fn soap(mapped: &Mapped, query: &Query, response: &Response<Bytes>) -> Result<Finding, RegistryError> {
    let status = response.status();
    let envelope = match mime::envelope(response.headers().get(CONTENT_TYPE), response.body()) {
        Ok(envelope) => envelope,
        Err(why) => return Err(by_status(status).unwrap_or(RegistryError::Invalid(why))),
    };
    if !matches!(status, StatusCode::OK | StatusCode::INTERNAL_SERVER_ERROR | StatusCode::BAD_REQUEST) {
        return Err(
            by_status(status).unwrap_or(RegistryError::Invalid("it answers with a status that SOAP does not use"))
        );
    }
    let document = envelope::document(&envelope, &Limits::default()).map_err(RegistryError::Invalid)?;
    let parts = envelope::parts(&document).map_err(RegistryError::Invalid)?;
    if let Some(code) = envelope::fault_code(parts.payload) {
        let is_absent = mapped.absent.contains(&code) || mapped.absent.contains(code.rsplit(':').next().unwrap_or(""));
        return if is_absent { Ok(Finding::Absent) } else { Err(envelope::fault_meaning(&code)) };
    }
    if status != StatusCode::OK {
        return Err(RegistryError::Invalid("the reply is no fault, but its status is one of failure"));
    }
    found(mapped, query, Said::Xml(parts.payload))
}

fn rest(mapped: &Mapped, query: &Query, response: &Response<Bytes>) -> Result<Finding, RegistryError> {
    let status = response.status();
    if mapped.absent.contains(status.as_str()) {
        return Ok(Finding::Absent);
    }
    if let Some(refused) = by_status(status) {
        return Err(refused);
    }
    if !status.is_success() {
        return Err(RegistryError::Invalid(
            "it refused the request as wrong; compare the mapping with its description",
        ));
    }
    let document: serde_json::Value =
        serde_json::from_slice(response.body()).map_err(|_| RegistryError::Invalid("the reply is not JSON"))?;
    found(mapped, query, Said::Json(&document))
}

/// What a status means in both protocols.
pub(super) fn by_status(status: StatusCode) -> Option<RegistryError> {
    match status {
        StatusCode::UNAUTHORIZED => Some(RegistryError::Credential("HTTP 401")),
        StatusCode::FORBIDDEN => Some(RegistryError::Credential("HTTP 403")),
        StatusCode::TOO_MANY_REQUESTS => Some(RegistryError::Unavailable("it answers HTTP 429".to_owned())),
        status if status.is_server_error() => {
            Some(RegistryError::Unavailable(format!("it answers HTTP {}", status.as_u16())))
        }
        _ => None,
    }
}

fn found(mapped: &Mapped, query: &Query, said: Said<'_>) -> Result<Finding, RegistryError> {
    if let Some(found) = &mapped.found
        && !said.has(found)?
    {
        return Ok(Finding::Absent);
    }
    let subject = said.text(&mapped.subject)?;
    let subject = subject.ok_or(RegistryError::Invalid("it does not say about whom it answers"))?;
    if placeholder::subject(&query.subject, None).as_deref().or(name(query).as_deref()) != Some(subject.trim()) {
        return Err(RegistryError::OtherSubject);
    }
    let value = |field: &FieldName| {
        let field = mapped.fields.get(field);
        field.map_or(Ok(None), |(at, kind)| said.value(at, *kind))
    };
    Ok(Finding::Found(match &query.ask {
        Ask::Read(fields) => read(fields, value)?,
        Ask::Match(given) => judged(given, value, |given, held| given == held)?,
        Ask::Verify(predicates) => judged(predicates, value, holds)?,
        Ask::Change(_) => return Err(RegistryError::Unsupported("the service changes nothing")),
    }))
}

/// Who has no number is compared by name.
fn name(query: &Query) -> Option<String> {
    placeholder::subject(&query.subject, Some("name"))
}

type Values = BTreeMap<FieldName, Value>;

fn read(
    fields: &BTreeSet<FieldName>,
    value: impl Fn(&FieldName) -> Result<Option<Value>, RegistryError>,
) -> Result<Values, RegistryError> {
    let pairs = fields.iter().filter_map(|field| match value(field) {
        Ok(value) => value.map(|value| Ok((field.clone(), value))),
        Err(error) => Some(Err(error)),
    });
    pairs.collect()
}

fn judged<T>(
    asked: &BTreeMap<FieldName, T>,
    value: impl Fn(&FieldName) -> Result<Option<Value>, RegistryError>,
    holds: impl Fn(&T, &Value) -> bool,
) -> Result<Values, RegistryError> {
    let verdict = |(field, operand): (&FieldName, &T)| {
        let verdict = value(field)?.map_or(Verdict::Unknown, |held| Verdict::of_match(holds(operand, &held)));
        Ok((field.clone(), verdict.to_value()))
    };
    asked.iter().map(verdict).collect()
}

fn holds(predicate: &Predicate, held: &Value) -> bool {
    match (predicate, held) {
        (Predicate::AtLeast(least), Value::Number(held)) => held >= least,
        (Predicate::AtMost(most), Value::Number(held)) => held <= most,
        (Predicate::OneOf(values), held) => values.contains(held),
        (Predicate::AtLeast(_) | Predicate::AtMost(_), Value::Text(_) | Value::Flag(_)) => false,
    }
}
