//! Caller: the caller itself signed this very opening, for the broker that sends it.

use mohur_crypto::sha256;
use mohur_message::{KeySource, ProvenHandover, ProvenQuery, prove_handover, prove_query};
use mohur_wire::{Ask, MemberId, Operation, Query, Refusal, RefusalCode, SubjectKey};

use super::decision::Decided;
use crate::stop::Stop;
use crate::times::Times;

/// A query that its caller signed, with a decision about it.
pub struct Proved {
    decided: Decided,
    query: ProvenQuery,
    home: Option<ProvenHandover>,
}

/// Verifies the caller's own signature, under the keys of the caller's own domain. The broker cannot ask in anyone's name.
pub(crate) fn signed(decided: Decided, times: &Times) -> Result<Proved, Stop> {
    let (query, home) = prove(&decided, times)?;
    let arrival = decided.connected().arrival();
    check_subject(query.query())?;
    times.judge_signature(query.created(), decided.settle().is_some(), arrival)?;
    // A settlement comes when it comes: the signature over the reservation covers it, or the fee would stay reserved.
    if decided.settle().is_none() && query.expires().is_some_and(|expires| expires < arrival.unix_seconds()) {
        return Err(Refusal::new(RefusalCode::Stale, "The caller's signature has expired by its own word.").into());
    }
    if decided.settle().is_some() && !is_reserve(query.query()) {
        let detail = "Only a reservation is settled; the caller's query is none.";
        return Err(Refusal::new(RefusalCode::SettlementRefused, detail).into());
    }
    Ok(Proved { decided, query, home })
}

/// The caller's signature, and the word of its home broker where another one decided; both about what was decided.
fn prove(decided: &Decided, times: &Times) -> Result<(ProvenQuery, Option<ProvenHandover>), Stop> {
    let connected = decided.connected();
    let (world, arrival) = (connected.world(), connected.arrival());
    let opening = connected.ask().opening()?;
    // The broker's seal says whose query it is; whether it is, the caller's own signature says.
    let domain =
        world.domains.named(decided.decision().caller.instance(), arrival.0).ok_or_else(|| untrusted(decided))?;
    let keys = world.keys_of(domain, arrival.0);
    let home = handed_over(decided, &keys, times)?;
    let bringer = home.as_ref().map_or(connected.broker(), |home| &home.handover().iss);
    // A caller's home is the only broker that may bring its queries: for any other there is no authority to have signed.
    let authority = |caller: &MemberId| {
        let broker = domain.directory.broker_of(caller).filter(|broker| broker.id == *bringer)?;
        Some(broker.authority.as_str().to_owned())
    };
    let query = prove_query(&opening, connected.ask().evidence(), &keys, &authority)?;
    decided.check_fits(&query)?;
    home.as_ref().map_or(Ok(()), |home| home.check_fits(&query))?;
    Ok((query, home))
}

fn untrusted(decided: &Decided) -> Stop {
    let caller = &decided.decision().caller;
    let detail = format!("The directory trusts no domain {} (any more).", caller.instance());
    Refusal::new(RefusalCode::UnknownMember, detail).into()
}

/// The word of the caller's home broker, where the broker on the line is another one: to that one, about the same settlement.
fn handed_over(decided: &Decided, keys: &dyn KeySource, times: &Times) -> Result<Option<ProvenHandover>, Stop> {
    let connected = decided.connected();
    let Some(word) = connected.ask().home() else { return Ok(None) };
    let home = prove_handover(word.handover(), keys, connected.broker(), connected.arrival(), times.window())?;
    if home.handover().settle.as_ref() != decided.settle() {
        let detail = "The caller's home broker asked for another settlement than the broker that decided.";
        return Err(Refusal::new(RefusalCode::SettlementRefused, detail).into());
    }
    Ok(Some(home))
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

    /// The word of the caller's home broker, where that is not the one on the line.
    pub(crate) const fn home(&self) -> Option<&ProvenHandover> {
        self.home.as_ref()
    }

    pub(crate) const fn proven(&self) -> &ProvenQuery {
        &self.query
    }

    pub(crate) const fn query(&self) -> &Query {
        self.query.query()
    }
}
