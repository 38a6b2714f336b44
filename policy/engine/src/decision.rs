//! What comes out: what may be released, under which masks, and why.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use mohur_wire::{FieldName, RefusalCode};

use crate::{Mask, Obligation};

/// The field that a whole message of another protocol is answered in.
const MESSAGE: &str = "message";

/// A decision. What `fields` does not name is not released.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether at least one field (or the change) is permitted and nothing failed.
    pub permitted: bool,
    /// The fields that may be released, with their masks. Empty unless permitted.
    pub fields: BTreeMap<FieldName, Option<Mask>>,
    /// What the determining permits demand.
    pub obligations: BTreeSet<Obligation>,
    /// Why, for the owner's officer and the log. The caller gets a generic sentence.
    pub reasons: Vec<Reason>,
    /// The digest of the owner's policy, as in the directory ([`crate::AgencyPolicy::digest`]). Zero if there is none.
    pub policy: [u8; 32],
    /// The article of law that the purpose rests on.
    pub basis: Option<String>,
    /// Whether, for this service and verb, denied and absent must look alike to the caller (`not-available`).
    pub conceal: bool,
    /// Why the policy could not be applied. Such a decision is never permitted.
    pub failed: Option<Failure>,
}

/// Why a policy could not be applied: the refusal is `policy-unavailable`, not `denied`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No policy of the service's owner is loaded.
    #[error("no policy is loaded for this service; load its owner's folder")]
    NotLoaded,
    /// A rule ended in an error. Cedar would skip it, even a `forbid`; here it refuses.
    #[error("{place}: the rule cannot be evaluated ({what}); correct the rule")]
    Evaluation {
        /// The rule.
        place: Arc<str>,
        /// What Cedar says of it.
        what: String,
    },
    /// A determining permit demands what this version cannot do.
    #[error("{place}: this version cannot honour @{obligation}, so it refuses what the rule permits")]
    Unhonoured {
        /// The rule.
        place: Arc<str>,
        /// What it demands.
        obligation: Obligation,
    },
}

/// What a reason speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// A rule allows.
    Permit,
    /// A rule forbids: it outweighs every permit.
    Forbid,
    /// No rule allows, or the purpose does not fit.
    Missing,
}

/// One reason of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// What it speaks for.
    pub effect: Effect,
    /// File and line in the policy folder, e.g. `MOH/vitals.cedar:9`; empty where no rule speaks.
    pub place: Arc<str>,
    /// The rule's `@id`; empty if it has none.
    pub rule: Arc<str>,
    /// The action it is about, e.g. `read:blood-group`.
    pub about: Arc<str>,
    /// What it says, for officers.
    pub text: Arc<str>,
}

impl Decision {
    /// The refusal that this decision means, if it is one.
    pub const fn refusal(&self) -> Option<RefusalCode> {
        if self.permitted {
            None
        } else if self.failed.is_some() {
            Some(RefusalCode::PolicyUnavailable)
        } else if self.conceal {
            Some(RefusalCode::NotAvailable)
        } else {
            Some(RefusalCode::Denied)
        }
    }

    /// Whether the message that a query encloses may go on: only where the answer to it may be released whole, too. What a
    /// whole message says is nobody's to pick apart.
    #[must_use]
    pub fn permits_message(&self) -> bool {
        self.permitted && self.fields.keys().any(|field| field.as_str() == MESSAGE)
    }

    /// This decision, narrowed to what another one allows as well: the fields of both under the strictest masks.
    #[must_use]
    pub fn narrowed_by(mut self, fields: &BTreeMap<FieldName, Option<Mask>>) -> Self {
        self.fields.retain(|name, _| fields.contains_key(name));
        for (name, mask) in &mut self.fields {
            *mask = Mask::strictest_of(*mask, fields.get(name).copied().flatten());
        }
        self.permitted &= !self.fields.is_empty();
        self
    }
}

impl Effect {
    /// The word in an explanation.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Permit => "permit",
            Self::Forbid => "forbid",
            Self::Missing => "refuse",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.effect.as_str(), self.about)?;
        if !self.place.is_empty() {
            write!(f, " by {}", self.place)?;
        }
        if !self.rule.is_empty() {
            write!(f, " ({})", self.rule)?;
        }
        if self.text.is_empty() { Ok(()) } else { write!(f, ": {}", self.text) }
    }
}
