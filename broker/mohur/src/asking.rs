//! What `query` and `bundle` share: who asks, what values look like, and how an error ends the command.

use std::path::PathBuf;
use std::sync::Arc;

use mohur_client::{AskError, Caller, Config};
use mohur_http::SystemClock;
use mohur_wire::{CaseReference, FieldName, MemberId, MessageId, Official, Predicate, Value};

use crate::output::{CliError, Exit};
use crate::prompt::Wanted;

/// Who asks, for which case.
#[derive(clap::Args)]
pub(crate) struct Asker {
    /// The caller's configuration file; docs/samples/client.toml shows every setting.
    #[arg(long, default_value = "client.toml")]
    config: PathBuf,
    /// The case that the question belongs to.
    #[arg(long)]
    case: Option<CaseReference>,
    /// The official who acts. Without it: the name of the user who is logged in.
    #[arg(long)]
    official: Option<Official>,
    /// The body that you act for, if not for yourself.
    #[arg(long)]
    pub(crate) on_behalf_of: Option<MemberId>,
}

impl Asker {
    /// Reads the configuration, the keys and the directory.
    pub(crate) fn caller(&self) -> Result<Caller, CliError> {
        let config = Config::load(&self.config).map_err(CliError::usage)?;
        config.caller(Arc::new(SystemClock)).map_err(failed)
    }

    /// The official who acts.
    pub(crate) fn official(&self, wanted: &mut Wanted) -> Result<Option<Official>, CliError> {
        let user = || std::env::var("USER").ok().and_then(|user| user.parse().ok());
        let given = self.official.clone().or_else(user);
        wanted.given_or_asked(given, "--official", "The official or the terminal that acts", str::parse)
    }

    /// The case. One may leave it out: it is asked for only where something else had to be asked.
    pub(crate) fn case(&self, wanted: &Wanted) -> Result<Option<CaseReference>, CliError> {
        if self.case.is_some() || !wanted.has_asked() {
            return Ok(self.case.clone());
        }
        wanted.ask("Case (Enter for none)", |text| match text {
            "" => Ok(None),
            text => text.parse().map(Some),
        })
    }
}

/// `field=value`: true and false are flags, whole numbers are numbers, the rest is text; quotes keep a text a text.
pub(crate) fn assignment(text: &str) -> Result<(FieldName, Value), String> {
    let (name, value) = text.split_once('=').ok_or("expected field=value")?;
    let name = name.parse().map_err(|error| format!("{error}"))?;
    Ok((name, self::value(value)))
}

/// The value that a text looks like.
pub(crate) fn value(text: &str) -> Value {
    if let Some(quoted) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        return Value::text(quoted);
    }
    match (text, text.parse()) {
        ("true", _) => Value::Flag(true),
        ("false", _) => Value::Flag(false),
        (_, Ok(number)) => Value::Number(number),
        (_, Err(_)) => Value::text(text),
    }
}

/// `field>=18`, `field<=65` or `field=A|B`.
pub(crate) fn predicate(text: &str) -> Result<(FieldName, Predicate), String> {
    let number = |text: &str| text.parse().map_err(|_| format!("`{text}` is not a whole number"));
    let name = |text: &str| text.parse().map_err(|error| format!("{error}"));
    if let Some((field, bound)) = text.split_once(">=") {
        return Ok((name(field)?, Predicate::AtLeast(number(bound)?)));
    }
    if let Some((field, bound)) = text.split_once("<=") {
        return Ok((name(field)?, Predicate::AtMost(number(bound)?)));
    }
    let (field, choices) = text.split_once('=').ok_or("expected field>=n, field<=n or field=a|b")?;
    Ok((name(field)?, Predicate::OneOf(choices.split('|').map(value).collect())))
}

/// How an error of the client ends a command that changes a register: whether it did, nobody knows if no answer came.
pub(crate) fn failed_under(key: &MessageId, error: AskError) -> CliError {
    let advice = match &error {
        AskError::Unreachable(_) | AskError::Unverified(_) => {
            Some(format!("ask again with --key {key}: what was done is then not done a second time"))
        }
        AskError::Refused(_) | AskError::Question(_) | AskError::Setup(_) => None,
    };
    match advice {
        Some(advice) => failed(error).with(advice),
        None => failed(error),
    }
}

/// How an error of the client ends the command.
pub(crate) fn failed(error: AskError) -> CliError {
    let exit = match &error {
        AskError::Unreachable(_) => Exit::Unreachable,
        AskError::Refused(_) => Exit::Negative,
        AskError::Unverified(_) => Exit::Unverified,
        AskError::Question(_) | AskError::Setup(_) => Exit::Usage,
    };
    match &error {
        AskError::Refused(refused) => {
            let problem = &refused.problem;
            let logged = refused.receipt.as_ref().map_or_else(
                || "not logged".to_owned(),
                |receipt| format!("entry {} of the log proves it", receipt.index()),
            );
            let text = format!(
                "refused: {}\n  {}\n  {}\n  {}\n  {logged}; see {}",
                problem.code, problem.title, problem.title_az, problem.detail, problem.kind
            );
            CliError::new(exit, text)
        }
        AskError::Unreachable(_) | AskError::Unverified(_) | AskError::Question(_) | AskError::Setup(_) => {
            CliError::new(exit, error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_type_that_they_look_like_unless_quoted() {
        assert_eq!(assignment("height=180").unwrap().1, Value::Number(180));
        assert_eq!(assignment("height=\"180\"").unwrap().1, Value::text("180"));
        assert_eq!(assignment("alive=true").unwrap().1, Value::Flag(true));
        assert_eq!(assignment("birthDate=1990-05-06").unwrap().1, Value::text("1990-05-06"));
        assert!(assignment("height").is_err());
    }

    #[test]
    fn predicates_are_bounds_or_choices() {
        assert_eq!(predicate("age>=18").unwrap().1, Predicate::AtLeast(18));
        assert_eq!(predicate("age<=65").unwrap().1, Predicate::AtMost(65));
        assert_eq!(predicate("sex=M|F").unwrap().1, Predicate::OneOf(vec![Value::text("M"), Value::text("F")]));
        assert!(predicate("age>=x").is_err() && predicate("age").is_err());
    }
}
