//! Founding, configuring and starting a federation, and stopping parts of it.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mohur::nation::{Cast, Nation, Running, RunningOwner};
use mohur_authority::Reason;
use mohur_chain::Certificate;
use mohur_client::{Caller, Config};
use mohur_crypto::{Digest, random_bytes};
use mohur_reference::{Citizen, Country, Faults};
use mohur_server::RunningBroker;
use mohur_wire::{Clock, MemberId};
use tempfile::TempDir;

use crate::MovableClock;

/// A nation in a folder, not yet running: its configuration files can still be changed.
pub struct Founded {
    /// The nation.
    pub nation: Nation,
    /// The clock that everybody reads.
    pub clock: Arc<MovableClock>,
    folder: TempDir,
}

/// A nation at work.
pub struct Federation {
    /// Its files and authorities.
    pub nation: Nation,
    /// The clock that everybody reads.
    pub clock: Arc<MovableClock>,
    /// The people.
    pub country: Arc<Country>,
    /// The broker, while it runs.
    pub broker: Option<RunningBroker>,
    /// The registers with their hosts, in the order of the cast.
    pub owners: Vec<RunningOwner>,
    _folder: TempDir,
}

/// An owner whose host is stopped, and whose register runs.
pub struct Halted {
    index: usize,
    part: mohur::nation::OwnerPart,
    register: Option<mohur_reference::Register>,
}

/// A loopback address that only this federation uses.
fn own_address() -> IpAddr {
    let [a, b, c] = random_bytes::<3>();
    Ipv4Addr::new(127, a.clamp(1, 254), b, c.clamp(1, 254)).into()
}

impl Founded {
    /// Founds a nation.
    pub fn new() -> Self {
        Self::of("AZ", &Arc::new(MovableClock::default()))
    }

    /// Founds a nation under that instance, on that clock.
    pub fn of(domain: &str, clock: &Arc<MovableClock>) -> Self {
        Self::with_cast(Cast::usual(), domain, clock)
    }

    /// The same with another cast.
    pub fn with_cast(cast: Cast, domain: &str, clock: &Arc<MovableClock>) -> Self {
        let folder = tempfile::Builder::new().prefix("mohur-").tempdir().unwrap();
        let shared: Arc<dyn Clock> = Arc::<MovableClock>::clone(clock);
        let nation = Nation::found_with(cast, domain, folder.path(), shared, own_address()).unwrap();
        let mut founded = Self { nation, clock: Arc::clone(clock), folder };
        // Changes of the directory are to be seen soon.
        for file in founded.host_files().into_iter().chain(["broker/broker.toml".to_owned()]) {
            founded = founded.rewritten(&file, |text| text.replace("poll = \"1s\"", "poll = \"100ms\""));
        }
        founded
    }

    /// Every host's configuration file.
    pub fn host_files(&self) -> Vec<String> {
        self.nation.cast().owners.iter().map(|part| format!("hosts/{}/host.toml", part.name)).collect()
    }

    /// Adds lines to a configuration file.
    #[must_use]
    pub fn with(self, file: &str, lines: &str) -> Self {
        self.rewritten(file, |text| format!("{text}\n{lines}\n"))
    }

    /// Changes a configuration file.
    #[must_use]
    pub fn rewritten(self, file: &str, change: impl FnOnce(String) -> String) -> Self {
        let path = self.nation.path(file);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, change(text)).unwrap();
        self
    }

    /// Starts everything.
    pub async fn start(self) -> Federation {
        let Running { country, broker, owners } = Box::pin(self.nation.start()).await.unwrap();
        let broker = Some(broker);
        Federation { nation: self.nation, clock: self.clock, country, broker, owners, _folder: self.folder }
    }

    /// Starts registers and hosts, and leaves the broker's place to somebody else.
    pub async fn start_without_broker(self) -> Federation {
        let mut federation = self.start().await;
        federation.stop_broker().await;
        federation
    }
}

impl Default for Founded {
    fn default() -> Self {
        Self::new()
    }
}

impl Federation {
    /// Founds and starts a nation as it comes.
    pub async fn start() -> Self {
        Founded::new().start().await
    }

    /// The passport office.
    pub fn office(&self) -> Caller {
        self.caller("passport-office")
    }

    /// The bank.
    pub fn bank(&self) -> Caller {
        self.caller("bank")
    }

    /// The border.
    pub fn border(&self) -> Caller {
        self.caller("border")
    }

    /// One of those who ask, with the directory as it is published now.
    pub fn caller(&self, name: &str) -> Caller {
        self.nation.caller(name).unwrap()
    }

    /// The same, with another configuration: other certificates, other limits.
    pub fn caller_with(&self, name: &str, change: impl FnOnce(&mut Config)) -> Caller {
        let mut config = Config::load(&self.nation.path(&format!("callers/{name}/client.toml"))).unwrap();
        change(&mut config);
        let clock: Arc<dyn Clock> = Arc::<MovableClock>::clone(&self.clock);
        config.caller(clock).unwrap()
    }

    /// A citizen with whom all is well.
    pub fn citizen(&self) -> &Citizen {
        self.country.clear_citizen()
    }

    /// The broker, which runs.
    pub fn broker(&self) -> &RunningBroker {
        self.broker.as_ref().expect("the broker runs")
    }

    /// The broker's address, as the directory names it.
    pub fn broker_address(&self) -> std::net::SocketAddr {
        self.nation.directory().brokers[0].authority.as_str().parse().unwrap()
    }

    /// The owner of that name.
    pub fn owner(&self, name: &str) -> &RunningOwner {
        self.owners.iter().find(|owner| owner.part.name == name).unwrap()
    }

    /// Makes a register misbehave.
    pub fn faults(&self, owner: &str, faults: Faults) {
        self.owner(owner).register.as_ref().expect("a reference register").set_faults(faults);
    }

    /// Stops the broker in good order.
    pub async fn stop_broker(&mut self) {
        self.broker.take().expect("the broker runs").shutdown().await;
    }

    /// Starts the broker again, from its files.
    pub async fn start_broker(&mut self) {
        self.broker = Some(self.nation.start_broker().await.unwrap());
    }

    /// Stops the broker in good order and starts it again.
    pub async fn restart_broker(&mut self) {
        self.stop_broker().await;
        self.start_broker().await;
    }

    /// Takes an owner's host away, and gives its address back.
    pub async fn stop_host(&mut self, name: &str) -> std::net::SocketAddr {
        let index = self.owners.iter().position(|owner| owner.part.name == name).unwrap();
        let RunningOwner { host, register, .. } = self.owners.remove(index);
        let address = host.local_addr();
        host.shutdown().await;
        if let Some(register) = register {
            register.stop().await;
        }
        address
    }

    /// Stops an owner's host and starts it again.
    pub async fn restart_host(&mut self, name: &str) {
        let halted = self.halt_host(name).await;
        self.resume_host(halted).await;
    }

    /// Stops an owner's host, and leaves its register running.
    pub async fn halt_host(&mut self, name: &str) -> Halted {
        let index = self.owners.iter().position(|owner| owner.part.name == name).unwrap();
        let RunningOwner { part, host, register } = self.owners.remove(index);
        host.shutdown().await;
        Halted { index, part, register }
    }

    /// Starts a host again that was halted.
    pub async fn resume_host(&mut self, Halted { index, part, register }: Halted) {
        let mut attempt = 0;
        let host = loop {
            match self.nation.start_host(&part).await {
                Ok(host) => break host,
                // Within one process the writer's thread lets the state's file go a moment later.
                Err(_) if attempt < 100 => attempt += 1,
                Err(error) => panic!("{}: {error}", part.name),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        self.owners.insert(index, RunningOwner { part, register, host });
    }

    /// Publishes a changed directory, and waits until broker and hosts judge by it.
    pub async fn publish(&mut self, change: impl FnOnce(&mut mohur_directory::Directory)) {
        self.nation.publish(change).unwrap();
        let version = self.nation.directory().version;
        let admin = self.broker.as_ref().map(RunningBroker::admin);
        let mut pages: Vec<_> = admin.map(|admin| (admin, "mohur_broker_directory_version")).into_iter().collect();
        pages.extend(self.owners.iter().map(|owner| (owner.host.admin_addr(), "mohur_host_directory_version")));
        let wanted = |(address, name): &(std::net::SocketAddr, &str)| (*address, format!("{name} {version}"));
        self.wait_for(pages.iter().map(wanted).collect()).await;
    }

    /// Waits until each metrics page has its line.
    async fn wait_for(&self, lines: Vec<(std::net::SocketAddr, String)>) {
        for (address, line) in lines {
            for attempt in 0.. {
                if self.page(address, "/metrics").await.lines().any(|shown| shown == line) {
                    break;
                }
                assert!(attempt < 200, "{address} never shows {line}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }

    /// Waits until an owner's host has given that many answers.
    pub async fn wait_for_answers(&self, owner: &str, answers: u32) {
        let line = format!("mohur_host_asks_total{{outcome=\"answered\"}} {answers}");
        self.wait_for(vec![(self.owner(owner).host.admin_addr(), line)]).await;
    }

    /// A page of an admin address.
    pub async fn page(&self, address: std::net::SocketAddr, path: &str) -> String {
        let client = mohur_http::Client::http(mohur_http::ClientLimits::default());
        let request = http::Request::get(format!("http://{address}{path}")).body(bytes::Bytes::new()).unwrap();
        let reply = client.send(request, Duration::from_secs(5)).await.unwrap();
        String::from_utf8(reply.response.into_body().to_vec()).unwrap()
    }

    /// Revokes the certificate in a file, and waits until the broker has read the new list.
    pub async fn revoke(&mut self, file: &str) {
        let fingerprint = self.fingerprint(file).to_string();
        let now = self.clock.now();
        self.nation.national().revoke(&fingerprint, Reason::KeyCompromise, now).unwrap();
        // Lists are read before the directory: whoever has the second of two new versions has read the new lists.
        self.publish(|_| {}).await;
        self.publish(|_| {}).await;
    }

    /// The fingerprint of the certificate in a file of the nation's folder.
    pub fn fingerprint(&self, file: &str) -> Digest {
        certificate(&self.nation.path(file)).fingerprint()
    }

    /// The member of that name, from the cast's ids.
    pub fn member(&self, text: &str) -> MemberId {
        self.nation.id(text)
    }

    /// Every owner's name.
    pub fn owner_names(&self) -> impl Iterator<Item = &str> {
        self.nation.cast().owners.iter().map(|part| part.name.as_str())
    }
}

/// The first certificate of a PEM file.
fn certificate(path: &PathBuf) -> Certificate {
    use rustls_pki_types::CertificateDer;
    use rustls_pki_types::pem::PemObject;
    Certificate::parse(&CertificateDer::from_pem_file(path).unwrap()).unwrap()
}
