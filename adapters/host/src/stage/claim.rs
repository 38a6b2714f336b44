//! Claim: each opening is asked once, and each entry of INTENT serves once, durably.

use mohur_store::{Claim, Claims, StoreError};
use mohur_wire::{MessageId, Refusal, RefusalCode};

use super::receipt::Logged;
use crate::stop::Stop;
use crate::times::Times;

/// A query that no other message can repeat.
pub struct Claimed {
    logged: Logged,
}

/// Claims the opening by its caller and digest, and the entry by its hash; both in one commit where they meet.
pub(crate) async fn once(logged: Logged, claims: &dyn Claims, times: &Times) -> Result<Claimed, Stop> {
    let proved = logged.proved();
    let entry = token(&format!("intent:{}", logged.entry()))?;
    let opening = token(&format!("opening:{}", proved.proven().digest()))?;
    let now = proved.decided().connected().arrival().0;
    let until = now.saturating_add(times.claims_kept()).unwrap_or(mohur_wire::Timestamp::MAX);
    let claim = |id| claims.claim(&proved.query().caller, id, now, until);
    let repeated = if proved.decided().settle().is_some() {
        // The opening was claimed when it was asked. That it is settled once is for the adapter's ledger to say.
        is_repeated(claim(&entry).await)?
    } else {
        let (opening, entry) = tokio::join!(claim(&opening), claim(&entry));
        is_repeated(opening)? | is_repeated(entry)?
    };
    if repeated { Err(RefusalCode::Replayed.into()) } else { Ok(Claimed { logged }) }
}

fn is_repeated(claim: Result<Claim, StoreError>) -> Result<bool, Stop> {
    match claim {
        Ok(Claim::Claimed) => Ok(false),
        Ok(Claim::Repeated) => Ok(true),
        Err(error) => {
            let detail = "The owner's host cannot note that it answers, so it does not answer. Try again later.";
            Err(Stop::of(Refusal::new(RefusalCode::JournalUnavailable, detail), error))
        }
    }
}

fn token(text: &str) -> Result<MessageId, Stop> {
    text.parse().map_err(|error| Stop::new(RefusalCode::Internal, error))
}

impl Claimed {
    pub(crate) fn into_logged(self) -> Logged {
        self.logged
    }
}
