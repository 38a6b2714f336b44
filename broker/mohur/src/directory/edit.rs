//! New versions of one role's part.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use mohur_crypto::Digest;
use mohur_directory::content::{
    AuthoritiesFile, DeniedFile, FEDERATION, Files, MEMBERS, POLICY, PolicyFile, REVOCATIONS, TrustFolder, anchor,
    check_file,
};
use mohur_directory::repository::{Repository, Roles};
use mohur_directory::{DefinitionEntry, HexDigest, PolicyEntry};
use mohur_policy_bundle::{definition_digest, load_agency, load_definitions};
use mohur_wire::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::found::{roles, stage_roles};
use super::{Life, Where, failed, file_error};
use crate::output::{CliError, Output};

#[derive(clap::Args)]
#[command(after_help = "Examples:
  mohur directory edit members members.json          the member list from a file
  mohur directory edit members                       the member list in $EDITOR
  mohur directory edit members --trust national/trust            the issuing authorities of that folder
  mohur directory edit revocations --trust national/trust        the revocation lists of that folder
  mohur directory edit revocations --deny 3f…                    a certificate's SHA-256 (`mohur pki inspect` shows it)
  mohur directory edit policy/MOJ --policy policy/MOJ            what `mohur policy check` shows of an agency's folder
  mohur directory edit targets --keys keys                       who signs for which role, after a new agency's key came

Nothing counts before officers sign it (`mohur directory sign`) and it is published.")]
pub(super) struct Args {
    /// Whose part: members, federation, revocations, policy/AGENCY, root or targets.
    role: String,
    /// Files that take the place of those of the same name, or come beside them.
    files: Vec<PathBuf>,
    /// A file to leave out.
    #[arg(long)]
    remove: Vec<String>,
    /// Deny the certificate with this fingerprint; may stand several times.
    #[arg(long, value_parser = fingerprint)]
    deny: Vec<Digest>,
    /// Deny it no longer.
    #[arg(long, value_parser = fingerprint)]
    allow: Vec<Digest>,
    /// Take authorities, revocation lists or (for root) the PKI's root from this folder.
    #[arg(long)]
    trust: Option<PathBuf>,
    /// Name the policy and the bundles of this agency's folder.
    #[arg(long)]
    policy: Option<PathBuf>,
    /// For root and targets: everybody's public keys, as for `init`.
    #[arg(long)]
    keys: Option<PathBuf>,
    /// For root and targets: how many must sign for a role, e.g. members=2.
    #[arg(long, value_parser = super::found::threshold)]
    threshold: Vec<(String, u64)>,
    #[command(flatten)]
    life: Life,
    #[command(flatten)]
    place: Where,
}

fn fingerprint(text: &str) -> Result<Digest, &'static str> {
    Digest::from_hex(text).ok_or("write it as 64 lower-case hexadecimal digits")
}

pub(super) fn run(args: &Args, now: Timestamp, out: &Output) -> Result<ExitCode, CliError> {
    let repository = args.place.open()?;
    if ["root", "targets"].contains(&args.role.as_str()) {
        edit_roles(args, &repository, now)?;
    } else {
        let files = edited(args, &repository)?;
        for (path, bytes) in &files {
            check_file(path, bytes).map_err(CliError::usage)?;
        }
        let expires = args.life.expires(&args.role, now);
        repository.stage_files(&args.role, &files, expires).map_err(failed)?;
    }
    let changes = repository.diff(&args.role).map_err(failed)?;
    let text = format!("Staged {}:\n  {}", args.role, changes.join("\n  "));
    out.say(text, &json!({ "staged": args.role, "changes": changes }));
    Ok(ExitCode::SUCCESS)
}

/// The role's files as they are staged, or else published, with what is asked.
fn edited(args: &Args, repository: &Repository) -> Result<Files, CliError> {
    let staged = repository.staged(&args.role).map_err(failed)?.is_some();
    let mut files = if staged { repository.staged_files(&args.role) } else { repository.published_files(&args.role) }
        .map_err(failed)?;
    let path = |name: &str| format!("{}/{name}", args.role);
    for file in &args.files {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        files.insert(path(name), std::fs::read(file).map_err(file_error(file))?);
    }
    for name in &args.remove {
        files.remove(&path(name)).ok_or_else(|| CliError::usage(format_args!("{} has no file {name}", args.role)))?;
    }
    if !(args.deny.is_empty() && args.allow.is_empty()) {
        deny(args, &mut files)?;
    }
    if let Some(trust) = &args.trust {
        from_trust(args, trust, &mut files)?;
    }
    if let Some(policy) = &args.policy {
        files.insert(path("policy.json"), policy_of(&args.role, policy)?);
    }
    let asked = [args.files.len(), args.remove.len(), args.deny.len(), args.allow.len()].iter().sum::<usize>();
    if asked == 0 && args.trust.is_none() && args.policy.is_none() {
        let main = path(main_file(&args.role)?);
        let edited = in_editor(files.get(&main).map(Vec::as_slice).unwrap_or_default())?;
        files.insert(main, edited);
    }
    Ok(files)
}

fn main_file(role: &str) -> Result<&'static str, CliError> {
    match role {
        MEMBERS => Ok("members.json"),
        FEDERATION => Ok("domains.json"),
        REVOCATIONS => Ok("denied.json"),
        _ if role.starts_with(POLICY) => Ok("policy.json"),
        _ => Err(CliError::usage(format_args!("there is no role {role}; `mohur directory status` lists them"))),
    }
}

fn deny(args: &Args, files: &mut Files) -> Result<(), CliError> {
    only_for(&args.role, REVOCATIONS, "--deny and --allow")?;
    let name = "revocations/denied.json";
    let mut list: DeniedFile = read(files, name)?;
    list.denied.retain(|known| !args.allow.contains(&known.0) && !args.deny.contains(&known.0));
    list.denied.extend(args.deny.iter().map(|one| HexDigest(*one)));
    files.insert(name.to_owned(), write(&list)?);
    Ok(())
}

fn from_trust(args: &Args, folder: &Path, files: &mut Files) -> Result<(), CliError> {
    let trust = TrustFolder::read(folder).map_err(CliError::usage)?;
    match args.role.as_str() {
        MEMBERS => {
            let list = AuthoritiesFile { certificates: trust.authorities };
            files.insert("members/authorities.json".to_owned(), write(&list)?);
        }
        REVOCATIONS => {
            files.retain(|path, _| !path.ends_with(".crl"));
            let lists = trust.revocation_lists.into_iter();
            files.extend(lists.map(|(name, list)| (format!("revocations/{name}"), list.into_bytes())));
        }
        _ => {
            return Err(CliError::usage(
                "--trust is for members (authorities), revocations (lists) and root (the PKI's root)",
            ));
        }
    }
    Ok(())
}

/// What the directory says of an agency's folder.
fn policy_of(role: &str, folder: &Path) -> Result<Vec<u8>, CliError> {
    if !role.starts_with(POLICY) {
        return Err(CliError::usage("--policy is for policy/AGENCY"));
    }
    let agency = load_agency(folder).map_err(CliError::usage)?;
    let entry = PolicyEntry { version: agency.version(), digest: HexDigest(Digest(agency.digest())) };
    let definitions = load_definitions(folder).map_err(CliError::usage)?;
    let definition = |one: &mohur_wire::bundle::Definition| DefinitionEntry {
        id: one.id.clone(),
        version: one.version,
        digest: HexDigest(definition_digest(one)),
    };
    let policy = (agency.services().count() > 0).then_some(entry);
    write(&PolicyFile { policy, definitions: definitions.iter().map(definition).collect() })
}

fn only_for(role: &str, wanted: &str, what: &str) -> Result<(), CliError> {
    if role == wanted { Ok(()) } else { Err(CliError::usage(format_args!("{what} is for {wanted}"))) }
}

fn read<T: DeserializeOwned + Default>(files: &Files, name: &str) -> Result<T, CliError> {
    let Some(bytes) = files.get(name) else { return Ok(T::default()) };
    serde_json::from_slice(bytes).map_err(|error| CliError::usage(format_args!("{name}: {error}")))
}

fn write(content: &impl Serialize) -> Result<Vec<u8>, CliError> {
    let mut bytes = serde_json::to_vec_pretty(content).map_err(CliError::usage)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Who signs for which role, from a folder of keys or in `$EDITOR`; for root also the PKI's root.
fn edit_roles(args: &Args, repository: &Repository, now: Timestamp) -> Result<(), CliError> {
    let known = repository.roles().map_err(failed)?;
    if let (Some(trust), "root") = (&args.trust, args.role.as_str()) {
        let root = repository.root().map_err(failed)?.ok_or_else(|| CliError::usage("there is no root yet"))?;
        let mut pinned = anchor(root.signed()).map_err(CliError::usage)?;
        pinned.pki_root = TrustFolder::read(trust).map_err(CliError::usage)?.root;
        repository.stage_root(&pinned, &known, args.life.expires("root", now)).map_err(failed)?;
        return Ok(());
    }
    let wanted: Roles = match &args.keys {
        Some(folder) => {
            let mut found = roles(folder, &args.threshold)?;
            // Thresholds that nobody changes stay.
            for (role, signers) in &mut found {
                let asked = args.threshold.iter().any(|(name, _)| name == role);
                if let Some(before) = known.get(role).filter(|_| !asked) {
                    signers.threshold = before.threshold;
                }
            }
            found
        }
        None if !args.threshold.is_empty() => {
            let mut found = known.clone();
            for (role, number) in &args.threshold {
                let unknown = || CliError::usage(format_args!("--threshold {role}: there is no such role"));
                found.get_mut(role).ok_or_else(unknown)?.threshold = *number;
            }
            found
        }
        None => {
            let text = in_editor(&write(&known)?)?;
            serde_json::from_slice(&text).map_err(|error| CliError::usage(format_args!("the roles: {error}")))?
        }
    };
    stage_roles(repository, if args.role == "root" { "root" } else { "members" }, &wanted, &args.life, now)?;
    // A role that is new begins with a file of its own to sign.
    for role in wanted.keys().filter(|role| args.role == "targets" && role.starts_with(POLICY)) {
        let is_known = repository.published(role).map_err(failed)?.is_some();
        if !is_known && repository.staged(role).map_err(failed)?.is_none() {
            let files = Files::from([(format!("{role}/policy.json"), write(&PolicyFile::default())?)]);
            repository.stage_files(role, &files, args.life.expires(role, now)).map_err(failed)?;
        }
    }
    Ok(())
}

/// What a person makes of it in `$EDITOR`.
fn in_editor(bytes: &[u8]) -> Result<Vec<u8>, CliError> {
    let editor = std::env::var("VISUAL").or_else(|_| std::env::var("EDITOR"));
    let editor = editor.map_err(|_| CliError::usage("name a file, or set EDITOR"))?;
    let file = tempfile::Builder::new().prefix("mohur-").suffix(".json").tempfile().map_err(CliError::usage)?;
    std::fs::write(file.path(), bytes).map_err(file_error(file.path()))?;
    let status = Command::new("sh").args(["-c", "exec $0 \"$1\"", &editor]).arg(file.path()).status();
    if !status.map_err(CliError::usage)?.success() {
        return Err(CliError::usage(format_args!("{editor} ended with an error; nothing is staged")));
    }
    let edited = std::fs::read(file.path()).map_err(file_error(file.path()))?;
    if edited == bytes { Err(CliError::usage("nothing was changed; nothing is staged")) } else { Ok(edited) }
}

#[derive(clap::Args)]
pub(super) struct Discard {
    /// Whose staged part.
    role: String,
    #[command(flatten)]
    place: Where,
}

pub(super) fn discard(args: &Discard, out: &Output) -> Result<ExitCode, CliError> {
    let repository = args.place.open()?;
    if !repository.staged_roles().map_err(failed)?.contains(&args.role) {
        return Err(CliError::usage(format_args!("nothing is staged for {}", args.role)));
    }
    repository.unstage(&args.role).map_err(failed)?;
    out.say(format_args!("Nothing is staged for {} any more.", args.role), &json!({ "discarded": args.role }));
    Ok(ExitCode::SUCCESS)
}
