//! The receipts' records in the durable ledger, changed by compare-and-set.
//!
//! `fee/<receipt>` holds the record; `key/<caller>/<key>` holds what an idempotency key was first used for, so that it
//! never has an effect on a second receipt. Neither holds the number of a person.

use std::sync::Arc;
use std::time::Duration;

use mohur_contract::{Ledger, LedgerError, RegistryError, Swap};
use mohur_wire::subject::ReceiptNumber;
use mohur_wire::{Effect, MemberId, MessageId, Operation, Timestamp};
use serde::{Deserialize, Serialize};

use crate::receipt::{Outcome, Record, Refused, State};

/// How often a change is tried again because another one came first. Each time one of the others got through.
const MAX_TRIES: usize = 256;

pub(crate) struct Receipts {
    ledger: Arc<dyn Ledger>,
    reservation: Duration,
}

/// What a key was first used for.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Use {
    receipt: ReceiptNumber,
    operation: Operation,
}

impl Receipts {
    pub(crate) fn new(ledger: Arc<dyn Ledger>, reservation: Duration) -> Self {
        Self { ledger, reservation }
    }

    /// The state of a paid receipt.
    pub(crate) async fn state(&self, receipt: &ReceiptNumber, now: Timestamp) -> Result<State, RegistryError> {
        let (_, record) = self.record(&place(receipt)).await?;
        Ok(record.state(now))
    }

    /// A signed change of a receipt that the bank has as paid by the right person. A repeated key gets the first answer; one
    /// that was used for something else is refused.
    pub(crate) async fn change(
        &self,
        caller: &MemberId,
        receipt: &ReceiptNumber,
        effect: &Effect,
        now: Timestamp,
    ) -> Result<Outcome, RegistryError> {
        // The key is taken first. If the process ends before the record is changed, the same effect goes on from here.
        let used = encode(&Use { receipt: receipt.clone(), operation: effect.operation })?;
        match self.ledger.swap(&key_place(caller, effect), None, &used).await? {
            Swap::Done => {}
            Swap::Differs(first) => same_use(&first.unwrap_or_default(), receipt, effect)?,
        }
        let expires = now.checked_add(self.reservation).unwrap_or(Timestamp::MAX);
        self.update(receipt, |record| match effect.operation {
            Operation::Reserve => record.reserve(caller, &effect.key, now, expires),
            Operation::Consume | Operation::Release => record.end(caller, &effect.key, effect.operation, now),
        })
        .await
    }

    /// Settles the reservation that this `reserve` of this caller made.
    pub(crate) async fn settle(
        &self,
        caller: &MemberId,
        receipt: &ReceiptNumber,
        key: &MessageId,
        operation: Operation,
        now: Timestamp,
    ) -> Result<Outcome, RegistryError> {
        self.update(receipt, |record| record.settle(caller, key, operation, now)).await
    }

    /// Reads, changes and writes the record until nobody came between.
    async fn update(
        &self,
        receipt: &ReceiptNumber,
        change: impl Fn(&mut Record) -> Result<Outcome, Refused>,
    ) -> Result<Outcome, RegistryError> {
        let place = place(receipt);
        let (mut held, mut record) = self.record(&place).await?;
        for _ in 0..MAX_TRIES {
            let before = record.clone();
            let outcome = change(&mut record).map_err(refusal)?;
            if record == before {
                return Ok(outcome);
            }
            match self.ledger.swap(&place, held.as_deref(), &encode(&record)?).await? {
                Swap::Done => return Ok(outcome),
                Swap::Differs(current) => {
                    record = decode(current.as_deref())?;
                    held = current;
                }
            }
        }
        Err(LedgerError("too many changes of one receipt at once".to_owned()).into())
    }

    async fn record(&self, place: &str) -> Result<(Option<Vec<u8>>, Record), RegistryError> {
        let held = self.ledger.read(place).await?;
        let record = decode(held.as_deref())?;
        Ok((held, record))
    }
}

fn place(receipt: &ReceiptNumber) -> String {
    format!("fee/{receipt}")
}

fn key_place(caller: &MemberId, effect: &Effect) -> String {
    format!("key/{caller}/{}", effect.key)
}

fn same_use(bytes: &[u8], receipt: &ReceiptNumber, effect: &Effect) -> Result<(), RegistryError> {
    let first: Use = serde_json::from_slice(bytes).map_err(|_| unreadable())?;
    if first.receipt == *receipt && first.operation == effect.operation {
        Ok(())
    } else {
        Err(RegistryError::Unsupported("the idempotency key was used for another effect: choose a new one"))
    }
}

fn encode(record: &impl Serialize) -> Result<Vec<u8>, RegistryError> {
    serde_json::to_vec(record).map_err(|_| unreadable())
}

fn decode(bytes: Option<&[u8]>) -> Result<Record, RegistryError> {
    bytes.map_or_else(|| Ok(Record::default()), |bytes| serde_json::from_slice(bytes).map_err(|_| unreadable()))
}

fn unreadable() -> RegistryError {
    LedgerError("a record cannot be read; it was not written by this version of the adapter".to_owned()).into()
}

fn refusal(refused: Refused) -> RegistryError {
    RegistryError::Settlement(match refused {
        Refused::NoReservation => "there is no such reservation of this caller",
        Refused::SettledOtherwise => "the reservation was settled otherwise before",
        Refused::TooMany => "this receipt was reserved 64 times without being used; ask the bank",
    })
}
