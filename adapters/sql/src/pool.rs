//! A few connections that are kept, each with its prepared statements.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mohur_contract::{Context, RegistryError};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::{Client, Config, NoTls, Statement};

use crate::failure::meaning;
use crate::mapping::Database;
use crate::tls::Inside;

/// The connections to one database.
pub(crate) struct Pool {
    config: Config,
    tls: Option<Inside>,
    places: Semaphore,
    wait: Duration,
    /// What every connection is told first.
    bounds: String,
    idle: Mutex<Vec<Session>>,
}

/// One connection. What drives it ends with it.
pub(crate) struct Session {
    pub(crate) client: Client,
    driver: JoinHandle<()>,
    prepared: BTreeMap<usize, Statement>,
}

/// A session for one query. It goes back only if [`Lease::keep`] says so.
pub(crate) struct Lease<'a> {
    pool: &'a Pool,
    session: Session,
    _place: SemaphorePermit<'a>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Pool {
    pub(crate) fn new(config: Config, tls: Option<Inside>, database: &Database) -> Self {
        let places = Semaphore::new(database.connections);
        // Also to prepare a statement waits for locks, outside of any transaction of ours.
        let most = database.statement_timeout.as_millis().max(1);
        let bounds = format!("set statement_timeout = {most}; set lock_timeout = {most}");
        Self { config, tls, places, wait: database.wait, bounds, idle: Mutex::new(Vec::new()) }
    }

    /// A connection, a kept one if there is one.
    pub(crate) async fn lease(&self, context: &Context) -> Result<Lease<'_>, RegistryError> {
        let left = context.remaining()?;
        let place = timeout(left.min(self.wait), self.places.acquire()).await;
        let place = match place {
            Ok(Ok(place)) => place,
            Ok(Err(_)) | Err(_) if left <= self.wait => return Err(RegistryError::Timeout),
            Ok(Err(_)) | Err(_) => return Err(RegistryError::Unavailable(BUSY.to_owned())),
        };
        let kept = self.kept();
        let session = match kept {
            Some(session) => session,
            None => within(context, self.open()).await??,
        };
        Ok(Lease { pool: self, session, _place: place })
    }

    /// The connection that was used last, past those that the database has closed.
    fn kept(&self) -> Option<Session> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|session| !session.client.is_closed());
        idle.pop()
    }

    /// Lets go of every kept connection: one that fell silent is not the only one.
    pub(crate) fn forget(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    async fn open(&self) -> Result<Session, RegistryError> {
        let (client, driver) = match &self.tls {
            Some(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await.map_err(|error| meaning(&error))?;
                (client, tokio::spawn(async move { drop(connection.await) }))
            }
            None => {
                let (client, connection) = self.config.connect(NoTls).await.map_err(|error| meaning(&error))?;
                (client, tokio::spawn(async move { drop(connection.await) }))
            }
        };
        let session = Session { client, driver, prepared: BTreeMap::new() };
        session.client.batch_execute(&self.bounds).await.map_err(|error| meaning(&error))?;
        Ok(session)
    }
}

const BUSY: &str = "every connection to the database was busy for the whole wait";

/// The same, until the deadline.
pub(crate) async fn within<T>(context: &Context, work: impl Future<Output = T>) -> Result<T, RegistryError> {
    timeout(context.remaining()?, work).await.map_err(|_| RegistryError::Timeout)
}

impl Lease<'_> {
    pub(crate) const fn client(&self) -> &Client {
        &self.session.client
    }

    /// The statement of that number, prepared once a connection.
    pub(crate) async fn prepared(&mut self, number: usize, sql: &str) -> Result<Statement, tokio_postgres::Error> {
        if let Some(statement) = self.session.prepared.get(&number) {
            return Ok(statement.clone());
        }
        let statement = self.session.client.prepare(sql).await?;
        self.session.prepared.insert(number, statement.clone());
        Ok(statement)
    }

    /// Puts the connection back for the next query.
    pub(crate) fn keep(self) {
        self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).push(self.session);
    }
}
