use super::*;

fn opening(middle: &str) -> String {
    format!(
        r#"{{"salt":"{}","id":"q-1","caller":"AZ/GOV/MIA/id-cards","service":"AZ/GOV/MOH/health-card/vitals/v1",
        "subject":{{"fin":"5ABCDE1"}},"purpose":"issue-id-document","official":"inspector 7",{middle}}}"#,
        Salt([7; 32])
    )
}

#[test]
fn each_verb_has_its_own_operand_and_no_other() {
    for right in [
        r#""verb":"read","fields":["bloodGroup","height"]"#,
        r#""verb":"match","values":{"birthDate":"1990-01-02"}"#,
        r#""verb":"verify","predicates":{"age":{"atLeast":18}}"#,
        r#""verb":"change","effect":{"operation":"reserve","receipt":"R-1","key":"k-1"}"#,
        r#""verb":"change","effect":{"operation":"reserve","values":{"reason":"lost"},"key":"k-1"}"#,
        r#""verb":"change","effect":{"operation":"reserve","key":"k-1"}"#,
    ] {
        let query = Query::parse(opening(right).as_bytes()).unwrap();
        assert_eq!(Query::parse(&query.to_opening()).unwrap(), query, "{right}");
    }
    for wrong in [
        r#""verb":"read""#,
        r#""verb":"read","fields":[]"#,
        r#""verb":"read","fields":["height","height"]"#,
        r#""verb":"read","values":{"height":1}"#,
        r#""verb":"read","fields":["height"],"values":{"height":1}"#,
        r#""verb":"match","values":{}"#,
        r#""verb":"match","values":{"height":1,"height":2}"#,
        r#""verb":"match","values":{"height":1.5}"#,
        r#""verb":"change","effect":{"operation":"reserve","values":{"receipt":"R-1"},"key":"k-1"}"#,
        r#""verb":"change","effect":{"operation":"reserve","values":{"a":"1","a":"2"},"key":"k-1"}"#,
        r#""verb":"change","effect":{"operation":"reserve","receipt":"R-1"}"#,
        r#""verb":"change","effect":{"operation":"reserve","receipt":"R-1","key":"k-1"},"values":{"a":"1"}"#,
        r#""verb":"identify","fields":["height"]"#,
        r#""verb":"read","fields":["height"],"extra":1"#,
        r#""verb":"read","verb":"match","fields":["height"]"#,
    ] {
        assert!(Query::parse(opening(wrong).as_bytes()).is_err(), "{wrong}");
    }
}

#[test]
fn a_change_takes_64_values_and_no_more() {
    let with = |count: usize| {
        let values: Vec<_> = (0..count).map(|number| format!(r#""v{number}":"x""#)).collect();
        let values = values.join(",");
        opening(&format!(r#""verb":"change","effect":{{"operation":"reserve","values":{{{values}}},"key":"k"}}"#))
    };
    let most = Query::parse(with(MAX_FIELDS).as_bytes()).unwrap();
    let Ask::Change(effect) = &most.ask else { panic!() };
    assert_eq!(effect.inputs().len(), MAX_FIELDS);
    assert!(Query::parse(with(MAX_FIELDS + 1).as_bytes()).is_err());
}

#[test]
fn a_name_is_the_same_in_json_and_elsewhere() {
    use crate::Verdict;
    use crate::bundle::Outcome;

    let json = |text: serde_json::Result<String>| text.unwrap().trim_matches('"').to_owned();
    assert!(Verb::ALL.iter().all(|verb| json(serde_json::to_string(verb)) == verb.as_str()));
    assert!(Operation::ALL.iter().all(|operation| json(serde_json::to_string(operation)) == operation.as_str()));
    assert!(Verdict::ALL.iter().all(|verdict| json(serde_json::to_string(verdict)) == verdict.as_str()));
    assert!(Outcome::ALL.iter().all(|outcome| json(serde_json::to_string(outcome)) == outcome.as_str()));
}

#[test]
fn an_error_says_where_and_never_quotes_the_value() {
    let text = opening(r#""verb":"read","fields":["height"]"#).replace("5ABCDE1", "5ABCDI1");
    let error = Query::parse(text.as_bytes()).unwrap_err();
    assert_eq!(error.line, 2);
    assert!(error.to_string().contains("FIN: 7 characters"), "{error}");
    assert!(!error.to_string().contains("5ABCDI1"));
}

#[test]
fn a_message_is_enclosed_in_a_read_and_only_there() {
    let message = r#""message":{"type":"text/xml","content":"PGEvPg"}"#;
    let right = opening(&format!(r#""verb":"read","fields":["message"],{message}"#));
    assert_eq!(Query::parse(right.as_bytes()).unwrap().message.unwrap().content, b"<a/>");
    let wrong = opening(&format!(r#""verb":"match","values":{{"height":1}},{message}"#));
    assert!(Query::parse(wrong.as_bytes()).unwrap_err().to_string().contains("only with read"));

    // A subject that nobody named is the message; without it there is no subject.
    let digest = r#"{"message":"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"}"#;
    let unnamed = right.replace(r#"{"fin":"5ABCDE1"}"#, digest);
    assert_eq!(Query::parse(unnamed.as_bytes()).unwrap().subject.kind(), "message");
    assert!(Query::parse(unnamed.replace(&format!(",{message}"), "").as_bytes()).is_err());
}
