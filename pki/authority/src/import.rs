//! A PKI whose root lies elsewhere: what a ceremony made comes here, and its later work as well.

use std::collections::BTreeMap;
use std::path::Path;

use mohur_chain::{check_signature, inspect_list};
use mohur_seal::key_file::write_encrypted;
use mohur_seal::{KeyKind, Passphrase, Zeroizing};
use mohur_wire::Timestamp;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};

use crate::AuthorityError;
use crate::issuer::Issuer;
use crate::journal::Grounds;
use crate::layout::{Layout, create_private, create_public, read, replace};
use crate::national::{Held, National, lock, pem, record_authority};
use crate::register::Register;
use crate::revocation::Reason;
use crate::settings::Settings;
use crate::template::key_pair;

/// An issuing authority that comes with its key.
pub struct Brought {
    /// Which.
    pub issuer: Issuer,
    /// Its certificate, DER.
    pub certificate: Vec<u8>,
    /// Its key, PKCS#8.
    pub pkcs8: Zeroizing<Vec<u8>>,
}

/// What comes from the root.
pub struct FromRoot<'a> {
    /// The root, PEM.
    pub root: &'a str,
    /// The root's revocation list, PEM.
    pub list: &'a str,
    /// Issuing authorities that are not here yet.
    pub authorities: &'a [Brought],
}

impl National {
    /// Makes a PKI in an empty folder, without the root's key.
    pub fn found(
        folder: &Path,
        domain: &str,
        settings: &Settings,
        from_root: &FromRoot<'_>,
        (passphrase, now): (&Passphrase, Timestamp),
    ) -> Result<Self, AuthorityError> {
        let layout = Layout::new(folder);
        if layout.register().exists() {
            return Err(AuthorityError::Exists { path: folder.to_owned() });
        }
        let root = CertificateDer::from_pem_slice(from_root.root.as_bytes())
            .map_err(|_| AuthorityError::Profile(mohur_chain::CertificateError::Unreadable))?;
        create_private(&layout.authority())?;
        create_public(&layout.trust())?;
        let lock = lock(&layout)?;
        settings.save(&layout)?;
        let register = Register::create(&layout, domain)?;
        record_authority(&register, Issuer::Root, &root, now)?;
        replace(&layout.certificate(Issuer::Root), from_root.root)?;
        let (settings, keys) = (settings.clone(), BTreeMap::new());
        let mut national = Self { layout, register, settings, keys, _lock: lock };
        national.adopt(from_root, passphrase, now)?;
        Ok(national)
    }

    /// Takes over new issuing authorities and the root's newest list. What the list revokes is revoked here, too.
    pub fn adopt(
        &mut self,
        from_root: &FromRoot<'_>,
        passphrase: &Passphrase,
        now: Timestamp,
    ) -> Result<(), AuthorityError> {
        if read(&self.layout.certificate(Issuer::Root))?.trim() != from_root.root.trim() {
            return Err(AuthorityError::OtherRoot);
        }
        let root = crate::national::certificate(&self.layout, Issuer::Root)?;
        let list = CertificateRevocationListDer::from_pem_slice(from_root.list.as_bytes())
            .map_err(|_| AuthorityError::Profile(mohur_chain::CertificateError::Unreadable))?;
        let list = inspect_list(&list, &root)?;
        for brought in from_root.authorities {
            check_signature(&brought.certificate, &root)?;
            self.take(brought, passphrase, now)?;
        }
        for serial in &list.revoked {
            match self.register.by_serial(Issuer::Root, serial)? {
                Some(record) if record.revoked.is_none() => {
                    let why = (Reason::Unspecified, Grounds::Operator);
                    self.register.change(|change| change.revoke(&record.fingerprint, why.0, why.1, now))?;
                }
                Some(_) | None => {}
            }
        }
        replace(&self.layout.crl(Issuer::Root), from_root.list)?;
        self.renew_revocation_lists(now)?;
        // What everyone would refuse shows here.
        self.trust().map(drop)
    }

    fn take(&mut self, brought: &Brought, passphrase: &Passphrase, now: Timestamp) -> Result<(), AuthorityError> {
        let key = key_pair(&brought.pkcs8, KeyKind::P384)?;
        let found = mohur_chain::inspect(&brought.certificate, None, now)?;
        if found.public_key != mohur_crypto::sha256(&rcgen::PublicKeyData::subject_public_key_info(&*key)) {
            return Err(AuthorityError::OtherKey);
        }
        let fingerprint = record_authority(&self.register, brought.issuer, &brought.certificate, now)?;
        write_encrypted(&self.layout.key(brought.issuer), &brought.pkcs8, passphrase)?;
        replace(&self.layout.certificate(brought.issuer), &pem(&brought.certificate))?;
        self.keys.insert(brought.issuer, Held { key, fingerprint });
        Ok(())
    }
}
