//! Caller: the caller itself signed this very opening, for the broker that sends it.

use mohur_crypto::sha256;
use mohur_message::{ProvenQuery, prove_query};
use mohur_wire::{Ask, MemberId, Operation, Query, Refusal, RefusalCode, SubjectKey};

use super::decision::Decided;
use crate::stop::Stop;
use crate::times::Times;

/// A query that its caller signed, with a decision about it.
pub struct Proved {
    decided: Decided,
    query: ProvenQuery,
}

/// Verifies the caller's own signature. The broker cannot ask in anyone's name.
pub(crate) fn signed(decided: Decided, times: &Times) -> Result<Proved, Stop> {
    let connected = decided.connected();
    let (world, arrival) = (connected.world(), connected.arrival());
    let opening = connected.ask().opening()?;
    // A caller's home is the only broker that may bring its queries: for any other there is no authority to have signed.
    let home = |caller: &MemberId| {
        let broker = world.directory().broker_of(caller).filter(|broker| broker.id == *connected.broker())?;
        Some(broker.authority.as_str().to_owned())
    };
    let query = prove_query(&opening, connected.ask().evidence(), &world.keys(arrival.0), &home)?;
    decided.check_fits(&query)?;
    check_subject(query.query())?;
    times.judge_signature(query.created(), arrival)?;
    // A settlement comes when it comes: the signature over the reservation covers it, or the fee would stay reserved.
    if decided.settle().is_none() && query.expires().is_some_and(|expires| expires < arrival.unix_seconds()) {
        return Err(Refusal::new(RefusalCode::Stale, "The caller's signature has expired by its own word.").into());
    }
    if decided.settle().is_some() && !is_reserve(query.query()) {
        let detail = "Only a reservation is settled; the caller's query is none.";
        return Err(Refusal::new(RefusalCode::SettlementRefused, detail).into());
    }
    Ok(Proved { decided, query })
}

/// Where a whole message is the subject, it is the message that is enclosed.
fn check_subject(query: &Query) -> Result<(), Stop> {
    let SubjectKey::Message(named) = &query.subject else { return Ok(()) };
    match &query.message {
        Some(message) if named.as_str() == sha256(&message.content).to_base64url() => Ok(()),
        Some(_) | None => {
            let detail = "The subject is not the SHA-256 of the enclosed message.";
            Err(Refusal::new(RefusalCode::DigestMismatch, detail).into())
        }
    }
}

fn is_reserve(query: &Query) -> bool {
    matches!(&query.ask, Ask::Change(effect) if effect.operation == Operation::Reserve)
}

impl Proved {
    pub(crate) const fn decided(&self) -> &Decided {
        &self.decided
    }

    pub(crate) const fn proven(&self) -> &ProvenQuery {
        &self.query
    }

    pub(crate) const fn query(&self) -> &Query {
        self.query.query()
    }
}
