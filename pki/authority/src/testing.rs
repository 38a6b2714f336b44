//! Deliberately wrong certificates, for tests: take a [`Template`], spoil a field, forge it.

use std::path::{Path, PathBuf};

use mohur_seal::generate::generate;
use mohur_seal::key_file::write_encrypted;
use mohur_seal::{Passphrase, SoftwareSeal, Zeroizing};
use mohur_wire::Timestamp;
pub use rcgen::{ExtendedKeyUsagePurpose, KeyUsagePurpose};

use crate::layout::{create_private, replace};
use crate::national::pem;
pub use crate::template::Template;
use crate::{AuthorityError, Issuer, National};

/// A certificate that no check stopped, with its key.
pub struct Forged {
    /// The certificate.
    pub der: Vec<u8>,
    /// Its private key.
    pub pkcs8: Zeroizing<Vec<u8>>,
}

impl Forged {
    /// Writes `<name>.pem` and `<name>.key`, and gives their paths.
    pub fn write(&self, folder: &Path, name: &str, pass: &Passphrase) -> Result<(PathBuf, PathBuf), AuthorityError> {
        create_private(folder)?;
        let file = |suffix: &str| folder.join(format!("{name}.{suffix}"));
        replace(&file("pem"), &pem(&self.der))?;
        write_encrypted(&file("key"), &self.pkcs8, pass)?;
        Ok((file("pem"), file("key")))
    }

    /// A seal with it, good or not.
    pub fn seal(&self) -> Result<SoftwareSeal, AuthorityError> {
        Ok(SoftwareSeal::from_pkcs8(&self.pkcs8, &self.der)?)
    }
}

impl National {
    /// Issues whatever the template says. It is not registered, and so cannot be revoked.
    pub fn forge(&self, template: &Template) -> Result<Forged, AuthorityError> {
        let pkcs8 = generate(template.key)?;
        Ok(Forged { der: self.sign(template, &pkcs8)?.to_vec(), pkcs8 })
    }

    /// The revocation list of an authority with other times than its own, PEM; and written to its place where asked.
    pub fn forge_revocation_list(
        &self,
        issuer: Issuer,
        (from, until): (Timestamp, Timestamp),
        in_place: bool,
    ) -> Result<String, AuthorityError> {
        let list =
            self.revocation_list(issuer, self.register.change(|change| change.next_crl_number())?, from, until)?;
        if in_place {
            replace(&self.layout.crl(issuer), &list)?;
        }
        Ok(list)
    }
}
