//! Register: asked once it is permitted, within its limits; it must answer about whom it was asked.

use std::time::Duration;

use mohur_contract::Context;
use mohur_wire::{Answer, RefusalCode};

use super::policy::Permitted;
use crate::guard::Guarded;
use crate::stop::Stop;

/// A permitted query with the register's raw answer about its subject.
pub struct Answered {
    permitted: Permitted,
    answer: Answer,
}

/// Asks the register through its guard.
pub(crate) async fn ask(permitted: Permitted, guard: &Guarded) -> Result<Answered, Stop> {
    let proved = permitted.logged().proved();
    let (arrival, query) = (proved.decided().connected().arrival(), proved.query());
    let left = proved.decided().decision().exp.saturating_sub(arrival.unix_seconds());
    let left = Duration::from_secs(u64::try_from(left).unwrap_or_default());
    let mut context = Context::new(arrival, left.min(guard.deadline()));
    if let Some(settle) = proved.decided().settle() {
        context = context.settling(settle.operation, settle.reservation.clone());
    }
    let answer = guard.ask(query, &context).await?;
    if answer.subject != query.subject {
        return Err(Stop::new(RefusalCode::SubjectMismatch, "the register answered about another subject"));
    }
    Ok(Answered { permitted, answer })
}

impl Answered {
    pub(crate) fn into_parts(self) -> (Permitted, Answer) {
        (self.permitted, self.answer)
    }
}
