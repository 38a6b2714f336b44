//! `docs/ceremony.md`, run as it stands, with credential files in place of people; and what its exit codes say.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// The commands of the page, one text a block; those in a list are indented.
fn blocks(page: &str) -> Vec<&str> {
    page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

const SETUP: &str = "set -eu
umask 077
mkdir credentials
for name in op-1 op-2 op-3 op-4 op-5 op-6 carrying; do echo \"the passphrase of $name\" > credentials/$name; done
";

/// What the page says in words: who takes which share, and where the requests of later years come from.
fn in_between(command: &str) -> &'static str {
    match command {
        // The requests are named in the plan.
        text if text.contains("request seal-ca") => {
            "sed -i '0,/kind = \"tls-ca\"/s//kind = \"tls-ca\"\\nrequest = \"requests\\/tls-ca.csr\"/;\
             0,/kind = \"seal-ca\"/s//kind = \"seal-ca\"\\nrequest = \"requests\\/seal-ca.csr\"/' plan.toml\n"
        }
        text if text.contains("--out offline") => "mv offline/shares/* .\n",
        text if text.contains("hand-over") => "mohur pki ceremony request tls-ca-2 --domain AZ --out requests\n",
        text if text.contains("ceremony reshare") => {
            "mohur pki ceremony verify offline\n\
             mohur pki ceremony hand-over --folder offline --pki national --keys requests --passphrase requests/passphrase\n\
             mohur pki issue tls AZ/GOV/MIA/id-cards --pki national --passphrase requests/passphrase --out id-cards\n\
             mohur pki inspect id-cards/tls.pem --trust national/trust\n"
        }
        _ => "",
    }
}

fn shell(folder: &Path, script: &str) -> (i32, String, String) {
    let binaries = Path::new(env!("CARGO_BIN_EXE_mohur")).parent().unwrap();
    let path = format!("{}:{}", binaries.display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash").args(["-c", script]).current_dir(folder).env("PATH", path).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_page_can_be_followed_word_for_word() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(source.join("docs/ceremony.md")).unwrap();
    let mut script = SETUP.to_owned();
    for block in blocks(&page) {
        for command in block.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let asks =
                ["ceremony run", "renew-list", "sign-ca", "ceremony revoke", "reshare", "check-share", "hand-over"];
            let credentials =
                if asks.iter().any(|ask| command.contains(ask)) { " --credentials credentials" } else { "" };
            script.push_str(&format!("{command}{credentials}\n{}", in_between(command)));
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let (code, said, errors) = shell(folder.path(), &script);
    assert_eq!(code, 0, "{said}\n{errors}");
    for expected in [
        "DRY RUN: nobody will ever trust any of this.",
        "op-1.share: good. One of 5 shares of AZ for op-1",
        "national took over from offline: tls-ca, seal-ca, infrastructure-ca, officer-ca",
        "revoked",
        "issuer       O=Mohur AZ, CN=AZ TLS CA 2",
        "good: path, time and revocation too",
    ] {
        assert!(said.contains(expected), "`{expected}` is missing in:\n{said}");
    }
    let mode = std::fs::metadata(folder.path().join("offline/root.sealed")).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0);
}

#[test]
fn exit_codes_tell_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let made = format!(
        "{SETUP}mohur pki ceremony plan --domain AZ --operators op-1,op-2 --needed 2 > plan.toml\n\
         mohur pki ceremony run plan.toml --out offline --dry-run --credentials credentials\n\
         cp offline/shares/* ."
    );
    let (code, said, errors) = shell(folder.path(), &made);
    assert_eq!(code, 0, "{said}{errors}");
    let renew = "mohur pki ceremony renew-list --folder offline --credentials credentials --share op-1.share";
    for (script, expected, text) in [
        (renew.to_owned(), 1, "1 shares of 2"),
        (format!("{renew} --share op-1.share"), 4, "given twice"),
        ("mohur pki ceremony hand-over --folder offline --pki national --credentials credentials".to_owned(), 1, "dry run"),
        ("mohur pki ceremony run plan.toml --out offline --credentials credentials".to_owned(), 2, "is there already"),
        ("mohur pki ceremony verify offline --root 00".to_owned(), 4, "another root"),
        ("mohur pki ceremony verify offline --head 00".to_owned(), 4, "older copy".get(..0).unwrap()),
        (format!("echo 'a wrong passphrase' > credentials/op-2; {renew} --share op-2.share"), 1, "op-2"),
        ("mohur pki lint offline/trust/root.pem".to_owned(), 1, "never to be trusted"),
        ("sed -i s/root-days.:7300/root-days\\\":7301/ offline/transcript.jsonl; mohur pki ceremony verify offline".to_owned(), 4, "entry 2"),
        ("mohur pki ceremony plan --domain AZ --operators op-1 --needed 2 > p; mohur pki ceremony run p --out x --credentials credentials".to_owned(), 2, "p:"),
    ] {
        let (code, said, errors) = shell(folder.path(), &script);
        assert_eq!(code, expected, "{script}: {said}{errors}");
        assert!(errors.contains(text) || said.contains(text), "{script}: {said}{errors}");
        assert!(!errors.contains("passphrase of"), "{errors}");
    }
    assert!(!folder.path().join("national").exists(), "nothing was made for a folder of a dry run");
}
