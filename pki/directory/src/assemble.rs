//! From a consistent set of files to a domain: members, authorities, revocation lists and deny-list, all of one version.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use mohur_chain::{Standing, Trust};
use mohur_tuf::{TufError, Verified};
use mohur_wire::Timestamp;
use serde::de::DeserializeOwned;

use crate::content::{
    AuthoritiesFile, DeniedFile, DomainsFile, FEDERATION, MEMBERS, MembersFile, POLICY, PolicyFile, REVOCATIONS, anchor,
};
use crate::document::{Directory, MemberEntry};
use crate::domains::Domain;
use crate::error::DirectoryError;
use crate::snapshot::Snapshot;

/// A set of files at a time.
pub(crate) struct Assembly<'a> {
    pub(crate) set: &'a Verified,
    pub(crate) now: Timestamp,
    /// How long after its expiry it still counts: nothing while it is fetched, the grace for what is known already.
    pub(crate) slack: Duration,
    /// How long what comes of it counts after its expiry.
    pub(crate) grace: Duration,
    /// How seals stand beyond the lists, where somebody asks for it.
    pub(crate) standing: Option<Arc<Standing>>,
}

impl Assembly<'_> {
    /// The domain that the files speak of. What an agency or the federation did not keep up is left out, and said.
    pub(crate) fn domain(&self) -> Result<Domain, DirectoryError> {
        let pinned = anchor(self.set.root.signed())?;
        let expires = self.expires()?;
        let MembersFile { brokers, mut members } = self.json(MEMBERS, "members/members.json")?;
        check_agencies(&members)?;
        let DeniedFile { denied } = self.json(REVOCATIONS, "revocations/denied.json")?;
        let foreign = if self.is_kept_up(FEDERATION)? {
            self.json::<DomainsFile>(FEDERATION, "federation/domains.json")?.domains
        } else {
            Vec::new()
        };
        let mut definitions = Vec::new();
        for (agency, policy) in self.policies()? {
            if let Some(entry) = &policy.policy {
                let own = members.iter_mut().filter(|member| member.id.member_code() == agency);
                own.for_each(|member| member.policy = Some(entry.clone()));
            }
            definitions.extend(policy.definitions);
        }
        let snapshot = self.set.snapshot.signed();
        let directory = Directory {
            version: snapshot.version,
            expires,
            domain: pinned.domain,
            brokers,
            members,
            denied,
            definitions,
            foreign,
        };
        let directory = Snapshot::of(directory, self.set.snapshot.digest(), self.grace)?;
        Ok(Domain { directory, trust: Arc::new(self.trust(&pinned.pki_root)?) })
    }

    /// When the first of the roles expires without which there is no directory.
    fn expires(&self) -> Result<Timestamp, DirectoryError> {
        let mut first = self.set.expires();
        for role in [MEMBERS, REVOCATIONS] {
            let at = self.expiry_of(role)?;
            if !self.counts(at) {
                return Err(TufError::Expired { role: role.to_owned(), at }.into());
            }
            first = first.min(at);
        }
        if self.counts(first) { Ok(first) } else { Err(DirectoryError::Expired(first)) }
    }

    fn expiry_of(&self, role: &str) -> Result<Timestamp, DirectoryError> {
        let metadata = self.set.role(role).ok_or_else(|| TufError::Missing { file: format!("{role}.json") })?;
        Ok(metadata.signed().expires)
    }

    fn counts(&self, expires: Timestamp) -> bool {
        self.now < expires.saturating_add(self.slack).unwrap_or(Timestamp::MAX)
    }

    /// Whether a role counts without which the others still do.
    fn is_kept_up(&self, role: &str) -> Result<bool, DirectoryError> {
        Ok(self.counts(self.expiry_of(role)?))
    }

    /// What each agency's own officers say, by agency.
    fn policies(&self) -> Result<BTreeMap<String, PolicyFile>, DirectoryError> {
        let mut policies = BTreeMap::new();
        for loaded in self.set.roles.iter().filter(|loaded| loaded.name.starts_with(POLICY)) {
            let agency = loaded.name.trim_start_matches(POLICY);
            let path = format!("{}/policy.json", loaded.name);
            if self.is_kept_up(&loaded.name)? && self.set.file(&path).is_some() {
                policies.insert(agency.to_owned(), self.json::<PolicyFile>(&loaded.name, &path)?);
            }
        }
        Ok(policies)
    }

    /// A PKI root, issuing authorities and revocation lists, each authority with its own list.
    fn trust(&self, pki_root: &str) -> Result<Trust, DirectoryError> {
        let AuthoritiesFile { certificates } = self.json(MEMBERS, "members/authorities.json")?;
        let mut lists = Vec::new();
        for (path, file) in &self.set.files {
            if path.starts_with("revocations/") && path.ends_with(".crl") && file.role == REVOCATIONS {
                lists.push(String::from_utf8(file.bytes.clone()).map_err(|_| not_text(path))?);
            }
        }
        let trust = Trust::from_pem(pki_root, &certificates, &lists)?;
        Ok(match &self.standing {
            Some(standing) => trust.judged_by(Arc::clone(standing)),
            None => trust,
        })
    }

    fn json<T: DeserializeOwned>(&self, role: &str, path: &str) -> Result<T, DirectoryError> {
        let file = self.set.files.get(path).ok_or_else(|| TufError::Missing { file: path.to_owned() })?;
        if file.role != role {
            return Err(DirectoryError::Inconsistent(format!(
                "{} lists {path}, which is for {role} to list",
                file.role
            )));
        }
        serde_json::from_slice(&file.bytes).map_err(|source| DirectoryError::File { path: path.to_owned(), source })
    }
}

fn not_text(path: &str) -> DirectoryError {
    DirectoryError::Inconsistent(format!("{path} is not PEM"))
}

/// Refuses members of which an agency's officers could not say whether they are theirs: what `policy/<agency>` says counts for
/// the members whose code is the agency's name.
fn check_agencies(members: &[MemberEntry]) -> Result<(), DirectoryError> {
    let mut classes: HashMap<&str, &str> = HashMap::new();
    for member in members {
        let (code, class) = (member.id.member_code(), member.id.member_class());
        if classes.insert(code, class).is_some_and(|other| other != class) {
            return Err(DirectoryError::Inconsistent(format!(
                "members of two classes have the code {code}: policy/{code} would speak for both; rename one"
            )));
        }
        if member.policy.is_some() {
            return Err(DirectoryError::Inconsistent(format!(
                "{}: members.json names its policy, which is for its own agency's officers to name",
                member.id
            )));
        }
    }
    Ok(())
}
