//! Certificate requests (PKCS#10, RFC 2986).

use mohur_seal::Zeroizing;
use mohur_seal::pkcs11::{TokenKeyKind, TokenSigner};
use mohur_wire::MemberId;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, KeyPair, PublicKeyData, SanType, SignatureAlgorithm, SigningKey,
};
use rustls_pki_types::PrivatePkcs8KeyDer;

use crate::{EnrolError, Enrols};

/// The request for a certificate of this key, PKCS#8 DER; PEM. It names the member, where it is known, so that a mix-up is
/// noticed; the authority takes nothing from it but the public key.
pub fn request(member: Option<&MemberId>, profile: Enrols, pkcs8: &[u8]) -> Result<String, EnrolError> {
    let pair = Zeroizing::new(KeyPair::try_from(&PrivatePkcs8KeyDer::from(pkcs8))?);
    Ok(params(member, profile)?.serialize_request(&*pair)?.pem()?)
}

/// The same for a key in a token.
pub fn request_for_token(
    member: Option<&MemberId>,
    profile: Enrols,
    signer: &TokenSigner,
) -> Result<String, EnrolError> {
    Ok(params(member, profile)?.serialize_request(&Remote(signer))?.pem()?)
}

fn params(member: Option<&MemberId>, profile: Enrols) -> Result<CertificateParams, EnrolError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    if let Some(member) = member {
        params.distinguished_name.push(DnType::CommonName, format!("{member} {}", profile.name()));
        params.subject_alt_names.push(SanType::URI(member.to_uri().as_str().try_into()?));
    }
    Ok(params)
}

/// A key in a token, as rcgen wants it.
struct Remote<'a>(&'a TokenSigner);

impl PublicKeyData for Remote<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.public_key()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match self.0.kind() {
            TokenKeyKind::P256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            TokenKeyKind::Rsa3072 => &rcgen::PKCS_RSA_SHA256,
        }
    }
}

impl SigningKey for Remote<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.0.sign(message).map_err(|_| rcgen::Error::RemoteKeyError)
    }
}
