//! The host's configuration file. `docs/samples/host.toml` shows every setting.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mohur_config::{ConfigErrors, Table};
use mohur_directory::{DirectorySettings, ForeignDirectory};
use mohur_enrol::EnrolmentSettings;
use mohur_http::{
    BreakerSettings, Limits, directory_settings, directory_state, foreign_directories, inside_client, seal_source,
};
use mohur_seal::SealSource;
use mohur_transport::InsideClientFiles;
use mohur_wire::MemberId;
use mohur_wire::subject::StateCode;

use crate::guard::RegisterSettings;
use crate::times::Times;

/// What a host is started with.
#[derive(Clone, Debug)]
pub struct HostConfig {
    /// `member`: whose register this is, as in the directory.
    pub member: MemberId,
    /// `listen`: where brokers ask.
    pub listen: SocketAddr,
    /// `admin.listen`: health and metrics, plain HTTP: keep it on loopback.
    pub admin: SocketAddr,
    /// `passphrase`: the credential file that opens the keys.
    pub passphrase: PathBuf,
    /// `state`: the folder of what must survive a restart: claims and the adapter's ledger. One host each.
    pub state: PathBuf,
    /// `[tls]`
    pub tls: KeyFiles,
    /// `[seal]`
    pub seal: SealSource,
    /// `[revocation]`
    pub revocation: mohur_revocation::Settings,
    /// `[directory]`; `state` is a folder in this host's own unless it is given.
    pub directory: DirectorySettings,
    /// `[foreign.<domain>]`: the domains that may be trusted, if the directory says so.
    pub foreign: Vec<ForeignDirectory>,
    /// `policy.folder`: this agency's folder, with the governance rules beside it.
    pub policy: PathBuf,
    /// `[times]`
    pub times: Times,
    /// `[register]`, but for how it is reached: [`RegisterAddress`].
    pub register: RegisterSettings,
    /// `[enrolment]`: where certificates are renewed.
    pub enrolment: Option<EnrolmentSettings>,
    /// `[limits]`
    pub limits: Limits,
}

/// A certificate and its key.
#[derive(Clone, Debug)]
pub struct KeyFiles {
    /// PEM, the end entity first.
    pub certificate: PathBuf,
    /// Encrypted PKCS#8, PEM, mode 0600.
    pub key: PathBuf,
}

/// Which adapter stands behind the host, and how it reaches its register. The host itself does not look at it.
#[derive(Clone, Debug)]
pub struct RegisterAddress {
    /// `adapter`: the adapter's name, e.g. `civil-registry`.
    pub adapter: String,
    /// `register.url`: the register's base address.
    pub url: String,
    /// `register.credential`: the file with the bearer token, if the register wants one.
    pub credential: Option<PathBuf>,
    /// `register.call-timeout`: the longest time for one call to the register. 10 s.
    pub call_timeout: Duration,
    /// `[register.tls]`: for a register that is reached over HTTPS.
    pub tls: Option<InsideClientFiles>,
    /// `register.mapping`: for an adapter with a mapping file, that file.
    pub mapping: Option<PathBuf>,
    /// `register.fee`: for an adapter of fees, the fee in qəpik: a receipt of less is unpaid.
    pub fee: Option<i64>,
    /// `register.reservation`: for an adapter with changes of its own, how long a reservation holds if nobody settles it.
    pub reservation: Option<Duration>,
    /// `register.country`: for Interpol's, whose bureau asks and whose documents it may report, e.g. `AZE`.
    pub country: Option<StateCode>,
}

impl HostConfig {
    /// Reads the file; every error at once, with its line.
    pub fn load(path: &Path) -> Result<(Self, RegisterAddress), ConfigErrors> {
        mohur_config::load(path, read)
    }

    /// Reads the text of a file named `path`.
    pub fn parse(path: &Path, text: &str) -> Result<(Self, RegisterAddress), ConfigErrors> {
        mohur_config::parse(path, text, read)
    }

    /// Where the adapter's ledger lies.
    pub fn ledger(&self) -> PathBuf {
        self.state.join("ledger.redb")
    }

    pub(crate) fn claims(&self) -> PathBuf {
        self.state.join("claims.redb")
    }
}

fn read(top: &mut Table) -> Option<(HostConfig, RegisterAddress)> {
    // Every table is read before the first `?`, so that all errors are found.
    let (adapter, member) = (top.required("adapter"), top.required("member"));
    let (listen, passphrase, state) = (top.required("listen"), top.path("passphrase"), top.path("state"));
    let admin = top.table("admin").and_then(|mut admin| admin.required("listen"));
    let tls = top.table("tls").and_then(|mut tls| KeyFiles::read(&mut tls));
    let seal = top.table("seal").and_then(|mut seal| seal_source(&mut seal));
    let revocation = mohur_revocation::Settings::read(top);
    let directory = top
        .table("directory")
        .and_then(|mut table| directory_settings(&mut table, state.as_deref().map(directory_state)));
    let policy = top.table("policy").and_then(|mut policy| policy.path("folder"));
    let times = top.optional_table("times").map_or_else(Times::default, |mut table| Times::default().read(&mut table));
    let limits =
        top.optional_table("limits").map_or_else(Limits::default, |mut table| Limits::default().read(&mut table));
    let register = top.table("register").and_then(|mut table| register(&mut table, &limits));
    let foreign = foreign_directories(top);
    let enrolment = EnrolmentSettings::read(top);
    let (register, address) = register?;
    let config = HostConfig {
        member: member?,
        listen: listen?,
        admin: admin?,
        passphrase: passphrase?,
        state: state?,
        tls: tls?,
        seal: seal?,
        revocation,
        directory: directory?,
        foreign: foreign?,
        enrolment: enrolment?,
        policy: policy?,
        times,
        register,
        limits,
    };
    Some((config, RegisterAddress { adapter: adapter?, ..address }))
}

fn register(table: &mut Table, limits: &Limits) -> Option<(RegisterSettings, RegisterAddress)> {
    let settings = RegisterSettings::default().read(table);
    let (url, credential) = (table.required("url"), table.optional_path("credential"));
    let call_timeout = table.duration("call-timeout").unwrap_or(Duration::from_secs(10));
    if settings.deadline >= limits.handler_timeout {
        table.error("deadline", "is not shorter than limits.handler-timeout", "shorten it, or raise the other");
    }
    let (fee, reservation) = (table.number("fee", 1..=100_000_000), table.duration("reservation"));
    let country = table.optional("country");
    if country.as_ref().is_some_and(|country: &StateCode| country.as_str().len() != 3) {
        table.error("country", "is not three letters", "write the code of ISO 3166-1, e.g. \"AZE\"");
    }
    let mapping = table.optional_path("mapping");
    let tls = table.optional_table("tls").map_or(Some(None), |mut tls| inside_client(&mut tls));
    let adapter = String::new();
    let (url, tls) = (url?, tls?);
    Some((
        settings,
        RegisterAddress { adapter, url, credential, call_timeout, tls, mapping, fee, reservation, country },
    ))
}

impl KeyFiles {
    fn read(table: &mut Table) -> Option<Self> {
        let (certificate, key) = (table.path("certificate"), table.path("key"));
        Some(Self { certificate: certificate?, key: key? })
    }
}

impl Default for Times {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(60),
            evidence_age: Duration::from_secs(300),
            settlement_age: Duration::from_secs(3600),
            decision_life: Duration::from_secs(120),
        }
    }
}

impl Times {
    fn read(self, table: &mut Table) -> Self {
        let times = Self {
            window: table.duration("window").unwrap_or(self.window),
            evidence_age: table.duration("evidence-age").unwrap_or(self.evidence_age),
            settlement_age: table.duration("settlement-age").unwrap_or(self.settlement_age),
            decision_life: table.duration("decision-life").unwrap_or(self.decision_life),
        };
        if times.evidence_age < times.window {
            table.error("evidence-age", "is shorter than the window", "make it the longest that a bundle takes");
        }
        times
    }
}

impl Default for RegisterSettings {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(10),
            retries: 2,
            pause: Duration::from_millis(50),
            at_once: 32,
            queue: Duration::from_secs(1),
            breaker: BreakerSettings { failures: 8, pause: Duration::from_secs(5) },
        }
    }
}

impl RegisterSettings {
    fn read(self, table: &mut Table) -> Self {
        Self {
            deadline: table.duration("deadline").unwrap_or(self.deadline),
            retries: table.number("retries", 0..=10).unwrap_or(self.retries),
            pause: table.duration("retry-pause").unwrap_or(self.pause),
            at_once: table.number("at-once", 1..=10_000).unwrap_or(self.at_once),
            queue: table.duration("queue").unwrap_or(self.queue),
            breaker: BreakerSettings {
                failures: table.number("failures", 1..=10_000).unwrap_or(self.breaker.failures),
                pause: table.duration("left-alone").unwrap_or(self.breaker.pause),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = include_str!("../../../docs/samples/host.toml");

    #[test]
    fn the_sample_is_read_and_shows_the_defaults() {
        let (config, register) = HostConfig::parse(Path::new("/etc/mohur/host.toml"), SAMPLE).unwrap();
        assert_eq!(config.member.as_str(), "AZ/GOV/MOJ/civil-registry");
        assert_eq!(register.adapter, "civil-registry");
        assert_eq!((config.times, config.register), (Times::default(), RegisterSettings::default()));
        assert_eq!(config.limits, Limits::default());
        assert!(config.admin.ip().is_loopback(), "the admin address is for this machine");
    }

    #[test]
    fn a_country_is_three_letters() {
        let with = |country: &str| {
            let text = SAMPLE.replace("call-timeout", &format!("country = \"{country}\"\ncall-timeout"));
            HostConfig::parse(Path::new("host.toml"), &text)
        };
        assert_eq!(with("AZE").unwrap().1.country, "AZE".parse().ok());
        for wrong in ["AZ", "Aze", "AZER"] {
            let errors = with(wrong).unwrap_err().to_string();
            assert!(errors.contains("register.country"), "{errors}");
        }
    }

    #[test]
    fn every_error_is_found_at_once_with_its_line() {
        let text = SAMPLE
            .replace("member = \"AZ/GOV/MOJ/civil-registry\"", "member = \"MOJ\"")
            .replace("retries = 2", "retires = 2")
            .replace("deadline = \"10s\"", "deadline = \"1h\"");
        let errors = HostConfig::parse(Path::new("host.toml"), &text).unwrap_err().to_string();
        let line = |text_of: &str| text.lines().position(|line| line.starts_with(text_of)).unwrap() + 1;
        for (key, text_of) in [("member", "member"), ("register.retires", "retires"), ("register.deadline", "deadline")]
        {
            assert!(errors.contains(&format!("host.toml:{}: {key}", line(text_of))), "{key}: {errors}");
        }
    }
}
