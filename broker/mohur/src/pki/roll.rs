//! `mohur pki roll`: a new authority beside the one of its kind.

use std::process::ExitCode;

use mohur_chain::Role;
use mohur_wire::Timestamp;
use serde_json::json;

use super::Pki;
use crate::output::{CliError, Output};

/// A kind of issuing authority by the name that is typed.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(super) enum Authority {
    #[value(name = "tls-ca")]
    Tls,
    #[value(name = "seal-ca")]
    Seal,
    #[value(name = "infrastructure-ca")]
    Infrastructure,
    #[value(name = "officer-ca")]
    Officer,
}

impl From<Authority> for Role {
    fn from(authority: Authority) -> Self {
        match authority {
            Authority::Tls => Self::Tls,
            Authority::Seal => Self::Seal,
            Authority::Infrastructure => Self::Infrastructure,
            Authority::Officer => Self::Officer,
        }
    }
}

pub(super) fn run(role: Role, pki: &Pki, now: Timestamp, out: &Output) -> Result<ExitCode, CliError> {
    let (mut national, passphrase) = pki.open_with_passphrase()?;
    let issuer = national.roll(role, &passphrase, now).map_err(CliError::usage)?;
    let trust = national.layout().trust();
    let text = format!(
        "Made {issuer}, which issues from now on. The older ones still count, until they are revoked or end.\n\
         Publish {} before anything is issued: mohur directory edit members --trust …, edit revocations --trust …",
        trust.display(),
    );
    out.say(text, &json!({ "authority": issuer, "trust": trust }));
    Ok(ExitCode::SUCCESS)
}
