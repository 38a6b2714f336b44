//! Writes a country down: a file of each table, the list of contradictions, and what it was made from.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::district::{self, District};
use crate::records::{self, contradictions};
use crate::table::{Sheets, Table};

/// Where the contradictions are listed.
const CONTRADICTIONS: &str = "contradictions.json";
/// What the country was made from; the reference registers make the same one from it.
const COUNTRY: &str = "country.json";

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The seed.
    pub seed: u64,
    /// How many people with a FIN there are.
    pub people: u32,
    /// The rows of each table.
    pub rows: std::collections::BTreeMap<&'static str, u64>,
    /// How many contradictions there are, all of them listed.
    pub contradictions: u64,
}

/// Why a country was not written.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// There is something already.
    #[error("{} is there already; choose a folder that does not exist, or an empty one", .0.display())]
    Taken(PathBuf),
    /// A file cannot be written.
    #[error("{} cannot be written: {source}", .file.display())]
    File {
        /// Which one.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl SeedError {
    fn file(file: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::File { file: file.to_owned(), source }
    }
}

/// Writes the country of that seed into a folder that is empty or not there: `<table>.csv` for every [`Table`],
/// `contradictions.json` and `country.json`. One district is in memory at a time. `progress` is told after each how many
/// people are written.
pub fn seed(folder: &Path, seed: u64, people: u32, progress: &mut dyn FnMut(u32)) -> Result<Summary, SeedError> {
    std::fs::create_dir_all(folder).map_err(SeedError::file(folder))?;
    let mut entries = std::fs::read_dir(folder).map_err(SeedError::file(folder))?;
    if entries.next().is_some() {
        return Err(SeedError::Taken(folder.to_owned()));
    }
    let mut files: Vec<Out> = Table::ALL.iter().map(|table| Out::table(folder, *table)).collect::<Result<_, _>>()?;
    let mut list = Out::create(folder.join(CONTRADICTIONS))?;
    let mut summary = Summary { seed, people, rows: Default::default(), contradictions: 0 };
    let mut written = 0;
    for (number, size) in district::sizes(people) {
        let district = District::make(seed, number, size);
        let mut sheets = Sheets::new();
        records::write(&district, &mut sheets);
        for ((table, sheet), file) in sheets.into_tables().zip(&mut files) {
            file.write(&sheet.text)?;
            *summary.rows.entry(table.name()).or_default() += sheet.rows;
        }
        for contradiction in contradictions::of(&district) {
            let before = if summary.contradictions == 0 { "[\n" } else { ",\n" };
            list.write(&format!("{before}{}", serde_json::to_string(&contradiction).unwrap_or_default()))?;
            summary.contradictions += 1;
        }
        written += u32::try_from(size).unwrap_or_default();
        progress(written);
    }
    list.write(if summary.contradictions == 0 { "[]\n" } else { "\n]\n" })?;
    files.push(list);
    let mut country = Out::create(folder.join(COUNTRY))?;
    country.write(&format!("{}\n", serde_json::to_string_pretty(&summary).unwrap_or_default()))?;
    files.push(country);
    files.into_iter().try_for_each(Out::finish)?;
    Ok(summary)
}

/// A file on its way.
struct Out {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Out {
    fn create(path: PathBuf) -> Result<Self, SeedError> {
        let file = File::create_new(&path).map_err(SeedError::file(&path))?;
        Ok(Self { file: BufWriter::new(file), path })
    }

    fn table(folder: &Path, table: Table) -> Result<Self, SeedError> {
        let mut out = Self::create(folder.join(format!("{}.csv", table.name())))?;
        out.write(&format!("{}\n", table.columns().join(",")))?;
        Ok(out)
    }

    fn write(&mut self, text: &str) -> Result<(), SeedError> {
        self.file.write_all(text.as_bytes()).map_err(SeedError::file(&self.path))
    }

    fn finish(mut self) -> Result<(), SeedError> {
        self.file.flush().map_err(SeedError::file(&self.path))
    }
}

#[cfg(test)]
mod tests;
