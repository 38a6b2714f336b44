//! A PostgreSQL cluster of a test's own: in a temporary folder, on a free loopback port and a unix socket, never the
//! system's. It ends with the value that stands for it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a harness for tests: a step that fails is a test that fails")]

use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};

use tempfile::TempDir;

/// The account under which a cluster runs if the tests run as root, which PostgreSQL refuses.
const ACCOUNT: &str = "postgres";

/// A running cluster. Everybody on its unix socket is who they say; over TCP a password is wanted.
pub struct Cluster {
    folder: TempDir,
    port: u16,
    as_root: bool,
}

impl Cluster {
    /// Makes a cluster and starts it.
    ///
    /// # Panics
    /// If PostgreSQL is not installed (`integration-tests/all` installs it) or does not start.
    pub fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("mohur-pg-").tempdir_in("/tmp").unwrap();
        let as_root = said(Command::new("id").arg("-u")).trim() == "0";
        let cluster = Self { port: free_port(), folder, as_root };
        if as_root {
            said(Command::new("chown").arg(ACCOUNT).arg(cluster.folder.path()));
        }
        let data = cluster.data();
        let how = ["-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-A", "trust", "--no-sync", "-D"];
        said(cluster.program("initdb").args(how).arg(&data));
        let hba = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
        cluster.file("pg_hba.conf", hba);
        cluster.boot();
        cluster
    }

    /// Starts it again after [`Self::stop`], with settings such as `max_connections = 5` added.
    pub fn boot_with(&self, settings: &str) {
        let auto = self.data().join("postgresql.auto.conf");
        let before = std::fs::read_to_string(&auto).unwrap_or_default();
        self.file("postgresql.auto.conf", &format!("{before}{settings}\n"));
        self.boot();
    }

    /// Starts it again after [`Self::stop`].
    pub fn boot(&self) {
        let folder = self.folder.path().display();
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={} -c unix_socket_directories={folder} -c fsync=off \
             -c shared_buffers=16MB -c max_wal_size=64MB",
            self.port
        );
        let log = self.folder.path().join("log");
        let mut start = self.program("pg_ctl");
        start.args(["-w", "-s", "-D"]).arg(self.data()).arg("-l").arg(log).args(["-o", &options, "start"]);
        // Its output must not be a pipe that the server keeps open.
        let status = start.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        assert!(status.success(), "PostgreSQL does not start: {}", self.log());
    }

    /// Stops it at once, as a crash would.
    pub fn stop(&self) {
        said(self.program("pg_ctl").args(["-w", "-s", "-m", "immediate", "-D"]).arg(self.data()).arg("stop"));
    }

    /// What it wrote to its log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The port on 127.0.0.1.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Its folder, which its account may read.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file that the server reads, into its data folder, with mode 0600.
    pub fn file(&self, name: &str, content: &str) {
        let path = self.data().join(name);
        std::fs::write(&path, content).unwrap();
        said(Command::new("chmod").arg("600").arg(&path));
        if self.as_root {
            said(Command::new("chown").arg(ACCOUNT).arg(&path));
        }
    }

    /// The address of a database for a role, over the unix socket.
    pub fn socket_url(&self, role: &str, database: &str) -> String {
        let socket = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://{role}@{socket}:{}/{database}", self.port)
    }

    /// The address of a database for a role, over TCP.
    pub fn url(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes a database and runs SQL in it as the superuser.
    ///
    /// # Panics
    /// If the SQL is refused.
    pub fn create(&self, database: &str, sql: &str) {
        self.sql("postgres", &format!("create database \"{database}\""));
        self.sql(database, sql);
    }

    /// Runs SQL as the superuser and gives what it selects, unaligned.
    ///
    /// # Panics
    /// If the SQL is refused.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let output = self.psql("postgres", database, sql);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Runs SQL as a role with psql, and gives how that ended.
    pub fn psql(&self, role: &str, database: &str, sql: &str) -> Output {
        let mut psql = Command::new(bin("psql"));
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", &self.socket_url(role, database), "-f", "-"]);
        let mut child = psql.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let text = sql.to_owned();
        let writer = std::thread::spawn(move || drop(stdin.write_all(text.as_bytes())));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        output
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A program of the server's, under an account that is not root.
    fn program(&self, name: &str) -> Command {
        if self.as_root {
            let mut command = Command::new("runuser");
            command.args(["-u", ACCOUNT, "--"]).arg(bin(name)).current_dir(self.folder.path());
            command
        } else {
            Command::new(bin(name))
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut stop = self.program("pg_ctl");
        drop(stop.args(["-s", "-m", "immediate", "-D"]).arg(self.data()).arg("stop").output());
    }
}

/// A program of PostgreSQL: Debian keeps the server's outside of the path, one folder a version.
fn bin(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()).max();
    let debian = newest.map(|version| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin/{name}")));
    debian.filter(|path| path.exists()).unwrap_or_else(|| PathBuf::from(name))
}

/// A port that is free now and that no connection takes before the cluster does: Linux gives those 32768 and above.
fn free_port() -> u16 {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    let begin = 10_000 + u16::try_from(std::process::id() % 20_000).unwrap();
    let mut ports = (0..2000).map(|_| begin + GIVEN.fetch_add(1, Ordering::Relaxed));
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

fn said(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
