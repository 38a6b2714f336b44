//! `mohur log revocation`: what said that a message's seal was not revoked, as it was received.

use std::path::PathBuf;
use std::process::ExitCode;

use mohur_audit::{SelectError, Wanted, select};
use serde_json::json;

use super::{Which, unreadable};
use crate::output::{CliError, Exit, Output};

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    which: Which,
    /// The message's id.
    #[arg(long)]
    id: String,
    /// Where it goes: an OCSP response or a revocation list, DER.
    #[arg(long)]
    out: PathBuf,
}

pub(super) fn run(args: &Args, out: &Output) -> Result<ExitCode, CliError> {
    let log = args.which.log()?;
    let wanted = Wanted { id: Some(args.id.clone()), ..Wanted::default() };
    let (_, entries) = select(&log, &wanted, usize::MAX).map_err(|error| match error {
        SelectError::Log(error) => unreadable(&error),
        SelectError::Unproven { .. } => CliError::new(Exit::Unverified, error),
    })?;
    let named = entries.iter().find_map(|entry| Some((entry.index, entry.leaf.revocation?)));
    let Some((index, digest)) = named else {
        return Err(CliError::new(Exit::Negative, format_args!("no entry of {} names such evidence", args.id)));
    };
    let Some((der, form)) = log.revocation(&digest) else {
        let gone = format_args!("entry {index} names {digest}, and nothing of that digest lies in `revocation/`");
        return Err(CliError::new(Exit::Unverified, gone));
    };
    std::fs::write(&args.out, der).map_err(|error| CliError::usage(format_args!("{}: {error}", args.out.display())))?;
    let (what, how) = if form == "ocsp" {
        (
            "the OCSP response",
            "openssl ocsp -no_nonce -issuer seal-ca.pem -cert seal.pem -CAfile root.pem -verify_other seal-ca.pem -respin",
        )
    } else {
        ("the revocation list", "openssl crl -inform DER -noout -text -CAfile seal-ca.pem -in")
    };
    let file = args.out.display();
    let text = format!("{file}: {what} that entry {index} names by its SHA-256, {digest}.\n  by hand: {how} {file}");
    out.say(text, &json!({ "entry": index, "digest": digest.to_string(), "form": form, "file": args.out }));
    Ok(ExitCode::SUCCESS)
}
