//! The configuration of the authority online. `docs/samples/pki.toml` shows every setting.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mohur_config::{ConfigErrors, Table};
use mohur_http::Limits;

use super::responders::Freshness;
use crate::office::Rules;

/// With what the authority goes online.
#[derive(Clone, Debug)]
pub struct ServeConfig {
    /// `pki`: the folder that `mohur pki init` made, without the root's key.
    pub pki: PathBuf,
    /// `passphrase`: the credential file that opens the issuing keys. `<pki>/passphrase`.
    pub passphrase: PathBuf,
    /// `listen`: where members and officers ask, over HTTPS.
    pub listen: SocketAddr,
    /// `url`: how they call it, `https://host:port`.
    pub url: String,
    /// `hosts`: the names in its own certificate. The host of `url`.
    pub hosts: Vec<String>,
    /// `allow-root-key`: go online although the root's key lies in the folder. For trials only.
    pub allow_root_key: bool,
    /// `admin.listen`: health, metrics and the operator's orders, plain HTTP: loopback only.
    pub admin: SocketAddr,
    /// `public.listen`: revocation lists and OCSP over plain HTTP.
    pub public: Option<SocketAddr>,
    /// `[tls]`, `[seal]`
    pub rules: Rules,
    /// `tls.own-life`: the life of the service's own certificate. 7 days.
    pub own_life: Duration,
    /// `lists.every`: how often revocation lists are written anew, beside whenever something is revoked. 1 hour.
    pub lists_every: Duration,
    /// `[ocsp]`
    pub freshness: Freshness,
    /// `rates.requests-per-minute`: of one address. 120.
    pub per_minute: NonZeroU32,
    /// `[limits]`
    pub limits: Limits,
}

impl ServeConfig {
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
        let (pki, passphrase) = (top.path("pki"), top.optional_path("passphrase"));
        let (listen, url) = (top.required("listen"), url(top));
        let hosts: Vec<String> = top.list("hosts");
        let allow_root_key = top.flag("allow-root-key").unwrap_or(false);
        let admin = top.table("admin").and_then(|mut admin| loopback(&mut admin));
        let public = top.optional_table("public").map(|mut public| public.required("listen"));
        let mut rules = Rules::default();
        let own_life = top.optional_table("tls").map(|mut table| tls(&mut table, &mut rules));
        if let Some(mut table) = top.optional_table("seal") {
            seal(&mut table, &mut rules);
        }
        let lists_every = top.optional_table("lists").and_then(|mut table| table.duration("every"));
        let freshness = top.optional_table("ocsp").map_or_else(Freshness::default, |mut table| ocsp(&mut table));
        let per_minute =
            top.optional_table("rates").and_then(|mut table| table.number("requests-per-minute", 1..=100_000));
        let standard = Limits { max_connections: 1024, max_in_flight: 64, body_bytes: 64 << 10, ..Limits::default() };
        let limits = top.optional_table("limits").map_or(standard, |mut table| standard.read(&mut table));
        let (pki, url, public) = (pki?, url?, public.map_or(Some(None), |listen| listen.map(Some)));
        Some(Self {
            passphrase: passphrase.unwrap_or_else(|| pki.join("passphrase")),
            hosts: if hosts.is_empty() { vec![host_of(&url).to_owned()] } else { hosts },
            pki,
            listen: listen?,
            url,
            allow_root_key,
            admin: admin?,
            public: public?,
            rules,
            own_life: own_life.flatten().unwrap_or(Duration::from_secs(7 * 86_400)),
            lists_every: lists_every.unwrap_or(Duration::from_secs(3600)),
            freshness,
            per_minute: per_minute.and_then(NonZeroU32::new).unwrap_or(STANDARD_RATE),
            limits,
        })
    }
}

const STANDARD_RATE: NonZeroU32 = match NonZeroU32::new(120) {
    Some(rate) => rate,
    None => NonZeroU32::MIN,
};

fn url(top: &mut Table) -> Option<String> {
    let url: String = top.required("url")?;
    if url.strip_prefix("https://").is_none_or(|rest| rest.is_empty() || rest.contains('/')) {
        top.error("url", "is not an address of HTTPS", "write https://host:port, without a path");
        return None;
    }
    Some(url)
}

/// `https://[::1]:8443` is `::1`.
fn host_of(url: &str) -> &str {
    let rest = url.trim_start_matches("https://");
    match rest.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or(address),
        None => rest.split(':').next().unwrap_or(rest),
    }
}

fn ocsp(table: &mut Table) -> Freshness {
    let standard = Freshness::default();
    let life = table.duration("life").unwrap_or(standard.ocsp_life);
    let responder_days = table.number("responder-days", 1..=30).unwrap_or(standard.responder_days);
    Freshness { ocsp_life: life, responder_days }
}

fn loopback(admin: &mut Table) -> Option<SocketAddr> {
    let listen: SocketAddr = admin.required("listen")?;
    if !listen.ip().is_loopback() {
        admin.error("listen", "is not on this machine", "the operator's orders travel here in clear: use 127.0.0.1");
        return None;
    }
    Some(listen)
}

/// Lives shorter than this leave no time to renew.
const SHORTEST_LIFE: Duration = Duration::from_secs(600);

fn tls(table: &mut Table, rules: &mut Rules) -> Option<Duration> {
    let mut life = |key: &str| {
        let life = table.duration(key)?;
        if !(SHORTEST_LIFE..=Duration::from_secs(366 * 86_400)).contains(&life) {
            table.error(key, "is no life of a TLS certificate", "choose from \"10m\" to \"366d\"");
            return None;
        }
        Some(life)
    };
    let (members, own) = (life("life"), life("own-life"));
    rules.tls_life = members.unwrap_or(rules.tls_life);
    own
}

fn seal(table: &mut Table, rules: &mut Rules) {
    let life = table.duration("life");
    if life.is_some_and(|life| life < SHORTEST_LIFE) {
        table.error("life", "is no life of a seal", "choose from \"10m\" to \"731d\"");
    }
    rules.seal_life = life.unwrap_or(rules.seal_life);
    rules.approvals = table.number("approvals", 2..=5).unwrap_or(rules.approvals);
    rules.approvers = table.list("approvers");
    rules.application_life = table.duration("application-life").unwrap_or(rules.application_life);
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = "pki = \"national\"\nlisten = \"0.0.0.0:8443\"\nurl = \"https://pki.example.az:8443\"\n\
                         [admin]\nlisten = \"127.0.0.1:9443\"\n";

    fn read(text: &str) -> Result<ServeConfig, String> {
        ServeConfig::parse(Path::new("/etc/pki.toml"), text).map_err(|errors| errors.to_string())
    }

    #[test]
    fn what_is_not_set_has_its_default() {
        let config = read(LEAST).unwrap();
        assert_eq!(config.passphrase, Path::new("/etc/national/passphrase"));
        assert_eq!(config.hosts, ["pki.example.az"]);
        assert_eq!((config.rules, config.public, config.allow_root_key), (Rules::default(), None, false));
        assert_eq!(host_of("https://[::1]:8443"), "::1");
    }

    #[test]
    fn every_mistake_has_its_line() {
        let wrong = [
            (LEAST.replace("https://pki.example.az:8443", "http://pki"), "/etc/pki.toml:3: url"),
            (LEAST.replace("127.0.0.1:9443", "0.0.0.0:9443"), "/etc/pki.toml:5: admin.listen: is not on this machine"),
            (format!("{LEAST}[seal]\napprovals = 1\n"), "/etc/pki.toml:7: seal.approvals"),
            (format!("{LEAST}[tls]\nlife = \"1m\"\n"), "/etc/pki.toml:7: tls.life"),
            (format!("{LEAST}[rates]\nrequests-per-minute = 0\n"), "/etc/pki.toml:7: rates.requests-per-minute"),
            (format!("{LEAST}[public]\n"), "public.listen"),
        ];
        for (text, expected) in wrong {
            let error = read(&text).unwrap_err();
            assert!(error.contains(expected), "{expected} in {error}");
            assert_eq!(error.lines().count(), 1, "nothing else: {error}");
        }
    }
}
