//! `mohur pki timestamp`: time stamps of files, from any authority.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use mohur_attest::timestamp::{Hash, Imprint, PolicyId, Query, Stamp, Token};
use mohur_chain::Anchors;
use mohur_crypto::digest::sha256_of;
use mohur_crypto::random_bytes;
use mohur_server::{TimeStampError, ask_time_stamp, time_stamp_client};
use serde_json::{Value, json};

use crate::output::{CliError, Exit, Output};
use crate::process;

const EXAMPLES: &str = "\
Examples:
  mohur pki timestamp ask report.pdf --url http://127.0.0.1:3161/ --trust national/trust/root.pem
  mohur pki timestamp verify report.pdf --trust national/trust/root.pem
  openssl ts -verify -data report.pdf -in report.pdf.tsr -CAfile national/trust/root.pem

Only the digest of the file leaves this machine. Exit code 4: a time stamp does not verify.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Ask for a time stamp, verify it, and keep it beside the file.
    Ask {
        /// The file.
        file: PathBuf,
        /// The authority's address, plain HTTP: the answer is signed.
        #[arg(long)]
        url: String,
        /// Accept this policy only, e.g. 1.2.3.4.
        #[arg(long)]
        policy: Option<PolicyId>,
        /// Where the answer goes [default: <FILE>.tsr].
        #[arg(long)]
        out: Option<PathBuf>,
        #[command(flatten)]
        trust: Roots,
    },
    /// Verify a time stamp of a file.
    Verify {
        /// The file.
        file: PathBuf,
        /// The answer that `ask` or openssl kept [default: <FILE>.tsr].
        #[arg(long)]
        answer: Option<PathBuf>,
        #[command(flatten)]
        trust: Roots,
    },
}

#[derive(clap::Args)]
struct Roots {
    /// The root that the authority's certificate ends at, PEM; may stand several times. Revocation lists among the files
    /// are used; each certificate of the path then needs one.
    #[arg(long, required = true)]
    trust: Vec<PathBuf>,
}

pub(super) fn run(args: Args, out: &Output) -> Result<ExitCode, CliError> {
    match args.command {
        Command::Ask { file, url, policy, out: target, trust } => {
            let anchors = Anchors::load(&trust.trust).map_err(CliError::usage)?;
            let mut query = Query::new(imprint(&file)?, random_bytes());
            if let Some(policy) = policy {
                query = query.under_policy(policy);
            }
            let client = time_stamp_client();
            let asked = process::run(async {
                ask_time_stamp(&client, &url, &query, Duration::from_secs(30)).await.map_err(|error| refused(&error))
            });
            let token = asked?;
            let stamp = token.verify_answer(&query, &anchors).map_err(unverified)?;
            let target = target.unwrap_or_else(|| beside(&file));
            std::fs::write(&target, token.to_reply())
                .map_err(|error| CliError::usage(format_args!("{}: {error}", target.display())))?;
            out.say(
                format_args!("{}\n  kept in      {}", describe(&file, &stamp), target.display()),
                &document(&file, &target, &stamp),
            );
        }
        Command::Verify { file, answer, trust } => {
            let anchors = Anchors::load(&trust.trust).map_err(CliError::usage)?;
            let answer = answer.unwrap_or_else(|| beside(&file));
            let reply = std::fs::read(&answer)
                .map_err(|error| CliError::usage(format_args!("{}: {error}", answer.display())))?;
            let token = Token::from_reply(&reply).or_else(|_| Token::from_der(&reply)).map_err(unverified)?;
            let hash = token.hash().map_err(unverified)?;
            let imprint = if hash == Hash::Sha256 { imprint(&file)? } else { imprint_of_all(hash, &file)? };
            let stamp = token.verify(&imprint, &anchors).map_err(unverified)?;
            out.say(describe(&file, &stamp), &document(&file, &answer, &stamp));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn imprint(file: &Path) -> Result<Imprint, CliError> {
    let wrong = |error: std::io::Error| CliError::usage(format_args!("{}: {error}", file.display()));
    let digest = sha256_of(&mut File::open(file).map_err(wrong)?).map_err(wrong)?;
    Imprint::new(Hash::Sha256, digest.as_bytes()).ok_or_else(|| CliError::usage("a digest of another length"))
}

fn imprint_of_all(hash: Hash, file: &Path) -> Result<Imprint, CliError> {
    let bytes = std::fs::read(file).map_err(|error| CliError::usage(format_args!("{}: {error}", file.display())))?;
    Ok(Imprint::of(hash, &bytes))
}

fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".tsr");
    name.into()
}

fn refused(error: &TimeStampError) -> CliError {
    let exit = match error {
        TimeStampError::Address(_) => Exit::Usage,
        TimeStampError::Client(_) | TimeStampError::Status { .. } => Exit::Unreachable,
        TimeStampError::Token(_) => Exit::Negative,
    };
    CliError::new(exit, error)
}

fn unverified(error: mohur_attest::timestamp::TokenError) -> CliError {
    CliError::new(Exit::Unverified, error)
}

fn describe(file: &Path, stamp: &Stamp) -> String {
    let accuracy = stamp.accuracy.map_or_else(|| "not stated".to_owned(), |accuracy| format!("{:?}", accuracy.0));
    format!(
        "{} existed at {}.\n  accuracy     {accuracy}\n  policy       {}\n  serial       {}\n  authority    {} (SHA-256 of its certificate)",
        file.display(),
        stamp.time,
        stamp.policy,
        stamp.serial,
        stamp.signer.fingerprint(),
    )
}

fn document(file: &Path, answer: &Path, stamp: &Stamp) -> Value {
    json!({
        "file": file,
        "answer": answer,
        "time": stamp.time,
        "accuracy-seconds": stamp.accuracy.map(|accuracy| accuracy.0.as_secs_f64()),
        "policy": stamp.policy.to_string(),
        "serial": stamp.serial,
        "authority": stamp.signer.fingerprint().to_string(),
    })
}
