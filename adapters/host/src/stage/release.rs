//! Release: what neither decision names is dropped, what is masked is masked, before anything is sealed.

use std::collections::BTreeMap;

use mohur_wire::answer::Finding;
use mohur_wire::{FieldName, RefusalCode, Value, Verb};

use super::policy::Permitted;
use super::register::Answered;
use crate::stop::Stop;

/// What may leave.
pub struct Released {
    permitted: Permitted,
    fields: Option<BTreeMap<FieldName, Value>>,
}

/// Drops and masks. Where the policy says so, an absent subject of a `read` looks like a refusal.
pub(crate) fn fields(answered: Answered) -> Result<Released, Stop> {
    let (permitted, answer) = answered.into_parts();
    let decision = permitted.decision();
    let is_absent = answer.finding == Finding::Absent;
    if is_absent && decision.conceal && permitted.logged().proved().query().verb() == Verb::Read {
        return Err(Stop::new(RefusalCode::NotAvailable, "absent, which this policy does not tell from denied"));
    }
    let released = mohur_release::apply(decision, answer);
    Ok(Released { permitted, fields: (!is_absent).then_some(released) })
}

impl Released {
    pub(crate) const fn permitted(&self) -> &Permitted {
        &self.permitted
    }

    /// `None` where there is no such subject.
    pub(crate) const fn fields(&self) -> Option<&BTreeMap<FieldName, Value>> {
        self.fields.as_ref()
    }
}
