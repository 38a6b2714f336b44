//! The bundle of the border's first line, at so many a second, over seven slow registers: how long an officer waits.
//!
//! The broker and each register's host are processes of their own; the registers take 50 ms for everything. Bundles are sent
//! at their times, whether those before are answered or not, and a wait counts from the time at which one was due.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mohur::nation::{CallerPart, Cast, Nation, OwnerPart, RegisterPart};
use mohur_http::SystemClock;
use mohur_wire::Verb;
use serde::{Deserialize, Serialize};

use crate::child::Child;
use crate::cpu;
use crate::error::{BenchError, Tried};
use crate::interrupt::Interrupt;
use crate::report::{number, rounded};
use crate::stage::{Place, expect};

/// The goal of the design: on top of the slowest register, one bundle in twenty may take this long.
const P95_OVER_SLOWEST_MS: f64 = 70.0;

/// The owners of the legs, with the services that are asked.
const OWNERS: [(&str, &str, &str, &[&str]); 7] = [
    ("invalid-documents", "AZ/GOV/MOJ/invalid-documents", "MOJ", &["check"]),
    ("watch-list", "AZ/GOV/MIA/watch-list", "MIA", &["document", "name"]),
    ("interpol", "AZ/GOV/NCB/interpol", "NCB", &["documents"]),
    ("documents", "AZ/GOV/MIA/documents", "MIA", &["status"]),
    ("consular-documents", "AZ/GOV/MFA/documents", "MFA", &["status"]),
    ("visas", "AZ/GOV/MFA/visas", "MFA", &["by-passport"]),
    ("migration", "AZ/GOV/SMS/migration", "SMS", &["by-passport"]),
];

/// How hard and how long.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Print one line of JSON instead of the table.
    #[arg(long)]
    json: bool,
    /// Bundles in a second.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=2000))]
    rate: u32,
    /// Seconds that are measured.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=120))]
    seconds: u32,
    /// How long each register takes, in milliseconds.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(0..=1000))]
    slowness: u64,
    /// Measure in this folder, which must be on a real disk, and keep it with everybody's logs.
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
}

/// What the generator saw, in ms.
#[derive(Serialize, Deserialize)]
pub(crate) struct Waits {
    /// Answered whole, and clear.
    pub(crate) bundles: usize,
    /// Refused, or answered without all legs: the machine could not keep up.
    pub(crate) failed: usize,
    pub(crate) p50_ms: f64,
    pub(crate) p95_ms: f64,
    pub(crate) p99_ms: f64,
}

#[derive(Serialize)]
struct Report {
    waits: Waits,
    p95_goal_ms: f64,
    rate: u32,
    sent_a_second: f64,
    slowness_ms: u64,
    /// Of all processes together, of the cores that there are.
    cores_used: f64,
    broker_cpu_us: f64,
    hosts_cpu_us: f64,
    generator_cpu_us: f64,
    cores: usize,
    optimised: bool,
}

/// Sets everything up, asks, and reports.
pub(crate) fn run(args: &Args) -> Result<(), BenchError> {
    let interrupt = Interrupt::watch()?;
    let place = Place::new(args.keep.as_deref())?;
    let folder = place.path();
    eprintln!("setting up: a throwaway nation with seven registers that take {} ms", args.slowness);
    found(folder)?;
    let here = folder.display().to_string();
    let mut hosts = Vec::new();
    for (owner, _, _, services) in OWNERS {
        let arguments = [here.clone(), owner.to_owned(), args.slowness.to_string(), services.join(",")];
        let host = Child::start("slow-host", &arguments, folder)?;
        host.line()?;
        hosts.push(host);
    }
    let broker = Child::start("broker", std::slice::from_ref(&here), folder)?;
    broker.line()?;
    interrupt.check()?;
    let arguments = [here, args.rate.to_string(), args.seconds.to_string()];
    let load = Child::start("border-load", &arguments, folder)?;
    let used = || -> Result<[Duration; 3], BenchError> {
        let hosts = hosts.iter().map(|host| cpu::of_process(host.id())).sum::<Result<Duration, _>>()?;
        Ok([cpu::of_process(broker.id())?, hosts, cpu::of_process(load.id())?])
    };
    expect(&load, "started")?;
    let before = used()?;
    expect(&load, "ended")?;
    let after = used()?;
    let waits: Waits = serde_json::from_str(&load.line()?).tried("the generator's result")?;
    let report = Report::of(waits, &before, &after, args);
    if args.json {
        println!("{}", serde_json::to_string(&report).tried("the report")?);
    } else {
        println!("{report}");
    }
    Ok(())
}

/// A nation with these owners, and the definition of a site whose terminals have no camera yet.
fn found(folder: &Path) -> Result<(), BenchError> {
    let part = |(name, member, agency, services): (&str, &str, &str, &[&str])| OwnerPart {
        name: name.to_owned(),
        member: member.to_owned(),
        agency: agency.to_owned(),
        register: unused_database(),
        services: services.iter().map(|service| ((*service).to_owned(), vec![Verb::Match])).collect(),
    };
    let cast = Cast {
        callers: vec![CallerPart::new("border", "AZ/GOV/SBS/border")],
        owners: OWNERS.into_iter().map(part).collect(),
    };
    let address = std::net::Ipv4Addr::LOCALHOST.into();
    let nation = Nation::found_with(cast, "AZ", folder, Arc::new(SystemClock), address);
    let mut nation = nation.tried("the throwaway nation")?;
    let file = nation.path("policy/SBS/bundles/border-first-line.toml");
    let text = std::fs::read_to_string(&file).tried(file.display())?;
    let (legs, _face) = text.split_once("[[legs]]\nid = \"face\"").ok_or_else(|| BenchError::new("no leg face"))?;
    let left_out = "[[left-out]]\nid = \"face\"\ntitle = \"Face against the chip (1:1)\"\n";
    std::fs::write(&file, format!("{legs}{left_out}")).tried(file.display())?;
    mohur_policy_bundle::seal(&nation.path("policy/SBS"), None).tried("the site's definition")?;
    nation.publish(|_| {}).tried("the directory")
}

/// In a host's file, where the bench puts a register of its own.
fn unused_database() -> RegisterPart {
    let url = "postgresql://nobody@localhost/nothing".to_owned();
    RegisterPart::Database { url, password: "unused".to_owned(), mapping: String::new() }
}

impl Report {
    fn of(waits: Waits, before: &[Duration; 3], after: &[Duration; 3], args: &Args) -> Self {
        let mut used = before.iter().zip(after).map(|(before, after)| after.saturating_sub(*before));
        let mut next = || used.next().unwrap_or_default();
        let (broker, hosts, generator) = (next(), next(), next());
        let bundles = number(u64::try_from(waits.bundles).unwrap_or(u64::MAX)).max(1.0);
        let each = |time: Duration| rounded(time.as_secs_f64() * 1e6 / bundles, 0);
        let seconds = f64::from(args.seconds);
        Self {
            p95_goal_ms: number(args.slowness) + P95_OVER_SLOWEST_MS,
            rate: args.rate,
            sent_a_second: rounded(bundles / seconds, 1),
            slowness_ms: args.slowness,
            cores_used: rounded((broker + hosts + generator).as_secs_f64() / seconds, 2),
            broker_cpu_us: each(broker),
            hosts_cpu_us: each(hosts),
            generator_cpu_us: each(generator),
            cores: std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
            optimised: !cfg!(debug_assertions),
            waits,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.optimised {
            writeln!(f, "Built without optimisation: these figures say nothing. Use cargo run --release.\n")?;
        }
        let Waits { bundles, failed, p50_ms, p95_ms, p99_ms } = self.waits;
        writeln!(f, "{bundles} bundles of eight legs, {} a second, registers of {} ms", self.rate, self.slowness_ms)?;
        if failed > 0 {
            writeln!(f, "  {failed} more were refused or incomplete: this is more than the machine can do")?;
        }
        writeln!(f, "  wait, median             {p50_ms:>8.1} ms")?;
        writeln!(f, "  wait, one in twenty      {p95_ms:>8.1} ms (goal: at most {:.0})", self.p95_goal_ms)?;
        writeln!(f, "  wait, one in a hundred   {p99_ms:>8.1} ms")?;
        writeln!(f, "  CPU of the broker        {:>8.0} µs a bundle", self.broker_cpu_us)?;
        writeln!(f, "  CPU of the seven hosts   {:>8.0} µs", self.hosts_cpu_us)?;
        writeln!(f, "  CPU of the generator     {:>8.0} µs", self.generator_cpu_us)?;
        write!(f, "  cores used               {:>8.2} of {}", self.cores_used, self.cores)
    }
}
