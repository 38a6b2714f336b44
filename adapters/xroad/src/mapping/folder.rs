//! The folder of mapping files.

use std::collections::BTreeMap;
use std::path::Path;

use http::Method;
use mohur_config::{ConfigError, ConfigErrors};

use super::file::{Mapping, Place};
use crate::identifier::{ClientId, ServiceCode};

/// All mappings, by client and service.
#[derive(Clone, Debug, Default)]
pub struct Mappings {
    all: Vec<Mapping>,
}

impl Mappings {
    /// Reads every `.toml` of a folder; every error of every file at once.
    pub fn load(folder: &Path) -> Result<Self, ConfigErrors> {
        let unreadable = |error: std::io::Error| {
            let what = format!("cannot be read: {error}");
            ConfigErrors::from(ConfigError {
                file: folder.to_owned(),
                line: 0,
                key: String::new(),
                what,
                remedy: "check the path".to_owned(),
            })
        };
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                files.push(path);
            }
        }
        files.sort();
        let (mut all, mut errors): (Vec<Mapping>, Option<ConfigErrors>) = (Vec::new(), None);
        for file in files {
            match Mapping::load(&file) {
                Ok(mapping) => all.push(mapping),
                Err(found) => errors = Some(errors.map_or(found.clone(), |errors| errors.and(found))),
            }
        }
        match errors {
            Some(errors) => Err(errors),
            None => Self::of(all),
        }
    }

    /// These mappings; two for the same messages are an error.
    pub fn of(all: Vec<Mapping>) -> Result<Self, ConfigErrors> {
        let mut seen: BTreeMap<(&ClientId, &ServiceCode, &Place), &Mapping> = BTreeMap::new();
        let mut errors = Vec::new();
        for mapping in &all {
            for client in &mapping.clients {
                if let Some(first) = seen.insert((client, &mapping.asked, &mapping.place), mapping) {
                    errors.push(ConfigError {
                        file: mapping.file.clone(),
                        line: 1,
                        key: "asked".to_owned(),
                        what: format!("is mapped for {client} in {} already", first.file.display()),
                        remedy: "remove one of the two".to_owned(),
                    });
                }
            }
        }
        match ConfigErrors::of(errors) {
            Some(errors) => Err(errors),
            None => Ok(Self { all }),
        }
    }

    /// All of them.
    pub fn all(&self) -> &[Mapping] {
        &self.all
    }

    /// The mapping of a SOAP message.
    pub fn of_soap(&self, client: &ClientId, service: &ServiceCode) -> Option<&Mapping> {
        self.between(client, service).find(|mapping| mapping.place == Place::Soap)
    }

    /// The mapping of a REST request, with the named segments of its path. Of several shapes that fit, the one with fixed
    /// segments where the others have named ones.
    pub fn of_rest(
        &self,
        client: &ClientId,
        service: &ServiceCode,
        method: &Method,
        path: &[String],
    ) -> Option<(&Mapping, BTreeMap<String, String>)> {
        let fitting =
            self.between(client, service).filter_map(|mapping| Some((mapping, mapping.place.named(method, path)?)));
        fitting.min_by(|(one, _), (other, _)| one.place.cmp(&other.place))
    }

    /// The mappings of a service, whoever asks.
    pub fn describing(&self, client: &ClientId, service: &ServiceCode) -> Option<&Mapping> {
        self.between(client, service).find(|mapping| mapping.description.is_some())
    }

    fn between(&self, client: &ClientId, service: &ServiceCode) -> impl Iterator<Item = &Mapping> {
        self.all.iter().filter(move |mapping| mapping.asked == *service && mapping.clients.contains(client))
    }
}
