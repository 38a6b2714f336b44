//! How a bundle looks: a table whose rows fill as the legs arrive, the conclusion, and the document for programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use mohur_client::{BundleReport, LegReport};
use mohur_wire::MessageId;
use mohur_wire::bundle::{Definition, Outcome};

use crate::output::Output;

/// Where the terminal does not say how wide it is.
const WIDTH: usize = 80;

/// Where the rows go.
enum Place {
    /// Nowhere: a program reads the document.
    Nowhere,
    /// To a terminal, where they are drawn anew each time; how many lines are drawn.
    Terminal(usize),
    /// To a file or a pipe: each row once, when its leg has arrived.
    Lines,
}

/// The table of a bundle under way.
pub(super) struct Table {
    place: Place,
    since: Instant,
    arrived: BTreeMap<MessageId, Duration>,
}

impl Table {
    /// Prints the heading.
    pub(super) fn begin(definition: &Definition, out: &Output) -> Self {
        let place = match (out.is_json(), std::io::stdout().is_terminal()) {
            (true, _) => Place::Nowhere,
            (false, true) => Place::Terminal(0),
            (false, false) => Place::Lines,
        };
        if !out.is_json() {
            print(&format!("{} ({}@{})\n", definition.title, definition.id, definition.version));
        }
        Self { place, since: Instant::now(), arrived: BTreeMap::new() }
    }

    /// Shows what has arrived by now. At the last time the rows are whole; until then they are cut to fit the terminal.
    pub(super) fn show(&mut self, report: &BundleReport, is_last: bool) {
        let took = self.since.elapsed();
        let new: Vec<_> =
            report.legs.iter().filter(|leg| leg.arrived && !self.arrived.contains_key(&leg.leg)).collect();
        self.arrived.extend(new.iter().map(|leg| (leg.leg.clone(), took)));
        match &mut self.place {
            Place::Nowhere => {}
            Place::Lines => new.into_iter().for_each(|leg| print(&format!("{}\n", row(leg, Some(took))))),
            Place::Terminal(drawn) => {
                let mut text = if *drawn > 0 { format!("\x1b[{drawn}A\x1b[J") } else { String::new() };
                let mut lines: Vec<_> =
                    report.legs.iter().map(|leg| row(leg, self.arrived.get(&leg.leg).copied())).collect();
                if !is_last {
                    lines.push(format!("  … {} s", took.as_secs()));
                    lines.iter_mut().for_each(|line| *line = line.chars().take(width()).collect());
                }
                *drawn = lines.len();
                text.push_str(&lines.join("\n"));
                print(&format!("{text}\n"));
            }
        }
    }
}

/// A reader that has seen enough (`| head`) is no error.
fn print(text: &str) {
    let mut out = std::io::stdout();
    let _seen_enough = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn width() -> usize {
    let size = rustix::termios::tcgetwinsize(std::io::stdout());
    size.ok().map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0).unwrap_or(WIDTH)
}

fn row(leg: &LegReport, took: Option<Duration>) -> String {
    match took {
        Some(took) => {
            format!("  {:<40} {:<14} {:>5.1} s  {}", leg.title, leg.verdict, took.as_secs_f64(), particulars(leg))
        }
        None => format!("  {:<40} …", leg.title),
    }
}

fn particulars(leg: &LegReport) -> String {
    match (&leg.answer, leg.refusal) {
        (Some(answer), _) => {
            let fields: Vec<_> = answer.fields().iter().map(|(name, value)| format!("{name} {value}")).collect();
            format!("{} [sealed by {}]", fields.join(", "), answer.issuer())
        }
        (None, Some(refusal)) => format!("refused: {refusal}"),
        (None, None) => "not asked".to_owned(),
    }
}

/// What it all amounts to.
pub(super) fn conclusion(report: &BundleReport) -> String {
    let verdict = match (report.outcome, report.complete) {
        (Outcome::Clear, _) => "CLEAR",
        (Outcome::NotClear, _) => "NOT CLEAR",
        (Outcome::Incomplete, true) => "INCOMPLETE: not every register was asked or could say; never the same as clear",
        (Outcome::Incomplete, false) => "INCOMPLETE: legs are still missing; ask again",
    };
    let settled = report.legs.iter().filter_map(|leg| Some((leg, settlement(leg)?)));
    let lines: Vec<_> = settled.map(|(leg, said)| format!("  {:<40} {said}", leg.title)).collect();
    let mut text = lines.join("\n");
    if !text.is_empty() {
        text.push('\n');
    }
    format!("{text}{verdict} (computed again from the owners' seals; receipts verified){}", remarks(report))
}

/// What belongs to the verdict: the definition's own word, the classes of reasons, and what it says nothing about.
fn remarks(report: &BundleReport) -> String {
    let mut text = String::new();
    if report.word != report.outcome.as_str() {
        let _infallible = write!(text, "\n  {}", report.word);
    }
    if !report.reasons.is_empty() {
        let _infallible = write!(text, "\n  because of: {}", list(report.reasons.iter().map(MessageId::as_str)));
    }
    if !report.left_out.is_empty() {
        let _infallible = write!(text, "\n  without: {}", list(report.left_out.iter().map(|leg| leg.title.as_str())));
    }
    text
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(", ")
}

/// How a reservation was settled, and what came of it: a number that was drawn.
fn settlement(leg: &LegReport) -> Option<String> {
    let (operation, state) = leg.settlement.as_ref()?;
    let Some(state) = state else { return Some(format!("{} was not confirmed", operation.leads_to())) };
    let fields = leg.settled.iter().flat_map(|sealed| sealed.fields());
    let came = fields.filter(|(name, _)| !["state", "reservation"].contains(&name.as_str()));
    Some(came.fold(format!("settled: {state}"), |text, (name, value)| format!("{text}, {name} {value}")))
}

/// All of it, for programs.
pub(super) fn document(report: &BundleReport) -> serde_json::Value {
    let leg = |leg: &LegReport| {
        serde_json::json!({
            "leg": leg.leg,
            "verdict": leg.verdict,
            "fields": leg.answer.as_ref().map(mohur_message::SealedAnswer::fields),
            "sealedBy": leg.answer.as_ref().map(mohur_message::SealedAnswer::issuer),
            "refusal": leg.refusal,
            "settlement": leg.settlement.as_ref().map(|(operation, state)| serde_json::json!({
                "operation": operation, "state": state, "fields": leg.settled.as_ref().map(mohur_message::SealedAnswer::fields),
            })),
        })
    };
    serde_json::json!({
        "bundle": report.id,
        "outcome": report.outcome,
        "complete": report.complete,
        "word": report.word,
        "reasons": report.reasons,
        "leftOut": report.left_out,
        "legs": report.legs.iter().map(leg).collect::<Vec<_>>(),
        "receipt": report.receipt_header,
    })
}
