//! The adapter: one query becomes one request, and one reply becomes one answer.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Request, Response};
use mohur_connection::{Connection, ConnectionError, Settings};
use mohur_contract::{BoxFuture, Context, Registry, RegistryError, service_name};
use mohur_mapping::{Given, Nothing, found, nothing_held};
use mohur_wire::answer::Finding;
use mohur_wire::{Answer, FieldName, Query};
use serde_json::Value as Json;

use crate::Mapping;
use crate::reply::meaning;
use crate::service::Service;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const NOT_SENT: RegistryError = RegistryError::Unsupported("a text cannot stand in a request");

/// A register behind a mapping file.
#[derive(Debug)]
pub struct MappedRest {
    connection: Connection,
    mapping: Mapping,
}

impl MappedRest {
    /// An adapter for the register at that address.
    ///
    /// # Errors
    /// [`ConnectionError`] if the address or the credential is wrong.
    pub fn new(mapping: Mapping, settings: &Settings) -> Result<Self, ConnectionError> {
        let settings = Settings { body_bytes: mapping.bytes, ..settings.clone() };
        Ok(Self { connection: Connection::open(&settings)?, mapping })
    }

    async fn ask(&self, query: &Query, context: &Context) -> Result<Answer, RegistryError> {
        let name = service_name(&query.service);
        let service = self.mapping.services.iter().find(|service| service.offer.name == name);
        let service = service.ok_or(RegistryError::UnknownService)?;
        let field = |name: &FieldName| service.field(name).map(|field| &field.of);
        let given = service.offer.accept(query, context, field)?;
        let request = request(service, &given)?;
        let context = service.offer.within(context);
        let response = self.connection.exchange(request, &context).await?;
        let finding = read(service, query, &response)?;
        Ok(Answer { subject: query.subject.clone(), finding })
    }
}

fn request(service: &Service, given: &Given<'_>) -> Result<Request<Bytes>, RegistryError> {
    let target = service.path.fill(given, &service.query)?;
    let body = service.body.as_ref().and_then(|body| body.fill(given));
    let content = body.as_ref().map(Json::to_string).unwrap_or_default();
    let mut request = Request::new(Bytes::from(content));
    *request.method_mut() = service.method.clone();
    *request.uri_mut() = target.parse().map_err(|_| NOT_SENT)?;
    let headers = request.headers_mut();
    headers.insert(ACCEPT, JSON);
    if body.is_some() {
        headers.insert(CONTENT_TYPE, JSON);
    }
    for (name, text) in &service.headers {
        if let Some(text) = text.fill(given) {
            headers.insert(name.clone(), HeaderValue::try_from(text).map_err(|_| NOT_SENT)?);
        }
    }
    Ok(request)
}

fn read(service: &Service, query: &Query, response: &Response<Bytes>) -> Result<Finding, RegistryError> {
    let reply: Option<Json> = serde_json::from_slice(response.body()).ok();
    match meaning(&service.statuses, response.status(), reply.as_ref())? {
        Some(Nothing::Nobody) => return Ok(Finding::Absent),
        Some(Nothing::Held) => return Ok(nothing_held(query)),
        None => {}
    }
    let reply = reply.ok_or(RegistryError::Invalid("the reply is not JSON"))?;
    let Some(record) = service.reply.record(&reply)? else { return Ok(Finding::Absent) };
    if !service.reply.is_about(record, &query.subject)? {
        return Err(RegistryError::OtherSubject);
    }
    let held = |name: &FieldName| {
        let field = service.field(name);
        field.map(|field| Ok::<_, RegistryError>((&field.of, field.value(record)?))).transpose()
    };
    Ok(Finding::Found(found(query, held)?))
}

impl Registry for MappedRest {
    fn services(&self) -> Vec<String> {
        self.mapping.services.iter().map(|service| service.offer.name.clone()).collect()
    }

    fn answer<'a>(&'a self, query: &'a Query, context: &'a Context) -> BoxFuture<'a, Result<Answer, RegistryError>> {
        Box::pin(self.ask(query, context))
    }

    fn health<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<(), RegistryError>> {
        Box::pin(self.connection.reach(&self.mapping.health, context))
    }
}
