//! Who is there, what may be asked of whom, and what of that a caller's grants could let it ask.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

use std::time::Duration;

use bytes::Bytes;
use mohur_client::Caller;
use mohur_federation::{Federation, ask, problem};
use mohur_wire::RefusalCode;
use serde_json::Value;

async fn get(federation: &Federation, caller: &Caller, path: &str) -> http::Response<Bytes> {
    let request = http::Request::get(format!("https://{}{path}", federation.broker_address()));
    caller.http.send(request.body(Bytes::new()).unwrap(), Duration::from_secs(10)).await.unwrap().response
}

async fn services(federation: &Federation, caller: &Caller, owner: &str, query: &str) -> Vec<String> {
    let response = get(federation, caller, &format!("/v1/members/{owner}/services{query}")).await;
    assert_eq!(response.status(), 200);
    let listed: Vec<Value> = serde_json::from_slice(response.body()).unwrap();
    listed.iter().map(|each| each["service"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn members_see_who_offers_what_and_nobody_else_does() {
    let mut federation = Federation::start().await;
    let (office, border) = (federation.office(), federation.border());
    let all: Vec<Value> = serde_json::from_slice(get(&federation, &office, "/v1/members").await.body()).unwrap();
    let directory = federation.nation.directory();
    assert_eq!(all.len(), directory.members.len());
    for (listed, entry) in all.iter().zip(&directory.members) {
        assert_eq!(listed["id"], entry.id.as_str());
        assert_eq!(listed["services"].as_array().unwrap().len(), entry.services.len());
        assert_eq!(listed.as_object().unwrap().len(), 2, "neither addresses nor keys nor shares");
    }
    assert!(services(&federation, &office, "AZ/GOV/MOH/health-card", "").await.contains(&ask::VITALS.to_owned()));

    // Who has left the directory still has its certificate, and is told nothing.
    federation.publish(|directory| directory.members.retain(|member| member.id.as_str() != "AZ/GOV/SBS/border")).await;
    for path in ["/v1/members", "/v1/members/AZ/GOV/MOH/health-card/services"] {
        // One message a second is all that it has left.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        assert_eq!(problem(&get(&federation, &border, path).await).code, RefusalCode::UnknownMember, "{path}");
    }
    let nobody = get(&federation, &office, "/v1/members/AZ/GOV/MOH/nobody/services").await;
    assert_eq!(problem(&nobody).code, RefusalCode::UnknownMember);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_caller_may_use_is_what_some_grant_could_allow_it() {
    let federation = Federation::start().await;
    let allowed = async |caller: &Caller, owner: &str| services(&federation, caller, owner, "?allowed=true").await;
    let (office, bank) = (federation.office(), federation.bank());
    assert_eq!(allowed(&office, "AZ/GOV/MOH/health-card").await, [ask::VITALS]);
    assert!(allowed(&bank, "AZ/GOV/MOH/health-card").await.is_empty(), "a bank has no business with blood groups");
    assert_eq!(allowed(&bank, "AZ/COM/BANK/state-fees").await, [ask::PAYMENTS], "it may compare a receipt");
    assert!(services(&federation, &bank, "AZ/GOV/MOH/health-card", "").await.len() == 1, "that it exists is no secret");
}
