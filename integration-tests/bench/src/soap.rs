//! Signed SOAP: envelopes beside libxmlsec1 and Santuario, and whole requests at the broker beside Santuario.

use std::path::{Path, PathBuf};

use crate::child::Child;
use crate::error::{BenchError, Tried};
use crate::interrupt::Interrupt;
use crate::report::Sample;
use crate::rival::{self, Files, Rival};
use crate::soap_report::{Conditions, Report, Round, Work};
use crate::stage::{self, Load, Place, Side};

/// How long and how hard.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Print one line of JSON instead of the table.
    #[arg(long)]
    json: bool,
    /// Rounds; in each of them everybody is measured, one after the other.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(5..=100))]
    rounds: u32,
    /// Seconds that the broker is measured in a round.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=60))]
    seconds: u32,
    /// Operations of each kind on envelopes in a round.
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(100..=100_000))]
    operations: u32,
    /// Connections, each with one request under way.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=256))]
    connections: u32,
    /// Measure in this folder, which must be on a real disk, and keep it with everybody's logs.
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
}

/// The sizes of the envelopes' Bodies.
const SMALL: usize = 2 << 10;
const LARGE: usize = 20 << 10;
/// What a virtual machine does before it is warm, in operations.
const WARM_UP: u32 = 10_000;

/// Sets everything up, measures, and reports.
pub(crate) fn run(args: &Args) -> Result<(), BenchError> {
    rival::install_if_missing()?;
    let interrupt = Interrupt::watch()?;
    let place = Place::new(args.keep.as_deref())?;
    let folder = place.path();
    eprintln!("setting up: a throwaway nation, a broker and a host on loopback; libxmlsec1 and Santuario");
    stage::found(folder)?;
    let mut stage = Stage::set(folder)?;
    let load = Load { connections: args.connections, seconds: args.seconds };
    let mut rounds = Vec::new();
    for number in 1..=args.rounds {
        interrupt.check()?;
        let round = stage.round(folder, args.operations, load).tried(format_args!("round {number}"))?;
        eprintln!("round {number} of {}: {round}", args.rounds);
        rounds.push(round);
    }
    let conditions = Conditions {
        connections: args.connections,
        seconds: args.seconds,
        operations: args.operations,
        cores: std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        rivals: rival::versions(),
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

/// Who works on envelopes of one size.
struct Pair {
    ours: Rival,
    libxmlsec1: Rival,
}

impl Pair {
    fn set(folder: &Path, bytes: usize, program: &Path) -> Result<Self, BenchError> {
        // Ours writes the files that the others read.
        let ours = Rival::ours(folder, bytes)?;
        let libxmlsec1 = Rival::libxmlsec1(program, &Files::in_folder(folder, bytes), folder)?;
        Ok(Self { ours, libxmlsec1 })
    }

    fn measure(&mut self, operations: u32) -> Result<(Work, Work), BenchError> {
        let work = |who: &mut Rival| -> Result<Work, BenchError> {
            Ok(Work { verify: who.run("verify", operations)?, sign: who.run("sign", operations)? })
        };
        Ok((work(&mut self.ours)?, work(&mut self.libxmlsec1)?))
    }
}

/// Everything that runs throughout. Dropped from the first to the last: whoever asks before whoever answers.
struct Stage {
    small: Pair,
    large: Pair,
    santuario: Rival,
    broker: Child,
    broker_address: String,
    host: Child,
}

impl Stage {
    fn set(folder: &Path) -> Result<Self, BenchError> {
        let program = rival::compile_c(folder)?;
        let classes = rival::compile_java(folder)?;
        let (small, large) = (Pair::set(folder, SMALL, &program)?, Pair::set(folder, LARGE, &program)?);
        let mut santuario = Rival::santuario(&classes, &Files::in_folder(folder, SMALL), folder)?;
        eprintln!("warming Santuario up: {WARM_UP} exchanges");
        santuario.run("exchange", WARM_UP)?;
        let here = [folder.display().to_string()];
        let host = Child::start("host", &here, folder)?;
        host.line()?;
        let broker = Child::start("broker", &here, folder)?;
        let broker_address = broker.line()?;
        Ok(Self { small, large, santuario, broker, broker_address, host })
    }

    fn round(&mut self, folder: &Path, operations: u32, load: Load) -> Result<Round, BenchError> {
        let (ours_2k, libxmlsec1_2k) = self.small.measure(operations)?;
        let (ours_20k, libxmlsec1_20k) = self.large.measure(operations.div_ceil(4))?;
        let santuario = self.santuario.run("exchange", operations)?;
        let santuario_2k =
            Work { verify: self.santuario.run("verify", operations)?, sign: self.santuario.run("sign", operations)? };
        let broker = self.ask_the_broker(folder, load)?;
        Ok(Round { ours_2k, libxmlsec1_2k, ours_20k, libxmlsec1_20k, santuario_2k, santuario, broker })
    }

    fn ask_the_broker(&self, folder: &Path, load: Load) -> Result<Sample, BenchError> {
        let (process, stub) = (self.broker.id(), self.host.id());
        stage::measure(folder, &Side { target: "soap", address: &self.broker_address, process, also: None, stub }, load)
    }
}
