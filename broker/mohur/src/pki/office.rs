//! What the operator orders of the office: `mohur pki invite`, `withdraw`, `invitations`, `pending`, `decide`, `journal`.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use mohur_authority::office::{Application, Enrols, Invite, Invited, Office, Order, Report, Rules, State};
use mohur_authority::serve::{ControlError, ControlFile, order};
use mohur_authority::{AuthorityError, Layout};
use mohur_enrol::InvitationFile;
use mohur_http::SystemClock;
use mohur_wire::{Clock, MemberId, Timestamp};
use serde_json::json;

use super::Pki;
use crate::output::{CliError, Exit, Output};
use crate::process;

#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  mohur pki invite AZ/GOV/MIA/id-cards --host cards.mia.gov.az --pki national --out id-cards.invitation
  mohur pki invite AZ/COM/BANK/credit --profile tls --life 24h --pki national --out bank.invitation

The file is a secret until it is used: whoever holds it enrols in the member's name, once. Give it to the agency by a
way that only the agency reads. There: mohur enrol join id-cards.invitation --out id-cards")]
pub(super) struct InviteArgs {
    /// Whom, e.g. AZ/GOV/MIA/id-cards.
    member: MemberId,
    /// A DNS name or an IP address of its server, for the TLS certificate; may stand several times.
    #[arg(long)]
    host: Vec<String>,
    /// For what, tls or seal; may stand twice [default: both].
    #[arg(long)]
    profile: Vec<Enrols>,
    /// For how long it can be used.
    #[arg(long, default_value = "72h", value_parser = life)]
    life: Duration,
    /// Where the invitation goes, a new file of mode 0600.
    #[arg(long)]
    out: PathBuf,
    /// The address of the authority online [default: that of the service that runs over the folder].
    #[arg(long)]
    url: Option<String>,
    #[command(flatten)]
    pki: Pki,
}

fn life(text: &str) -> Result<Duration, &'static str> {
    mohur_config::parse_duration(text).ok_or("write a whole number with its unit: 30m, 72h, 7d")
}

/// Has the order carried out: by the service that holds the register, or here if none runs.
pub(super) fn carry_out(pki: &Pki, wanted: Order) -> Result<Report, CliError> {
    match pki.try_open() {
        Ok(national) => {
            let mut office = Office::new(national, Rules::default());
            office.carry_out(wanted, SystemClock.now()).map_err(CliError::usage)
        }
        Err(AuthorityError::Busy { .. }) => {
            let folder = pki.pki.clone();
            process::run(async move { order(&folder, &wanted).await.map_err(failed) })
        }
        Err(error) => Err(CliError::usage(error)),
    }
}

fn failed(error: ControlError) -> CliError {
    let exit = match &error {
        ControlError::Unreachable(_) | ControlError::NoService { .. } => Exit::Unreachable,
        ControlError::Refused { .. } => Exit::Negative,
        ControlError::Damaged { .. } => Exit::Usage,
    };
    CliError::new(exit, error)
}

fn unexpected() -> CliError {
    CliError::usage("the service answered something else; is it of the same version?")
}

pub(super) fn invite(args: &InviteArgs, out: &Output) -> Result<ExitCode, CliError> {
    let url = match &args.url {
        Some(url) => url.clone(),
        None => {
            ControlFile::read(&args.pki.pki)
                .map_err(|_| CliError::usage("no service runs over this folder: say its address with --url"))?
                .url
        }
    };
    let root_file = Layout::new(&args.pki.pki).trust().join("root.pem");
    let root = std::fs::read_to_string(&root_file)
        .map_err(|error| CliError::usage(format_args!("{}: {error}", root_file.display())))?;
    let profiles = if args.profile.is_empty() { vec![Enrols::Tls, Enrols::Seal] } else { args.profile.clone() };
    let invite = Invite { member: args.member.clone(), profiles, hosts: args.host.clone(), life: args.life };
    if args.out.exists() {
        return Err(CliError::usage(format_args!("{}: is there already", args.out.display())));
    }
    let Report::Invited(invited) = carry_out(&args.pki, Order::Invite(invite))? else { return Err(unexpected()) };
    let Invited { token, invitation } = *invited;
    let file = InvitationFile { member: args.member.clone(), url, token, expires: invitation.expires, root };
    file.write(&args.out).map_err(CliError::usage)?;
    let text = format!(
        "Invited {} ({}), until {}.\n  invitation  {}   (a secret until it is used; give it to the agency)\n  id          {}",
        args.member,
        names(&invitation.profiles.iter().map(|(profile, _)| *profile).collect::<Vec<_>>()),
        invitation.expires,
        args.out.display(),
        invitation.id,
    );
    out.say(text, &json!({ "invitation": invitation, "file": args.out, "url": file.url }));
    Ok(ExitCode::SUCCESS)
}

fn names(profiles: &[Enrols]) -> String {
    profiles.iter().map(|profile| profile.name()).collect::<Vec<_>>().join(", ")
}

pub(super) fn withdraw(id: &str, pki: &Pki, out: &Output) -> Result<ExitCode, CliError> {
    let order = Order::Withdraw { invitation: id.to_owned() };
    let Report::Invitation(invitation) = carry_out(pki, order)? else { return Err(unexpected()) };
    out.say(format_args!("Took the invitation {id} of {} back.", invitation.member), &invitation);
    Ok(ExitCode::SUCCESS)
}

pub(super) fn invitations(pki: &Pki, out: &Output) -> Result<ExitCode, CliError> {
    let Report::Invitations(found) = carry_out(pki, Order::Invitations)? else { return Err(unexpected()) };
    let mut text = format!("{:<14} {:<32} {:<12} used\n", "id", "member", "withdrawn");
    for invitation in &found {
        let used: Vec<_> =
            invitation.profiles.iter().filter(|(_, key)| key.is_some()).map(|(profile, _)| *profile).collect();
        let withdrawn = if invitation.withdrawn { "yes" } else { "no" };
        let _ =
            writeln!(text, "{:<14} {:<32} {withdrawn:<12} {}", invitation.id, invitation.member.as_str(), names(&used));
    }
    out.say(text.trim_end(), &found);
    Ok(ExitCode::SUCCESS)
}

pub(super) fn pending(pki: &Pki, now: Timestamp, out: &Output) -> Result<ExitCode, CliError> {
    let Report::Applications(found) = carry_out(pki, Order::Applications)? else { return Err(unexpected()) };
    let waiting: Vec<_> = found.into_iter().filter(|application| application.is_pending(now)).collect();
    say_pending(&waiting, out);
    Ok(ExitCode::SUCCESS)
}

/// What officers must decide.
pub(super) fn say_pending(waiting: &[Application], out: &Output) {
    let mut text = String::new();
    for application in waiting {
        let by: Vec<_> = application.approvals.iter().map(|approval| approval.officer.as_str()).collect();
        let _ = writeln!(text, "{}  a seal for {}", application.id, application.member);
        let _ = writeln!(text, "  applied      {}, waits until {}", application.at, application.expires);
        let _ = writeln!(text, "  fingerprint  {}   (compare it with the agency)", application.key);
        let _ =
            writeln!(text, "  approved by  {}", if by.is_empty() { "nobody yet".to_owned() } else { by.join(", ") });
    }
    if waiting.is_empty() {
        text.push_str("nothing waits");
    }
    out.say(text.trim_end(), &waiting);
}

pub(super) fn decide(file: &Path, pki: &Pki, out: &Output) -> Result<ExitCode, CliError> {
    let statement =
        std::fs::read_to_string(file).map_err(|error| CliError::usage(format_args!("{}: {error}", file.display())))?;
    let order = Order::Decide { statement: statement.trim().to_owned() };
    let Report::Application(application) = carry_out(pki, order)? else { return Err(unexpected()) };
    say_decided(&application, out);
    Ok(ExitCode::SUCCESS)
}

pub(super) fn say_decided(application: &Application, out: &Output) {
    let text = match &application.state {
        State::Pending => format!(
            "Taken: the seal of {} has {} approval(s) and waits for more.",
            application.member,
            application.approvals.len()
        ),
        State::Issued { fingerprint } => {
            format!("The seal of {} is approved and issued; its fingerprint is {fingerprint}.", application.member)
        }
        State::Rejected { why, .. } => format!("The seal of {} is rejected: {why}.", application.member),
    };
    out.say(text, application);
}

pub(super) fn journal(pki: &Pki, out: &Output) -> Result<ExitCode, CliError> {
    let Report::Journal(entries) = carry_out(pki, Order::Journal)? else { return Err(unexpected()) };
    let mut text = String::new();
    for entry in &entries {
        let event = serde_json::to_string(&entry.event).unwrap_or_default();
        let _ = writeln!(text, "{} {} {event}", entry.number, entry.at);
    }
    out.say(text.trim_end(), &entries);
    Ok(ExitCode::SUCCESS)
}
