//! What is wrong with a policy file, and where.

use std::fmt;

/// One problem: `file:line: what; what to do`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, as it was opened.
    pub file: String,
    /// 1-based; 0 speaks of the whole file.
    pub line: usize,
    /// What is wrong, and what to do about it.
    pub what: String,
}

impl Problem {
    /// A problem at a line.
    pub fn new(file: impl Into<String>, line: usize, what: impl Into<String>) -> Self {
        Self { file: file.into(), line, what: what.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            write!(f, "{}: {}", self.file, self.what)
        } else {
            write!(f, "{}:{}: {}", self.file, self.line, self.what)
        }
    }
}
