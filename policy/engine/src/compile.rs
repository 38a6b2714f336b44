//! From declarations and rules to a policy that can decide: parse, check everything, slice.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use cedar_policy::{
    Entities, Entity, EntityId, EntityTypeName, EntityUid, Policy, PolicyId, Schema, ValidationMode, Validator,
};
use miette::Diagnostic;
use mohur_wire::{MemberId, ServiceId};

use crate::memory::Memory;
use crate::model::{PurposeRule, ServiceRelease};
use crate::scope::{self, fits_action, fits_principal, fits_resource};
use crate::set::{Action, Agency, Slice};
use crate::{AgencyId, AgencyModel, AgencyPolicy, Effect, Problem, Rule, Source, agency_schema, governance_schema};

/// The rules above all agencies, parsed and checked. They only forbid.
#[derive(Clone, Default)]
pub struct Governance {
    rules: Vec<Parsed>,
}

/// A rule with what it says of itself.
#[derive(Clone)]
struct Parsed {
    policy: Policy,
    rule: Arc<Rule>,
    path: String,
    line: usize,
}

impl Governance {
    /// Parses and checks the governance rules; every problem at once.
    pub fn compile(sources: &[Source]) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let rules = parse(sources, true, &mut problems);
        for parsed in &rules {
            complain(parsed, &mut problems, |said| scope::check_governance(&parsed.policy, said));
        }
        validate(&rules, &governance_schema(), &mut problems);
        finish(Self { rules }, problems)
    }

    /// Every purpose that a rule names: one of them that no agency declares is a slip.
    pub fn purposes(&self) -> Vec<(String, Problem)> {
        let mut found = Vec::new();
        for parsed in &self.rules {
            for uid in parsed.policy.entity_literals().iter().filter(|uid| scope::is(uid, "Purpose")) {
                let purpose = uid.id().unescaped().to_owned();
                let what = format!("no agency declares the purpose {purpose}; correct the name");
                found.push((purpose, Problem::new(&parsed.path, parsed.line, what)));
            }
        }
        found
    }
}

/// Compiles an agency's policy beneath the governance rules; every problem at once.
pub fn compile(model: AgencyModel, sources: &[Source], governance: &Governance) -> Result<AgencyPolicy, Vec<Problem>> {
    let mut problems = Vec::new();
    let schema = agency_schema(&model);
    let rules = parse(sources, false, &mut problems);
    for parsed in &rules {
        complain(parsed, &mut problems, |said| scope::check_agency(&parsed.policy, &model, &parsed.rule, said));
    }
    validate(&rules, &schema, &mut problems);
    if !problems.is_empty() {
        return finish_problems(problems);
    }
    let rules: Vec<Parsed> = rules.into_iter().chain(governance.rules.iter().cloned()).collect();
    slice(model, &rules, schema).map_err(|what| vec![Problem::new("schema", 0, what)])
}

/// What is wrong with rules whose declarations are wrong themselves: only what does not depend on these.
pub fn check_rules(sources: &[Source]) -> Vec<Problem> {
    let mut problems = Vec::new();
    parse(sources, false, &mut problems);
    problems
}

/// The policy of an owner who permits everything to everybody: what the governance rules forbid even then is what they
/// are tested on. Its digest is zero, so that no directory names it and no host accepts a decision under it.
pub fn compile_generous(mut model: AgencyModel, governance: &Governance) -> Result<AgencyPolicy, Vec<Problem>> {
    let mut problems = Vec::new();
    model.digest = [0; 32];
    let schema = agency_schema(&model);
    let assumed = Source {
        path: "assumed".to_owned(),
        name: "assumed".to_owned(),
        text: "@id(\"assumed\") permit (principal, action, resource);".to_owned(),
    };
    let mut rules = parse(&[assumed], false, &mut problems);
    rules.extend(governance.rules.iter().cloned());
    finish((), problems)?;
    slice(model, &rules, schema).map_err(|what| vec![Problem::new("schema", 0, what)])
}

fn finish<T>(value: T, problems: Vec<Problem>) -> Result<T, Vec<Problem>> {
    if problems.is_empty() { Ok(value) } else { finish_problems(problems) }
}

fn finish_problems<T>(mut problems: Vec<Problem>) -> Result<T, Vec<Problem>> {
    problems.sort();
    problems.dedup();
    Err(problems)
}

/// Runs a check on a rule and puts what it said at the rule's line.
fn complain(parsed: &Parsed, problems: &mut Vec<Problem>, check: impl FnOnce(&mut Vec<String>)) {
    let mut said = Vec::new();
    check(&mut said);
    problems.extend(said.into_iter().map(|what| Problem::new(&parsed.path, parsed.line, what)));
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// The first line that a diagnostic of Cedar's points at.
fn line_in(text: &str, diagnostic: &dyn Diagnostic) -> Option<usize> {
    let label = diagnostic.labels()?.next()?;
    Some(line_of(text, label.offset()))
}

fn sentence(diagnostic: &dyn Diagnostic) -> String {
    match diagnostic.help() {
        Some(help) => format!("{diagnostic}; {help}"),
        None => diagnostic.to_string(),
    }
}

fn parse(sources: &[Source], governance: bool, problems: &mut Vec<Problem>) -> Vec<Parsed> {
    let mut rules = Vec::new();
    let mut ids: HashMap<String, String> = HashMap::new();
    for source in sources {
        let set = match source.text.parse::<cedar_policy::PolicySet>() {
            Ok(set) => set,
            Err(errors) => {
                problems.extend(errors.iter().map(|error| {
                    let line = line_in(&source.text, error).unwrap_or(1);
                    Problem::new(&source.path, line, format!("this is not Cedar: {}", sentence(error)))
                }));
                continue;
            }
        };
        for template in set.templates() {
            let what = "a rule with ?principal or ?resource is a template; write the member and the service";
            let line = template.as_ref().loc().map_or(0, |loc| line_of(&source.text, loc.start()));
            problems.push(Problem::new(&source.path, line, what));
        }
        for policy in set.policies() {
            let parsed = parse_rule(source, policy, governance, problems);
            if let Some(first) = ids.insert(parsed.rule.id.to_string(), parsed.rule.place.to_string())
                && !parsed.rule.id.is_empty()
            {
                let what = format!("@id(\"{}\") stands at {first} already; give each rule its own", parsed.rule.id);
                problems.push(Problem::new(&source.path, parsed.line, what));
            }
            rules.push(parsed);
        }
    }
    rules.sort_by(|one, other| (&one.path, one.line).cmp(&(&other.path, other.line)));
    rules
}

fn parse_rule(source: &Source, policy: &Policy, governance: bool, problems: &mut Vec<Problem>) -> Parsed {
    let offset = policy.as_ref().loc().map_or(0, |loc| loc.start());
    let line = line_of(&source.text, offset);
    let mut said = Vec::new();
    let annotations = scope::annotations(policy, &mut said);
    problems.extend(said.into_iter().map(|(offset, what)| {
        Problem::new(&source.path, offset.map_or(line, |offset| line_of(&source.text, offset)), what)
    }));
    let place: Arc<str> = format!("{}:{line}", source.name).into();
    let effect = match policy.effect() {
        cedar_policy::Effect::Permit => Effect::Permit,
        cedar_policy::Effect::Forbid => Effect::Forbid,
    };
    let text = if annotations.note.is_empty() { annotations.law } else { annotations.note };
    let rule = Rule {
        place: place.clone(),
        id: annotations.id.into(),
        effect,
        text: text.into(),
        obligations: annotations.obligations,
        masks: annotations.masks,
        governance,
    };
    // Two rules may stand on one line: what tells them apart is where they begin.
    let id = PolicyId::new(format!("{}@{offset}", source.name));
    Parsed { policy: policy.new_id(id), rule: Arc::new(rule), path: source.path.clone(), line }
}

/// Cedar's strict validation; warnings count as problems: a rule that can never apply is a slip.
fn validate(rules: &[Parsed], schema: &str, problems: &mut Vec<Problem>) {
    let (schema, set) = match (Schema::from_cedarschema_str(schema), set_of(rules.iter())) {
        (Ok((schema, _)), Ok(set)) => (schema, set),
        (Err(error), _) => {
            problems.push(Problem::new("schema", 0, format!("the generated schema does not parse: {error}")));
            return;
        }
        (_, Err(what)) => {
            problems.push(Problem::new("schema", 0, what));
            return;
        }
    };
    let result = Validator::new(schema).validate(&set, ValidationMode::Strict);
    let errors = result.validation_errors().map(|error| (error.policy_id(), error as &dyn Diagnostic));
    let warnings = result.validation_warnings().map(|warning| (warning.policy_id(), warning as &dyn Diagnostic));
    for (id, diagnostic) in errors.chain(warnings) {
        let Some(parsed) = rules.iter().find(|parsed| parsed.policy.id() == id) else { continue };
        let text = parsed.policy.as_ref().loc().map_or("", |loc| &loc.src);
        let line = line_in(text, diagnostic).unwrap_or(parsed.line);
        let what = sentence(diagnostic).replace(&format!("for policy `{id}`, "), "");
        problems.push(Problem::new(&parsed.path, line, what));
    }
}

fn set_of<'a>(rules: impl Iterator<Item = &'a Parsed>) -> Result<cedar_policy::PolicySet, String> {
    cedar_policy::PolicySet::from_policies(rules.map(|parsed| parsed.policy.clone())).map_err(|error| error.to_string())
}

/// Cedar's names, made once.
struct Names {
    class: EntityTypeName,
    agency: EntityTypeName,
    member: EntityTypeName,
    service: EntityTypeName,
    purpose: EntityTypeName,
    action: EntityTypeName,
}

impl Names {
    fn new() -> Result<Self, String> {
        let name = |text: &str| text.parse::<EntityTypeName>().map_err(|error| error.to_string());
        Ok(Self {
            class: name("MemberClass")?,
            agency: name("Agency")?,
            member: name("Member")?,
            service: name("Service")?,
            purpose: name("Purpose")?,
            action: name("Action")?,
        })
    }
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

fn slice(model: AgencyModel, rules: &[Parsed], schema: String) -> Result<AgencyPolicy, String> {
    let names = Names::new()?;
    let agency = Arc::new(Agency {
        entities: entities(&model, &names)?,
        members: members(&model).map(|member| (member.clone(), uid(&names.member, member.as_str()))).collect(),
        purposes: purposes(model.purposes, &names),
        id: model.agency,
        version: model.version,
        digest: model.digest,
    });
    let mut slices = Vec::new();
    for (service, release) in model.services {
        let slice = slice_service(&agency, &service, release, rules, &names)?;
        slices.push((service, Arc::new(slice)));
    }
    let rules = rules.iter().map(|parsed| parsed.rule.clone()).collect();
    Ok(AgencyPolicy { agency, slices, rules, schema })
}

fn purposes(
    declared: BTreeMap<mohur_wire::Purpose, PurposeRule>,
    names: &Names,
) -> HashMap<mohur_wire::Purpose, (PurposeRule, EntityUid)> {
    let named = |name: mohur_wire::Purpose, rule| {
        let uid = uid(&names.purpose, name.as_str());
        (name, (rule, uid))
    };
    declared.into_iter().map(|(name, rule)| named(name, rule)).collect()
}

/// Everyone that a decision can be about: whoever may claim a purpose, and whom they may act for.
fn members(model: &AgencyModel) -> impl Iterator<Item = &MemberId> {
    let all: BTreeSet<_> =
        model.purposes.values().flat_map(|purpose| purpose.claimants.iter().chain(&purpose.acts_for)).collect();
    all.into_iter()
}

fn entities(model: &AgencyModel, names: &Names) -> Result<Entities, String> {
    let mut all: HashMap<EntityUid, HashSet<EntityUid>> = HashMap::new();
    let owners = model.services.keys().map(ServiceId::owner);
    for member in members(model).chain(owners) {
        let agency = AgencyId::of(member);
        let (class, group) = (uid(&names.class, agency.class()), uid(&names.agency, agency.as_str()));
        all.insert(uid(&names.member, member.as_str()), HashSet::from([group.clone()]));
        all.insert(group, HashSet::from([class.clone()]));
        all.insert(class, HashSet::new());
    }
    for (service, release) in &model.services {
        let owner = uid(&names.member, service.owner().as_str());
        all.insert(uid(&names.service, service.as_str()), HashSet::from([owner]));
        for (name, verb, _) in release.actions() {
            let group = uid(&names.action, verb.as_str());
            all.insert(uid(&names.action, &name), HashSet::from([group.clone()]));
            all.insert(group, HashSet::new());
        }
    }
    let all = all.into_iter().map(|(uid, parents)| Entity::new_no_attrs(uid, parents));
    Entities::from_entities(all, None).map_err(|error| error.to_string())
}

fn slice_service(
    agency: &Arc<Agency>,
    service: &ServiceId,
    release: ServiceRelease,
    rules: &[Parsed],
    names: &Names,
) -> Result<Slice, String> {
    let rules: Vec<&Parsed> = rules.iter().filter(|parsed| fits_resource(&parsed.policy, service)).collect();
    let mut actions = Vec::new();
    let mut by_field: HashMap<_, HashMap<_, usize>> = HashMap::new();
    for (name, verb, fields) in release.actions() {
        let mut by_caller = HashMap::new();
        for caller in agency.members.keys() {
            let fitting = rules
                .iter()
                .copied()
                .filter(|parsed| fits_action(&parsed.policy, &name, verb) && fits_principal(&parsed.policy, caller));
            by_caller.insert(caller.clone(), set_of(fitting)?);
        }
        if verb != mohur_wire::Verb::Change {
            let index = actions.len();
            by_field.entry(verb).or_default().extend(fields.iter().map(|field| (field.clone(), index)));
        }
        actions.push(Action {
            uid: uid(&names.action, &name),
            name: name.into(),
            fields: fields.clone(),
            rules: by_caller,
            memory: Memory::default(),
        });
    }
    // The changes follow the groups, in their own order.
    let first = actions.len() - release.changes.len();
    let by_operation = release.changes.iter().enumerate().map(|(at, change)| (change.operation, first + at)).collect();
    let rules = rules.iter().map(|parsed| (parsed.policy.id().to_string(), parsed.rule.clone())).collect();
    let resource = uid(&names.service, service.as_str());
    Ok(Slice { agency: agency.clone(), resource, release, actions, by_field, by_operation, rules })
}

#[cfg(test)]
mod tests;
