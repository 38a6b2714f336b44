//! About whom or what `query` and `bundle` ask: keys, given as options or typed.

use mohur_wire::SubjectKey;
use mohur_wire::subject::{DocumentKey, NameAndBirthDate, SubjectKind};

use crate::output::CliError;
use crate::prompt::Wanted;

/// About whom or what: one key of each kind that is asked for.
#[derive(clap::Args)]
pub(crate) struct Subject {
    /// A citizen's personal number.
    #[arg(long)]
    fin: Option<mohur_wire::Fin>,
    /// The number of a residence permit.
    #[arg(long)]
    pin: Option<mohur_wire::subject::Pin>,
    /// A document: state, type and number, e.g. AZE:P:C01234567.
    #[arg(long, value_name = "STATE:TYPE:NUMBER")]
    document: Option<String>,
    /// A vehicle's registration plate.
    #[arg(long)]
    plate: Option<mohur_wire::subject::Plate>,
    /// A vehicle identification number.
    #[arg(long)]
    vin: Option<mohur_wire::subject::Vin>,
    /// A thing by its serial number or code: a blank, a seal, a badge.
    #[arg(long)]
    serial: Option<mohur_wire::subject::SerialNumber>,
    /// A person by name and birth date, e.g. "Əliyev Vüqar:1990-05-06".
    #[arg(long, value_name = "NAME:YYYY-MM-DD")]
    person: Option<String>,
}

/// The kinds of keys that can be given, with the option for each and how it is asked for.
const KINDS: [(SubjectKind, &str, &str); 7] = [
    (SubjectKind::Fin, "--fin", "FIN, a citizen's personal number"),
    (SubjectKind::Document, "--document", "Document, STATE:TYPE:NUMBER"),
    (SubjectKind::NameAndBirthDate, "--person", "Name and birth date, NAME:YYYY-MM-DD"),
    (SubjectKind::Pin, "--pin", "Number of a residence permit"),
    (SubjectKind::Plate, "--plate", "Registration plate"),
    (SubjectKind::Vin, "--vin", "Vehicle identification number"),
    (SubjectKind::Serial, "--serial", "Serial number or code of a thing"),
];

impl Subject {
    /// The one key of a query.
    pub(crate) fn key(&self, wanted: &mut Wanted) -> Result<Option<SubjectKey>, CliError> {
        match <[SubjectKey; 1]>::try_from(self.keys()?) {
            Ok([key]) => Ok(Some(key)),
            Err(keys) if !keys.is_empty() => {
                Err(CliError::usage("a query is about one key: give one of --fin, --document and the others"))
            }
            Err(_) if wanted.asks() => {
                let whats = KINDS.map(|(_, _, what)| what.to_owned());
                let place = wanted.choose("About whom or what", &whats)?;
                let kind = KINDS.get(place).map_or(SubjectKind::Fin, |(kind, ..)| *kind);
                asked(kind, wanted)
            }
            Err(_) => {
                wanted.note("--fin or another key");
                Ok(None)
            }
        }
    }

    /// All that were given.
    pub(crate) fn keys(&self) -> Result<Vec<SubjectKey>, CliError> {
        let keys = [
            self.fin.map(SubjectKey::Fin),
            self.pin.clone().map(SubjectKey::Pin),
            self.plate.clone().map(SubjectKey::Plate),
            self.vin.clone().map(SubjectKey::Vin),
            self.serial.clone().map(SubjectKey::Serial),
            self.document.as_deref().map(document).transpose()?,
            self.person.as_deref().map(person).transpose()?,
        ];
        Ok(keys.into_iter().flatten().collect())
    }
}

/// A key of that kind, typed; without a terminal its option is noted as missing.
pub(crate) fn asked(kind: SubjectKind, wanted: &mut Wanted) -> Result<Option<SubjectKey>, CliError> {
    match KINDS.iter().find(|(known, ..)| *known == kind) {
        Some((_, option, what)) => wanted.given_or_asked(None, option, what, |text| key(kind, text)),
        None => Err(CliError::usage(format!("a key of the kind {kind} cannot be given here"))),
    }
}

fn key(kind: SubjectKind, text: &str) -> Result<SubjectKey, CliError> {
    match kind {
        SubjectKind::Fin => text.parse().map(SubjectKey::Fin).map_err(CliError::usage),
        SubjectKind::Pin => text.parse().map(SubjectKey::Pin).map_err(CliError::usage),
        SubjectKind::Plate => text.parse().map(SubjectKey::Plate).map_err(CliError::usage),
        SubjectKind::Vin => text.parse().map(SubjectKey::Vin).map_err(CliError::usage),
        SubjectKind::Serial => text.parse().map(SubjectKey::Serial).map_err(CliError::usage),
        SubjectKind::Document => document(text),
        SubjectKind::NameAndBirthDate => person(text),
        SubjectKind::Receipt | SubjectKind::Biometric | SubjectKind::Message => {
            Err(CliError::usage("no key of this kind can be typed"))
        }
    }
}

fn document(text: &str) -> Result<SubjectKey, CliError> {
    let parts: Vec<_> = text.split(':').collect();
    let [state, kind, number] = parts.as_slice() else {
        return Err(CliError::usage("--document: state, type and number, e.g. AZE:P:C01234567"));
    };
    Ok(SubjectKey::Document(DocumentKey {
        issuing_state: state.parse().map_err(CliError::usage)?,
        kind: kind.parse().map_err(CliError::usage)?,
        number: number.parse().map_err(CliError::usage)?,
    }))
}

fn person(text: &str) -> Result<SubjectKey, CliError> {
    let (name, birth_date) = text.rsplit_once(':').ok_or_else(|| CliError::usage("--person: NAME:YYYY-MM-DD"))?;
    Ok(SubjectKey::NameAndBirthDate(NameAndBirthDate {
        name: name.parse().map_err(CliError::usage)?,
        birth_date: birth_date.parse().map_err(CliError::usage)?,
    }))
}
