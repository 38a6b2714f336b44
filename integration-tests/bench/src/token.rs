//! How many signatures a token makes in a second, by the number of sessions.
//!
//! SoftHSM2 in a folder of its own. The library reads `SOFTHSM2_CONF` of its process, so that this one starts itself again.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mohur_authority::{National, Requested, request};
use mohur_http::SystemClock;
use mohur_seal::pkcs11::{KeyName, Token, TokenAddress, TokenKey, TokenKeyKind};
use mohur_seal::{KeySource, Passphrase, Seal, SealSource};
use mohur_wire::{Clock, MemberId};
use serde::Serialize;

use crate::error::{BenchError, Tried};

/// Signatures by number of sessions.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
    /// For how many seconds each row is measured.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// The PKCS#11 library.
    #[arg(long, default_value = "/usr/lib/softhsm/libsofthsm2.so")]
    module: PathBuf,
    /// The folder of the token, made by this command.
    #[arg(long, hide = true)]
    inside: Option<PathBuf>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Row {
    key: &'static str,
    sessions: usize,
    threads: usize,
    per_second: u64,
    /// The mean time of one signature, with waiting for a session.
    microseconds: u64,
}

const THREADS: usize = 8;

/// Runs `token`.
pub(crate) fn run(args: &Args) -> Result<(), BenchError> {
    match &args.inside {
        Some(folder) => measure(args, folder),
        None => outside(args),
    }
}

fn outside(args: &Args) -> Result<(), BenchError> {
    let folder = tempfile::tempdir().tried("a folder")?;
    let (conf, pin) = (folder.path().join("softhsm2.conf"), Passphrase::generate());
    let tokens = folder.path().join("tokens");
    std::fs::create_dir(&tokens).tried("a folder")?;
    std::fs::write(&conf, format!("directories.tokendir = {}\n", tokens.display())).tried("softhsm2.conf")?;
    pin.write_credential_file(&folder.path().join("pin")).tried("the PIN")?;
    let text = std::fs::read_to_string(folder.path().join("pin")).tried("the PIN")?;
    let made = Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", "bench", "--pin", text.trim(), "--so-pin", text.trim()])
        .env("SOFTHSM2_CONF", &conf)
        .output()
        .tried("softhsm2-util, of Debian's softhsm2")?;
    if !made.status.success() {
        return Err(BenchError::new(format!("softhsm2-util: {}", String::from_utf8_lossy(&made.stderr))));
    }
    let mut again = Command::new(std::env::current_exe().tried("this program")?);
    again.args(["token", "--seconds", &args.seconds.to_string(), "--module"]).arg(&args.module);
    again.arg("--inside").arg(folder.path()).args(args.json.then_some("--json"));
    let status = again.env("SOFTHSM2_CONF", &conf).status().tried("this program")?;
    if status.success() { Ok(()) } else { Err(BenchError::new("the measurement failed")) }
}

fn measure(args: &Args, folder: &Path) -> Result<(), BenchError> {
    let address = TokenAddress { module: args.module.clone(), token: "bench".to_owned(), pin: folder.join("pin") };
    let mut rows = Vec::new();
    for (name, kind) in [("p256", TokenKeyKind::P256), ("rsa3072", TokenKeyKind::Rsa3072)] {
        let certificate = certified(&address, folder, name, kind)?;
        for sessions in [1, 2, 4, 8] {
            let key_name = KeyName { label: Some(name.to_owned()), id: None };
            let key = TokenKey { sessions, wait: Duration::from_secs(60), ..TokenKey::new(address.clone(), key_name) };
            let source = SealSource { certificate: certificate.clone(), key: KeySource::Token(key) };
            let seal = source.open(&Passphrase::generate(), |_| None).tried("the seal")?;
            let (per_second, microseconds) = rate(&*seal, Duration::from_secs(args.seconds))?;
            rows.push(Row { key: name, sessions, threads: THREADS, per_second, microseconds });
        }
    }
    if args.json {
        println!("{}", serde_json::to_string(&rows).tried("JSON")?);
        return Ok(());
    }
    println!("{:<8} {:>8} {:>8} {:>12} {:>14}", "key", "sessions", "threads", "a second", "µs, with wait");
    for row in &rows {
        println!(
            "{:<8} {:>8} {:>8} {:>12} {:>14}",
            row.key, row.sessions, row.threads, row.per_second, row.microseconds
        );
    }
    Ok(())
}

/// A key made inside, and its certificate.
fn certified(address: &TokenAddress, folder: &Path, name: &str, kind: TokenKeyKind) -> Result<PathBuf, BenchError> {
    let token = Token::open(address).tried("the token")?;
    let made = token.generate(kind, name, name.as_bytes()).tried("the key")?;
    let member: MemberId = "AZ/GOV/OPERATOR/hub".parse().tried("the member")?;
    let (csr, now) = (folder.join(format!("{name}.csr")), SystemClock.now());
    let signer = token.signer(&made.name).tried("the key")?;
    std::fs::write(&csr, request(&member, &signer).tried("the request")?).tried("the request")?;
    let passphrase = Passphrase::generate();
    let mut national =
        National::create(&folder.join(format!("national-{name}")), "AZ", &passphrase, now).tried("the authority")?;
    let out = folder.join(name);
    let requested = Requested { member: &member, request: &csr, folder: &out, days: 7, now };
    Ok(national.issue_seal_for(&requested).tried("the certificate")?.1)
}

/// Signatures a second by eight threads, and the mean time of one.
fn rate(seal: &dyn Seal, time: Duration) -> Result<(u64, u64), BenchError> {
    let (stop, count) = (AtomicBool::new(false), AtomicU64::new(0));
    let start = Instant::now();
    let work = || {
        while !stop.load(Ordering::Relaxed) {
            seal.sign(b"a message of the bench")?;
            count.fetch_add(1, Ordering::Relaxed);
        }
        Ok::<(), mohur_seal::SealError>(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        std::thread::sleep(time);
        stop.store(true, Ordering::Relaxed);
        threads.into_iter().try_for_each(|thread| match thread.join() {
            Ok(done) => done.tried("a signature"),
            Err(_) => Err(BenchError::new("a thread ended badly")),
        })
    })?;
    let (elapsed, signed) = (start.elapsed(), count.load(Ordering::Relaxed).max(1));
    let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX).max(1);
    let threads = u64::try_from(THREADS).unwrap_or(1);
    Ok((signed.saturating_mul(1_000_000) / micros, micros.saturating_mul(threads) / signed))
}
