//! A small nation: authorities, two brokers with their logs, a few members, and a directory that can be published anew.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mohur_authority::{Issue, National, create_log_key};
use mohur_chain::Trust;
use mohur_contract::Registry;
use mohur_crypto::Digest;
use mohur_directory::content::{Anchor, Content, TrustFolder};
use mohur_directory::repository::Periods;
use mohur_directory::{
    BrokerEntry, DefinitionEntry, Directory, DirectorySettings, Follower, HexDigest, HostEntry, LogEntry, MemberEntry,
    Place, PolicyEntry, SealEntry, ServiceEntry, Snapshot, Trial,
};
use mohur_host::{Host, HostConfig, KeyFiles, RegisterSettings, RunningHost, StartError, Times};
use mohur_http::Limits;
use mohur_journal::{Journal, Settings};
use mohur_policy_bundle::load_agency;
use mohur_seal::{KeyKind, KeySource, LogSigner, Passphrase, SealSource, SoftwareSeal};
use mohur_wire::{Clock, MemberId, Timestamp, Verb};
use tempfile::TempDir;

pub(crate) const HUB: &str = "AZ/GOV/OPERATOR/hub";
pub(crate) const OTHER_BROKER: &str = "AZ/GOV/OPERATOR/other";
pub(crate) const PASSPORTS: &str = "AZ/GOV/MIA/id-cards";
pub(crate) const BORDER: &str = "AZ/GOV/SBS/border";
pub(crate) const BANK: &str = "AZ/COM/BANK/credit";
pub(crate) const REGISTRY: &str = "AZ/GOV/MOJ/civil-registry";
pub(crate) const HEALTH: &str = "AZ/GOV/MOH/health-card";
pub(crate) const FEES: &str = "AZ/COM/BANK/state-fees";

/// A clock that stands still until it is told otherwise.
pub(crate) struct StoppedClock(Mutex<Timestamp>);

impl StoppedClock {
    pub(crate) fn advance(&self, time: Duration) {
        let mut now = self.0.lock().unwrap();
        *now += time;
    }
}

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// A member or a broker with its keys.
pub(crate) struct Party {
    pub(crate) member: MemberId,
    pub(crate) folder: PathBuf,
    pub(crate) seal: SoftwareSeal,
}

pub(crate) struct Nation {
    folder: TempDir,
    pub(crate) national: National,
    pub(crate) passphrase: Passphrase,
    pub(crate) directory: Directory,
    trial: Option<Trial>,
    pub(crate) clock: Arc<StoppedClock>,
    pub(crate) parties: Vec<Party>,
    pub(crate) journals: Vec<(MemberId, Journal)>,
}

pub(crate) fn id(text: &str) -> MemberId {
    text.parse().unwrap()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

impl Nation {
    pub(crate) fn found() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now: Timestamp = "2026-03-02T08:00:00Z".parse().unwrap();
        let passphrase = Passphrase::generate();
        passphrase.write_credential_file(&folder.path().join("passphrase")).unwrap();
        let national = National::create(&folder.path().join("national"), "AZ", &passphrase, now).unwrap();
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policy/agencies"), &folder.path().join("policy"));
        let directory = Directory {
            version: 0,
            expires: now,
            domain: "AZ".to_owned(),
            brokers: Vec::new(),
            members: Vec::new(),
            foreign: Vec::new(),
            denied: Vec::new(),
            definitions: vec![DefinitionEntry {
                id: "issue-id-document".parse().unwrap(),
                version: 1,
                digest: HexDigest(Digest([0; 32])),
            }],
        };
        let clock = Arc::new(StoppedClock(Mutex::new(now)));
        let (parties, journals) = (Vec::new(), Vec::new());
        let mut nation = Self { folder, national, passphrase, directory, trial: None, clock, parties, journals };
        nation.settle();
        nation
    }

    fn settle(&mut self) {
        for (name, port) in [(HUB, 4443), (OTHER_BROKER, 4444)] {
            self.settle_broker(name, port);
        }
        for name in [PASSPORTS, BORDER, BANK] {
            let entry = self.member(name);
            self.directory.members.push(entry);
        }
        let services: [(&str, &[&str], &[Verb]); 3] = [
            (REGISTRY, &["birth", "marriage"], &[Verb::Match, Verb::Verify, Verb::Read]),
            (HEALTH, &["vitals"], &[Verb::Read, Verb::Match]),
            (FEES, &["payments"], &[Verb::Change, Verb::Match, Verb::Read]),
        ];
        for (name, codes, verbs) in services {
            let service = |code: &&str| ServiceEntry {
                code: (*code).to_owned(),
                version: "v1".to_owned(),
                verbs: verbs.to_vec(),
            };
            let entry = MemberEntry {
                host: Some(HostEntry { authority: "127.0.0.1:7443".parse().unwrap() }),
                services: codes.iter().map(service).collect(),
                ..self.member(name)
            };
            self.directory.members.push(entry);
        }
        self.publish(|_| {});
    }

    fn settle_broker(&mut self, name: &str, port: u16) {
        let seal = self.enrol(name);
        let folder = self.party(name).folder.clone();
        let key = folder.join("log.key");
        let public = create_log_key(&key, &self.passphrase).unwrap();
        let origin = format!("mohur.az/log/{port}");
        let signer = LogSigner::load(&key, &self.passphrase).unwrap();
        let (journal, _) = Journal::open(Settings::new(folder.join("log"), &origin), signer).unwrap();
        self.journals.push((id(name), journal));
        self.directory.brokers.push(BrokerEntry {
            id: id(name),
            authority: format!("127.0.0.1:{port}").parse().unwrap(),
            seals: vec![seal],
            log: LogEntry {
                key: mohur_transparency::LogKey::new(&origin, &public).unwrap().to_string(),
                origin,
                retired: Vec::new(),
            },
        });
    }

    fn member(&mut self, name: &str) -> MemberEntry {
        MemberEntry {
            id: id(name),
            broker: id(HUB),
            seals: vec![self.enrol(name)],
            host: None,
            services: Vec::new(),
            policy: None,
            requests_per_second: 1000,
        }
    }

    /// Keys for a member: TLS and seal.
    fn enrol(&mut self, name: &str) -> SealEntry {
        let (member, folder) = (id(name), self.folder.path().join(name.replace('/', "-")));
        let now = self.clock.now();
        let issue =
            Issue { member: &member, folder: &folder, passphrase: &self.passphrase, key: KeyKind::P256, days: 7, now };
        self.national.issue_tls(&issue, &["127.0.0.1".to_owned()]).unwrap();
        let issued = self.national.issue_seal(&Issue { days: 365, ..issue }).unwrap();
        let seal = SoftwareSeal::load(&issued.key, &issued.chain, &self.passphrase).unwrap();
        self.parties.push(Party { member, folder, seal });
        SealEntry::new(issued.certificate.der())
    }

    /// Publishes a new directory that names the policies as they lie in the folder now.
    pub(crate) fn publish(&mut self, change: impl FnOnce(&mut Directory)) {
        let now = self.clock.now();
        self.directory.version += 1;
        for (agency, member) in [("MOJ", REGISTRY), ("MOH", HEALTH), ("BANK", FEES)] {
            let policy = load_agency(&self.policy(agency)).unwrap();
            let digest = HexDigest(Digest(policy.digest()));
            let entry = self.directory.members.iter_mut().find(|entry| entry.id == id(member)).unwrap();
            entry.policy = Some(PolicyEntry { version: policy.version(), digest });
        }
        change(&mut self.directory);
        let trust = TrustFolder::read(&self.path("national/trust")).unwrap();
        let content = Content {
            directory: self.directory.clone(),
            definitions: BTreeMap::from([("MIA".to_owned(), self.directory.definitions.clone())]),
            authorities: trust.authorities,
            revocation_lists: trust.revocation_lists,
        };
        if let Some(trial) = &mut self.trial {
            trial.publish(&content, now).unwrap();
            return;
        }
        let anchor = Anchor { domain: "AZ".to_owned(), pki_root: trust.root };
        let periods = Periods { timestamp: 2 * 3600, snapshot: 2 * 3600 };
        self.trial = Some(Trial::found(&self.path("directory"), anchor, &content, periods, now).unwrap());
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn policy(&self, agency: &str) -> PathBuf {
        self.path("policy").join(agency)
    }

    pub(crate) fn party(&self, name: &str) -> &Party {
        self.parties.iter().find(|party| party.member.as_str() == name).unwrap()
    }

    pub(crate) fn journal(&self, broker: &str) -> &Journal {
        &self.journals.iter().find(|(member, _)| member.as_str() == broker).unwrap().1
    }

    pub(crate) fn trust(&self) -> Arc<Trust> {
        Arc::new(self.national.trust().unwrap())
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let settings = self.directory_settings(&self.path("reader"));
        Follower::of_folder(settings, self.path("directory")).update(self.clock.now()).unwrap().directory
    }

    fn directory_settings(&self, state: &Path) -> DirectorySettings {
        let folder = self.path("directory");
        let root = folder.join("metadata/1.root.json");
        DirectorySettings {
            poll: Duration::from_secs(3600),
            grace: Duration::ZERO,
            ..DirectorySettings::new(Place::Folder(folder), root, state.to_owned())
        }
    }

    pub(crate) fn config(&self, owner: &str) -> HostConfig {
        let folder = &self.party(owner).folder;
        let agency = owner.split('/').nth(2).unwrap();
        HostConfig {
            member: id(owner),
            listen: "127.0.0.1:0".parse().unwrap(),
            admin: "127.0.0.1:0".parse().unwrap(),
            passphrase: self.path("passphrase"),
            state: folder.join("state"),
            tls: KeyFiles { certificate: folder.join("tls.pem"), key: folder.join("tls.key") },
            seal: SealSource { certificate: folder.join("seal.pem"), key: KeySource::File(folder.join("seal.key")) },
            revocation: Default::default(),
            directory: self.directory_settings(&folder.join("state/directory")),
            foreign: Vec::new(),
            enrolment: None,
            policy: self.policy(agency),
            times: Times::default(),
            register: RegisterSettings { deadline: Duration::from_millis(400), ..RegisterSettings::default() },
            limits: Limits::default(),
        }
    }

    pub(crate) async fn host(&self, owner: &str, registry: Arc<dyn Registry>) -> RunningHost {
        self.try_host(owner, registry).await.unwrap()
    }

    pub(crate) async fn try_host(&self, owner: &str, registry: Arc<dyn Registry>) -> Result<RunningHost, StartError> {
        Host::start(self.config(owner), registry, Arc::clone(&self.clock) as Arc<dyn Clock>).await
    }
}
