//! What a process holds of all this.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mohur_chain::{Certificate, Standing, Trust};
use mohur_wire::{Clock, Timestamp};

use crate::keep::Keep;
use crate::settings::Settings;
use crate::watcher::{Figures, Watcher};

/// Revocation as one process sees it.
#[derive(Debug)]
pub struct Revocation {
    settings: Settings,
    standing: Arc<Standing>,
    figures: Arc<Figures>,
    told: AtomicU64,
}

/// Figures for the admin address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// How often something was relied on that was no longer fresh.
    pub in_grace: u64,
    /// Questions to responders that were answered, and proved.
    pub answered: u64,
    /// Questions that were not.
    pub failed: u64,
    /// Until when all revocation lists are fresh.
    pub fresh_until: Timestamp,
}

impl Revocation {
    /// By these settings.
    pub fn new(settings: Settings) -> Self {
        let standing = settings.standing();
        Self { settings, standing, figures: Arc::default(), told: AtomicU64::new(0) }
    }

    /// How seals stand beyond the lists: what every reading of the trust anchors is to judge by.
    pub fn standing(&self) -> Arc<Standing> {
        Arc::clone(&self.standing)
    }

    /// Keeps an eye on these seals from now on: those that a directory lists.
    pub fn watch<'a>(&self, seals: impl IntoIterator<Item = &'a Certificate>, now: Timestamp) {
        self.standing.watch(seals, now);
    }

    /// Who asks about seals, where that is configured.
    pub fn watcher(&self, clock: Arc<dyn Clock>, keep: Keep) -> Option<Watcher> {
        let ocsp = self.settings.ocsp.clone()?;
        Some(Watcher::new(Arc::clone(&self.standing), ocsp, clock, keep, Arc::clone(&self.figures)))
    }

    /// The figures; whatever is relied on by grace is told to the operator.
    pub fn report(&self, trust: &Trust, now: Timestamp) -> Report {
        let (in_grace, fresh_until) = (self.standing.in_grace(), trust.fresh_until());
        let before = self.told.swap(in_grace, Ordering::Relaxed);
        if in_grace > before {
            let (times, grace) = (in_grace.saturating_sub(before), self.settings.grace);
            tracing::error!(
                times,
                ?grace,
                "relied on lists or answers that are no longer fresh; after the grace they are refused"
            );
        }
        if now >= fresh_until {
            tracing::error!(%fresh_until, "a revocation list is no longer fresh: fetch the new ones, or see why there are none");
        }
        Report { in_grace, answered: self.figures.answered(), failed: self.figures.failed(), fresh_until }
    }
}
