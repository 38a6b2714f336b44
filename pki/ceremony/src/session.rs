//! A ceremony at work.

use std::path::{Path, PathBuf};

use mohur_authority::{Issuer, Record, Revocation, Root, Terms};
use mohur_chain::Profile;
use mohur_crypto::digest::sha256;
use mohur_crypto::random_bytes;
use mohur_seal::sealed::{open_with_key, seal_with_key};
use mohur_seal::{LogSigner, Passphrase, Zeroizing};
use mohur_wire::{Clock, Timestamp};

use crate::CeremonyError;
use crate::asking::{Ask, Whom};
use crate::check::check_list;
use crate::folder::{Folder, Stage, write};
use crate::plan::Plan;
use crate::shares::{Share, ShareInfo, hex, open, write_share};
use crate::splitting::{Piece, combine, commitment, split};
use crate::transcript::{Event, Holder, Purpose, Transcript};
use crate::verify::{check_share_file, verify};

const DAY: i64 = 86_400;

/// The folder in the making, its transcript, and who is there.
pub(crate) struct Session<'a> {
    pub(crate) stage: Stage,
    pub(crate) transcript: Transcript,
    pub(crate) ask: &'a mut dyn Ask,
    clock: &'a dyn Clock,
    signers: Vec<(String, LogSigner)>,
}

impl<'a> Session<'a> {
    /// The first one.
    pub(crate) fn first(target: &Path, ask: &'a mut dyn Ask, clock: &'a dyn Clock) -> Result<Self, CeremonyError> {
        let stage = Stage::create(target)?;
        let transcript = Transcript::new(stage.folder.transcript());
        Ok(Self { stage, transcript, ask, clock, signers: Vec::new() })
    }

    /// A later one: the folder is verified, the shares opened, and with them the root's key.
    pub(crate) fn later(
        target: &Path,
        shares: &[PathBuf],
        purpose: Purpose,
        (ask, clock): (&'a mut dyn Ask, &'a dyn Clock),
    ) -> Result<(Self, Root, Zeroizing<Vec<u8>>), CeremonyError> {
        verify(target)?;
        let folder = Folder::new(target);
        let transcript = Transcript::read(&folder.transcript())?;
        let opened = open_shares(shares, &transcript, ask)?;
        let pieces: Vec<&Piece> = opened.iter().map(|(_, share)| &share.piece).collect();
        let pkcs8 = open_root(&folder, &pieces, transcript.state.generation)?;
        let root = Root::open(&pkcs8, &folder.read_certificate(Issuer::Root)?)?;
        let stage = Stage::copy(target)?;
        let signers = opened.into_iter().map(|(operator, share)| (operator, share.signer)).collect();
        let mut session = Self { stage, transcript, ask, clock, signers };
        let present = session.signers.iter().map(|(operator, _)| operator.clone()).collect();
        let (ceremony, dry_run) = (session.transcript.state.ceremonies + 1, session.transcript.state.dry_run);
        session.record(Event::Begun { ceremony, purpose, dry_run, present, plan: None })?;
        session.ask.step("The root's key is open, in memory only.");
        Ok((session, root, pkcs8))
    }

    pub(crate) fn folder(&self) -> &Folder {
        &self.stage.folder
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn record(&mut self, event: Event) -> Result<(), CeremonyError> {
        self.transcript.record(event, self.clock.now())
    }

    pub(crate) fn plan(&self) -> Result<Plan, CeremonyError> {
        self.transcript.state.plan.clone().ok_or_else(|| CeremonyError::Refused("there is no plan".to_owned()))
    }

    /// Encrypts the root's key anew, and shares the key to it among these operators.
    pub(crate) fn share(
        &mut self,
        root: (&Root, &[u8]),
        (operators, needed): (&[String], u8),
        passphrases: &[Passphrase],
    ) -> Result<(), CeremonyError> {
        let (generation, dry_run) = (self.transcript.state.generation + 1, self.transcript.state.dry_run);
        let (root, pkcs8) = root;
        let (domain, root_digest) = (self.plan()?.domain, sha256(root.certificate()).to_string());
        let key = Zeroizing::new(random_bytes::<32>());
        let sealed = seal_with_key(&key, &context(generation), pkcs8)?;
        write(&self.folder().sealed(), &sealed)?;
        let pieces = split(&key, needed, operators.len())?;
        let mut holders = Vec::new();
        for ((operator, piece), passphrase) in operators.iter().zip(&pieces).zip(passphrases) {
            let signing_key = mohur_seal::generate::generate(mohur_seal::KeyKind::Ed25519)?;
            let signer = LogSigner::from_pkcs8(&signing_key)?;
            let holder = Holder {
                operator: operator.clone(),
                commitment: commitment(piece).to_string(),
                signing_key: hex(&signer.public_key()),
            };
            let (domain, root) = (domain.clone(), root_digest.clone());
            let of = operators.len();
            let info = ShareInfo { domain, root, dry_run, generation, needed, of, holder: holder.clone() };
            write_share(&self.folder().share(operator), &info, (piece, &signing_key), passphrase)?;
            holders.push(holder);
            self.signers.push((operator.clone(), signer));
        }
        let sealed = sha256(&sealed).to_string();
        self.record(Event::Shared { generation, needed, holders, sealed })?;
        self.ask.step(&format!("Shared the root's key: {needed} of {} operators open it.", operators.len()));
        self.prove(root, operators, passphrases)
    }

    /// Reads the shares back from their files; sets of as many as are needed must open the root's key.
    fn prove(&mut self, root: &Root, operators: &[String], passphrases: &[Passphrase]) -> Result<(), CeremonyError> {
        let mut shares = Vec::new();
        for (operator, passphrase) in operators.iter().zip(passphrases) {
            let path = self.folder().share(operator);
            check_share_file(&path, &self.transcript.state)?;
            let share = open(&path, passphrase)?;
            shares.push(share.ok_or_else(|| CeremonyError::Passphrase { operator: operator.clone() })?);
        }
        let (needed, generation) = (usize::from(self.transcript.state.needed), self.transcript.state.generation);
        // Every share is in as many of these sets as a set is large.
        for first in 0..shares.len() {
            let set: Vec<&Piece> = shares.iter().cycle().skip(first).take(needed).map(|share| &share.piece).collect();
            let pkcs8 = open_root(self.folder(), &set, generation)?;
            Root::open(&pkcs8, root.certificate())?;
        }
        self.record(Event::SharesProved { generation, sets: shares.len() })?;
        self.ask.step(&format!("Read back all shares: {} sets of {needed} opened the root's key.", shares.len()));
        Ok(())
    }

    /// Signs the root's next revocation list.
    pub(crate) fn sign_list(&mut self, root: &Root) -> Result<(), CeremonyError> {
        let (plan, now) = (self.plan()?, self.now());
        let number = self.transcript.state.list.as_ref().map_or(1, |list| list.number + 1);
        let until = now.as_second().saturating_add(plan.list_days * DAY);
        let next_update = Timestamp::from_second(until).map_err(|_| mohur_authority::AuthorityError::Time)?;
        let records: Vec<Record> = self.transcript.state.authorities.iter().map(record_of).collect();
        let text = root.list(number, &records, (now, next_update))?;
        write(&self.folder().list(), text.as_bytes())?;
        let (revoked, list) = (self.transcript.state.revoked(), sha256(text.as_bytes()).to_string());
        self.record(Event::ListSigned { number, revoked, next_update, list })?;
        check_list(self.folder(), &self.transcript.state, root.certificate())?;
        self.ask.step(&format!("Signed the root's revocation list {number}, good until {next_update}."));
        Ok(())
    }

    /// Everyone signs, the result is verified as anyone would, and takes its place.
    pub(crate) fn close(mut self) -> Result<(), CeremonyError> {
        for (operator, key) in self.transcript.state.owed() {
            let signer = self.signers.iter().find(|(_, signer)| hex(&signer.public_key()) == key);
            let (_, signer) = signer.ok_or_else(|| CeremonyError::share(&operator, "its key is not here"))?;
            self.transcript.sign(&operator, signer, self.clock.now())?;
        }
        write(&self.folder().transcript(), self.transcript.text().as_bytes())?;
        verify(self.folder().path())?;
        self.ask.step("All who had to signed the transcript, and the folder verifies.");
        self.stage.publish()
    }
}

fn record_of(one: &crate::state::AuthorityState) -> Record {
    Record {
        serial: one.serial.clone(),
        fingerprint: one.certificate.clone(),
        issuer: Issuer::Root,
        profile: Profile::Root.name().to_owned(),
        subject: one.authority.to_string(),
        not_after: Timestamp::MAX,
        revoked: one.revoked.map(|(at, reason)| Revocation { at, reason }),
    }
}

/// The terms of what is made now.
pub(crate) const fn terms(plan: &Plan, now: Timestamp, dry_run: bool) -> Terms<'_> {
    Terms { domain: plan.domain.as_str(), settings: &plan.settings, now, dry_run }
}

fn context(generation: u32) -> Vec<u8> {
    format!("mohur key of a root, sharing {generation}").into_bytes()
}

/// The root's key, PKCS#8.
fn open_root(folder: &Folder, pieces: &[&Piece], generation: u32) -> Result<Zeroizing<Vec<u8>>, CeremonyError> {
    let path = folder.sealed();
    let sealed = std::fs::read(&path).map_err(CeremonyError::io(&path))?;
    open_with_key(&*combine(pieces)?, &context(generation), &sealed).ok_or(CeremonyError::NotTheKey)
}

/// Opens the shares of those who are there, each held against the transcript first.
fn open_shares(
    paths: &[PathBuf],
    transcript: &Transcript,
    ask: &mut dyn Ask,
) -> Result<Vec<(String, Share)>, CeremonyError> {
    let (mut opened, needed): (Vec<(String, Share)>, _) = (Vec::new(), transcript.state.needed);
    if paths.len() < usize::from(needed) {
        return Err(CeremonyError::TooFew { given: paths.len(), needed });
    }
    for path in paths {
        let operator = check_share_file(path, &transcript.state)?;
        if opened.iter().any(|(known, _)| *known == operator) {
            return Err(CeremonyError::share(&operator, "given twice"));
        }
        let mut again = false;
        let share = loop {
            let Some(passphrase) = ask.passphrase(Whom::Operator(&operator), again)? else {
                return Err(CeremonyError::Passphrase { operator });
            };
            if let Some(share) = open(path, &passphrase)? {
                break share;
            }
            again = true;
        };
        ask.step(&format!("The share of {operator} is open."));
        opened.push((operator, share));
    }
    Ok(opened)
}
