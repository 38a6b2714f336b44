//! Ourselves: verifies and signs one envelope, as often as a line on the standard input says.

use std::fs;
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mohur_client::{Caller, Config};
use mohur_http::SystemClock;
use mohur_message::TrustedKeys;
use mohur_message::ws_security::{sign_envelope, verify_envelope};
use mohur_seal::Passphrase;
use mohur_seal::key_file::read_encrypted;
use mohur_soap::{Document, Envelope, Limits, Version};
use mohur_wire::{Arrival, Timestamp};
use rustix::time::{ClockId, clock_gettime};

use super::{say, tls};
use crate::envelope::{payload, plain, template};
use crate::error::{BenchError, Tried};
use crate::rival::Files;

/// How far a signature may be from its arrival: as a broker's default.
const WINDOW_SECONDS: u32 = 60;

/// The folder of the throwaway nation, and how large the envelope's Body is.
#[derive(clap::Args)]
pub(crate) struct Args {
    folder: PathBuf,
    bytes: usize,
}

/// One envelope, and who signs it.
struct Operations {
    caller: Caller,
    payload: String,
    signed: String,
    at: Timestamp,
}

/// Writes the files that the others work with, and says so; then works.
pub(super) fn run(args: &Args) -> Result<(), BenchError> {
    let operations = Operations::new(args)?;
    operations.verify()?;
    operations.write_files(&args.folder, args.bytes)?;
    say("ready")?;
    for line in std::io::stdin().lock().lines() {
        let line = line.tried("standard input")?;
        let (operation, count) = line.split_once(' ').unwrap_or((&line, ""));
        let count: u32 = count.parse().tried("the count")?;
        let before = used();
        for _ in 0..count {
            match operation {
                "verify" => operations.verify()?,
                "sign" => drop(std::hint::black_box(operations.sign()?)),
                _ => return Err(BenchError::new("an operation is verify or sign")),
            }
        }
        let each = (used() - before).as_secs_f64() * 1e6 / f64::from(count.max(1));
        say(format_args!("{{\"cpu_us\":{each:.3}}}"))?;
    }
    Ok(())
}

impl Operations {
    fn new(args: &Args) -> Result<Self, BenchError> {
        let clock = Arc::new(SystemClock);
        let caller = Config::load(&tls::client_file(&args.folder)).tried("client.toml")?;
        let caller = caller.caller(clock).tried("the caller")?;
        let at = caller.clock.now();
        let mut operations = Self { caller, payload: payload(args.bytes), signed: String::new(), at };
        operations.signed = operations.sign()?;
        Ok(operations)
    }

    /// From the text to the verified Body.
    fn verify(&self) -> Result<(), BenchError> {
        let document = Document::parse(&self.signed, &Limits::default()).tried("the envelope")?;
        let envelope = Envelope::read(&document).tried("the envelope")?;
        let keys = TrustedKeys::new(|key_id| self.caller.directory().seal(key_id), self.caller.trust(), self.at);
        let verified = verify_envelope(envelope, &[], &keys, &[], Arrival(self.at), WINDOW_SECONDS);
        let verified = verified.map_err(|refusal| BenchError::new(format!("the envelope: {refusal:?}")))?;
        std::hint::black_box(verified.payload().local());
        Ok(())
    }

    /// From the payload to the text.
    fn sign(&self) -> Result<String, BenchError> {
        sign_envelope(Version::Soap11, &self.payload, "", &*self.caller.seal, self.at, None).tried("signing")
    }

    fn write_files(&self, folder: &Path, bytes: usize) -> Result<(), BenchError> {
        let files = Files::in_folder(folder, bytes);
        let write = |path: &Path, text: &str| fs::write(path, text).tried(path.display());
        write(&files.signed, &self.signed)?;
        write(&files.template, &template(&self.payload))?;
        write(&files.plain, &plain(&self.payload))?;
        // The folder is of throwaway keys, and the others cannot read encrypted ones.
        let passphrase = Passphrase::from_credential_file(&folder.join("passphrase")).tried("passphrase")?;
        let seal = folder.join("callers/passport-office");
        let pkcs8 = read_encrypted(&seal.join("seal.key"), &passphrase).tried("the seal's key")?;
        write(&files.key, &pem("PRIVATE KEY", &pkcs8))?;
        write(&files.certificate, &pem("CERTIFICATE", self.caller.seal.certificate()))
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let mut lines = format!("-----BEGIN {label}-----\n");
    for (at, c) in text.chars().enumerate() {
        if at > 0 && at.is_multiple_of(64) {
            lines.push('\n');
        }
        lines.push(c);
    }
    lines + &format!("\n-----END {label}-----\n")
}

/// The CPU that this process has used, user and system.
fn used() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}
