//! Beginning a directory, and changing whose keys count.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use mohur_directory::content::{
    Anchor, AuthoritiesFile, DeniedFile, DomainsFile, FEDERATION, Files, MEMBERS, MembersFile, POLICY, PolicyFile,
    REVOCATIONS, TrustFolder, anchor,
};
use mohur_directory::repository::{Founding, Periods, Repository, Roles, Signers};
use mohur_wire::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::keys::read_public;
use super::{Life, Where, failed, file_error};
use crate::output::{CliError, Output};

#[derive(clap::Args)]
#[command(after_help = "Example:
  mohur directory init --domain AZ --trust national/trust --keys keys --threshold root=3

Of the public keys in --keys, NAME-*.pub sign for the role NAME: root, targets (root's keys, if there are none), online (snapshot
and timestamp), members, federation, revocations, policy-MOJ and so on. Root and targets need most of their keys, the others one,
unless --threshold says otherwise. The member list is empty until `edit members` fills it.")]
pub(super) struct Init {
    /// The instance that all identifiers begin with.
    #[arg(long)]
    domain: String,
    /// The folder of the PKI's root, issuing authorities and revocation lists, as `mohur pki init` makes it.
    #[arg(long)]
    trust: PathBuf,
    /// The folder of everybody's public keys.
    #[arg(long)]
    keys: PathBuf,
    /// How many must sign for a role, e.g. root=3; may stand several times.
    #[arg(long, value_parser = threshold)]
    threshold: Vec<(String, u64)>,
    /// How long a timestamp counts, in seconds: a server signs it anew well before.
    #[arg(long, default_value_t = Periods::default().timestamp, value_parser = clap::value_parser!(u64).range(60..=31_536_000))]
    timestamp_seconds: u64,
    /// How long a snapshot counts, in seconds.
    #[arg(long, default_value_t = Periods::default().snapshot, value_parser = clap::value_parser!(u64).range(60..=31_536_000))]
    snapshot_seconds: u64,
    #[command(flatten)]
    life: Life,
    #[command(flatten)]
    place: Where,
}

pub(super) fn threshold(text: &str) -> Result<(String, u64), String> {
    let (role, number) = text.split_once('=').ok_or("write it as role=number")?;
    Ok((role.to_owned(), number.parse().map_err(|_| "write it as role=number")?))
}

pub(super) fn init(args: &Init, now: Timestamp, out: &Output) -> Result<ExitCode, CliError> {
    let roles = roles(&args.keys, &args.threshold)?;
    let trust = TrustFolder::read(&args.trust).map_err(CliError::usage)?;
    let founding = Founding {
        anchor: Anchor { domain: args.domain.clone(), pki_root: trust.root.clone() },
        periods: Periods { timestamp: args.timestamp_seconds, snapshot: args.snapshot_seconds },
        expires: args.life.expires("root", now),
        files: first_files(&roles, trust)?,
        roles,
    };
    Repository::found(&args.place.directory, &founding).map_err(failed)?;
    let names: Vec<&String> = founding.roles.keys().filter(|role| !Repository::is_online(role)).collect();
    let text = format!(
        "{}: staged the first version of {}.\nLet the officers sign (`mohur directory sign`), then publish. Readers pin {}.",
        args.place.directory.display(),
        names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", "),
        args.place.directory.join("metadata/1.root.json").display(),
    );
    out.say(text, &json!({ "directory": args.place.directory, "staged": names }));
    Ok(ExitCode::SUCCESS)
}

/// Empty lists, the authorities and their revocation lists.
fn first_files(roles: &Roles, trust: TrustFolder) -> Result<BTreeMap<String, Files>, CliError> {
    let mut revocations = one("revocations/denied.json", &DeniedFile::default())?;
    let lists = trust.revocation_lists.into_iter();
    revocations.extend(lists.map(|(name, list)| (format!("revocations/{name}"), list.into_bytes())));
    let mut members = one("members/members.json", &MembersFile::default())?;
    members.extend(one("members/authorities.json", &AuthoritiesFile { certificates: trust.authorities })?);
    let mut files = BTreeMap::from([
        (MEMBERS.to_owned(), members),
        (REVOCATIONS.to_owned(), revocations),
        (FEDERATION.to_owned(), one("federation/domains.json", &DomainsFile::default())?),
    ]);
    for role in roles.keys().filter(|role| role.starts_with(POLICY)) {
        files.insert(role.clone(), one(&format!("{role}/policy.json"), &PolicyFile::default())?);
    }
    Ok(files)
}

fn one(path: &str, content: &impl Serialize) -> Result<Files, CliError> {
    let bytes = serde_json::to_vec_pretty(content).map_err(CliError::usage)?;
    Ok(Files::from([(path.to_owned(), bytes)]))
}

/// Who signs what, by the names of the public keys in a folder.
pub(super) fn roles(folder: &Path, thresholds: &[(String, u64)]) -> Result<Roles, CliError> {
    let mut keys: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).map_err(file_error(folder))?.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths.into_iter().filter(|path| path.extension().is_some_and(|end| end == "pub")) {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let Some((name, _)) = stem.rsplit_once('-') else { continue };
        let pem = read_public(&path)?.to_pem().unwrap_or_default();
        keys.entry(name.replacen("policy-", POLICY, 1)).or_default().push(pem);
    }
    let needed = |name: &str| {
        let missing = || format!("{}: no {name}-*.pub: who signs for it?", folder.display());
        keys.get(name).cloned().ok_or_else(|| CliError::usage(missing()))
    };
    let (root, online) = (needed("root")?, needed("online")?);
    let mut roles = Roles::new();
    let mut add = |role: &str, keys: Vec<String>| {
        let most = keys.len() as u64 / 2 + 1;
        let standard = if ["root", "targets"].contains(&role) { most } else { 1 };
        let asked = thresholds.iter().rev().find(|(name, _)| name == role).map(|(_, number)| *number);
        roles.insert(role.to_owned(), Signers { threshold: asked.unwrap_or(standard), keys });
    };
    add("targets", keys.get("targets").cloned().unwrap_or_else(|| root.clone()));
    add("root", root);
    add("snapshot", online.clone());
    add("timestamp", online);
    for role in [MEMBERS, FEDERATION, REVOCATIONS] {
        add(role, needed(role)?);
    }
    keys.iter().filter(|(name, _)| name.starts_with(POLICY)).for_each(|(name, keys)| add(name, keys.clone()));
    if let Some((unknown, _)) = thresholds.iter().find(|(name, _)| !roles.contains_key(name)) {
        return Err(CliError::usage(format_args!("--threshold {unknown}: there is no such role")));
    }
    Ok(roles)
}

#[derive(clap::Args)]
#[command(after_help = "Examples:
  mohur directory replace-key members --old keys/members-1.pub --new keys/members-3.pub
  mohur directory replace-key root --old keys/root-2.pub --new keys/root-6.pub

A key of root, snapshot or timestamp is replaced by a new root, which needs the threshold of the old root's keys and of the new
ones; a key of any other role by a new version of targets. The role's own part is staged again where the old key had signed it.")]
pub(super) struct ReplaceKey {
    /// Whose key.
    role: String,
    /// The public key that no longer counts.
    #[arg(long)]
    old: PathBuf,
    /// The public key that takes its place.
    #[arg(long)]
    new: PathBuf,
    #[command(flatten)]
    life: Life,
    #[command(flatten)]
    place: Where,
}

pub(super) fn replace_key(args: &ReplaceKey, now: Timestamp, out: &Output) -> Result<ExitCode, CliError> {
    let repository = args.place.open()?;
    let mut roles = repository.roles().map_err(failed)?;
    let (old, new) = (read_public(&args.old)?, read_public(&args.new)?.to_pem().unwrap_or_default());
    let old = old.to_pem().unwrap_or_default();
    let unknown =
        || CliError::usage(format_args!("there is no role {}; `mohur directory status` lists them", args.role));
    let signers = roles.get_mut(&args.role).ok_or_else(unknown)?;
    let place = signers.keys.iter_mut().find(|key| **key == old);
    let not_there = || CliError::usage(format_args!("{}: not a key of {}", args.old.display(), args.role));
    *place.ok_or_else(not_there)? = new;
    let above = stage_roles(&repository, &args.role, &roles, &args.life, now)?;
    let mut staged = vec![above];
    if above == "targets" && repository.staged(&args.role).map_err(failed)?.is_none() {
        // Signed anew: its readers would find the old signature wanting.
        let files = repository.published_files(&args.role).map_err(failed)?;
        repository.stage_files(&args.role, &files, args.life.expires(&args.role, now)).map_err(failed)?;
        staged.push(&args.role);
    }
    let text = format!("Staged {} with the new key of {}.", staged.join(" and "), args.role);
    out.say(text, &json!({ "staged": staged }));
    Ok(ExitCode::SUCCESS)
}

/// Stages the role that names the keys of `role`; says which that is.
pub(super) fn stage_roles(
    repository: &Repository,
    role: &str,
    roles: &Roles,
    life: &Life,
    now: Timestamp,
) -> Result<&'static str, CliError> {
    if ["root", "targets", "snapshot", "timestamp"].contains(&role) {
        let root = repository.root().map_err(failed)?.or(repository.staged_root().map_err(failed)?);
        let root = root.ok_or_else(|| CliError::usage("there is no root yet"))?;
        let pinned = anchor(root.signed()).map_err(CliError::usage)?;
        repository.stage_root(&pinned, roles, life.expires("root", now)).map_err(failed)?;
        return Ok("root");
    }
    repository.stage_targets(roles, life.expires("targets", now)).map_err(failed)?;
    Ok("targets")
}
