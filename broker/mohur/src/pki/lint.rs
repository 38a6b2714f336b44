//! `mohur pki lint`.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use mohur_chain::{Finding, Profile, Role, lint};
use serde_json::{Value, json};

use super::inspect::certificates;
use crate::output::{CliError, Exit, Output};

const EXAMPLES: &str = "\
Examples:
  mohur pki lint id-cards/seal.pem
  mohur pki lint hub/tls.pem --profile tls
  mohur pki lint root.pem --profile root

Exit code 1 if anything is wrong with a certificate. Who issued it, its time and its revocation are not asked here:
`mohur pki inspect --trust` says that.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Certificates or chains in PEM.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// The profile to hold the first certificate of each file against; the others, its chain, are held
    /// against what they claim to be [default: what each claims to be].
    #[arg(long)]
    profile: Option<Which>,
}

/// A profile by the name that is typed.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Which {
    Tls,
    Seal,
    Infrastructure,
    Ocsp,
    Tsa,
    Officer,
    Root,
    TlsCa,
    SealCa,
    InfrastructureCa,
    OfficerCa,
}

impl From<Which> for Profile {
    fn from(which: Which) -> Self {
        match which {
            Which::Tls => Self::Tls,
            Which::Seal => Self::Seal,
            Which::Infrastructure => Self::Infrastructure,
            Which::Ocsp => Self::Ocsp,
            Which::Tsa => Self::TimeStamp,
            Which::Officer => Self::Officer,
            Which::Root => Self::Root,
            Which::TlsCa => Self::Issuing(Role::Tls),
            Which::SealCa => Self::Issuing(Role::Seal),
            Which::InfrastructureCa => Self::Issuing(Role::Infrastructure),
            Which::OfficerCa => Self::Issuing(Role::Officer),
        }
    }
}

pub(super) fn run(args: &Args, out: &Output) -> Result<ExitCode, CliError> {
    let (mut text, mut documents, mut wrong) = (String::new(), Vec::new(), false);
    for path in &args.paths {
        for (place, der) in certificates(path)?.iter().enumerate() {
            // Behind the first come its issuers.
            let expected = args.profile.filter(|_| place == 0).map(Profile::from);
            let (profile, findings) = lint(der, expected)
                .map_err(|error| CliError::new(Exit::Negative, format_args!("{}: {error}", path.display())))?;
            wrong |= !findings.is_empty();
            text.push_str(&describe(path, profile, &findings));
            documents.push(document(path, profile, &findings));
        }
    }
    out.say(text.trim_end(), &documents);
    Ok(if wrong { Exit::Negative.into() } else { ExitCode::SUCCESS })
}

fn describe(path: &Path, profile: Option<Profile>, findings: &[Finding]) -> String {
    let mut out = match profile {
        Some(profile) if findings.is_empty() => format!("{}: keeps the profile {profile}\n", path.display()),
        Some(profile) => format!("{}: not a {profile} certificate\n", path.display()),
        None => format!("{}: claims no profile\n", path.display()),
    };
    for finding in findings {
        let _ = writeln!(out, "  WRONG   {}", finding.problem);
        let _ = writeln!(out, "    after {}", finding.source);
        let _ = writeln!(out, "    set   {}", finding.remedy);
    }
    out
}

fn document(path: &Path, profile: Option<Profile>, findings: &[Finding]) -> Value {
    let findings = findings.iter().map(
        |finding| json!({ "problem": finding.problem.to_string(), "source": finding.source, "set": finding.remedy }),
    );
    json!({ "file": path, "profile": profile.map(Profile::name), "findings": findings.collect::<Vec<_>>() })
}
