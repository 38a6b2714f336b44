//! What Cedar said before. Its verdict on an action depends on nothing but the rules, which never change within a loaded
//! policy, and on what it is shown of a query; so the same question has the same verdict, and is put to it once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use mohur_wire::{MemberId, Purpose};

use crate::{Facts, Rule};

/// More verdicts than this on one action, and the memory of them is begun anew.
const MAX_REMEMBERED: usize = 4096;

/// Cedar's verdict on one action, evaluated without any error.
pub(crate) struct Verdict {
    pub(crate) allows: bool,
    /// The rules that determined it.
    pub(crate) rules: Vec<Arc<Rule>>,
}

/// All that Cedar is shown of a query, beside the action and its service: `decide::context`, and the principal.
#[derive(PartialEq, Eq, Hash)]
struct Shown {
    caller: MemberId,
    purpose: Purpose,
    has_case: bool,
    on_behalf_of: Option<MemberId>,
    bundle: Option<String>,
}

/// The verdicts on one action.
#[derive(Default)]
pub(crate) struct Memory(Mutex<HashMap<Shown, Arc<Verdict>>>);

impl Shown {
    fn of(facts: &Facts) -> Self {
        Self {
            caller: facts.caller.clone(),
            purpose: facts.purpose.clone(),
            has_case: facts.has_case,
            on_behalf_of: facts.on_behalf_of.clone(),
            bundle: facts.bundle.clone(),
        }
    }
}

impl Memory {
    pub(crate) fn recall(&self, facts: &Facts) -> Option<Arc<Verdict>> {
        let shown = Shown::of(facts);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&shown).cloned()
    }

    pub(crate) fn remember(&self, facts: &Facts, verdict: &Arc<Verdict>) {
        let shown = Shown::of(facts);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_REMEMBERED {
            known.clear();
        }
        known.insert(shown, Arc::clone(verdict));
    }
}
