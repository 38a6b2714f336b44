//! Asks whoever sits at the terminal for what the command line did not say.

use std::cell::Cell;
use std::fmt::Display;
use std::io::{IsTerminal as _, Write as _};

use crate::output::{CliError, Output};

/// What a command still needs: asked for at a terminal, and elsewhere named, all of it at once.
pub(crate) struct Wanted {
    asks: bool,
    has_asked: Cell<bool>,
    missing: Vec<String>,
}

impl Wanted {
    /// Questions are put only where a person reads and types: not with `--json`, and not in a script.
    pub(crate) fn new(out: &Output) -> Self {
        let asks = !out.is_json() && std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        Self { asks, has_asked: Cell::new(false), missing: Vec::new() }
    }

    /// Whether there is somebody to ask.
    pub(crate) const fn asks(&self) -> bool {
        self.asks
    }

    /// Whether a question was put: then what one may leave out is asked for, too.
    pub(crate) const fn has_asked(&self) -> bool {
        self.has_asked.get()
    }

    /// Notes something that only the command line can give.
    pub(crate) fn note(&mut self, option: impl Into<String>) {
        self.missing.push(option.into());
    }

    /// What was given; if nothing was, what is typed. Without a terminal the option is noted as missing.
    pub(crate) fn given_or_asked<T, E: Display>(
        &mut self,
        given: Option<T>,
        option: &str,
        what: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<Option<T>, CliError> {
        match given {
            Some(given) => Ok(Some(given)),
            None if self.asks => self.ask(what, parse).map(Some),
            None => {
                self.note(option);
                Ok(None)
            }
        }
    }

    /// Asks until the answer can be read.
    pub(crate) fn ask<T, E: Display>(&self, what: &str, parse: impl Fn(&str) -> Result<T, E>) -> Result<T, CliError> {
        self.has_asked.set(true);
        loop {
            let text = typed(what)?;
            match parse(&text) {
                Ok(value) => return Ok(value),
                Err(error) => eprintln!("  {error}"),
            }
        }
    }

    /// Asks for any number of things; an empty line ends.
    pub(crate) fn ask_several<T, E: Display>(
        &self,
        what: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<Vec<T>, CliError> {
        let or_end = |text: &str| if text.is_empty() { Ok(None) } else { parse(text).map(Some) };
        let mut all = Vec::new();
        while let Some(one) = self.ask(what, or_end)? {
            all.push(one);
        }
        Ok(all)
    }

    /// Shows numbered choices and asks for one, by number or by name; its place.
    pub(crate) fn choose(&self, what: &str, choices: &[String]) -> Result<usize, CliError> {
        for (at, choice) in choices.iter().enumerate() {
            eprintln!("  {:>2}  {choice}", at + 1);
        }
        self.ask(&format!("{what}, by number"), |text| {
            let number = text.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            let named = choices.iter().position(|choice| choice == text);
            let place = number.filter(|place| *place < choices.len()).or(named);
            place.ok_or_else(|| format!("1 to {}", choices.len()))
        })
    }

    /// Everything that is missing, in one error.
    pub(crate) fn complete(self) -> Result<(), CliError> {
        if self.missing.is_empty() {
            return Ok(());
        }
        Err(CliError::usage(format!("missing: {} (at a terminal you are asked for them)", self.missing.join(", "))))
    }
}

/// Finds what a person means by a part of its name: the name itself, one of its parts between slashes, or a piece of it.
pub(crate) fn named(
    what: &str,
    given: Option<&str>,
    all: &[String],
    wanted: &mut Wanted,
) -> Result<Option<String>, CliError> {
    let fitting = fitting(given.unwrap_or_default(), all);
    match (fitting.as_slice(), given) {
        ([], _) => Err(CliError::usage(format!(
            "no {what} is called `{}`; there are {}",
            given.unwrap_or_default(),
            if all.is_empty() { "none".to_owned() } else { all.join(", ") }
        ))),
        ([only], Some(_)) => Ok(Some(only.clone())),
        (several, _) if wanted.asks() => Ok(several.get(wanted.choose(what, several)?).cloned()),
        (several, Some(given)) => {
            Err(CliError::usage(format!("`{given}` may be {}; write more of the {what}'s name", several.join(", "))))
        }
        (_, None) => {
            wanted.note(format!("the {what}"));
            Ok(None)
        }
    }
}

fn fitting(given: &str, all: &[String]) -> Vec<String> {
    let lower = given.to_lowercase();
    let whole = |name: &&String| **name == given;
    let part = |name: &&String| name.split('/').any(|part| part.to_lowercase() == lower);
    let piece = |name: &&String| name.to_lowercase().contains(&lower);
    let tests: [&dyn Fn(&&String) -> bool; 3] = [&whole, &part, &piece];
    let found = tests.iter().map(|test| all.iter().filter(|name| test(name)).cloned().collect::<Vec<_>>());
    found.into_iter().find(|names| !names.is_empty()).unwrap_or_default()
}

/// One line, typed after the question. The question goes to standard error: results alone go to standard output.
fn typed(what: &str) -> Result<String, CliError> {
    eprint!("{what}: ");
    let mut line = String::new();
    let read = std::io::stderr().flush().and_then(|()| std::io::stdin().read_line(&mut line));
    match read {
        Ok(0) => Err(CliError::usage(format!("the input ended before the answer to: {what}"))),
        Ok(_) => Ok(line.trim().to_owned()),
        Err(error) => Err(CliError::usage(format!("the answer cannot be read: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        [
            "AZ/GOV/MOH/health-card/vitals/v1",
            "AZ/GOV/MOJ/civil-registry/birth/v1",
            "AZ/GOV/MOJ/civil-registry/marriage/v1",
        ]
        .map(str::to_owned)
        .to_vec()
    }

    #[test]
    fn a_part_of_a_name_is_enough_if_it_is_of_one_only() {
        let mut wanted = Wanted { asks: false, has_asked: Cell::new(false), missing: Vec::new() };
        let all = names();
        let mut find = |given| named("service", given, &all, &mut wanted);
        for (given, place) in [("vitals", 0), ("VITALS", 0), ("birth", 1), ("marri", 2), (all[2].as_str(), 2)] {
            assert_eq!(find(Some(given)).unwrap().unwrap(), all[place], "{given}");
        }
        let several = find(Some("civil-registry")).unwrap_err().to_string();
        assert!(several.contains("birth/v1") && several.contains("marriage/v1"), "{several}");
        assert!(find(Some("death")).unwrap_err().to_string().contains("there are AZ/GOV/MOH"));
        assert_eq!(find(None).unwrap(), None);
        let error = wanted.complete().unwrap_err().to_string();
        assert!(error.contains("missing: the service"), "{error}");
    }

    #[test]
    fn everything_that_is_missing_is_said_at_once() {
        let mut wanted = Wanted { asks: false, has_asked: Cell::new(false), missing: Vec::new() };
        let parse = |text: &str| text.parse::<u8>();
        assert_eq!(wanted.given_or_asked(Some(7), "--age", "Age", parse).unwrap(), Some(7));
        assert_eq!(wanted.given_or_asked(None, "--age", "Age", parse).unwrap(), None);
        wanted.note("--fin");
        assert!(wanted.complete().unwrap_err().to_string().starts_with("missing: --age, --fin "));
    }
}
