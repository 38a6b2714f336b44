//! The files that the directory is made of, and which role speaks for each.
//!
//! | Role | Files |
//! |---|---|
//! | `root` | a member `mohur`: the domain and its PKI root |
//! | `members` | `members/members.json`, `members/authorities.json` |
//! | `federation` | `federation/domains.json` |
//! | `revocations` | `revocations/denied.json`, `revocations/*.crl` |
//! | `policy/<agency>` | `policy/<agency>/policy.json` |

use std::collections::BTreeMap;
use std::path::Path;

use mohur_tuf::Root;
use serde::{Deserialize, Serialize};

use crate::document::{BrokerEntry, DefinitionEntry, Directory, ForeignDomain, HexDigest, MemberEntry, PolicyEntry};
use crate::error::DirectoryError;

/// The role of the member list and of the certificate authorities.
pub const MEMBERS: &str = "members";
/// The role of the foreign domains.
pub const FEDERATION: &str = "federation";
/// The role of the deny-list and of the revocation lists.
pub const REVOCATIONS: &str = "revocations";
/// What the roles of agencies begin with.
pub const POLICY: &str = "policy/";
/// The member of the root's metadata that is ours.
pub const ANCHOR: &str = "mohur";

/// What the root pins beside keys: signed by the root's threshold, and so the one file that a process starts from is the
/// root's metadata alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Anchor {
    /// The instance that all identifiers begin with.
    pub domain: String,
    /// The root of the certificate authorities, PEM. An authority that it did not issue does not count.
    pub pki_root: String,
}

/// `members/members.json`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MembersFile {
    /// The brokers.
    pub brokers: Vec<BrokerEntry>,
    /// The members.
    pub members: Vec<MemberEntry>,
}

/// `members/authorities.json`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AuthoritiesFile {
    /// The issuing authorities, PEM; several of one kind may stand there. Their own certificates say of which kind they are.
    pub certificates: Vec<String>,
}

/// `revocations/denied.json`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DeniedFile {
    /// SHA-256 of certificates.
    pub denied: Vec<HexDigest>,
}

/// `federation/domains.json`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DomainsFile {
    /// The foreign domains.
    pub domains: Vec<ForeignDomain>,
}

/// `policy/<agency>/policy.json`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PolicyFile {
    /// The policy of all services of the agency, if it owns any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyEntry>,
    /// The bundles that it defines.
    #[serde(default)]
    pub definitions: Vec<DefinitionEntry>,
}

/// The files of every role, by path.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Everything that is to be published, as one: what a tool that holds all keys edits.
#[derive(Clone, Debug)]
pub struct Content {
    /// Members, deny-list, foreign domains and policies; a member's policy counts for its whole agency.
    pub directory: Directory,
    /// Which agency publishes a bundle definition.
    pub definitions: BTreeMap<String, Vec<DefinitionEntry>>,
    /// The issuing authorities, PEM.
    pub authorities: Vec<String>,
    /// The revocation lists, PEM, by file name.
    pub revocation_lists: BTreeMap<String, String>,
}

impl Content {
    /// The files by role.
    pub fn files(&self) -> Result<BTreeMap<String, Files>, DirectoryError> {
        let directory = &self.directory;
        let bare = |member: &MemberEntry| MemberEntry { policy: None, ..member.clone() };
        let members =
            MembersFile { brokers: directory.brokers.clone(), members: directory.members.iter().map(bare).collect() };
        let mut roles = BTreeMap::from([
            (
                MEMBERS.to_owned(),
                Files::from([
                    ("members/members.json".to_owned(), json(&members)?),
                    (
                        "members/authorities.json".to_owned(),
                        json(&AuthoritiesFile { certificates: self.authorities.clone() })?,
                    ),
                ]),
            ),
            (
                FEDERATION.to_owned(),
                Files::from([(
                    "federation/domains.json".to_owned(),
                    json(&DomainsFile { domains: directory.foreign.clone() })?,
                )]),
            ),
        ]);
        let mut revocations = Files::from([(
            "revocations/denied.json".to_owned(),
            json(&DeniedFile { denied: directory.denied.clone() })?,
        )]);
        let lists = self.revocation_lists.iter();
        revocations.extend(lists.map(|(name, list)| (format!("revocations/{name}"), list.clone().into_bytes())));
        roles.insert(REVOCATIONS.to_owned(), revocations);
        for (agency, policy) in self.policies() {
            let path = format!("{POLICY}{agency}/policy.json");
            roles.insert(format!("{POLICY}{agency}"), Files::from([(path, json(&policy)?)]));
        }
        Ok(roles)
    }

    fn policies(&self) -> BTreeMap<String, PolicyFile> {
        let mut policies: BTreeMap<String, PolicyFile> = BTreeMap::new();
        for member in self.directory.members.iter().filter(|member| member.policy.is_some()) {
            policies.entry(member.id.member_code().to_owned()).or_default().policy.clone_from(&member.policy);
        }
        for (agency, definitions) in &self.definitions {
            policies.entry(agency.clone()).or_default().definitions.clone_from(definitions);
        }
        policies
    }
}

/// As a person reads it, and always the same for the same content.
pub(crate) fn json<T: Serialize>(content: &T) -> Result<Vec<u8>, DirectoryError> {
    let mut bytes = serde_json::to_vec_pretty(content)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// What the root pins beside keys.
pub fn anchor(root: &Root) -> Result<Anchor, DirectoryError> {
    let found = root.extra.get(ANCHOR).ok_or_else(|| {
        DirectoryError::Inconsistent(format!("its root names no `{ANCHOR}`: it is not a directory of this kind"))
    })?;
    Ok(Anchor::deserialize(found)?)
}

/// A folder of trust anchors as `mohur pki` lays it out, all PEM.
#[derive(Clone, Debug, Default)]
pub struct TrustFolder {
    /// The root.
    pub root: String,
    /// The issuing authorities.
    pub authorities: Vec<String>,
    /// The revocation lists, by file name.
    pub revocation_lists: BTreeMap<String, String>,
}

impl TrustFolder {
    /// Reads the folder.
    pub fn read(folder: &Path) -> Result<Self, DirectoryError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| DirectoryError::Io { path, source }
        };
        let text = |name: &str| std::fs::read_to_string(folder.join(name)).map_err(io(&folder.join(name)));
        let entries = std::fs::read_dir(folder).map_err(io(folder))?;
        let mut names: Vec<String> =
            entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        let mut found = Self { root: text("root.pem")?, ..Self::default() };
        for name in names {
            if name.ends_with(".crl") {
                found.revocation_lists.insert(name.clone(), text(&name)?);
            } else if name.strip_suffix(".pem").is_some_and(|stem| stem.contains("-ca")) {
                found.authorities.push(text(&name)?);
            }
        }
        Ok(found)
    }
}

/// Refuses a file that is not what its name says: for whoever edits, before anybody signs.
pub fn check_file(path: &str, bytes: &[u8]) -> Result<(), DirectoryError> {
    let checked = match path.rsplit('/').next().unwrap_or_default() {
        "members.json" => serde_json::from_slice::<MembersFile>(bytes).map(drop),
        "authorities.json" => serde_json::from_slice::<AuthoritiesFile>(bytes).map(drop),
        "denied.json" => serde_json::from_slice::<DeniedFile>(bytes).map(drop),
        "domains.json" => serde_json::from_slice::<DomainsFile>(bytes).map(drop),
        "policy.json" => serde_json::from_slice::<PolicyFile>(bytes).map(drop),
        name if name.ends_with(".crl") => Ok(()),
        _ => return Err(DirectoryError::Inconsistent(format!("{path}: nobody reads a file of this name"))),
    };
    checked.map_err(|source| DirectoryError::File { path: path.to_owned(), source })
}
