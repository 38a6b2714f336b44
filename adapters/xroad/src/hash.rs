//! The hash of a request that every answer carries, so that the two belong together.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mohur_crypto::sha512;

/// The algorithm's name in XML (`requestHash/@algorithmId`).
pub const SHA512_URI: &str = "http://www.w3.org/2001/04/xmlenc#sha512";

/// SOAP (PR-MESS 2.2): over the bytes of the envelope as sent; of a multipart message, over its first part's content.
pub fn of_soap(envelope: &[u8]) -> String {
    BASE64_STANDARD.encode(sha512(envelope))
}

/// REST (PR-REST 4.3): over the head; with a body, over the two digests one after the other.
pub fn of_rest(head: &[u8], body: &[u8]) -> String {
    if body.is_empty() {
        return BASE64_STANDARD.encode(sha512(head));
    }
    BASE64_STANDARD.encode(sha512(&[sha512(head), sha512(body)].concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digests_are_those_of_fips_180() {
        // SHA-512("abc"), FIPS 180-4.
        let abc = "3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==";
        assert_eq!(of_soap(b"abc"), abc);
        assert_eq!(of_rest(b"abc", b""), abc);
        assert_ne!(of_rest(b"abc", b"abc"), abc);
    }
}
