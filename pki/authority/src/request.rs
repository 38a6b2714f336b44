//! Certificate requests (PKCS#10, RFC 2986): written for a key in a token, and read by the authority.

use mohur_chain::Certificate;
use mohur_seal::pkcs11::{TokenKeyKind, TokenSigner};
use mohur_wire::{MemberId, Timestamp};
use rcgen::{
    CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType, PublicKey, PublicKeyData,
    SignatureAlgorithm, SigningKey,
};
use rustls_pki_types::CertificateSigningRequestDer;
use rustls_pki_types::pem::PemObject;
use std::path::{Path, PathBuf};

use crate::AuthorityError;
use crate::layout::{create_private, read, replace};
use crate::national::{National, pem};
use crate::register::Record;
use crate::template::Template;

/// The request for a certificate of a key in a token, PEM. It names the member for people to read; the authority takes
/// nothing from it but the public key.
pub fn request(member: &MemberId, signer: &TokenSigner) -> Result<String, AuthorityError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, format!("{member} seal"));
    Ok(params.serialize_request(&Remote(signer))?.pem()?)
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

/// What to issue for a request.
#[derive(Clone, Copy)]
pub struct Requested<'a> {
    /// To whom.
    pub member: &'a MemberId,
    /// The request, PEM.
    pub request: &'a Path,
    /// Where `seal.pem` goes.
    pub folder: &'a Path,
    /// How long it is valid.
    pub days: i64,
    /// The time.
    pub now: Timestamp,
}

impl National {
    /// Issues a seal certificate for a key that is elsewhere. The request must be signed by that key; only its public half
    /// is taken over, all else is the profile's. Gives the certificate and the file with its chain.
    pub fn issue_seal_for(&mut self, requested: &Requested<'_>) -> Result<(Certificate, PathBuf), AuthorityError> {
        let key = proved_key(requested.request)?;
        self.check_domain(requested.member)?;
        let template = Template::seal(requested.member, requested.now, requested.days)?;
        let template = Template { issuer: self.taking_over(template.issuer)?, ..template };
        let params = template.parameters(self.domain(), self.settings())?;
        let der = params.signed_by(&key, &self.signer(template.issuer)?)?.der().clone();
        // What would be refused is not handed out: a weak key, or one of a kind that does not seal.
        let certificate = Certificate::parse(&der)?;
        create_private(requested.folder)?;
        let chain = requested.folder.join("seal.pem");
        self.register.add(&Record::of(template.issuer, &certificate), &der, requested.now)?;
        let issuer = read(&self.layout.certificate(template.issuer))?;
        replace(&chain, &format!("{}{issuer}", pem(&der)))?;
        Ok((certificate, chain))
    }
}

/// The public key of a request, if the request proves that its private half is there (RFC 2986 §3, the signature).
fn proved_key(path: &Path) -> Result<PublicKey, AuthorityError> {
    let unreadable = |what: String| AuthorityError::Request { path: path.to_owned(), what };
    let text = read(path)?;
    let der = CertificateSigningRequestDer::from_pem_slice(text.as_bytes())
        .map_err(|_| unreadable("not a request in PEM".to_owned()))?;
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest says itself what it is")]
    let parsed = CertificateSigningRequestParams::from_der(&der).map_err(|error| {
        unreadable(match error {
            rcgen::Error::InvalidCertificationRequestSignature => {
                "its signature does not verify: whoever wrote it has not shown that the key is theirs".to_owned()
            }
            rcgen::Error::UnsupportedExtension => {
                "it asks for extensions that are not read: leave them out, the profile decides".to_owned()
            }
            other => other.to_string(),
        })
    })?;
    Ok(parsed.public_key)
}
