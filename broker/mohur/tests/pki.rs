//! `mohur pki` as an operator types it.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

struct Shell(tempfile::TempDir);

impl Shell {
    fn new() -> Self {
        let shell = Self(tempfile::tempdir().unwrap());
        shell.good("pki init national --domain AZ");
        shell
    }

    fn run(&self, line: &str) -> (i32, String, String) {
        let words = line.split_whitespace();
        let output = Command::new(env!("CARGO_BIN_EXE_mohur")).args(words).current_dir(self.0.path()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    fn good(&self, line: &str) -> String {
        let (code, out, error) = self.run(line);
        assert_eq!(code, 0, "{line}: {out}{error}");
        out
    }

    fn bad(&self, line: &str, expected: i32) -> String {
        let (code, out, error) = self.run(line);
        assert_eq!(code, expected, "{line}: {out}{error}");
        out + &error
    }
}

#[test]
fn an_operator_makes_issues_inspects_and_revokes() {
    let shell = Shell::new();
    shell.good("pki issue tls AZ/GOV/OPERATOR/hub --pki national --out hub --host localhost --host 127.0.0.1");
    shell.good("pki issue seal AZ/GOV/MIA/id-cards --pki national --out id-cards");
    let text = shell.good("pki inspect hub/tls.pem id-cards/seal.pem --trust national/trust");
    for expected in ["TLS", "seal", "AZ/GOV/OPERATOR/hub", "AZ/GOV/MIA/id-cards", "localhost, 127.0.0.1", "good: path"]
    {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let found: Value = serde_json::from_str(&shell.good("--json pki inspect id-cards/seal.pem")).unwrap();
    assert_eq!(found.pointer("/0/profile").unwrap(), "seal");
    assert_eq!(found.pointer("/0/member").unwrap(), "AZ/GOV/MIA/id-cards");
    assert_eq!(found.pointer("/0/problems/0"), None);
    assert_eq!(found.pointer("/1/profile").unwrap(), "Seal CA");

    let text = shell.good("pki revoke id-cards/seal.pem --reason key-compromise --pki national");
    assert!(text.contains("key-compromise"), "{text}");
    let text = shell.bad("pki inspect id-cards/seal.pem --trust national/trust", 1);
    assert!(text.contains("WRONG        revoked by its issuer"), "{text}");
    let text = shell.bad("pki inspect hub/tls.pem --trust national/trust --at 2099-01-01T00:00:00Z", 1);
    assert!(text.contains("expired at"), "{text}");
    let text = shell.good("pki inspect national");
    assert!(text.contains("revoked    seal") && text.contains("valid      TLS"), "{text}");
    shell.good("pki renew-lists --pki national");
}

#[test]
fn mistakes_say_what_to_do() {
    let shell = Shell::new();
    assert!(shell.bad("pki init national --domain AZ", 2).contains("there is a PKI already"));
    assert!(shell.bad("pki init other --domain A/Z", 2).contains("1 to 16 letters"));
    let long = "pki issue tls AZ/GOV/MIA/id-cards --pki national --out x --days 4000";
    assert!(shell.bad(long, 2).contains("longer than the 366 days"));
    let foreign = "pki issue seal GE/GOV/MIA/id-cards --pki national --out x";
    assert!(shell.bad(foreign, 2).contains("not of the domain AZ"));
    let host = "pki issue seal AZ/GOV/MIA/id-cards --pki national --out x --host a";
    assert!(shell.bad(host, 2).contains("only servers name hosts"));
    assert!(shell.bad("pki issue tls AZ/GOV --pki national --out x", 2).contains("instance/class/member/subsystem"));
    assert!(shell.bad("pki revoke 0000000000 --pki national", 2).contains("was issued here"));
    assert!(shell.bad("pki revoke 00 --reason boredom --pki national", 2).contains("key-compromise"));
    assert!(shell.bad("pki inspect national/passphrase", 2).contains("no certificate"));
    let passphrase = shell.0.path().join("national/passphrase");
    let secret = fs::read_to_string(&passphrase).unwrap();
    readable(&passphrase);
    let text = shell.bad("pki renew-lists --pki national", 2);
    assert!(text.contains("chmod 600") && !text.contains(secret.trim()), "{text}");
}

#[test]
fn services_and_officers_get_certificates_of_their_own_kinds() {
    let shell = Shell(tempfile::tempdir().unwrap());
    shell.good(
        "pki init national --domain AZ --ocsp-url http://pki.example.az/ocsp --crl-url http://pki.example.az/crl",
    );
    let officer = "pki issue officer AZ/GOV/MIA/officer-17 --pki national --out officer";
    assert!(shell.good(officer).contains("Issued a certificate of the profile officer to AZ/GOV/MIA/officer-17"));
    shell.good("pki issue infrastructure --pki national --out server --host directory.example.az");
    shell.good("pki issue tsa --pki national --out tsa");
    shell.good("pki issue ocsp seal-ca --pki national --out responder");
    let made = "officer/officer.pem server/server.pem tsa/tsa.pem responder/ocsp-seal-ca.pem";
    let text = shell.good(&format!("pki inspect {made} --trust national/trust"));
    for expected in [
        "officer      AZ/GOV/MIA/officer-17",
        "hosts        directory.example.az",
        "OCSP         http://pki.example.az/ocsp/officer-ca",
        "revocations  http://pki.example.az/crl/seal-ca.crl",
        "profile      time stamp",
        "profile      OCSP",
        "profile      Infrastructure CA",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    shell.good(&format!("pki lint {made}"));
    let text = shell.bad("pki lint officer/officer.pem --profile tls", 1);
    assert!(text.contains("set   extendedKeyUsage=serverAuth,clientAuth"), "{text}");
    assert!(shell.bad("pki issue infrastructure --pki national --out x", 2).contains("--host"));
    assert!(shell.bad("pki issue ocsp root --pki national --out x", 2).contains("the root is offline"));
    assert!(shell.bad("pki issue tsa AZ/GOV/MIA/x --pki national --out x", 2).contains("names nobody"));
    assert!(shell.bad("pki init other --domain AZ --crl-url ftp://x", 2).contains("http://"));

    // A rollover, and the theft of what is taken over.
    assert!(shell.good("pki roll officer-ca --pki national").contains("officer-ca-2"));
    shell.good("pki issue officer AZ/GOV/MIA/officer-18 --pki national --out second");
    shell.good("pki revoke national/trust/officer-ca.pem --reason key-compromise --pki national");
    shell.good("pki inspect second/officer.pem --trust national/trust");
    shell.bad("pki inspect officer/officer.pem --trust national/trust", 1);
}

fn readable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
}

#[test]
fn a_foreign_certificate_is_told_everything_that_is_wrong() {
    let shell = Shell::new();
    shell.good("pki issue seal AZ/GOV/MIA/id-cards --pki national --out id-cards");
    assert!(shell.good("pki lint id-cards/seal.pem").contains("keeps the profile seal"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-nodes", "-newkey", "rsa:1024", "-subj", "/CN=x", "-days", "4000"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", "key", "-out", "foreign.pem"])
        .args(["-addext", "subjectAltName=DNS:*.example.org"])
        .current_dir(shell.0.path())
        .status()
        .unwrap();
    assert!(made.success());
    let text = shell.bad("pki lint foreign.pem --profile seal", 1);
    for expected in [
        "foreign.pem: not a seal certificate",
        "WRONG   its key is not ECDSA P-256",
        "after decision record 0140",
        "set   keyUsage=critical,digitalSignature,nonRepudiation",
        "set   extendedKeyUsage=1.3.6.1.5.5.7.3.36",
        "-days 731 or less",
        "URI:mohur://instance/class/member/subsystem",
        "RFC 5280 section 4.2.1.6",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let (code, out, _) = shell.run("--json pki lint id-cards/seal.pem foreign.pem");
    let found: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, found.pointer("/0/findings/0")), (1, None));
    assert_eq!(found.pointer("/0/profile").unwrap(), "seal");
    assert!(found.as_array().unwrap().last().unwrap()["findings"][0]["problem"].is_string(), "{out}");
    assert!(shell.bad("pki lint id-cards/seal.key", 2).contains("no certificate"));
}

#[test]
fn every_help_has_an_example_that_runs_here() {
    let shell = Shell(tempfile::tempdir().unwrap());
    for line in [
        "pki --help",
        "pki init --help",
        "pki issue --help",
        "pki revoke --help",
        "pki inspect --help",
        "pki lint --help",
    ] {
        assert!(shell.good(line).contains("mohur pki "), "{line}");
    }
    let help = shell.good("pki --help");
    // What stays up, talks with what does, or answers by its exit code has tests of its own.
    let apart = ["pki serve", "pki invite", "pki needs-renewal", "pki timestamp"];
    let stays_up = |line: &&str| line.contains(" run ") || apart.iter().any(|command| line.starts_with(command));
    let examples: Vec<&str> =
        help.lines().filter_map(|line| line.strip_prefix("  mohur ")).filter(|line| !stays_up(line)).collect();
    assert!(examples.len() >= 6, "{help}");
    for example in examples {
        shell.good(example);
    }
}
