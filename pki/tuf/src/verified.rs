//! A consistent set of metadata and files, every signature and digest of it verified.

use std::collections::BTreeMap;

use mohur_crypto::Digest;
use mohur_wire::Timestamp as Moment;

use crate::envelope::Envelope;
use crate::metadata::{DelegatedRole, Role, Root, Snapshot, Targets, Timestamp};
use crate::path::matches;

/// A role that lists files.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Its name: `targets`, or a delegated one.
    pub name: String,
    /// Its metadata.
    pub metadata: Envelope<Targets>,
}

/// A file, and who speaks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The role that lists it.
    pub role: String,
    /// SHA-256 of it.
    pub digest: Digest,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// A consistent set. Whether it has expired is for whoever uses it to judge: the times are all here.
#[derive(Clone, Debug)]
pub struct Verified {
    /// Whose keys count.
    pub root: Envelope<Root>,
    /// Which snapshot is the newest.
    pub timestamp: Envelope<Timestamp>,
    /// Which versions belong together.
    pub snapshot: Envelope<Snapshot>,
    /// `targets` first, then the delegated roles in the order in which they are asked.
    pub roles: Vec<Loaded>,
    /// The files by path. Those of an expired role are not among them.
    pub files: BTreeMap<String, File>,
}

impl Verified {
    /// The metadata of a role that lists files.
    pub fn role(&self, name: &str) -> Option<&Envelope<Targets>> {
        self.roles.iter().find(|loaded| loaded.name == name).map(|loaded| &loaded.metadata)
    }

    /// A file's content.
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(|file| file.bytes.as_slice())
    }

    /// When the first of the roles that everything hangs on expires: root, timestamp, snapshot and `targets`.
    pub fn expires(&self) -> Moment {
        let top = self.role("targets").map_or(Moment::MIN, |targets| targets.signed().expires());
        let (root, timestamp) = (self.root.signed().expires(), self.timestamp.signed().expires());
        root.min(timestamp).min(self.snapshot.signed().expires()).min(top)
    }
}

/// The role that speaks for a path (specification, §5.6.7): the first in pre-order that lists it, of those that it is delegated
/// to all the way down.
pub(crate) fn speaker<'a>(path: &str, roles: &'a [Loaded]) -> Option<&'a str> {
    let find = |name: &str| roles.iter().find(|loaded| loaded.name == name);
    let mut ask: Vec<&Loaded> = find("targets").into_iter().collect();
    let mut asked: Vec<&str> = Vec::new();
    while let Some(loaded) = ask.pop() {
        if asked.contains(&loaded.name.as_str()) {
            continue;
        }
        asked.push(&loaded.name);
        let targets = loaded.metadata.signed();
        if targets.targets.contains_key(path) {
            return Some(&loaded.name);
        }
        let delegations = targets.delegations.iter().flat_map(|delegations| &delegations.roles);
        let mut children = Vec::new();
        for role in delegations.filter(|role| is_delegated(path, role)) {
            if role.terminating {
                // Nobody but this role and those below it is asked any more.
                ask.clear();
                children.push(find(&role.name));
                break;
            }
            children.push(find(&role.name));
        }
        ask.extend(children.into_iter().rev().flatten());
    }
    None
}

fn is_delegated(path: &str, role: &DelegatedRole) -> bool {
    role.paths.iter().any(|pattern| matches(pattern, path))
}
