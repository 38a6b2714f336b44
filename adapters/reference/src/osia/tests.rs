use super::*;
use crate::country::MaritalStatus;
use crate::token::TokenKey;
use mohur_wire::Timestamp;

const NOW: Timestamp = Timestamp::constant(1_780_000_000, 0);

/// One exchange with the registry, by method, target and JSON body.
fn ask(scope: &str, method: &str, target: &str, content: Option<Value>) -> (u16, Value) {
    let country = Country::default();
    let key = TokenKey::fresh();
    let scopes = key.check("x", &key.issue("x", scope, NOW), NOW);
    let request = http::Request::builder().method(method).uri(target).header("content-type", JSON);
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let bytes = content.map(|content| content.to_string()).unwrap_or_default();
    let call = Call::new(&parts, bytes.as_bytes(), scopes.as_ref()).unwrap();
    let response = answer(Book::Civil, &country, &call, Faults::default());
    let body = serde_json::from_slice(response.body()).unwrap_or(Value::Null);
    (response.status().as_u16(), body)
}

#[test]
fn reading_gives_values_and_describes_what_is_missing() {
    let country = Country::default();
    let single = country.citizens().iter().find(|c| c.status.marital_status == MaritalStatus::Single);
    let single = single.filter(|c| c.birth.is_some()).unwrap();
    let target =
        format!("/v1/persons/{}?attributeNames=firstName&attributeNames=marriageDate&attributeNames=x", single.fin);
    let (status, body) = ask("cr.person.read", "GET", &target, None);
    assert_eq!(status, 200);
    assert_eq!(body["firstName"], single.birth.as_ref().unwrap().given_name);
    assert_eq!(body["marriageDate"]["code"], 1024);
    assert_eq!(body["x"], json!({ "code": 1023, "message": "Unknown attribute name" }));
}

#[test]
fn matching_tells_which_attributes_differ_and_nothing_else() {
    let country = Country::default();
    let person = country.clear_citizen();
    let given = json!({ "lastName": person.claims.family_name, "dateOfBirth": "1900-01-01", "shoeSize": "42" });
    let (status, body) = ask("cr.person.match", "POST", &format!("/v1/persons/{}/match", person.fin), Some(given));
    assert_eq!(status, 200);
    let expected =
        json!([{ "attributeName": "dateOfBirth", "errorCode": 1 }, { "attributeName": "shoeSize", "errorCode": 0 }]);
    assert_eq!(body, expected);
}

#[test]
fn verifying_compares_dates_in_their_order() {
    let country = Country::default();
    let person = country.clear_citizen();
    let target = format!("/v1/persons/{}/verify", person.fin);
    let born = person.claims.birth_date.to_string();
    for (operator, value, expected) in
        [("=", born.as_str(), true), ("<=", &born, true), ("<", &born, false), (">", "1900-01-01", true)]
    {
        let expressions = json!([{ "attributeName": "dateOfBirth", "operator": operator, "value": value }]);
        assert_eq!(ask("cr.person.verify", "POST", &target, Some(expressions)), (200, json!(expected)), "{operator}");
    }
    for wrong in
        [json!([{ "attributeName": "lastName", "operator": "<", "value": "B" }]), json!([{ "value": 1 }]), json!({})]
    {
        assert_eq!(ask("cr.person.verify", "POST", &target, Some(wrong)).0, 400);
    }
}

#[test]
fn a_token_without_the_scope_is_forbidden_and_an_unknown_person_is_not_found() {
    let country = Country::default();
    let target = format!("/v1/persons/{}?attributeNames=firstName", country.clear_citizen().fin);
    assert_eq!(ask("cr.person.match", "GET", &target, None).0, 403);
    assert_eq!(ask("cr.person.read", "GET", "/v1/persons/0ZZ0000?attributeNames=firstName", None).0, 404);
    assert_eq!(ask("cr.person.read", "DELETE", &target, None).0, 405);
    assert_eq!(ask("cr.person.read", "GET", "/v1/persons?lastName=Nobody", None).0, 404);
}
