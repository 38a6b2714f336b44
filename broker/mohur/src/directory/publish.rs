//! Publishing.

use std::process::ExitCode;

use mohur_wire::Timestamp;
use serde_json::json;

use super::keys::OnlineKeys;
use super::{Where, failed};
use crate::output::{CliError, Output};

#[derive(clap::Args)]
#[command(after_help = "Examples:
  mohur directory publish --online-key keys/online-1.key
  mohur directory publish revocations --online-key keys/online-1.key

Everything that enough officers signed becomes live in one step; what lacks signatures waits. Exit code 1: there is nothing to
publish yet. Exit code 4: readers would refuse it, and nothing was published.")]
pub(super) struct Args {
    /// Roles that must be among what is published [default: whatever is ready].
    roles: Vec<String>,
    #[command(flatten)]
    online: OnlineKeys,
    #[command(flatten)]
    place: Where,
}

pub(super) fn run(args: &Args, now: Timestamp, out: &Output) -> Result<ExitCode, CliError> {
    let repository = args.place.open()?;
    let published = repository.publish(&args.roles, &args.online.open()?, now).map_err(failed)?;
    let named: Vec<String> = published.roles.iter().map(|(role, version)| format!("{role} {version}")).collect();
    let directory = &published.domain.directory;
    let text = format!(
        "Published version {} ({}): {} members, {} brokers; it counts until {}.",
        published.version,
        named.join(", "),
        directory.directory().members.len(),
        directory.directory().brokers.len(),
        directory.expires(),
    );
    let document = json!({
        "version": published.version, "roles": published.roles, "expires": directory.expires(),
        "members": directory.directory().members.len(), "brokers": directory.directory().brokers.len(),
    });
    out.say(text, &document);
    Ok(ExitCode::SUCCESS)
}
