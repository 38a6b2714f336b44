//! The three commands of `docs/enrolment.md` connect an agency: from an invitation to a host that brokers may ask.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use mohur::nation::{Nation, free_ports};
use mohur_chain::read_pem_file;
use mohur_directory::SealEntry;
use mohur_http::SystemClock;

const MEMBER: &str = "AZ/GOV/MOH/health-card";
const HOST: &str = "hosts/health-card";

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

struct Folder<'a>(&'a Path);

impl Folder<'_> {
    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mohur"));
        command.args(line.split_whitespace()).current_dir(self.0);
        command
    }

    fn good(&self, line: &str) -> String {
        let out = self.command(line).output().unwrap();
        let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{line}: {said}");
        said
    }

    /// Starts what stays up, and waits until it says that it serves.
    fn serving(&self, line: &str) -> Running {
        let log = fs::File::create(self.0.join("serving.log")).unwrap();
        let mut child = self.command(line).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert!(said.contains("serving"), "{said}{}", fs::read_to_string(self.0.join("serving.log")).unwrap());
        Running(child)
    }
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn three_commands_connect_an_agency() {
    let temporary = tempfile::tempdir().unwrap();
    let mut nation = Nation::found(&temporary.path().join("nation"), Arc::new(SystemClock)).unwrap();
    let path = nation.folder().to_owned();
    let folder = Folder(&path);
    // The authority online, over a copy: the nation of this test holds the other one.
    copy(&nation.path("national"), &nation.path("online"));
    fs::remove_file(nation.path("online/authority/root.key")).unwrap();
    let pki = "--pki online --passphrase passphrase";
    for name in ["anar", "leyla"] {
        folder.good(&format!("pki issue officer AZ/GOV/OPERATOR/{name} {pki} --out {name}"));
    }
    let free = || free_ports(Ipv4Addr::LOCALHOST.into(), 1).unwrap().remove(0);
    let (door, admin) = (free(), free());
    let config = format!(
        "pki = \"online\"\npassphrase = \"passphrase\"\nlisten = \"{door}\"\nurl = \"https://{door}\"\n\
         [admin]\nlisten = \"{admin}\"\n"
    );
    fs::write(nation.path("pki.toml"), config).unwrap();
    let _service = folder.serving("pki serve --config pki.toml");
    folder.good(&format!("pki invite {MEMBER} --host 127.0.0.1 {pki} --out health-card.invitation"));

    // The agency has its configuration, and nothing else.
    for file in ["tls.pem", "tls.key", "seal.pem", "seal.key"] {
        fs::remove_file(nation.path(&format!("{HOST}/{file}"))).unwrap();
    }
    let token = nation.path(&format!("{HOST}/register.token"));
    fs::write(&token, "a-token-of-the-register\n").unwrap();
    fs::set_permissions(&token, fs::Permissions::from_mode(0o600)).unwrap();

    // The first: it waits for the officers.
    let line = format!("enrol join health-card.invitation --out {HOST} --key-passphrase passphrase");
    let mut joining = folder.command(&line).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(joining.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(told.next().unwrap().contains("waits for officers (0 of 2 approved)"));
    let mut field = |name: &str| {
        let line = told.find(|line| line.contains(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    let (application, fingerprint) = (field("application"), field("fingerprint"));
    for name in ["anar", "leyla"] {
        folder.good(&format!(
            "pki approve {application} --fingerprint {fingerprint} --url https://{door} --root online/trust/root.pem \
             --certificate {name}/officer.pem --key {name}/officer.key --key-passphrase {name}/passphrase"
        ));
    }
    assert!(joining.wait().unwrap().success());
    // The directory's officers list the seal.
    let der = read_pem_file(&nation.path(&format!("{HOST}/seal.pem"))).unwrap();
    let seal = SealEntry::new(der.first().unwrap());
    nation
        .publish(|directory| {
            let member = directory.members.iter_mut().find(|member| member.id.as_str() == MEMBER).unwrap();
            member.seals = vec![seal];
        })
        .unwrap();
    // The second and the third.
    assert!(folder.good(&format!("adapter check --config {HOST}/host.toml")).contains("good"));
    let _host = folder.serving(&format!("adapter run --config {HOST}/host.toml"));
    a_client_renews_from_a_timer_and_revokes_what_is_its_own(&folder, &format!("https://{door}"));
}

/// A bank that does not stay up: `mohur enrol renew` and `mohur enrol revoke`.
fn a_client_renews_from_a_timer_and_revokes_what_is_its_own(folder: &Folder<'_>, url: &str) {
    let config = folder.0.join("callers/bank/client.toml");
    let root = folder.0.join("online/trust/root.pem");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("{text}\n[enrolment]\nurl = \"{url}\"\nroot = {root:?}\n")).unwrap();
    let shown = || fs::read_to_string(folder.0.join("callers/bank/tls.pem")).unwrap();
    let before = shown();
    assert!(folder.good("enrol renew --config callers/bank/client.toml").contains("good until"));
    assert_eq!(shown(), before, "nothing is due");
    assert!(folder.good("enrol renew --config callers/bank/client.toml --force").contains("renewed, valid until"));
    assert_ne!(shown(), before);
    let revoke = "enrol revoke callers/bank/tls.pem --reason superseded --config callers/bank/client.toml";
    assert!(folder.good(revoke).contains("Revoked (superseded)"));
    let refused = folder.command("enrol renew --config callers/bank/client.toml --force").output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("certificate-refused"), "{refused:?}");
}
