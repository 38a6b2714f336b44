//! What a staged version changes, in words.

use std::collections::{BTreeMap, BTreeSet};

use mohur_crypto::sha256;
use mohur_wire::Timestamp;
use serde::de::DeserializeOwned;

use super::{Repository, RepositoryError, Roles, Signers, TOP};
use crate::content::{Anchor, AuthoritiesFile, DeniedFile, DomainsFile, Files, MembersFile, PolicyFile, anchor};
use crate::document::{BrokerEntry, MemberEntry, SealEntry};

impl Repository {
    /// What the staged version of a role changes, a sentence each.
    pub fn diff(&self, role: &str) -> Result<Vec<String>, RepositoryError> {
        match role {
            "root" => self.diff_root(),
            "targets" => {
                let (before, after) = (self.published("targets")?, self.staged("targets")?);
                let after = after.ok_or_else(|| RepositoryError::NotStaged(role.to_owned()))?;
                let mut words = Vec::new();
                let read = |metadata: &mohur_tuf::Targets| delegated(metadata);
                signers(
                    &before.map(|found| read(found.signed())).unwrap_or_default(),
                    &read(after.signed()),
                    &mut words,
                );
                Ok(words)
            }
            _ => {
                let staged = self.staged(role)?.ok_or_else(|| RepositoryError::NotStaged(role.to_owned()))?;
                let (before, after) = (self.published_files(role)?, self.staged_files(role)?);
                let mut words = files(&before, &after)?;
                let expires = self.published(role)?.map(|found| found.signed().expires);
                times(expires, staged.signed().expires, &mut words);
                Ok(words)
            }
        }
    }

    fn diff_root(&self) -> Result<Vec<String>, RepositoryError> {
        let after = self.staged_root()?.ok_or_else(|| RepositoryError::NotStaged("root".to_owned()))?;
        let before = self.root()?;
        let mut words = Vec::new();
        let of = |root: &mohur_tuf::Root| -> Roles {
            let one = |(name, role): (&String, &mohur_tuf::RoleKeys)| {
                (name.clone(), Signers { threshold: role.threshold, keys: role.keyids.clone() })
            };
            root.roles.iter().filter(|(name, _)| TOP.contains(&name.as_str())).map(one).collect()
        };
        signers(&before.as_ref().map(|root| of(root.signed())).unwrap_or_default(), &of(after.signed()), &mut words);
        let pinned = |root: &mohur_tuf::Root| anchor(root);
        let (now, then) = (pinned(after.signed())?, before.as_ref().map(|root| pinned(root.signed())).transpose()?);
        if then.as_ref().is_none_or(|then: &Anchor| then.pki_root != now.pki_root) {
            words.push(format!("the PKI root is {}", sha256(now.pki_root.as_bytes())));
        }
        if then.is_none_or(|then| then.domain != now.domain) {
            words.push(format!("the domain is {}", now.domain));
        }
        times(before.map(|root| root.signed().expires), after.signed().expires, &mut words);
        Ok(words)
    }
}

fn delegated(targets: &mohur_tuf::Targets) -> Roles {
    let roles = targets.delegations.iter().flat_map(|delegations| &delegations.roles);
    roles.map(|role| (role.name.clone(), Signers { threshold: role.threshold, keys: role.keyids.clone() })).collect()
}

fn times(before: Option<Timestamp>, after: Timestamp, words: &mut Vec<String>) {
    if before != Some(after) {
        words.push(format!("it counts until {after}"));
    }
}

/// Keys are named by id here.
fn signers(before: &Roles, after: &Roles, words: &mut Vec<String>) {
    for (name, now) in after {
        let Some(then) = before.get(name) else {
            words.push(format!("new role {name}: {} of {} keys must sign", now.threshold, now.keys.len()));
            continue;
        };
        if then.threshold != now.threshold {
            words.push(format!("{name}: {} keys must sign, not {}", now.threshold, then.threshold));
        }
        let (old, new): (BTreeSet<_>, BTreeSet<_>) = (then.keys.iter().collect(), now.keys.iter().collect());
        words.extend(old.difference(&new).map(|key| format!("{name}: the key {key} may no longer sign")));
        words.extend(new.difference(&old).map(|key| format!("{name}: the key {key} may sign")));
    }
    words.extend(
        before.keys().filter(|name| !after.contains_key(*name)).map(|name| format!("{name} is no role any more")),
    );
}

fn files(before: &Files, after: &Files) -> Result<Vec<String>, RepositoryError> {
    let mut words = Vec::new();
    let all: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for path in all {
        let (then, now) = (before.get(path), after.get(path));
        if then == now {
            continue;
        }
        let name = path.rsplit('/').next().unwrap_or(path);
        match name {
            "members.json" => members(&read(then, path)?, &read(now, path)?, &mut words),
            "authorities.json" => authorities(&read(then, path)?, &read(now, path)?, &mut words),
            "denied.json" => denied(&read(then, path)?, &read(now, path)?, &mut words),
            "domains.json" => domains(&read(then, path)?, &read(now, path)?, &mut words),
            "policy.json" => policy(&read(then, path)?, &read(now, path)?, &mut words),
            _ => words.push(match (then, now) {
                (None, _) => format!("new file {path}"),
                (_, None) => format!("{path} is gone"),
                _ => format!("{path} is another"),
            }),
        }
    }
    Ok(words)
}

fn read<T: DeserializeOwned + Default>(bytes: Option<&Vec<u8>>, path: &str) -> Result<T, RepositoryError> {
    let Some(bytes) = bytes else { return Ok(T::default()) };
    let file = |source| crate::error::DirectoryError::File { path: path.to_owned(), source };
    Ok(serde_json::from_slice(bytes).map_err(file)?)
}

/// Tells what came, what went and what of the rest is other than before.
fn each<'a, K: Ord + std::fmt::Display, T: PartialEq>(
    what: &str,
    before: &'a [T],
    after: &'a [T],
    key: impl Fn(&'a T) -> K,
    words: &mut Vec<String>,
    change: impl Fn(&T, &T) -> Vec<String>,
) {
    let old: BTreeMap<K, &T> = before.iter().map(|one| (key(one), one)).collect();
    let new: BTreeMap<K, &T> = after.iter().map(|one| (key(one), one)).collect();
    words.extend(new.keys().filter(|key| !old.contains_key(key)).map(|key| format!("new {what} {key}")));
    words.extend(old.keys().filter(|key| !new.contains_key(key)).map(|key| format!("{what} {key} is gone")));
    for (key, now) in &new {
        if let Some(then) = old.get(key).filter(|then| *then != now) {
            words.extend(change(then, now).into_iter().map(|said| format!("{what} {key}: {said}")));
        }
    }
}

fn members(before: &MembersFile, after: &MembersFile, words: &mut Vec<String>) {
    each("broker", &before.brokers, &after.brokers, |one| one.id.to_string(), words, broker);
    each("member", &before.members, &after.members, |one| one.id.to_string(), words, member);
}

fn broker(then: &BrokerEntry, now: &BrokerEntry) -> Vec<String> {
    let mut words = Vec::new();
    if then.authority != now.authority {
        words.push(format!("its address is {}, not {}", now.authority, then.authority));
    }
    if then.log != now.log {
        words.push(format!("its log is {} with the key {}", now.log.origin, now.log.key));
    }
    seals(&then.seals, &now.seals, &mut words);
    words
}

fn member(then: &MemberEntry, now: &MemberEntry) -> Vec<String> {
    let mut words = Vec::new();
    if then.broker != now.broker {
        words.push(format!("its home is {}, not {}", now.broker, then.broker));
    }
    if then.host != now.host {
        let host = now.host.as_ref().map_or("nowhere".to_owned(), |host| host.authority.to_string());
        words.push(format!("its host is at {host}"));
    }
    if then.requests_per_second != now.requests_per_second {
        let (now, then) = (now.requests_per_second, then.requests_per_second);
        words.push(format!("it may send {now} queries a second, not {then}"));
    }
    let name = |service: &crate::document::ServiceEntry| format!("{}/{}", service.code, service.version);
    each("service", &then.services, &now.services, name, &mut words, |_, now| {
        let verbs: Vec<_> = now.verbs.iter().map(|verb| format!("{verb:?}").to_lowercase()).collect();
        vec![format!("may be asked to {}", verbs.join(", "))]
    });
    seals(&then.seals, &now.seals, &mut words);
    words
}

fn seals(before: &[SealEntry], after: &[SealEntry], words: &mut Vec<String>) {
    let print = |seal: &SealEntry| {
        seal.parse().map_or_else(|_| "that cannot be read".to_owned(), |found| found.fingerprint().to_string())
    };
    each("seal", before, after, print, words, |_, _| vec!["with another algorithm".to_owned()]);
}

fn authorities(before: &AuthoritiesFile, after: &AuthoritiesFile, words: &mut Vec<String>) {
    let print = |pem: &String| sha256(pem.trim().as_bytes()).to_string();
    each("authority", &before.certificates, &after.certificates, print, words, |_, _| Vec::new());
}

fn denied(before: &DeniedFile, after: &DeniedFile, words: &mut Vec<String>) {
    let (old, new): (BTreeSet<_>, BTreeSet<_>) =
        (before.denied.iter().map(|one| one.0).collect(), after.denied.iter().map(|one| one.0).collect());
    words.extend(new.difference(&old).map(|one| format!("the certificate {one} is denied")));
    words.extend(old.difference(&new).map(|one| format!("the certificate {one} is no longer denied")));
}

fn domains(before: &DomainsFile, after: &DomainsFile, words: &mut Vec<String>) {
    each(
        "foreign domain",
        &before.domains,
        &after.domains,
        |one| one.domain.clone(),
        words,
        |then, now| {
            let mut said = Vec::new();
            if then.root != now.root {
                said.push(format!("its root is {}", now.root.0));
            }
            if then.may_ask != now.may_ask {
                said.push(format!("may ask {}", list(&now.may_ask)));
            }
            if then.may_answer != now.may_answer {
                said.push(format!("may answer {}", list(&now.may_answer)));
            }
            said
        },
    );
}

fn list(services: &[mohur_wire::ServiceId]) -> String {
    let names: Vec<_> = services.iter().map(ToString::to_string).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

fn policy(before: &PolicyFile, after: &PolicyFile, words: &mut Vec<String>) {
    if before.policy != after.policy {
        words.push(match &after.policy {
            Some(policy) => format!("the policy is version {} with digest {}", policy.version, policy.digest.0),
            None => "there is no policy any more: its services answer nobody".to_owned(),
        });
    }
    each(
        "bundle",
        &before.definitions,
        &after.definitions,
        |one| one.id.to_string(),
        words,
        |_, now| vec![format!("version {} with digest {}", now.version, now.digest.0)],
    );
}
