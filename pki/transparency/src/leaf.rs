//! An entry of the log: compact JSON with its members in one order.
//!
//! In clear stands who asked whom, when, under which purpose and service; everything about the person, the official, the
//! case and the decision is a commitment (`mohur_crypto::commitment`).

use std::collections::BTreeMap;
use std::fmt;

use mohur_crypto::Digest;
use mohur_wire::{MemberId, MessageId, Purpose, ServiceId, Timestamp, Verb};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::tile::MAX_ENTRY;

/// Room for most leaves.
const USUAL_LENGTH: usize = 1024;

/// Why a text is not a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeafError {
    /// Not JSON with exactly the members of a leaf.
    #[error("the entry is not a leaf: it is not JSON with exactly the members of a leaf")]
    Malformed,
    /// Not written the one way that a leaf is written.
    #[error("the entry is not a leaf: it is not written the one way that leaves are written")]
    NotCanonical,
    /// Too long for an entry bundle.
    #[error("the entry is longer than 65535 bytes")]
    TooLong,
}

/// What an entry records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A query is about to be put to a provider.
    Intent,
    /// What became of a query: an answer or a refusal.
    Outcome,
    /// A message was refused before it had claimed its id: it closes no INTENT.
    Refusal,
    /// A broker has started.
    Start,
    /// A directory was activated.
    Directory,
    /// A policy was activated.
    Policy,
    /// Another key signs for the log from here on.
    Key,
}

impl Kind {
    /// The kind as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Outcome => "outcome",
            Self::Refusal => "refusal",
            Self::Start => "start",
            Self::Directory => "directory",
            Self::Policy => "policy",
            Self::Key => "key",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    /// Version of this form.
    pub v: Version,
    /// What it records.
    pub kind: Kind,
    /// When, to the millisecond.
    #[serde(with = "milliseconds")]
    pub at: Timestamp,
    /// The message's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<MessageId>,
    /// Who asked. In entries about the broker itself: the broker.
    pub consumer: MemberId,
    /// Who was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<MemberId>,
    /// What was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceId>,
    /// The purpose that the caller named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
    /// The legal basis that the policy names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
    /// The verb.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verb: Option<Verb>,
    /// The bundle's definition, `id@version`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<String>,
    /// Digest of the policy that decided.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "optional_hex")]
    pub policy: Option<Digest>,
    /// Fingerprint of the caller's seal certificate.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "optional_hex")]
    pub certificate: Option<Digest>,
    /// SHA-256 of what says that this seal was not revoked: an OCSP response or a revocation list, kept beside the log.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "optional_hex")]
    pub revocation: Option<Digest>,
    /// Running number of the consumer's entries in this log, from 0, so that the consumer notices an omission.
    pub seq: u64,
    /// Commitments by tag.
    #[serde(with = "hex_map")]
    pub commitments: BTreeMap<String, Digest>,
}

/// The version of the leaf's form: always 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Version;

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(1)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u8::deserialize(deserializer)? {
            1 => Ok(Self),
            _ => Err(serde::de::Error::custom("v: 1")),
        }
    }
}

impl Leaf {
    /// The text that is logged.
    pub fn to_text(&self) -> Result<String, LeafError> {
        let mut text = Vec::with_capacity(USUAL_LENGTH);
        serde_json::to_writer(&mut text, self).map_err(|_| LeafError::Malformed)?;
        let text = String::from_utf8(text).map_err(|_| LeafError::Malformed)?;
        if text.len() > MAX_ENTRY { Err(LeafError::TooLong) } else { Ok(text) }
    }

    /// Reads the text of an entry, which must be written exactly as [`Leaf::to_text`] writes it.
    pub fn parse(text: &[u8]) -> Result<Self, LeafError> {
        let leaf: Self = serde_json::from_slice(text).map_err(|_| LeafError::Malformed)?;
        if leaf.to_text()?.as_bytes() == text { Ok(leaf) } else { Err(LeafError::NotCanonical) }
    }

    /// The commitment under `tag`.
    pub fn commitment(&self, tag: &str) -> Option<&Digest> {
        self.commitments.get(tag)
    }
}

mod milliseconds {
    use super::{Deserialize, Deserializer, Serializer, Timestamp};

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{at:.3}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        Timestamp::deserialize(deserializer)
    }
}

/// A digest as lower-case hexadecimal digits.
struct Hex(Digest);

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Digest::from_hex(&text).map(Self).ok_or_else(|| serde::de::Error::custom("64 hexadecimal digits"))
    }
}

mod optional_hex {
    use super::{Deserialize, Deserializer, Digest, Hex, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(digest: &Option<Digest>, serializer: S) -> Result<S::Ok, S::Error> {
        digest.map(Hex).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Digest>, D::Error> {
        Ok(Option::<Hex>::deserialize(deserializer)?.map(|hex| hex.0))
    }
}

mod hex_map {
    use super::{BTreeMap, Deserialize, Deserializer, Digest, Hex, Serializer};

    pub(super) fn serialize<S: Serializer>(
        digests: &BTreeMap<String, Digest>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(digests.iter().map(|(tag, digest)| (tag, Hex(*digest))))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<String, Digest>, D::Error> {
        let digests = BTreeMap::<String, Hex>::deserialize(deserializer)?;
        Ok(digests.into_iter().map(|(tag, hex)| (tag, hex.0)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::leaf;

    #[test]
    fn a_leaf_is_written_in_one_way() {
        let leaf = leaf(7);
        let text = leaf.to_text().unwrap();
        assert!(
            text.starts_with(
                r#"{"v":1,"kind":"intent","at":"2026-03-01T08:00:07.120Z","id":"m-7","consumer":"AZ/GOV/MIA/id-cards","provider":"#
            ),
            "{text}"
        );
        assert!(text.contains(r#""seq":7,"commitments":{"opening":""#), "{text}");
        assert_eq!(Leaf::parse(text.as_bytes()).unwrap(), leaf);
    }

    #[test]
    fn any_other_writing_is_refused() {
        let text = leaf(7).to_text().unwrap();
        for wrong in [
            text.replace(r#""v":1"#, r#""v":2"#),
            text.replace(r#""seq":7"#, r#""seq":7,"extra":1"#),
            text.replace(r#""kind":"intent""#, r#""kind":"other""#),
            text.replace("intent", "INTENT"),
            String::new(),
        ] {
            assert_eq!(Leaf::parse(wrong.as_bytes()), Err(LeafError::Malformed), "{wrong}");
        }
        for wrong in [
            text.replace(r#""seq":7"#, r#""seq": 7"#),
            text.replace(".120Z", ".12Z"),
            text.replace(".120Z", ".120+00:00"),
            format!("{text} "),
        ] {
            assert_eq!(Leaf::parse(wrong.as_bytes()), Err(LeafError::NotCanonical), "{wrong}");
        }
    }
}
