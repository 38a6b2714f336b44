//! Two domains, each with a root, a directory, a broker, registers and hosts of its own; one-way trust between them.

use std::fs;
use std::sync::Arc;

use mohur_directory::ForeignDomain;
use mohur_wire::ServiceId;

use crate::{Federation, Founded, MovableClock};

/// The services abroad.
pub mod services {
    /// The birth records.
    pub const BIRTH: &str = "GE/GOV/MOJ/civil-registry/birth/v1";
    /// The health card.
    pub const VITALS: &str = "GE/GOV/MOH/health-card/vitals/v1";
    /// The state fees.
    pub const PAYMENTS: &str = "GE/COM/BANK/state-fees/payments/v1";
    /// What the home domain trusts the other one to answer, and what that one lets its members ask.
    pub const ALL: &[&str] = &[BIRTH, VITALS, PAYMENTS];
}

/// Two domains, founded and not yet running.
pub struct FoundedAbroad {
    /// `AZ`, whose members ask.
    pub az: Founded,
    /// `GE`, whose registers answer them.
    pub ge: Founded,
}

/// Two domains at work, on one clock.
pub struct Abroad {
    /// `AZ`, whose members ask.
    pub az: Federation,
    /// `GE`, whose registers answer them.
    pub ge: Federation,
}

impl FoundedAbroad {
    /// Founds both, with each other's roots in their configurations, and with the one-way trust that lets members of `AZ` ask
    /// the registers of `GE`, as far as those registers' policies permit.
    pub fn new() -> Self {
        let clock = Arc::new(MovableClock::default());
        let (az, mut ge) = (Founded::of("AZ", &clock), Founded::of("GE", &clock));
        policies_of_ge(&ge);
        ge.nation.publish(|_| {}).unwrap();
        let mut both = Self { az, ge }.knowing_each_other();
        let (az_root, ge_root) = (root(&mut both.az), root(&mut both.ge));
        let all = || services::ALL.iter().map(|text| text.parse().unwrap()).collect::<Vec<ServiceId>>();
        let trust = |domain: &str, root, may_ask, may_answer| ForeignDomain {
            domain: domain.to_owned(),
            root,
            may_ask,
            may_answer,
        };
        both.az.nation.publish(|directory| directory.foreign = vec![trust("GE", ge_root, Vec::new(), all())]).unwrap();
        both.ge.nation.publish(|directory| directory.foreign = vec![trust("AZ", az_root, all(), Vec::new())]).unwrap();
        both
    }

    /// Adds lines to the configuration of both brokers.
    #[must_use]
    pub fn with_brokers(self, lines: &str) -> Self {
        Self { az: self.az.with("broker/broker.toml", lines), ge: self.ge.with("broker/broker.toml", lines) }
    }

    /// Everybody gets the other domain's root and directory. What these count for, each one's own directory says.
    fn knowing_each_other(self) -> Self {
        let Self { mut az, mut ge } = self;
        let (of_az, of_ge) = (lines(&az, "AZ"), lines(&ge, "GE"));
        let hosts = az.host_files();
        let callers = ["passport-office", "bank", "border"].map(|name| format!("callers/{name}/client.toml"));
        for file in hosts.into_iter().chain(callers).chain(["broker/broker.toml".to_owned()]) {
            az = az.with(&file, &of_ge);
            ge = ge.with(&file, &of_az);
        }
        Self { az, ge }
    }

    /// Starts everything.
    pub async fn start(self) -> Abroad {
        Abroad { az: Box::pin(self.az.start()).await, ge: Box::pin(self.ge.start()).await }
    }
}

impl Default for FoundedAbroad {
    fn default() -> Self {
        Self::new()
    }
}

impl Abroad {
    /// Founds and starts both as they come.
    pub async fn start() -> Self {
        Box::pin(FoundedAbroad::new().start()).await
    }

    /// What `AZ` trusts `GE` with, changed and published.
    pub async fn az_trusts(&mut self, change: impl FnOnce(&mut Vec<ForeignDomain>)) {
        self.az.publish(|directory| change(&mut directory.foreign)).await;
    }

    /// What `GE` trusts `AZ` with, changed and published.
    pub async fn ge_trusts(&mut self, change: impl FnOnce(&mut Vec<ForeignDomain>)) {
        self.ge.publish(|directory| change(&mut directory.foreign)).await;
    }
}

fn root(founded: &mut Founded) -> mohur_directory::HexDigest {
    founded.nation.national().trust().unwrap().root_fingerprint().into()
}

/// `[foreign.<domain>]` for those who are to know that domain.
fn lines(of: &Founded, domain: &str) -> String {
    let at = |name: &str| of.nation.path(name).display().to_string();
    format!(
        "[foreign.{domain}]\nfolder = \"{}\"\nroot = \"{}\"\nstate = \"foreign-{domain}\"",
        at("directory"),
        at("directory/metadata/1.root.json")
    )
}

/// The registers of `GE` have the policies of the repository under their own names: they permit the members of `AZ` that these
/// name, and nobody of `GE`.
fn policies_of_ge(ge: &Founded) {
    let folder = ge.nation.path("policy");
    fs::remove_dir_all(folder.join("MIA")).unwrap();
    for agency in ["MOJ", "MOH", "PROP", "BANK", "GOVERNANCE"] {
        let agency = folder.join(agency);
        for file in fs::read_dir(&agency).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
            let mut text = fs::read_to_string(&file).unwrap();
            for owner in ["GOV/MOJ", "GOV/MOH", "GOV/PROP", "COM/BANK\"", "COM/BANK/state-fees"] {
                text = text.replace(&format!("AZ/{owner}"), &format!("GE/{owner}"));
            }
            fs::write(&file, text).unwrap();
        }
        fs::remove_dir_all(agency.join("tests")).unwrap();
        mohur_policy_bundle::seal(&agency, None).unwrap();
    }
}
