//! What stands in the directory.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mohur_chain::{Certificate, CertificateError};
use mohur_crypto::{Algorithm, Digest};
use mohur_wire::{MemberId, MessageId, ServiceId, Timestamp, Verb};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// What one national domain's directory says, put together from what each office says ([`crate::content`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Directory {
    /// The snapshot's: only rises.
    pub version: u64,
    /// From when on it no longer holds, but for a grace.
    pub expires: Timestamp,
    /// The instance that all identifiers in it begin with, e.g. `AZ`.
    pub domain: String,
    /// The brokers.
    pub brokers: Vec<BrokerEntry>,
    /// The members: those who ask and those who own.
    pub members: Vec<MemberEntry>,
    /// SHA-256 of certificates, seal or TLS, that are refused from now on, before any revocation list says so.
    #[serde(default)]
    pub denied: Vec<HexDigest>,
    /// The published bundle definitions.
    #[serde(default)]
    pub definitions: Vec<DefinitionEntry>,
    /// The other domains that are trusted, and with what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub foreign: Vec<ForeignDomain>,
}

/// What this domain trusts another one with. One-way: it says nothing about what the other one trusts this one with, and
/// being trusted to ask is another thing than being trusted to answer. What is not named is not trusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ForeignDomain {
    /// The instance that all identifiers of that domain begin with, e.g. `GE`; nothing of it counts for any other name.
    pub domain: String,
    /// SHA-256 of its root certificate (DER): the only root that counts for it.
    pub root: HexDigest,
    /// Trusted to ask: the services of ours that its members may ask.
    #[serde(default)]
    pub may_ask: Vec<ServiceId>,
    /// Trusted to answer: the services of its members that ours may ask, and whose answers count.
    #[serde(default)]
    pub may_answer: Vec<ServiceId>,
}

/// A broker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct BrokerEntry {
    /// Who operates it.
    pub id: MemberId,
    /// Where it listens, and what callers sign as `@authority`.
    pub authority: Authority,
    /// Its seals: the current one, and during a change the next or the last.
    pub seals: Vec<SealEntry>,
    /// Its log.
    pub log: LogEntry,
}

/// A broker's log (C2SP tlog-checkpoint).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LogEntry {
    /// The origin line of its checkpoints.
    pub origin: String,
    /// Its verifier key (C2SP signed-note).
    pub key: String,
    /// The keys that signed for it before. Each counts for the entries that the log had when it was retired.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retired: Vec<RetiredLogKey>,
}

/// A log's key that another one has taken over from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RetiredLogKey {
    /// Its verifier key (C2SP signed-note).
    pub key: String,
    /// How many entries the log had when it was retired.
    pub until: u64,
}

impl LogEntry {
    /// All its keys as the text that a log's readers take: one a line, the current one first.
    pub fn keys(&self) -> String {
        let retired = self.retired.iter().map(|old| format!("{} until {}\n", old.key, old.until));
        std::iter::once(format!("{}\n", self.key)).chain(retired).collect()
    }
}

/// A member's subsystem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MemberEntry {
    /// Who it is.
    pub id: MemberId,
    /// The broker that is home to it.
    pub broker: MemberId,
    /// Its seals.
    pub seals: Vec<SealEntry>,
    /// Where its adapter's host listens, if it offers services.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<HostEntry>,
    /// What it offers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<ServiceEntry>,
    /// Its current policy bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyEntry>,
    /// How many queries a second it may send.
    pub requests_per_second: u32,
}

/// Where a host listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct HostEntry {
    /// Host and port.
    pub authority: Authority,
}

/// A service that a member offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ServiceEntry {
    /// Its code, e.g. `birth`.
    pub code: String,
    /// Its version, e.g. `v1`.
    pub version: String,
    /// What may be asked of it.
    pub verbs: Vec<Verb>,
}

/// A policy bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PolicyEntry {
    /// Only rises.
    pub version: u64,
    /// Its digest.
    pub digest: HexDigest,
}

/// A published bundle definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DefinitionEntry {
    /// Its name.
    pub id: MessageId,
    /// The current version.
    pub version: u32,
    /// SHA-256 of its file.
    pub digest: HexDigest,
}

/// A seal of a member or a broker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SealEntry {
    /// The certificate: base64 of the DER, as in `x5c` of RFC 7515.
    pub certificate: String,
    /// Pins a plain RSA key to an algorithm of RFC 9421; RSA-PSS when absent. Other keys have only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<String>,
}

impl SealEntry {
    /// From a certificate in DER.
    pub fn new(der: &[u8]) -> Self {
        Self { certificate: BASE64_STANDARD.encode(der), algorithm: None }
    }

    /// The same, pinned to an algorithm.
    pub fn pinned_to(self, algorithm: Algorithm) -> Self {
        Self { algorithm: Some(algorithm.name().to_owned()), ..self }
    }

    /// The certificate, with its key pinned.
    pub fn parse(&self) -> Result<Certificate, CertificateError> {
        let der = BASE64_STANDARD.decode(&self.certificate).map_err(|_| CertificateError::Unreadable)?;
        let certificate = Certificate::parse(&der)?;
        match &self.algorithm {
            None => Ok(certificate),
            Some(name) => certificate.pinned_to(Algorithm::from_name(name).ok_or(CertificateError::WrongAlgorithm)?),
        }
    }
}

impl MemberEntry {
    /// The identifier of one of its services.
    pub fn service_id(&self, service: &ServiceEntry) -> Option<ServiceId> {
        format!("{}/{}/{}", self.id, service.code, service.version).parse().ok()
    }
}

/// A SHA-256 digest in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HexDigest(pub Digest);

impl Serialize for HexDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for HexDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Digest::from_hex(&text).map(Self).ok_or_else(|| de::Error::custom("expected 64 lower-case hexadecimal digits"))
    }
}

impl From<Digest> for HexDigest {
    fn from(digest: Digest) -> Self {
        Self(digest)
    }
}

/// Host and port, as they stand in a URL: `broker.example:4443`, `127.0.0.1:4443`, `[::1]:4443`. Lower case.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Authority {
    text: String,
    host: String,
    port: u16,
}

impl Authority {
    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for Authority {
    type Err = DocumentParseError;

    fn from_str(text: &str) -> Result<Self, DocumentParseError> {
        let (host, port) = text.rsplit_once(':').ok_or(DocumentParseError)?;
        let port: u16 = port.parse().ok().filter(|port| *port != 0).ok_or(DocumentParseError)?;
        let bare = match host.strip_prefix('[').map(|inner| inner.strip_suffix(']')) {
            Some(Some(inner)) if inner.parse::<std::net::Ipv6Addr>().is_ok() => inner,
            Some(_) => return Err(DocumentParseError),
            None => host,
        };
        let is_name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
        if bare == host && (host.is_empty() || host.len() > 253 || !host.bytes().all(is_name)) {
            return Err(DocumentParseError);
        }
        // One spelling each: `:04443` is not `:4443`.
        if format!("{host}:{port}") != text {
            return Err(DocumentParseError);
        }
        Ok(Self { text: text.to_owned(), host: bare.to_owned(), port })
    }
}

/// Not a host and a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected host:port in lower case, e.g. broker.example:4443")]
pub struct DocumentParseError;

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Authority {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Authority {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_a_host_and_a_port_in_one_spelling() {
        for (text, host, port) in [
            ("broker.example:4443", "broker.example", 4443),
            ("127.0.0.1:1", "127.0.0.1", 1),
            ("[::1]:443", "::1", 443),
        ] {
            let authority: Authority = text.parse().unwrap();
            assert_eq!((authority.host(), authority.port(), authority.as_str()), (host, port, text));
        }
        for wrong in ["", ":1", "a", "a:", "a:0", "a:01", "a:70000", "A:1", "a b:1", "[::1:1", "[x]:1", "u@a:1", "a/:1"]
        {
            assert!(wrong.parse::<Authority>().is_err(), "{wrong}");
        }
    }
}
