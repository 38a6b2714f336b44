//! Serial numbers of time stamps: each is given once, whatever happens to the process or the machine (RFC 3161 §2.4.2).

use std::fs::{self, File};
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use mohur_wire::Timestamp;

use crate::AuthorityError;

/// Numbers are set aside on disk this many at a time: a crash loses the rest of them, and repeats none.
const RESERVED_AT_ONCE: u64 = 1024;

/// A file that counts, for one process at a time. It also remembers the time at which numbers were last set aside: a clock
/// that says an earlier one is not to be trusted.
pub struct Serials {
    path: PathBuf,
    state: Mutex<State>,
    _lock: File,
}

struct State {
    left: Range<u64>,
    latest: Timestamp,
}

/// Why no number is given.
#[derive(Debug, thiserror::Error)]
pub enum SerialError {
    /// The clock went back.
    #[error("the clock says {now}, and time stamps were issued at {latest}: set it right, or the line `latest` of {}", path.display())]
    ClockWentBack {
        /// What the clock says.
        now: Timestamp,
        /// The latest time that a number was given at.
        latest: Timestamp,
        /// The file that remembers it.
        path: PathBuf,
    },
    /// The file cannot be written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Serials {
    /// Opens the file, or begins one at number 1.
    pub fn open(path: &Path) -> Result<Self, AuthorityError> {
        let lock = lock(path)?;
        let (next, latest) = if path.exists() {
            let text = fs::read_to_string(path).map_err(AuthorityError::io(path))?;
            parse(&text).ok_or_else(|| {
                let source = std::io::Error::other("not two lines `next <number>` and `latest <time>`");
                AuthorityError::Io { path: path.to_owned(), source }
            })?
        } else {
            (1, Timestamp::UNIX_EPOCH)
        };
        let state = Mutex::new(State { left: next..next, latest });
        Ok(Self { path: path.to_owned(), state, _lock: lock })
    }

    /// Whether the clock may be believed: not when it says less than it did.
    pub fn check(&self, now: Timestamp) -> Result<(), SerialError> {
        let latest = self.state.lock().unwrap_or_else(PoisonError::into_inner).latest;
        if now < latest {
            return Err(SerialError::ClockWentBack { now, latest, path: self.path.clone() });
        }
        Ok(())
    }

    /// A number that was never given before.
    pub fn take(&self, now: Timestamp) -> Result<u64, SerialError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = state.left.next() {
            return Ok(number);
        }
        let begin = state.left.end;
        let end = begin.saturating_add(RESERVED_AT_ONCE);
        let text = format!("next {end}\nlatest {now}\n");
        write(&self.path, &text).map_err(|source| SerialError::Io { path: self.path.clone(), source })?;
        *state = State { left: begin.saturating_add(1)..end, latest: now };
        Ok(begin)
    }
}

impl std::fmt::Debug for Serials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Serials({})", self.path.display())
    }
}

/// Two processes that count in one file would both give the same numbers.
fn lock(path: &Path) -> Result<File, AuthorityError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".lock");
    let path = path.with_file_name(name);
    let file = File::create(&path).map_err(AuthorityError::io(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(AuthorityError::Busy { path }),
        Err(fs::TryLockError::Error(source)) => Err(AuthorityError::Io { path, source }),
    }
}

fn parse(text: &str) -> Option<(u64, Timestamp)> {
    let mut lines = text.lines();
    let next = lines.next()?.strip_prefix("next ")?.parse().ok()?;
    let latest = lines.next()?.strip_prefix("latest ")?.parse().ok()?;
    lines.next().is_none().then_some((next, latest))
}

/// Durable when it returns: file, name and folder.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".next");
    let next = path.with_file_name(name);
    let mut file = File::create(&next)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&next, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn no_number_is_given_twice_over_restarts_and_threads() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("serials");
        let mut seen = HashSet::new();
        for round in 0..3 {
            let serials = Serials::open(&path).unwrap();
            let taken: Vec<u64> = std::thread::scope(|scope| {
                let take = || (0..700).map(|_| serials.take(at(1000 + round)).unwrap()).collect::<Vec<_>>();
                let threads: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
                threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
            });
            assert!(taken.into_iter().all(|number| number > 0 && seen.insert(number)), "round {round}");
        }
        assert_eq!(seen.len(), 3 * 2800);
    }

    #[test]
    fn one_process_counts_and_a_clock_that_goes_back_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("serials");
        let serials = Serials::open(&path).unwrap();
        assert!(matches!(Serials::open(&path), Err(AuthorityError::Busy { .. })));
        serials.take(at(5000)).unwrap();
        drop(serials);
        let serials = Serials::open(&path).unwrap();
        assert!(serials.check(at(5000)).is_ok());
        assert!(matches!(serials.check(at(4999)), Err(SerialError::ClockWentBack { .. })));
        drop(serials);
        fs::write(&path, "next many\n").unwrap();
        assert!(Serials::open(&path).is_err());
    }
}
