//! Starting, reloading, health: a host that is not sure does not answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use mohur_host::{RunningHost, StartError};
use mohur_http::{Client, ClientLimits};
use mohur_policy_bundle::seal;
use mohur_wire::RefusalCode;
use serde_json::json;

use crate::broker::{Case, FIN, query, signed};
use crate::nation::{BORDER, HEALTH, Nation, PASSPORTS, REGISTRY, id};
use crate::register::health_card;

fn blood(nation: &Nation) -> Case {
    let rest = json!({ "verb": "read", "fields": ["bloodGroup"] });
    Case::honest(nation, signed(nation, PASSPORTS, &query(PASSPORTS, "AZ/GOV/MOH/health-card/vitals/v1", rest), 0))
}

#[tokio::test]
async fn it_does_not_start_with_anything_amiss() {
    let mut nation = Nation::found();
    let start = async |nation: &Nation| nation.try_host(HEALTH, health_card().shared()).await.map(drop).unwrap_err();

    // A policy that the directory does not name.
    let other = mohur_directory::HexDigest(mohur_crypto::Digest([9; 32]));
    nation.publish(|directory| {
        let entry = directory.members.iter_mut().find(|member| member.id == id(HEALTH)).unwrap();
        entry.policy.as_mut().unwrap().digest = other;
    });
    assert!(matches!(start(&nation).await, StartError::Policy(_)));

    // A service that the adapter does not offer.
    nation.publish(|_| {});
    let error = nation.try_host(REGISTRY, health_card().shared()).await.map(drop).unwrap_err();
    assert!(matches!(&error, StartError::Services { missing, .. } if missing.len() == 2), "{error}");

    // A seal that the directory does not list.
    let seals = nation.directory.members.iter().find(|member| member.id == id(HEALTH)).unwrap().seals.clone();
    nation.publish(|directory| {
        directory.members.iter_mut().find(|member| member.id == id(HEALTH)).unwrap().seals.clear();
    });
    assert!(matches!(start(&nation).await, StartError::UnlistedSeal { .. }));
    nation.publish(|directory| {
        directory.members.iter_mut().find(|member| member.id == id(HEALTH)).unwrap().seals = seals;
    });

    // Somebody else's keys.
    let mut config = nation.config(HEALTH);
    config.seal = nation.config(REGISTRY).seal;
    let start_with = async |config| {
        mohur_host::Host::start(config, health_card().shared(), Arc::clone(&nation.clock) as Arc<_>).await.map(drop)
    };
    assert!(matches!(start_with(config).await, Err(StartError::OtherMember { what: "seal certificate", .. })));
    let mut config = nation.config(HEALTH);
    config.tls = nation.config(REGISTRY).tls;
    assert!(matches!(start_with(config).await, Err(StartError::OtherMember { what: "TLS certificate", .. })));

    // A directory that was tampered with.
    let timestamp = nation.path("directory/metadata/timestamp.json");
    let text = std::fs::read_to_string(&timestamp).unwrap();
    std::fs::write(&timestamp, text.replacen("2026-", "2036-", 1)).unwrap();
    let config = |state: &str| {
        let mut config = nation.config(HEALTH);
        config.directory.state = nation.path(state);
        config
    };
    assert!(matches!(start_with(config("nothing-known")).await, Err(StartError::Directory(_))));
    // Whoever knows a good one starts with that, while it lasts.
    std::fs::write(&timestamp, &text).unwrap();
    start_with(config("known")).await.unwrap();
    std::fs::write(&timestamp, text.replacen("2026-", "2036-", 1)).unwrap();
    start_with(config("known")).await.unwrap();
    nation.clock.advance(Duration::from_secs(2 * 3600));
    assert!(matches!(start_with(config("known")).await, Err(StartError::Directory(_))));
}

#[tokio::test]
async fn a_directory_that_expires_closes_the_host_and_a_new_one_opens_it_again() {
    let mut nation = Nation::found();
    let host = nation.host(HEALTH, health_card().shared()).await;
    let case = blood(&nation);
    case.send(&nation, &host).await.fields();
    nation.clock.advance(Duration::from_secs(2 * 3600 + 1));
    // The broker has a new directory, the host could not fetch it.
    let old = std::fs::read_to_string(nation.path("directory/metadata/timestamp.json")).unwrap();
    nation.publish(|_| {});
    blood(&nation).send(&nation, &host).await.is_problem(RefusalCode::DirectoryStale);
    assert_eq!(health(&host).await.0, 503);
    host.reload().await;
    blood(&nation).send(&nation, &host).await.fields();
    assert_eq!(health(&host).await.0, 200);
    // An old one, put back, is not taken.
    let new = std::fs::read_to_string(nation.path("directory/metadata/timestamp.json")).unwrap();
    std::fs::write(nation.path("directory/metadata/timestamp.json"), old).unwrap();
    host.reload().await;
    std::fs::write(nation.path("directory/metadata/timestamp.json"), new).unwrap();
    blood(&nation).send(&nation, &host).await.fields();
}

#[tokio::test]
async fn a_policy_counts_from_when_the_directory_names_it() {
    let mut nation = Nation::found();
    let host = nation.host(HEALTH, health_card().shared()).await;
    // The officers put a stricter policy in place: nothing is read any more. The directory does not name it yet.
    let rules = nation.policy("MOH").join("health-card.cedar");
    let text = std::fs::read_to_string(&rules).unwrap();
    std::fs::write(&rules, text.replace("permit (", "forbid (")).unwrap();
    seal(&nation.policy("MOH"), None).unwrap();
    host.reload().await;
    blood(&nation).send(&nation, &host).await.fields();
    // Now it does.
    nation.publish(|_| {});
    host.reload().await;
    blood(&nation).send(&nation, &host).await.is_refusal(RefusalCode::NotAvailable);
    // The directory names one that the folder does not hold: nothing is answered.
    std::fs::write(&rules, text.replace("\"moh-vitals-issue-id-document\"", "\"moh-vitals\"")).unwrap();
    seal(&nation.policy("MOH"), None).unwrap();
    nation.publish(|_| {});
    std::fs::write(&rules, "permit (").unwrap();
    host.reload().await;
    let (status, page) = health(&host).await;
    assert_eq!(status, 503, "{page}");
    std::fs::write(&rules, text.replace("\"moh-vitals-issue-id-document\"", "\"moh-vitals\"")).unwrap();
    blood(&nation).send(&nation, &host).await.is_refusal(RefusalCode::PolicyUnavailable);
    host.reload().await;
    blood(&nation).send(&nation, &host).await.fields();
}

#[tokio::test]
async fn health_and_figures_name_nobody() {
    let nation = Nation::found();
    let host = nation.host(HEALTH, health_card().shared()).await;
    blood(&nation).send(&nation, &host).await.fields();
    let mut case = blood(&nation);
    case.decision.caller = id(BORDER);
    case.send(&nation, &host).await.is_problem(RefusalCode::SignatureInvalid);
    let (status, health_page) = health(&host).await;
    assert_eq!(status, 200, "{health_page}");
    let (_, figures) = admin(&host, "/metrics").await;
    assert!(figures.contains(r#"mohur_host_asks_total{outcome="answered"} 1"#), "{figures}");
    assert!(figures.contains(r#"mohur_host_asks_total{outcome="signature-invalid"} 1"#), "{figures}");
    assert!(figures.contains("mohur_host_directory_version 1"), "{figures}");
    for secret in [FIN, "2026/117", "officer 7", "A+"] {
        assert!(!figures.contains(secret) && !health_page.contains(secret), "{secret}");
    }
    assert_eq!(admin(&host, "/v1/ask").await.0, 404);
}

pub(crate) async fn health(host: &RunningHost) -> (u16, String) {
    admin(host, "/health").await
}

async fn admin(host: &RunningHost, path: &str) -> (u16, String) {
    let request = Request::get(format!("http://{}{path}", host.admin_addr())).body(Bytes::new()).unwrap();
    let client = Client::http(ClientLimits::default());
    let response = client.send(request, Duration::from_secs(5)).await.unwrap().response;
    (response.status().as_u16(), String::from_utf8(response.body().to_vec()).unwrap())
}
