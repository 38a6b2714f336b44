//! The suite that every adapter must pass, against its register over its real protocol.
//!
//! The test of an adapter starts a register, says what it holds ([`Cases`]) and how to break it (a function of
//! [`Fault`]); [`check`] asks and breaks, and tells every rule that was not kept.

mod changes;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::{Duration, Instant};

use mohur_wire::answer::Finding;
use mohur_wire::{Answer, Arrival, Ask, FieldName, Query, ServiceId, Value, Verdict};

use crate::{Context, Registry, RegistryError, service_name};

/// How the register is to misbehave until the next fault is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Not at all.
    None,
    /// It waits that long before it answers.
    Slow(Duration),
    /// It says that it is out of service.
    Down,
    /// It answers about another subject.
    WrongSubject,
    /// It says more than it was asked.
    ExtraFields,
    /// It answers something that is not of its protocol.
    Garbage,
}

/// What the register holds, as queries with their answers.
pub struct Cases {
    /// A `read` about a subject that the register holds, with every value asked for; `None` if the service takes no read.
    pub present: Option<(Query, BTreeMap<FieldName, Value>)>,
    /// A query about a subject that it does not hold; `None` if the register is asked about a pair, such as a person and
    /// a dwelling, and tells of nobody whether it knows them.
    pub absent: Option<Query>,
    /// Each a `match` or a `verify` with the verdict on every field.
    pub verdicts: Vec<(Query, BTreeMap<FieldName, Verdict>)>,
    /// Queries that the service does not take: other verbs, other kinds of subject, values of another type.
    pub refused: Vec<Query>,
    /// A `reserve` that succeeds, if the register takes changes. Its receipt is used up by the suite.
    pub reserve: Option<Query>,
}

/// The time of every message of the suite.
pub const ARRIVAL: Arrival = Arrival(mohur_wire::Timestamp::constant(1_780_000_000, 0));

const AMPLE: Duration = Duration::from_secs(20);

/// Asks and breaks the register; gives the rules that were not kept, each with what happened instead.
pub async fn check(registry: &dyn Registry, cases: &Cases, set: &(dyn Fn(Fault) + Sync)) -> Vec<String> {
    let mut suite = Suite { registry, cases, set, broken: Vec::new() };
    set(Fault::None);
    suite.is_asked_something();
    suite.answers_what_it_holds().await;
    suite.says_when_there_is_nobody().await;
    suite.invents_no_field().await;
    suite.gives_verdicts_only().await;
    suite.refuses_other_services().await;
    suite.refuses_what_it_does_not_take().await;
    suite.stays_within_what_was_asked().await;
    suite.never_passes_off_another_subject().await;
    suite.keeps_the_deadline().await;
    suite.tells_down_from_nonsense().await;
    if let Some(reserve) = &cases.reserve {
        suite.broken.extend(changes::check(registry, reserve).await);
    }
    suite.broken
}

struct Suite<'a> {
    registry: &'a dyn Registry,
    cases: &'a Cases,
    set: &'a (dyn Fn(Fault) + Sync),
    broken: Vec<String>,
}

impl Suite<'_> {
    fn rule(&mut self, kept: bool, rule: &str, instead: impl Display) {
        if !kept {
            self.broken.push(format!("{rule}: {instead}"));
        }
    }

    async fn ask(&self, query: &Query, time: Duration) -> Result<Answer, RegistryError> {
        self.registry.answer(query, &Context::new(ARRIVAL, time)).await
    }

    fn queries(&self) -> Vec<Query> {
        let present = self.cases.present.iter().map(|(query, _)| query.clone());
        present.chain(self.cases.verdicts.iter().map(|(query, _)| query.clone())).collect()
    }

    /// A suite without a question would pass everything.
    fn is_asked_something(&mut self) {
        let asked = self.queries().len();
        self.rule(asked > 0, "a register is asked something", format!("{asked} queries"));
        let offered = self.registry.services();
        let missing: Vec<_> =
            self.queries().iter().map(|query| service_name(&query.service)).filter(|s| !offered.contains(s)).collect();
        self.rule(missing.is_empty(), "a service that is asked is offered", missing.join(" "));
    }

    async fn answers_what_it_holds(&mut self) {
        if let Some((query, expected)) = &self.cases.present {
            let answer = self.ask(query, AMPLE).await;
            let kept = answer.as_ref().is_ok_and(|answer| {
                answer.subject == query.subject && matches!(&answer.finding, Finding::Found(held) if held == expected)
            });
            self.rule(kept, "a read gives exactly the values held, about the subject asked", outcome(&answer));
        }
        let health = self.registry.health(&Context::new(ARRIVAL, AMPLE)).await;
        self.rule(health.is_ok(), "a register that answers is healthy", format!("{health:?}"));
    }

    async fn says_when_there_is_nobody(&mut self) {
        let Some(query) = &self.cases.absent else { return };
        let answer = self.ask(query, AMPLE).await;
        let kept = answer.as_ref().is_ok_and(|a| a.subject == query.subject && a.finding == Finding::Absent);
        self.rule(kept, "a subject that the register does not hold is absent", outcome(&answer));
    }

    async fn invents_no_field(&mut self) {
        let (Some((query, expected)), Some(unknown)) = (&self.cases.present, field("noSuchField")) else { return };
        let mut query = query.clone();
        if let Ask::Read(fields) = &mut query.ask {
            fields.insert(unknown);
        }
        let answer = self.ask(&query, AMPLE).await;
        let kept = matches!(&answer, Ok(Answer { finding: Finding::Found(held), .. }) if held == expected);
        self.rule(kept, "a field that the register does not have is missing", outcome(&answer));
    }

    async fn gives_verdicts_only(&mut self) {
        for (query, expected) in &self.cases.verdicts {
            let answer = self.ask(query, AMPLE).await;
            let expected: BTreeMap<_, _> =
                expected.iter().map(|(name, verdict)| (name.clone(), verdict.to_value())).collect();
            let kept = answer.as_ref().is_ok_and(|answer| {
                answer.subject == query.subject && matches!(&answer.finding, Finding::Found(held) if *held == expected)
            });
            self.rule(
                kept,
                "a match or a verify gives the right verdict on each field and nothing else",
                outcome(&answer),
            );
            let Some(unknown) = field("noSuchField") else { continue };
            let mut query = query.clone();
            match &mut query.ask {
                Ask::Match(values) => drop(values.insert(unknown.clone(), Value::text("x"))),
                Ask::Verify(predicates) => {
                    predicates.insert(unknown.clone(), mohur_wire::Predicate::OneOf(vec![Value::text("x")]));
                }
                Ask::Read(_) | Ask::Change(_) => continue,
            }
            let answer = self.ask(&query, AMPLE).await;
            let verdict = answer.as_ref().ok().and_then(|answer| match &answer.finding {
                Finding::Found(held) => held.get(&unknown),
                Finding::Absent => None,
            });
            let kept = verdict == Some(&Verdict::Unknown.to_value());
            self.rule(kept, "a field that the register does not have is unknown", outcome(&answer));
        }
    }

    async fn refuses_other_services(&mut self) {
        let Some(mut query) = self.queries().into_iter().next() else { return };
        let foreign: Option<ServiceId> = format!("{}/no-such-service/v9", query.service.owner()).parse().ok();
        let Some(foreign) = foreign else { return };
        query.service = foreign;
        let answer = self.ask(&query, AMPLE).await;
        let kept = answer == Err(RegistryError::UnknownService);
        self.rule(kept, "a service that the register does not offer is unknown", outcome(&answer));
    }

    async fn refuses_what_it_does_not_take(&mut self) {
        // A register out of service shows that it was not even asked.
        (self.set)(Fault::Down);
        for query in &self.cases.refused {
            let answer = self.ask(query, AMPLE).await;
            let kept = matches!(answer, Err(RegistryError::Unsupported(_)));
            self.rule(kept, "what the service does not take is refused without asking the register", outcome(&answer));
        }
        (self.set)(Fault::None);
    }

    async fn stays_within_what_was_asked(&mut self) {
        (self.set)(Fault::ExtraFields);
        if let Some((query, expected)) = &self.cases.present {
            let answer = self.ask(query, AMPLE).await;
            let kept = matches!(&answer, Ok(Answer { finding: Finding::Found(held), .. }) if held == expected);
            self.rule(kept, "what the register says beyond the question is left out of a read", outcome(&answer));
        }
        for (query, expected) in &self.cases.verdicts {
            let answer = self.ask(query, AMPLE).await;
            let kept =
                matches!(&answer, Ok(Answer { finding: Finding::Found(held), .. }) if held.len() == expected.len());
            self.rule(kept, "what the register says beyond the question is left out of verdicts", outcome(&answer));
        }
        (self.set)(Fault::None);
    }

    async fn never_passes_off_another_subject(&mut self) {
        (self.set)(Fault::WrongSubject);
        for query in self.queries() {
            let answer = self.ask(&query, AMPLE).await;
            let kept = match &answer {
                Ok(answer) => answer.subject != query.subject,
                Err(error) => *error == RegistryError::OtherSubject,
            };
            self.rule(kept, "an answer about another subject is never given as one about this", outcome(&answer));
        }
        (self.set)(Fault::None);
    }

    async fn keeps_the_deadline(&mut self) {
        (self.set)(Fault::Slow(Duration::from_secs(3)));
        for query in self.queries() {
            let started = Instant::now();
            let answer = self.ask(&query, Duration::from_millis(200)).await;
            let kept = answer == Err(RegistryError::Timeout) && started.elapsed() < Duration::from_secs(2);
            self.rule(kept, "a slow register is a timeout at the deadline", outcome(&answer));
        }
        (self.set)(Fault::None);
        for query in self.queries().iter().take(1) {
            let late = self.ask(query, Duration::ZERO).await;
            self.rule(late == Err(RegistryError::Timeout), "after the deadline nothing is asked", outcome(&late));
        }
    }

    async fn tells_down_from_nonsense(&mut self) {
        for query in self.queries() {
            (self.set)(Fault::Down);
            let answer = self.ask(&query, AMPLE).await;
            let kept = matches!(answer, Err(RegistryError::Unavailable(_)));
            self.rule(kept, "a register out of service is unavailable", outcome(&answer));
            (self.set)(Fault::Garbage);
            let answer = self.ask(&query, AMPLE).await;
            let kept = matches!(answer, Err(RegistryError::Invalid(_)));
            self.rule(kept, "a reply that is not of the protocol is invalid", outcome(&answer));
        }
        (self.set)(Fault::Down);
        let health = self.registry.health(&Context::new(ARRIVAL, AMPLE)).await;
        self.rule(health.is_err(), "a register out of service is not healthy", format!("{health:?}"));
        (self.set)(Fault::None);
    }
}

fn field(name: &str) -> Option<FieldName> {
    name.parse().ok()
}

/// What came instead. The people of a test are synthetic, but values are left out all the same.
fn outcome(answer: &Result<Answer, RegistryError>) -> String {
    match answer {
        Ok(Answer { finding: Finding::Found(fields), .. }) => {
            format!("found {:?}", fields.keys().collect::<Vec<_>>())
        }
        Ok(Answer { finding: Finding::Absent, .. }) => "absent".to_owned(),
        Err(error) => error.to_string(),
    }
}
