//! `[revocation]`, the same in every configuration.

use std::sync::Arc;
use std::time::Duration;

use mohur_chain::Standing;
use mohur_config::Table;

/// How long what is no longer fresh counts, and whether issuers are asked about seals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `grace`: for how long a revocation list, or an answer, counts after its end, and a seal without any. 1 h.
    pub grace: Duration,
    /// `[revocation.ocsp]`: ask each seal's issuer. Default: lists alone.
    pub ocsp: Option<Ocsp>,
}

/// How issuers are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ocsp {
    /// `url`: ask here, whatever the certificates say. Default: the address in each certificate.
    pub url: Option<String>,
    /// `every`: ask again when an answer is this old, or half of its life is over. 10 min.
    pub every: Duration,
    /// `retry`: how soon again after a failure. 30 s.
    pub retry: Duration,
    /// `wait`: the longest that one question takes. 5 s.
    pub wait: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { grace: Duration::from_secs(3600), ocsp: None }
    }
}

impl Settings {
    /// Reads the table `revocation` of a configuration, if there is one.
    pub fn read(top: &mut Table) -> Self {
        let standard = Self::default();
        let Some(mut table) = top.optional_table("revocation") else { return standard };
        let ocsp = table.optional_table("ocsp").map(|mut table| Ocsp {
            url: table.optional("url"),
            every: table.duration("every").unwrap_or(Duration::from_secs(600)),
            retry: table.duration("retry").unwrap_or(Duration::from_secs(30)),
            wait: table.duration("wait").unwrap_or(Duration::from_secs(5)),
        });
        Self { grace: table.duration("grace").unwrap_or(standard.grace), ocsp }
    }

    /// What seals are judged by with these settings.
    pub fn standing(&self) -> Arc<Standing> {
        Arc::new(if self.ocsp.is_some() { Standing::by_answers(self.grace) } else { Standing::by_lists(self.grace) })
    }
}
