//! Content-Digest (RFC 9530).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mohur_crypto::{Digest, sha256, sha512};
use mohur_wire::{Refusal, RefusalCode};
use sfv::{Dictionary, ListEntry, Parser};

const MAX_LENGTH: usize = 1024;

/// The header's value for a body of that SHA-256.
pub fn content_digest(body: &Digest) -> String {
    format!("sha-256=:{}:", BASE64_STANDARD.encode(body.as_bytes()))
}

/// Checks the header's value against the body and returns the body's SHA-256, computed once.
///
/// Every sha-256 and sha-512 that is given must be right, and one of them must be given. Others are ignored.
pub fn verify_content_digest(value: &str, body: &[u8]) -> Result<Digest, Refusal> {
    let wrong = |detail: &str| Refusal::new(RefusalCode::DigestMismatch, format!("Content-Digest: {detail}"));
    if value.len() > MAX_LENGTH {
        return Err(wrong("longer than any digest"));
    }
    let members: Dictionary =
        Parser::new(value).parse().map_err(|_| wrong("write it as sha-256=:<base64>: (RFC 9530)"))?;
    let digest = sha256(body);
    let mut known = false;
    for (algorithm, member) in &members {
        let given = match member {
            ListEntry::Item(item) => item.bare_item.as_byte_sequence(),
            ListEntry::InnerList(_) => None,
        };
        let given = given.ok_or_else(|| wrong("each digest stands between colons in base64"))?;
        let fits = match algorithm.as_str() {
            "sha-256" => given == digest.as_bytes(),
            "sha-512" => given == sha512(body),
            _ => continue,
        };
        if !fits {
            return Err(wrong("not the digest of the body as it arrived; compute it over the bytes that are sent"));
        }
        known = true;
    }
    if known { Ok(digest) } else { Err(wrong("use sha-256 or sha-512")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORLD: &[u8] = br#"{"hello": "world"}"#;
    // RFC 9530 appendix D and RFC 9421 appendix B.2.
    const SHA_256: &str = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:";
    const SHA_512: &str =
        "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";

    #[test]
    fn the_examples_of_the_rfcs_verify() {
        for value in
            [SHA_256.to_owned(), SHA_512.to_owned(), format!("{SHA_512}, {SHA_256}"), format!("md5=:AAAA:, {SHA_256}")]
        {
            assert_eq!(verify_content_digest(&value, WORLD).unwrap(), sha256(WORLD), "{value}");
        }
        assert_eq!(content_digest(&sha256(WORLD)), SHA_256);
    }

    #[test]
    fn one_wrong_digest_is_enough_to_refuse() {
        let other = content_digest(&sha256(b"other"));
        for value in [
            "",
            "md5=:AAAA:",
            "sha-256=x",
            "sha-256=(:AAAA:)",
            "SHA-256=:AAAA:",
            &other,
            &format!("{SHA_512}, {other}"),
        ] {
            let refusal = verify_content_digest(value, WORLD).unwrap_err();
            assert_eq!(refusal.code, RefusalCode::DigestMismatch, "{value}");
        }
        assert!(verify_content_digest(SHA_256, b"{\"hello\": \"world\"} ").is_err());
    }
}
