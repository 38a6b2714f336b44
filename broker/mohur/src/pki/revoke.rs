//! `mohur pki revoke` and `mohur pki renew-lists`.

use std::process::ExitCode;

use mohur_authority::office::{Order, Report};
use mohur_authority::{Layout, Reason};
use mohur_wire::Timestamp;
use serde_json::json;

use super::{Pki, office};
use crate::credential::named;
use crate::output::{CliError, Output};

pub(super) fn run(which: &str, reason: Reason, pki: &Pki, out: &Output) -> Result<ExitCode, CliError> {
    let order = Order::Revoke { which: named(which)?, reason };
    let Report::Revoked(record) = office::carry_out(pki, order)? else {
        return Err(CliError::usage("the service answered something else; is it of the same version?"));
    };
    let lists = Layout::new(&pki.pki).trust();
    let text = format!(
        "Revoked ({}): the {} certificate {} of {}.\nNew lists lie in {4}. Publish them: mohur directory edit revocations --trust {4}\n\
         To refuse it at once: mohur directory edit revocations --deny {5}",
        reason.name(),
        record.profile,
        record.serial,
        record.subject,
        lists.display(),
        record.fingerprint,
    );
    out.say(text, &json!({ "revoked": record, "lists": lists }));
    Ok(ExitCode::SUCCESS)
}

pub(super) fn renew_lists(pki: &Pki, now: Timestamp, out: &Output) -> Result<ExitCode, CliError> {
    let mut national = pki.open()?;
    national.renew_revocation_lists(now).map_err(CliError::usage)?;
    let until = national.trust().map_err(CliError::usage)?.fresh_until();
    let lists = national.layout().trust();
    out.say(
        format!("New lists lie in {}; all are fresh until {until}.", lists.display()),
        &json!({ "lists": lists, "fresh-until": until }),
    );
    Ok(ExitCode::SUCCESS)
}
