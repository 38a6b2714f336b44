//! Signed REST beside nginx: five rounds or more, each of them both.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mohur::nation::Nation;
use mohur_http::SystemClock;
use tempfile::TempDir;

use crate::child::Child;
use crate::cpu;
use crate::error::{BenchError, Tried};
use crate::interrupt::Interrupt;
use crate::nginx;
use crate::report::{Conditions, Report, Round, Sample};
use crate::role::Measured;

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

/// Before each measurement, for as long, nothing is counted.
const WARM_UP: Duration = Duration::from_secs(1);

/// Sets everything up, measures, and reports.
pub(crate) fn run(args: &Args) -> Result<(), BenchError> {
    nginx::install_if_missing()?;
    let interrupt = Interrupt::watch()?;
    let temporary = if args.keep.is_some() { None } else { Some(beside_this_binary()?) };
    let folder = match (&args.keep, &temporary) {
        (Some(folder), _) => folder.clone(),
        (None, Some(temporary)) => temporary.path().to_owned(),
        (None, None) => return Err(BenchError::new("no folder")),
    };
    eprintln!("setting up: a throwaway nation, a broker, a host, nginx and its stub, on loopback");
    found(&folder)?;
    let stage = Stage::set(&folder)?;
    let mut rounds = Vec::new();
    for number in 1..=args.rounds {
        interrupt.check()?;
        let broker = stage.measure(&stage.broker_side(), args).tried(format_args!("round {number}, broker"))?;
        let nginx = stage.measure(&stage.nginx_side(), args).tried(format_args!("round {number}, nginx"))?;
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

/// On the disk that the build is on: a folder in memory would make the log's fdatasync free.
fn beside_this_binary() -> Result<TempDir, BenchError> {
    let binary = std::env::current_exe().tried("this binary")?;
    let folder = binary.parent().unwrap_or(Path::new("."));
    tempfile::Builder::new().prefix("mohur-bench-").tempdir_in(folder).tried(folder.display())
}

/// A nation whose files say what a real deployment's do where the throwaway one is hastier: files are read again every
/// 30 s.
fn found(folder: &Path) -> Result<(), BenchError> {
    Nation::found(folder, Arc::new(SystemClock)).tried("the throwaway nation")?;
    for name in ["broker/broker.toml", "hosts/health-card/host.toml"] {
        let path = folder.join(name);
        let text = std::fs::read_to_string(&path).tried(name)?;
        std::fs::write(&path, text.replace("poll = \"1s\"", "poll = \"30s\"")).tried(name)?;
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
    folder: PathBuf,
}

/// One of the two that are compared.
struct Side<'a> {
    target: &'static str,
    address: &'a str,
    process: u32,
    stub: u32,
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
        let (proxy_address, folder) = (proxy_address.to_owned(), folder.to_owned());
        Ok(Self { proxy, proxy_address, nginx, upstream, broker, broker_address, host, folder })
    }

    fn broker_side(&self) -> Side<'_> {
        let (process, stub) = (self.broker.id(), self.host.id());
        Side { target: "broker", address: &self.broker_address, process, stub }
    }

    fn nginx_side(&self) -> Side<'_> {
        debug_assert_ne!(self.proxy.id(), self.nginx, "nginx is a child of its role's process");
        Side { target: "nginx", address: &self.proxy_address, process: self.nginx, stub: self.upstream.id() }
    }

    /// A generator of its own for each measurement: connections, warm-up, measurement, end.
    fn measure(&self, side: &Side<'_>, args: &Args) -> Result<Sample, BenchError> {
        let millis = |time: Duration| time.as_millis().to_string();
        let arguments = [
            self.folder.display().to_string(),
            side.target.to_owned(),
            side.address.to_owned(),
            args.connections.to_string(),
            millis(WARM_UP),
            millis(Duration::from_secs(args.seconds.into())),
        ];
        let load = Child::start("load", &arguments, &self.folder)?;
        let used = || -> Result<_, BenchError> {
            Ok([cpu::of_family(side.process)?, cpu::of_process(side.stub)?, cpu::of_process(load.id())?])
        };
        expect(&load, "started")?;
        let (started, before) = (Instant::now(), used()?);
        expect(&load, "ended")?;
        let (took, after) = (started.elapsed(), used()?);
        let measured: Measured = serde_json::from_str(&load.line()?).tried("the generator's result")?;
        let [process, stub, load] = std::array::from_fn(|at| {
            let of = |used: &[Duration; 3]| used.get(at).copied().unwrap_or_default();
            of(&after).saturating_sub(of(&before))
        });
        Sample::of(&measured, took, process, stub, load)
    }
}

fn expect(child: &Child, word: &str) -> Result<(), BenchError> {
    let line = child.line()?;
    if line == word { Ok(()) } else { Err(BenchError::new(format!("`{line}` instead of `{word}`"))) }
}
