//! Policy: the owner's own policy, evaluated here, with facts from nothing but what the caller signed.

use mohur_contract::service_name;
use mohur_message::hop::Settle;
use mohur_policy::{Decision, Facts, decide};
use mohur_wire::{Arrival, MemberId, Query, Refusal, RefusalCode};

use super::claim::Claimed;
use super::receipt::Logged;
use crate::guard::Guarded;
use crate::stop::Stop;
use crate::world::World;

/// A query that the owner permits. The decision is the stricter of the broker's and our own.
pub struct Permitted {
    logged: Logged,
    decision: Decision,
}

/// Decides, and keeps of each field no more than both decisions let out.
pub(crate) fn permit(claimed: Claimed, me: &MemberId, guard: &Guarded) -> Result<Permitted, Stop> {
    let logged = claimed.into_logged();
    let (decided, query) = (logged.proved().decided(), logged.proved().query());
    let world = decided.connected().world();
    let settles = decided.settle().is_some();
    check_route(world, query, settles, me, guard, decided.connected().arrival())?;
    let policy = world.policy(me).map_err(|reason| Stop::new(RefusalCode::PolicyUnavailable, reason))?;
    let facts = facts(query, decided.settle(), &logged);
    let decision = decide(policy, &facts);
    if let Some(code) = decision.refusal() {
        return Err(Stop::new(code, explanation(&decision)));
    }
    let conceal = decision.conceal;
    let decision = decision.narrowed_by(decided.fields());
    if !decision.permitted || (query.message.is_some() && !decision.permits_message()) {
        let code = if conceal { RefusalCode::NotAvailable } else { RefusalCode::Denied };
        return Err(Stop::new(code, "the broker's decision and our own have no field in common"));
    }
    Ok(Permitted { logged, decision })
}

fn facts(query: &Query, settle: Option<&Settle>, logged: &Logged) -> Facts {
    let facts = Facts::of(query, logged.proved().decided().connected().arrival().0);
    match settle {
        Some(settle) => facts.settling(settle.operation),
        None => facts,
    }
}

/// The service is ours, takes the verb, and a leg is one of a definition in force.
fn check_route(
    world: &World,
    query: &Query,
    settles: bool,
    me: &MemberId,
    guard: &Guarded,
    at: Arrival,
) -> Result<(), Stop> {
    let route = world.directory().service(&query.service).filter(|route| route.owner == *me);
    let route = route.filter(|_| guard.offers(&service_name(&query.service)));
    let Some(route) = route else {
        return Err(Stop::new(RefusalCode::UnknownService, format_args!("{} is not offered here", query.service)));
    };
    if !route.verbs.contains(&query.verb()) {
        return Err(Refusal::new(RefusalCode::UnknownService, "The service does not take this verb.").into());
    }
    if !world.domains.may_ask(&query.caller, &query.service) {
        let detail = "The service is not one that members of your domain may ask.";
        return Err(Refusal::new(RefusalCode::UnknownService, detail).into());
    }
    let Some(leg) = &query.leg else { return Ok(()) };
    // A bundle is published where its caller is at home.
    let domain = world.domains.named(query.caller.instance(), at.0).ok_or(Refusal::from(RefusalCode::UnknownMember))?;
    match domain.directory.definition(&leg.definition) {
        None => Err(RefusalCode::BundleUnknown.into()),
        // What was reserved under a version that was in force is settled all the same.
        Some(definition) if definition.version != leg.version && !settles => Err(RefusalCode::BundleStale.into()),
        Some(_) => Ok(()),
    }
}

fn explanation(decision: &Decision) -> String {
    match &decision.failed {
        Some(failure) => failure.to_string(),
        None => decision.reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
    }
}

impl Permitted {
    pub(crate) const fn logged(&self) -> &Logged {
        &self.logged
    }

    pub(crate) const fn decision(&self) -> &Decision {
        &self.decision
    }
}
