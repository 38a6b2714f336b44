//! The door's configuration file. `docs/samples/xroad.toml` shows every setting.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use mohur_config::{ConfigErrors, Table};
use mohur_http::Limits;
use mohur_transport::{InsideKeyFiles, InsideServerFiles};
use mohur_wire::{CaseReference, MemberId, Official, Purpose};

use crate::identifier::ClientId;
use crate::vocabulary::Vocabulary;

/// What the door is started with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Who asks outside, with which keys: the settings of `client.toml`, at the top level.
    pub caller: mohur_client::Config,
    /// `[client]`: the ministry's own X-Road clients.
    pub client: Option<ClientSettings>,
    /// `provider.host`: the configuration file of the host whose adapter is `xroad`, run in the same process.
    pub provider: Option<PathBuf>,
}

/// The client side.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// `listen`: where the ministry's systems ask.
    pub listen: SocketAddr,
    /// `[client.tls]`: what the door shows inside; `None` is plain HTTP, on this machine only. Where TLS is mutual, the
    /// clients' certificates are those of `accepts`.
    pub tls: Option<InsideServerFiles>,
    /// `[[client.accepts]]`: who may be named as client.
    pub accepts: Vec<Accepted>,
    /// `[[client.owners]]`: owners whose name in X-Road is not their name here.
    pub owners: BTreeMap<ClientId, MemberId>,
    /// `[[client.represents]]`: whom a represented party is here, by `class/code` or `code`.
    pub represents: BTreeMap<String, MemberId>,
    /// `codes`: the vocabulary of error codes.
    pub codes: Vocabulary,
    /// `mappings`: the folder of mapping files.
    pub mappings: Option<PathBuf>,
    /// `unmapped`: what happens to a service without a mapping. It is refused unless this says otherwise.
    pub unmapped: Option<Unmapped>,
    /// `metadata-purpose`: why descriptions of services are asked for.
    pub metadata_purpose: Purpose,
    /// `metadata-official`: who asks for them, if the message names nobody.
    pub metadata_official: Official,
    /// `metadata-case`: the case under which they are asked for.
    pub metadata_case: CaseReference,
    /// `version`: the version of a service whose name in X-Road has none.
    pub version: String,
    /// `[client.limits]`
    pub limits: Limits,
}

/// A client that may ask through this door, always in the name of the door's own member.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// `id`: as X-Road's messages name it.
    pub id: ClientId,
    /// `certificates`: what it shows, where TLS is mutual.
    pub certificates: Vec<PathBuf>,
}

/// `unmapped = "message"`: a message of a service without a mapping goes as a whole.
#[derive(Clone, Debug)]
pub struct Unmapped {
    /// `unmapped-purpose`
    pub purpose: Purpose,
    /// `unmapped-official`: who acts, if the message names nobody. Without it such a message is refused.
    pub official: Option<Official>,
    /// `unmapped-case = "issue-or-id"`: the message's id is the case where it names no issue.
    pub id_as_case: bool,
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
        let caller = mohur_client::Config::read(top);
        let client = top.optional_table("client").map(|mut table| ClientSettings::read(&mut table));
        let provider = top.optional_table("provider").map(|mut table| table.path("host"));
        if client.is_none() && provider.is_none() {
            top.error("client", "and [provider] are both missing", "say which side the door serves: one or both");
        }
        let client = client.map_or(Some(None), |settings| settings.map(Some));
        if let (Some(caller), Some(Some(client))) = (&caller, &client)
            && caller.patience >= client.limits.handler_timeout
        {
            top.error(
                "patience",
                "is not shorter than client.limits.handler-timeout",
                "shorten it, or raise the other",
            );
        }
        let provider = provider.map_or(Some(None), |host| host.map(Some));
        Some(Self { caller: caller?, client: client?, provider: provider? })
    }
}

impl ClientSettings {
    fn read(table: &mut Table) -> Option<Self> {
        let listen: Option<SocketAddr> = table.required("listen");
        let tls = table.table("tls").and_then(|mut tls| Tls::read(&mut tls));
        let accepts = Accepted::read_all(table, tls.as_ref().is_some_and(|tls| tls.mode == Mode::Mutual));
        let owners = pairs::<ClientId>(table, "owners", "id");
        let represents = pairs::<Party>(table, "represents", "party");
        let codes = table.required("codes");
        let mappings = table.optional_path("mappings");
        let unmapped = Unmapped::read(table);
        let metadata_purpose = table.optional("metadata-purpose").or_else(|| "service-metadata".parse().ok());
        let metadata_official = table.optional("metadata-official").or_else(|| "xroad-door".parse().ok());
        let metadata_case = table.optional("metadata-case").or_else(|| "service-metadata".parse().ok());
        let version = table.optional("version").unwrap_or_else(|| "v1".to_owned());
        let limits = table
            .optional_table("limits")
            .map_or_else(Self::default_limits, |mut limits| Self::default_limits().read(&mut limits));
        let plain = tls.as_ref().is_some_and(|tls| tls.own.is_none());
        if plain && listen.is_some_and(|listen| !listen.ip().is_loopback()) {
            table.error(
                "listen",
                "is not on this machine, and tls.mode is none",
                "listen on 127.0.0.1, or set tls.mode",
            );
        }
        let accepts = accepts?;
        Some(Self {
            listen: listen?,
            tls: tls?.files(&accepts),
            accepts,
            owners,
            represents: represents.into_iter().map(|(party, member)| (party.0, member)).collect(),
            codes: codes?,
            mappings,
            unmapped: unmapped?,
            metadata_purpose: metadata_purpose?,
            metadata_official: metadata_official?,
            metadata_case: metadata_case?,
            version,
            limits,
        })
    }

    /// X-Road's messages carry attachments: two mebibytes fit a body. A handler waits longer than the caller's patience, so
    /// that a client is told in its own protocol.
    pub fn default_limits() -> Limits {
        Limits {
            body_bytes: 2 << 20,
            max_connections: 1024,
            max_in_flight: 256,
            handler_timeout: Duration::from_secs(60),
            ..Limits::default()
        }
    }
}

/// `[client.tls]` as it stands in the file.
struct Tls {
    mode: Mode,
    own: Option<InsideKeyFiles>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    None,
    Server,
    Mutual,
}

impl Tls {
    fn read(table: &mut Table) -> Option<Self> {
        let mode: Mode = table.required("mode")?;
        if mode == Mode::None {
            return Some(Self { mode, own: None });
        }
        let (certificate, key) = (table.path("certificate"), table.path("key"));
        let passphrase = table.optional_path("passphrase");
        Some(Self { mode, own: Some(InsideKeyFiles { certificate: certificate?, key: key?, passphrase }) })
    }

    fn files(self, accepts: &[Accepted]) -> Option<InsideServerFiles> {
        let pinned = || accepts.iter().flat_map(|client| client.certificates.clone()).collect();
        Some(InsideServerFiles { own: self.own?, clients: (self.mode == Mode::Mutual).then(pinned) })
    }
}

impl FromStr for Mode {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "none" => Ok(Self::None),
            "server" => Ok(Self::Server),
            "mutual" => Ok(Self::Mutual),
            _ => Err("choose none, server or mutual"),
        }
    }
}

impl Accepted {
    fn read_all(table: &mut Table, mutual: bool) -> Option<Vec<Self>> {
        let read = |mut entry: Table| {
            let (id, certificates) = (entry.required("id"), entry.paths("certificates"));
            if mutual && certificates.is_empty() {
                entry.error("certificates", "is missing, and tls.mode is mutual", "name the certificate that it shows");
            }
            if !mutual && !certificates.is_empty() {
                entry.error("certificates", "has no effect: tls.mode is not mutual", "set tls.mode, or remove it");
            }
            Some(Self { id: id?, certificates })
        };
        let tables = table.tables("accepts");
        if tables.is_empty() {
            table.error("accepts", "is missing", "name each client in a table [[client.accepts]]");
        }
        tables.into_iter().map(read).collect()
    }
}

impl Unmapped {
    fn read(table: &mut Table) -> Option<Option<Self>> {
        let whole = match table.optional::<String>("unmapped").as_deref() {
            None | Some("refuse") => false,
            Some("message") => true,
            Some(_) => {
                table.error("unmapped", "is not known", "write \"refuse\" or \"message\"");
                return None;
            }
        };
        let official = table.optional("unmapped-official");
        let id_as_case = match table.optional::<String>("unmapped-case").as_deref() {
            None | Some("issue") => false,
            Some("issue-or-id") => true,
            Some(_) => {
                table.error("unmapped-case", "is not known", "write \"issue\" or \"issue-or-id\"");
                return None;
            }
        };
        if !whole {
            let _unused: Option<Purpose> = table.optional("unmapped-purpose");
            return Some(None);
        }
        let purpose = table.required("unmapped-purpose");
        Some(Some(Self { purpose: purpose?, official, id_as_case }))
    }
}

/// `class/code`, or `code` alone.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Party(String);

impl FromStr for Party {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<_> = text.split('/').collect();
        if parts.len() > 2 || parts.iter().any(|part| part.is_empty()) {
            return Err("write class/code, or the code alone");
        }
        Ok(Self(text.to_owned()))
    }
}

/// An array of tables that say which member of ours something is; what is named twice is an error.
fn pairs<K: FromStr<Err: fmt::Display> + Ord>(table: &mut Table, name: &str, key: &str) -> BTreeMap<K, MemberId> {
    let mut found = BTreeMap::new();
    for mut entry in table.tables(name) {
        let (named, member) = (entry.required(key), entry.required("member"));
        let (Some(named), Some(member)) = (named, member) else { continue };
        if found.insert(named, member).is_some() {
            entry.error(key, "is named twice", "remove one of the two");
        }
    }
    found
}

#[cfg(test)]
mod tests;
