//! One seal that answers to every key id: the parsers behind the look-up are reached, and no signature verifies.

use std::sync::OnceLock;

use http::{HeaderName, HeaderValue, request};
use mohur_authority::{Issue, National};
use mohur_chain::SealIdentity;
use mohur_crypto::Digest;
use mohur_message::keys::{KeyError, KeySource};
use mohur_seal::{KeyKind, Passphrase};
use mohur_wire::Timestamp;

/// When everything happens: 2026-06-15.
pub const NOW: i64 = 1_781_524_800;

/// Knows one seal by every name.
pub struct AnyKey;

impl KeySource for AnyKey {
    fn seal(&self, _key_id: &Digest) -> Result<SealIdentity, KeyError> {
        static SEAL: OnceLock<SealIdentity> = OnceLock::new();
        Ok(SEAL.get_or_init(identity).clone())
    }
}

fn identity() -> SealIdentity {
    let folder = tempfile::tempdir().expect("a folder");
    let (pass, now) = (Passphrase::generate(), Timestamp::from_second(NOW).expect("a time"));
    let mut national = National::create(&folder.path().join("pki"), "AZ", &pass, now).expect("authorities");
    let member = "AZ/GOV/MIA/id-cards".parse().expect("a member");
    let issue = Issue { member: &member, folder: folder.path(), passphrase: &pass, key: KeyKind::P256, days: 30, now };
    let issued = national.issue_seal(&issue).expect("a seal");
    national.trust().expect("trust").validate_seal(&issued.certificate, now).expect("a good seal")
}

/// The first line is the target, then a header a line, then an empty line; the rest is the body.
pub fn message(input: &[u8]) -> Option<(request::Parts, bytes::Bytes)> {
    let end = input.windows(2).position(|two| two == b"\n\n").unwrap_or(input.len());
    let (head, body) = input.split_at(end);
    let mut lines = head.split(|byte| *byte == b'\n');
    let mut parts = http::Request::post(lines.next()?).body(()).ok()?.into_parts().0;
    for line in lines {
        let at = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = line.split_at(at);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        parts.headers.append(HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value).ok()?);
    }
    Some((parts, bytes::Bytes::copy_from_slice(body.get(2..).unwrap_or_default())))
}
