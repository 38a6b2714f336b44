//! A nation with an office whose systems are X-Road clients, and an agency whose systems are X-Road providers.

mod files;

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use mohur_authority::Issue;
use mohur_directory::{HostEntry, MemberEntry, SealEntry, ServiceEntry};
use mohur_federation::{Federation, Founded};
use mohur_host::{Host, HostConfig, RunningHost};
use mohur_seal::{KeyKind, Passphrase};
use mohur_wire::{Clock, Verb};
use mohur_xroad::client::RunningDoor;
use mohur_xroad::{Config, Door};
use serde_json::{Value, json};

pub(crate) const CLIENT: &str = "AZ/GOV/MIA/id-cards";
pub(crate) const OWNER: &str = "AZ/GOV/PPL/people";
const SERVICES: [&str; 8] =
    ["getPerson", "findPerson", "getPersonWhole", "keepDocument", "person", "search", "getWsdl", "getOpenAPI"];

/// How the inside legs are protected.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    None,
    Server,
    Mutual,
}

/// Everything that runs.
pub(crate) struct Stage {
    pub(crate) federation: Federation,
    _host: RunningHost,
    _provider: Provider,
    door: RunningDoor,
    mode: Mode,
}

/// The provider's process.
struct Provider(Child);

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The environment of the X-Road clients; a notice where there is none. The test command makes it.
pub(crate) fn python() -> Option<PathBuf> {
    let demanded = std::env::var_os("MOHUR_VENV_XROAD").map(PathBuf::from);
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let python = demanded.clone().unwrap_or_else(|| root.join(".venv-xroad")).join("bin/python");
    if python.exists() {
        return Some(python);
    }
    assert!(demanded.is_none(), "MOHUR_VENV_XROAD has no python: run integration-tests/all");
    eprintln!("skipped: there is no .venv-xroad; integration-tests/all makes it");
    None
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python").join(name)
}

impl Stage {
    /// Founds the nation, adds the agency, and starts provider, host and door.
    pub(crate) async fn set(python: &Path, mode: Mode) -> Self {
        let mut founded = Founded::new();
        let listen = add_owner(&mut founded);
        let federation = founded.start().await;
        let path = |name: &str| federation.nation.path(name);
        for name in ["door", "client", "provider", "adapter"] {
            files::certificate(&path("inside"), name);
        }
        let (provider, port) = start_provider(python, &federation, mode);
        files::write_host(&federation, &listen, port, mode);
        let (config, address) = HostConfig::load(&path("hosts/people/host.toml")).unwrap();
        let registry = mohur::adapters::open(&address, &config).await.unwrap();
        let clock: Arc<dyn Clock> = Arc::<mohur_federation::MovableClock>::clone(&federation.clock);
        let host = Host::start(config, registry, Arc::clone(&clock)).await.unwrap();
        files::write_door(&federation, mode);
        let config = Config::load(&path("callers/passport-office/xroad.toml")).unwrap();
        let settings = config.client.clone().unwrap();
        let door = Door::start(&config, settings, clock).await.unwrap();
        Self { federation, _host: host, _provider: provider, door, mode }
    }

    /// Runs the scenes beside the nation; what the script prints.
    pub(crate) async fn scenes(&self, python: &Path) -> Value {
        let inside = |name: &str| self.federation.nation.path(&format!("inside/{name}"));
        let scheme = if self.mode == Mode::None { "http" } else { "https" };
        let authority = (self.mode != Mode::None).then(|| inside("door.pem"));
        let certificate = (self.mode == Mode::Mutual).then(|| [inside("client.pem"), inside("client.key")]);
        let brief = json!({
            "door": format!("{scheme}://{}", self.door.local_addr()),
            "client": CLIENT,
            "owner": OWNER,
            "authority": authority,
            "certificate": certificate,
            "fin": self.federation.citizen().fin,
            "nobody": self.federation.country.unused_fin(),
        });
        let file = self.federation.nation.path("brief.json");
        fs::write(&file, brief.to_string()).unwrap();
        let mut command = Command::new(python);
        command.arg(script("xroad_scenes.py")).arg(file);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{out}\n{err}");
        serde_json::from_str(&out).unwrap()
    }
}

/// Keys, certificates, policy and a place in the directory for the agency; where its host will listen.
fn add_owner(founded: &mut Founded) -> String {
    let folder = founded.nation.path("hosts/people");
    let (member, now) = (OWNER.parse().unwrap(), founded.clock.now());
    let passphrase = Passphrase::from_credential_file(&founded.nation.path("passphrase")).unwrap();
    let issue = Issue { member: &member, folder: &folder, passphrase: &passphrase, key: KeyKind::P256, days: 7, now };
    let national = founded.nation.national();
    national.issue_tls(&issue, &["127.0.0.1".to_owned()]).unwrap();
    let seal = national.issue_seal(&issue).unwrap();
    files::write_policy(&founded.nation.path("policy/PPL"));
    // Bound and let go, like every port of a federation.
    let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let service =
        |code: &str| ServiceEntry { code: code.to_owned(), version: "v1".to_owned(), verbs: vec![Verb::Read] };
    let broker = founded.nation.directory().brokers[0].id.clone();
    let entry = MemberEntry {
        id: member.clone(),
        broker,
        seals: vec![SealEntry::new(seal.certificate.der())],
        host: Some(HostEntry { authority: listen.parse().unwrap() }),
        services: SERVICES.iter().map(|code| service(code)).collect(),
        policy: None,
        requests_per_second: 1000,
    };
    founded.nation.publish(|directory| directory.members.push(entry)).unwrap();
    listen
}

fn start_provider(python: &Path, federation: &Federation, mode: Mode) -> (Provider, u16) {
    let citizen = federation.citizen();
    let people = json!({ citizen.fin.to_string(): { "surname": citizen.claims.family_name, "height": 171 } });
    let file = federation.nation.path("people.json");
    fs::write(&file, people.to_string()).unwrap();
    let inside = |name: &str| federation.nation.path(&format!("inside/{name}"));
    let mut command = Command::new(python);
    command.arg(script("xroad_provider.py")).arg(file).stdout(Stdio::piped());
    if mode != Mode::None {
        command.arg(inside("provider.pem")).arg(inside("provider.key"));
    }
    if mode == Mode::Mutual {
        command.arg(inside("adapter.pem"));
    }
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (Provider(child), line.trim().parse().unwrap())
}
