//! A statement of a mapping file: SQL with named parameters, `:subject`, `:value.address`.
//!
//! It is read once, when the file is loaded, by the lexical rules of PostgreSQL (manual, section 4.1): a colon within a string,
//! a quoted name or a comment is no parameter, and neither is `::`. What is sent has `$1`, `$2` in their place; a query's words
//! travel beside it and are never part of it.

use mohur_mapping::{Parameter, SubjectKind};

/// A statement, ready to be prepared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    /// The SQL, with `$1` and so on.
    pub(crate) sql: String,
    /// What stands for each.
    pub(crate) parameters: Vec<Parameter>,
}

/// What is wrong with a statement, and in which of its lines.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) what: String,
    pub(crate) line: usize,
}

impl Statement {
    /// Reads a statement about that kind of subject.
    pub(crate) fn parse(text: &str, kind: SubjectKind) -> Result<Self, Wrong> {
        Self::read(text, kind, Parameter::parse)
    }

    /// The same of a change, which has a `:key`.
    pub(crate) fn parse_of_change(text: &str, kind: SubjectKind) -> Result<Self, Wrong> {
        Self::read(text, kind, Parameter::parse_of_change)
    }

    fn read(text: &str, kind: SubjectKind, named: Named) -> Result<Self, Wrong> {
        let mut reader = Reader { text, at: 0, kind, named, sql: String::new(), parameters: Vec::new(), depth: 0 };
        reader.read()?;
        Ok(Self { sql: reader.sql, parameters: reader.parameters })
    }
}

/// Which parameter has that name.
type Named = fn(&str, SubjectKind) -> Result<Parameter, String>;

struct Reader<'a> {
    text: &'a str,
    at: usize,
    kind: SubjectKind,
    named: Named,
    sql: String,
    parameters: Vec<Parameter>,
    depth: u32,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn wrong(&self, what: impl Into<String>) -> Wrong {
        let before = self.text.get(..self.at).unwrap_or_default();
        Wrong { what: what.into(), line: before.matches('\n').count() + 1 }
    }

    /// Takes so many bytes over as they are.
    fn keep(&mut self, bytes: usize) {
        self.sql.push_str(self.rest().get(..bytes).unwrap_or_default());
        self.at += bytes;
    }

    fn read(&mut self) -> Result<(), Wrong> {
        while let Some(next) = self.rest().chars().next() {
            let rest = self.rest();
            if rest.starts_with("::") || rest.starts_with(":=") {
                self.keep(2);
            } else if rest.starts_with("--") {
                self.keep(rest.find('\n').unwrap_or(rest.len()));
            } else if rest.starts_with("/*") {
                self.comment()?;
            } else if let Some(name) = rest.strip_prefix(':').and_then(name_at) {
                self.parameter(name)?;
            } else if next.is_alphabetic() || next == '_' {
                self.word()?;
            } else {
                self.sign(next)?;
            }
        }
        if self.depth > 0 { Err(self.wrong("a bracket is not closed")) } else { Ok(()) }
    }

    fn sign(&mut self, next: char) -> Result<(), Wrong> {
        match next {
            '\'' => return self.quoted('\'', false),
            '"' => return self.quoted('"', false),
            '$' => return self.dollar(),
            ';' => return Err(self.wrong("`;` ends it: a service has one statement, without `;`")),
            '(' => self.depth = self.depth.saturating_add(1),
            ')' => {
                self.depth =
                    self.depth.checked_sub(1).ok_or_else(|| self.wrong("a bracket is closed that was not opened"))?;
            }
            _ => {}
        }
        self.keep(next.len_utf8());
        Ok(())
    }

    /// A keyword or name; `e'…'` is a string in which a backslash escapes.
    fn word(&mut self) -> Result<(), Wrong> {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(rest.len());
        let escapes = rest.get(..end).is_some_and(|word| word.eq_ignore_ascii_case("e"));
        self.keep(end);
        if escapes && self.rest().starts_with('\'') { self.quoted('\'', true) } else { Ok(()) }
    }

    /// A string or a quoted name; a doubled quote stands for one within.
    fn quoted(&mut self, quote: char, escapes: bool) -> Result<(), Wrong> {
        let open = self.wrong(format!("a {quote} is not closed"));
        let mut characters = self.rest().char_indices().skip(1).peekable();
        while let Some((at, character)) = characters.next() {
            if character == '\\' && escapes {
                characters.next();
            } else if character == quote && characters.next_if(|(_, next)| *next == quote).is_none() {
                self.keep(at + 1);
                return Ok(());
            }
        }
        Err(open)
    }

    /// `$tag$ … $tag$`. A numbered parameter would not say what it stands for.
    fn dollar(&mut self) -> Result<(), Wrong> {
        let rest = self.rest();
        let tag = rest.get(1..).and_then(|after| after.find('$').and_then(|end| rest.get(..end + 2)));
        let tag = tag.filter(|tag| {
            let name = tag.trim_matches('$');
            !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(|c| c.is_alphanumeric() || c == '_')
        });
        let Some(tag) = tag else {
            return Err(self.wrong("`$` stands alone: a parameter has a name, e.g. :subject"));
        };
        let close = rest.get(tag.len()..).and_then(|body| body.find(tag));
        let close = close.ok_or_else(|| self.wrong(format!("a {tag} is not closed")))?;
        self.keep(close + 2 * tag.len());
        Ok(())
    }

    /// `/* … */`, which nests (manual, section 4.1.5).
    fn comment(&mut self) -> Result<(), Wrong> {
        let (rest, mut depth, mut at) = (self.rest(), 0_u32, 0);
        while let Some(ahead) = rest.get(at..).filter(|ahead| !ahead.is_empty()) {
            if ahead.starts_with("/*") {
                (depth, at) = (depth.saturating_add(1), at + 2);
            } else if ahead.starts_with("*/") {
                (depth, at) = (depth.saturating_sub(1), at + 2);
            } else {
                at += ahead.chars().next().map_or(1, char::len_utf8);
            }
            if depth == 0 {
                self.keep(at);
                return Ok(());
            }
        }
        Err(self.wrong("a comment is not closed"))
    }

    fn parameter(&mut self, name: &str) -> Result<(), Wrong> {
        let parameter = (self.named)(name, self.kind).map_err(|what| self.wrong(format!(":{what}")))?;
        let number = self.parameters.iter().position(|known| *known == parameter).unwrap_or_else(|| {
            self.parameters.push(parameter);
            self.parameters.len() - 1
        });
        self.sql.push_str(&format!("${}", number + 1));
        self.at += 1 + name.len();
        Ok(())
    }
}

/// The name of a parameter that the text begins with: `subject`, `subject.number`, `value.address`.
fn name_at(text: &str) -> Option<&str> {
    let word = |text: &str| {
        let first = text.starts_with(|c: char| c.is_ascii_alphabetic());
        first.then(|| text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len()))
    };
    let end = word(text)?;
    let part = text.get(end..).and_then(|rest| rest.strip_prefix('.')).and_then(word);
    text.get(..part.map_or(end, |part| end + 1 + part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Statement, Wrong> {
        Statement::parse(text, SubjectKind::Document)
    }

    #[test]
    fn a_parameter_is_numbered_once_and_nothing_else_is_one() {
        let text = "select a::text, ':subject.number', \":subject.type\", e'\\':subject.type', $q$:subject.type$q$ \
                    /* :subject.type /* nested */ :id */ from t -- :subject.type\n\
                    where n = :subject.number and t=:subject.type and m <> :subject.number and c[1] is null \
                    and d <= :today";
        let statement = parse(text).unwrap();
        assert!(statement.sql.ends_with("where n = $1 and t=$2 and m <> $1 and c[1] is null and d <= $3"));
        assert!(statement.sql.contains("a::text, ':subject.number', \":subject.type\""));
        assert_eq!(statement.parameters.len(), 3);
        assert_eq!(parse("select 'it''s', :id").unwrap().sql, "select 'it''s', $1");
    }

    #[test]
    fn what_is_not_one_statement_is_refused_with_its_line() {
        for (text, line, what) in [
            ("select 1;\ndrop table t", 1, "one statement"),
            ("select\n(1", 2, "not closed"),
            ("select 1) as answer, (select 2", 1, "not opened"),
            ("select\n\n'open", 3, "a ' is not closed"),
            ("select \"open", 1, "a \" is not closed"),
            ("select /* /* */", 1, "comment"),
            ("select $1", 1, "stands alone"),
            ("select $a$ b", 1, "not closed"),
            ("select\n:password", 2, "is not known"),
            ("select :subject", 1, "no part of this kind of subject"),
            ("select :value.A-b", 1, "does not name a field"),
        ] {
            let wrong = parse(text).unwrap_err();
            assert_eq!(wrong.line, line, "{text}");
            assert!(wrong.what.contains(what), "{text}: {}", wrong.what);
        }
    }
}
