//! What was signed is exactly the plan: certificates and lists are read back, by other code than that which wrote them.

use mohur_authority::{Issuer, Settings};
use mohur_chain::{CertificateError, Form, Inspection, Profile, Role, check_signature, inspect, inspect_list};
use mohur_wire::Timestamp;
use rustls_pki_types::CertificateDer;

use crate::CeremonyError;
use crate::folder::Folder;
use crate::plan::Plan;
use crate::shares::digest_of;
use crate::state::{AuthorityState, ListState, State};

const DAY: i64 = 86_400;
/// Certificates are dated back a little, for clocks that go slow.
const BACKDATED: i64 = 3600;

/// What a certificate must be.
struct Expected<'a> {
    issuer: Issuer,
    plan: &'a Plan,
    dry_run: bool,
    digest: &'a str,
    key: &'a str,
    at: Timestamp,
}

impl Expected<'_> {
    const fn days(&self) -> i64 {
        match self.issuer {
            Issuer::Root => self.plan.root_days,
            Issuer::Ca(..) => self.plan.authority_days,
        }
    }

    const fn profile(&self) -> Profile {
        match self.issuer {
            Issuer::Root => Profile::Root,
            Issuer::Ca(role, _) => Profile::Issuing(role),
        }
    }

    fn subject(&self) -> String {
        let mark = if self.dry_run { "DRY RUN " } else { "" };
        let title = match self.issuer {
            Issuer::Root => "root".to_owned(),
            Issuer::Ca(role, 1) => role.title().to_owned(),
            Issuer::Ca(role, number) => format!("{} {number}", role.title()),
        };
        format!("O=Mohur {domain}, CN={mark}{domain} {title}", domain = self.plan.domain)
    }

    /// What differs from the plan, if anything.
    fn difference(&self, found: &Inspection) -> Option<&'static str> {
        let life = found.not_after.as_second().saturating_sub(found.not_before.as_second());
        let begun = self.at.as_second().saturating_sub(found.not_before.as_second());
        let lists: Vec<String> = self.list_address().into_iter().collect();
        let differs = [
            (found.profile != Some(self.profile()), "it has another profile than the plan says"),
            (found.subject != self.subject(), "it names another authority than the plan says"),
            (life != self.days() * DAY, "it lives longer or shorter than the plan says"),
            (!(0..=BACKDATED).contains(&begun), "it does not begin when it was signed"),
            (found.public_key.to_string() != self.key, "its key is another than the transcript says"),
            (found.crl_urls != lists, "it carries another address of lists than the plan says"),
            (found.permitted_hosts != self.permitted_hosts(), "it may certify other hosts than the plan says"),
            (!found.ocsp_urls.is_empty(), "it carries an address for OCSP, which the root does not have"),
        ];
        differs.into_iter().find(|(differs, _)| *differs).map(|(_, what)| what)
    }

    /// Of the authorities that certify servers.
    fn permitted_hosts(&self) -> &[String] {
        match self.issuer {
            Issuer::Ca(Role::Tls | Role::Infrastructure, _) => &self.plan.settings.permitted_hosts,
            Issuer::Ca(Role::Seal | Role::Officer, _) | Issuer::Root => &[],
        }
    }

    fn list_address(&self) -> Option<String> {
        let Settings { crl_url, .. } = &self.plan.settings;
        let url = crl_url.as_ref().filter(|_| self.issuer != Issuer::Root)?;
        Some(format!("{}/root.crl", url.trim_end_matches('/')))
    }

    fn check(&self, folder: &Folder, root: &[u8]) -> Result<(), CeremonyError> {
        let path = folder.certificate(self.issuer);
        let der = folder.read_certificate(self.issuer)?;
        let wrong = |source| CeremonyError::Certificate { path: path.clone(), source };
        if mohur_crypto::sha256(&der).to_string() != self.digest {
            return Err(CeremonyError::file(&path, "another certificate than the transcript says"));
        }
        let found = inspect(&der, None, self.at).map_err(wrong)?;
        if let Some(what) = self.difference(&found) {
            return Err(CeremonyError::file(&path, what));
        }
        let mark = CertificateError::Form(Form::DryRun);
        let marked = found.problems.contains(&mark);
        if let Some(problem) = found.problems.into_iter().find(|problem| *problem != mark) {
            return Err(wrong(problem));
        }
        if marked != self.dry_run {
            return Err(CeremonyError::file(&path, "marked as made in a dry run, or not marked though it was"));
        }
        check_signature(&der, root).map_err(wrong)
    }
}

fn plan(state: &State) -> Result<&Plan, CeremonyError> {
    state.plan.as_ref().ok_or_else(|| CeremonyError::Refused("there is no plan".to_owned()))
}

/// Checks the root's certificate; gives it.
pub(crate) fn check_root(folder: &Folder, state: &State) -> Result<CertificateDer<'static>, CeremonyError> {
    let Some((digest, key, at)) = &state.root else {
        return Err(CeremonyError::Refused("there is no root".to_owned()));
    };
    let (issuer, plan, dry_run) = (Issuer::Root, plan(state)?, state.dry_run);
    let der = folder.read_certificate(Issuer::Root)?;
    Expected { issuer, plan, dry_run, digest, key, at: *at }.check(folder, &der)?;
    Ok(der)
}

/// Checks the certificate of an issuing authority.
pub(crate) fn check_authority(
    folder: &Folder,
    (state, signed): (&State, &AuthorityState),
    root: &[u8],
) -> Result<(), CeremonyError> {
    let (issuer, plan, dry_run) = (signed.authority, plan(state)?, state.dry_run);
    let expected = Expected { issuer, plan, dry_run, digest: &signed.certificate, key: &signed.key, at: signed.at };
    expected.check(folder, root)?;
    let found = inspect(&folder.read_certificate(issuer)?, None, signed.at)
        .map_err(|source| CeremonyError::Certificate { path: folder.certificate(issuer), source })?;
    if found.serial != signed.serial {
        return Err(CeremonyError::file(&folder.certificate(issuer), "its serial number is another"));
    }
    Ok(())
}

/// Checks the root's revocation list.
pub(crate) fn check_list(folder: &Folder, state: &State, root: &[u8]) -> Result<(), CeremonyError> {
    let path = folder.list();
    let Some(ListState { number, next_update, list }) = &state.list else {
        return Err(CeremonyError::file(&path, "no ceremony signed a list"));
    };
    if digest_of(&path)?.to_string() != *list {
        return Err(CeremonyError::file(&path, "another list than the transcript says"));
    }
    let found = inspect_list(&folder.read_list()?, root)
        .map_err(|source| CeremonyError::Certificate { path: path.clone(), source })?;
    let octets = found.number.iter().fold(0_u64, |value, octet| (value << 8) | u64::from(*octet));
    if octets != *number || found.revoked != state.revoked() || found.next_update.as_second() != next_update.as_second()
    {
        return Err(CeremonyError::file(
            &path,
            "its number, its time or what it revokes is not what the transcript says",
        ));
    }
    Ok(())
}
