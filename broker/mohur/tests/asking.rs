//! `mohur query` and `mohur bundle` as people use them: at a terminal they ask for what is missing, in a script they say it.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use mohur::nation::{Nation, Running};
use mohur_http::SystemClock;

struct Stage {
    runtime: tokio::runtime::Runtime,
    running: Option<Running>,
    config: String,
    _folder: tempfile::TempDir,
}

impl Stage {
    fn set() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let nation = Nation::found(&folder.path().join("nation"), Arc::new(SystemClock)).unwrap();
        let running = runtime.block_on(nation.start()).unwrap();
        let config = nation.path("callers/passport-office/client.toml").display().to_string();
        Self { runtime, running: Some(running), config, _folder: folder }
    }

    /// Without a terminal.
    fn in_a_script(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mohur"));
        command.args(words).args(["--config", &self.config, "--official", "inspector-7"]).stdin(Stdio::null());
        command.output().unwrap()
    }

    /// At a terminal (util-linux's `script` makes one), where these lines are typed.
    fn typed(&self, words: &str, lines: &[&str]) -> (Option<i32>, String) {
        let binary = Path::new(env!("CARGO_BIN_EXE_mohur")).display();
        let line = format!("{binary} {words} --config {} --official inspector-7", self.config);
        let mut command = Command::new("script");
        command.args(["-qefc", &line, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut keyboard = child.stdin.take().unwrap();
        for line in lines {
            writeln!(keyboard, "{line}").unwrap();
        }
        // The terminal stays: its end would be an answer, too.
        let output = child.wait_with_output().unwrap();
        drop(keyboard);
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.stop());
        }
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

#[test]
fn a_person_is_asked_for_what_is_missing_and_a_script_is_told() {
    let stage = Stage::set();
    let citizen = stage.running.as_ref().unwrap().country.clear_citizen().clone();
    let height = citizen.health.as_ref().unwrap().height.unwrap().to_string();
    let fin = citizen.fin.to_string();

    // A wrong FIN is asked for again.
    let answers = ["1", "no fin", &fin, "read", "height", "issue-id-document", "C-1"];
    let (code, screen) = stage.typed("query vitals", &answers);
    assert_eq!(code, Some(0), "{screen}");
    assert!(screen.contains(&format!("height  {height}")), "{screen}");
    for question in ["FIN, a citizen's personal number", "What to do", "Fields", "Purpose", "Case"] {
        assert!(screen.contains(question), "{question}: {screen}");
    }
    assert_eq!(screen.matches("FIN, a citizen's personal number:").count(), 2, "{screen}");

    // A name that may be two is chosen from.
    let answers =
        ["1", "1", &fin, "match", &format!("birthDate={}", citizen.claims.birth_date), "", "issue-id-document", "C-1"];
    let (code, screen) = stage.typed("query civil-registry", &answers);
    assert_eq!(code, Some(0), "{screen}");
    assert!(screen.contains("birthDate  match"), "{screen}");

    in_a_script_all_that_is_missing_is_said_at_once(&stage, &fin, &height);
}

fn in_a_script_all_that_is_missing_is_said_at_once(stage: &Stage, fin: &str, height: &str) {
    let output = stage.in_a_script(&["query", "vitals"]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("missing: --fin or another key, one of --read"), "{said}");
    assert!(said.contains("--purpose"), "{said}");
    let output = stage.in_a_script(&["query", "civil-registry", "--fin", fin]);
    assert!(text(&output).contains("`civil-registry` may be"), "{}", text(&output));
    let words =
        ["query", "vitals", "--fin", fin, "--read", "height", "--purpose", "issue-id-document", "--case", "C-1"];
    let output = stage.in_a_script(&[words.as_slice(), &["--json"]].concat());
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document.pointer("/fields/height").unwrap().to_string(), height);
}

#[test]
fn a_bundle_asks_for_what_its_definition_needs_and_fills_a_table() {
    let stage = Stage::set();
    let citizen = stage.running.as_ref().unwrap().country.clear_citizen().clone();
    let claims = &citizen.claims;
    let fin = citizen.fin.to_string();
    let (receipt, birth_date) = (claims.receipt.to_string(), claims.birth_date.to_string());
    let married = claims.marital_status.as_str();
    // Two definitions have this in their names: the first in the directory's order is chosen by its name.
    let answers =
        ["issue-id-document", &fin, &claims.family_name, &claims.given_name, &birth_date, married, &receipt, "C-1"];
    let (code, screen) = stage.typed("bundle issue-id", &answers);
    assert_eq!(code, Some(0), "{screen}");
    for shown in ["familyName:", "Receipt of the paid fee:", "Birth record", "settled: consumed", "CLEAR"] {
        assert!(screen.contains(shown), "{shown}: {screen}");
    }
    // The rows are drawn anew in place, and whole at the end.
    assert!(screen.contains("[sealed by AZ/GOV/MOH/health-card]"), "{screen}");

    let output = stage.in_a_script(&["bundle", "issue-id-document", "--fin", &fin, "--value", "familyName=X"]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("--value givenName=…") && said.contains("--receipt"), "{said}");
    assert!(!said.contains("--value familyName"), "{said}");
}
