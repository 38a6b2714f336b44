//! Issuing for a key whose private half is elsewhere.

use std::time::Duration;

use mohur_chain::{Certificate, Role};
use mohur_seal::generate::generate;
use mohur_seal::{KeyKind, Zeroizing};
use mohur_wire::{MemberId, Timestamp};
use rcgen::{KeyPair, PublicKeyData};
use rustls_pki_types::CertificateDer;
use serde::{Deserialize, Serialize};

use super::{Denial, Enrols, Office};
use crate::AuthorityError;
use crate::issuer::Issuer;
use crate::journal::Grounds;
use crate::layout::read;
use crate::national::{certificate as certificate_of, pem};
use crate::register::{Change, Record};
use crate::request::Proved;
use crate::template::Template;

/// The kind of thing in the register: what a public key was certified for, by its SHA-256.
const KIND: &str = "key";

/// For whom a key was certified. It is never certified for anybody or anything else: a key that opens connections does not
/// seal, and two members do not share one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Certified {
    member: MemberId,
    profile: Enrols,
    /// The last certificate of this key.
    fingerprint: String,
    hosts: Vec<String>,
    begins: Timestamp,
    ends: Timestamp,
}

impl Office {
    /// Refuses a key that is certified for somebody or something else, or whose certificate was revoked.
    pub(super) fn check_key(&self, proved: &Proved, member: &MemberId, what: Enrols) -> Result<(), Denial> {
        let Some(known) = self.national.register.thing::<Certified>(KIND, &proved.digest)? else { return Ok(()) };
        if known.member != *member || known.profile != what {
            let said = "it has a certificate of another member or for another purpose; make a new one";
            return Err(Denial::KeyRefused(said.to_owned()));
        }
        match self.national.register.by_fingerprint(&known.fingerprint)? {
            Some(Record { revoked: Some(_), .. }) => {
                Err(Denial::KeyRefused("its certificate was revoked; make a new one".to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// Issues a TLS certificate. One that was issued for this key a moment ago, and not heard, is given again.
    pub(super) fn issue_tls(
        &self,
        (member, hosts): (&MemberId, &[String]),
        proved: &Proved,
        grounds: Grounds,
        now: Timestamp,
    ) -> Result<String, Denial> {
        self.check_key(proved, member, Enrols::Tls)?;
        if let Some(known) = self.national.register.thing::<Certified>(KIND, &proved.digest)?
            && known.hosts == hosts
            && is_young(&known, now)
            && let Some(der) = self.national.register.der(&known.fingerprint)?
        {
            return Ok(self.chain(&known.fingerprint, &der)?);
        }
        let mut template = Template::tls(member, hosts, now, 1)?;
        template.not_after = now.checked_add(self.rules.tls_life).map_err(|_| AuthorityError::Time)?;
        let (record, der, certified) = self.sign_for(template, Enrols::Tls, proved)?;
        self.national.register.change(|change| {
            change.add(&record, &der, grounds, now)?;
            Self::keep_key(change, proved, &certified)
        })?;
        Ok(self.chain(&record.fingerprint, &der)?)
    }

    /// A certificate for the authority's own server, and a key for it that never lies on a disk: chain with the end entity
    /// first, and PKCS#8.
    pub fn own_server(
        &self,
        hosts: &[String],
        life: Duration,
        now: Timestamp,
    ) -> Result<(Vec<CertificateDer<'static>>, Zeroizing<Vec<u8>>), AuthorityError> {
        let template = Template::infrastructure(self.national.domain(), hosts, now, 1)?;
        let issuer = self.national.taking_over(template.issuer)?;
        let not_after = now.checked_add(life).map_err(|_| AuthorityError::Time)?;
        let template = Template { issuer, not_after, ..template };
        let pkcs8 = generate(KeyKind::P256)?;
        let der = self.national.sign(&template, &pkcs8)?;
        let certificate = Certificate::parse(&der)?;
        self.national.register.add(&Record::of(issuer, &certificate), &der, now)?;
        Ok((vec![der, certificate_of(self.national.layout(), issuer)?], pkcs8))
    }

    /// Signs a certificate for a key. It is registered by the caller, in the transaction that also tells why.
    pub(super) fn sign_for(
        &self,
        template: Template,
        what: Enrols,
        proved: &Proved,
    ) -> Result<(Record, Vec<u8>, Certified), Denial> {
        let issuer = self.national.taking_over(template.issuer)?;
        let template = Template { issuer, ..template };
        let params = template.parameters(self.national.domain(), self.national.settings())?;
        let signed = params.signed_by(&proved.key, &self.national.signer(issuer)?).map_err(AuthorityError::from)?;
        let der = signed.der().to_vec();
        // What would be refused is not handed out.
        let certificate = Certificate::parse(&der).map_err(|error| Denial::KeyRefused(error.to_string()))?;
        let member = certificate.member().cloned().ok_or_else(|| Denial::KeyRefused("for no member".to_owned()))?;
        let record = Record::of(issuer, &certificate);
        let certified = Certified {
            member,
            profile: what,
            fingerprint: record.fingerprint.clone(),
            hosts: template.hosts,
            begins: template.not_before,
            ends: template.not_after,
        };
        Ok((record, der, certified))
    }

    pub(super) fn keep_key(change: &Change<'_>, proved: &Proved, certified: &Certified) -> Result<(), AuthorityError> {
        change.keep(KIND, &proved.digest, certified)
    }

    /// The certificate with its authority's behind it, PEM.
    pub(super) fn chain(&self, fingerprint: &str, der: &[u8]) -> Result<String, AuthorityError> {
        let record = self.national.register.by_fingerprint(fingerprint)?;
        let issuer = record.map_or(Issuer::Ca(Role::Tls, 1), |record| record.issuer);
        let authority = read(&self.national.layout().certificate(issuer))?;
        Ok(format!("{}{authority}", pem(der)))
    }

    /// Whether a template makes a certificate that would be taken, tried out with a key that is thrown away.
    pub(super) fn trial(&self, template: Template) -> Result<(), AuthorityError> {
        let throwaway = KeyPair::generate()?;
        self.trial_for(&template, &throwaway)
    }

    /// The same for this key. The authority's own key has no part in it.
    pub(super) fn trial_for(&self, template: &Template, key: &impl PublicKeyData) -> Result<(), AuthorityError> {
        let params = template.parameters(self.national.domain(), self.national.settings())?;
        let name = rcgen::CertificateParams::default();
        let nobody = rcgen::Issuer::new(name, KeyPair::generate()?);
        let der = params.signed_by(key, &nobody)?;
        Certificate::parse(der.der())?;
        Ok(())
    }
}

/// Less than half of its life has gone by.
fn is_young(known: &Certified, now: Timestamp) -> bool {
    let (begins, ends) = (known.begins.as_second(), known.ends.as_second());
    now.as_second().saturating_sub(begins) < ends.saturating_sub(begins) / 2
}
