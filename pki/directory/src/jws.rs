//! The directory's own small JWS (RFC 7515, compact): one type, one certificate in `x5c`, nothing optional.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use mohur_chain::{Certificate, Trust};
use mohur_seal::Seal;
use mohur_wire::Timestamp;
use serde::{Deserialize, Serialize};

use crate::document::Directory;
use crate::error::DirectoryError;

const TYPE: &str = "mohur-directory+jwt";
/// A directory of a whole country has a few thousand entries of 2 KB.
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// Unknown members are refused, `crit` and `jwk` among them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    x5c: Vec<String>,
}

/// Signs a directory with a key whose certificate has the directory profile.
pub fn sign(directory: &Directory, seal: &dyn Seal) -> Result<String, DirectoryError> {
    let header = Header {
        alg: seal.algorithm().jws_name().to_owned(),
        typ: TYPE.to_owned(),
        x5c: vec![BASE64_STANDARD.encode(seal.certificate())],
    };
    let mut text = BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header)?);
    text.push('.');
    BASE64_URL_SAFE_NO_PAD.encode_string(serde_json::to_vec(directory)?, &mut text);
    let signature = seal.sign(text.as_bytes())?;
    text.push('.');
    BASE64_URL_SAFE_NO_PAD.encode_string(signature, &mut text);
    Ok(text)
}

/// The bytes that a good signer signed.
pub(crate) fn verify(text: &str, trust: &Trust, at: Timestamp) -> Result<Vec<u8>, DirectoryError> {
    let malformed = || DirectoryError::Malformed;
    if text.len() > MAX_BYTES {
        return Err(malformed());
    }
    let (signed, signature) = text.rsplit_once('.').ok_or_else(malformed)?;
    let (header, payload) = signed.split_once('.').ok_or_else(malformed)?;
    let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed());
    let (header, payload, signature) = (decode(header)?, decode(payload)?, decode(signature)?);
    let header: Header = serde_json::from_slice(&header).map_err(|_| malformed())?;
    let [certificate] = header.x5c.as_slice() else { return Err(malformed()) };
    let certificate = BASE64_STANDARD.decode(certificate).map_err(|_| malformed())?;
    let certificate = Certificate::parse(&certificate).map_err(DirectoryError::Signer)?;
    let signer = trust.validate_directory_signer(&certificate, at).map_err(DirectoryError::Signer)?;
    let key = signer.certificate().public_key();
    if header.typ != TYPE || header.alg != key.algorithm().jws_name() {
        return Err(malformed());
    }
    key.verify(signed.as_bytes(), &signature).map_err(|_| DirectoryError::BadSignature)?;
    Ok(payload)
}
