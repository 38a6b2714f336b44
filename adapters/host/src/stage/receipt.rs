//! Receipt: the query stands in the log of the broker that sends it, and in that of the caller's home broker. No read goes
//! unlogged.

use mohur_crypto::Digest;
use mohur_transparency::ExpectedIntent;
use mohur_wire::{Arrival, MemberId, Refusal, RefusalCode};

use super::caller::Proved;
use crate::stop::Stop;
use crate::times::Times;

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

/// Verifies the receipt of INTENT: of this broker's log, of this query, of now; and where another broker handed the query over,
/// that of its log, too.
pub(crate) fn logged(proved: Proved, times: &Times) -> Result<Logged, Stop> {
    let connected = proved.decided().connected();
    let decision = proved.decided().decision();
    check(&proved, times, connected.broker(), connected.ask().receipt(), &decision.intent, Some(&decision.policy))?;
    if let (Some(home), Some(word)) = (proved.home(), connected.ask().home()) {
        let handover = home.handover();
        check(&proved, times, &handover.iss, word.receipt(), &handover.intent, None)?;
    }
    Ok(Logged { entry: decision.intent, proved })
}

/// One broker's entry says in clear what the caller signed.
fn check(
    proved: &Proved,
    times: &Times,
    broker: &MemberId,
    receipt: &str,
    entry: &Digest,
    policy: Option<&Digest>,
) -> Result<(), Stop> {
    let connected = proved.decided().connected();
    let key = connected.world().log_key(broker).ok_or_else(|| unlogged("is of a log that is not listed"))?;
    let expected = ExpectedIntent {
        query: proved.query(),
        opening: proved.proven().digest(),
        entry,
        certificate: &proved.proven().caller().certificate().fingerprint(),
        policy,
        settles: proved.decided().settle().is_some(),
    };
    let at = expected.verify(receipt, key).map_err(|what| unlogged(&what))?;
    Ok(times.judge_entry(at, connected.arrival())?)
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
