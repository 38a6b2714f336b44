//! Receipt: the query stands in the log of the broker that sends it. No read goes unlogged.

use mohur_crypto::Digest;
use mohur_transparency::{Kind, Leaf, Receipt, VerifiedReceipt};
use mohur_wire::{Arrival, MemberId, Query, Refusal, RefusalCode};

use super::caller::Proved;
use crate::stop::Stop;
use crate::times::Times;

/// The tag of the commitment to the opening's digest.
const OPENING: &str = "opening";

/// A query that everybody had to say something about, and did: caller, broker and log.
pub struct Logged {
    proved: Proved,
    entry: Digest,
}

/// The right to speak as the owner, about one opening. It is given with the proof that the query is in the log, so what
/// comes before that is never answered under the owner's seal, not even with a refusal.
pub struct Bound {
    digest: Digest,
    arrival: Arrival,
}

/// Verifies the receipt of INTENT: of this broker's log, of this query, of now.
pub(crate) fn logged(proved: Proved, me: &MemberId, times: &Times) -> Result<Logged, Stop> {
    let connected = proved.decided().connected();
    let receipt: Receipt = serde_json::from_str(connected.ask().receipt()).map_err(|_| unlogged("is not a receipt"))?;
    let key =
        connected.world().log_key(connected.broker()).ok_or_else(|| unlogged("is of a log that is not listed"))?;
    let receipt = receipt.verify(key).map_err(|error| unlogged(&error.to_string()))?;
    if receipt.leaf_hash() != proved.decided().decision().intent {
        return Err(unlogged("is not of the entry that the decision names"));
    }
    if !receipt.opens(OPENING, proved.proven().digest().as_bytes()) {
        return Err(unlogged("does not commit to this opening"));
    }
    times.judge_entry(receipt.leaf().at, connected.arrival())?;
    check_entry(&receipt, &proved, me)?;
    Ok(Logged { entry: receipt.leaf_hash(), proved })
}

/// What the entry says in clear is what the caller signed. A settlement has an entry of its own, and shows in its id.
fn check_entry(receipt: &VerifiedReceipt, proved: &Proved, me: &MemberId) -> Result<(), Stop> {
    let (leaf, query): (&Leaf, &Query) = (receipt.leaf(), proved.query());
    let suffix = if proved.decided().settle().is_some() { ".settle" } else { "" };
    let id = leaf.id.as_ref().and_then(|id| id.as_str().strip_suffix(suffix));
    let bundle = query.leg.as_ref().map(|leg| format!("{}@{}", leg.definition, leg.version));
    let certificate = proved.proven().caller().certificate().fingerprint();
    let differs = [
        ("kind", leaf.kind != Kind::Intent),
        ("id", id != Some(query.id.as_str())),
        ("consumer", leaf.consumer != query.caller),
        ("provider", leaf.provider.as_ref() != Some(me)),
        ("service", leaf.service.as_ref() != Some(&query.service)),
        ("purpose", leaf.purpose.as_ref() != Some(&query.purpose)),
        ("verb", leaf.verb != Some(query.verb())),
        ("bundle", leaf.bundle != bundle),
        ("policy", leaf.policy != Some(proved.decided().decision().policy)),
        ("certificate", leaf.certificate != Some(certificate)),
    ];
    match differs.iter().find(|(_, differs)| *differs) {
        Some((what, _)) => Err(unlogged(&format!("is of an entry with another {what}"))),
        None => Ok(()),
    }
}

fn unlogged(what: &str) -> Stop {
    Refusal::new(RefusalCode::JournalUnavailable, format!("Nothing is read that is not logged: the receipt {what}."))
        .into()
}

impl Logged {
    pub(crate) const fn proved(&self) -> &Proved {
        &self.proved
    }

    /// The hash of INTENT's entry.
    pub(crate) const fn entry(&self) -> &Digest {
        &self.entry
    }

    /// The right to answer this query as its owner.
    pub(crate) const fn bound(&self) -> Bound {
        Bound { digest: *self.proved.proven().digest(), arrival: self.proved.decided().connected().arrival() }
    }
}

impl Bound {
    pub(crate) const fn digest(&self) -> &Digest {
        &self.digest
    }

    pub(crate) const fn arrival(&self) -> Arrival {
        self.arrival
    }
}
