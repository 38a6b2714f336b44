//! The few extensions that `rcgen` does not write (DER, X.690).

use crate::AuthorityError;

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
/// `uniformResourceIdentifier` of `GeneralName`, implicit (RFC 5280 §4.2.1.6).
const URI: u8 = 0x86;
/// `id-ad-ocsp` (RFC 5280 §4.2.2.1).
const ID_AD_OCSP: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01];

/// A value with its tag and length.
fn tagged(tag: u8, content: &[u8]) -> Result<Vec<u8>, AuthorityError> {
    let mut out = vec![tag];
    let length = u16::try_from(content.len()).map_err(|_| AuthorityError::TooLong)?;
    match length.to_be_bytes() {
        [0, low] if low < 0x80 => out.push(low),
        [0, low] => out.extend([0x81, low]),
        [high, low] => out.extend([0x82, high, low]),
    }
    out.extend_from_slice(content);
    Ok(out)
}

/// The value of `authorityInfoAccess` that says where OCSP answers are to be had (RFC 5280 §4.2.2.1).
pub(crate) fn ocsp_access(url: &str) -> Result<Vec<u8>, AuthorityError> {
    let description = [tagged(OBJECT_IDENTIFIER, ID_AD_OCSP)?, tagged(URI, url.as_bytes())?].concat();
    tagged(SEQUENCE, &tagged(SEQUENCE, &description)?)
}

/// The value of `extKeyUsage` with this one purpose (RFC 5280 §4.2.1.12).
pub(crate) fn one_purpose(purpose: &[u8]) -> Result<Vec<u8>, AuthorityError> {
    tagged(SEQUENCE, &tagged(OBJECT_IDENTIFIER, purpose)?)
}
