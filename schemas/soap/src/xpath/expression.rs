//! Reads expressions; see the grammar above.

use super::{Last, Name, Operand, Predicate, Step, XPath, XPathError};
use crate::xml::characters::{continues_name, starts_name};

/// Characters of one expression, and so of its steps.
const MOST_CHARACTERS: usize = 1024;

pub(super) fn parse(expression: &str, namespaces: &[(&str, &str)]) -> Result<XPath, XPathError> {
    let mut reader = Reader { expression, rest: expression, namespaces };
    if expression.len() > MOST_CHARACTERS {
        return Err(reader.wrong("an expression may have 1024 characters"));
    }
    let path = reader.path()?;
    reader.space();
    if reader.rest.is_empty() { Ok(path) } else { Err(reader.wrong("expected /, [ or the end")) }
}

struct Reader<'e> {
    expression: &'e str,
    rest: &'e str,
    namespaces: &'e [(&'e str, &'e str)],
}

impl<'e> Reader<'e> {
    fn path(&mut self) -> Result<XPath, XPathError> {
        let mut slashes = self.slashes();
        let is_absolute = slashes.is_some();
        if !is_absolute && self.takes(".") {
            slashes = self.slashes();
            if slashes.is_none() {
                return Ok(XPath { is_absolute, steps: Vec::new(), last: Last::Element });
            }
        }
        let mut steps = Vec::new();
        loop {
            let is_deep = slashes == Some("//");
            if let Some(last) = self.last()? {
                if is_deep {
                    // `//@a` is `//*/@a`: all that has attributes or text is an element.
                    let name = Name { namespace: None, local: None };
                    steps.push(Step { is_deep, name, predicates: Vec::new() });
                } else if is_absolute && steps.is_empty() {
                    return Err(self.wrong("expected the name of an element"));
                }
                return Ok(XPath { is_absolute, steps, last });
            }
            let name = self.name()?;
            let mut predicates = Vec::new();
            while self.takes("[") {
                predicates.push(self.predicate()?);
                self.expect("]", "expected ]")?;
            }
            steps.push(Step { is_deep, name, predicates });
            slashes = self.slashes();
            if slashes.is_none() {
                return Ok(XPath { is_absolute, steps, last: Last::Element });
            }
        }
    }

    /// `@name` or `text()`, if that is what follows.
    fn last(&mut self) -> Result<Option<Last>, XPathError> {
        if self.takes("@") {
            return Ok(Some(Last::Attribute(self.name()?)));
        }
        Ok(self.takes_call("text")?.then_some(Last::Text))
    }

    fn predicate(&mut self) -> Result<Predicate, XPathError> {
        self.space();
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        if let Some((number, rest)) = self.rest.split_at_checked(digits)
            && !number.is_empty()
        {
            let position = number.parse().ok().filter(|position| *position > 0);
            let position = position.ok_or_else(|| self.wrong("expected a position from 1"))?;
            self.rest = rest;
            return Ok(Predicate::Position(position));
        }
        if self.takes_call("last")? {
            return Ok(Predicate::Final);
        }
        if self.opens_call("not") {
            let operand = self.operand()?;
            self.expect(")", "expected )")?;
            return Ok(Predicate::Lacks(operand));
        }
        let operand = self.operand()?;
        if self.takes("!=") {
            Ok(Predicate::Differs(operand, self.literal()?))
        } else if self.takes("=") {
            Ok(Predicate::Equals(operand, self.literal()?))
        } else {
            Ok(Predicate::Exists(operand))
        }
    }

    fn operand(&mut self) -> Result<Operand, XPathError> {
        if self.takes_call("local-name")? {
            return Ok(Operand::LocalName);
        }
        if self.takes(".") {
            return Ok(Operand::Path(Vec::new(), Last::Element));
        }
        let mut names = Vec::new();
        loop {
            if let Some(last) = self.last()? {
                return Ok(Operand::Path(names, last));
            }
            names.push(self.name()?);
            match self.slashes() {
                None => return Ok(Operand::Path(names, Last::Element)),
                Some("/") => {}
                Some(_) => return Err(self.wrong("// cannot stand in a predicate")),
            }
        }
    }

    fn literal(&mut self) -> Result<String, XPathError> {
        self.space();
        for quote in ['"', '\''] {
            if let Some((text, rest)) = self.rest.strip_prefix(quote).and_then(|rest| rest.split_once(quote)) {
                self.rest = rest;
                return Ok(text.to_owned());
            }
        }
        Err(self.wrong("expected a text in quotes"))
    }

    fn name(&mut self) -> Result<Name, XPathError> {
        if self.takes("*") {
            return Ok(Name { namespace: None, local: None });
        }
        let at = self.position();
        let first = self.ncname()?;
        // No space may stand in a qualified name.
        let Some(after) = self.rest.strip_prefix(':') else {
            return Ok(Name { namespace: Some(String::new()), local: Some(first.to_owned()) });
        };
        let bound = self.namespaces.iter().find(|(prefix, _)| *prefix == first);
        let uri = if first == "xml" { Some(crate::ns::XML) } else { bound.map(|(_, uri)| *uri) };
        let namespace = Some(uri.ok_or(XPathError::Prefix { at })?.to_owned());
        self.rest = after;
        if let Some(after) = self.rest.strip_prefix('*') {
            self.rest = after;
            return Ok(Name { namespace, local: None });
        }
        Ok(Name { namespace, local: Some(self.ncname()?.to_owned()) })
    }

    fn ncname(&mut self) -> Result<&'e str, XPathError> {
        if !self.rest.starts_with(starts_name) {
            return Err(self.wrong("expected a name, * , @ or text()"));
        }
        let end = self.rest.find(|character| !continues_name(character)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        if rest.starts_with('(') || rest.starts_with("::") {
            return Err(
                self.wrong("functions and axes other than text(), last(), not() and local-name() are not supported")
            );
        }
        Ok(name)
    }

    /// `name()`, if that is what follows.
    fn takes_call(&mut self, name: &str) -> Result<bool, XPathError> {
        if !self.opens_call(name) {
            return Ok(false);
        }
        self.expect(")", "expected )")?;
        Ok(true)
    }

    /// `name(`, if that is what follows.
    fn opens_call(&mut self, name: &str) -> bool {
        self.space();
        let Some(after) = self.rest.strip_prefix(name).and_then(|after| after.trim_start().strip_prefix('(')) else {
            return false;
        };
        self.rest = after;
        true
    }

    fn slashes(&mut self) -> Option<&'static str> {
        ["//", "/"].into_iter().find(|slashes| self.takes(slashes))
    }

    fn takes(&mut self, token: &str) -> bool {
        self.space();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &str, why: &'static str) -> Result<(), XPathError> {
        if self.takes(token) { Ok(()) } else { Err(self.wrong(why)) }
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
    }

    /// The character that is next, from 1.
    fn position(&self) -> usize {
        self.expression.chars().count() - self.rest.chars().count() + 1
    }

    fn wrong(&self, why: &'static str) -> XPathError {
        XPathError::Expression { at: self.position(), why }
    }
}
