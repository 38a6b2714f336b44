//! The processes of a measurement: this binary in another role. A child ends when its standard input does, so none
//! outlives whoever started it.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{BenchError, Tried};

/// The longest that a child may stay silent when it is expected to speak.
const PATIENCE: Duration = Duration::from_secs(90);
/// The longest that a child may take to end.
const FAREWELL: Duration = Duration::from_secs(10);

/// A running child.
pub(crate) struct Child {
    role: &'static str,
    process: std::process::Child,
    lines: Receiver<String>,
}

impl Child {
    /// Starts this binary in a role; what it logs goes to `<folder>/<role>.log`.
    pub(crate) fn start(role: &'static str, arguments: &[String], folder: &Path) -> Result<Self, BenchError> {
        let mut command = Command::new(std::env::current_exe().tried("this binary")?);
        command.args(["role", role]).args(arguments);
        Self::spawn(role, command, folder)
    }

    /// Starts any program that ends with its standard input.
    pub(crate) fn spawn(role: &'static str, mut command: Command, folder: &Path) -> Result<Self, BenchError> {
        let log = folder.join(format!("{role}.log"));
        let log = File::options().create(true).append(true).open(&log).tried(log.display())?;
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log).spawn().tried(role)?;
        let (say, lines) = channel();
        if let Some(output) = process.stdout.take() {
            thread::spawn(move || {
                // Ends with the child's output, or when nobody listens any more.
                BufReader::new(output).lines().map_while(Result::ok).all(|line| say.send(line).is_ok())
            });
        }
        Ok(Self { role, process, lines })
    }

    /// Tells the child a line.
    pub(crate) fn tell(&mut self, line: &str) -> Result<(), BenchError> {
        let input =
            self.process.stdin.as_mut().ok_or_else(|| BenchError::new(format!("{}: it has ended", self.role)))?;
        writeln!(input, "{line}").and_then(|()| input.flush()).tried(self.role)
    }

    /// The next line that the child says.
    pub(crate) fn line(&self) -> Result<String, BenchError> {
        self.lines.recv_timeout(PATIENCE).map_err(|_| {
            BenchError::new(format!(
                "{}: it ended, or says nothing; with --keep its log stays for you to read",
                self.role
            ))
        })
    }

    /// The child's process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let until = Instant::now() + FAREWELL;
        while Instant::now() < until {
            match self.process.try_wait() {
                Ok(None) => thread::sleep(Duration::from_millis(10)),
                Ok(Some(_)) | Err(_) => return,
            }
        }
        eprintln!("mohur-bench: {} does not end and is killed", self.role);
        // It was spawned here and not waited for: the id is still its own.
        let _gone_already = self.process.kill();
        let _reaped = self.process.wait();
    }
}
