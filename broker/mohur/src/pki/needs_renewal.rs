//! `mohur pki needs-renewal`

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use mohur_chain::inspect;
use mohur_enrol::Life;
use mohur_wire::Timestamp;
use serde_json::json;

use super::inspect::certificates;
use crate::output::{CliError, Exit, Output};

const EXAMPLES: &str = "\
Examples:
  mohur pki needs-renewal id-cards/tls.pem
  mohur pki needs-renewal id-cards/seal.pem --within 30d
  mohur pki needs-renewal hub/tls.pem --within 50% || echo 'good for a while'

Exit codes, as of `step certificate needs-renewal`: 0 it needs renewal or has expired, 1 it does not, 2 it cannot be read.";

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// A certificate or a chain in PEM; the first one counts.
    file: PathBuf,
    /// How much of its life may be left: a time such as 24h or 7d, or a share such as 33%.
    #[arg(long, default_value = "33%")]
    within: Within,
}

#[derive(Clone, Copy)]
enum Within {
    Time(Duration),
    Percent(u16),
}

impl FromStr for Within {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "write a time, 24h or 7d, or a share of its life, 33%";
        match text.strip_suffix('%') {
            Some(share) => share.parse().ok().filter(|share| *share <= 100).map(Self::Percent).ok_or(EXPECTED),
            None => mohur_config::parse_duration(text).map(Self::Time).ok_or(EXPECTED),
        }
    }
}

impl Within {
    fn holds(self, life: Life, now: Timestamp) -> bool {
        match self {
            Self::Time(time) => life.left(now) <= time,
            Self::Percent(share) => life.left_thousandths(now) <= share.saturating_mul(10),
        }
    }
}

pub(super) fn run(args: &Args, now: Timestamp, out: &Output) -> Result<ExitCode, CliError> {
    let life = life(&args.file, now)?;
    let needed = args.within.holds(life, now);
    let left = life.left(now).as_secs();
    let text = match (needed, life.is_over(now)) {
        (_, true) => format!("{}: has expired at {}", args.file.display(), life.ends),
        (true, false) => format!("{}: needs renewal, expires at {}", args.file.display(), life.ends),
        (false, false) => format!("{}: is good until {}", args.file.display(), life.ends),
    };
    out.say(text, &json!({ "needs-renewal": needed, "not-after": life.ends, "seconds-left": left }));
    Ok(if needed { ExitCode::SUCCESS } else { Exit::Negative.into() })
}

fn life(file: &Path, now: Timestamp) -> Result<Life, CliError> {
    let found = certificates(file)?;
    let first = found.first().ok_or_else(|| CliError::usage(format_args!("{}: no certificate", file.display())))?;
    let found =
        inspect(first, None, now).map_err(|error| CliError::usage(format_args!("{}: {error}", file.display())))?;
    Ok(Life { begins: found.not_before, ends: found.not_after })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_or_a_share_of_its_life() {
        let second = |second| Timestamp::from_second(second).unwrap();
        let life = Life { begins: second(0), ends: second(1000) };
        let holds = |within: &str, at| within.parse::<Within>().ok().unwrap().holds(life, second(at));
        assert_eq!([holds("33%", 669), holds("33%", 670), holds("33%", 2000)], [false, true, true]);
        assert_eq!([holds("5m", 699), holds("5m", 700)], [false, true]);
        for wrong in ["", "%", "101%", "33", "x%", "-1%"] {
            assert!(wrong.parse::<Within>().is_err(), "{wrong}");
        }
    }
}
