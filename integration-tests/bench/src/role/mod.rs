//! What a process of a measurement can be.

mod border;
mod broker;
mod envelope;
mod host;
mod load;
mod proxy;
mod register;
mod soap;
mod tls;
mod upstream;

use std::io::{Read, Write};
use std::path::PathBuf;

use tokio::runtime::{Builder, Runtime};

use crate::error::{BenchError, Tried};

pub(crate) use load::Measured;

/// The owner whose host stands behind the broker, and whose TLS certificate the stub behind nginx shows.
const OWNER: &str = "health-card";

/// A role, and the throwaway nation's folder.
#[derive(clap::Subcommand)]
pub(crate) enum Role {
    /// The broker, as `mohur broker run` runs it.
    Broker {
        folder: PathBuf,
        /// The folder of its files.
        #[arg(default_value = "broker")]
        name: String,
    },
    /// The broker's stub: a host as `mohur adapter run` runs it, before a register that answers 1 KB at once.
    Host { folder: PathBuf },
    /// The reference register of the health card.
    Register { folder: PathBuf },
    /// The host before it, with the real adapter.
    Adapter { folder: PathBuf },
    /// A host before a slow register.
    SlowHost(border::SlowHost),
    /// The generator of the border's bundles.
    BorderLoad(border::Load),
    /// nginx's stub: answers 1 KB at once.
    Upstream { folder: PathBuf },
    /// nginx before its stub.
    Proxy { folder: PathBuf, upstream: String },
    /// The load generator.
    Load(load::Args),
    /// Verifies and signs an envelope.
    Envelope(envelope::Args),
}

/// Plays a role until the standard input ends.
pub(crate) fn run(role: Role) -> Result<(), BenchError> {
    let filter = tracing_subscriber::EnvFilter::new("info");
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
    match role {
        Role::Broker { folder, name } => Runtime::new().tried("runtime")?.block_on(broker::run(&folder.join(name))),
        Role::Host { folder } => Runtime::new().tried("runtime")?.block_on(host::run(&folder)),
        Role::Register { folder } => Runtime::new().tried("runtime")?.block_on(register::register(&folder)),
        Role::Adapter { folder } => Runtime::new().tried("runtime")?.block_on(register::adapter(&folder)),
        Role::SlowHost(args) => Runtime::new().tried("runtime")?.block_on(border::slow_host(args)),
        Role::BorderLoad(args) => on_one_thread()?.block_on(border::load(args)),
        Role::Upstream { folder } => on_one_thread()?.block_on(upstream::run(&folder)),
        Role::Proxy { folder, upstream } => proxy::run(&folder, &upstream),
        Role::Load(args) => on_one_thread()?.block_on(load::run(args)),
        Role::Envelope(args) => envelope::run(&args),
    }
}

fn on_one_thread() -> Result<Runtime, BenchError> {
    Builder::new_current_thread().enable_all().build().tried("runtime")
}

/// Tells whoever started this process.
fn say(line: impl std::fmt::Display) -> Result<(), BenchError> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).tried("standard output")
}

/// Waits until the standard input ends.
fn wait_for_the_end() {
    // An error is an end, too.
    let _read = std::io::stdin().read_to_end(&mut Vec::new());
}

/// The same, beside other tasks.
async fn told_to_end() {
    let _joined = tokio::task::spawn_blocking(wait_for_the_end).await;
}
