//! What stands between the host and a register: a deadline, a limit of queries at once, bounded retries of what changes
//! nothing, and a circuit breaker. A slow register never slows another, because each host has its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mohur_contract::{Context, Registry, RegistryError};
use mohur_http::{Breaker, BreakerSettings};
use mohur_wire::{Answer, Arrival, Query, Refusal, RefusalCode, Verb};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::metrics::Metrics;
use crate::stop::Stop;

/// How long the health page waits for the register.
const HEALTH: Duration = Duration::from_secs(2);

/// How a register may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisterSettings {
    /// Longest time for one query, retries included.
    pub deadline: Duration,
    /// How often a query that changes nothing is tried again after the register could not be reached.
    pub retries: u32,
    /// The pause before the first retry; it doubles.
    pub pause: Duration,
    /// Most queries at once.
    pub at_once: usize,
    /// How long a query waits for one of those places.
    pub queue: Duration,
    /// When the register is left alone.
    pub breaker: BreakerSettings,
}

/// A register behind its guard.
pub(crate) struct Guarded {
    registry: Arc<dyn Registry>,
    services: Vec<String>,
    settings: RegisterSettings,
    places: Semaphore,
    breaker: Breaker,
    metrics: Arc<Metrics>,
}

impl Guarded {
    pub(crate) fn new(registry: Arc<dyn Registry>, settings: RegisterSettings, metrics: Arc<Metrics>) -> Self {
        let (places, breaker) = (Semaphore::new(settings.at_once), Breaker::new(settings.breaker));
        Self { services: registry.services(), registry, settings, places, breaker, metrics }
    }

    /// The longest time for one query.
    pub(crate) const fn deadline(&self) -> Duration {
        self.settings.deadline
    }

    /// Whether the breaker lets queries through.
    pub(crate) fn is_closed(&self) -> bool {
        self.breaker.is_closed()
    }

    /// Whether the register offers the service.
    pub(crate) fn offers(&self, service: &str) -> bool {
        self.services.iter().any(|offered| offered == service)
    }

    /// Whether the register can be reached now. Asks about nobody.
    pub(crate) async fn health(&self, arrival: Arrival) -> Result<(), RegistryError> {
        let context = Context::new(arrival, HEALTH.min(self.settings.deadline));
        timeout(HEALTH, self.registry.health(&context)).await.unwrap_or(Err(RegistryError::Timeout))
    }

    /// Asks the register, as often as the settings allow and never after the context's deadline.
    pub(crate) async fn ask(&self, query: &Query, context: &Context) -> Result<Answer, Stop> {
        let _place = self.place(context).await?;
        let retries = if query.verb() == Verb::Change { 0 } else { self.settings.retries };
        let mut pause = self.settings.pause;
        for _ in 0..retries {
            match self.once(query, context).await {
                Err(Failure::Register(RegistryError::Unavailable(_)))
                    if context.remaining().is_ok_and(|r| r > pause) => {}
                done => return done.map_err(Stop::from),
            }
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2);
        }
        self.once(query, context).await.map_err(Stop::from)
    }

    async fn place(&self, context: &Context) -> Result<SemaphorePermit<'_>, Stop> {
        let wait = context.remaining().unwrap_or_default().min(self.settings.queue);
        match timeout(wait, self.places.acquire()).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => {
                Err(Stop::new(RefusalCode::Overloaded, "every place at the register was taken for the whole wait"))
            }
        }
    }

    async fn once(&self, query: &Query, context: &Context) -> Result<Answer, Failure> {
        let remaining = context.remaining()?;
        let attempt = self.breaker.attempt().ok_or(Failure::LeftAlone)?;
        let since = Instant::now();
        let result = timeout(remaining, self.registry.answer(query, context)).await;
        self.metrics.register_took(since.elapsed());
        let result = result.unwrap_or(Err(RegistryError::Timeout));
        if result.as_ref().err().is_none_or(is_the_querys_own) {
            attempt.succeeded();
        }
        Ok(result?)
    }
}

/// Whether the error lies in the query, so that it says nothing against the register.
const fn is_the_querys_own(error: &RegistryError) -> bool {
    match error {
        RegistryError::UnknownService | RegistryError::Unsupported(_) | RegistryError::Settlement(_) => true,
        RegistryError::Unavailable(_)
        | RegistryError::Timeout
        | RegistryError::Credential(_)
        | RegistryError::Invalid(_)
        | RegistryError::OtherSubject
        | RegistryError::Ledger(_) => false,
    }
}

enum Failure {
    Register(RegistryError),
    LeftAlone,
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        Self::Register(error)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Register(error) => Self::of(error.refusal(), error),
            Failure::LeftAlone => Self::of(
                Refusal::from(RefusalCode::ProviderUnavailable),
                "the register failed too often and is left alone for a while",
            ),
        }
    }
}

#[cfg(test)]
mod tests;
