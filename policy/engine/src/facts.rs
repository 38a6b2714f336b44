//! What a decision is made from.

use std::collections::BTreeSet;

use mohur_wire::{Ask, FieldName, MemberId, MessageId, Operation, Purpose, Query, ServiceId, Timestamp, Verb};

/// The facts of one query, all from what was verified. The purpose is the caller's claim: it selects among the
/// caller's grants and never widens them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Who asks, as the signature proved.
    pub caller: MemberId,
    /// What is asked.
    pub service: ServiceId,
    /// How.
    pub verb: Verb,
    /// For a `change`: which one.
    pub operation: Option<Operation>,
    /// Why, in the caller's words: a name in the owner's `purposes.toml`.
    pub purpose: Purpose,
    /// The fields that the query names; empty for a `change`.
    pub fields: BTreeSet<FieldName>,
    /// Whether the query carries a case reference.
    pub has_case: bool,
    /// The body that the caller acts for, if it is not the caller.
    pub on_behalf_of: Option<MemberId>,
    /// The bundle definition that the query is a leg of, e.g. `issue-id-document`; one of another domain than the owner's with
    /// that domain before it, `GE/issue-id-document`: what a definition asks for is for its own domain to say.
    pub bundle: Option<String>,
    /// Whether the query encloses a whole message of another protocol.
    pub encloses: bool,
    /// When the message arrived.
    pub at: Timestamp,
}

impl Facts {
    /// The facts of a verified query. Broker and host both take them from here, so that they decide on the same.
    pub fn of(query: &Query, at: Timestamp) -> Self {
        Self {
            caller: query.caller.clone(),
            service: query.service.clone(),
            verb: query.verb(),
            operation: match &query.ask {
                Ask::Change(effect) => Some(effect.operation),
                Ask::Read(_) | Ask::Match(_) | Ask::Verify(_) => None,
            },
            purpose: query.purpose.clone(),
            fields: query.fields().into_iter().cloned().collect(),
            has_case: query.case.is_some(),
            on_behalf_of: query.on_behalf_of.clone(),
            bundle: query.leg.as_ref().map(|leg| bundle(query, &leg.definition)),
            encloses: query.message.is_some(),
            at,
        }
    }

    /// The same query settled: its reservation is to be consumed or released.
    #[must_use]
    pub fn settling(mut self, operation: Operation) -> Self {
        self.operation = Some(operation);
        self
    }
}

fn bundle(query: &Query, definition: &MessageId) -> String {
    let (published, owners) = (query.caller.instance(), query.service.owner().instance());
    if published == owners { definition.to_string() } else { format!("{published}/{definition}") }
}
