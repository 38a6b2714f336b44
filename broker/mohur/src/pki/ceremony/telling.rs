//! What a ceremony left, in words.

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

use mohur_ceremony::{Report, verify};
use serde_json::{Value, json};

use super::failed;
use crate::output::{CliError, Output};

/// Tells what is to be done after a ceremony.
pub(super) fn done(folder: &Path, out: &Output) -> Result<ExitCode, CliError> {
    let report = verify(folder).map_err(failed)?;
    let mut text = describe(folder, &report);
    if !report.shares_here.is_empty() {
        let shares = folder.join("shares");
        let _ = writeln!(text, "\nEach operator now takes the own share out of {}:", shares.display());
        for operator in &report.shares_here {
            let _ = writeln!(text, "  {}", shares.join(format!("{operator}.share")).display());
        }
    }
    text.push_str("\nWrite into the minutes, and let all sign them:\n");
    let _ = write!(text, "  root               {}\n  last line          {}", report.root, report.head);
    out.say(text, &document(folder, &report));
    Ok(ExitCode::SUCCESS)
}

/// Tells what was verified.
pub(super) fn verified(folder: &Path, report: &Report, out: &Output) {
    let mut text = describe(folder, report);
    let _ = write!(
        text,
        "\n  root               {}\n  last line          {}\n\nCompare both with the minutes: a folder does not show that it is an older copy.",
        report.root, report.head
    );
    out.say(text, &document(folder, report));
}

fn describe(folder: &Path, report: &Report) -> String {
    let state = &report.state;
    let domain = state.plan.as_ref().map_or("?", |plan| plan.domain.as_str());
    let mut text = String::new();
    if state.dry_run {
        text.push_str("DRY RUN: nobody will ever trust any of this.\n");
    }
    let _ = writeln!(
        text,
        "{}: the root of {domain} verifies, {} entries of {} ceremonies.",
        folder.display(),
        report.entries.len(),
        state.ceremonies
    );
    let names: Vec<&str> = state.holders.iter().map(|holder| holder.operator.as_str()).collect();
    let _ = writeln!(text, "  operators          {} of {}: {}", state.needed, names.len(), names.join(", "));
    let _ = writeln!(text, "  root's list        until {}", report.list_until);
    for one in &state.authorities {
        let revoked =
            one.revoked.map_or_else(String::new, |(at, reason)| format!(", revoked {at} ({})", reason.name()));
        let _ = writeln!(text, "  {:<18} signed {}{revoked}", one.authority.to_string(), one.at);
    }
    text
}

fn document(folder: &Path, report: &Report) -> Value {
    let state = &report.state;
    let authorities = state.authorities.iter().map(|one| {
        json!({
            "authority": one.authority,
            "serial": one.serial,
            "certificate": one.certificate,
            "signed": one.at,
            "revoked": one.revoked.map(|(at, reason)| json!({ "at": at, "reason": reason })),
        })
    });
    json!({
        "folder": folder,
        "domain": state.plan.as_ref().map(|plan| plan.domain.as_str()),
        "dry-run": state.dry_run,
        "ceremonies": state.ceremonies,
        "entries": report.entries.len(),
        "needed": state.needed,
        "operators": state.holders.iter().map(|holder| holder.operator.as_str()).collect::<Vec<_>>(),
        "root": report.root,
        "head": report.head,
        "list-until": report.list_until,
        "authorities": authorities.collect::<Vec<_>>(),
        "shares-here": report.shares_here,
        "keys-here": report.keys_here,
    })
}
