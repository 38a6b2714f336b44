//! `tests/*.toml`: facts, and the decision that the officer expects.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::str::FromStr;

use mohur_config::Table;
use mohur_policy::{AgencyPolicy, Decision, Facts, Mask, Obligation, PolicySet, Problem, Rule, decide};
use mohur_wire::{FieldName, Timestamp};

use crate::PolicyErrors;
use crate::errors::problems_of;
use crate::files::{Files, GOVERNANCE};
use crate::names::{OperationName, VerbName, Words};

/// When a case happens that does not say when.
const AT: &str = "2026-01-01T00:00:00Z";

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it is about.
    pub name: String,
    /// The file.
    pub file: String,
    /// The line where it begins.
    pub line: usize,
    /// The facts.
    pub facts: Facts,
    /// The outcome.
    pub expected: Expected,
    /// Exactly the fields that are released, if the case says.
    pub released: Option<BTreeSet<FieldName>>,
    /// Exactly the masks, if the case says.
    pub masks: Option<BTreeMap<FieldName, Mask>>,
    /// Exactly the obligations, if the case says.
    pub obligations: Option<BTreeSet<Obligation>>,
    /// Rules (`@id`) that must be among the reasons.
    pub because: Vec<String>,
}

/// The outcome that a case expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Something is released.
    Permitted,
    /// Nothing is: the policy does not allow it.
    Denied,
    /// Nothing is: the policy cannot be applied.
    Unavailable,
}

/// A case that did not come out as expected.
#[derive(Clone, Debug)]
pub struct CaseFailure {
    /// Where the case stands, and what came out instead.
    pub problem: Problem,
    /// The decision's reasons, for the officer.
    pub reasons: Vec<String>,
}

/// What the tests of a folder showed.
#[derive(Clone, Debug)]
pub struct Report {
    /// How many cases ran.
    pub cases: usize,
    /// Those that did not come out as expected.
    pub failures: Vec<CaseFailure>,
    /// How many rules the folder holds.
    pub rules: usize,
    /// The rules that no case's decision rested on.
    pub uncovered: Vec<Rule>,
}

/// Runs the tests of a folder: an agency's against its own policy, those of an agency without services against all
/// agencies in the folder around it, and the governance's against the same agencies as if they permitted everything.
pub fn run_tests(folder: &Path) -> Result<Report, PolicyErrors> {
    let mut problems = Vec::new();
    let files = Files::read(folder, &mut problems);
    let cases = read(&files, &mut problems);
    let cases = PolicyErrors::or(Some(cases), problems, folder)?;
    let (policies, own) = policies_for(folder, &files, &cases)?;
    let set = PolicySet::of(policies);
    let mut failures = Vec::new();
    let mut seen = BTreeSet::new();
    for case in &cases {
        let decision = decide(&set, &case.facts);
        seen.extend(decision.reasons.iter().map(|reason| reason.place.to_string()));
        failures.extend(judge(case, &decision));
    }
    let uncovered = own.iter().filter(|rule| !seen.contains(&*rule.place)).cloned().collect();
    Ok(Report { cases: cases.len(), failures, rules: own.len(), uncovered })
}

/// The policies that decide on the cases, and the rules that the cases are to cover.
fn policies_for(folder: &Path, files: &Files, cases: &[Case]) -> Result<(Vec<AgencyPolicy>, Vec<Rule>), PolicyErrors> {
    let root = || folder.canonicalize().ok().and_then(|real| real.parent().map(Path::to_owned)).unwrap_or_default();
    if files.name == GOVERNANCE {
        let generous = crate::load::load_generous(&root(), cases)?;
        let own = rules(&generous, true);
        return Ok((generous, own));
    }
    let policies = vec![crate::load_agency(folder)?];
    let own = rules(&policies, false);
    // The cases of an agency's bundles ask others as well; their rules are not its to cover.
    let offered = |case: &Case| policies.iter().flat_map(AgencyPolicy::services).any(|own| *own == case.facts.service);
    if cases.iter().all(offered) { Ok((policies, own)) } else { Ok((crate::load_all(&root())?, own)) }
}

fn rules(policies: &[AgencyPolicy], governance: bool) -> Vec<Rule> {
    let rules = policies.iter().flat_map(AgencyPolicy::rules).filter(|rule| rule.governance == governance);
    let found: BTreeMap<String, Rule> = rules.map(|rule| (rule.place.to_string(), Rule::clone(rule))).collect();
    found.into_values().collect()
}

fn judge(case: &Case, decision: &Decision) -> Option<CaseFailure> {
    let mut wrong = Vec::new();
    let got = Expected::of(decision);
    if got != case.expected {
        wrong.push(format!("expected {}, got {}", case.expected, got));
    }
    let released: BTreeSet<FieldName> = decision.fields.keys().cloned().collect();
    if let Some(expected) = case.released.as_ref().filter(|expected| **expected != released) {
        wrong.push(format!("expected the fields [{}], got [{}]", list(expected), list(&released)));
    }
    let masks: BTreeMap<_, _> =
        decision.fields.iter().filter_map(|(name, mask)| mask.map(|mask| (name.clone(), mask))).collect();
    if case.masks.as_ref().is_some_and(|expected| *expected != masks) {
        let masks = masks.iter().map(|(name, mask)| format!("{name} = {mask}"));
        wrong.push(format!("the masks are [{}]", list(masks)));
    }
    if case.obligations.as_ref().is_some_and(|expected| *expected != decision.obligations) {
        wrong.push(format!("the obligations are [{}]", list(&decision.obligations)));
    }
    for rule in &case.because {
        if !decision.reasons.iter().any(|reason| *reason.rule == **rule) {
            wrong.push(format!("the rule {rule} took no part"));
        }
    }
    if wrong.is_empty() {
        return None;
    }
    let what = format!("{}: {}; correct the rule or the case", case.name, wrong.join(", "));
    let reasons = decision.reasons.iter().map(ToString::to_string);
    let reasons = reasons.chain(decision.failed.iter().map(ToString::to_string)).collect();
    Some(CaseFailure { problem: Problem::new(case.file.clone(), case.line, what), reasons })
}

fn list(items: impl IntoIterator<Item = impl std::fmt::Display>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

impl Expected {
    /// The outcome of a decision.
    pub const fn of(decision: &Decision) -> Self {
        if decision.failed.is_some() {
            Self::Unavailable
        } else if decision.permitted {
            Self::Permitted
        } else {
            Self::Denied
        }
    }
}

impl std::fmt::Display for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Permitted => "permitted",
            Self::Denied => "denied",
            Self::Unavailable => "unavailable",
        })
    }
}

/// A text that names no outcome.
#[derive(Debug, thiserror::Error)]
#[error("write permitted, denied or unavailable")]
pub struct UnknownOutcome;

impl FromStr for Expected {
    type Err = UnknownOutcome;

    fn from_str(text: &str) -> Result<Self, UnknownOutcome> {
        let all = [Self::Permitted, Self::Denied, Self::Unavailable];
        all.into_iter().find(|outcome| outcome.to_string() == text).ok_or(UnknownOutcome)
    }
}

/// What is wrong with the cases' files.
pub(crate) fn check(files: &Files, problems: &mut Vec<Problem>) {
    read(files, problems);
}

fn read(files: &Files, problems: &mut Vec<Problem>) -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, text) in files.in_folder("tests/") {
        let path = files.path(name);
        let read = mohur_config::parse(&path, text, |table| {
            let tables = table.tables("case");
            let path = path.display().to_string();
            Some(tables.into_iter().filter_map(|mut case| read_case(&mut case, &path)).collect::<Vec<_>>())
        });
        match read {
            Ok(read) => cases.extend(read),
            Err(errors) => problems.extend(problems_of(&errors)),
        }
    }
    cases
}

fn read_case(table: &mut Table, file: &str) -> Option<Case> {
    let name = table.required::<Words>("name");
    let facts = read_facts(table);
    let expected = table.required("expect");
    let released = table.has("released").then(|| table.list("released").into_iter().collect());
    let masks = read_masks(table);
    let obligations = table.has("obligations").then(|| table.list("obligations").into_iter().collect());
    let because = table.list("because");
    let (file, line) = (file.to_owned(), table.line());
    Some(Case { name: name?.0, file, line, facts: facts?, expected: expected?, released, masks, obligations, because })
}

fn read_masks(table: &mut Table) -> Option<BTreeMap<FieldName, Mask>> {
    let mut inner = table.optional_table("masks")?;
    let mut masks = BTreeMap::new();
    for name in inner.names() {
        let mask = inner.optional::<Mask>(&name);
        match (name.parse(), mask) {
            (Ok(field), Some(mask)) => _ = masks.insert(field, mask),
            (Err(_), _) => inner.error(&name, "is no field's name", "correct it"),
            (Ok::<FieldName, _>(_), None) => {}
        }
    }
    Some(masks)
}

/// Reads facts: a case's, or those of a file that is to be explained.
pub(crate) fn read_facts(table: &mut Table) -> Option<Facts> {
    let caller = table.required("caller");
    let service = table.required("service");
    let verb = table.required::<VerbName>("verb");
    let operation = table.optional::<OperationName>("operation");
    let purpose = table.required("purpose");
    let fields = table.list("fields").into_iter().collect();
    let has_case = table.flag("has-case").unwrap_or(false);
    let on_behalf_of = table.optional("on-behalf-of");
    let bundle = table.optional::<Words>("bundle");
    let encloses = table.flag("encloses").unwrap_or(false);
    let at = if table.has("at") { table.optional::<Timestamp>("at") } else { AT.parse().ok() };
    Some(Facts {
        caller: caller?,
        service: service?,
        verb: verb?.0,
        operation: operation.map(|OperationName(operation)| operation),
        purpose: purpose?,
        fields,
        has_case,
        on_behalf_of,
        bundle: bundle.map(|Words(bundle)| bundle),
        encloses,
        at: at?,
    })
}

/// Reads a file of facts.
pub fn load_facts(path: &Path) -> Result<Facts, PolicyErrors> {
    mohur_config::load(path, read_facts).map_err(|errors| problems_of(&errors).into())
}

/// Reads a text of facts, e.g. one made of a command's options.
pub fn parse_facts(text: &str) -> Result<Facts, PolicyErrors> {
    mohur_config::parse(Path::new("facts"), text, read_facts).map_err(|errors| problems_of(&errors).into())
}
