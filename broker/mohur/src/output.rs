//! What a command prints: text for people, or one JSON document.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use serde::Serialize;

/// The documented exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The service refused, or the result is negative.
    Negative = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// A service cannot be reached.
    Unreachable = 3,
    /// A signature, a proof or a receipt does not verify.
    Unverified = 4,
    /// The broker's log failed; the process must be started again.
    LogFailed = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command ended without its result.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct CliError {
    exit: Exit,
    message: String,
}

impl CliError {
    pub(crate) fn new(exit: Exit, message: impl Display) -> Self {
        Self { exit, message: message.to_string() }
    }

    /// The same, with what to do about it in a line of its own.
    #[must_use]
    pub(crate) fn with(mut self, advice: impl Display) -> Self {
        self.message = format!("{}\n  {advice}", self.message);
        self
    }

    pub(crate) fn usage(message: impl Display) -> Self {
        Self::new(Exit::Usage, message)
    }
}

/// Where results go.
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether JSON is wanted.
    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// Prints a result: the text for people, or the document for programs.
    pub(crate) fn say(&self, human: impl Display, document: &impl Serialize) {
        if self.json {
            print(serde_json::to_string(document).unwrap_or_default());
        } else {
            print(human);
        }
    }

    /// Prints an error to standard error and gives its exit code.
    pub(crate) fn fail(&self, error: &CliError) -> ExitCode {
        if self.json {
            eprintln!("{}", serde_json::json!({ "error": error.message, "exit": error.exit as u8 }));
        } else {
            eprintln!("mohur: {}", error.message);
        }
        error.exit.into()
    }
}

/// Writes a line. A reader that has seen enough (`| head`) is no error.
fn print(line: impl Display) {
    if let Err(error) = writeln!(io::stdout(), "{line}")
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        eprintln!("mohur: the result could not be written: {error}");
    }
}
