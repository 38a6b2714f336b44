//! The broker's configuration file. `docs/samples/broker.toml` shows every setting.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mohur_attest::timestamp::PolicyId;
use mohur_config::{ConfigErrors, Table};
use mohur_directory::{DirectorySettings, ForeignDirectory};
use mohur_enrol::EnrolmentSettings;
use mohur_exchange::{Settings, SoapLimits};
use mohur_http::{ClientLimits, Limits, directory_settings, foreign_directories, seal_source};
use mohur_seal::SealSource;
use mohur_soap::mime::MimeLimits;
use mohur_wire::MemberId;

use crate::neighbours::NeighbourLimits;

/// What a broker is started with.
#[derive(Clone, Debug)]
pub struct Config {
    /// `member`: the broker's own id, as in the directory.
    pub member: MemberId,
    /// `listen`: the address of the door.
    pub listen: SocketAddr,
    /// `admin.listen`: the address of health and metrics, plain HTTP: keep it on loopback.
    pub admin: SocketAddr,
    /// `passphrase`: the credential file that opens the keys.
    pub passphrase: PathBuf,
    /// `[revocation]`
    pub revocation: mohur_revocation::Settings,
    /// `[tls]`
    pub tls: KeyFiles,
    /// `[seal]`
    pub seal: SealSource,
    /// `[directory]`
    pub directory: DirectorySettings,
    /// `[foreign.<domain>]`: the domains that may be trusted, if the directory says so.
    pub foreign: Vec<ForeignDirectory>,
    /// `policy.folder`: one folder an agency.
    pub policy: PathBuf,
    /// `[log]`
    pub log: LogFiles,
    /// `[enrolment]`: where certificates are renewed.
    pub enrolment: Option<EnrolmentSettings>,
    /// `[limits]`
    pub limits: Limits,
    /// `[hosts]`: limits of the connections to hosts.
    pub hosts: ClientLimits,
    /// `[brokers]`: limits of the way to and from each other broker.
    pub brokers: NeighbourLimits,
    /// `[exchange]` and `[soap]`
    pub exchange: Settings,
    /// Not in the file: whether the operator says that the clock was wrong when the log's last entry was written.
    pub clock_was_wrong: bool,
}

/// A certificate and its key.
#[derive(Clone, Debug)]
pub struct KeyFiles {
    /// PEM, the end entity first.
    pub certificate: PathBuf,
    /// Encrypted PKCS#8, PEM, mode 0600.
    pub key: PathBuf,
}

/// The log.
#[derive(Clone, Debug)]
pub struct LogFiles {
    /// Its folder.
    pub folder: PathBuf,
    /// Its name in checkpoints.
    pub origin: String,
    /// Its Ed25519 key.
    pub key: PathBuf,
    /// The longest that an entry waits for others, where many queries are under way. 2 ms.
    pub pool: Duration,
    /// How far the published tiles and checkpoint may lag behind the receipts. 200 ms.
    pub publish_every: Duration,
    /// Size of the files that entries are staged in. 16 MiB; the disk needs two and a half times as much, always.
    pub segment_bytes: u64,
    /// Most bytes on disk; nothing is released beyond. Default: no limit but the disk's.
    pub max_bytes: Option<u64>,
    /// Most ids remembered for claim-once. 1,000,000.
    pub claims: usize,
    /// What is kept of bundles that are not settled. `settlements.redb` in the folder.
    pub settlements: PathBuf,
    /// `[log.time-stamp]`: who stamps the checkpoints. Default: nobody.
    pub time_stamp: Option<TimeStamps>,
}

/// Who stamps the log's checkpoints, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeStamps {
    /// `url`: the authority (RFC 3161 over plain HTTP: its answers are signed).
    pub url: String,
    /// `trust`: the roots that its certificate may end at, with or without revocation lists.
    pub trust: Vec<PathBuf>,
    /// `policy`: the only policy that is accepted. Default: any.
    pub policy: Option<PolicyId>,
    /// `every`: how often. 1 h.
    pub every: Duration,
    /// `retry`: how soon again after a failure. 1 min.
    pub retry: Duration,
    /// `wait`: the longest that one question takes. 10 s.
    pub wait: Duration,
}

impl Config {
    /// Reads the file; every error at once, with its line.
    pub fn load(path: &Path) -> Result<Self, ConfigErrors> {
        mohur_config::load(path, Self::read)
    }

    /// Reads the text of a file named `path`.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigErrors> {
        mohur_config::parse(path, text, Self::read)
    }

    fn read(top: &mut Table) -> Option<Self> {
        // Every table is read before the first `?`, so that all errors are found.
        let (member, listen, passphrase) = (top.required("member"), top.required("listen"), top.path("passphrase"));
        let admin = top.table("admin").and_then(|mut admin| admin.required("listen"));
        let revocation = mohur_revocation::Settings::read(top);
        let tls = top.table("tls").and_then(|mut tls| KeyFiles::read(&mut tls));
        let seal = top.table("seal").and_then(|mut seal| seal_source(&mut seal));
        let directory = top.table("directory").and_then(|mut directory| directory_settings(&mut directory, None));
        let policy = top.table("policy").and_then(|mut policy| policy.path("folder"));
        let log = top.table("log").and_then(|mut log| LogFiles::read(&mut log));
        let limits = top.optional_table("limits").map_or_else(Limits::default, |mut t| Limits::default().read(&mut t));
        let hosts = top
            .optional_table("hosts")
            .map_or_else(ClientLimits::default, |mut t| ClientLimits::default().read(&mut t));
        let brokers = top
            .optional_table("brokers")
            .map_or_else(NeighbourLimits::default, |mut t| NeighbourLimits::default().read(&mut t));
        let exchange = top.optional_table("exchange").map_or_else(Settings::default, |mut t| settings(&mut t));
        let soap = top.optional_table("soap").map_or_else(SoapLimits::default, |mut t| soap(&mut t));
        let exchange = Settings { soap, ..exchange };
        let foreign = foreign_directories(top);
        let enrolment = EnrolmentSettings::read(top);
        Some(Self {
            member: member?,
            listen: listen?,
            admin: admin?,
            passphrase: passphrase?,
            revocation,
            tls: tls?,
            seal: seal?,
            directory: directory?,
            foreign: foreign?,
            enrolment: enrolment?,
            policy: policy?,
            log: log?,
            limits,
            hosts,
            brokers,
            exchange,
            clock_was_wrong: false,
        })
    }
}

impl KeyFiles {
    /// Reads `certificate` and `key`.
    pub fn read(table: &mut Table) -> Option<Self> {
        let (certificate, key) = (table.path("certificate"), table.path("key"));
        Some(Self { certificate: certificate?, key: key? })
    }
}

impl LogFiles {
    fn read(table: &mut Table) -> Option<Self> {
        let (folder, origin, key) = (table.path("folder"), table.required("origin"), table.path("key"));
        let pool = table.duration("pool").unwrap_or(Duration::from_millis(2));
        let publish_every = table.duration("publish-every").unwrap_or(Duration::from_millis(200));
        let segment_bytes = table.number("segment-bytes", 512 << 10..=1 << 30).unwrap_or(16 << 20);
        let max_bytes = table.number("max-bytes", 1 << 20..=u64::MAX >> 1);
        let settlements = table.optional_path("settlements");
        let claims = table.number("claims", 1000..=100_000_000).unwrap_or(1_000_000);
        let stamped = table.has("time-stamp");
        let time_stamp = table.optional_table("time-stamp").and_then(|mut table| TimeStamps::read(&mut table));
        let (folder, origin, key): (PathBuf, _, _) = (folder?, origin?, key?);
        let settlements = settlements.unwrap_or_else(|| folder.join("settlements.redb"));
        if stamped && time_stamp.is_none() {
            return None;
        }
        Some(Self {
            folder,
            origin,
            key,
            pool,
            publish_every,
            segment_bytes,
            max_bytes,
            claims,
            settlements,
            time_stamp,
        })
    }
}

impl TimeStamps {
    fn read(table: &mut Table) -> Option<Self> {
        let url = table.required("url");
        let trust = table.paths("trust");
        if trust.is_empty() {
            table.error("trust", "is missing or empty", "name the root of the time-stamping authority");
        }
        let policy = table.optional("policy");
        let every = table.duration("every").unwrap_or(Duration::from_secs(3600));
        let retry = table.duration("retry").unwrap_or(Duration::from_secs(60));
        let wait = table.duration("wait").unwrap_or(Duration::from_secs(10));
        (!trust.is_empty()).then_some(Self { url: url?, trust, policy, every, retry, wait })
    }
}

/// None can be wider than its default: an owner's host reads what a SOAP caller signed within the same, and has no setting.
fn soap(table: &mut Table) -> SoapLimits {
    let SoapLimits { xml, mime } = SoapLimits::default();
    SoapLimits {
        xml: mohur_soap::Limits {
            bytes: table.number("bytes", 1 << 10..=xml.bytes).unwrap_or(xml.bytes),
            depth: table.number("depth", 8..=xml.depth).unwrap_or(xml.depth),
            elements: table.number("elements", 64..=xml.elements).unwrap_or(xml.elements),
            attributes: table.number("attributes", 8..=xml.attributes).unwrap_or(xml.attributes),
            namespaces: table.number("namespaces", 16..=xml.namespaces).unwrap_or(xml.namespaces),
            name: table.number("name-bytes", 256..=xml.name).unwrap_or(xml.name),
            canonical: table.number("canonical-bytes", 1 << 10..=xml.canonical).unwrap_or(xml.canonical),
            references: table.number("references", 2..=xml.references).unwrap_or(xml.references),
        },
        mime: MimeLimits {
            parts: table.number("parts", 1..=mime.parts).unwrap_or(mime.parts),
            header_bytes: table.number("part-header-bytes", 256..=mime.header_bytes).unwrap_or(mime.header_bytes),
            bytes: table.number("package-bytes", 1 << 10..=mime.bytes).unwrap_or(mime.bytes),
        },
    }
}

fn settings(table: &mut Table) -> Settings {
    let standard = Settings::default();
    Settings {
        freshness: table.duration("freshness").unwrap_or(standard.freshness),
        provider_deadline: table.duration("provider-deadline").unwrap_or(standard.provider_deadline),
        bundle_wait: table.duration("bundle-wait").unwrap_or(standard.bundle_wait),
        bundle_kept: table.duration("bundle-kept").unwrap_or(standard.bundle_kept),
        bundles_at_once: table.number("bundles-at-once", 1..=100_000).unwrap_or(standard.bundles_at_once),
        bundle_legs: table.number("bundle-legs", 1..=64).unwrap_or(standard.bundle_legs),
        message_bytes: table.number("message-bytes", 1 << 10..=1 << 20).unwrap_or(standard.message_bytes),
        soap: standard.soap,
        forwarded_age: table.duration("forwarded-age").unwrap_or(standard.forwarded_age),
        hop_margin: table.duration("hop-margin").unwrap_or(standard.hop_margin),
        settlement_wait: table.duration("settlement-wait").unwrap_or(standard.settlement_wait),
        settlement_age: table.duration("settlement-age").unwrap_or(standard.settlement_age),
        settlements_at_once: table.number("settlements-at-once", 1..=10_000).unwrap_or(standard.settlements_at_once),
        concealment: table.duration("concealment").unwrap_or(standard.concealment),
    }
}
