//! `mohur policy explain`: one decision, for the officer who owns the rules.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use mohur_policy::{AgencyPolicy, Decision, Facts, PolicySet, decide};
use mohur_policy_bundle::{is_agency_folder, load_agency, load_all, load_facts, parse_facts};
use mohur_wire::FieldName;
use serde_json::json;

use super::{hex, wrong};
use crate::output::{CliError, Exit, Output};

const EXAMPLES: &str = "\
Examples:
  mohur policy explain --caller AZ/GOV/MIA/id-cards --service AZ/GOV/MOH/health-card/vitals/v1 \\
      --verb read --field bloodGroup --field height --purpose issue-id-document --has-case
  mohur policy explain --caller AZ/COM/BANK/credit --service AZ/GOV/MOH/health-card/vitals/v1 \\
      --verb read --field bloodGroup --purpose credit-check --has-case
  mohur policy explain --facts facts.toml

A facts file holds the same words: caller, service, verb, operation, purpose, fields, has-case, on-behalf-of, bundle, at.";

/// Explain one decision.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// One agency's folder, or the one around them all.
    #[arg(long, default_value = "policy/agencies")]
    policies: PathBuf,
    /// A file with the facts, instead of the options below.
    #[arg(long, conflicts_with_all = ["caller", "service", "verb", "purpose"])]
    facts: Option<PathBuf>,
    /// Who asks, e.g. AZ/GOV/MIA/id-cards.
    #[arg(long, required_unless_present = "facts")]
    caller: Option<String>,
    /// What is asked, e.g. AZ/GOV/MOH/health-card/vitals/v1.
    #[arg(long, required_unless_present = "facts")]
    service: Option<String>,
    /// read, match, verify or change.
    #[arg(long, required_unless_present = "facts")]
    verb: Option<String>,
    /// A field (again for each further one).
    #[arg(long = "field", conflicts_with = "facts")]
    fields: Vec<String>,
    /// For a change: reserve, consume or release.
    #[arg(long, conflicts_with = "facts")]
    operation: Option<String>,
    /// Why, by a name in the owner's purposes.toml.
    #[arg(long, required_unless_present = "facts")]
    purpose: Option<String>,
    /// The query carries a case reference.
    #[arg(long, conflicts_with = "facts")]
    has_case: bool,
    /// The body that the caller acts for.
    #[arg(long, conflicts_with = "facts")]
    on_behalf_of: Option<String>,
    /// The bundle that the query is a leg of.
    #[arg(long, conflicts_with = "facts")]
    bundle: Option<String>,
    /// The moment, RFC 3339.
    #[arg(long, conflicts_with = "facts", default_value = "2026-01-01T00:00:00Z")]
    at: String,
}

pub(super) fn run(args: Args, out: &Output) -> Result<ExitCode, CliError> {
    let facts = facts(&args)?;
    let agencies = if is_agency_folder(&args.policies) {
        vec![load_agency(&args.policies).map_err(wrong)?]
    } else {
        load_all(&args.policies).map_err(wrong)?
    };
    let owner = agencies.iter().find(|agency| agency.agency().owns(&facts.service)).map(AgencyPolicy::version);
    let policies = PolicySet::of(agencies);
    let decision = decide(&policies, &facts);
    let rows = rows(&policies, &facts, &decision);
    out.say(human(&facts, &decision, owner, &rows), &document(&facts, &decision, owner, &rows));
    Ok(if decision.permitted { ExitCode::SUCCESS } else { Exit::Negative.into() })
}

/// The options go through the same reader as a file of facts, so that they are checked the same way.
fn facts(args: &Args) -> Result<Facts, CliError> {
    if let Some(path) = &args.facts {
        return load_facts(path).map_err(wrong);
    }
    let mut words = BTreeMap::from([("at", json!(args.at)), ("has-case", json!(args.has_case))]);
    let texts = [
        ("caller", &args.caller),
        ("service", &args.service),
        ("verb", &args.verb),
        ("operation", &args.operation),
        ("purpose", &args.purpose),
        ("on-behalf-of", &args.on_behalf_of),
        ("bundle", &args.bundle),
    ];
    words.extend(texts.into_iter().filter_map(|(name, text)| Some((name, json!(text.as_ref()?)))));
    words.insert("fields", json!(args.fields));
    let text: String = words.iter().map(|(name, value)| format!("{name} = {value}\n")).collect();
    parse_facts(&text).map_err(|errors| {
        let said: Vec<_> = errors.as_slice().iter().map(|problem| format!("--{}", problem.what)).collect();
        CliError::usage(said.join("\n"))
    })
}

fn outcome(decision: &Decision) -> String {
    match (&decision.failed, decision.refusal()) {
        (Some(failure), _) => format!("REFUSED, the policy cannot be applied: {failure}"),
        (None, Some(code)) => format!("REFUSED (the caller is told: {code})"),
        (None, None) => "PERMITTED".to_owned(),
    }
}

/// A field, asked for or answered, and what becomes of it.
struct Row {
    field: String,
    released: String,
    by: String,
}

/// A field's reasons are those of the query for it alone.
fn rows(policies: &PolicySet, facts: &Facts, decision: &Decision) -> Vec<Row> {
    let fields: BTreeSet<_> = facts.fields.iter().chain(decision.fields.keys()).collect();
    let row = |field: &FieldName| {
        let mut alone = facts.clone();
        alone.fields.retain(|name| name == field);
        let reasons = decide(policies, &alone).reasons;
        let by = reasons.iter().map(|reason| match (&*reason.place, &*reason.rule) {
            ("", _) => reason.text.to_string(),
            (place, "") => format!("{place}: {}", reason.text),
            (place, rule) => format!("{place} {rule}"),
        });
        let released = match decision.fields.get(field) {
            None => "no".to_owned(),
            Some(None) => "yes".to_owned(),
            Some(Some(mask)) => format!("masked: {mask}"),
        };
        Row { field: field.to_string(), released, by: by.collect::<Vec<_>>().join(", ") }
    };
    fields.into_iter().map(row).collect()
}

fn human(facts: &Facts, decision: &Decision, version: Option<u64>, rows: &[Row]) -> String {
    let mut text = outcome(decision);
    let operation = facts.operation.map(|operation| json!(operation));
    let operation = operation.as_ref().and_then(serde_json::Value::as_str).map(|name| format!(":{name}"));
    let verb = format!("{}{}", facts.verb, operation.unwrap_or_default());
    let _ = writeln!(text, "\n  {} asks to {verb} at {} for {}", facts.caller, facts.service, facts.purpose);
    if let Some(basis) = &decision.basis {
        let _ = writeln!(text, "  legal basis: {basis}");
    }
    if let Some(version) = version {
        let _ = writeln!(text, "  policy version {version}, digest {}", hex(&decision.policy));
    }
    if !decision.obligations.is_empty() {
        let obligations: Vec<_> = decision.obligations.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "  obligations: {}", obligations.join(", "));
    }
    let width = |of: fn(&Row) -> &str, head: &str| {
        rows.iter().map(|row| of(row).chars().count()).chain([head.len()]).max().unwrap_or_default()
    };
    let (first, second) = (width(|row| &row.field, "field"), width(|row| &row.released, "released"));
    if !rows.is_empty() {
        let _ = writeln!(text, "\n  {:first$}  {:second$}  by", "field", "released");
    }
    for Row { field, released, by } in rows {
        let _ = writeln!(text, "  {field:first$}  {released:second$}  {by}");
    }
    text.push_str("\n  why\n");
    for reason in &decision.reasons {
        let _ = writeln!(text, "  {reason}");
    }
    text.trim_end().to_owned()
}

fn document(facts: &Facts, decision: &Decision, version: Option<u64>, rows: &[Row]) -> serde_json::Value {
    let reasons: Vec<_> = decision
        .reasons
        .iter()
        .map(|reason| {
            json!({
                "effect": reason.effect.as_str(),
                "about": &*reason.about,
                "place": &*reason.place,
                "rule": &*reason.rule,
                "text": &*reason.text,
            })
        })
        .collect();
    json!({
        "permitted": decision.permitted,
        "refusal": decision.refusal(),
        "failed": decision.failed.as_ref().map(ToString::to_string),
        "caller": facts.caller,
        "service": facts.service,
        "verb": facts.verb,
        "purpose": facts.purpose,
        "fields": decision.fields,
        "table": rows
            .iter()
            .map(|row| json!({ "field": row.field, "released": row.released, "by": row.by }))
            .collect::<Vec<_>>(),
        "withheld": facts.fields.iter().filter(|name| !decision.fields.contains_key(*name)).collect::<Vec<_>>(),
        "obligations": decision.obligations,
        "reasons": reasons,
        "basis": decision.basis,
        "version": version,
        "policy": hex(&decision.policy),
    })
}
