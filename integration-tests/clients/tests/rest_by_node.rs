//! npm `http-message-signatures` asks a running broker over REST and verifies what it says; and it is refused like anyone.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

mod soap;

use std::process::Command;

use serde_json::json;
use soap::{Stage, here, is_there, only_the_untouched, told};

#[tokio::test(flavor = "multi_thread")]
async fn node_signs_asks_and_verifies_and_is_refused_like_anyone() {
    if !is_there(&here("node/node_modules/http-message-signatures")) {
        return;
    }
    let stage = Stage::set().await;
    let mut command = Command::new("node");
    command.arg(here("node/rest-scenes.mjs")).arg(stage.brief());
    let told = told(command).await;

    let citizen = stage.federation.citizen();
    let card = citizen.health.as_ref().unwrap();
    assert_eq!(
        told["answered"],
        json!({ "code": "answered", "receipt": true, "bloodGroup": card.blood_group, "height": card.height })
    );
    assert_eq!(
        told["refused"],
        json!({
            "tampered": "digest-mismatch",
            "unsigned": "signature-missing",
            "header": "signature-invalid",
            "uncovered": "component-uncovered",
            "repeated": "replayed",
            "foreign": "identity-mismatch",
            "withheld": "not-available",
            "absent": "not-available",
        })
    );
    assert_eq!(told["forged"].as_object().unwrap().len(), 6);
    only_the_untouched(&told["forged"]);
}
