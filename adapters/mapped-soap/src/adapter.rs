//! The adapter: one query becomes one message, and one message becomes one answer.

use mohur_connection::soap::{Said, SoapCall};
use mohur_connection::{Connection, ConnectionError, Settings};
use mohur_contract::{BoxFuture, Context, Registry, RegistryError, service_name};
use mohur_mapping::{Nothing, found, nothing_held};
use mohur_soap::write::is_text;
use mohur_wire::answer::Finding;
use mohur_wire::{Answer, FieldName, Query};

use crate::Mapping;
use crate::fault;

/// A register behind a mapping file.
#[derive(Debug)]
pub struct MappedSoap {
    connection: Connection,
    mapping: Mapping,
}

impl MappedSoap {
    /// An adapter for the register at that address.
    ///
    /// # Errors
    /// [`ConnectionError`] if the address or the credential is wrong.
    pub fn new(mapping: Mapping, settings: &Settings) -> Result<Self, ConnectionError> {
        let settings = Settings { body_bytes: mapping.limits.bytes, ..settings.clone() };
        Ok(Self { connection: Connection::open(&settings)?, mapping })
    }

    async fn ask(&self, query: &Query, context: &Context) -> Result<Answer, RegistryError> {
        let name = service_name(&query.service);
        let service = self.mapping.services.iter().find(|service| service.offer.name == name);
        let service = service.ok_or(RegistryError::UnknownService)?;
        let field = |name: &FieldName| service.field(name).map(|field| &field.of);
        let given = service.offer.accept(query, context, field)?;
        if !given.texts().all(is_text) {
            return Err(RegistryError::Unsupported("a text cannot stand in XML"));
        }
        let template = |template: &crate::template::Template| template.fill(&given);
        let body = template(&service.request);
        let body =
            body.ok_or(RegistryError::Unsupported("the query gives nothing that the service can be asked by"))?;
        let header = service.header.as_ref().and_then(template).unwrap_or_default();
        let call = SoapCall {
            target: &service.endpoint,
            version: self.mapping.version,
            action: &service.action,
            header: &header,
            body: &body,
        };
        let context = service.offer.within(context);
        let reply = self.connection.soap(&call, self.mapping.limits, &context).await?;
        let document = reply.document()?;
        let record = match reply.said(&document)? {
            Said::Answer(payload) => service.reply.record(payload)?,
            Said::Fault(fault) => match fault::meaning(&service.faults, &fault)? {
                Nothing::Held => {
                    return Ok(Answer { subject: query.subject.clone(), finding: nothing_held(query) });
                }
                Nothing::Nobody => None,
            },
        };
        let Some(record) = record else {
            return Ok(Answer { subject: query.subject.clone(), finding: Finding::Absent });
        };
        if service.reply.subject(record)? != query.subject {
            return Err(RegistryError::OtherSubject);
        }
        let held = |name: &FieldName| {
            let field = service.field(name);
            field.map(|field| Ok::<_, RegistryError>((&field.of, field.value(record)?))).transpose()
        };
        Ok(Answer { subject: query.subject.clone(), finding: Finding::Found(found(query, held)?) })
    }
}

impl Registry for MappedSoap {
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
