//! What happens in the demo. Everything is asked over real sockets, and everything is checked.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::nation::{Nation, Running};
use bytes::Bytes;
use mohur_client::{AskError, BundleReport, Caller, Inputs, Question};
use mohur_reference::{Citizen, Oddity};
use mohur_wire::bundle::Outcome;
use mohur_wire::{Ask, FieldName, RefusalCode, SubjectKey, Value};
use serde::Serialize;

use super::telling::Teller;
use crate::output::{CliError, Exit};

/// What was seen, for people and for programs.
#[derive(Serialize)]
pub(super) struct Story {
    pub(super) scenes: Vec<Scene>,
    pub(super) log_entries: u64,
}

/// One scene: what was expected, and what came.
#[derive(Serialize)]
pub(super) struct Scene {
    pub(super) what: &'static str,
    pub(super) expected: String,
    pub(super) came: String,
}

impl Story {
    pub(super) fn went_well(&self) -> bool {
        self.scenes.iter().all(|scene| scene.expected == scene.came)
    }
}

/// Plays every scene.
pub(super) async fn tell(nation: &Nation, running: &Running, teller: &Teller) -> Result<Story, CliError> {
    let office = caller(nation, "passport-office")?;
    let bank = caller(nation, "bank")?;
    let clear = running.country.clear_citizen();
    let odd = |oddity| {
        let citizen = running.country.with_oddity(oddity);
        citizen.ok_or_else(|| CliError::usage("the synthetic country lacks its oddities"))
    };
    let (contradicted, seller) = (odd(Oddity::ClaimsFormerName)?, odd(Oddity::ClaimsSoldHome)?);
    let mut scenes = Vec::new();

    teller.chapter(
        "1. The passport office checks a citizen before it issues an identity card: one signed request, five legs",
    );
    let applicant = Applicant { citizen: clear, form: OWN_HOME, what: "a citizen with whom all is well" };
    scenes.push(bundle(&office, &applicant, Outcome::Clear, teller).await?);
    teller.chapter("2. Other citizens, whose applications do not agree with the registers");
    let what = "a citizen who still gives a former family name";
    scenes.push(
        bundle(&office, &Applicant { citizen: contradicted, form: ANY_HOME, what }, Outcome::NotClear, teller).await?,
    );
    let what = "a citizen who gives a home that was sold";
    scenes
        .push(bundle(&office, &Applicant { citizen: seller, form: OWN_HOME, what }, Outcome::NotClear, teller).await?);

    teller.chapter("3. What is refused");
    let question = blood_group(clear, "credit-check")?;
    scenes.push(refused(
        "a bank asks for a blood group: it learns no more than if there were no such person",
        RefusalCode::NotAvailable,
        bank.ask(question).await.map(drop),
        teller,
    ));
    for (what, expected, result) in Box::pin(attacks(&office, &bank, clear)).await? {
        scenes.push(refused(what, expected, result, teller));
    }

    teller.chapter("4. An auditor verifies the whole log offline, trusting neither the ministries nor the broker");
    // Receipts come before the published files, which may lag behind a little.
    tokio::time::sleep(Duration::from_millis(400)).await;
    let entries = verify_log(nation, &[clear.fin.as_str(), contradicted.fin.as_str(), seller.fin.as_str()])?;
    teller.log(entries);
    scenes.push(Scene { what: "the log", expected: "verifies".to_owned(), came: "verifies".to_owned() });
    Ok(Story { scenes, log_entries: entries })
}

fn caller(nation: &Nation, name: &str) -> Result<Caller, CliError> {
    nation.caller(name).map_err(CliError::usage)
}

/// The definition for an applicant whose home is somebody else's.
const ANY_HOME: &str = "issue-id-document";
/// The definition for an applicant who says that the home is their own.
const OWN_HOME: &str = "issue-id-document-own-home";

/// Somebody at the counter.
struct Applicant<'a> {
    citizen: &'a Citizen,
    /// Which definition their application calls for.
    form: &'static str,
    what: &'static str,
}

async fn bundle(
    office: &Caller,
    applicant: &Applicant<'_>,
    expected: Outcome,
    teller: &Teller,
) -> Result<Scene, CliError> {
    let Applicant { citizen, form, what } = applicant;
    let failed = |error: AskError| CliError::new(Exit::Unverified, format!("{what}: {error}"));
    let name = form.parse().map_err(CliError::usage)?;
    let definition = office.definition(&name).await.map_err(failed)?;
    let mut report = office.bundle(definition, &inputs(citizen)?).await.map_err(failed)?;
    for _ in 0..20 {
        if report.complete {
            break;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
        report = office.poll(report).await.map_err(failed)?;
    }
    teller.bundle(citizen, &report);
    Ok(Scene { what, expected: word(expected), came: word(outcome(&report)) })
}

fn outcome(report: &BundleReport) -> Outcome {
    report.outcome
}

fn word(outcome: Outcome) -> String {
    match outcome {
        Outcome::Clear => "clear",
        Outcome::NotClear => "not-clear",
        Outcome::Incomplete => "incomplete",
    }
    .to_owned()
}

/// What the application form says.
pub(super) fn inputs(citizen: &Citizen) -> Result<Inputs, CliError> {
    let claims = &citizen.claims;
    let values = [
        ("familyName", claims.family_name.clone()),
        ("givenName", claims.given_name.clone()),
        ("birthDate", claims.birth_date.to_string()),
        ("maritalStatus", claims.marital_status.as_str().to_owned()),
        ("address", claims.home.to_string()),
    ];
    let value = |(name, text): (&str, String)| Ok((field(name)?, Value::text(text)));
    Ok(Inputs {
        subjects: vec![SubjectKey::Fin(citizen.fin)],
        case: Some("ID-2026-000417".parse().map_err(CliError::usage)?),
        official: "inspector-7".parse().map_err(CliError::usage)?,
        on_behalf_of: None,
        values: values.into_iter().map(value).collect::<Result<_, CliError>>()?,
        predicates: std::collections::BTreeMap::new(),
        receipt: Some(claims.receipt.clone()),
        key: None,
    })
}

fn field(name: &str) -> Result<FieldName, CliError> {
    name.parse().map_err(CliError::usage)
}

fn blood_group(citizen: &Citizen, purpose: &str) -> Result<Question, CliError> {
    Ok(Question {
        service: "AZ/GOV/MOH/health-card/vitals/v1".parse().map_err(CliError::usage)?,
        subject: SubjectKey::Fin(citizen.fin),
        ask: Ask::Read([field("bloodGroup")?].into()),
        purpose: purpose.parse().map_err(CliError::usage)?,
        case: Some("C-1".parse().map_err(CliError::usage)?),
        official: "clerk-3".parse().map_err(CliError::usage)?,
        on_behalf_of: None,
        message: None,
    })
}

type Attack = (&'static str, RefusalCode, Result<(), AskError>);

/// A query sent twice, one changed on the way, and one signed by somebody else.
async fn attacks(office: &Caller, bank: &Caller, citizen: &Citizen) -> Result<Vec<Attack>, CliError> {
    let setup = |error: AskError| CliError::usage(error);
    let query = office.query(blood_group(citizen, "issue-id-document")?, Caller::fresh_id().map_err(setup)?);
    let (request, sent) = office.sign(&query).map_err(setup)?;
    let opening = request.body().clone();
    let first = office.send(request.clone(), sent.clone()).await.map_err(setup)?;
    office.check(&query, &opening, &first).map_err(|error| CliError::new(Exit::Unverified, error))?;
    let again = office.send(request, sent).await.map_err(setup)?;
    let replayed = office.check(&query, &opening, &again).map(drop);

    let query = office.query(blood_group(citizen, "issue-id-document")?, Caller::fresh_id().map_err(setup)?);
    let (mut request, sent) = office.sign(&query).map_err(setup)?;
    let changed = String::from_utf8_lossy(request.body()).replace("bloodGroup", "height");
    *request.body_mut() = Bytes::from(changed);
    let came = office.send(request, sent).await.map_err(setup)?;
    let tampered = office.check(&query, &opening, &came).map(drop);

    let query = office.query(blood_group(citizen, "issue-id-document")?, Caller::fresh_id().map_err(setup)?);
    let (request, sent) = office.sign(&query).map_err(setup)?;
    let came = bank.send(request, sent).await.map_err(setup)?;
    let borrowed = bank.check(&query, &opening, &came).map(drop);

    Ok(vec![
        ("a query is sent a second time", RefusalCode::Replayed, replayed),
        ("a query is changed after it was signed", RefusalCode::DigestMismatch, tampered),
        ("the bank sends a query that the passport office signed", RefusalCode::IdentityMismatch, borrowed),
    ])
}

fn refused(what: &'static str, expected: RefusalCode, result: Result<(), AskError>, teller: &Teller) -> Scene {
    let came = match &result {
        Ok(()) => "answered".to_owned(),
        Err(AskError::Refused(refused)) => refused.problem.code.to_string(),
        Err(error) => format!("no sealed refusal: {error}"),
    };
    teller.refusal(what, &result);
    Scene { what, expected: expected.to_string(), came }
}

/// The auditor has nothing but the folder and the key that the directory names.
fn verify_log(nation: &Nation, fins: &[&str]) -> Result<u64, CliError> {
    let unverified = |error: &dyn std::fmt::Display| CliError::new(Exit::Unverified, format!("the log: {error}"));
    let broker = nation.directory().brokers.first().ok_or_else(|| CliError::usage("the directory names no broker"))?;
    let key = mohur_transparency::LogKey::parse_all(&broker.log.keys())
        .map_err(|error: mohur_transparency::NoteError| unverified(&error))?;
    let folder = nation.path("broker/log");
    let log = mohur_audit::Log::new(&folder, key);
    let options = mohur_audit::Options { tolerance_seconds: 120, progress: &mut |_, _| {} };
    let report = mohur_audit::verify(&log, options).map_err(|error| unverified(&error))?;
    if let Some(problem) = report.problems.first() {
        return Err(unverified(problem));
    }
    if let Some(open) = report.open_intents.first() {
        return Err(unverified(&format!("entry {} is an intent without outcome", open.entry)));
    }
    match first_with(&folder, fins) {
        Some(path) => Err(unverified(&format!("{} holds a FIN in clear", path.display()))),
        None => Ok(report.entries),
    }
}

/// The first file below `folder` that holds one of the texts. One that cannot be read counts as one that does.
fn first_with(folder: &Path, texts: &[&str]) -> Option<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Some(folder.to_owned()) };
    entries.flatten().map(|entry| entry.path()).find_map(|path| {
        if path.is_dir() {
            return first_with(&path, texts);
        }
        let held = std::fs::read(&path).map_or(true, |bytes| {
            texts.iter().any(|text| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
        });
        held.then_some(path)
    })
}
