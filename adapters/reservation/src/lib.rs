//! Try, confirm, cancel: what a register holds for one caller's case until it is used or given up.
//!
//! The records lie in the adapter's durable ledger and are changed by compare-and-set, so that one thing is held for one caller
//! only and used once, under concurrency and across restarts. `<item>` holds its record; `key/<caller>/<key>` holds what an
//! idempotency key was first used for, so that it never has an effect on a second thing.

mod record;

use std::sync::Arc;
use std::time::Duration;

use mohur_contract::{Ledger, LedgerError, RegistryError, Settle, Swap};
use mohur_crypto::sha256;
use mohur_wire::{Effect, MemberId, MessageId, Operation, Timestamp};
use serde::{Deserialize, Serialize};

use crate::record::{Record, Refused, Uses};

pub use record::{Begun, Outcome, State};

/// How long a reservation holds if nobody says otherwise: longer than brokers go on settling a bundle
/// (`exchange.settlement-age`, an hour), or what was decided comes when it has expired.
pub const HELD: Duration = Duration::from_secs(2 * 3600);

/// How often a change is tried again because another one came first. Each time one of the others got through.
const MAX_TRIES: usize = 256;

/// The reservations of one register.
pub struct Reservations {
    ledger: Arc<dyn Ledger>,
    held: Duration,
    uses: Uses,
}

/// What a key was first used for.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Use {
    item: String,
    /// Of the values that were signed with it.
    values: String,
    operation: Operation,
}

impl Reservations {
    /// Reservations in that ledger, each held for so long if nobody settles it.
    pub fn new(ledger: Arc<dyn Ledger>, held: Duration) -> Self {
        Self { ledger, held, uses: Uses::Once }
    }

    /// The same of things that can be used again when the register says that they are free.
    pub fn again(ledger: Arc<dyn Ledger>, held: Duration) -> Self {
        Self { ledger, held, uses: Uses::AsTheRegisterSays }
    }

    /// What an effect came to that had the same key: the register need not be asked again.
    ///
    /// # Errors
    /// As [`change`](Self::change).
    pub async fn earlier(
        &self,
        caller: &MemberId,
        item: &str,
        effect: &Effect,
    ) -> Result<Option<Outcome>, RegistryError> {
        let Some(first) = self.ledger.read(&key_place(caller, effect)).await? else { return Ok(None) };
        same_use(&first, &Use::of(item, effect))?;
        let (_, record) = self.record(item).await?;
        Ok(record.earlier(caller, effect.operation, &effect.key))
    }

    /// How a thing stands.
    ///
    /// # Errors
    /// [`RegistryError::Ledger`].
    pub async fn state(&self, item: &str, now: Timestamp) -> Result<State, RegistryError> {
        let (_, record) = self.record(item).await?;
        Ok(record.state(now))
    }

    /// A signed change of a thing that the register says may be changed so. A repeated key gets the first answer; one that was
    /// used for something else is refused, and so is one whose reservation was over long ago and made room for others.
    ///
    /// # Errors
    /// [`RegistryError::Settlement`] if there is nothing to settle, [`RegistryError::Unsupported`] for a used key,
    /// [`RegistryError::Ledger`].
    pub async fn change(
        &self,
        caller: &MemberId,
        item: &str,
        effect: &Effect,
        now: Timestamp,
    ) -> Result<Outcome, RegistryError> {
        // The key is taken first. If the process ends before the record is changed, the same effect goes on from here.
        let used = encode(&Use::of(item, effect))?;
        let is_new = match self.ledger.swap(&key_place(caller, effect), None, &used).await? {
            Swap::Done => true,
            Swap::Differs(first) => same_use(&first.unwrap_or_default(), &Use::of(item, effect)).map(|()| false)?,
        };
        let expires = now.checked_add(self.held).unwrap_or(Timestamp::MAX);
        self.update(item, |record| match effect.operation {
            _ if !is_new && record.may_have_forgotten(caller, effect.operation, &effect.key) => Err(Refused::Forgotten),
            Operation::Reserve => record.reserve(caller, &effect.key, (now, expires), self.uses),
            Operation::Consume | Operation::Release => record.end(caller, &effect.key, effect.operation, now),
        })
        .await
    }

    /// Settles the reservation that this `reserve` of this caller made, where that is all there is to it.
    ///
    /// # Errors
    /// As [`change`](Self::change).
    pub async fn settle(
        &self,
        caller: &MemberId,
        item: &str,
        key: &MessageId,
        operation: Operation,
        now: Timestamp,
    ) -> Result<Outcome, RegistryError> {
        self.update(item, |record| record.settle(caller, key, operation, now)).await
    }

    /// Begins to have the effect that was reserved with `key`, where the register has to do something for it. What is begun
    /// survives a crash: the next one who asks begins it again, so the register must know the key.
    ///
    /// # Errors
    /// As [`change`](Self::change).
    pub async fn begin(
        &self,
        caller: &MemberId,
        item: &str,
        key: &MessageId,
        now: Timestamp,
    ) -> Result<Begun, RegistryError> {
        self.update(item, |record| record.begin(caller, key, now)).await
    }

    /// The effect that was begun was had.
    ///
    /// # Errors
    /// As [`change`](Self::change).
    pub async fn finish(&self, caller: &MemberId, item: &str, key: &MessageId) -> Result<Outcome, RegistryError> {
        self.update(item, |record| record.finish(caller, key)).await
    }

    /// The effect that was begun cannot be had: the register says so.
    ///
    /// # Errors
    /// As [`change`](Self::change).
    pub async fn abandon(&self, caller: &MemberId, item: &str, key: &MessageId) -> Result<(), RegistryError> {
        self.update(item, |record| record.abandon(caller, key)).await
    }

    /// Reads, changes and writes the record until nobody came between.
    async fn update<T>(
        &self,
        item: &str,
        change: impl Fn(&mut Record) -> Result<T, Refused>,
    ) -> Result<T, RegistryError> {
        let (mut held, mut record) = self.record(item).await?;
        for _ in 0..MAX_TRIES {
            let before = record.clone();
            let outcome = change(&mut record).map_err(refusal)?;
            if record == before {
                return Ok(outcome);
            }
            match self.ledger.swap(item, held.as_deref(), &encode(&record)?).await? {
                Swap::Done => return Ok(outcome),
                Swap::Differs(current) => {
                    record = decode(current.as_deref())?;
                    held = current;
                }
            }
        }
        Err(LedgerError("too many changes of one thing at once".to_owned()).into())
    }

    async fn record(&self, place: &str) -> Result<(Option<Vec<u8>>, Record), RegistryError> {
        let held = self.ledger.read(place).await?;
        let record = decode(held.as_deref())?;
        Ok((held, record))
    }
}

/// That a settlement is one: a `consume` or `release` of the very reservation that this `reserve` made.
///
/// # Errors
/// [`RegistryError::Settlement`].
pub fn check_settlement(reserve: &Effect, settle: &Settle) -> Result<(), RegistryError> {
    if reserve.operation != Operation::Reserve || settle.operation == Operation::Reserve {
        return Err(RegistryError::Settlement("a settlement consumes or releases what a reserve made"));
    }
    if settle.reservation != reserve.key {
        return Err(RegistryError::Settlement("the reservation is not the one that this query made"));
    }
    Ok(())
}

fn key_place(caller: &MemberId, effect: &Effect) -> String {
    format!("key/{caller}/{}", effect.key)
}

impl Use {
    fn of(item: &str, effect: &Effect) -> Self {
        // INVARIANT: texts, numbers and flags cannot fail to serialise.
        let values = sha256(&serde_json::to_vec(&effect.values).unwrap_or_default()).to_base64url();
        Self { item: item.to_owned(), values, operation: effect.operation }
    }
}

/// The name of a thing that is a person's, or a person: by a digest, so that the ledger does not say whose.
pub fn item(kind: &str, parts: &[&str]) -> String {
    // INVARIANT: texts cannot fail to serialise; and unlike joined texts, no two lists are written alike.
    let parts = serde_json::to_vec(parts).unwrap_or_default();
    format!("{kind}/{}", sha256(&parts).to_base64url())
}

fn same_use(bytes: &[u8], now: &Use) -> Result<(), RegistryError> {
    let first: Use = serde_json::from_slice(bytes).map_err(|_| unreadable())?;
    if first == *now {
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
        Refused::Forgotten => {
            return RegistryError::Unsupported("the idempotency key was used here long ago: choose a new one");
        }
        Refused::NoReservation => "there is no such reservation of this caller",
        Refused::SettledOtherwise => "the reservation was settled otherwise before",
        Refused::TooMany => "64 effects on it were begun and not finished; ask the register's officers",
    })
}
