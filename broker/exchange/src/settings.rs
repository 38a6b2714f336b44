//! The limits of the exchange.

use std::time::Duration;

use mohur_soap::mime::MimeLimits;

/// Limits, each with the default that `docs/configuration.md` names.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How far `created` may lie from the arrival, either way. 60 s.
    pub freshness: Duration,
    /// How long a register may take for a single query. 10 s.
    pub provider_deadline: Duration,
    /// How long a bundle's first answer waits for its legs. 2 s.
    pub bundle_wait: Duration,
    /// How long a finished bundle can be polled. 10 min.
    pub bundle_kept: Duration,
    /// Most bundles under way at once. 256.
    pub bundles_at_once: usize,
    /// Most legs of one bundle. 32.
    pub bundle_legs: usize,
    /// Largest message of another protocol that a query may enclose, in bytes. 128 KiB.
    pub message_bytes: usize,
    /// How much of XML and MIME one SOAP message may be.
    pub soap: SoapLimits,
    /// How old a caller's signature may be that another broker hands on: the longest bundle with its settlement. 5 min.
    pub forwarded_age: Duration,
    /// How much sooner than the broker that handed a query on we give up, so that it still hears why. 500 ms.
    pub hop_margin: Duration,
    /// How long a bundle waits for its settlements, each asked for again while it cannot be had. 10 s.
    pub settlement_wait: Duration,
    /// How long after its signature a reservation is still settled, in the background and after a restart; and how old the
    /// signature may be under a settlement that another broker hands on. 1 h.
    pub settlement_age: Duration,
    /// Most settlements asked for at once in the background. 16.
    pub settlements_at_once: usize,
    /// How long a refusal takes that must not tell "denied" from "absent". 1 s.
    pub concealment: Duration,
}

/// How much of XML and MIME one SOAP message may be.
#[derive(Clone, Copy, Debug, Default)]
pub struct SoapLimits {
    /// The envelope.
    pub xml: mohur_soap::Limits,
    /// The package, where the message has attachments.
    pub mime: MimeLimits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            freshness: Duration::from_secs(60),
            provider_deadline: Duration::from_secs(10),
            bundle_wait: Duration::from_secs(2),
            bundle_kept: Duration::from_secs(600),
            bundles_at_once: 256,
            bundle_legs: 32,
            message_bytes: 128 << 10,
            soap: SoapLimits::default(),
            forwarded_age: Duration::from_secs(300),
            hop_margin: Duration::from_millis(500),
            settlement_wait: Duration::from_secs(10),
            settlement_age: Duration::from_secs(3600),
            settlements_at_once: 16,
            concealment: Duration::from_secs(1),
        }
    }
}

impl Settings {
    /// The age of a forwarded signature in seconds.
    pub(crate) fn forwarded_seconds(&self) -> i64 {
        i64::try_from(self.forwarded_age.as_secs()).unwrap_or(i64::MAX)
    }

    /// How long a reservation is still settled, in seconds.
    pub(crate) fn settlement_seconds(&self) -> i64 {
        i64::try_from(self.settlement_age.as_secs()).unwrap_or(i64::MAX)
    }

    /// How long a forwarded query's id stays claimed: while its caller's signature could be handed on once more.
    pub fn forwarded_kept(&self) -> Duration {
        self.forwarded_age.saturating_add(self.freshness.saturating_mul(2))
    }

    /// The freshness window in seconds.
    pub(crate) fn window(&self) -> u32 {
        u32::try_from(self.freshness.as_secs()).unwrap_or(u32::MAX)
    }
}
