//! Revocation as it is typed: `mohur pki serve` answers, `mohur pki status` and openssl ask.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's helpers fail the test")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

struct Shell(tempfile::TempDir);

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.0.kill().and_then(|()| self.0.wait());
    }
}

impl Shell {
    fn output(&self, program: &str, line: &str) -> Output {
        Command::new(program).args(line.split_whitespace()).current_dir(self.0.path()).output().unwrap()
    }

    fn run(&self, program: &str, line: &str) -> (Option<i32>, String) {
        let output = self.output(program, line);
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    }

    fn mohur(&self, line: &str, expected: i32) -> String {
        let (code, text) = self.run(env!("CARGO_BIN_EXE_mohur"), line);
        assert_eq!(code, Some(expected), "{line}: {text}");
        text
    }

    /// The authority online, and the address of its public pages.
    fn serve(&self) -> (Running, String) {
        let mut process = Command::new(env!("CARGO_BIN_EXE_mohur"))
            .args(["--json", "pki", "serve", "--config", "pki.toml"])
            .current_dir(self.0.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: serde_json::Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
        let public = said.pointer("/public").unwrap().as_str().unwrap().to_owned();
        (Running(process), public)
    }
}

#[test]
fn an_operator_revokes_and_everybody_hears_of_it_at_once() {
    let shell = Shell(tempfile::tempdir().unwrap());
    shell.mohur("pki init national --domain AZ", 0);
    for name in ["good", "lost"] {
        shell.mohur(&format!("pki issue seal AZ/GOV/MIA/{name} --pki national --out {name}"), 0);
    }
    fs::rename(shell.0.path().join("national/authority/root.key"), shell.0.path().join("root.key")).unwrap();
    let configuration = "pki = \"national\"\nlisten = \"127.0.0.1:0\"\nurl = \"https://localhost:8443\"\n\
        [admin]\nlisten = \"127.0.0.1:0\"\n[public]\nlisten = \"127.0.0.1:0\"\n";
    fs::write(shell.0.path().join("pki.toml"), configuration).unwrap();
    let (running, public) = shell.serve();
    let status = |name: &str| {
        format!("pki status {name}/seal.pem --trust national/trust --url http://{public}/ocsp --out {name}.ocsp")
    };
    // The responders are certified in the first second.
    for attempt in 0.. {
        if shell.run(env!("CARGO_BIN_EXE_mohur"), &status("good")).0 == Some(0) {
            break;
        }
        assert!(attempt < 100, "{}", shell.mohur(&status("good"), 0));
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(shell.mohur(&status("lost"), 0).contains("lost/seal.pem: good"));
    shell.mohur("pki revoke lost/seal.pem --reason key-compromise --pki national", 0);
    let text = shell.mohur(&status("lost"), 1);
    assert!(text.contains("revoked at") && text.contains("key-compromise"), "{text}");
    assert!(shell.mohur(&status("good"), 0).contains("good"));
    let trust =
        "-issuer national/trust/seal-ca.pem -CAfile national/trust/root.pem -verify_other national/trust/seal-ca.pem";
    let certificates = "-cert good/seal.pem -cert lost/seal.pem";
    let (_, text) = shell.run("openssl", &format!("ocsp {trust} {certificates} -url http://{public}/ocsp/seal-ca"));
    assert!(text.contains("Response verify OK") && text.contains("good/seal.pem: good"), "{text}");
    assert!(text.contains("lost/seal.pem: revoked"), "{text}");
    // What `status` kept verifies by hand, and so does the list.
    let (_, text) = shell.run("openssl", &format!("ocsp -no_nonce {trust} -cert lost/seal.pem -respin lost.ocsp"));
    assert!(text.contains("Response verify OK") && text.contains("lost/seal.pem: revoked"), "{text}");
    let (_, text) = shell.run("curl", &format!("-sS http://{public}/crl/seal-ca.crl -o fetched.crl"));
    assert!(text.is_empty(), "{text}");
    let read = "crl -inform DER -in fetched.crl -CAfile national/trust/seal-ca.pem -noout -text";
    let (_, text) = shell.run("openssl", read);
    assert!(text.contains("verify OK") && text.contains("Key Compromise"), "{text}");

    let stranger = "pki status good/seal.pem --trust national/trust --url http://127.0.0.1:1/ocsp";
    shell.mohur(stranger, 3);
    assert!(shell.mohur("pki status good/seal.pem --trust national/trust", 2).contains("give --url"));
    drop(running);
}
