//! A broker in a process of its own: the real binary, from the nation's files, to be killed, stopped, or given a bad disk.

use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use tokio::net::TcpStream;

use crate::Federation;

/// `mohur broker run`, running.
pub struct ChildBroker {
    child: Child,
}

/// `mohur` as it was built together with the scenarios.
fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.ancestors().nth(2).expect("target/<profile>/deps/<test>");
    let binary = folder.join("mohur-under-test");
    assert!(binary.exists(), "{}: Cargo builds it with the tests of mohur-scenarios", binary.display());
    binary
}

impl ChildBroker {
    /// Starts the broker of a federation whose own is stopped, and waits until it takes connections.
    pub async fn start(federation: &Federation) -> Self {
        Self::start_under(federation, &["env"]).await
    }

    /// The same, started by a command that replaces itself by the broker: `env`, or a shell that sets limits.
    pub async fn start_under(federation: &Federation, command: &[&str]) -> Self {
        let mut broker = Self::try_start(federation, command);
        broker.wait_for(federation.broker_address()).await;
        broker
    }

    /// Starts it, and does not wait: it may end at once.
    pub fn try_start(federation: &Federation, command: &[&str]) -> Self {
        let config = federation.nation.path("broker/broker.toml");
        let errors = File::options().create(true).append(true).open(federation.nation.path("broker/stderr")).unwrap();
        let child = Command::new(command[0])
            .args(&command[1..])
            .arg(binary())
            .args(["broker", "run", "--config"])
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(errors)
            .spawn()
            .unwrap();
        Self { child }
    }

    async fn wait_for(&mut self, address: SocketAddr) {
        for _ in 0..600 {
            assert!(self.child.try_wait().unwrap().is_none(), "the broker ended; see broker/stderr");
            if TcpStream::connect(address).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the broker does not take connections");
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL: no handler, no destructor, no flush.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM: it is asked to stop.
    pub fn terminate(&self) {
        let status = Command::new("kill").args(["-TERM", &self.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for its end.
    pub async fn ended(mut self) -> ExitStatus {
        for _ in 0..600 {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the broker does not end");
    }

    /// What the brokers of this federation have said on standard error.
    pub fn said(federation: &Federation) -> String {
        std::fs::read_to_string(federation.nation.path("broker/stderr")).unwrap()
    }
}

impl Drop for ChildBroker {
    fn drop(&mut self) {
        // Dead already, if the test went well.
        let _dead = self.child.kill();
        let _reaped = self.child.wait();
    }
}
