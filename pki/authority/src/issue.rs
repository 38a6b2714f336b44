//! Keys and certificates of every profile, made here.

use std::path::{Path, PathBuf};

use mohur_chain::{Certificate, Role};
use mohur_seal::generate::generate;
use mohur_seal::key_file::write_encrypted;
use mohur_seal::{KeyKind, Passphrase};
use mohur_wire::{MemberId, OfficerId, Timestamp};

use crate::AuthorityError;
use crate::issuer::Issuer;
use crate::layout::{create_private, read, replace};
use crate::national::{National, pem};
use crate::register::Record;
use crate::template::Template;

/// What to issue to whom. Key and certificate are written to `folder`.
#[derive(Clone, Copy)]
pub struct Issue<'a> {
    /// To whom.
    pub member: &'a MemberId,
    /// Where the files go: `tls.pem` and `tls.key`, or `seal.pem` and `seal.key`.
    pub folder: &'a Path,
    /// Encrypts the new key.
    pub passphrase: &'a Passphrase,
    /// The kind of key.
    pub key: KeyKind,
    /// How long it is valid.
    pub days: i64,
    /// The time.
    pub now: Timestamp,
}

/// What to make for the domain itself, which is nobody's in particular. Key and certificate are written to `folder`.
#[derive(Clone, Copy)]
pub struct Make<'a> {
    /// Where the files go.
    pub folder: &'a Path,
    /// Encrypts the new key.
    pub passphrase: &'a Passphrase,
    /// The kind of key.
    pub key: KeyKind,
    /// How long it is valid.
    pub days: i64,
    /// The time.
    pub now: Timestamp,
}

impl<'a> Issue<'a> {
    const fn make(&self) -> Make<'a> {
        Make { folder: self.folder, passphrase: self.passphrase, key: self.key, days: self.days, now: self.now }
    }
}

/// What was issued.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The certificate.
    pub certificate: Certificate,
    /// Certificate and its authority's, PEM.
    pub chain: PathBuf,
    /// The encrypted key.
    pub key: PathBuf,
}

impl National {
    /// Issues a TLS key and certificate. A server's names its DNS names and IP addresses.
    pub fn issue_tls(&mut self, issue: &Issue<'_>, hosts: &[String]) -> Result<Issued, AuthorityError> {
        self.check_domain(issue.member)?;
        self.issue(&issue.make(), Template::tls(issue.member, hosts, issue.now, issue.days)?, "tls")
    }

    /// Issues a seal key and certificate.
    pub fn issue_seal(&mut self, issue: &Issue<'_>) -> Result<Issued, AuthorityError> {
        self.check_domain(issue.member)?;
        self.issue(&issue.make(), Template::seal(issue.member, issue.now, issue.days)?, "seal")
    }

    /// Issues key and certificate of a server of the domain itself, e.g. the directory server: `server.key`, `server.pem`.
    pub fn issue_infrastructure(&mut self, make: &Make<'_>, hosts: &[String]) -> Result<Issued, AuthorityError> {
        self.issue(make, Template::infrastructure(self.domain(), hosts, make.now, make.days)?, "server")
    }

    /// Issues key and certificate of the OCSP responder of the current authority of that kind: `ocsp-tls-ca.key` and so on.
    pub fn issue_ocsp(&mut self, make: &Make<'_>, role: Role) -> Result<Issued, AuthorityError> {
        self.issue_ocsp_for(make, self.current(role)?)
    }

    /// The same for one of several authorities of a kind: what an older one issued needs answers for as long as it is valid.
    pub fn issue_ocsp_for(&mut self, make: &Make<'_>, issuer: Issuer) -> Result<Issued, AuthorityError> {
        let template = Template::ocsp(self.domain(), issuer, make.now, make.days)?;
        self.issue_by(issuer, make, template, &format!("ocsp-{issuer}"))
    }

    /// Issues key and certificate of the domain's time stamping: `tsa.key`, `tsa.pem`.
    pub fn issue_time_stamper(&mut self, make: &Make<'_>) -> Result<Issued, AuthorityError> {
        self.issue(make, Template::time_stamp(self.domain(), make.now, make.days)?, "tsa")
    }

    /// Issues an officer's key and certificate: `officer.key`, `officer.pem`.
    pub fn issue_officer(&mut self, make: &Make<'_>, officer: &OfficerId) -> Result<Issued, AuthorityError> {
        self.check_instance(officer.instance(), officer)?;
        self.issue(make, Template::officer(officer, make.now, make.days)?, "officer")
    }

    /// By the authority of the template's kind that issues now.
    fn issue(&mut self, make: &Make<'_>, template: Template, name: &str) -> Result<Issued, AuthorityError> {
        let issuer = self.taking_over(template.issuer)?;
        self.issue_by(issuer, make, template, name)
    }

    fn issue_by(
        &mut self,
        issuer: Issuer,
        make: &Make<'_>,
        template: Template,
        name: &str,
    ) -> Result<Issued, AuthorityError> {
        let template = Template { issuer, key: make.key, ..template };
        let pkcs8 = generate(make.key)?;
        let der = self.sign(&template, &pkcs8)?;
        // What would be refused is not handed out.
        let certificate = Certificate::parse(&der)?;
        create_private(make.folder)?;
        let file = |suffix: &str| make.folder.join(format!("{name}.{suffix}"));
        let (chain, key) = (file("pem"), file("key"));
        // Registered first: a certificate that exists can be revoked, whatever happens to the files.
        self.register.add(&Record::of(issuer, &certificate), &der, make.now)?;
        write_encrypted(&key, &pkcs8, make.passphrase)?;
        let authority = read(&self.layout.certificate(issuer))?;
        replace(&chain, &format!("{}{authority}", pem(&der)))?;
        Ok(Issued { certificate, chain, key })
    }
}
