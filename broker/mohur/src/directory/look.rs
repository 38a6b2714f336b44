//! Looking at a directory: how it stands, what would change, and whether it is good.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use mohur_directory::{DirectoryError, DirectorySettings, Place};
use mohur_http::{SystemClock, follower};
use mohur_tuf::TufError;
use mohur_wire::{Clock, Timestamp};
use serde_json::json;

use super::{Where, failed};
use crate::output::{CliError, Exit, Output};

#[derive(clap::Args)]
pub(super) struct Diff {
    /// Whose part [default: all that is staged].
    role: Option<String>,
    #[command(flatten)]
    place: Where,
}

pub(super) fn diff(args: &Diff, out: &Output) -> Result<ExitCode, CliError> {
    let repository = args.place.open()?;
    let roles = match &args.role {
        Some(role) => vec![role.clone()],
        None => repository.staged_roles().map_err(failed)?,
    };
    let (mut text, mut all) = (String::new(), serde_json::Map::new());
    for role in &roles {
        let changes = repository.diff(role).map_err(failed)?;
        let _ = writeln!(text, "{role}");
        for change in &changes {
            let _ = writeln!(text, "  {change}");
        }
        all.insert(role.clone(), json!(changes));
    }
    let nothing = if roles.is_empty() { "Nothing is staged." } else { "" };
    out.say(format_args!("{}{nothing}", text.trim_end()), &all);
    Ok(ExitCode::SUCCESS)
}

#[derive(clap::Args)]
pub(super) struct Status {
    #[command(flatten)]
    place: Where,
}

pub(super) fn status(args: &Status, now: Timestamp, out: &Output) -> Result<ExitCode, CliError> {
    let roles = args.place.open()?.status().map_err(failed)?;
    let mut text = String::new();
    for role in &roles {
        let live = match (role.version, role.expires) {
            (Some(version), Some(expires)) => {
                format!("version {version} until {expires}{}", if expires <= now { ", EXPIRED" } else { "" })
            }
            _ => "not published".to_owned(),
        };
        let _ = writeln!(text, "{:<14} {live}; {} of {} keys sign", role.role, role.threshold, role.keys.len());
        let Some(staged) = &role.staged else { continue };
        let lacks = match staged.missing {
            0 => "ready to be published".to_owned(),
            missing => format!("{missing} signatures missing"),
        };
        let _ = writeln!(text, "               staged: version {} until {}, {lacks}", staged.version, staged.expires);
        for key in role.keys.iter().filter(|key| !staged.signed.contains(key)) {
            let _ = writeln!(text, "                 not signed by {key}");
        }
    }
    out.say(text.trim_end(), &roles);
    Ok(ExitCode::SUCCESS)
}

#[derive(clap::Args)]
#[command(after_help = "Examples:
  mohur directory verify --root root.json                                   the repository in ./directory
  mohur directory verify --root root.json --url https://directory.example.az:8444
  mohur directory verify --root root.json --state /var/lib/mohur/directory  what a process remembers")]
pub(super) struct Verify {
    /// The trusted root metadata.
    #[arg(long)]
    root: PathBuf,
    /// Fetch it from this HTTPS server.
    #[arg(long)]
    url: Option<String>,
    /// Verify what a broker, host or caller remembers in this folder, and fetch nothing.
    #[arg(long, conflicts_with = "url")]
    state: Option<PathBuf>,
    #[command(flatten)]
    place: Where,
}

pub(super) fn verify(args: &Verify, now: Timestamp, out: &Output) -> Result<ExitCode, CliError> {
    let scratch = tempfile::tempdir().map_err(CliError::usage)?;
    let place = match &args.url {
        Some(url) => Place::Url(url.trim_end_matches('/').to_owned()),
        None => Place::Folder(args.place.directory.clone()),
    };
    let state = args.state.clone().unwrap_or_else(|| scratch.path().join("state"));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let follower = follower(&DirectorySettings::new(place, args.root.clone(), state), &clock);
    let domain = if args.state.is_some() {
        follower.last(now).map_err(refused)?.ok_or_else(|| CliError::usage("nothing is remembered there"))?
    } else {
        follower.update(now).map_err(refused)?
    };
    let directory = &domain.directory;
    let content = directory.directory();
    let overdue = if directory.is_overdue(now) { " It has expired, and counts by its grace alone." } else { "" };
    let text = format!(
        "Good: {} version {}, {} brokers, {} members, {} denied, revocation lists fresh until {}; it counts until {}.{overdue}",
        directory.domain(),
        directory.version(),
        content.brokers.len(),
        content.members.len(),
        content.denied.len(),
        domain.trust.fresh_until(),
        directory.expires(),
    );
    let document = json!({
        "domain": directory.domain(), "version": directory.version(), "digest": directory.digest().to_string(),
        "expires": directory.expires(), "overdue": directory.is_overdue(now), "lists-fresh-until": domain.trust.fresh_until(),
        "brokers": content.brokers.len(), "members": content.members.len(), "denied": content.denied.len(),
    });
    out.say(text, &document);
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "everything else does not verify")]
fn refused(error: DirectoryError) -> CliError {
    match error {
        DirectoryError::Tuf(TufError::Source { .. }) => CliError::new(Exit::Unreachable, error),
        DirectoryError::Io { .. } => CliError::usage(error),
        _ => CliError::new(Exit::Unverified, error),
    }
}
