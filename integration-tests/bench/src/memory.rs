//! Whether memory stays flat: broker, an adapter's host and what else runs, over as many queries as one likes.
//!
//! The register is the reference health card and the adapter the real one; everybody is a process of its own.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::child::Child;
use crate::error::{BenchError, Tried};
use crate::interrupt::Interrupt;
use crate::report::{median, number, rounded};
use crate::stage::{self, Load, Place, Side};

/// How many queries there are to be between two looks at the memory, about.
const SECONDS_BETWEEN: u32 = 15;

/// How many, and how hard.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Print one line of JSON instead of the table.
    #[arg(long)]
    json: bool,
    /// Queries, at least.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..=100_000_000))]
    queries: u64,
    /// Connections, each with one request under way.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=256))]
    connections: u32,
    /// Measure in this folder, which must be on a real disk, and keep it with everybody's logs.
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
}

/// What the processes held in memory when so many queries had been answered, in KiB.
#[derive(Clone, Copy, Serialize)]
struct Look {
    queries: u64,
    broker_kib: u64,
    host_kib: u64,
}

/// The result. Growth is the median of the last fifth of the looks over that of the second fifth: the first is warming up.
#[derive(Serialize)]
struct Report {
    queries: u64,
    broker_growth: f64,
    host_growth: f64,
    looks: Vec<Look>,
    optimised: bool,
}

/// Sets everything up, asks, and reports.
pub(crate) fn run(args: &Args) -> Result<(), BenchError> {
    let interrupt = Interrupt::watch()?;
    let place = Place::new(args.keep.as_deref())?;
    let folder = place.path();
    eprintln!("setting up: a throwaway nation on loopback, with its reference health card and the real adapter");
    stage::found(folder)?;
    let here = [folder.display().to_string()];
    let register = Child::start("register", &here, folder)?;
    register.line()?;
    let host = Child::start("adapter", &here, folder)?;
    host.line()?;
    let broker = Child::start("broker", &here, folder)?;
    let address = broker.line()?;
    let load = Load { connections: args.connections, seconds: SECONDS_BETWEEN };
    let side = Side { target: "citizen", address: &address, process: broker.id(), also: None, stub: host.id() };
    let mut looks = vec![Look::take(0, &broker, &host)?];
    let mut queries = 0;
    while queries < args.queries {
        interrupt.check()?;
        queries += stage::measure(folder, &side, load)?.requests;
        let look = Look::take(queries, &broker, &host)?;
        eprintln!("{queries} of {}: broker {} KiB, host {} KiB", args.queries, look.broker_kib, look.host_kib);
        looks.push(look);
    }
    let report = Report::of(looks);
    if args.json {
        println!("{}", serde_json::to_string(&report).tried("the report")?);
    } else {
        println!("{report}");
    }
    Ok(())
}

impl Look {
    fn take(queries: u64, broker: &Child, host: &Child) -> Result<Self, BenchError> {
        Ok(Self { queries, broker_kib: resident(broker.id())?, host_kib: resident(host.id())? })
    }
}

/// `VmRSS` of `/proc/<pid>/status` (proc_pid_status(5)), in KiB.
fn resident(pid: u32) -> Result<u64, BenchError> {
    let path = Path::new("/proc").join(pid.to_string()).join("status");
    let text = fs::read_to_string(&path).tried(path.display())?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let size = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    size.ok_or_else(|| BenchError::new(format!("{}: not of the known form", path.display())))
}

impl Report {
    fn of(looks: Vec<Look>) -> Self {
        let fifth = (looks.len() / 5).max(1);
        let growth = |size: fn(&Look) -> f64| {
            let early = median(looks.iter().skip(fifth).take(fifth).map(size));
            let late = median(looks.iter().rev().take(fifth).map(size));
            rounded(late / early, 3)
        };
        Self {
            queries: looks.last().map_or(0, |look| look.queries),
            broker_growth: growth(|look| number(look.broker_kib)),
            host_growth: growth(|look| number(look.host_kib)),
            looks,
            optimised: !cfg!(debug_assertions),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.optimised {
            writeln!(f, "Built without optimisation.\n")?;
        }
        writeln!(f, "{:>12} {:>14} {:>14}", "queries", "broker, KiB", "host, KiB")?;
        let step = (self.looks.len() / 12).max(1);
        for look in self.looks.iter().step_by(step).chain(self.looks.last()) {
            writeln!(f, "{:>12} {:>14} {:>14}", look.queries, look.broker_kib, look.host_kib)?;
        }
        let (broker, host) = (self.broker_growth, self.host_growth);
        write!(f, "\nlast fifth over second fifth: broker {broker}, host {host}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_holds_something_and_growth_is_of_late_over_early() {
        assert!(resident(std::process::id()).unwrap() > 100);
        let look = |at: u64| Look { queries: at, broker_kib: 1000 + at * 10, host_kib: 500 };
        let report = Report::of((0..10).map(look).collect());
        assert_eq!((report.queries, report.host_growth), (9, 1.0));
        assert!(report.broker_growth > 1.05);
    }
}
