//! The settings of directories, the same in every configuration, and directories at HTTPS servers.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use mohur_config::Table;
use mohur_directory::{
    DirectorySettings, FolderSource, Follower, Followers, ForeignDirectory, Place, Source, SourceError,
};
use mohur_transport::{ServiceIdentity, service_client_under};
use mohur_wire::Clock;

use crate::client::BodyLimit;
use crate::{Client, ClientLimits};

/// The longest that one file may take. A file that is not known yet may be large, and a line slow.
const FILE_TIMEOUT: Duration = Duration::from_secs(30);

/// Reads `[directory]`: exactly one of `url` and `folder`, `root`, `state`, and perhaps `poll` and `grace`.
pub fn directory_settings(table: &mut Table, state: Option<PathBuf>) -> Option<DirectorySettings> {
    let place = match (table.has("url"), table.has("folder")) {
        (true, true) => {
            table.error("folder", "stands beside url", "keep the one where the directory is");
            let _both_are_read = (table.optional::<String>("url"), table.path("folder"));
            None
        }
        (true, false) => match table.required::<String>("url") {
            Some(url) if url.starts_with("https://") => Some(Place::Url(url.trim_end_matches('/').to_owned())),
            Some(_) => {
                table.error("url", "is not an https address", "write it as https://directory.example:8443");
                None
            }
            None => None,
        },
        (false, _) => table.path("folder").map(Place::Folder),
    };
    let root = table.path("root");
    let state = if table.has("state") || state.is_none() { table.path("state") } else { state };
    let (poll, grace) = (table.duration("poll"), table.duration("grace"));
    let settings = DirectorySettings::new(place?, root?, state?);
    Some(DirectorySettings { poll: poll.unwrap_or(settings.poll), grace: grace.unwrap_or(settings.grace), ..settings })
}

/// Reads `[foreign.<instance>]`, a table like `[directory]` for each. `None` if one of them is not complete.
pub fn foreign_directories(top: &mut Table) -> Option<Vec<ForeignDirectory>> {
    let Some(mut all) = top.optional_table("foreign") else { return Some(Vec::new()) };
    let read: Vec<_> = all
        .names()
        .into_iter()
        .map(|domain| {
            let mut table = all.optional_table(&domain)?;
            Some(ForeignDirectory { domain, directory: directory_settings(&mut table, None)? })
        })
        .collect();
    read.into_iter().collect()
}

/// What follows our own directory and those of other domains.
pub fn followers(home: &DirectorySettings, foreign: &[ForeignDirectory], clock: &Arc<dyn Clock>) -> Followers {
    let foreign = foreign.iter().map(|each| (each.domain.clone(), follower(&each.directory, clock)));
    Followers::new(follower(home, clock), foreign.collect())
}

/// What follows one directory, wherever that is.
pub fn follower(settings: &DirectorySettings, clock: &Arc<dyn Clock>) -> Follower {
    let source: Arc<dyn Source> = match &settings.place {
        Place::Folder(folder) => Arc::new(FolderSource::new(folder)),
        Place::Url(url) => Arc::new(HttpsSource::new(url.clone(), settings.clone(), Arc::clone(clock))),
    };
    Follower::new(settings.clone(), source)
}

/// A directory at an HTTPS server, whose certificate the PKI's root in our pinned root metadata must stand for. TLS keeps
/// others from seeing what is asked and from answering at all; what the answers are worth, their signatures say.
struct HttpsSource {
    asked: Mutex<Option<mpsc::Sender<Job>>>,
    url: String,
    settings: DirectorySettings,
    clock: Arc<dyn Clock>,
}

/// A file that is asked for, and where the answer goes.
struct Job {
    file: String,
    limit: u64,
    answer: mpsc::Sender<Result<Option<Vec<u8>>, SourceError>>,
}

impl HttpsSource {
    const fn new(url: String, settings: DirectorySettings, clock: Arc<dyn Clock>) -> Self {
        Self { asked: Mutex::new(None), url, settings, clock }
    }

    /// A thread with a runtime of its own, so that whoever asks may block, on whatever thread that is. It ends when nobody
    /// can ask any more.
    fn begin(&self) -> Result<mpsc::Sender<Job>, SourceError> {
        let failed = |error: &dyn std::fmt::Display| SourceError::Unavailable(error.to_string());
        let anchor = self.settings.anchor().map_err(|error| failed(&error))?;
        let tls = service_client_under(&anchor.pki_root, &ServiceIdentity::None, Arc::clone(&self.clock))
            .map_err(|error| failed(&error))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| failed(&error))?;
        let client = Client::service(tls, ClientLimits::default());
        let (ask, asked) = mpsc::channel::<Job>();
        let url = self.url.clone();
        let work = move || {
            for job in asked {
                let found = runtime.block_on(fetch(&client, &url, &job.file, job.limit));
                let _nobody_waits = job.answer.send(found);
            }
        };
        let named = std::thread::Builder::new().name("directory".to_owned());
        named.spawn(work).map_err(|error| failed(&error))?;
        Ok(ask)
    }

    fn thread(&self) -> Result<mpsc::Sender<Job>, SourceError> {
        let mut asked = self.asked.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if asked.is_none() {
            *asked = Some(self.begin()?);
        }
        asked.clone().ok_or_else(|| SourceError::Unavailable("no thread".to_owned()))
    }
}

impl Source for HttpsSource {
    fn fetch(&self, file: &str, limit: u64) -> Result<Option<Vec<u8>>, SourceError> {
        let (answer, answered) = mpsc::channel();
        let gone = || SourceError::Unavailable("the thread that fetches has ended".to_owned());
        self.thread()?.send(Job { file: file.to_owned(), limit, answer }).map_err(|_| gone())?;
        answered.recv().map_err(|_| gone())?
    }
}

async fn fetch(client: &Client, url: &str, file: &str, limit: u64) -> Result<Option<Vec<u8>>, SourceError> {
    let unavailable = |error: &dyn std::fmt::Display| SourceError::Unavailable(error.to_string());
    let mut request =
        http::Request::get(format!("{url}/{file}")).body(Bytes::new()).map_err(|error| unavailable(&error))?;
    request.extensions_mut().insert(BodyLimit(usize::try_from(limit).unwrap_or(usize::MAX)));
    match client.send(request, FILE_TIMEOUT).await {
        Ok(reply) if reply.response.status() == StatusCode::OK => Ok(Some(reply.response.into_body().to_vec())),
        Ok(reply) if reply.response.status() == StatusCode::NOT_FOUND => Ok(None),
        Ok(reply) => Err(unavailable(&format_args!("the server answered with status {}", reply.response.status()))),
        Err(crate::ClientError::TooLarge { .. }) => Err(SourceError::TooLarge(limit)),
        Err(error) => Err(unavailable(&error)),
    }
}

/// Where a host keeps what it remembers of its directory, unless it is told.
pub fn directory_state(state: &Path) -> PathBuf {
    state.join("directory")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<ForeignDirectory>, String> {
        mohur_config::parse(Path::new("/etc/x.toml"), text, foreign_directories).map_err(|errors| errors.to_string())
    }

    #[test]
    fn each_domain_has_a_table_of_its_own() {
        assert_eq!(read("").unwrap(), Vec::new());
        let ge =
            "[foreign.GE]\nurl = \"https://directory.ge/\"\nroot = \"GE/root.json\"\nstate = \"GE\"\ngrace = \"1h\"\n";
        let tr = "[foreign.TR]\nfolder = \"TR/d\"\nroot = \"TR/root.json\"\nstate = \"TR/s\"\n";
        let domains = read(&format!("{ge}{tr}")).unwrap();
        let [ge_read, tr_read] = &domains[..] else { panic!("two") };
        let settings = &ge_read.directory;
        assert_eq!((ge_read.domain.as_str(), &settings.place), ("GE", &Place::Url("https://directory.ge".to_owned())));
        assert_eq!((settings.grace, settings.poll), (Duration::from_secs(3600), Duration::from_secs(30)));
        assert_eq!(tr_read.directory.place, Place::Folder("/etc/TR/d".into()));
        assert_eq!(tr_read.directory.root, Path::new("/etc/TR/root.json"));
        let error = read(&format!("{tr}url = \"http://x\"\n")).unwrap_err();
        assert!(error.contains("x.toml:2: foreign.TR.folder: stands beside url"), "{error}");
        let error = read("[foreign.TR]\nurl = \"http://x\"\nfile = \"d\"\n").unwrap_err();
        for expected in
            ["x.toml:3: foreign.TR.file:", "foreign.TR.root", "foreign.TR.state", "x.toml:2: foreign.TR.url"]
        {
            assert!(error.contains(expected), "{expected} in {error}");
        }
    }
}
