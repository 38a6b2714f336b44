//! Certificates run out in the middle of a run, and nobody notices: broker and hosts renew them from the authority online while
//! questions come in. And a seal changes hands: approved by two officers, waiting until the directory lists it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

use std::collections::BTreeSet;
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mohur::nation::free_ports;
use mohur_authority::office::{
    Decision, Enrols as For, Invite, Office, Order, Outcome, Report, Rules, Verdict, sign_decision,
};
use mohur_authority::serve::{Routes, RunningService, ServeConfig, Service, order};
use mohur_authority::{Make, National};
use mohur_chain::Certificate;
use mohur_client::Caller;
use mohur_crypto::Digest;
use mohur_enrol::{EnrolmentSettings, Enrols, Keeper, Outlook, Pair, SealStep, Watcher, request};
use mohur_federation::{Founded, MovableClock, ask};
use mohur_seal::{KeyKind, Passphrase, SoftwareSeal};
use mohur_transport::TlsMaterial;
use mohur_wire::{Clock, Fin, MemberId};

const MINUTE: Duration = Duration::from_secs(60);
/// The life of a TLS certificate.
const LIFE: Duration = Duration::from_secs(20 * 60);

fn rules() -> Rules {
    Rules { tls_life: LIFE, seal_life: 3 * LIFE, ..Rules::default() }
}

fn clock(of: &Arc<MovableClock>) -> Arc<dyn Clock> {
    Arc::<MovableClock>::clone(of)
}

/// The authority online over a copy of the nation's PKI: the nation itself holds the other one.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}

fn passphrase(founded: &Founded) -> Passphrase {
    Passphrase::from_credential_file(&founded.nation.path("passphrase")).unwrap()
}

/// The nation's PKI once more, in `online`.
fn online(founded: &Founded) -> National {
    copy(&founded.nation.path("national"), &founded.nation.path("online"));
    fs::remove_file(founded.nation.path("online/authority/root.key")).unwrap();
    National::open(&founded.nation.path("online"), &passphrase(founded)).unwrap()
}

/// Gives the holder of these files a certificate that does not live long.
fn shorten(founded: &Founded, office: &Office, folder: &str) {
    let file = |name: &str| founded.nation.path(&format!("{folder}/{name}"));
    let pair = Pair { certificate: file("tls.pem"), key: file("tls.key") };
    let current = pair.current().unwrap().unwrap();
    let member = current.member().unwrap().clone();
    let invite =
        Invite { member: member.clone(), profiles: vec![For::Tls], hosts: current.hosts().to_vec(), life: MINUTE };
    let now = founded.clock.now();
    let invited = office.invite(&invite, now).unwrap();
    let key = pair.next_key(KeyKind::P256, true, &passphrase(founded)).unwrap();
    let asked = request(Some(&member), Enrols::Tls, &key).unwrap();
    let Outcome::Issued(chain) = office.redeem(&invited.token, For::Tls, asked.as_bytes(), now).unwrap() else {
        panic!()
    };
    pair.install(&chain).unwrap();
}

async fn serve(founded: &Founded) -> (RunningService, String) {
    let free = || free_ports(Ipv4Addr::LOCALHOST.into(), 1).unwrap().remove(0);
    let (door, admin) = (free(), free());
    let text = format!(
        "pki = \"online\"\npassphrase = \"passphrase\"\nlisten = \"{door}\"\nurl = \"https://{door}\"\n\
         [admin]\nlisten = \"{admin}\"\n[tls]\nlife = \"20m\"\nown-life = \"60m\"\n[seal]\nlife = \"60m\"\n\
         [rates]\nrequests-per-minute = 100000\n",
    );
    let config = ServeConfig::parse(&founded.nation.path("pki.toml"), &text).unwrap();
    let service = Service::start(config, clock(&founded.clock), |_| Routes::new()).await.unwrap();
    (service, format!("https://{door}"))
}

fn leaf(path: &Path) -> Certificate {
    Pair { certificate: path.to_owned(), key: PathBuf::new() }.current().unwrap().unwrap()
}

fn renewals(page: &str) -> u64 {
    let line = page.lines().find_map(|line| line.strip_prefix("mohur_certificate_renewals_total ")).unwrap();
    line.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_run_out_and_are_renewed_under_load_and_no_request_fails() {
    let mut founded = Founded::new();
    let office = Office::new(online(&founded), rules());
    let parts = ["broker", "hosts/health-card"];
    parts.iter().for_each(|folder| shorten(&founded, &office, folder));
    drop(office);
    let (service, url) = serve(&founded).await;
    let root = founded.nation.path("national/trust/root.pem");
    let settings = format!("[enrolment]\nurl = \"{url}\"\nroot = {root:?}\ncheck = \"200ms\"\nretry = \"200ms\"");
    for file in ["broker/broker.toml", "hosts/health-card/host.toml"] {
        founded = founded.with(file, &settings);
    }
    let federation = founded.start().await;
    let first: Vec<_> =
        parts.iter().map(|folder| leaf(&federation.nation.path(&format!("{folder}/tls.pem")))).collect();
    let expiry = first.iter().map(Certificate::not_after).max().unwrap();

    let (asked, over, longest) = (AtomicU64::new(0), AtomicBool::new(false), Mutex::new(Duration::ZERO));
    let load = Arc::new((asked, over, longest));
    // The clock does not jump while a question is under way: in life it does not, either.
    let still = Arc::new(tokio::sync::RwLock::new(()));
    let (office, fin) = (Arc::new(federation.office()), federation.citizen().fin);
    let ask = |_| tokio::spawn(asking(Arc::clone(&office), fin, Arc::clone(&load), Arc::clone(&still)));
    let tasks: Vec<_> = (0..4).map(ask).collect();
    let begun = Instant::now();
    // Fifty minutes: each certificate would run out twice.
    for _ in 0..100 {
        {
            let _nobody = still.write().await;
            federation.clock.advance(MINUTE / 2);
        }
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    load.1.store(true, Ordering::SeqCst);
    let failed: Vec<String> =
        futures_util::future::join_all(tasks).await.into_iter().flat_map(Result::unwrap).collect();

    let now = federation.clock.now();
    assert!(now > expiry, "what was shown at first has expired");
    let pages = [
        federation.page(federation.broker().admin(), "/metrics").await,
        federation.page(federation.owner("health-card").host.admin_addr(), "/metrics").await,
    ];
    let counts: Vec<_> = pages.iter().map(|page| renewals(page)).collect();
    let total = load.0.load(Ordering::SeqCst);
    println!(
        "renewal under load: {total} questions in {:?} ({:?} by the clock), {} failed, renewals of broker and host {counts:?}, \
         longest answer {:?}",
        begun.elapsed(),
        50 * MINUTE,
        failed.len(),
        load.2.lock().unwrap(),
    );
    assert_eq!(failed, Vec::<String>::new(), "of {total}");
    assert!(total > 100, "{total}");
    assert!(counts.iter().all(|count| *count >= 2), "{counts:?}");
    for (folder, first) in parts.iter().zip(&first) {
        let last = leaf(&federation.nation.path(&format!("{folder}/tls.pem")));
        assert!(last.not_after() > now && last.hosts() == first.hosts());
    }
    service.shutdown().await;
}

type Load = Arc<(AtomicU64, AtomicBool, Mutex<Duration>)>;

/// Asks until it is over; gives what failed.
async fn asking(office: Arc<Caller>, fin: Fin, load: Load, still: Arc<tokio::sync::RwLock<()>>) -> Vec<String> {
    let mut failed = Vec::new();
    while !load.1.load(Ordering::SeqCst) {
        let _stands = still.read().await;
        let begun = Instant::now();
        if let Err(error) = office.ask(ask::blood_group(fin)).await {
            failed.push(format!("{error:?}"));
        }
        load.0.fetch_add(1, Ordering::SeqCst);
        let mut longest = load.2.lock().unwrap();
        *longest = begun.elapsed().max(*longest);
    }
    failed
}

/// What a process would be told.
#[derive(Default)]
struct Told {
    listed: Mutex<BTreeSet<Digest>>,
    seals: AtomicU64,
}

impl Watcher for Told {
    fn tls_renewed(&self) -> Result<(), String> {
        Ok(())
    }

    fn lists_seal(&self, seal: &Digest) -> bool {
        self.listed.lock().unwrap().contains(seal)
    }

    fn seal_renewed(&self) -> Result<(), String> {
        self.seals.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seal_is_applied_for_approved_by_two_and_used_when_the_directory_lists_it() {
    let founded = Founded::new();
    let mut national = online(&founded);
    let pass = passphrase(&founded);
    let officers = ["anar", "leyla"].map(|name| {
        let folder = founded.nation.path(name);
        let make = Make { folder: &folder, passphrase: &pass, key: KeyKind::P256, days: 30, now: founded.clock.now() };
        let issued = national.issue_officer(&make, &format!("AZ/GOV/OPERATOR/{name}").parse().unwrap()).unwrap();
        SoftwareSeal::load(&issued.key, &issued.chain, &pass).unwrap()
    });
    drop(national);
    let (service, url) = serve(&founded).await;
    let folder = founded.nation.path("hosts/health-card");
    let file = |name: &str| folder.join(name);
    let tls = Pair { certificate: file("tls.pem"), key: file("tls.key") };
    let seal = Pair { certificate: file("seal.pem"), key: file("seal.key") };
    let old = seal.current().unwrap().unwrap();
    let member: MemberId = old.member().unwrap().clone();
    let root = founded.nation.path("national/trust/root.pem");
    let text = format!("[enrolment]\nurl = \"{url}\"\nroot = {root:?}\n");
    let settings = EnrolmentSettings::parse(Path::new("/x.toml"), &text).unwrap().unwrap();
    let keeper = Keeper {
        // The seal is due now, the TLS certificate is not: both are as old as the nation.
        settings: EnrolmentSettings { renew_at: 0, ..settings },
        member,
        passphrase: founded.nation.path("passphrase"),
        material: TlsMaterial::load(&tls.certificate, &tls.key, &pass).unwrap(),
        tls,
        seal: Some(seal.clone()),
        clock: clock(&founded.clock),
        outlook: Arc::new(Outlook::default()),
    };
    let told = Arc::new(Told::default());
    let watcher: Arc<dyn Watcher> = Arc::<Told>::clone(&told);
    let step = async || keeper.once(&watcher).await.unwrap().seal;
    assert_eq!(step().await, SealStep::Asked);
    assert_eq!(step().await, SealStep::Asked, "asking again applies no second time");
    let pki = founded.nation.path("online");
    let Report::Applications(waiting) = order(&pki, &Order::Applications).await.unwrap() else { panic!() };
    assert_eq!(waiting.len(), 1);
    for officer in &officers {
        assert_eq!(step().await, SealStep::Asked);
        let application = waiting[0].clone();
        let decision = Decision {
            verdict: Verdict::Approve,
            application: application.id,
            member: application.member,
            profile: application.profile,
            key: application.key,
            at: founded.clock.now(),
            why: None,
        };
        let statement = sign_decision(&decision, officer).unwrap();
        order(&pki, &Order::Decide { statement }).await.unwrap();
    }
    assert_eq!(step().await, SealStep::Waits, "issued, and not in the directory yet");
    assert_eq!(seal.current().unwrap().unwrap(), old, "the old one is in use");
    let next = seal.put_aside_earlier().unwrap().unwrap();
    SoftwareSeal::load(&seal.key, &seal.certificate, &pass).unwrap();
    told.listed.lock().unwrap().insert(next.fingerprint());
    assert_eq!(step().await, SealStep::Switched);
    assert_eq!((seal.current().unwrap().unwrap(), told.seals.load(Ordering::SeqCst)), (next, 1));
    SoftwareSeal::load(&seal.key, &seal.certificate, &pass).unwrap();
    service.shutdown().await;
}
