//! What a rule must say of itself beyond what Cedar's validator demands, and the annotations it may carry.

use std::collections::BTreeSet;

use cedar_policy::{ActionConstraint, EntityUid, Policy, PrincipalConstraint, ResourceConstraint};
use mohur_wire::{FieldName, MemberId, ServiceId};

use crate::model::ServiceRelease;
use crate::{AgencyId, AgencyModel, Effect, Mask, Obligation, Rule};

/// What a rule's annotations say.
#[derive(Default)]
pub(crate) struct Annotations {
    pub(crate) id: String,
    pub(crate) law: String,
    pub(crate) note: String,
    pub(crate) obligations: BTreeSet<Obligation>,
    pub(crate) masks: Vec<(FieldName, Mask)>,
}

/// Reads the annotations of a rule; what is wrong goes to `problems`, with its offset in the file where it is known.
pub(crate) fn annotations(policy: &Policy, problems: &mut Vec<(Option<usize>, String)>) -> Annotations {
    let mut found = Annotations::default();
    for (key, annotation) in policy.as_ref().annotations_arc().iter() {
        let (key, value): (&str, &str) = (key.as_ref(), annotation.val.as_str());
        let offset = annotation.loc.as_ref().map(|loc| loc.start());
        match key {
            "id" => value.clone_into(&mut found.id),
            "law" => value.clone_into(&mut found.law),
            "note" => value.clone_into(&mut found.note),
            _ => match key.parse::<Obligation>() {
                Ok(obligation) => {
                    found.obligations.insert(obligation);
                    let mut said = Vec::new();
                    operand(obligation, value, &mut found.masks, &mut said);
                    problems.extend(said.into_iter().map(|what| (offset, what)));
                }
                Err(_) => {
                    let known = Obligation::ALL.map(|obligation| format!("@{obligation}")).join(" ");
                    let what = format!("there is no annotation @{key}; write one of @id @law @note {known}");
                    problems.push((offset, what));
                }
            },
        }
    }
    if found.id.is_empty() {
        let what = "the rule has no name; put @id(\"…\") above it, so that reasons and logs can name it";
        problems.push((None, what.to_owned()));
    }
    if policy.effect() == cedar_policy::Effect::Forbid && !found.obligations.is_empty() {
        let what = "a forbid releases nothing, so it cannot carry obligations; remove the annotation";
        problems.push((None, what.to_owned()));
    }
    found
}

fn operand(obligation: Obligation, value: &str, masks: &mut Vec<(FieldName, Mask)>, problems: &mut Vec<String>) {
    match obligation {
        Obligation::Mask => {
            for part in value.split(',') {
                match part.split_once('=').map(|(field, mask)| (field.trim().parse(), mask.trim().parse())) {
                    Some((Ok(field), Ok(mask))) => masks.push((field, mask)),
                    Some((Ok(_), Err(unknown))) => problems.push(format!("@mask: {unknown}")),
                    Some((Err(_), _)) | None => {
                        problems.push("@mask: write field=mask, …, e.g. @mask(\"birthDate=year\")".to_owned());
                    }
                }
            }
        }
        Obligation::EmbargoUntil => {
            if format!("{value}T00:00:00Z").parse::<mohur_wire::Timestamp>().is_err() {
                problems.push("@embargo_until: write a date, e.g. @embargo_until(\"2027-01-31\")".to_owned());
            }
        }
        Obligation::LogPayload
        | Obligation::NotifyCitizen
        | Obligation::FourEyes
        | Obligation::BreakGlass
        | Obligation::SecondLine
        | Obligation::Witnessed => {
            if !value.is_empty() {
                problems.push(format!("@{obligation} takes no value; write it alone"));
            }
        }
    }
}

/// What is wrong with a governance rule.
pub(crate) fn check_governance(policy: &Policy, problems: &mut Vec<String>) {
    if policy.effect() == cedar_policy::Effect::Permit {
        problems.push("governance rules only forbid; a permit belongs in the folder of the owner".to_owned());
    }
}

/// What is wrong with an agency's rule: a permit names whom, what and why; nothing speaks of others' services.
pub(crate) fn check_agency(policy: &Policy, model: &AgencyModel, rule: &Rule, problems: &mut Vec<String>) {
    let service = check_resource(policy, model, problems);
    check_principal(policy, model, problems);
    if rule.effect == Effect::Permit {
        if !policy.entity_literals().iter().any(|uid| is(uid, "Purpose")) {
            problems.push(
                "a permit names the purpose that it serves; add when { context.purpose == Purpose::\"…\" }".to_owned(),
            );
        }
        check_permit_actions(policy, service, rule, problems);
    }
}

fn check_resource<'a>(
    policy: &Policy,
    model: &'a AgencyModel,
    problems: &mut Vec<String>,
) -> Option<&'a ServiceRelease> {
    let permit = policy.effect() == cedar_policy::Effect::Permit;
    match policy.resource_constraint() {
        ResourceConstraint::Eq(uid) => {
            let service = named::<ServiceId>(&uid, "Service").and_then(|id| model.services.get(&id));
            if service.is_none() {
                problems.push(format!("{uid} is not a service of release.toml; correct the name or declare it there"));
            }
            service
        }
        ResourceConstraint::Any | ResourceConstraint::Is(_) if !permit => None,
        ResourceConstraint::In(_) | ResourceConstraint::IsIn(..) if !permit => {
            problems
                .push("a forbid names one service, resource == Service::\"…\", or none: then it holds for all".into());
            None
        }
        ResourceConstraint::Any
        | ResourceConstraint::Is(_)
        | ResourceConstraint::In(_)
        | ResourceConstraint::IsIn(..) => {
            problems.push("a permit names one service; write resource == Service::\"…\"".to_owned());
            None
        }
    }
}

fn check_principal(policy: &Policy, model: &AgencyModel, problems: &mut Vec<String>) {
    let permit = policy.effect() == cedar_policy::Effect::Permit;
    let claimants = || model.purposes.values().flat_map(|purpose| &purpose.claimants);
    match policy.principal_constraint() {
        PrincipalConstraint::Any | PrincipalConstraint::Is(_) => {
            if permit {
                problems.push("a permit names who is allowed; write principal == Member::\"…\"".to_owned());
            }
        }
        PrincipalConstraint::Eq(uid) | PrincipalConstraint::In(uid) | PrincipalConstraint::IsIn(_, uid) => {
            if permit && !claimants().any(|member| covers(&uid, member)) {
                problems.push(format!("{uid} may claim no purpose in purposes.toml, so the rule can never permit; correct the name or add it to claimants"));
            }
        }
    }
}

fn check_permit_actions(policy: &Policy, service: Option<&ServiceRelease>, rule: &Rule, problems: &mut Vec<String>) {
    let named = match policy.action_constraint() {
        ActionConstraint::Any => {
            problems.push("a permit names its actions; write action == Action::\"<verb>:<group>\"".to_owned());
            return;
        }
        ActionConstraint::Eq(uid) => vec![uid],
        ActionConstraint::In(uids) => uids,
    };
    let Some(service) = service else { return };
    let actions = service.actions();
    let mut readable = BTreeSet::new();
    for uid in &named {
        match actions.iter().find(|(name, _, _)| name == uid.id().unescaped()) {
            Some((_, verb, fields)) if *verb == mohur_wire::Verb::Read => readable.extend(fields.iter()),
            Some(_) => {}
            None => problems.push(format!(
                "{uid} is not an action of this service; release.toml gives it {}",
                actions.iter().map(|(name, _, _)| name.as_str()).collect::<Vec<_>>().join(", ")
            )),
        }
    }
    for (field, _) in rule.masks.iter().filter(|(field, _)| !readable.contains(field)) {
        problems.push(format!("@mask: the rule lets nobody read {field}; name a field of the groups that it reads"));
    }
}

/// Whether the entity is of this type.
pub(crate) fn is(uid: &EntityUid, kind: &str) -> bool {
    uid.type_name().basename() == kind
}

/// The entity's id, if it is of this type and well formed.
fn named<T: std::str::FromStr>(uid: &EntityUid, kind: &str) -> Option<T> {
    if is(uid, kind) { uid.id().unescaped().parse().ok() } else { None }
}

/// Whether the entity is the member, its agency or its class.
fn covers(uid: &EntityUid, member: &MemberId) -> bool {
    let agency = AgencyId::of(member);
    let id = uid.id().unescaped();
    match uid.type_name().basename() {
        "Member" => id == member.as_str(),
        "Agency" => id == agency.as_str(),
        "MemberClass" => id == agency.class(),
        _ => false,
    }
}

/// Whether a rule's principal can be this member.
pub(crate) fn fits_principal(policy: &Policy, member: &MemberId) -> bool {
    match policy.principal_constraint() {
        PrincipalConstraint::Any | PrincipalConstraint::Is(_) => true,
        PrincipalConstraint::Eq(uid) | PrincipalConstraint::In(uid) | PrincipalConstraint::IsIn(_, uid) => {
            covers(&uid, member)
        }
    }
}

/// Whether a rule's action can be this one.
pub(crate) fn fits_action(policy: &Policy, name: &str, verb: mohur_wire::Verb) -> bool {
    let fits = |uid: &EntityUid| uid.id().unescaped() == name || uid.id().unescaped() == verb.as_str();
    match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(uid) => fits(&uid),
        ActionConstraint::In(uids) => uids.iter().any(fits),
    }
}

/// Whether a rule's resource can be this service.
pub(crate) fn fits_resource(policy: &Policy, service: &ServiceId) -> bool {
    match policy.resource_constraint() {
        ResourceConstraint::Any | ResourceConstraint::Is(_) => true,
        ResourceConstraint::Eq(uid) => uid.id().unescaped() == service.as_str(),
        ResourceConstraint::In(uid) | ResourceConstraint::IsIn(_, uid) => {
            uid.id().unescaped() == service.as_str() || covers(&uid, service.owner())
        }
    }
}
