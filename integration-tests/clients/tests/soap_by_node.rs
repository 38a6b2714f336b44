//! npm `soap` with its `WSSecurityCert` calls a running broker and verifies what it says with npm `xml-crypto`: the library's
//! defaults, wsu:Id, SOAP 1.2, more references and elements than needed; and it is refused like anyone.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

mod soap;

use std::process::Command;

use serde_json::json;
use soap::{Stage, codes, here, is_there, only_the_untouched, told};

#[tokio::test(flavor = "multi_thread")]
async fn node_soap_asks_and_verifies_and_is_refused_like_anyone() {
    if !is_there(&here("node/node_modules/soap")) {
        return;
    }
    let stage = Stage::set().await;
    let mut command = Command::new("node");
    command.arg("--no-deprecation").arg(here("node/scenes.mjs")).arg(stage.brief());
    let told = told(command).await;

    let answered = told["answered"].as_object().unwrap();
    assert_eq!(answered.len(), 12);
    for (scene, fields) in answered {
        assert_eq!(*fields, stage.card(), "{scene}");
    }
    assert_eq!(
        codes(&told["refused"]),
        json!({
            "no Timestamp": "component-uncovered",
            "a Timestamp that is not signed": "component-uncovered",
            "a Body that is not signed": "component-uncovered",
            "SHA-1": "algorithm-refused",
            "SOAP 1.2, no Timestamp": "component-uncovered",
            "an element appended to the Security header": "not-understood",
            "an X-Road header of another": "malformed",
            "an X-Road header of another, signed": "malformed",
            "an X-Road header under the default ids": "xml-refused",
            "an attachment, which the library cannot sign": "component-uncovered",
            "nobody": "not-available",
        })
    );
    let advice = told["refused"]["no Timestamp"]["detail"].as_str().unwrap();
    assert!(advice.contains("Node soap: leave hasTimeStamp at true"), "{advice}");
    only_the_untouched(&told["forged"]);
}
