//! The root at work: for whoever holds its key in memory only, as a ceremony does.

use mohur_seal::generate::generate;
use mohur_seal::{KeyKind, Zeroizing};
use mohur_wire::Timestamp;
use rcgen::{
    CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType, Issuer as Signer, KeyPair,
    PublicKeyData,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateSigningRequestDer};

use crate::AuthorityError;
use crate::issuer::Issuer;
use crate::register::Record;
use crate::revocation::{list_params, list_pem};
use crate::settings::Settings;
use crate::template::{Template, key_pair};

/// What holds for everything that is made in one go.
#[derive(Clone, Copy)]
pub struct Terms<'a> {
    /// The domain.
    pub domain: &'a str,
    /// Addresses that certificates carry.
    pub settings: &'a Settings,
    /// The time.
    pub now: Timestamp,
    /// Marks what is made so that nobody ever trusts it.
    pub dry_run: bool,
}

/// The key that a new issuing authority gets its certificate for.
#[derive(Clone, Copy)]
pub enum AuthorityKey<'a> {
    /// A key that was made here, PKCS#8.
    Made(&'a [u8]),
    /// A request (PKCS#10, PEM) for a key that is elsewhere. Only the key is taken from it.
    Requested(&'a str),
}

/// The root: its key, in memory, and its certificate.
pub struct Root {
    key: Zeroizing<KeyPair>,
    certificate: CertificateDer<'static>,
}

impl Root {
    /// Makes a new root that lives for `days`. Gives its key as well, PKCS#8, which is nowhere else yet.
    pub fn make(terms: &Terms<'_>, days: i64) -> Result<(Self, Zeroizing<Vec<u8>>), AuthorityError> {
        let pkcs8 = generate(KeyKind::P384)?;
        let key = key_pair(&pkcs8, KeyKind::P384)?;
        let params = Template { dry_run: terms.dry_run, ..Template::authority(Issuer::Root, terms.domain, terms.now)? }
            .living(days)?
            .parameters(terms.domain, &Settings::default())?;
        let certificate = params.self_signed(&*key)?.der().clone();
        Ok((Self { key, certificate }, pkcs8))
    }

    /// An existing one. The key must be the certificate's.
    pub fn open(pkcs8: &[u8], certificate: &[u8]) -> Result<Self, AuthorityError> {
        let key = key_pair(pkcs8, KeyKind::P384)?;
        let found = mohur_chain::inspect(certificate, None, Timestamp::UNIX_EPOCH)?;
        if found.public_key != mohur_crypto::sha256(&key.subject_public_key_info()) {
            return Err(AuthorityError::OtherKey);
        }
        Ok(Self { key, certificate: CertificateDer::from(certificate.to_vec()) })
    }

    /// Its certificate, DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// Signs the certificate of an issuing authority that lives for `days`, DER.
    pub fn certify(
        &self,
        issuer: Issuer,
        key: AuthorityKey<'_>,
        terms: &Terms<'_>,
        days: i64,
    ) -> Result<Vec<u8>, AuthorityError> {
        let template = Template { dry_run: terms.dry_run, ..Template::authority(issuer, terms.domain, terms.now)? };
        let params = template.living(days)?.parameters(terms.domain, terms.settings)?;
        let signer = Signer::from_ca_cert_der(&self.certificate, &*self.key)?;
        let signed = match key {
            AuthorityKey::Made(pkcs8) => params.signed_by(&*key_pair(pkcs8, KeyKind::P384)?, &signer)?,
            AuthorityKey::Requested(request) => params.signed_by(&requested_key(request)?, &signer)?,
        };
        Ok(signed.der().to_vec())
    }

    /// Signs a revocation list, PEM. It holds those of `issued` that are revoked.
    pub fn list(
        &self,
        number: u64,
        issued: &[Record],
        (now, until): (Timestamp, Timestamp),
    ) -> Result<String, AuthorityError> {
        let signer = Signer::from_ca_cert_der(&self.certificate, &*self.key)?;
        list_pem(list_params(number, issued, (now, until))?, &signer)
    }
}

impl std::fmt::Debug for Root {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Root(…)")
    }
}

/// The request of an issuing authority for its certificate, PEM. Its name is for people; the root takes the key alone.
pub fn request_authority(issuer: Issuer, domain: &str, pkcs8: &[u8]) -> Result<String, AuthorityError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, format!("{domain} {}", issuer.title()));
    Ok(params.serialize_request(&*key_pair(pkcs8, KeyKind::P384)?)?.pem()?)
}

/// SHA-256 of the public key (`SubjectPublicKeyInfo`) of a request that proves that the private half is there.
pub fn key_of_request(request: &str) -> Result<mohur_crypto::Digest, AuthorityError> {
    Ok(mohur_crypto::sha256(&requested_key(request)?.subject_public_key_info()))
}

/// SHA-256 of the public key of a private one, PKCS#8.
pub fn key_of_authority(pkcs8: &[u8]) -> Result<mohur_crypto::Digest, AuthorityError> {
    Ok(mohur_crypto::sha256(&key_pair(pkcs8, KeyKind::P384)?.subject_public_key_info()))
}

fn requested_key(request: &str) -> Result<rcgen::PublicKey, AuthorityError> {
    let der =
        CertificateSigningRequestDer::from_pem_slice(request.as_bytes()).map_err(|_| AuthorityError::NoRequest)?;
    Ok(CertificateSigningRequestParams::from_der(&der)?.public_key)
}
