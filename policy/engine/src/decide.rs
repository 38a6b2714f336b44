//! The decision itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::sync::Arc;

use cedar_policy::{AuthorizationError, Authorizer, Context, EntityUid, Request, RestrictedExpression};
use mohur_wire::Verb;

use crate::memory::Verdict;
use crate::model::{PurposeRule, operation_name};
use crate::set::{Action, Slice};
use crate::{Decision, Effect, Facts, Failure, Mask, PolicySet, Reason, Rule};

/// Decides. Pure and total: the same facts under the same policies give the same decision, and whatever cannot be
/// evaluated refuses.
pub fn decide(policies: &PolicySet, facts: &Facts) -> Decision {
    let Some(slice) = policies.slice(&facts.service) else { return not_loaded() };
    let mut decision = Decision {
        permitted: false,
        fields: BTreeMap::new(),
        obligations: BTreeSet::new(),
        reasons: Vec::new(),
        policy: slice.agency.digest,
        basis: None,
        conceal: slice.release.conceal_absent && facts.verb == Verb::Read,
        failed: None,
    };
    let Some((purpose, name)) = slice.agency.purposes.get(&facts.purpose) else {
        decision.reasons.push(missing(&facts.purpose, "", "purposes.toml does not declare this purpose"));
        return decision;
    };
    decision.basis = Some(purpose.law.clone());
    if let Some(what) = objection(purpose, facts) {
        decision.reasons.push(missing(&facts.purpose, &purpose.place, what));
        return decision;
    }
    let question = Question { slice, facts, purpose, name };
    evaluate(&question, &mut decision);
    if facts.encloses && decision.permitted && !decision.permits_message() {
        decision.permitted = false;
        decision.reasons.push(missing("message", "", "an enclosed message needs a grant that reads `message` whole"));
    }
    settle(decision)
}

/// What every action of one decision is asked with.
struct Question<'a> {
    slice: &'a Slice,
    facts: &'a Facts,
    purpose: &'a PurposeRule,
    name: &'a EntityUid,
}

fn not_loaded() -> Decision {
    Decision {
        permitted: false,
        fields: BTreeMap::new(),
        obligations: BTreeSet::new(),
        reasons: Vec::new(),
        policy: [0; 32],
        basis: None,
        conceal: false,
        failed: Some(Failure::NotLoaded),
    }
}

/// Why the caller cannot claim the purpose, if it cannot.
fn objection(purpose: &PurposeRule, facts: &Facts) -> Option<&'static str> {
    if !purpose.claimants.contains(&facts.caller) {
        Some("the caller is not among the claimants of this purpose")
    } else if purpose.valid_until.is_some_and(|end| facts.at >= end) {
        Some("the purpose is no longer granted")
    } else if purpose.case_required && !facts.has_case {
        Some("this purpose needs a case reference, and the query has none")
    } else if facts.on_behalf_of.as_ref().is_some_and(|body| !purpose.acts_for.contains(body)) {
        Some("for this purpose nobody may act for the body that the query names")
    } else {
        None
    }
}

fn context(question: &Question<'_>) -> Result<Context, String> {
    let Question { slice, facts, name, .. } = question;
    let mut pairs = vec![
        ("purpose".to_owned(), RestrictedExpression::new_entity_uid((*name).clone())),
        ("hasCase".to_owned(), RestrictedExpression::new_bool(facts.has_case)),
    ];
    if let Some(body) = &facts.on_behalf_of {
        // The purpose's list named it, and whoever stands there is among the agency's members.
        let uid = slice.agency.members.get(body).ok_or("the body acted for is not a member")?;
        pairs.push(("onBehalfOf".to_owned(), RestrictedExpression::new_entity_uid(uid.clone())));
    }
    if let Some(bundle) = &facts.bundle {
        pairs.push(("bundle".to_owned(), RestrictedExpression::new_string(bundle.clone())));
    }
    Context::from_pairs(pairs).map_err(|error| error.to_string())
}

/// Asks Cedar once for each action that the query touches.
fn evaluate(question: &Question<'_>, decision: &mut Decision) {
    let Question { slice, facts, .. } = question;
    let mut touched: BTreeSet<usize> = BTreeSet::new();
    match (facts.verb, facts.operation) {
        (Verb::Change, Some(operation)) => match slice.by_operation.get(&operation) {
            Some(index) => _ = touched.insert(*index),
            None => decision.reasons.push(missing(
                format_args!("change:{}", operation_name(operation)),
                "",
                "release.toml gives the service no such operation",
            )),
        },
        (Verb::Change, None) => decision.reasons.push(missing("change", "", "the query names no operation")),
        (verb @ (Verb::Read | Verb::Match | Verb::Verify), _) => {
            let fields = slice.by_field.get(&verb);
            for field in &facts.fields {
                match fields.and_then(|fields| fields.get(field)) {
                    Some(index) => _ = touched.insert(*index),
                    None => decision.reasons.push(missing(
                        format_args!("{verb} {field}"),
                        "",
                        "release.toml lets no group of fields with this verb name it",
                    )),
                }
            }
        }
    }
    for action in touched.into_iter().filter_map(|index| slice.actions.get(index)) {
        ask(question, action, decision);
    }
}

fn ask(question: &Question<'_>, action: &Action, decision: &mut Decision) {
    let known = action.memory.recall(question.facts);
    match known.map_or_else(|| ask_cedar(question, action), Ok) {
        Ok(verdict) => apply(question, action, &verdict, decision),
        Err(Unanswered::NoRule) => decision.reasons.push(missing(&action.name, "", "no rule speaks of the caller")),
        Err(Unanswered::Failed(failure)) => decision.failed = Some(failure),
    }
}

/// Why Cedar has no verdict.
enum Unanswered {
    NoRule,
    Failed(Failure),
}

/// Evaluates the rules. What Cedar sees of a query is what the verdict is remembered by.
fn ask_cedar(question: &Question<'_>, action: &Action) -> Result<Arc<Verdict>, Unanswered> {
    let Question { slice, facts, purpose, .. } = question;
    let failed = |place, what| Unanswered::Failed(Failure::Evaluation { place, what });
    let context = context(question).map_err(|what| failed(purpose.place.as_str().into(), what))?;
    let (Some(principal), Some(rules)) = (slice.agency.members.get(&facts.caller), action.rules.get(&facts.caller))
    else {
        return Err(Unanswered::NoRule);
    };
    let request = Request::new(principal.clone(), action.uid.clone(), slice.resource.clone(), context, None)
        .map_err(|_| failed(action.name.clone(), "the request".to_owned()))?;
    let response = Authorizer::new().is_authorized(&request, rules, &slice.agency.entities);
    if let Some(AuthorizationError::PolicyEvaluationError(error)) = response.diagnostics().errors().next() {
        let rule: &str = error.policy_id().as_ref();
        let place = slice.rules.get(rule).map_or_else(|| rule.into(), |rule| rule.place.clone());
        return Err(failed(place, error.inner().to_string()));
    }
    let rule = |id: &cedar_policy::PolicyId| {
        let id: &str = id.as_ref();
        slice.rules.get(id).cloned()
    };
    let rules = response.diagnostics().reason().filter_map(rule).collect();
    let verdict = Arc::new(Verdict { allows: response.decision() == cedar_policy::Decision::Allow, rules });
    action.memory.remember(facts, &verdict);
    Ok(verdict)
}

fn apply(question: &Question<'_>, action: &Action, verdict: &Verdict, decision: &mut Decision) {
    decision.reasons.extend(verdict.rules.iter().map(|rule| reason(rule, action)));
    if verdict.allows {
        release(question, action, &verdict.rules, decision);
    } else if verdict.rules.is_empty() {
        let what = "no rule permits it to this caller for this purpose";
        decision.reasons.push(missing(&action.name, "", what));
    }
}

/// Adds what an allowed action releases, under the strictest of the determining masks.
fn release(question: &Question<'_>, action: &Action, determining: &[Arc<Rule>], decision: &mut Decision) {
    let Question { slice, facts, .. } = question;
    decision.permitted = true;
    for rule in determining {
        decision.obligations.extend(&rule.obligations);
        if let Some(obligation) = rule.obligations.iter().find(|obligation| !obligation.is_honoured()) {
            decision.failed = Some(Failure::Unhonoured { place: rule.place.clone(), obligation: *obligation });
        }
    }
    for field in action.fields.iter().filter(|field| facts.verb == Verb::Change || facts.fields.contains(*field)) {
        let mut mask = None;
        if facts.verb == Verb::Read {
            mask = slice.release.masks.get(field).copied();
            for (_, also) in determining.iter().flat_map(|rule| &rule.masks).filter(|(name, _)| name == field) {
                mask = Mask::strictest_of(mask, Some(*also));
            }
        }
        decision.fields.insert(field.clone(), mask);
    }
}

/// Nothing is permitted where anything failed.
fn settle(mut decision: Decision) -> Decision {
    if decision.failed.is_some() {
        decision.permitted = false;
    }
    if !decision.permitted {
        decision.fields.clear();
    }
    decision
}

fn reason(rule: &Rule, action: &Action) -> Reason {
    Reason {
        effect: rule.effect,
        place: rule.place.clone(),
        rule: rule.id.clone(),
        about: action.name.clone(),
        text: rule.text.clone(),
    }
}

fn missing(about: impl Display, place: &str, text: &str) -> Reason {
    Reason {
        effect: Effect::Missing,
        place: place.into(),
        rule: "".into(),
        about: about.to_string().into(),
        text: text.into(),
    }
}

#[cfg(test)]
mod tests;
