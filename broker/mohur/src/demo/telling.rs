//! How the demo is told.

use std::time::Instant;

use crate::nation::{Nation, Running};
use mohur_client::{AskError, BundleReport, LegReport};
use mohur_reference::Citizen;
use mohur_wire::bundle::Outcome;
use mohur_wire::{Operation, Verdict};

use super::story::Story;
use crate::output::Output;

/// Tells the story, unless a program listens.
pub(super) struct Teller {
    quiet: bool,
    began: Instant,
}

impl Teller {
    pub(super) fn new(quiet: bool) -> Self {
        Self { quiet, began: Instant::now() }
    }

    fn say(&self, text: &str) {
        if !self.quiet {
            println!("{text}");
        }
    }

    pub(super) fn chapter(&self, title: &str) {
        self.say(&format!("\n{title}"));
    }

    pub(super) fn nation(&self, nation: &Nation, running: &Running) {
        self.say(&format!("   broker          {}", running.broker.address()));
        for owner in &running.owners {
            let (name, host) = (&owner.part.name, owner.host.local_addr());
            let register = owner.register.as_ref().map(|register| format!(", register {}", register.address()));
            self.say(&format!("   {name:<15} host {host}{}", register.unwrap_or_default()));
        }
        self.say(&format!("   files           {}", nation.folder().display()));
    }

    pub(super) fn bundle(&self, citizen: &Citizen, report: &BundleReport) {
        let claims = &citizen.claims;
        self.say(&format!("   {} {}, FIN {}", claims.given_name, claims.family_name, citizen.fin));
        for leg in &report.legs {
            let values = leg.answer.as_ref().map(values).unwrap_or_default();
            self.say(&format!("   {} {:<30} {:<13}{values}{}", mark(leg), leg.title, leg.verdict, settlement(leg)));
        }
        self.say(&format!("   => {}", verdict(report.outcome)));
        let left_out: Vec<_> = report.left_out.iter().map(|leg| leg.title.as_str()).collect();
        if !left_out.is_empty() {
            self.say(&format!("      without: {}", left_out.join(", ")));
        }
    }

    pub(super) fn refusal(&self, what: &str, result: &Result<(), AskError>) {
        let answer = match result {
            Ok(()) => "ANSWERED, which must not be".to_owned(),
            Err(AskError::Refused(refused)) => {
                let logged = if refused.receipt.is_some() { ", sealed and logged" } else { "" };
                format!("refused: {}{logged}\n       \"{}\"", refused.problem.code, refused.problem.title)
            }
            Err(error) => format!("NO SEALED REFUSAL: {error}"),
        };
        self.say(&format!("   {what}\n     {answer}"));
    }

    pub(super) fn log(&self, entries: u64) {
        self.say(&format!("   {entries} entries: every signature, tile and number in order; no FIN among them"));
    }

    pub(super) fn end(&self, story: &Story, out: &Output) {
        let seconds = self.began.elapsed().as_secs_f64();
        let text = if story.went_well() {
            format!("\nAll as it must be, in {seconds:.1} s. `mohur demo --serve` stays up to be asked.")
        } else {
            let wrong = story.scenes.iter().filter(|scene| scene.expected != scene.came);
            let list: Vec<_> =
                wrong.map(|s| format!("  {}: expected {}, came {}", s.what, s.expected, s.came)).collect();
            format!("\nNOT as it must be:\n{}", list.join("\n"))
        };
        out.say(text, story);
    }

    pub(super) fn next_steps(&self, nation: &Nation, running: &Running) {
        let folder = nation.folder().display();
        let citizen = running.country.clear_citizen();
        let (fin, claims) = (citizen.fin, &citizen.claims);
        self.say(&format!(
            "\nIt stays up until Ctrl-C. In another terminal:\n
  mohur query --config {folder}/callers/passport-office/client.toml \\
    AZ/GOV/MOH/health-card/vitals/v1 --fin {fin} --read bloodGroup,height --purpose issue-id-document \\
    --case C-1 --official inspector-7\n
  mohur query --config {folder}/callers/border/client.toml \\
    AZ/GOV/MOJ/civil-registry/birth/v1 --fin {fin} --match birthDate={birth} --purpose border-control \\
    --case B-9 --official inspector-7\n
  mohur bundle --config {folder}/callers/passport-office/client.toml issue-id-document --fin {fin} \\
    --value familyName={family} --value givenName={given} --value birthDate={birth} \\
    --value maritalStatus={status} --receipt {receipt} --case ID-1 --official inspector-7\n
  mohur query --config {folder}/callers/passport-office/client.toml \\
    AZ/GOV/PROP/real-estate/ownership/v1 --fin {fin} --match address='{home}' \\
    --purpose issue-id-document --case ID-1 --official inspector-7\n
  mohur log verify {folder}/broker/log --key {folder}/broker/log.vkey
  mohur log show {folder}/broker/log --key {folder}/broker/log.vkey --last 10
  mohur registry people\n
Health and metrics of the broker: http://{admin}/health and /metrics",
            birth = claims.birth_date,
            family = claims.family_name,
            given = claims.given_name,
            status = claims.marital_status.as_str(),
            receipt = claims.receipt,
            home = claims.home,
            admin = running.broker.admin(),
        ));
    }
}

fn mark(leg: &LegReport) -> &'static str {
    match leg.verdict {
        Verdict::Match | Verdict::Value | Verdict::Clear => "+",
        Verdict::Mismatch | Verdict::Hit => "-",
        Verdict::Unknown | Verdict::Unavailable | Verdict::NotInProfile => "?",
    }
}

fn values(answer: &mohur_message::SealedAnswer) -> String {
    // A reservation's number and expiry are for programs.
    let told = answer.fields().iter().filter(|(name, _)| !matches!(name.as_str(), "reservation" | "expires"));
    told.map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
}

fn settlement(leg: &LegReport) -> String {
    match &leg.settlement {
        None => String::new(),
        Some((Operation::Consume, Some(state))) => format!("; used for this case: {state}"),
        Some((_, Some(state))) => format!("; given back: {state}"),
        Some((operation, None)) => format!("; {operation:?} not confirmed"),
    }
}

fn verdict(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Clear => "CLEAR: the card may be issued",
        Outcome::NotClear => "NOT CLEAR: the card is not issued",
        Outcome::Incomplete => "INCOMPLETE: never the same as clear",
    }
}
