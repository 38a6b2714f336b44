//! PyPI `zeep`, as a ministry has it, calls a running broker over SOAP and verifies what it says: each of its signatures, with
//! RSA and EC keys, SOAP 1.1 and 1.2, a bundle with its openings; and it is refused like anyone.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

mod soap;

use std::process::Command;

use serde_json::json;
use soap::{OFFICE, Stage, codes, here, is_there, only_the_untouched, python, run, told};

#[tokio::test(flavor = "multi_thread")]
async fn zeep_asks_and_verifies_and_is_refused_like_anyone() {
    if !is_there(&python()) {
        return;
    }
    let stage = Stage::set().await;
    let mut command = Command::new(python());
    command.arg(here("python/soap_scenes.py")).arg(stage.brief());
    let told = told(command).await;

    let card = stage.card();
    let answered = told["answered"].as_object().unwrap();
    assert_eq!(answered.len(), 7);
    for (signature, fields) in answered {
        assert_eq!(*fields, card, "{signature}");
    }
    assert_eq!(told["soap12"], card);
    assert_eq!(
        told["sealed"],
        json!({
            "iss": "AZ/GOV/MOH/health-card",
            "finding": "found",
            "bloodGroup": card["bloodGroup"],
            "height": card["height"].as_str().unwrap().parse::<u64>().unwrap(),
        })
    );
    assert_eq!(
        codes(&told["refused"]),
        json!({
            "zeep's defaults": "algorithm-refused",
            "no Timestamp": "component-uncovered",
            "repeated": "replayed",
            "changed": "digest-mismatch",
            "absent": "not-available",
            "another's name": "identity-mismatch",
            "another's purpose": "not-available",
        })
    );
    // What a ministry must set is said to it in the words of its own library.
    let advice = told["refused"]["zeep's defaults"]["detail"].as_str().unwrap();
    for word in ["zeep", "signature_method=xmlsec.constants.TransformRsaSha256"] {
        assert!(advice.contains(word), "{advice}");
    }
    only_the_untouched(&told["forged"]);
    assert_eq!(
        told["bundle"],
        json!({
            "outcome": "clear",
            "legs": { "birth": "match", "marriage": "match", "vitals": "value", "fee": "clear" },
            "polled": "clear",
            "swapped openings": "digest-mismatch",
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guides_client_asks_its_first_query() {
    if !is_there(&python()) {
        return;
    }
    let stage = Stage::set().await;
    let text = |name: &str| stage.path(name).display().to_string();
    let mut command = Command::new(python());
    command.arg(here("python/soap_query.py")).args([
        OFFICE,
        "AZ/GOV/MOH/health-card/vitals/v1",
        "--door",
        &stage.door(),
        "--folder",
        &text("callers/passport-office"),
        "--passphrase",
        &text("passphrase"),
        "--authority",
        &text("national/trust/root.pem"),
        "--brokers-seal",
        &text("broker/seal.pem"),
        "--fin",
        stage.federation.citizen().fin.as_str(),
        "--read",
        "bloodGroup,height",
        "--purpose",
        "issue-id-document",
        "--case",
        "C-1",
    ]);
    let told = tokio::task::spawn_blocking(move || run(&mut command)).await.unwrap();
    assert!(told.contains(&format!("height  {}", stage.card()["height"].as_str().unwrap())), "{told}");
    assert!(told.contains("the broker's signature on the answer"), "{told}");
}
