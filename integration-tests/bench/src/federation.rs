//! One broker beside two: the same query, decided by the caller's home broker, or handed on by it to the broker that is home
//! to the owner. Five rounds or more, each of them both.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::child::Child;
use crate::error::{BenchError, Tried};
use crate::interrupt::Interrupt;
use crate::report::{Row, Sample, median, rounded};
use crate::stage::{self, Load, Place, Side};

/// The goal of the design: the CPU of both brokers over that of one.
const CPU_RATIO_GOAL: f64 = 2.2;

/// How long and how hard.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Print one line of JSON instead of the table.
    #[arg(long)]
    json: bool,
    /// Rounds; in each of them one broker and two are measured, one after the other.
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

/// The result: medians over the rounds.
#[derive(Serialize)]
struct Report {
    cpu_ratio: f64,
    cpu_ratio_goal: f64,
    cpu_ratio_of_rounds: Vec<f64>,
    one_broker: Sample,
    two_brokers: Sample,
    rounds: usize,
    connections: u32,
    seconds: u32,
    cores: usize,
    optimised: bool,
}

/// Sets everything up, measures, and reports.
pub(crate) fn run(args: &Args) -> Result<(), BenchError> {
    let interrupt = Interrupt::watch()?;
    let place = Place::new(args.keep.as_deref())?;
    let (one, two) = (place.path().join("one"), place.path().join("two"));
    eprintln!(
        "setting up: two throwaway nations on loopback, one of them with a broker for the ministry that is asked"
    );
    stage::found(&one)?;
    stage::found_with_ministry(&two)?;
    let (one_broker, two_brokers) = (Stage::set(&one, false)?, Stage::set(&two, true)?);
    let load = Load { connections: args.connections, seconds: args.seconds };
    let mut rounds = Vec::new();
    for number in 1..=args.rounds {
        interrupt.check()?;
        let one = one_broker.measure(&one, load).tried(format_args!("round {number}, one broker"))?;
        let two = two_brokers.measure(&two, load).tried(format_args!("round {number}, two brokers"))?;
        eprintln!("round {number} of {}: {:.0} µs of CPU, and {:.0} µs", args.rounds, one.cpu_us, two.cpu_us);
        rounds.push((one, two));
    }
    let report = Report::of(&rounds, args);
    if args.json {
        println!("{}", serde_json::to_string(&report).tried("the report")?);
    } else {
        println!("{report}");
    }
    Ok(())
}

/// Everything that runs throughout. Dropped from the first to the last: whoever asks before whoever answers.
struct Stage {
    broker: Child,
    address: String,
    ministry: Option<Child>,
    host: Child,
}

impl Stage {
    fn set(folder: &Path, with_ministry: bool) -> Result<Self, BenchError> {
        let here = folder.display().to_string();
        let start = |role: &'static str, more: &[&str]| {
            let more = more.iter().map(|word| (*word).to_owned());
            let arguments: Vec<_> = std::iter::once(here.clone()).chain(more).collect();
            let child = Child::start(role, &arguments, folder)?;
            let said = child.line()?;
            Ok::<_, BenchError>((child, said))
        };
        let (host, _) = start("host", &[])?;
        let ministry = with_ministry.then(|| start("broker", &["ministry"])).transpose()?.map(|(child, _)| child);
        let (broker, address) = start("broker", &[])?;
        Ok(Self { broker, address, ministry, host })
    }

    fn measure(&self, folder: &Path, load: Load) -> Result<Sample, BenchError> {
        let (process, stub) = (self.broker.id(), self.host.id());
        let also = self.ministry.as_ref().map(Child::id);
        stage::measure(folder, &Side { target: "broker", address: &self.address, process, also, stub }, load)
    }
}

impl Report {
    fn of(rounds: &[(Sample, Sample)], args: &Args) -> Self {
        let ratios = || rounds.iter().map(|(one, two)| two.cpu_us / one.cpu_us);
        let (one, two): (Vec<_>, Vec<_>) = rounds.iter().map(|(one, two)| (one, two)).unzip();
        Self {
            cpu_ratio: rounded(median(ratios()), 2),
            cpu_ratio_goal: CPU_RATIO_GOAL,
            cpu_ratio_of_rounds: ratios().map(|ratio| rounded(ratio, 2)).collect(),
            one_broker: Sample::medians(&one),
            two_brokers: Sample::medians(&two),
            rounds: rounds.len(),
            connections: args.connections,
            seconds: args.seconds,
            cores: std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
            optimised: !cfg!(debug_assertions),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { one_broker: one, two_brokers: two, .. } = self;
        if !self.optimised {
            writeln!(f, "Built without optimisation: these figures say nothing. Use cargo run --release.\n")?;
        }
        writeln!(f, "{:<34} {:>12} {:>12}", "medians of the rounds", "one broker", "two brokers")?;
        let rows: [Row; 6] = [
            ("CPU of the brokers, µs a query", |sample| sample.cpu_us),
            ("CPU of the owner's host, µs", |sample| sample.stub_cpu_us),
            ("CPU of the generator, µs", |sample| sample.generator_cpu_us),
            ("queries a second", |sample| sample.rps),
            ("latency, median, µs", |sample| sample.p50_us),
            ("latency, one in a hundred, µs", |sample| sample.p99_us),
        ];
        for (name, value) in rows {
            writeln!(f, "{name:<34} {:>12.0} {:>12.0}", value(one), value(two))?;
        }
        write!(f, "\nCPU of two brokers over one: {:.2} (goal: at most {CPU_RATIO_GOAL})", self.cpu_ratio)
    }
}
