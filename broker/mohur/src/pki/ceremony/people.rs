//! The operators at the terminal, or credential files in their place.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use mohur_ceremony::{Ask, CeremonyError, Whom};
use mohur_seal::{Passphrase, Zeroizing};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use crate::output::Output;

/// How often a passphrase may be typed wrongly.
const ATTEMPTS: u32 = 5;

/// Who answers.
pub(super) struct People {
    credentials: Option<PathBuf>,
    /// With JSON, standard error is for errors.
    silent: bool,
    wrong: u32,
}

fn name(whom: Whom<'_>) -> String {
    match whom {
        Whom::Operator(name) => name.to_owned(),
        Whom::Carrying => "carrying".to_owned(),
    }
}

impl People {
    pub(super) fn new(credentials: Option<&Path>, out: &Output) -> Self {
        Self { credentials: credentials.map(Path::to_owned), silent: out.is_json(), wrong: 0 }
    }

    /// The passphrase of an operator's own share.
    pub(super) fn operator(&mut self, operator: &str) -> Result<Passphrase, CeremonyError> {
        let given = self.passphrase(Whom::Operator(operator), false)?;
        given.ok_or_else(|| CeremonyError::Passphrase { operator: operator.to_owned() })
    }

    fn credential(&self, whom: Whom<'_>) -> Option<Result<Passphrase, CeremonyError>> {
        let path = self.credentials.as_ref()?.join(name(whom));
        Some(Passphrase::from_credential_file(&path).map_err(CeremonyError::Key))
    }
}

impl Ask for People {
    fn new_passphrase(&mut self, whom: Whom<'_>) -> Result<Passphrase, CeremonyError> {
        if let Some(given) = self.credential(whom) {
            return given;
        }
        let mut terminal = Terminal::open()?;
        loop {
            let first = terminal.ask(&format!("{}: choose a passphrase: ", who(whom)))?;
            let second = terminal.ask(&format!("{}: once more: ", who(whom)))?;
            if *first != *second {
                terminal.say("The two are not the same.")?;
                continue;
            }
            match Passphrase::new(first) {
                Ok(passphrase) => return Ok(passphrase),
                Err(error) => terminal.say(&error.to_string())?,
            }
        }
    }

    fn passphrase(&mut self, whom: Whom<'_>, again: bool) -> Result<Option<Passphrase>, CeremonyError> {
        if let Some(given) = self.credential(whom) {
            return if again { Ok(None) } else { given.map(Some) };
        }
        let mut terminal = Terminal::open()?;
        self.wrong = if again { self.wrong + 1 } else { 0 };
        if again {
            terminal.say("That passphrase does not open it.")?;
        }
        while self.wrong < ATTEMPTS {
            match Passphrase::new(terminal.ask(&format!("{}: passphrase: ", who(whom)))?) {
                Ok(passphrase) => return Ok(Some(passphrase)),
                Err(error) => terminal.say(&error.to_string())?,
            }
            self.wrong += 1;
        }
        Ok(None)
    }

    fn step(&mut self, what: &str) {
        if !self.silent {
            eprintln!("• {what}");
        }
    }
}

fn who(whom: Whom<'_>) -> String {
    match whom {
        Whom::Operator(name) => name.to_owned(),
        Whom::Carrying => "For carrying the authorities' keys to the machine online".to_owned(),
    }
}

/// The terminal itself, whatever standard input and output are.
struct Terminal {
    input: BufReader<File>,
    output: File,
}

/// Switches the echo on again, whatever happens.
struct Silence<'a>(&'a File, rustix::termios::Termios);

impl Drop for Silence<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.0, OptionalActions::Flush, &self.1);
    }
}

impl Terminal {
    fn open() -> Result<Self, CeremonyError> {
        let open = || {
            let file = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
            Ok((BufReader::new(file.try_clone()?), file))
        };
        let (input, output) = open().map_err(|_: std::io::Error| {
            CeremonyError::Refused(
                "no terminal to ask at: give --credentials with a file for each passphrase".to_owned(),
            )
        })?;
        Ok(Self { input, output })
    }

    fn say(&mut self, text: &str) -> Result<(), CeremonyError> {
        writeln!(self.output, "{text}").map_err(failed)
    }

    /// Asks, and reads a line that is not shown.
    fn ask(&mut self, question: &str) -> Result<Zeroizing<String>, CeremonyError> {
        write!(self.output, "{question}").map_err(failed)?;
        self.output.flush().map_err(failed)?;
        let before = tcgetattr(&self.output).map_err(|error| failed(error.into()))?;
        let mut silent = before.clone();
        silent.local_modes -= LocalModes::ECHO;
        silent.local_modes |= LocalModes::ECHONL;
        tcsetattr(&self.output, OptionalActions::Flush, &silent).map_err(|error| failed(error.into()))?;
        let _silence = Silence(&self.output, before);
        // Longer than any passphrase may be: a growing buffer would leave copies behind.
        let mut line = Zeroizing::new(String::with_capacity(2048));
        let read = self.input.read_line(&mut line).map_err(failed)?;
        if read == 0 {
            return Err(CeremonyError::Refused("the terminal was closed".to_owned()));
        }
        let end = line.trim_end_matches(['\r', '\n']).len();
        line.truncate(end);
        Ok(line)
    }
}

fn failed(source: std::io::Error) -> CeremonyError {
    CeremonyError::Io { path: PathBuf::from("/dev/tty"), source }
}
