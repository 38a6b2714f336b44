//! Signed REST beside nginx: five rounds or more, each of them both.

use std::path::{Path, PathBuf};

use crate::child::Child;
use crate::error::{BenchError, Tried};
use crate::interrupt::Interrupt;
use crate::nginx;
use crate::report::{Conditions, Report, Round};
use crate::stage::{self, Load, Place, Side};

/// How long and how hard.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Print one line of JSON instead of the table.
    #[arg(long)]
    json: bool,
    /// Rounds; in each of them the broker and nginx are measured, one after the other.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(5..=100))]
    rounds: u32,
    /// Seconds that each of them is measured in a round.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=60))]
    seconds: u32,
    /// Connections, each with one request under way.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=256))]
    connections: u32,
    /// Measure in this folder, which must be on a real disk, and keep it with everybody's logs.
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
}

/// Sets everything up, measures, and reports.
pub(crate) fn run(args: &Args) -> Result<(), BenchError> {
    nginx::install_if_missing()?;
    let interrupt = Interrupt::watch()?;
    let place = Place::new(args.keep.as_deref())?;
    let folder = place.path().to_owned();
    eprintln!("setting up: a throwaway nation, a broker, a host, nginx and its stub, on loopback");
    stage::found(&folder)?;
    let stage = Stage::set(&folder)?;
    let load = Load { connections: args.connections, seconds: args.seconds };
    let mut rounds = Vec::new();
    for number in 1..=args.rounds {
        interrupt.check()?;
        let broker =
            stage::measure(&folder, &stage.broker_side(), load).tried(format_args!("round {number}, broker"))?;
        let nginx = stage::measure(&folder, &stage.nginx_side(), load).tried(format_args!("round {number}, nginx"))?;
        let round = Round { broker, nginx };
        eprintln!("round {number} of {}: {round}", args.rounds);
        rounds.push(round);
    }
    let conditions = Conditions {
        connections: args.connections,
        seconds: args.seconds,
        cores: std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        nginx: nginx::version(),
        optimised: !cfg!(debug_assertions),
    };
    let report = Report::of(&rounds, conditions);
    if args.json {
        println!("{}", serde_json::to_string(&report).tried("the report")?);
    } else {
        println!("{report}");
    }
    Ok(())
}

/// Everything that runs throughout. Dropped from the first to the last: whoever asks before whoever answers.
struct Stage {
    proxy: Child,
    proxy_address: String,
    nginx: u32,
    upstream: Child,
    broker: Child,
    broker_address: String,
    host: Child,
}

impl Stage {
    fn set(folder: &Path) -> Result<Self, BenchError> {
        let here = folder.display().to_string();
        let start = |role, more: &[String]| {
            let child = Child::start(role, &[std::slice::from_ref(&here), more].concat(), folder)?;
            let said = child.line()?;
            Ok::<_, BenchError>((child, said))
        };
        let (host, _) = start("host", &[])?;
        let (broker, broker_address) = start("broker", &[])?;
        let (upstream, upstream_address) = start("upstream", &[])?;
        let (proxy, said) = start("proxy", &[upstream_address])?;
        let (proxy_address, nginx) = said.split_once(' ').ok_or_else(|| BenchError::new("nginx's address"))?;
        let nginx = nginx.parse().tried("nginx's process")?;
        let proxy_address = proxy_address.to_owned();
        Ok(Self { proxy, proxy_address, nginx, upstream, broker, broker_address, host })
    }

    fn broker_side(&self) -> Side<'_> {
        let (process, stub) = (self.broker.id(), self.host.id());
        Side { target: "broker", address: &self.broker_address, process, also: None, stub }
    }

    fn nginx_side(&self) -> Side<'_> {
        debug_assert_ne!(self.proxy.id(), self.nginx, "nginx is a child of its role's process");
        Side {
            target: "nginx",
            address: &self.proxy_address,
            process: self.nginx,
            also: None,
            stub: self.upstream.id(),
        }
    }
}
