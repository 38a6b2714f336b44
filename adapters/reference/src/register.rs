//! One running reference register: its address, its token, and the ways in which it can be made to fail.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode, header};
use mohur_chain::Trust;
use mohur_contract::Ledger;
use mohur_contract::ledger::VolatileLedger;
use mohur_http::{Handler, Limits, Request, Server};
use mohur_identity::{Book, BookError, Panel};
use mohur_wire::{Clock, RefusalCode};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::fin::FinDesk;
use crate::interpol::{self, Databases};
use crate::token::{Scopes, TokenKey};
use crate::web::{self, Call};
use crate::{Country, fhir, fin, iso20022, osia, real_estate};

/// Which register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Births and marriages over OSIA Data Access 1.3.
    CivilRegistry,
    /// Everything about a person over OSIA Data Access 1.3.
    PopulationRegister,
    /// Blood group, eye colour and height over HL7 FHIR R4.
    HealthCard,
    /// Paid state fees over ISO 20022.
    StateFees,
    /// Rights in dwellings over SOAP 1.1, after ISO 19152.
    RealEstate,
    /// Numbers, and links between identity files: OSIA UIN 1.2 and more.
    FinService,
    /// What other countries seek: SOAP 1.1 in two steps, and prints as ANSI/NIST-ITL in XML.
    Interpol,
}

/// Where the FIN service keeps its book, and who decides about links. By default it forgets, and nobody decides.
pub struct Adjudication {
    /// The book's records.
    pub ledger: Arc<dyn Ledger>,
    /// Whose officers are believed.
    pub trust: Option<Trust>,
    /// The agencies whose officers decide, and the members that are told.
    pub panel: Panel,
}

impl Default for Adjudication {
    fn default() -> Self {
        let owners = ["AZ/GOV/MIA/id-cards", "AZ/GOV/SMS/migration-service", "AZ/GOV/MFA/consular"];
        let panel = Panel { agencies: vec!["AZ/GOV/MOJ".to_owned()], owners: owners.map(str::to_owned).to_vec() };
        Self { ledger: Arc::new(VolatileLedger::default()), trust: None, panel }
    }
}

/// How a register misbehaves, on request: what a scenario needs to see a real register do. None by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Waits that long before it answers.
    pub delay: Duration,
    /// Says that it is out of service (503).
    pub down: bool,
    /// Answers about another person.
    pub wrong_person: bool,
    /// Says more than it was asked.
    pub extra_fields: bool,
    /// Answers 200 with something that is not of its protocol.
    pub garbage: bool,
}

/// A running register. It stops when it is dropped, or by [`stop`](Self::stop).
pub struct Register {
    kind: Kind,
    address: SocketAddr,
    token: String,
    desk: Arc<Desk>,
    clock: Arc<dyn Clock>,
    shutdown: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

/// Why a register did not start.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// Its address cannot be taken.
    #[error("the {} register cannot listen: {source}", kind.as_str())]
    Listen {
        /// Which one.
        kind: Kind,
        /// Why.
        source: mohur_http::BindError,
    },
    /// The FIN service's book cannot be filled.
    #[error("the fin-service register cannot fill its book: {0}")]
    Book(#[from] BookError),
}

/// Where requests arrive.
struct Desk {
    kind: Kind,
    country: Arc<Country>,
    key: TokenKey,
    faults: Mutex<Faults>,
    fin: Option<FinDesk>,
    interpol: Option<Databases>,
}

impl Kind {
    /// Every kind there is.
    pub const ALL: &'static [Self] = &[
        Self::CivilRegistry,
        Self::PopulationRegister,
        Self::HealthCard,
        Self::StateFees,
        Self::RealEstate,
        Self::FinService,
        Self::Interpol,
    ];

    /// Its name: the subsystem's code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CivilRegistry => "civil-registry",
            Self::PopulationRegister => "population-register",
            Self::HealthCard => "health-card",
            Self::StateFees => "state-fees",
            Self::RealEstate => "real-estate",
            Self::FinService => "fin-service",
            Self::Interpol => "interpol",
        }
    }

    /// What the adapter's token allows.
    const fn scopes(self) -> &'static str {
        match self {
            Self::CivilRegistry => "cr.person.read cr.person.match cr.person.verify cr.document.read",
            Self::PopulationRegister => "pr.person.read pr.person.match pr.person.verify",
            Self::HealthCard => "system/Patient.read system/Observation.read",
            Self::StateFees => "bank.payment.read",
            Self::RealEstate => "cadastre.right.read",
            Self::FinService => "fin.link.read fin.identity.search uin.generate",
            Self::Interpol => "interpol.search interpol.record.read interpol.document.write",
        }
    }
}

impl Register {
    /// Starts a register about the people of that country. Port 0 takes a free one.
    pub async fn start(
        kind: Kind,
        address: SocketAddr,
        country: Arc<Country>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, RegisterError> {
        Self::start_with(kind, address, country, clock, Adjudication::default()).await
    }

    /// The same, with what only the FIN service needs. Its book takes the country's identity files over.
    pub async fn start_with(
        kind: Kind,
        address: SocketAddr,
        country: Arc<Country>,
        clock: Arc<dyn Clock>,
        adjudication: Adjudication,
    ) -> Result<Self, RegisterError> {
        let server = Server::bind(address, Limits::default(), Arc::clone(&clock)).await;
        let server = server.map_err(|source| RegisterError::Listen { kind, source })?;
        let fin = match kind {
            Kind::FinService => {
                let Adjudication { ledger, trust, panel } = adjudication;
                let desk = FinDesk { book: Book::new(ledger), trust, panel };
                desk.adopt(&country, clock.now()).await?;
                Some(desk)
            }
            Kind::CivilRegistry
            | Kind::PopulationRegister
            | Kind::HealthCard
            | Kind::StateFees
            | Kind::RealEstate
            | Kind::Interpol => None,
        };
        let interpol = (kind == Kind::Interpol).then(|| Databases::of(&country));
        let address = server.local_addr();
        let key = TokenKey::fresh();
        let token = key.issue(kind.as_str(), kind.scopes(), clock.now());
        let desk = Arc::new(Desk { kind, country, key, faults: Mutex::default(), fin, interpol });
        let (shutdown, stopped) = oneshot::channel::<()>();
        let handler = Arc::clone(&desk);
        let task = tokio::spawn(async move {
            let stopped = async {
                // A dropped sender stops the register too.
                let _ = stopped.await;
            };
            server.serve(handler, stopped).await;
        });
        Ok(Self { kind, address, token, desk, clock, shutdown: Some(shutdown), task })
    }

    /// Which register it is.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its base URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The adapter's bearer token, good for 30 days. It belongs in a credential file.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// A token with those scopes only (separated by blanks).
    pub fn token_for(&self, scopes: &str) -> String {
        self.desk.key.issue(self.kind.as_str(), scopes, self.clock.now())
    }

    /// From now on it misbehaves like this; [`Faults::default`] heals it.
    pub fn set_faults(&self, faults: Faults) {
        *self.desk.faults.lock().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    /// Stops it; requests that it accepted are finished.
    pub async fn stop(mut self) {
        drop(self.shutdown.take());
        // A task that panicked has stopped as well.
        let _ = self.task.await;
    }
}

impl Handler for Desk {
    async fn handle(&self, request: Request) -> Response<Bytes> {
        let faults = *self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        if !faults.delay.is_zero() {
            tokio::time::sleep(faults.delay).await;
        }
        if faults.down {
            return *web::empty(StatusCode::SERVICE_UNAVAILABLE);
        }
        if faults.garbage {
            return *web::reply(StatusCode::OK, "text/html", "<html><p>it works");
        }
        let scopes = self.scopes(&request);
        let Some(call) = Call::new(&request.parts, &request.body, scopes.as_ref()) else {
            return *web::empty(StatusCode::BAD_REQUEST);
        };
        if let Some(fin) = &self.fin {
            return *fin::answer(fin, &self.country, &call, faults, request.arrival.0).await;
        }
        if let Some(databases) = &self.interpol {
            return *interpol::answer(databases, &call, request.arrival, faults);
        }
        *match self.kind {
            Kind::CivilRegistry => osia::answer(osia::Book::Civil, &self.country, &call, faults),
            Kind::PopulationRegister => osia::answer(osia::Book::Population, &self.country, &call, faults),
            Kind::HealthCard => fhir::answer(&self.country, &call, faults),
            Kind::StateFees => iso20022::answer(&self.country, &call, request.arrival, faults),
            Kind::RealEstate => real_estate::answer(&self.country, &call, faults),
            // Answered above.
            Kind::FinService | Kind::Interpol => web::empty(StatusCode::SERVICE_UNAVAILABLE),
        }
    }

    fn refuse(&self, code: RefusalCode) -> Response<Bytes> {
        *web::empty(StatusCode::from_u16(code.text().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
    }
}

impl Desk {
    fn scopes(&self, request: &Request) -> Option<Scopes> {
        let value = request.parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let token = value.strip_prefix("Bearer ")?;
        self.key.check(self.kind.as_str(), token, request.arrival.0)
    }
}
