//! The state fees' adapter: ISO 20022 with the bank, and reservations in a durable ledger.
//!
//! The bank says whether a receipt was paid, by whom and how much: pacs.002 (status) and camt.054 (booked entry),
//! matched on `EndToEndId`. ISO 20022 has neither "reserve" nor "consume": those are records of the [`Ledger`], changed
//! by compare-and-set, so that one receipt never pays twice, under concurrency and across a restart.

mod bank;
mod messages;
mod xml;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use mohur_contract::{BoxFuture, Context, Ledger, Registry, RegistryError, service_name};
use mohur_reservation::{Outcome, Reservations, State, check_settlement};
use mohur_wire::answer::Finding;
use mohur_wire::subject::ReceiptNumber;
use mohur_wire::{Answer, Ask, Effect, FieldName, Fin, Query, SubjectKey, Timestamp, Value, Verdict};

use crate::bank::{Bank, Standing};

pub use mohur_connection::{ConnectionError, Settings as BankSettings};

/// Not booked, or less than the fee.
const UNPAID: &str = "unpaid";
/// The bank knows no such receipt of this person.
const UNKNOWN: &str = "unknown-receipt";

/// What the adapter needs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the bank is.
    pub bank: BankSettings,
    /// The fee in qəpik: a receipt of less is `unpaid`.
    pub fee: i64,
    /// How long a reservation holds if nobody settles it.
    pub reservation: Duration,
}

impl Settings {
    /// A bank, a fee in qəpik, and reservations of [`HELD`](mohur_reservation::HELD).
    pub const fn new(bank: BankSettings, fee: i64) -> Self {
        Self { bank, fee, reservation: mohur_reservation::HELD }
    }
}

/// The adapter.
pub struct StateFees {
    bank: Bank,
    receipts: Reservations,
    fee: i64,
}

impl StateFees {
    /// An adapter for the bank at that address, with that ledger.
    pub fn new(settings: &Settings, ledger: Arc<dyn Ledger>) -> Result<Self, ConnectionError> {
        let receipts = Reservations::new(ledger, settings.reservation);
        Ok(Self { bank: Bank::open(&settings.bank)?, receipts, fee: settings.fee })
    }

    async fn ask(&self, query: &Query, context: &Context) -> Result<Answer, RegistryError> {
        if service_name(&query.service) != "payments/v1" {
            return Err(RegistryError::UnknownService);
        }
        match (&query.ask, &context.settle) {
            (Ask::Change(effect), Some(settle)) => self.settle(query, effect, settle, context).await,
            (_, Some(_)) => Err(RegistryError::Settlement("only a reserve can be settled")),
            (Ask::Change(effect), None) => self.change(query, effect, context).await,
            (Ask::Match(values), None) => self.compare(query, values, context).await,
            (Ask::Read(fields), None) => self.read(query, fields, context).await,
            (Ask::Verify(_), None) => Err(RegistryError::Unsupported("this service takes read, match and change")),
        }
    }

    /// The state of a receipt. Keyed by the receipt itself.
    async fn read(
        &self,
        query: &Query,
        fields: &BTreeSet<FieldName>,
        context: &Context,
    ) -> Result<Answer, RegistryError> {
        let SubjectKey::Receipt(receipt) = &query.subject else {
            return Err(RegistryError::Unsupported("to read a state, the subject is the receipt"));
        };
        let account = self.bank.standing(receipt, context).await?;
        let subject = SubjectKey::Receipt(account.receipt);
        let state = match account.standing {
            Standing::Unknown => return Ok(Answer { subject, finding: Finding::Absent }),
            Standing::Booked { amount, .. } if amount >= self.fee => {
                let state = self.receipts.state(&place(receipt), context.arrival.0).await?;
                if state == State::Free { "paid" } else { state.as_str() }
            }
            Standing::Booked { .. } | Standing::Unpaid => UNPAID,
        };
        let found = fields.iter().filter(|field| field.as_str() == "state");
        let found = found.map(|field| (field.clone(), Value::text(state))).collect();
        Ok(Answer { subject, finding: Finding::Found(found) })
    }

    /// Whether the receipt is this person's, booked, and over that amount. Keyed by the FIN with the receipt as a value.
    async fn compare(
        &self,
        query: &Query,
        values: &BTreeMap<FieldName, Value>,
        context: &Context,
    ) -> Result<Answer, RegistryError> {
        let payer = payer(query)?;
        let given = values.iter().find(|(field, _)| field.as_str() == "receipt").and_then(|(_, value)| value.as_text());
        let receipt: ReceiptNumber = given
            .and_then(|text| text.parse().ok())
            .ok_or(RegistryError::Unsupported("match takes the value receipt, and amount beside it"))?;
        let account = self.bank.standing(&receipt, context).await?;
        account.is_about(&receipt)?;
        let subject = SubjectKey::Fin(payer);
        if account.standing == Standing::Unknown {
            return Ok(Answer { subject, finding: Finding::Absent });
        }
        let booked = match account.standing {
            Standing::Booked { amount, payer: by } if by == Some(payer) => Some(amount),
            Standing::Booked { .. } | Standing::Unpaid | Standing::Unknown => None,
        };
        let verdict = |field: &FieldName, value: &Value| match field.as_str() {
            "receipt" => Verdict::of_match(booked.is_some()),
            "amount" => Verdict::of_match(booked.is_some_and(|amount| *value == Value::Number(amount))),
            _ => Verdict::Unknown,
        };
        let verdicts = values.iter().map(|(field, value)| (field.clone(), verdict(field, value).to_value())).collect();
        Ok(Answer { subject, finding: Finding::Found(verdicts) })
    }

    /// A `reserve`, or a `consume` or `release` of a reservation of the same caller, signed by it.
    async fn change(&self, query: &Query, effect: &Effect, context: &Context) -> Result<Answer, RegistryError> {
        let payer = payer(query)?;
        let receipt = receipt(effect)?;
        let account = self.bank.standing(receipt, context).await?;
        account.is_about(receipt)?;
        // Whose receipt it is comes before anything that the ledger knows of it, even for a key that was used before.
        match account.standing {
            // Another person's receipt is as unknown as one that does not exist.
            Standing::Booked { payer: by, .. } if by != Some(payer) => Ok(only(payer, UNKNOWN)),
            Standing::Booked { amount, .. } if amount < self.fee => Ok(only(payer, UNPAID)),
            Standing::Booked { .. } => {
                let (item, now) = (place(receipt), context.arrival.0);
                Ok(answer(payer, &self.receipts.change(&query.caller, &item, effect, now).await?))
            }
            Standing::Unpaid => Ok(only(payer, UNPAID)),
            Standing::Unknown => Ok(only(payer, UNKNOWN)),
        }
    }

    /// The one settlement of the reservation that this query made. The bank is not asked again.
    async fn settle(
        &self,
        query: &Query,
        effect: &Effect,
        settle: &mohur_contract::Settle,
        context: &Context,
    ) -> Result<Answer, RegistryError> {
        check_settlement(effect, settle)?;
        let payer = payer(query)?;
        let (item, now) = (place(receipt(effect)?), context.arrival.0);
        let outcome = self.receipts.settle(&query.caller, &item, &effect.key, settle.operation, now).await?;
        Ok(answer(payer, &outcome))
    }
}

impl Registry for StateFees {
    fn services(&self) -> Vec<String> {
        vec!["payments/v1".to_owned()]
    }

    fn answer<'a>(&'a self, query: &'a Query, context: &'a Context) -> BoxFuture<'a, Result<Answer, RegistryError>> {
        Box::pin(self.ask(query, context))
    }

    fn health<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<(), RegistryError>> {
        Box::pin(self.bank.reach(context))
    }
}

/// The one thing that a change of a fee takes.
fn receipt(effect: &Effect) -> Result<&ReceiptNumber, RegistryError> {
    let receipt = effect.receipt.as_ref().filter(|_| effect.values.is_empty());
    receipt.ok_or(RegistryError::Unsupported("a change of a fee names its receipt and no values"))
}

fn payer(query: &Query) -> Result<Fin, RegistryError> {
    query.subject.as_fin().ok_or(RegistryError::Unsupported("this verb is keyed by the payer's fin"))
}

/// Where a receipt's record lies in the ledger.
fn place(receipt: &ReceiptNumber) -> String {
    format!("fee/{receipt}")
}

/// `state`, and for what was reserved `reservation` and `expires`.
fn answer(payer: Fin, outcome: &Outcome) -> Answer {
    let reservation = outcome.reservation.as_ref().map(|id| ("reservation", id.to_string()));
    let expires = outcome.expires.map(|at: Timestamp| ("expires", at.to_string()));
    told(payer, [Some(("state", outcome.state.as_str().to_owned())), reservation, expires])
}

/// The state alone, of a receipt that cannot be reserved.
fn only(payer: Fin, state: &str) -> Answer {
    told(payer, [Some(("state", state.to_owned())), None, None])
}

fn told(payer: Fin, texts: [Option<(&str, String)>; 3]) -> Answer {
    let fields = texts.into_iter().flatten().filter_map(|(name, text)| Some((name.parse().ok()?, Value::text(text))));
    Answer { subject: SubjectKey::Fin(payer), finding: Finding::Found(fields.collect()) }
}

#[cfg(test)]
mod tests;
