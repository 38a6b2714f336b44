//! What an officer sees is part of what the owner's policy names, for random policies and whatever registers answer.
//!
//! Each case is a policy written into files as an officer would write it, published and loaded by broker and host, and a row of
//! signed questions to a register that says random things, also such as nobody asked for. What may be seen is worked out from
//! what the policy was made of, not by the engine.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use mohur_client::{AskError, Question};
use mohur_contract::{BoxFuture, Context, Registry, RegistryError};
use mohur_directory::ServiceEntry;
use mohur_federation::{Federation, ask};
use mohur_host::{Host, HostConfig, RunningHost};
use mohur_wire::answer::Finding;
use mohur_wire::{Answer, Ask, Clock, FieldName, Query, Value, Verb};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};

const AGENCY: &str = "PROP";
const MEMBER: &str = "AZ/GOV/PROP/real-estate";
const CALLERS: [(&str, &str); 3] =
    [("passport-office", "AZ/GOV/MIA/id-cards"), ("bank", "AZ/COM/BANK/credit"), ("border", "AZ/GOV/SBS/border")];
const SERVICES: usize = 3;
const PURPOSES: usize = 3;
const FIELDS: usize = 8;
const VERBS: [Verb; 2] = [Verb::Read, Verb::Match];

/// A group of fields: which fields, and the verbs that may touch them.
#[derive(Clone, Debug)]
struct Group {
    fields: BTreeSet<usize>,
    verbs: Vec<Verb>,
}

/// A rule of the file: whom, for what, and which verbs of which groups.
#[derive(Clone, Debug)]
struct Rule {
    permits: bool,
    service: usize,
    caller: usize,
    purpose: usize,
    actions: BTreeSet<(usize, usize)>,
}

#[derive(Clone, Debug)]
struct Policy {
    claimants: Vec<BTreeSet<usize>>,
    groups: Vec<Vec<Group>>,
    masked: BTreeSet<usize>,
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Asked {
    service: usize,
    caller: usize,
    purpose: usize,
    verb: Verb,
    fields: BTreeSet<usize>,
    answer: Option<BTreeMap<usize, Value>>,
    like: Option<prop::sample::Index>,
}

fn some_of(count: usize) -> impl Strategy<Value = BTreeSet<usize>> {
    proptest::collection::btree_set(0..count, 1..=count)
}

/// Each field in one of two groups, or in none.
fn groups() -> impl Strategy<Value = Vec<Group>> {
    let verbs = proptest::sample::subsequence(VERBS.to_vec(), 1..=VERBS.len());
    let places = proptest::collection::vec(0_usize..3, FIELDS);
    (places, verbs.clone(), verbs).prop_map(|(places, one, other)| {
        let fields = |group| (0..FIELDS).filter(|field| places[*field] == group).collect();
        vec![Group { fields: fields(0), verbs: one }, Group { fields: fields(1), verbs: other }]
    })
}

fn rule() -> impl Strategy<Value = Rule> {
    let actions = proptest::collection::btree_set((0..VERBS.len(), 0..2_usize), 1..=4);
    (proptest::bool::weighted(0.8), 0..SERVICES, 0..CALLERS.len(), 0..PURPOSES, actions)
        .prop_map(|(permits, service, caller, purpose, actions)| Rule { permits, service, caller, purpose, actions })
}

fn policy() -> impl Strategy<Value = Policy> {
    (
        proptest::collection::vec(some_of(CALLERS.len()), PURPOSES),
        proptest::collection::vec(groups(), SERVICES),
        proptest::collection::btree_set(0..FIELDS, 0..4),
        proptest::collection::vec(rule(), 4..16),
    )
        .prop_map(|(claimants, groups, masked, rules)| Policy { claimants, groups, masked, rules }.sound())
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::Flag),
        (-9_i64..9).prop_map(Value::Number),
        "[0-9]{4}-[0-9]{2}-[0-9]{2}".prop_map(Value::text),
        "[a-zə]{0,6}".prop_map(Value::text),
        proptest::sample::select(vec!["match", "mismatch", "unknown"]).prop_map(Value::text),
    ]
}

/// Most questions are aimed at a rule ([`Policy::aim`]), or nothing would ever be answered.
fn asked() -> impl Strategy<Value = Asked> {
    let answer = proptest::option::weighted(0.9, proptest::collection::btree_map(0..FIELDS, value(), 0..=FIELDS));
    let like = proptest::option::weighted(0.7, any::<prop::sample::Index>());
    let whom = (0..SERVICES, 0..CALLERS.len(), 0..PURPOSES);
    (whom, proptest::sample::select(VERBS.to_vec()), some_of(FIELDS), answer, like).prop_map(
        |((service, caller, purpose), verb, fields, answer, like)| Asked {
            service,
            caller,
            purpose,
            verb,
            fields,
            answer,
            like,
        },
    )
}

/// What a match is mostly answered with.
fn verdicts(asked: &Asked) -> BTreeMap<usize, Value> {
    let verdict = |field: usize| ["match", "mismatch", "unknown"][(field + asked.service) % 3];
    asked.fields.iter().map(|field| (*field, Value::text(verdict(*field)))).collect()
}

impl Policy {
    /// Drops what no officer could load: rules that can never apply, and actions that no group has.
    fn sound(mut self) -> Self {
        let (claimants, groups) = (&self.claimants, &self.groups);
        for rule in &mut self.rules {
            rule.actions.retain(|(verb, group)| {
                let group = &groups[rule.service][*group];
                !group.fields.is_empty() && group.verbs.contains(&VERBS[*verb])
            });
        }
        self.rules.retain(|rule| !rule.actions.is_empty() && claimants[rule.purpose].contains(&rule.caller));
        self
    }

    /// Makes the question one that a rule speaks of.
    fn aim(&self, mut asked: Asked) -> Asked {
        let Some(like) = asked.like.filter(|_| !self.rules.is_empty()) else { return asked };
        let rule = &self.rules[like.index(self.rules.len())];
        (asked.service, asked.caller, asked.purpose) = (rule.service, rule.caller, rule.purpose);
        asked.verb = VERBS[rule.actions.iter().next().unwrap().0];
        if asked.verb == Verb::Match && asked.answer.is_some() {
            asked.answer = Some(verdicts(&asked));
        }
        asked
    }

    /// Whether the policy names this field for this question.
    fn names(&self, asked: &Asked, field: usize) -> bool {
        let verb = VERBS.iter().position(|verb| *verb == asked.verb).unwrap();
        let group = self.groups[asked.service]
            .iter()
            .position(|group| group.fields.contains(&field) && group.verbs.contains(&asked.verb));
        let Some(group) = group else { return false };
        let about = |rule: &&Rule| {
            (rule.service, rule.caller, rule.purpose) == (asked.service, asked.caller, asked.purpose)
                && rule.actions.contains(&(verb, group))
        };
        self.claimants[asked.purpose].contains(&asked.caller)
            && self.rules.iter().filter(about).any(|rule| rule.permits)
            && !self.rules.iter().filter(about).any(|rule| !rule.permits)
    }

    /// What the officer may see at the very most: the register's own values of what is asked and named, masked.
    fn bound(&self, asked: &Asked) -> BTreeMap<FieldName, Value> {
        let held = asked.answer.iter().flatten().filter(|(field, _)| asked.fields.contains(*field));
        let seen = held.filter(|(field, _)| self.names(asked, **field)).map(|(field, value)| {
            let masked = asked.verb == Verb::Read && self.masked.contains(field);
            (name(*field), if masked { yes_or_no(value) } else { value.clone() })
        });
        seen.collect()
    }

    /// The policy's files.
    fn write(&self, folder: &std::path::Path) {
        let mut purposes = String::new();
        for (purpose, claimants) in self.claimants.iter().enumerate() {
            let claimants: Vec<_> = claimants.iter().map(|caller| CALLERS[*caller].1).collect();
            write!(
                purposes,
                "[p{purpose}]\nuri = \"https://purposes.example/p{purpose}\"\nlaw = \"Law {purpose}\"\n\
                 dpv = \"dpv:Verification\"\nclaimants = {claimants:?}\nretention-days = 1\ncase-required = false\n"
            )
            .unwrap();
        }
        fs::write(folder.join("purposes.toml"), purposes).unwrap();
        fs::write(folder.join("release.toml"), self.release()).unwrap();
        fs::write(folder.join("rules.cedar"), self.cedar()).unwrap();
    }

    fn release(&self) -> String {
        let mut text = String::new();
        for (service, groups) in self.groups.iter().enumerate() {
            write!(text, "[[service]]\nid = \"{MEMBER}/s{service}/v1\"\n").unwrap();
            let named = |fields: &BTreeSet<usize>| fields.iter().map(|field| format!("f{field}")).collect::<Vec<_>>();
            let groups = || groups.iter().enumerate().filter(|(_, group)| !group.fields.is_empty());
            let readable: BTreeSet<_> =
                groups().filter(|(_, g)| g.verbs.contains(&Verb::Read)).flat_map(|(_, g)| g.fields.clone()).collect();
            for (index, group) in groups() {
                let verbs: Vec<_> = group.verbs.iter().map(|verb| verb.as_str()).collect();
                let fields = named(&group.fields);
                write!(text, "[[service.group]]\nname = \"g{index}\"\nverbs = {verbs:?}\nfields = {fields:?}\n")
                    .unwrap();
            }
            if groups().next().is_none() {
                text.push_str("[[service.group]]\nname = \"none\"\nverbs = [\"verify\"]\nfields = [\"nothing\"]\n");
            }
            text.push_str("[service.masks]\n");
            for field in self.masked.intersection(&readable) {
                writeln!(text, "f{field} = \"yes-no\"").unwrap();
            }
        }
        text
    }

    fn cedar(&self) -> String {
        let mut text = String::new();
        for (index, rule) in self.rules.iter().enumerate() {
            let action = |(verb, group): &(usize, usize)| format!("Action::\"{}:g{group}\"", VERBS[*verb].as_str());
            let actions: Vec<_> = rule.actions.iter().map(action).collect();
            let effect = if rule.permits { "permit" } else { "forbid" };
            write!(
                text,
                "@id(\"rule-{index}\")\n@law(\"Law\")\n@note(\"Note.\")\n{effect} (\n  principal == Member::\"{}\",\n  \
                 action in [{}],\n  resource == Service::\"{MEMBER}/s{}/v1\"\n) when {{ context.purpose == \
                 Purpose::\"p{}\" }};\n",
                CALLERS[rule.caller].1,
                actions.join(", "),
                rule.service,
                rule.purpose
            )
            .unwrap();
        }
        text
    }
}

fn service(number: usize) -> ServiceEntry {
    ServiceEntry { code: format!("s{number}"), version: "v1".to_owned(), verbs: VERBS.to_vec() }
}

fn name(field: usize) -> FieldName {
    format!("f{field}").parse().unwrap()
}

/// The mask, written once more: the release has its own.
fn yes_or_no(value: &Value) -> Value {
    Value::Flag(match value {
        Value::Flag(flag) => *flag,
        Value::Number(number) => *number != 0,
        Value::Text(text) => !text.is_empty(),
    })
}

/// A register that answers what it is told to.
#[derive(Default)]
struct Register(Mutex<Option<BTreeMap<usize, Value>>>);

impl Registry for Register {
    fn services(&self) -> Vec<String> {
        (0..SERVICES).map(|service| format!("s{service}/v1")).collect()
    }

    fn answer<'a>(&'a self, query: &'a Query, _: &'a Context) -> BoxFuture<'a, Result<Answer, RegistryError>> {
        let found = self.0.lock().unwrap().clone();
        let fields = found.map(|fields| fields.into_iter().map(|(field, value)| (name(field), value)).collect());
        let finding = fields.map_or(Finding::Absent, Finding::Found);
        Box::pin(async move { Ok(Answer { subject: query.subject.clone(), finding }) })
    }

    fn health<'a>(&'a self, _: &'a Context) -> BoxFuture<'a, Result<(), RegistryError>> {
        Box::pin(async { Ok(()) })
    }
}

/// Writes and publishes a policy, and starts the owner's host under it.
async fn under(federation: &mut Federation, policy: &Policy, register: &Arc<Register>) -> RunningHost {
    let folder = federation.nation.path(&format!("policy/{AGENCY}"));
    policy.write(&folder);
    mohur_policy_bundle::seal(&folder, None).unwrap();
    let services = |directory: &mut mohur_directory::Directory| {
        let owner = directory.members.iter_mut().find(|member| member.id.as_str() == MEMBER).unwrap();
        owner.services = (0..SERVICES).map(service).collect();
    };
    federation.publish(services).await;
    let clock: Arc<dyn Clock> = Arc::<mohur_federation::MovableClock>::clone(&federation.clock);
    let mut attempt = 0;
    loop {
        let (config, _) = HostConfig::load(&federation.nation.path("hosts/real-estate/host.toml")).unwrap();
        let registry: Arc<dyn Registry> = Arc::<Register>::clone(register);
        match Box::pin(Host::start(config, registry, Arc::clone(&clock))).await {
            Ok(host) => return host,
            // The one before lets the state's file and the port go a moment later.
            Err(error) => assert!(attempt < 100, "{error}"),
        }
        attempt += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn question(federation: &Federation, asked: &Asked) -> Question {
    let fields = asked.fields.iter().map(|field| name(*field));
    let operands = match asked.verb {
        Verb::Match => Ask::Match(fields.map(|field| (field, Value::text("x"))).collect()),
        Verb::Read | Verb::Verify | Verb::Change => Ask::Read(fields.collect()),
    };
    let service = format!("{MEMBER}/s{}/v1", asked.service);
    ask::question(&service, federation.citizen().fin, &format!("p{}", asked.purpose), operands)
}

/// Everything that is disclosed in an owner's sealed answer, as the bytes say it.
fn disclosed(sealed: &str) -> BTreeMap<String, serde_json::Value> {
    let parts: Vec<_> = sealed.split('~').skip(1).filter(|part| !part.is_empty()).collect();
    let read = |part: &&str| serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    parts.iter().map(read).map(|(_, name, value): (String, String, serde_json::Value)| (name, value)).collect()
}

#[test]
fn what_an_officer_sees_is_part_of_what_the_policy_names() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let federation = runtime.block_on(async {
        let mut federation = Federation::start().await;
        federation.stop_host("real-estate").await;
        fs::remove_file(federation.nation.path(&format!("policy/{AGENCY}/real-estate.cedar"))).unwrap();
        fs::remove_dir_all(federation.nation.path(&format!("policy/{AGENCY}/tests"))).unwrap();
        // Its only service becomes several; a bundle that asked the old one is no longer published.
        fs::remove_file(federation.nation.path("policy/MIA/bundles/issue-id-document-own-home.toml")).unwrap();
        mohur_policy_bundle::seal(&federation.nation.path("policy/MIA"), None).unwrap();
        federation
    });
    let federation = Mutex::new(federation);
    let seen = Mutex::new([0_usize; 3]);
    let config = Config { cases: 10, max_shrink_iters: 0, failure_persistence: None, ..Config::default() };
    let cases = (policy(), proptest::collection::vec(asked(), 24));
    let outcome = TestRunner::new(config).run(&cases, |(policy, row)| {
        let mut federation = federation.lock().unwrap();
        runtime.block_on(async {
            let register = Arc::new(Register::default());
            let host = under(&mut federation, &policy, &register).await;
            let callers = CALLERS.map(|(name, _)| federation.caller(name));
            for asked in row.into_iter().map(|asked| policy.aim(asked)) {
                let asked = &asked;
                *register.0.lock().unwrap() = asked.answer.clone();
                let bound = policy.bound(asked);
                let permitted = asked.fields.iter().any(|field| policy.names(asked, *field));
                match callers[asked.caller].ask(question(&federation, asked)).await {
                    Ok(answered) => {
                        prop_assert!(permitted, "answered without a permit: {asked:?}");
                        for (name, value) in answered.answer.fields() {
                            prop_assert_eq!(bound.get(name), Some(value), "{}", name);
                        }
                        let told = disclosed(&answered.sealed);
                        let fields: BTreeSet<_> = answered.answer.fields().keys().map(ToString::to_string).collect();
                        prop_assert_eq!(told.keys().cloned().collect::<BTreeSet<_>>(), fields);
                        seen.lock().unwrap()[usize::from(!told.is_empty())] += 1;
                    }
                    Err(AskError::Refused(_)) => seen.lock().unwrap()[2] += 1,
                    Err(other) => prop_assert!(false, "{other}"),
                }
            }
            host.shutdown().await;
            Ok(())
        })
    });
    if let Err(TestError::Fail(reason, (policy, _))) = &outcome {
        panic!("{reason}\n{policy:?}");
    }
    outcome.unwrap();
    // All three happened often: answers that say something, answers that say nothing, refusals.
    let [empty, told, refused] = *seen.lock().unwrap();
    assert!(told > 20 && refused > 20, "{empty} empty, {told} told, {refused} refused");
}
