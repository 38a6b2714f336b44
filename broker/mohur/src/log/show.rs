//! `mohur log show`.

use std::fmt::Write;
use std::process::ExitCode;

use mohur_audit::{Entry, SelectError, Wanted, select};
use mohur_crypto::Digest;
use mohur_wire::{MemberId, Timestamp};
use serde_json::json;

use super::{Which, unreadable};
use crate::output::{CliError, Exit, Output};

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    which: Which,
    /// How many entries at most.
    #[arg(long, default_value_t = 20)]
    last: usize,
    /// Only entries of the message with this id; of a bundle also those of its legs.
    #[arg(long)]
    id: Option<String>,
    /// Only entries of this member: what it asked, and what it was asked.
    #[arg(long)]
    member: Option<MemberId>,
    /// Only entries of messages that were signed with the seal of this fingerprint (SHA-256, hexadecimal).
    #[arg(long, value_parser = fingerprint)]
    certificate: Option<Digest>,
    /// Only entries from this time on, e.g. 2026-03-01T08:00:00Z.
    #[arg(long)]
    since: Option<Timestamp>,
}

fn fingerprint(text: &str) -> Result<Digest, String> {
    let plain: String = text.chars().filter(|c| *c != ':').collect::<String>().to_ascii_lowercase();
    Digest::from_hex(&plain).ok_or_else(|| "expected SHA-256 of a certificate, 64 hexadecimal digits".to_owned())
}

pub(super) fn run(args: &Args, out: &Output) -> Result<ExitCode, CliError> {
    let log = args.which.log()?;
    let wanted =
        Wanted { id: args.id.clone(), member: args.member.clone(), certificate: args.certificate, since: args.since };
    let (checkpoint, entries) = select(&log, &wanted, args.last).map_err(|error| match error {
        SelectError::Log(error) => unreadable(&error),
        SelectError::Unproven { .. } => CliError::new(Exit::Unverified, error),
    })?;
    let documents: Vec<_> = entries.iter().map(|entry| json!({ "index": entry.index, "leaf": entry.leaf })).collect();
    let document = json!({ "log": checkpoint.origin, "size": checkpoint.size, "entries": documents });
    let none = !wanted.is_all() && entries.is_empty();
    out.say(table(&entries, &checkpoint.origin, checkpoint.size), &document);
    Ok(if none { Exit::Negative.into() } else { ExitCode::SUCCESS })
}

fn table(entries: &[Entry], origin: &str, size: u64) -> String {
    let heads = ["entry", "time", "kind", "consumer", "asked for", "verb", "id"].map(str::to_owned);
    let rows: Vec<[String; 7]> = std::iter::once(heads).chain(entries.iter().map(row)).collect();
    let mut widths = [0; 7];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            // INVARIANT: writing to a String does not fail.
            let _ = write!(line, "{cell:width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    let _ = write!(text, "{} of {size} entries of {origin}; each is proven under the signed checkpoint", entries.len());
    text
}

fn row(entry: &Entry) -> [String; 7] {
    let leaf = &entry.leaf;
    let text = |shown: Option<String>| shown.unwrap_or_else(|| "-".to_owned());
    let verb = leaf.verb.and_then(|verb| serde_json::to_value(verb).ok());
    [
        entry.index.to_string(),
        format!("{:.3}", leaf.at),
        leaf.kind.to_string(),
        leaf.consumer.to_string(),
        text(leaf.service.as_ref().map(ToString::to_string)),
        text(verb.and_then(|verb| verb.as_str().map(str::to_owned))),
        text(leaf.id.as_ref().map(ToString::to_string)),
    ]
}
