//! Bearer tokens of the reference registers: JWT (RFC 7519) with HS256 (RFC 7518 §3.2) and OSIA's scopes.
//!
//! Each register signs and checks its own with a key that lives as long as its process. A real register has its own
//! issuer; to an adapter a token is an opaque text from a file.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use mohur_crypto::digest::sha256_parts;
use mohur_crypto::random_bytes;
use serde::{Deserialize, Serialize};

/// How long a token is good for, in seconds: 30 days.
const LIFETIME: i64 = 30 * 86_400;

/// The key with which one register signs its tokens.
pub(crate) struct TokenKey([u8; 32]);

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    iat: i64,
    exp: i64,
    scope: String,
}

/// What a valid token allows.
pub(crate) struct Scopes(String);

impl Scopes {
    pub(crate) fn has(&self, scope: &str) -> bool {
        self.0.split(' ').any(|granted| granted == scope)
    }
}

impl TokenKey {
    pub(crate) fn fresh() -> Self {
        Self(random_bytes())
    }

    pub(crate) fn issue(&self, audience: &str, scope: &str, at: Timestamp) -> String {
        let iat = at.as_second();
        let claims = Claims {
            iss: "mohur-reference".to_owned(),
            aud: audience.to_owned(),
            iat,
            exp: iat + LIFETIME,
            scope: scope.to_owned(),
        };
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let header = encode(br#"{"alg":"HS256","typ":"JWT"}"#);
        let signed = format!("{header}.{}", encode(&serde_json::to_vec(&claims).unwrap_or_default()));
        let mac = encode(&self.hmac(signed.as_bytes()));
        format!("{signed}.{mac}")
    }

    /// The scopes of a token that this register issued for itself and that is good at that time.
    pub(crate) fn check(&self, audience: &str, token: &str, at: Timestamp) -> Option<Scopes> {
        let (signed, mac) = token.rsplit_once('.')?;
        let mac = BASE64_URL_SAFE_NO_PAD.decode(mac).ok()?;
        if !same(&mac, &self.hmac(signed.as_bytes())) {
            return None;
        }
        let (_, payload) = signed.split_once('.')?;
        let claims: Claims = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
        let now = at.as_second();
        // A minute's difference of the clocks is forgiven.
        let timely = claims.iat - 60 <= now && now < claims.exp;
        (timely && claims.aud == audience).then_some(Scopes(claims.scope))
    }

    /// HMAC-SHA-256 (RFC 2104). The key is shorter than the block of 64 bytes.
    fn hmac(&self, message: &[u8]) -> [u8; 32] {
        let pad = |byte: u8| {
            let mut block = [byte; 64];
            for (place, key) in block.iter_mut().zip(self.0) {
                *place ^= key;
            }
            block
        };
        let inner = sha256_parts(&[&pad(0x36), message]);
        sha256_parts(&[&pad(0x5c), inner.as_bytes()]).0
    }
}

/// Compares without telling by its time how much was right.
fn same(one: &[u8], two: &[u8]) -> bool {
    one.len() == two.len() && one.iter().zip(two).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_780_000_000, 0);

    #[test]
    fn hmac_is_that_of_rfc_4231_with_a_padded_key() {
        // RFC 4231 §4.3, case 2: a shorter key is padded with zeros, so 32 bytes of `Jefe\0…` are the same key.
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let mac = TokenKey(key).hmac(b"what do ya want for nothing?");
        let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn only_its_own_timely_tokens_are_good() {
        let key = TokenKey::fresh();
        let token = key.issue("civil-registry", "cr.person.read cr.person.match", NOW);
        let scopes = key.check("civil-registry", &token, NOW).unwrap();
        assert!(scopes.has("cr.person.match") && !scopes.has("cr.person") && !scopes.has("cr.person.verify"));
        assert!(key.check("health-card", &token, NOW).is_none());
        assert!(TokenKey::fresh().check("civil-registry", &token, NOW).is_none());
        let later = Timestamp::from_second(NOW.as_second() + LIFETIME).unwrap();
        assert!(key.check("civil-registry", &token, later).is_none());
        let unsigned = token.rsplit_once('.').unwrap().0;
        assert!(key.check("civil-registry", &format!("{unsigned}."), NOW).is_none());
    }
}
