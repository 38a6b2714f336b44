//! The first ceremony.

use std::path::Path;

use mohur_authority::{AuthorityKey, Issuer, Root, key_of_authority, key_of_request};
use mohur_chain::inspect;
use mohur_crypto::digest::sha256;
use mohur_seal::generate::generate;
use mohur_seal::key_file::write_encrypted;
use mohur_seal::{KeyKind, Passphrase};
use mohur_wire::Clock;

use crate::CeremonyError;
use crate::asking::{Ask, Whom};
use crate::check::{check_authority, check_root};
use crate::folder::write;
use crate::plan::Plan;
use crate::session::{Session, terms};
use crate::transcript::{Event, Purpose};

/// Makes the root, its shares, the issuing authorities of the plan and the first revocation list, in the new folder `out`. A dry
/// run does the same, and marks what it makes so that nobody ever trusts it.
pub fn found(
    plan: &Plan,
    out: &Path,
    dry_run: bool,
    (ask, clock): (&mut dyn Ask, &dyn Clock),
) -> Result<(), CeremonyError> {
    let mut session = Session::first(out, ask, clock)?;
    let (purpose, present) = (Purpose::Found, plan.operators.clone());
    session.record(Event::Begun { ceremony: 1, purpose, dry_run, present, plan: Some(Box::new(plan.clone())) })?;
    session.ask.step(&format!(
        "{}Making the root of {}: {} of {} operators will open it.",
        if dry_run { "DRY RUN. " } else { "" },
        plan.domain,
        plan.needed,
        plan.operators.len()
    ));
    // Asked before the key is made, which so lives no longer than it must.
    let mut passphrases = Vec::new();
    for operator in &plan.operators {
        passphrases.push(session.ask.new_passphrase(Whom::Operator(operator))?);
    }
    let made_here = plan.authorities.iter().any(|one| one.request.is_none());
    let carrying = if made_here { Some(session.ask.new_passphrase(Whom::Carrying)?) } else { None };
    let (root, pkcs8) = make_root(&mut session, plan, dry_run)?;
    session.share((&root, &pkcs8), (&plan.operators, plan.needed), &passphrases)?;
    for one in &plan.authorities {
        let role = one.role().ok_or_else(|| CeremonyError::Refused(format!("{} is no authority", one.kind)))?;
        sign(&mut session, &root, Issuer::Ca(role, 1), (one.request.as_deref(), carrying.as_ref()))?;
    }
    session.sign_list(&root)?;
    session.close()
}

fn make_root(
    session: &mut Session<'_>,
    plan: &Plan,
    dry_run: bool,
) -> Result<(Root, mohur_seal::Zeroizing<Vec<u8>>), CeremonyError> {
    let (root, pkcs8) = Root::make(&terms(plan, session.now(), dry_run), plan.root_days)?;
    write(&session.folder().certificate(Issuer::Root), pem(root.certificate()).as_bytes())?;
    let (certificate, key) = (sha256(root.certificate()).to_string(), key_of_authority(&pkcs8)?.to_string());
    session.record(Event::RootMade { certificate: certificate.clone(), key })?;
    check_root(session.folder(), &session.transcript.state)?;
    session.ask.step(&format!("Made the root. Write this into the minutes:\n  {certificate}"));
    Ok((root, pkcs8))
}

/// Signs an issuing authority: for a request, or for a key that is made here and encrypted under the carrying passphrase.
pub(crate) fn sign(
    session: &mut Session<'_>,
    root: &Root,
    issuer: Issuer,
    (request, carrying): (Option<&str>, Option<&Passphrase>),
) -> Result<(), CeremonyError> {
    let (plan, dry_run) = (session.plan()?, session.transcript.state.dry_run);
    let terms = terms(&plan, session.now(), dry_run);
    let (der, key) = match (request, carrying) {
        (Some(request), _) => {
            let der = root.certify(issuer, AuthorityKey::Requested(request), &terms, plan.authority_days)?;
            (der, key_of_request(request)?)
        }
        (None, Some(carrying)) => {
            let pkcs8 = generate(KeyKind::P384)?;
            let der = root.certify(issuer, AuthorityKey::Made(&pkcs8), &terms, plan.authority_days)?;
            write_encrypted(&session.folder().issuing_key(issuer), &pkcs8, carrying)?;
            (der, key_of_authority(&pkcs8)?)
        }
        (None, None) => return Err(CeremonyError::Refused(format!("{issuer} has neither a request nor a passphrase"))),
    };
    let path = session.folder().certificate(issuer);
    write(&path, pem(&der).as_bytes())?;
    let found = inspect(&der, None, session.now()).map_err(|source| CeremonyError::Certificate { path, source })?;
    session.record(Event::AuthoritySigned {
        authority: issuer,
        serial: found.serial,
        certificate: found.fingerprint.to_string(),
        key: key.to_string(),
        requested: request.is_some(),
    })?;
    if let Some(signed) = session.transcript.state.authorities.last() {
        check_authority(session.folder(), (&session.transcript.state, signed), root.certificate())?;
    }
    session.ask.step(&format!("Signed {issuer}, and read it back: it is what the plan says."));
    Ok(())
}

/// One certificate in PEM (RFC 7468).
fn pem(der: &[u8]) -> String {
    use base64::Engine;
    let body = base64::prelude::BASE64_STANDARD.encode(der);
    let mut out = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in body.as_bytes().chunks(64) {
        out.extend(line.iter().map(|byte| char::from(*byte)));
        out.push('\n');
    }
    out.push_str("-----END CERTIFICATE-----\n");
    out
}
