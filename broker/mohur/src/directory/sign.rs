//! An officer's signature.

use std::path::PathBuf;
use std::process::ExitCode;

use mohur_directory::repository::{Repository, RepositoryError};
use serde_json::json;

use super::keys::Signer;
use super::{Where, failed};
use crate::output::{CliError, Output};

#[derive(clap::Args)]
#[command(after_help = "Examples:
  mohur directory sign --key keys/root-1.key                everything staged that this key may sign
  mohur directory sign members --key keys/members-1.key
  mohur directory sign root --module /usr/lib/softhsm/libsofthsm2.so --token mohur --label root-2 --pin pin --public root-2.pub
  mohur directory sign root --from /media/stick/directory/staged/root.json

On another machine: copy the repository's folder there, sign, and bring staged/ROLE.json back (`policy/MOJ` is policy%2FMOJ.json).
Read `mohur directory diff` before you sign.")]
pub(super) struct Args {
    /// Which roles [default: all that are staged and that the key may sign].
    roles: Vec<String>,
    /// Take over the signatures of this copy of what is staged, in place of signing; needs the role.
    #[arg(long, conflicts_with_all = ["key", "module"])]
    from: Option<PathBuf>,
    #[command(flatten)]
    signer: Signer,
    #[command(flatten)]
    place: Where,
}

pub(super) fn run(args: &Args, out: &Output) -> Result<ExitCode, CliError> {
    let repository = args.place.open()?;
    if let Some(copy) = &args.from {
        let [role] = args.roles.as_slice() else { return Err(CliError::usage("name the one role whose copy it is")) };
        let taken = repository.merge(role, copy).map_err(failed)?;
        out.say(format_args!("Took over {taken} signatures of {role}."), &json!({ "role": role, "taken": taken }));
        return Ok(ExitCode::SUCCESS);
    }
    let key = args.signer.open()?;
    let wanted = if args.roles.is_empty() { repository.staged_roles().map_err(failed)? } else { args.roles.clone() };
    let mut signed = Vec::new();
    for role in &wanted {
        match repository.sign(role, &key) {
            Ok(()) => signed.push(role.clone()),
            Err(RepositoryError::NotASigner { .. }) if args.roles.is_empty() => {}
            Err(error) => return Err(failed(error)),
        }
    }
    if signed.is_empty() {
        return Err(CliError::usage("nothing is staged that this key may sign; `mohur directory status` says who may"));
    }
    out.say(said(&repository, &signed)?, &json!({ "signed": signed }));
    Ok(ExitCode::SUCCESS)
}

fn said(repository: &Repository, signed: &[String]) -> Result<String, CliError> {
    let mut lines = Vec::new();
    for status in repository.status().map_err(failed)?.into_iter().filter(|status| signed.contains(&status.role)) {
        let missing = status.staged.map_or(0, |staged| staged.missing);
        let what = if missing == 0 { "can be published".to_owned() } else { format!("lacks {missing} signatures") };
        lines.push(format!("Signed {}: it {what}.", status.role));
    }
    Ok(lines.join("\n"))
}
