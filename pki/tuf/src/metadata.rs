//! The roles' metadata (specification, §4). Unknown members are kept, as §4.1 demands: they are signed too.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use mohur_wire::Timestamp as Moment;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value};

use crate::key::Key;

/// The version of the specification that metadata is written for.
pub const SPEC_VERSION: &str = "1.0.31";

/// `2026-01-02T03:04:05Z`, and no other spelling (§4.2).
const FORMAT: &str = "%Y-%m-%dT%H:%M:%SZ";

/// Metadata of one role.
pub trait Role: Serialize + DeserializeOwned + Clone {
    /// Its `_type`.
    const TYPE: &'static str;

    /// `_type` and `spec_version`.
    fn kind(&self) -> (&str, &str);

    /// Its version: only rises.
    fn version(&self) -> u64;

    /// From when on it no longer counts.
    fn expires(&self) -> Moment;
}

macro_rules! role {
    ($type:ident, $name:literal) => {
        impl Role for $type {
            const TYPE: &'static str = $name;

            fn kind(&self) -> (&str, &str) {
                (&self.kind, &self.spec_version)
            }

            fn version(&self) -> u64 {
                self.version
            }

            fn expires(&self) -> Moment {
                self.expires
            }
        }
    };
}

/// Whose keys count for the top-level roles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    /// `root`
    #[serde(rename = "_type")]
    pub kind: String,
    /// E.g. `1.0.31`.
    pub spec_version: String,
    /// Rises by one each time.
    pub version: u64,
    /// From when on it no longer counts.
    #[serde(with = "seconds")]
    pub expires: Moment,
    /// Whether file names carry versions and digests: always, here.
    pub consistent_snapshot: bool,
    /// The keys by id.
    pub keys: BTreeMap<String, Key>,
    /// `root`, `timestamp`, `snapshot` and `targets`.
    pub roles: BTreeMap<String, RoleKeys>,
    /// What else stands there.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Who may sign for a role, and how many must.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleKeys {
    /// The keys' ids.
    pub keyids: Vec<String>,
    /// How many of them must sign.
    pub threshold: u64,
    /// What else stands there.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The newest snapshot. Short-lived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timestamp {
    /// `timestamp`
    #[serde(rename = "_type")]
    pub kind: String,
    /// E.g. `1.0.31`.
    pub spec_version: String,
    /// Only rises.
    pub version: u64,
    /// From when on it no longer counts.
    #[serde(with = "seconds")]
    pub expires: Moment,
    /// `snapshot.json` alone.
    pub meta: BTreeMap<String, MetaFile>,
    /// What else stands there.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The versions of all targets metadata that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// `snapshot`
    #[serde(rename = "_type")]
    pub kind: String,
    /// E.g. `1.0.31`.
    pub spec_version: String,
    /// Only rises.
    pub version: u64,
    /// From when on it no longer counts.
    #[serde(with = "seconds")]
    pub expires: Moment,
    /// By the role's name with `.json`.
    pub meta: BTreeMap<String, MetaFile>,
    /// What else stands there.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Which version of a metadata file, and perhaps how long and with which digests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetaFile {
    /// The version.
    pub version: u64,
    /// The length in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    /// Digests by algorithm, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hashes: Option<BTreeMap<String, String>>,
    /// What else stands there.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Files, and whom other files are delegated to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Targets {
    /// `targets`
    #[serde(rename = "_type")]
    pub kind: String,
    /// E.g. `1.0.31`.
    pub spec_version: String,
    /// Only rises.
    pub version: u64,
    /// From when on it no longer counts.
    #[serde(with = "seconds")]
    pub expires: Moment,
    /// The files by path.
    pub targets: BTreeMap<String, TargetFile>,
    /// To whom other paths are delegated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegations: Option<Delegations>,
    /// What else stands there.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetFile {
    /// The length in bytes.
    pub length: u64,
    /// Digests by algorithm, in hexadecimal. SHA-256 must be among them.
    pub hashes: BTreeMap<String, String>,
    /// What else stands there, `custom` among it.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// To whom paths are delegated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegations {
    /// The keys by id.
    pub keys: BTreeMap<String, Key>,
    /// The roles, in the order in which they are asked.
    pub roles: Vec<DelegatedRole>,
    /// What else stands there.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// A role that paths are delegated to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DelegatedRole {
    /// Its name.
    pub name: String,
    /// The keys' ids.
    pub keyids: Vec<String>,
    /// How many of them must sign.
    pub threshold: u64,
    /// Whether nobody after it is asked about these paths.
    pub terminating: bool,
    /// The patterns of the paths. `path_hash_prefixes` instead of it is not supported.
    pub paths: Vec<String>,
    /// What else stands there.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

role!(Root, "root");
role!(Timestamp, "timestamp");
role!(Snapshot, "snapshot");
role!(Targets, "targets");

impl Root {
    /// Who may sign for a top-level role.
    pub fn role(&self, name: &str) -> RoleKeys {
        self.roles.get(name).cloned().unwrap_or_default()
    }
}

impl Targets {
    /// Metadata of a targets role without files.
    pub fn new(version: u64, expires: Moment) -> Self {
        Self {
            kind: Self::TYPE.to_owned(),
            spec_version: SPEC_VERSION.to_owned(),
            version,
            expires: second(expires),
            targets: BTreeMap::new(),
            delegations: None,
            extra: Map::new(),
        }
    }
}

impl DelegatedRole {
    /// Who may sign for it.
    pub fn role_keys(&self) -> RoleKeys {
        RoleKeys { keyids: self.keyids.clone(), threshold: self.threshold, extra: Map::new() }
    }
}

/// The moment without its fraction of a second, which metadata has no room for.
pub fn second(at: Moment) -> Moment {
    Moment::from_second(at.as_second()).unwrap_or(at)
}

mod seconds {
    use super::{Deserialize, Deserializer, FORMAT, Moment, Serializer, TimeZone, de};

    pub(super) fn serialize<S: Serializer>(at: &Moment, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&at.to_zoned(TimeZone::UTC).strftime(FORMAT))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Moment, D::Error> {
        let text = String::deserialize(deserializer)?;
        let read = jiff::civil::DateTime::strptime(FORMAT, &text).ok().and_then(|at| at.to_zoned(TimeZone::UTC).ok());
        let moment = read.map(|zoned| zoned.timestamp());
        let same = moment.filter(|at| at.to_zoned(TimeZone::UTC).strftime(FORMAT).to_string() == text);
        same.ok_or_else(|| de::Error::custom("expected a time such as 2026-01-02T03:04:05Z"))
    }
}
