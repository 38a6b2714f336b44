//! The way of a change: reserved in the ledger if the database says that it is free, and done when the reservation is consumed.

use std::sync::Arc;
use std::time::Instant;

use mohur_contract::{Context, Ledger, LedgerError, RegistryError};
use mohur_mapping::Given;
use mohur_reservation::{Begun, Outcome, Reservations, check_settlement, item};
use mohur_wire::answer::Finding;
use mohur_wire::{Answer, Ask, Effect, FieldName, Operation, Query, SubjectKey, Value};

use crate::adapter::{Access, Record, Sql, Wanted};
use crate::change::Change;

/// What `check` says of a thing that may be reserved.
const FREE: &str = "free";
/// What `apply` says of an effect that was had, now or before with the same key.
const DONE: &str = "done";

/// A changing service with what is asked for it.
pub(crate) struct Prepared {
    change: Change,
    question: String,
    deed: String,
    /// Its place among the statements of a connection, and the next one.
    place: usize,
    reservations: Option<Reservations>,
}

impl Prepared {
    pub(crate) fn new(change: Change, most: u32, place: usize) -> Self {
        let (question, deed) = (change.question(most), change.deed(most));
        Self { change, question, deed, place, reservations: None }
    }

    pub(crate) fn name(&self) -> &str {
        &self.change.offer.name
    }

    pub(crate) fn keep_in(&mut self, ledger: &Arc<dyn Ledger>) {
        self.reservations = Some(Reservations::again(Arc::clone(ledger), self.change.held));
    }

    fn reservations(&self) -> Result<&Reservations, RegistryError> {
        let missing = || LedgerError("this adapter was given none, and a change needs one".to_owned());
        Ok(self.reservations.as_ref().ok_or_else(missing)?)
    }

    /// What is reserved: the subject, for this service.
    fn item(&self, query: &Query) -> Result<String, RegistryError> {
        let kind = self.change.offer.kind;
        let parts = kind.texts(&query.subject).ok_or(RegistryError::Unsupported("the subject is of another kind"))?;
        Ok(item(self.name(), &parts.iter().map(String::as_str).collect::<Vec<_>>()))
    }

    fn asks<'a>(&'a self, given: &Given<'_>, access: Access) -> Result<Wanted<'a>, RegistryError> {
        let (written, sql, place) = match access {
            Access::Reads => (&self.change.check, &self.question, self.place),
            Access::Writes => (&self.change.apply, &self.deed, self.place + 1),
        };
        let parameters = crate::adapter::parameters(&written.statement.parameters, given)?;
        Ok(Wanted { place, sql, parameters, access })
    }
}

impl Sql {
    pub(crate) async fn change(
        &self,
        prepared: &Prepared,
        query: &Query,
        context: &Context,
    ) -> Result<Answer, RegistryError> {
        let Ask::Change(effect) = &query.ask else {
            return Err(RegistryError::Unsupported("this service takes the verb change"));
        };
        if effect.operation != Operation::Reserve {
            return Err(RegistryError::Unsupported(
                "this service takes a reserve, which is settled with its signature",
            ));
        }
        prepared.change.takes(effect)?;
        let given = Given::of(query, prepared.change.offer.kind, context.arrival)
            .ok_or(RegistryError::Unsupported("the subject is of another kind"))?;
        let mut own = prepared.change.offer.within(context);
        own.deadline = own.deadline.min(Instant::now() + self.timeout());
        match &context.settle {
            None => self.reserve(prepared, query, effect, &given, &own).await,
            Some(settle) => {
                check_settlement(effect, settle)?;
                self.settle(prepared, query, effect, settle.operation, (&given, &own)).await
            }
        }
    }

    async fn reserve(
        &self,
        prepared: &Prepared,
        query: &Query,
        effect: &Effect,
        given: &Given<'_>,
        context: &Context,
    ) -> Result<Answer, RegistryError> {
        let (reservations, item) = (prepared.reservations()?, prepared.item(query)?);
        if let Some(first) = reservations.earlier(&query.caller, &item, effect).await? {
            return Ok(told(&query.subject, &first));
        }
        let wanted = prepared.asks(given, Access::Reads)?;
        let Some(state) = self.state(prepared, query, &wanted, context).await? else {
            return Ok(Answer { subject: query.subject.clone(), finding: Finding::Absent });
        };
        if state != FREE {
            return Ok(only(&query.subject, state));
        }
        let outcome = reservations.change(&query.caller, &item, effect, context.arrival.0).await?;
        Ok(told(&query.subject, &outcome))
    }

    async fn settle(
        &self,
        prepared: &Prepared,
        query: &Query,
        effect: &Effect,
        operation: Operation,
        (given, context): (&Given<'_>, &Context),
    ) -> Result<Answer, RegistryError> {
        let (reservations, item) = (prepared.reservations()?, prepared.item(query)?);
        let (caller, key, now) = (&query.caller, &effect.key, context.arrival.0);
        // Whether this very effect was reserved: the key of another one settles nothing.
        if reservations.earlier(caller, &item, effect).await?.is_none() {
            return Err(RegistryError::Settlement("there is no such reservation of this caller"));
        }
        if operation != Operation::Consume {
            let outcome = reservations.settle(caller, &item, key, operation, now).await?;
            return Ok(told(&query.subject, &outcome));
        }
        let wanted = prepared.asks(given, Access::Writes)?;
        match reservations.begin(caller, &item, key, now).await? {
            Begun::Already(outcome) => Ok(told(&query.subject, &outcome)),
            Begun::Apply => match self.state(prepared, query, &wanted, context).await? {
                Some(state) if state == DONE => {
                    Ok(told(&query.subject, &reservations.finish(caller, &item, key).await?))
                }
                state => {
                    reservations.abandon(caller, &item, key).await?;
                    Ok(only(&query.subject, state.unwrap_or_else(|| "absent".to_owned())))
                }
            },
        }
    }

    /// How the thing stands, as the database says of the subject that was asked; `None` if it holds no such subject.
    async fn state(
        &self,
        prepared: &Prepared,
        query: &Query,
        wanted: &Wanted<'_>,
        context: &Context,
    ) -> Result<Option<String>, RegistryError> {
        let Some(row) = self.row(wanted, context).await? else { return Ok(None) };
        let record = Record::read(&row, self.characters())?;
        let (kind, parts) = (prepared.change.offer.kind, prepared.change.subject.len());
        if !kind.is_same(&record.subject(kind, parts)?, &query.subject) {
            return Err(RegistryError::OtherSubject);
        }
        let state = record.text(parts).ok_or(RegistryError::Invalid("a row does not say its state"))?;
        Ok(Some(state.to_owned()))
    }
}

/// `state`, and for what was reserved `reservation` and `expires`.
fn told(subject: &SubjectKey, outcome: &Outcome) -> Answer {
    let reservation = outcome.reservation.as_ref().map(|id| ("reservation", id.to_string()));
    let expires = outcome.expires.map(|at| ("expires", at.to_string()));
    with(subject, [Some(("state", outcome.state.as_str().to_owned())), reservation, expires])
}

/// The state alone, of what cannot be reserved or done.
fn only(subject: &SubjectKey, state: String) -> Answer {
    with(subject, [Some(("state", state)), None, None])
}

fn with(subject: &SubjectKey, texts: [Option<(&str, String)>; 3]) -> Answer {
    let field = |(name, text): (&str, String)| Some((name.parse::<FieldName>().ok()?, Value::text(text)));
    let fields = texts.into_iter().flatten().filter_map(field).collect();
    Answer { subject: subject.clone(), finding: Finding::Found(fields) }
}
