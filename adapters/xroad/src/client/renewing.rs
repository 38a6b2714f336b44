//! The door's own certificates, renewed while it runs.

use std::sync::Arc;

use mohur_client::{AskError, Config};
use mohur_crypto::Digest;
use mohur_enrol::Watcher;
use mohur_wire::{Clock, MemberId};
use tokio::task::JoinHandle;

use super::Callers;

/// What is told of renewals. What is asked with is loaded again by [`Callers::follow`], which looks at the files.
struct Renewing {
    me: MemberId,
    callers: Arc<Callers>,
}

impl Watcher for Renewing {
    fn tls_renewed(&self) -> Result<(), String> {
        Ok(())
    }

    fn lists_seal(&self, seal: &Digest) -> bool {
        self.callers.now().directory().seal(seal).is_some_and(|(member, _)| *member == self.me)
    }

    fn seal_renewed(&self) -> Result<(), String> {
        Ok(())
    }
}

/// Keeps the door's certificates current, where `[enrolment]` says so.
pub(super) fn keep(
    config: &Config,
    callers: &Arc<Callers>,
    clock: Arc<dyn Clock>,
) -> Result<Option<JoinHandle<()>>, AskError> {
    let Some(keeper) = config.keeper(clock)? else { return Ok(None) };
    let renewing = Renewing { me: config.member.clone(), callers: Arc::clone(callers) };
    Ok(Some(tokio::spawn(keeper.follow(Arc::new(renewing)))))
}
