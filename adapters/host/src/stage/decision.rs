//! Decision: the broker on the line sealed this decision, for this host, now.

use std::collections::BTreeMap;

use mohur_message::hop::{Decision, Settle};
use mohur_message::{ProvenDecision, ProvenQuery, prove_decision};
use mohur_policy::{Mask, Obligation};
use mohur_wire::{FieldName, MemberId, Operation, Refusal, RefusalCode};

use super::connect::Connected;
use crate::stop::Stop;
use crate::times::Times;

/// An ask whose decision is sealed by the broker that sends it.
pub struct Decided {
    connected: Connected,
    proven: ProvenDecision,
    fields: BTreeMap<FieldName, Option<Mask>>,
}

/// Verifies the broker's seal, its addressee, its time and its vocabulary.
pub(crate) fn sealed(connected: Connected, me: &MemberId, times: &Times) -> Result<Decided, Stop> {
    let (world, arrival) = (connected.world(), connected.arrival());
    let proven = prove_decision(connected.ask().decision(), &world.keys(arrival.0), me, arrival, times.window())?;
    let decision = proven.decision();
    if decision.iss != *connected.broker() {
        let detail = "The decision is sealed by another broker than the one that opened the connection.";
        return Err(Refusal::new(RefusalCode::IdentityMismatch, detail).into());
    }
    if decision.exp.saturating_sub(decision.iat) > times.decision_life() {
        return Err(malformed("The decision is good for longer than this host's decision-life allows."));
    }
    if decision.settle.as_ref().is_some_and(|settle| settle.operation == Operation::Reserve) {
        return Err(Refusal::new(RefusalCode::SettlementRefused, "A reservation is consumed or released.").into());
    }
    let fields = fields(decision)?;
    obligations(decision)?;
    Ok(Decided { connected, proven, fields })
}

/// The fields that the broker lets out, with masks that this host knows.
fn fields(decision: &Decision) -> Result<BTreeMap<FieldName, Option<Mask>>, Stop> {
    let mut fields = BTreeMap::new();
    for (name, text) in &decision.fields {
        let mask = text.as_deref().map(str::parse::<Mask>).transpose();
        let mask = mask.map_err(|_| malformed("The decision names a mask that this host does not know."))?;
        fields.insert(name.clone(), mask);
    }
    Ok(fields)
}

/// What cannot be honoured refuses, whoever demands it.
fn obligations(decision: &Decision) -> Result<(), Stop> {
    let honoured = |text: &String| text.parse::<Obligation>().is_ok_and(Obligation::is_honoured);
    if decision.obligations.iter().all(honoured) {
        return Ok(());
    }
    Err(Stop::new(RefusalCode::PolicyUnavailable, "the decision carries an obligation that this version cannot honour"))
}

fn malformed(detail: &str) -> Stop {
    Refusal::new(RefusalCode::Malformed, detail).into()
}

impl Decided {
    /// That the decision is about this query and nothing else.
    pub(crate) fn check_fits(&self, query: &ProvenQuery) -> Result<(), Stop> {
        Ok(self.proven.check_fits(query)?)
    }

    pub(crate) const fn connected(&self) -> &Connected {
        &self.connected
    }

    pub(crate) const fn decision(&self) -> &Decision {
        self.proven.decision()
    }

    pub(crate) fn settle(&self) -> Option<&Settle> {
        self.decision().settle.as_ref()
    }

    pub(crate) const fn fields(&self) -> &BTreeMap<FieldName, Option<Mask>> {
        &self.fields
    }
}
