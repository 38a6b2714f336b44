//! What came back, and the page that says so.

use std::fmt::Write as _;

use mohur::nation::RegisterPart;
use mohur_federation::Federation;
use mohur_reference::Kind;
use mohur_wire::ServiceId;
use serde::Serialize;

use crate::table::Coverage;

/// One question as it went: over REST and over SOAP alike.
#[derive(Serialize)]
pub(crate) struct Line {
    pub(crate) row: u32,
    /// The service, or the bundle.
    pub(crate) service: String,
    /// Who asked and was answered.
    pub(crate) asked: Vec<String>,
    /// What came: fields, and what became of those that were compared.
    pub(crate) learned: Vec<String>,
    pub(crate) refused: Vec<Refused>,
    /// What the register speaks.
    pub(crate) protocol: String,
}

/// Somebody who asked and was refused.
#[derive(Serialize)]
pub(crate) struct Refused {
    pub(crate) who: String,
    pub(crate) code: String,
}

const HEAD: &str = "\
# What the State Programme asks for, and what runs

The State Programme for 2007–2012 (its chapters and items are in the second column) asks the exchange to carry what stands here. A
test asks every question of this page in a whole nation: members with certificates of their own, one broker, a host before every
register, and PostgreSQL behind it where the register is a database, filled from the [reference country](reference-country.md). Everything
is asked **over signed REST and over signed SOAP**, and a line stands here only if both came out alike:

- everybody in *Answered* got what the country holds, under the owner's seal and with a receipt for that very message, and every
  agency that the programme names in that row is among them;
- everybody in *Refused* was refused with that code, under the broker's seal and with a receipt; and after all the refused
  questions no host had asked its register anything. `not-available` is a refusal that also hides whether there is such a person
  or document.

*Learned* names fields that were read; with a colon it names what became of a comparison or a change. No value of anybody stands
here, and all of the people are invented. Of a bundle it names the outcome and the word that the official is told, and the legs that
this nation does without, for it has no biometric services; a bundle that somebody else asks is `incomplete`, with no answer from any
leg. A change was asked over SOAP under the same idempotency keys as over REST, and had no second effect. Some changes are answered to
nobody and learned *only in a bundle*: they were refused to everybody who asked them alone, and made in the bundle that stands beside them.

The questions are in [`coverage.toml`](../integration-tests/scenarios/tests/coverage/coverage.toml). This page is written by the test, which
fails when it is not what the results render to: `MOHUR_BLESS=1 cargo nextest run -p mohur-scenarios --test coverage`.
";

/// What the register of that service speaks.
pub(crate) fn protocol(federation: &Federation, service: &str) -> &'static str {
    let service: ServiceId = service.parse().unwrap();
    let owners = &federation.nation.cast().owners;
    match owners.iter().find(|owner| owner.member == service.owner().as_str()).unwrap().register {
        RegisterPart::Database { .. } => "PostgreSQL",
        RegisterPart::Reference(Kind::CivilRegistry | Kind::PopulationRegister) => "OSIA Data Access",
        RegisterPart::Reference(Kind::HealthCard) => "FHIR R4",
        RegisterPart::Reference(Kind::StateFees) => "ISO 20022",
        RegisterPart::Reference(Kind::RealEstate) => "SOAP, ISO 19152",
        RegisterPart::Reference(Kind::Interpol) => "SOAP, two steps",
        RegisterPart::Reference(Kind::FinService) => "OSIA UIN and links",
    }
}

/// The page.
pub(crate) fn render(coverage: &Coverage, federation: &Federation, lines: &[Line]) -> String {
    let mut page = HEAD.to_owned();
    let rows = coverage.row.iter().filter(|row| lines.iter().any(|line| line.row == row.number));
    let answered: usize = lines.iter().map(|line| 2 * line.asked.len()).sum();
    let refused: usize = lines.iter().map(|line| 2 * line.refused.len()).sum();
    let shown = rows.clone().count();
    let _ = write!(
        page,
        "\n{shown} rows, {} questions, {answered} answers and {refused} refusals.\n\n\
         | # | Programme | | Service | Register | Answered | Learned | Refused |\n|---|---|---|---|---|---|---|---|\n",
        lines.len()
    );
    for row in rows {
        let mut begin = format!("{} | {} | {}", row.number, row.programme, row.title);
        for line in lines.iter().filter(|line| line.row == row.number) {
            let learned: Vec<_> = line.learned.iter().map(|name| format!("`{name}`")).collect();
            let (asked, learned) = (line.asked.join(", "), learned.join(", "));
            let refused: Vec<_> = line.refused.iter().map(|one| format!("{}: `{}`", one.who, one.code)).collect();
            let (service, protocol, refused) = (&line.service, &line.protocol, refused.join(", "));
            let _ = writeln!(page, "| {begin} | `{service}` | {protocol} | {asked} | {learned} | {refused} |");
            " | | ".clone_into(&mut begin);
        }
    }
    askers(&mut page, coverage, federation);
    notes(&mut page, coverage);
    page
}

/// Those who ask, as the directory knows them.
fn askers(page: &mut String, coverage: &Coverage, federation: &Federation) {
    page.push_str("\n## Who asked\n\n| Here | Member | Purpose |\n|---|---|---|\n");
    for caller in &federation.nation.cast().callers {
        if let Some(purpose) = coverage.purposes.get(&caller.name) {
            let _ = writeln!(page, "| {} | `{}` | `{purpose}` |", caller.name, caller.member);
        }
    }
}

fn notes(page: &mut String, coverage: &Coverage) {
    page.push_str("\n## What to know of some rows\n\n");
    for (row, note) in coverage.row.iter().filter_map(|row| Some((row, row.note.as_ref()?))) {
        let _ = writeln!(page, "- **{}.** {note}", row.number);
    }
    page.push_str("\n## Rows that are not in the table\n\n| # | Programme | | Why |\n|---|---|---|---|\n");
    for row in &coverage.elsewhere {
        let _ = writeln!(page, "| {} | {} | {} | {} |", row.number, row.programme, row.title, row.why);
    }
}
