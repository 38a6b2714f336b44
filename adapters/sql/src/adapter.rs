//! The adapter: one query becomes one statement with its parameters, and one row becomes one answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use futures_util::future::join3;
use mohur_contract::{BoxFuture, Context, Ledger, Registry, RegistryError, service_name};
use mohur_mapping::{Given, Parameter, SubjectKind, found};
use mohur_wire::answer::Finding;
use mohur_wire::{Answer, FieldName, Query, SubjectKey};
use tokio_postgres::Row;
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

use crate::changing;
use crate::failure::{breaks_connection, meaning};
use crate::gate::Gate;
use crate::mapping::Database;
use crate::pool::{Lease, Pool, within};
use crate::service::Service;
use crate::tls::Inside;
use crate::{Mapping, OpenError, Settings};

/// The longest time to hold a mapping against the database at the start.
const CHECKED_WITHIN: Duration = Duration::from_secs(30);

/// A register in a database.
pub struct Sql {
    pool: Pool,
    gate: Gate,
    timeout: Duration,
    database: Database,
    services: Vec<Prepared>,
    changes: Vec<changing::Prepared>,
}

/// What a statement may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nothing but read.
    Reads,
    /// Have its effect.
    Writes,
}

/// One statement with its parameters.
pub(crate) struct Wanted<'a> {
    /// Its number among the statements of a connection.
    pub(crate) place: usize,
    pub(crate) sql: &'a str,
    pub(crate) parameters: Vec<Text>,
    pub(crate) access: Access,
}

/// A service with what is asked for it.
struct Prepared {
    service: Service,
    question: String,
}

/// A parameter, sent as text: the database reads it as what it is compared with.
#[derive(Clone, Debug)]
pub(crate) struct Text(pub(crate) Option<String>);

impl ToSql for Text {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        Ok(self.0.as_ref().map_or(IsNull::Yes, |text| {
            out.extend_from_slice(text.as_bytes());
            IsNull::No
        }))
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

impl Sql {
    /// Connects, and holds the mapping against the database.
    ///
    /// # Errors
    /// [`OpenError`]: the address is wrong, the database cannot be reached, or the mapping does not fit it.
    pub async fn open(mapping: Mapping, settings: &Settings) -> Result<Self, OpenError> {
        let adapter = Self::unchecked(mapping, settings)?;
        adapter.gate.check(&adapter.pool, CHECKED_WITHIN).await?;
        Ok(adapter)
    }

    /// The same, and a database that is away is waited for: until it is back and the mapping fits it, the register is
    /// unavailable, and its health says so.
    ///
    /// # Errors
    /// [`OpenError`]: the address or the credential is wrong, or the database is there and the mapping does not fit it.
    pub async fn open_or_wait(mapping: Mapping, settings: &Settings) -> Result<Self, OpenError> {
        let adapter = Self::unchecked(mapping, settings)?;
        match adapter.gate.check(&adapter.pool, CHECKED_WITHIN).await {
            Err(OpenError::Database(error @ (RegistryError::Unavailable(_) | RegistryError::Timeout))) => {
                tracing::warn!(%error, "the database is away; its register is unavailable until it is back");
            }
            checked => checked?,
        }
        Ok(adapter)
    }

    fn unchecked(mapping: Mapping, settings: &Settings) -> Result<Self, OpenError> {
        let config = settings.config(mapping.database.connect_timeout)?;
        let pool = Pool::new(config, settings.tls.clone().map(Inside), &mapping.database);
        let (database, gate) = (mapping.database, Gate::new(mapping.clone()));
        let most = database.characters;
        let prepare = |service: Service| Prepared { question: service.question(most), service };
        let services: Vec<_> = mapping.services.into_iter().map(prepare).collect();
        let places = (services.len()..).step_by(2);
        let changes = mapping.changes.into_iter().zip(places);
        let changes = changes.map(|(change, place)| changing::Prepared::new(change, most, place)).collect();
        Ok(Self { pool, gate, timeout: settings.timeout, database, services, changes })
    }

    /// The same, with the ledger in which it keeps what is reserved: a mapping that changes something needs one.
    #[must_use]
    pub fn with_ledger(mut self, ledger: &Arc<dyn Ledger>) -> Self {
        self.changes.iter_mut().for_each(|change| change.keep_in(ledger));
        self
    }

    pub(crate) const fn timeout(&self) -> Duration {
        self.timeout
    }

    pub(crate) const fn characters(&self) -> u32 {
        self.database.characters
    }

    async fn ask(&self, query: &Query, context: &Context) -> Result<Answer, RegistryError> {
        let name = service_name(&query.service);
        if let Some(changing) = self.changes.iter().find(|changing| changing.name() == name) {
            return self.change(changing, query, context).await;
        }
        let place = self.services.iter().position(|prepared| prepared.service.offer.name == name);
        let (place, prepared) =
            place.and_then(|place| Some((place, self.services.get(place)?))).ok_or(RegistryError::UnknownService)?;
        let service = &prepared.service;
        let given = service.offer.accept(query, context, |name| service.field(name).map(|field| &field.of))?;
        let parameters = parameters(&service.statement.parameters, &given)?;
        let mut context = service.offer.within(context);
        context.deadline = context.deadline.min(std::time::Instant::now() + self.timeout);
        let answer = |finding| Ok(Answer { subject: query.subject.clone(), finding });
        let access = if service.notes { Access::Writes } else { Access::Reads };
        let wanted = Wanted { place, sql: &prepared.question, parameters, access };
        let Some(row) = self.row(&wanted, &context).await? else {
            return answer(Finding::Absent);
        };
        let record = Record::read(&row, self.database.characters)?;
        if !service.offer.kind.is_same(&record.subject(service.offer.kind, service.subject.len())?, &query.subject) {
            return Err(RegistryError::OtherSubject);
        }
        let held = |name: &FieldName| {
            let Some(at) = service.fields.iter().position(|field| field.of.name == *name) else { return Ok(None) };
            let Some(field) = service.fields.get(at) else { return Ok(None) };
            let text = record.text(service.subject.len() + at);
            let value = text.map(|text| field.of.convert(text)).transpose()?;
            Ok(Some((&field.of, value)))
        };
        answer(Finding::Found(found(query, held)?))
    }

    /// The one row; `None` if there is none.
    pub(crate) async fn row(&self, wanted: &Wanted<'_>, context: &Context) -> Result<Option<Row>, RegistryError> {
        self.gate.pass(&self.pool, context).await?;
        let mut lease = self.pool.lease(context).await?;
        let begin = self.begin(wanted.access, context)?;
        let rows = within(context, run(&mut lease, &begin, wanted)).await.and_then(|rows| rows);
        match &rows {
            Ok(_) => lease.keep(),
            Err(error) if !breaks_connection(error) => lease.keep(),
            Err(RegistryError::Timeout | RegistryError::Unavailable(_)) => self.pool.forget(),
            Err(_) => {}
        }
        let mut rows = rows?.into_iter();
        let row = rows.next();
        if rows.next().is_some() {
            return Err(RegistryError::Invalid("it holds several records where the mapping expects one"));
        }
        Ok(row)
    }

    /// A transaction that reads only, or has one effect; and that the database ends by itself when nobody waits for it any more. Days are
    /// Baku's, which is four hours ahead of UTC the whole year (POSIX writes that as -4).
    fn begin(&self, access: Access, context: &Context) -> Result<String, RegistryError> {
        let access = match access {
            Access::Reads => "read only",
            Access::Writes => "read write",
        };
        let left = context.remaining()?.min(self.database.statement_timeout).as_millis().max(1);
        Ok(format!(
            "begin isolation level read committed {access}; set local statement_timeout = {left}; \
             set local lock_timeout = {left}; set local datestyle = 'ISO'; set local timezone = '<+04>-04'"
        ))
    }
}

/// Begin, ask and commit in one go.
async fn run(lease: &mut Lease<'_>, begin: &str, wanted: &Wanted<'_>) -> Result<Vec<Row>, RegistryError> {
    let statement = lease.prepared(wanted.place, wanted.sql).await.map_err(|error| meaning(&error))?;
    let parameters: Vec<&(dyn ToSql + Sync)> =
        wanted.parameters.iter().map(|text| text as &(dyn ToSql + Sync)).collect();
    let client = lease.client();
    let (began, rows, ended) =
        join3(client.batch_execute(begin), client.query(&statement, &parameters), client.batch_execute("commit")).await;
    began.map_err(|error| meaning(&error))?;
    let rows = rows.map_err(|error| meaning(&error))?;
    ended.map_err(|error| meaning(&error))?;
    Ok(rows)
}

/// What each parameter stands for. PostgreSQL has no text with a zero byte.
pub(crate) fn parameters(wanted: &[Parameter], given: &Given<'_>) -> Result<Vec<Text>, RegistryError> {
    let texts: Vec<_> = wanted.iter().map(|parameter| Text(given.text(parameter))).collect();
    if texts.iter().flat_map(|text| &text.0).any(|text| text.contains('\0')) {
        return Err(RegistryError::Unsupported("a text cannot stand in a database"));
    }
    Ok(texts)
}

/// The columns of a row as texts.
pub(crate) struct Record<'r>(Vec<Option<&'r str>>);

impl<'r> Record<'r> {
    pub(crate) fn read(row: &'r Row, most: u32) -> Result<Self, RegistryError> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let column = |at| {
            let text: Option<&str> = row.try_get(at).map_err(|error| meaning(&error))?;
            if text.is_some_and(|text| text.chars().count() > most) {
                return Err(RegistryError::Invalid("a value is longer than the mapping's database.characters"));
            }
            Ok(text.map(str::trim).filter(|text| !text.is_empty()))
        };
        (0..row.len()).map(column).collect::<Result<_, _>>().map(Self)
    }

    /// The text of a column; `None` for NULL and for blanks.
    pub(crate) fn text(&self, at: usize) -> Option<&'r str> {
        self.0.get(at).copied().flatten()
    }

    /// Whom the row speaks of. One that does not say it is never taken as one about the subject asked.
    pub(crate) fn subject(&self, kind: SubjectKind, parts: usize) -> Result<SubjectKey, RegistryError> {
        let parts = (0..parts).map(|at| self.text(at).map(str::to_owned));
        let texts: Option<Vec<_>> = parts.collect();
        texts
            .and_then(|texts| kind.of(&texts))
            .ok_or(RegistryError::Invalid("a row does not name the subject that it speaks of"))
    }
}

impl Registry for Sql {
    fn services(&self) -> Vec<String> {
        let asked = self.services.iter().map(|prepared| prepared.service.offer.name.clone());
        asked.chain(self.changes.iter().map(|changing| changing.name().to_owned())).collect()
    }

    fn answer<'a>(&'a self, query: &'a Query, context: &'a Context) -> BoxFuture<'a, Result<Answer, RegistryError>> {
        Box::pin(self.ask(query, context))
    }

    fn health<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<(), RegistryError>> {
        Box::pin(async move {
            self.gate.pass(&self.pool, context).await?;
            let lease = self.pool.lease(context).await?;
            let alive = within(context, lease.client().check_connection()).await;
            match alive.and_then(|alive| alive.map_err(|error| meaning(&error))) {
                Ok(()) => {
                    lease.keep();
                    Ok(())
                }
                Err(error) => {
                    self.pool.forget();
                    Err(error)
                }
            }
        })
    }
}
