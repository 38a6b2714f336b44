use std::sync::Arc;

use mohur_contract::ledger::VolatileLedger;

use super::*;
use crate::country::Mark;
use crate::register::Adjudication;
use crate::token::TokenKey;

const NOW: Timestamp = Timestamp::constant(1_780_000_000, 0);

struct Bench {
    country: Country,
    desk: FinDesk,
}

impl Bench {
    async fn new() -> Self {
        let Adjudication { trust, panel, .. } = Adjudication::default();
        let desk = FinDesk { book: Book::new(Arc::new(VolatileLedger::default())), trust, panel };
        let country = Country::default();
        desk.adopt(&country, NOW).await.unwrap();
        Self { country, desk }
    }

    async fn ask(&self, scope: &str, method: &str, target: &str, content: Option<Value>) -> (u16, Value) {
        let key = TokenKey::fresh();
        let scopes = key.check("x", &key.issue("x", scope, NOW), NOW);
        let request = http::Request::builder().method(method).uri(target).header("content-type", JSON);
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let bytes = content.map(|content| content.to_string()).unwrap_or_default();
        let call = Call::new(&parts, bytes.as_bytes(), scopes.as_ref()).unwrap();
        let response = answer(&self.desk, &self.country, &call, Faults::default(), NOW).await;
        (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap_or(Value::Null))
    }
}

#[tokio::test]
async fn osia_issues_a_number_once_for_a_transaction() {
    let bench = Bench::new().await;
    let newborn = json!({ "firstName": "Nigar", "lastName": "Səfərova", "dateOfBirth": "2026-02-03", "gender": "F" });
    let (status, fin) = bench.ask("uin.generate", "POST", "/v1/uin?transactionId=B-1", Some(newborn.clone())).await;
    assert_eq!(status, 200);
    assert!(fin.as_str().unwrap().parse::<Fin>().is_ok_and(|fin| bench.country.citizen(fin).is_none()));
    let again = bench.ask("uin.generate", "POST", "/v1/uin?transactionId=B-1", Some(newborn.clone())).await;
    assert_eq!(again, (200, fin.clone()));
    let (status, error) = bench.ask("uin.generate", "POST", "/v1/uin?transactionId=B-2", Some(newborn.clone())).await;
    assert_eq!((status, error["code"].as_i64()), (400, Some(1101)));

    let mut twin = newborn.clone();
    twin["distinct"] = json!(true);
    let target = "/v1/uin?transactionId=B-3";
    assert_eq!(bench.ask("uin.generate", "POST", target, Some(twin.clone())).await.0, 403);
    let (status, other) = bench.ask("uin.generate uin.generate.distinct", "POST", target, Some(twin)).await;
    assert!(status == 200 && other != fin);
}

#[tokio::test]
async fn what_is_not_osias_is_refused() {
    let bench = Bench::new().await;
    let good = json!({ "firstName": "Nigar", "lastName": "Səfərova", "dateOfBirth": "2026-02-03" });
    assert_eq!(bench.ask("uin.generate", "POST", "/v1/uin", Some(good.clone())).await.0, 400);
    assert_eq!(bench.ask("x", "POST", "/v1/uin?transactionId=1", Some(good.clone())).await.0, 403);
    assert_eq!(bench.ask("uin.generate", "GET", "/v1/uin?transactionId=1", None).await.0, 405);
    for (name, value) in [
        ("dateOfBirth", json!("2026-02-30")),
        ("lastName", json!("")),
        ("lastName", json!("...")),
        ("lastName", json!(7)),
        ("shoeSize", json!("42")),
        ("documentNumber", json!("C1234567")),
    ] {
        let mut wrong = good.clone();
        wrong[name] = value;
        let (status, error) = bench.ask("uin.generate", "POST", "/v1/uin?transactionId=1", Some(wrong)).await;
        assert_eq!((status, error["code"].as_i64()), (400, Some(1000)), "{name}");
    }
}

#[tokio::test]
async fn the_countrys_contradictions_are_links_already() {
    let bench = Bench::new().await;
    let link = |mark: Mark| {
        let fin = bench.country.with_mark(mark).next().unwrap().fin;
        bench.ask("fin.link.read", "POST", "/v1/links/search", Some(json!({ "uin": fin })))
    };
    for (mark, colour) in
        [(Mark::TwoNumbers, "white"), (Mark::TwoNumbersFirst, "white"), (Mark::SharedDocument, "yellow")]
    {
        assert_eq!(link(mark).await.1["links"][0]["colour"], colour, "{mark:?}");
    }
    assert_eq!(link(Mark::Wanted).await.1["links"], json!([]));
    let (_, queue) = bench.ask("fin.link.adjudicate", "GET", "/v1/links", None).await;
    assert_eq!((queue.as_array().unwrap().len(), &queue[0]["article"]), (1, &json!("30(1)(b)")));
    let id = queue[0]["id"].as_str().unwrap();
    let (_, shown) = bench.ask("fin.link.adjudicate", "GET", &format!("/v1/links/{id}"), None).await;
    assert_eq!(shown["files"].as_array().unwrap().len(), 2);
    assert_eq!(bench.ask("fin.link.read", "GET", "/v1/links", None).await.0, 403, "a reader does not see the queue");
    let decisions = format!("/v1/links/{id}/decisions");
    assert_eq!(bench.ask("fin.link.adjudicate", "POST", &decisions, None).await.0, 409, "nobody is trusted here");
}

#[tokio::test]
async fn a_search_counts_and_names_nobody() {
    let bench = Bench::new().await;
    let (family, given, born) = bench.country.clear_citizen().recorded();
    let asked = json!({ "name": format!("{family} {given}"), "dateOfBirth": born.to_string() });
    let (status, told) = bench.ask("fin.identity.search", "POST", "/v1/identities/search", Some(asked.clone())).await;
    assert_eq!((status, &told["same"], &told["similar"]), (200, &json!(1), &json!(0)));
    let mut other = asked;
    other["dateOfBirth"] = json!("1901-01-02");
    let (_, told) = bench.ask("fin.identity.search", "POST", "/v1/identities/search", Some(other)).await;
    assert_eq!(told["same"], 0);
}

#[tokio::test]
async fn a_biometric_match_opens_a_link() {
    let bench = Bench::new().await;
    let mut people = bench.country.clear_citizens();
    let (one, other) = (people.next().unwrap().fin, people.next().unwrap().fin);
    let found = json!({ "one": one, "other": other, "biometric": "same", "engine": "AZ/GOV/MIA/finger" });
    let (status, link) = bench.ask("fin.match.write", "POST", "/v1/matches", Some(found)).await;
    assert_eq!((status, &link["colour"], &link["article"]), (200, &json!("yellow"), &json!("30(1)(a)")));
    let nothing = json!({ "one": one, "other": other, "biometric": "same", "engine": "x", "more": 1 });
    assert_eq!(bench.ask("fin.match.write", "POST", "/v1/matches", Some(nothing)).await.0, 400);
}
