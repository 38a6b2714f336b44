//! X-Road systems that nobody here wrote, unchanged: PyPI `pyxroad` asks at the door, PyPI `fastapi-xroad-soap` answers behind
//! a host, and between them stands a whole federation. By mappings and as whole messages, SOAP and REST, with an attachment,
//! and with each way to protect the inside legs.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "all of it is test code")]

mod xroad;

use serde_json::{Value, json};
use xroad::{Mode, OWNER, Stage, python};

async fn everything_works(mode: Mode) {
    let Some(python) = python() else { return };
    let stage = Stage::set(&python, mode).await;
    let told = stage.scenes(&python).await;
    let citizen = stage.federation.citizen();
    let (fin, surname) = (citizen.fin.to_string(), citizen.claims.family_name.clone());

    let person = json!({ "number": fin, "surname": surname, "height": 171 });
    assert_eq!((&told["mapped"]["found"], &told["mapped"]["again"]), (&person, &person));
    assert!(told["mapped"]["nobody"]["fault"].is_string(), "{}", told["mapped"]);
    assert_eq!(
        told["whole"],
        json!({
            "found": surname,
            "again": surname,
            "nobody": { "fault": "nobody has this number" },
        })
    );

    let by_hand = &told["by hand"];
    assert_eq!(by_hand["body"], json!({ "number": fin, "surname": surname, "height": "171" }), "{by_hand}");
    assert_eq!((&by_hand["requestHash"], &by_hand["id"]), (&json!(true), &json!("4894e35d")));
    let attachment = &told["attachment"];
    assert_eq!((&attachment["same"], &attachment["requestHash"]), (&json!(true), &json!(true)), "{attachment}");

    let rest = |scene: &str| (told[scene]["status"].clone(), told[scene]["body"].clone());
    assert_eq!(rest("rest mapped"), (json!(200), person));
    assert_eq!(rest("rest nobody"), (json!(404), json!({ "error": "nobody has this number" })));
    let (status, seen) = rest("rest whole");
    assert_eq!(status, 202);
    assert_eq!(
        (&seen["path"], &seen["query"], &seen["body"]),
        (&json!("/api/search/a b"), &json!("x=1&x=2"), &json!("{}"))
    );
    assert_eq!(seen["headers"]["x-road-client"], "AZ/GOV/MIA/id-cards");
    assert_eq!(seen["headers"]["x-own"], "kept");
    assert_eq!(told["rest whole"]["hash"], 88, "SHA-512 in base64");
    assert_eq!(told["rest whole"]["service"], format!("{OWNER}/search"));
    assert_eq!(rest("openapi").1["openapi"], "3.0.0");

    refused(&told["refused"]);
}

fn refused(told: &Value) {
    for scene in ["stranger", "another element"] {
        assert_eq!(told[scene]["status"], 200, "faults come with 200: {told}");
        assert!(told[scene]["fault"].is_string(), "{told}");
    }
    for scene in ["unlisted", "method", "climbing"] {
        assert!(told[scene]["status"].as_u64().unwrap() >= 400, "{scene}: {told}");
        assert!(told[scene]["error"].is_string(), "an error of X-Road, not of the service: {scene}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_one_machine_without_tls() {
    Box::pin(everything_works(Mode::None)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_pinned_servers() {
    Box::pin(everything_works(Mode::Server)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_pinned_servers_and_clients() {
    Box::pin(everything_works(Mode::Mutual)).await;
}
