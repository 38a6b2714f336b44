//! What every subcommand that stays up needs: structured logs, a runtime, no core dumps, and the signals that end it.

use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::output::{CliError, Output};

/// Logs to standard error: lines for people, or JSON with `--json`. `RUST_LOG` chooses what; `info` if it is not set.
pub(crate) fn logs(out: &Output) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // An error means that logs were started before: those go on.
    let _ = if out.is_json() { logs.json().try_init() } else { logs.try_init() };
}

/// Switches core dumps off: what ministries ask passes through this process's memory in clear.
pub(crate) fn no_core_dumps() {
    let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    if rustix::process::setrlimit(rustix::process::Resource::Core, none).is_err() {
        tracing::warn!("core dumps could not be switched off");
    }
}

/// Runs `work` on a runtime of its own.
pub(crate) fn run<T>(work: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    tokio::runtime::Runtime::new()
        .map_err(|error| CliError::usage(format!("the runtime does not start: {error}")))?
        .block_on(work)
}

/// Returns when the process is asked to stop: SIGTERM, or Ctrl-C.
pub(crate) async fn asked_to_stop() -> Result<(), CliError> {
    let wrong = |error: std::io::Error| CliError::usage(format!("signals cannot be received: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(wrong)?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupt = tokio::signal::ctrl_c() => interrupt.map_err(wrong),
    }
}
