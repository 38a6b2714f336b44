//! `mohur pki ceremony`: the root, offline, in the hands of several operators.

mod people;
mod plan;
mod telling;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::NonEmptyStringValueParser as Name;
use mohur_authority::{Issuer, Reason};
use mohur_ceremony::{
    CeremonyError, HandOver, NewAuthority, Plan, Present, Resharing, check_share, found, hand_over, renew_list,
    request, reshare, revoke, sign_authority, verify,
};
use mohur_http::SystemClock;
use mohur_seal::Passphrase;
use mohur_wire::Clock;
use serde_json::json;

use self::people::People;
use super::roll::Authority;
use crate::output::{CliError, Exit, Output};
use crate::process::no_core_dumps;

const EXAMPLES: &str = "\
Examples:
  mohur pki ceremony plan --domain AZ --operators op-1,op-2,op-3 --needed 2 > plan.toml
  mohur pki ceremony run plan.toml --out rehearsal --dry-run
  mohur pki ceremony run plan.toml --out offline
  mohur pki ceremony verify offline
  mohur pki ceremony hand-over --folder offline --pki national
  mohur pki ceremony renew-list --folder offline --share op-1.share --share op-3.share
  mohur pki ceremony sign-ca tls-ca --folder offline --share op-1.share --share op-2.share
  mohur pki ceremony revoke tls-ca --reason key-compromise --folder offline --share op-1.share --share op-2.share
  mohur pki ceremony reshare --operators op-1,op-2,op-4 --needed 2 --folder offline --share op-1.share --share op-2.share
  mohur pki ceremony check-share op-1.share

Passphrases are typed at the terminal, each operator's own. docs/ceremony.md tells how the day goes.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Print a plan, to be edited.
    Plan(plan::Args),
    /// Hold the first ceremony: root, shares, issuing authorities and the root's revocation list, in a new folder.
    Run {
        /// The plan.
        plan: PathBuf,
        /// The folder to make; it is carried on a stick.
        #[arg(long)]
        out: PathBuf,
        /// Do all of it with keys that nobody will ever trust.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        people: Credentials,
    },
    /// Replay the transcript of a folder, check every signature, and hold every file against it. Needs no key.
    Verify {
        /// The folder.
        folder: PathBuf,
        /// The fingerprint of the root from the minutes.
        #[arg(long)]
        root: Option<String>,
        /// The digest of the transcript's last line from the minutes of the last ceremony.
        #[arg(long)]
        head: Option<String>,
    },
    /// Sign a new issuing authority.
    SignCa {
        /// tls-ca, seal-ca, infrastructure-ca or officer-ca.
        authority: Authority,
        /// A request that `mohur pki ceremony request` wrote; without one a key is made and carried.
        #[arg(long)]
        request: Option<PathBuf>,
        #[command(flatten)]
        here: Here,
    },
    /// Revoke an issuing authority, and sign the list that says so.
    Revoke {
        /// Which, e.g. tls-ca or tls-ca-2.
        authority: Issuer,
        /// unspecified, key-compromise, affiliation-changed, superseded, cessation-of-operation or privilege-withdrawn.
        #[arg(long)]
        reason: Reason,
        #[command(flatten)]
        here: Here,
    },
    /// Sign a new revocation list of the root, before the last one ends.
    RenewList {
        #[command(flatten)]
        here: Here,
    },
    /// Share the root's key anew: after a share was lost, or for other operators.
    Reshare {
        /// Who gets a share, with commas between.
        #[arg(long, value_delimiter = ',', value_parser = Name::new(), required = true)]
        operators: Vec<String>,
        /// How many of them are needed.
        #[arg(long)]
        needed: u8,
        #[command(flatten)]
        here: Here,
    },
    /// Check a share by itself: that it is whole, and that its passphrase opens it.
    CheckShare {
        /// The share.
        share: PathBuf,
        #[command(flatten)]
        people: Credentials,
    },
    /// On the machine online: make a key for an issuing authority, and the request that a ceremony signs.
    Request {
        /// Which, e.g. tls-ca or tls-ca-2.
        authority: Issuer,
        /// The domain.
        #[arg(long)]
        domain: String,
        /// Where `<authority>.key` and `<authority>.csr` go.
        #[arg(long)]
        out: PathBuf,
        /// The credential file whose passphrase encrypts the key [default: <OUT>/passphrase, made if it is not there].
        #[arg(long)]
        passphrase: Option<PathBuf>,
    },
    /// On the machine online: take over what a ceremony made, new authorities and the root's list.
    HandOver {
        /// The folder that was carried here.
        #[arg(long)]
        folder: PathBuf,
        /// The PKI: a new folder, or one that took over from this root before.
        #[arg(long)]
        pki: PathBuf,
        /// The credential file that opens its keys [default: <PKI>/passphrase, made if it is not there].
        #[arg(long)]
        passphrase: Option<PathBuf>,
        /// Where the keys lie that requests were made for.
        #[arg(long)]
        keys: Option<PathBuf>,
        #[command(flatten)]
        people: Credentials,
    },
}

/// Who answers.
#[derive(clap::Args)]
struct Credentials {
    /// A folder with a credential file for each operator, by name, and `carrying`: for scripts and rehearsals. Without it, each
    /// passphrase is typed.
    #[arg(long)]
    credentials: Option<PathBuf>,
}

/// A later ceremony.
#[derive(clap::Args)]
struct Here {
    /// The offline folder.
    #[arg(long)]
    folder: PathBuf,
    /// The share of an operator who is here; several times.
    #[arg(long = "share", required = true)]
    shares: Vec<PathBuf>,
    #[command(flatten)]
    people: Credentials,
}

impl Here {
    fn present(&self) -> Present<'_> {
        Present { folder: &self.folder, shares: &self.shares }
    }

    /// Holds a ceremony, and tells what came of it.
    fn hold(
        &self,
        out: &Output,
        ceremony: impl FnOnce(Present<'_>, (&mut People, &SystemClock)) -> Result<(), CeremonyError>,
    ) -> Result<ExitCode, CliError> {
        let mut people = People::new(self.people.credentials.as_deref(), out);
        ceremony(self.present(), (&mut people, &SystemClock)).map_err(failed)?;
        telling::done(&self.folder, out)
    }
}

/// What does not verify is told apart from what was asked wrongly.
fn failed(error: CeremonyError) -> CliError {
    let exit = match &error {
        CeremonyError::Transcript { .. }
        | CeremonyError::File { .. }
        | CeremonyError::Certificate { .. }
        | CeremonyError::Share { .. }
        | CeremonyError::NotTheKey => Exit::Unverified,
        CeremonyError::Passphrase { .. } | CeremonyError::TooFew { .. } | CeremonyError::DryRun { .. } => {
            Exit::Negative
        }
        CeremonyError::Io { .. }
        | CeremonyError::Plan(_)
        | CeremonyError::Exists { .. }
        | CeremonyError::Refused(_)
        | CeremonyError::Authority(_)
        | CeremonyError::Key(_)
        | CeremonyError::Sharing => Exit::Usage,
    };
    CliError::new(exit, error)
}

pub(super) fn run(args: Args, out: &Output) -> Result<ExitCode, CliError> {
    no_core_dumps();
    match args.command {
        Command::Plan(args) => plan::run(&args, out),
        Command::Run { plan, out: folder, dry_run, people } => {
            let plan = Plan::load(&plan).map_err(failed)?;
            let mut people = People::new(people.credentials.as_deref(), out);
            found(&plan, &folder, dry_run, (&mut people, &SystemClock)).map_err(failed)?;
            telling::done(&folder, out)
        }
        Command::Verify { folder, root, head } => check(&folder, root.as_deref(), head.as_deref(), out),
        Command::SignCa { authority, request, here } => {
            let request = request.map(|path| read(&path)).transpose()?;
            let new = NewAuthority { role: authority.into(), request: request.as_deref() };
            here.hold(out, |present, (people, clock)| sign_authority(present, new, (people, clock)).map(drop))
        }
        Command::Revoke { authority, reason, here } => {
            here.hold(out, |present, (people, clock)| revoke(present, (authority, reason), (people, clock)))
        }
        Command::RenewList { here } => here.hold(out, |present, (people, clock)| renew_list(present, (people, clock))),
        Command::Reshare { operators, needed, here } => {
            let new = Resharing { operators: &operators, needed };
            here.hold(out, |present, (people, clock)| reshare(present, new, (people, clock)))
        }
        Command::CheckShare { share, people } => share_check(&share, people.credentials.as_deref(), out),
        Command::Request { authority, domain, out: folder, passphrase } => {
            make_request((&domain, authority), &folder, passphrase, out)
        }
        Command::HandOver { folder, pki, passphrase, keys, people } => {
            take_over((&folder, &pki), passphrase, keys.as_deref(), (people.credentials.as_deref(), out))
        }
    }
}

fn read(path: &Path) -> Result<String, CliError> {
    std::fs::read_to_string(path).map_err(|error| CliError::usage(format_args!("{}: {error}", path.display())))
}

fn check(folder: &Path, root: Option<&str>, head: Option<&str>, out: &Output) -> Result<ExitCode, CliError> {
    let report = verify(folder).map_err(failed)?;
    let same = |told: &str, found: &str| told.replace([':', ' '], "").eq_ignore_ascii_case(found);
    if root.is_some_and(|root| !same(root, &report.root)) {
        return Err(CliError::new(Exit::Unverified, format!("another root: {}", report.root)));
    }
    if head.is_some_and(|head| !same(head, &report.head)) {
        let what = format!("another last line of the transcript, so this is no copy of that ceremony: {}", report.head);
        return Err(CliError::new(Exit::Unverified, what));
    }
    telling::verified(folder, &report, out);
    Ok(ExitCode::SUCCESS)
}

fn share_check(share: &Path, credentials: Option<&Path>, out: &Output) -> Result<ExitCode, CliError> {
    let info = check_share(share, None).map_err(failed)?;
    let mut people = People::new(credentials, out);
    let passphrase = people.operator(&info.holder.operator).map_err(failed)?;
    check_share(share, Some(&passphrase)).map_err(failed)?;
    let text = format!(
        "{}: good. One of {} shares of {} for {}, of which {} are needed; sharing {}{}.",
        share.display(),
        info.of,
        info.domain,
        info.holder.operator,
        info.needed,
        info.generation,
        if info.dry_run { ", of a DRY RUN" } else { "" },
    );
    out.say(text, &info);
    Ok(ExitCode::SUCCESS)
}

fn make_request(
    (domain, authority): (&str, Issuer),
    folder: &Path,
    file: Option<PathBuf>,
    out: &Output,
) -> Result<ExitCode, CliError> {
    let (passphrase, credential) = super::passphrase(file, &folder.join("passphrase"))?;
    let (key, request) = request((domain, authority), folder, &passphrase).map_err(failed)?;
    let text = format!(
        "Made a key for {authority}, which stays here, and the request for its certificate.\n  key         {}\n  passphrase  {}\n  \
         request     {}   (carry it to the ceremony)",
        key.display(),
        credential.display(),
        request.display(),
    );
    out.say(text, &json!({ "authority": authority, "key": key, "request": request, "passphrase": credential }));
    Ok(ExitCode::SUCCESS)
}

fn take_over(
    (folder, pki): (&Path, &Path),
    file: Option<PathBuf>,
    keys: Option<&Path>,
    (credentials, out): (Option<&Path>, &Output),
) -> Result<ExitCode, CliError> {
    // Nothing is made for a folder that is not good.
    if verify(folder).map_err(failed)?.state.dry_run {
        return Err(failed(CeremonyError::DryRun { path: folder.to_owned() }));
    }
    let (passphrase, credential): (Passphrase, PathBuf) = super::passphrase(file, &pki.join("passphrase"))?;
    let over = HandOver { folder, pki, passphrase: &passphrase, keys, now: SystemClock.now() };
    let new = hand_over(over, &mut People::new(credentials, out)).map_err(failed)?;
    let named: Vec<String> = new.iter().map(ToString::to_string).collect();
    let text = format!(
        "{} took over from {}: {}, and the root's list.\n  passphrase  {}   (keep it apart from the keys)\n\
         Publish {}: mohur directory init --trust …, or edit members --trust … and edit revocations --trust ….{}",
        pki.display(),
        folder.display(),
        if named.is_empty() { "no new authority".to_owned() } else { named.join(", ") },
        credential.display(),
        pki.join("trust").display(),
        if named.is_empty() { "" } else { "\nWipe the keys below `issuing/` from the stick: they are here now." },
    );
    out.say(text, &json!({ "pki": pki, "authorities": named, "passphrase": credential }));
    Ok(ExitCode::SUCCESS)
}
