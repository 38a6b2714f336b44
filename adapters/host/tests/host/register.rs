//! A register that answers what a test tells it, and counts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mohur_contract::{BoxFuture, Context, Registry, RegistryError};
use mohur_wire::answer::Finding;
use mohur_wire::{Answer, Query, SubjectKey, Value};

pub(crate) struct Told {
    services: &'static [&'static str],
    finding: Finding,
    subject: Option<SubjectKey>,
    delay: Duration,
    failures: u32,
    asked: AtomicU32,
}

/// A register that says this of everyone.
pub(crate) fn says(services: &'static [&'static str], fields: &[(&str, Value)]) -> Told {
    let fields: BTreeMap<_, _> = fields.iter().map(|(name, value)| (name.parse().unwrap(), value.clone())).collect();
    let finding = Finding::Found(fields);
    Told { services, finding, subject: None, delay: Duration::ZERO, failures: 0, asked: AtomicU32::new(0) }
}

/// The health card's three values, and one that nobody asked for.
pub(crate) fn health_card() -> Told {
    let fields = [
        ("bloodGroup", Value::text("A+")),
        ("eyeColour", Value::text("BRO")),
        ("height", Value::Number(178)),
        ("diagnosis", Value::text("nobody's business")),
    ];
    says(&["vitals/v1"], &fields)
}

impl Told {
    pub(crate) fn about(mut self, subject: SubjectKey) -> Self {
        self.subject = Some(subject);
        self
    }

    pub(crate) fn nobody(mut self) -> Self {
        self.finding = Finding::Absent;
        self
    }

    pub(crate) fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    pub(crate) fn failing(mut self, times: u32) -> Self {
        self.failures = times;
        self
    }

    pub(crate) fn shared(self) -> Arc<Self> {
        Arc::new(self)
    }

    pub(crate) fn asked(&self) -> u32 {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Registry for Told {
    fn services(&self) -> Vec<String> {
        self.services.iter().map(|service| (*service).to_owned()).collect()
    }

    fn answer<'a>(&'a self, query: &'a Query, _: &'a Context) -> BoxFuture<'a, Result<Answer, RegistryError>> {
        Box::pin(async move {
            let before = self.asked.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(self.delay).await;
            if before < self.failures {
                return Err(RegistryError::Unavailable("connection refused".to_owned()));
            }
            let subject = self.subject.clone().unwrap_or_else(|| query.subject.clone());
            Ok(Answer { subject, finding: self.finding.clone() })
        })
    }

    fn health<'a>(&'a self, _: &'a Context) -> BoxFuture<'a, Result<(), RegistryError>> {
        Box::pin(async { Ok(()) })
    }
}
