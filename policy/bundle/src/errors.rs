//! Everything that is wrong with policy files.

use std::fmt;
use std::path::Path;

use mohur_config::ConfigErrors;
use mohur_policy::Problem;

/// Every problem, in the order of files and lines. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct PolicyErrors(Vec<Problem>);

impl PolicyErrors {
    /// The problems.
    pub fn as_slice(&self) -> &[Problem] {
        &self.0
    }

    /// The value, unless something is wrong.
    pub(crate) fn or<T>(value: Option<T>, mut problems: Vec<Problem>, path: &Path) -> Result<T, Self> {
        problems.sort();
        problems.dedup();
        match value {
            Some(value) if problems.is_empty() => Ok(value),
            None if problems.is_empty() => {
                Err(Self(vec![whole(path, "cannot be loaded; compare it with docs/policy.md")]))
            }
            _ => Err(Self(problems)),
        }
    }
}

impl From<Vec<Problem>> for PolicyErrors {
    fn from(problems: Vec<Problem>) -> Self {
        Self(problems)
    }
}

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

/// A problem with a whole file or folder.
pub(crate) fn whole(path: &Path, what: impl Into<String>) -> Problem {
    Problem::new(path.display().to_string(), 0, what)
}

/// The reader's errors as problems.
pub(crate) fn problems_of(errors: &ConfigErrors) -> Vec<Problem> {
    let problem = |error: &mohur_config::ConfigError| {
        let mut what = if error.key.is_empty() { String::new() } else { format!("{}: ", error.key) };
        what.push_str(&error.what);
        if !error.remedy.is_empty() {
            what.push_str("; ");
            what.push_str(&error.remedy);
        }
        Problem::new(error.file.display().to_string(), error.line, what)
    };
    errors.as_slice().iter().map(problem).collect()
}
