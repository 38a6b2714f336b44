//! Ctrl-C and SIGTERM end the measurement in order: the processes are stopped and the folder is removed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tokio::signal::unix::{SignalKind, signal};

use crate::error::{BenchError, Tried};

/// Whether somebody wants this to end.
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on the signals are noted, and no longer end the process by themselves.
    pub(crate) fn watch() -> Result<Self, BenchError> {
        let flag = Arc::new(AtomicBool::new(false));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().tried("signals")?;
        let (mut term, mut int) = {
            let _inside = runtime.enter();
            let listen = |kind| signal(kind).tried("signals");
            (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?)
        };
        let seen = Arc::clone(&flag);
        thread::spawn(move || {
            runtime.block_on(async {
                loop {
                    tokio::select! { _ = term.recv() => {} _ = int.recv() => {} }
                    seen.store(true, Ordering::Relaxed);
                }
            });
        });
        Ok(Self(flag))
    }

    pub(crate) fn check(&self) -> Result<(), BenchError> {
        if self.0.load(Ordering::Relaxed) { Err(BenchError::new("interrupted")) } else { Ok(()) }
    }
}
