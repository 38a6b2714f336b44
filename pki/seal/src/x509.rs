//! Signatures as X.509, CMS and OCSP carry them, by any seal that can make one.

use mohur_crypto::{Algorithm, X509Algorithm};

use crate::{Seal, SealError};

/// The algorithm by which X.509 knows what a seal signs with. RSA-PSS is not among them: its identifier carries parameters
/// that old verifiers misread; pin the key to RSA PKCS#1 v1.5 instead.
pub fn x509_algorithm(seal: &dyn Seal) -> Result<X509Algorithm, SealError> {
    match seal.algorithm() {
        Algorithm::EcdsaP256Sha256 => Ok(X509Algorithm::EcdsaSha256),
        Algorithm::Ed25519 => Ok(X509Algorithm::Ed25519),
        Algorithm::RsaV15Sha256 => Ok(X509Algorithm::RsaSha256),
        Algorithm::RsaPssSha512 => Err(SealError::WrongAlgorithm { algorithm: Algorithm::RsaV15Sha256.name() }),
    }
}

/// Signs `message`; an ECDSA signature is `ECDSA-Sig-Value` in DER (RFC 3279 §2.2.3).
pub fn sign_x509(seal: &dyn Seal, message: &[u8]) -> Result<(X509Algorithm, Vec<u8>), SealError> {
    let algorithm = x509_algorithm(seal)?;
    let signature = seal.sign(message)?;
    let signature = if algorithm == X509Algorithm::EcdsaSha256 {
        ecdsa_sig_value(&signature).ok_or(SealError::Crypto("sign"))?
    } else {
        signature
    };
    Ok((algorithm, signature))
}

/// From `r ‖ s` to DER. Two integers of at most 33 octets: every length is one octet.
fn ecdsa_sig_value(fixed: &[u8]) -> Option<Vec<u8>> {
    let (r, s) = fixed.split_at_checked(fixed.len() / 2)?;
    let mut body = integer(r)?;
    body.extend(integer(s)?);
    let mut out = vec![0x30, short(body.len())?];
    out.extend(body);
    Some(out)
}

fn integer(octets: &[u8]) -> Option<Vec<u8>> {
    let significant: Vec<u8> = octets.iter().copied().skip_while(|octet| *octet == 0).collect();
    let sign = significant.first().is_none_or(|first| first & 0x80 != 0);
    let mut out = vec![0x02, short(significant.len() + usize::from(sign))?];
    out.extend(sign.then_some(0));
    out.extend(significant);
    Some(out)
}

fn short(length: usize) -> Option<u8> {
    u8::try_from(length).ok().filter(|length| *length < 0x80)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_as_short_as_der_wants_them() {
        let mut fixed = [0; 64];
        fixed[31] = 0x7f;
        fixed[32] = 0x80;
        let mut expected = vec![0x30, 0x26, 0x02, 0x01, 0x7f, 0x02, 0x21, 0x00, 0x80];
        expected.extend([0; 31]);
        assert_eq!(ecdsa_sig_value(&fixed), Some(expected));
        assert_eq!(integer(&[0, 0]), Some(vec![0x02, 0x01, 0x00]));
    }
}
