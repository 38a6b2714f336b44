//! Characters: text, attribute values, references, and the three things that begin with `<!` or `<?` and have an end of
//! their own. Line ends become one line feed (XML 1.0, section 2.11), white space in attribute values becomes a space
//! (section 3.3.3).

use super::{Parsed, Parser, Wrong, small};
use crate::xml::XmlProblem;
use crate::xml::characters::{self, RAW, TEXT, VALUE};
use crate::xml::tree::{Content, Span, Value};

/// A value under way: it stays a piece of the source until something has to be written differently.
struct Run {
    /// Where the value begins in the source.
    start: usize,
    /// Where what is not copied yet begins.
    pending: usize,
    /// Where the value begins in the buffer of decoded ones.
    decoded: Option<usize>,
}

impl Run {
    fn new(start: usize) -> Self {
        Self { start, pending: start, decoded: None }
    }
}

impl Parser<'_> {
    /// `CharData` and references up to the next tag.
    pub(super) fn characters(&mut self) -> Parsed<()> {
        let mut run = Run::new(self.at);
        loop {
            self.skip_until(TEXT);
            match self.peek() {
                None => return Err(self.malformed("an element is not closed")),
                Some(b'<') => break,
                Some(b'&') => self.reference(&mut run)?,
                Some(b'\r') => self.line_end(&mut run, "\n"),
                Some(b']') if self.follows("]]>") => return Err(self.malformed("]]> stands in text")),
                Some(_) => self.character()?,
            }
        }
        let value = self.finish(&run);
        self.keep(Content::Text(value));
        Ok(())
    }

    /// `AttValue`.
    pub(super) fn attribute_value(&mut self) -> Parsed<Value> {
        let quote = self.quote()?;
        let mut run = Run::new(self.at);
        loop {
            self.skip_until(VALUE);
            match self.peek() {
                None | Some(b'<') => return Err(self.malformed("a value is not closed, or has < in it")),
                Some(octet) if octet == quote => break,
                Some(b'&') => self.reference(&mut run)?,
                Some(b'\r') => self.line_end(&mut run, " "),
                Some(b'\t' | b'\n') => self.replace(&mut run, 1, " "),
                Some(_) => self.character()?,
            }
        }
        let value = self.finish(&run);
        self.at += 1;
        Ok(value)
    }

    pub(super) fn cdata(&mut self) -> Parsed<()> {
        self.count()?;
        self.at += "<![CDATA[".len();
        let value = self.raw_until("]]>", "a CDATA section is not closed")?;
        if !self.document.value(value).is_empty() {
            self.keep(Content::Text(value));
        }
        Ok(())
    }

    pub(super) fn comment(&mut self) -> Parsed<()> {
        self.count()?;
        self.at += "<!--".len();
        self.raw_until("--", "a comment is not closed")?;
        self.expect(">", "-- stands in a comment")?;
        self.keep(Content::Comment);
        Ok(())
    }

    pub(super) fn instruction(&mut self) -> Parsed<()> {
        self.count()?;
        self.at += "<?".len();
        let start = self.at;
        self.ncname()?;
        let target = Span { start: small(start), end: small(self.at) };
        let name = self.document.source(target);
        if name.len() > self.document.limits.name {
            return Err(Wrong { at: start, problem: XmlProblem::NameTooLong });
        }
        if name.eq_ignore_ascii_case("xml") {
            return Err(self.malformed("an XML declaration stands at the very beginning only"));
        }
        if !self.skip_space() && !self.follows("?>") {
            return Err(self.malformed("the target of a processing instruction is no name"));
        }
        let data = self.raw_until("?>", "a processing instruction is not closed")?;
        self.keep(Content::Instruction { target, data });
        Ok(())
    }

    /// Everything up to a token, which is consumed.
    fn raw_until(&mut self, token: &str, otherwise: &'static str) -> Parsed<Value> {
        let mut run = Run::new(self.at);
        loop {
            self.skip_until(RAW);
            match self.peek() {
                None => return Err(self.malformed(otherwise)),
                Some(_) if self.follows(token) => break,
                Some(b'\r') => self.line_end(&mut run, "\n"),
                Some(_) => self.character()?,
            }
        }
        let value = self.finish(&run);
        self.at += token.len();
        Ok(value)
    }

    /// One character that may be none.
    fn character(&mut self) -> Parsed<()> {
        match self.rest().chars().next() {
            Some(character) if characters::is_allowed(character) => {
                self.at += character.len_utf8();
                Ok(())
            }
            _ => Err(self.wrong(XmlProblem::Character)),
        }
    }

    /// `&…;`: one of the five entities, or a character by its number.
    fn reference(&mut self, run: &mut Run) -> Parsed<()> {
        let body = self.rest().get(1..).unwrap_or_default();
        let length = body.bytes().take_while(|octet| octet.is_ascii_alphanumeric() || *octet == b'#').count();
        let name = body.get(..length).unwrap_or_default();
        let character = match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => self.numbered_character(name)?,
        };
        if body.as_bytes().get(length) != Some(&b';') {
            return Err(self.malformed("& begins no reference"));
        }
        self.replace(run, length + "&;".len(), character.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    fn numbered_character(&self, name: &str) -> Parsed<char> {
        let Some(number) = name.strip_prefix('#') else {
            return Err(if name.is_empty() {
                self.malformed("& begins no reference")
            } else {
                self.wrong(XmlProblem::Entity)
            });
        };
        let (digits, radix) = number.strip_prefix('x').map_or((number, 10), |digits| (digits, 16));
        if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
            return Err(self.malformed("a character reference is no number"));
        }
        let number = u32::from_str_radix(digits, radix).ok();
        let character = number.and_then(char::from_u32).filter(|character| characters::is_allowed(*character));
        character.ok_or_else(|| self.wrong(XmlProblem::Character))
    }

    /// A carriage return, with the line feed after it if there is one.
    fn line_end(&mut self, run: &mut Run, with: &str) {
        let length = if self.follows("\r\n") { 2 } else { 1 };
        self.replace(run, length, with);
    }

    /// Writes so many octets of the source differently.
    fn replace(&mut self, run: &mut Run, octets: usize, with: &str) {
        let decoded = &mut self.document.decoded;
        run.decoded.get_or_insert(decoded.len());
        decoded.push_str(self.text.get(run.pending..self.at).unwrap_or_default());
        decoded.push_str(with);
        self.at += octets;
        run.pending = self.at;
    }

    /// The value that ends here.
    fn finish(&mut self, run: &Run) -> Value {
        let Some(start) = run.decoded else {
            return Value::Source(Span { start: small(run.start), end: small(self.at) });
        };
        let decoded = &mut self.document.decoded;
        decoded.push_str(self.text.get(run.pending..self.at).unwrap_or_default());
        Value::Decoded(Span { start: small(start), end: small(decoded.len()) })
    }

    /// Skips what is in none of these classes.
    #[inline]
    fn skip_until(&mut self, classes: u8) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at += characters::run(rest, characters::may_stop, |octet| characters::is(octet, classes));
    }
}
