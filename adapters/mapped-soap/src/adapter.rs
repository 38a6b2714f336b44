//! The adapter: one query becomes one message, and one message becomes one answer.

use std::collections::BTreeMap;
use std::time::Instant;

use mohur_connection::soap::{Said, SoapCall};
use mohur_connection::{Connection, ConnectionError, Settings};
use mohur_contract::{BoxFuture, Context, Registry, RegistryError, service_name};
use mohur_soap::Element;
use mohur_wire::answer::Finding;
use mohur_wire::{Answer, Ask, FieldName, Query, Value, Verdict};

use crate::Mapping;
use crate::fault::{self, Nothing};
use crate::parameter::Given;
use crate::service::Service;

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
        let service = self.mapping.services.iter().find(|service| service.name == name);
        let service = service.ok_or(RegistryError::UnknownService)?;
        let given = check(service, query, context)?;
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
        let context = within(service, context);
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
        Ok(Answer { subject: query.subject.clone(), finding: Finding::Found(found(service, query, record)?) })
    }
}

/// What can be refused without asking anybody.
fn check<'q>(service: &Service, query: &'q Query, context: &Context) -> Result<Given<'q>, RegistryError> {
    if context.settle.is_some() {
        return Err(RegistryError::Unsupported("this service has nothing to settle"));
    }
    if query.message.is_some() {
        return Err(RegistryError::Unsupported("this service takes no enclosed message"));
    }
    if !service.verbs.contains(&query.verb()) {
        return Err(RegistryError::Unsupported("this service does not take the verb"));
    }
    let field = |name: &FieldName| service.field(name);
    match &query.ask {
        Ask::Match(values) => {
            values.iter().filter_map(|(name, value)| Some((field(name)?, value))).try_for_each(|(f, v)| f.takes(v))?;
        }
        Ask::Verify(predicates) => {
            let known = predicates.iter().filter_map(|(name, predicate)| Some((field(name)?, predicate)));
            known.into_iter().try_for_each(|(field, predicate)| field.takes_predicate(predicate))?;
        }
        Ask::Read(_) | Ask::Change(_) => {}
    }
    Given::of(query, service.kind)
        .ok_or(RegistryError::Unsupported("the subject is of another kind, or a text cannot stand in XML"))
}

/// The same call, by the service's own time if that is shorter.
fn within(service: &Service, context: &Context) -> Context {
    let mut context = context.clone();
    if let Some(timeout) = service.timeout {
        context.deadline = context.deadline.min(Instant::now() + timeout);
    }
    context
}

/// What a record says of what was asked, and nothing else.
fn found(service: &Service, query: &Query, record: Element<'_>) -> Result<BTreeMap<FieldName, Value>, RegistryError> {
    let held = |name: &FieldName| {
        let field = service.field(name);
        field.map(|field| Ok::<_, RegistryError>((field, field.value(record)?))).transpose()
    };
    let mut found = BTreeMap::new();
    match &query.ask {
        Ask::Read(names) => {
            for name in names {
                let value = held(name)?.and_then(|(_, value)| value);
                found.extend(value.map(|value| (name.clone(), value)));
            }
        }
        Ask::Match(values) => {
            for (name, given) in values {
                let verdict = held(name)?.map(|(field, value)| field.compared(value.as_ref(), given));
                found.insert(name.clone(), verdict.unwrap_or(Verdict::Unknown).to_value());
            }
        }
        Ask::Verify(predicates) => {
            for (name, predicate) in predicates {
                let verdict = held(name)?.map(|(field, value)| field.verified(value.as_ref(), predicate));
                found.insert(name.clone(), verdict.unwrap_or(Verdict::Unknown).to_value());
            }
        }
        Ask::Change(_) => return Err(RegistryError::Unsupported("this service takes no change")),
    }
    Ok(found)
}

/// Nothing of what was asked is held.
fn nothing_held(query: &Query) -> Finding {
    let unknown = |name: &FieldName| (name.clone(), Verdict::Unknown.to_value());
    Finding::Found(match &query.ask {
        Ask::Match(values) => values.keys().map(unknown).collect(),
        Ask::Verify(predicates) => predicates.keys().map(unknown).collect(),
        Ask::Read(_) | Ask::Change(_) => BTreeMap::new(),
    })
}

impl Registry for MappedSoap {
    fn services(&self) -> Vec<String> {
        self.mapping.services.iter().map(|service| service.name.clone()).collect()
    }

    fn answer<'a>(&'a self, query: &'a Query, context: &'a Context) -> BoxFuture<'a, Result<Answer, RegistryError>> {
        Box::pin(self.ask(query, context))
    }

    fn health<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<(), RegistryError>> {
        Box::pin(self.connection.reach(&self.mapping.health, context))
    }
}
