//! Where measurements take place, and how a running broker or proxy is measured.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mohur::nation::Nation;
use mohur_http::SystemClock;
use tempfile::TempDir;

use crate::child::Child;
use crate::cpu;
use crate::error::{BenchError, Tried};
use crate::report::Sample;
use crate::role::Measured;

/// Before each measurement, for as long, nothing is counted.
const WARM_UP: Duration = Duration::from_secs(1);

/// The folder that everything works in; removed at the end, unless it is to be kept.
pub(crate) enum Place {
    /// Somebody's own.
    Kept(PathBuf),
    /// Beside this binary.
    Temporary(TempDir),
}

impl Place {
    pub(crate) fn new(keep: Option<&Path>) -> Result<Self, BenchError> {
        keep.map_or_else(|| beside_this_binary().map(Self::Temporary), |folder| Ok(Self::Kept(folder.to_owned())))
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Kept(folder) => folder,
            Self::Temporary(folder) => folder.path(),
        }
    }
}

/// On the disk that the build is on: a folder in memory would make the log's fdatasync free.
fn beside_this_binary() -> Result<TempDir, BenchError> {
    let binary = std::env::current_exe().tried("this binary")?;
    let folder = binary.parent().unwrap_or(Path::new("."));
    tempfile::Builder::new().prefix("mohur-bench-").tempdir_in(folder).tried(folder.display())
}

/// A nation whose files say what a real deployment's do where the throwaway one is hastier: files are read again every
/// 30 s.
pub(crate) fn found(folder: &Path) -> Result<(), BenchError> {
    Nation::found(folder, Arc::new(SystemClock)).tried("the throwaway nation")?;
    ["broker/broker.toml", "hosts/health-card/host.toml"].into_iter().try_for_each(|name| unhurried(folder, name))
}

/// The same with a broker of its own for the ministry whose register is asked.
pub(crate) fn found_with_ministry(folder: &Path) -> Result<(), BenchError> {
    let mut nation = Nation::found(folder, Arc::new(SystemClock)).tried("the throwaway nation")?;
    nation.add_broker("ministry", "AZ/GOV/MOH/broker", "log.moh.az").tried("the ministry's broker")?;
    let ministry = nation.id("AZ/GOV/MOH/broker");
    nation
        .publish(|directory| {
            let owners = directory.members.iter_mut().filter(|member| member.id.as_str().ends_with("/health-card"));
            owners.for_each(|owner| owner.broker = ministry.clone());
        })
        .tried("the directory")?;
    let files = ["broker/broker.toml", "ministry/broker.toml", "hosts/health-card/host.toml"];
    files.into_iter().try_for_each(|name| unhurried(folder, name))
}

fn unhurried(folder: &Path, name: &str) -> Result<(), BenchError> {
    let path = folder.join(name);
    let text = std::fs::read_to_string(&path).tried(name)?;
    std::fs::write(&path, text.replace("poll = \"1s\"", "poll = \"30s\"")).tried(name)
}

/// A running process that is asked, and the one behind it.
pub(crate) struct Side<'a> {
    pub(crate) target: &'static str,
    pub(crate) address: &'a str,
    pub(crate) process: u32,
    /// One more process whose CPU counts.
    pub(crate) also: Option<u32>,
    pub(crate) stub: u32,
}

/// How hard and how long.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) connections: u32,
    pub(crate) seconds: u32,
}

/// A generator of its own for each measurement: connections, warm-up, measurement, end.
pub(crate) fn measure(folder: &Path, side: &Side<'_>, load: Load) -> Result<Sample, BenchError> {
    let millis = |time: Duration| time.as_millis().to_string();
    let arguments = [
        folder.display().to_string(),
        side.target.to_owned(),
        side.address.to_owned(),
        load.connections.to_string(),
        millis(WARM_UP),
        millis(Duration::from_secs(load.seconds.into())),
    ];
    let load = Child::start("load", &arguments, folder)?;
    let used = || -> Result<_, BenchError> {
        let also = side.also.map(cpu::of_family).transpose()?.unwrap_or_default();
        Ok([cpu::of_family(side.process)? + also, cpu::of_process(side.stub)?, cpu::of_process(load.id())?])
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

/// The line that a child must say next.
pub(crate) fn expect(child: &Child, word: &str) -> Result<(), BenchError> {
    let line = child.line()?;
    if line == word { Ok(()) } else { Err(BenchError::new(format!("`{line}` instead of `{word}`"))) }
}
