//! The mapping is held against the live database: all errors at once, each with its line.

use super::*;

const TEXT: &str = include_str!("../../../reference/databases/documents/mapping.toml");

/// The mapping of `docs/samples`.
const SAMPLE: &str = include_str!("../../../../docs/samples/sql.toml");

#[test]
fn the_sample_shows_the_defaults() {
    assert_eq!(mapping(SAMPLE).database, crate::mapping::Database::default());
}

#[test]
fn every_error_of_the_file_is_found_at_once_with_its_line() {
    let text = SAMPLE
        .replace("wait = \"1s\"", "wiat = \"1s\"")
        .replace("connections = 8", "connections = 0")
        .replace("writing-role = \"refuse\"", "writing-role = \"allow\"")
        .replace("name = \"vehicle/v1\"", "name = \"vehicle\"")
        .replace("verbs = [\"read\", \"match\", \"verify\"]", "verbs = [\"change\"]")
        .replace("where plate = :subject", "where plate = :subject.number")
        .replace("scale = 2", "scale = 20")
        .replace("type = \"flag\"", "type = \"yes\"");
    let errors = Mapping::parse(Path::new("sql.toml"), &text).unwrap_err().to_string();
    for (key, of) in [
        ("database.wiat", "wiat"),
        ("database.connections", "connections"),
        ("database.writing-role", "writing-role"),
        ("service[0].name", "name = \"vehicle\""),
        ("service[0].verbs", "verbs"),
        ("service[0].statement", "statement ="),
        ("service[0].field[2].scale", "scale = 20"),
        ("service[0].field[5].type", "type = \"yes\""),
    ] {
        assert!(errors.contains(&format!("sql.toml:{}: {key}:", line(&text, of))), "{key}: {errors}");
    }
}

async fn refused(cluster: &Cluster, text: &str) -> String {
    let settings = Settings::new(cluster.socket_url(ROLE, "documents"));
    match Sql::open(mapping(text), &settings).await {
        Ok(_) => panic!("the mapping was accepted"),
        Err(error) => error.to_string(),
    }
}

fn line(text: &str, of: &str) -> usize {
    text.lines().position(|line| !line.starts_with('#') && line.contains(of)).unwrap() + 1
}

#[tokio::test]
async fn what_does_not_fit_the_database_is_told_at_once() {
    let cluster = documents();
    let text = TEXT
        .replacen("number = \"number\"", "number = \"no\"", 1)
        .replacen("name = \"kind\"", "name = \"kind\"\ntype = \"flag\"", 1)
        .replacen("type = \"date\"", "type = \"time\"", 1)
        .replacen("column = \"holder_name\"\ncompare = \"name\"", "column = \"holder_birth_date\"", 1)
        .replacen("document.pin = person.pin", "document.\n  pim = person.pin", 1);
    let errors = refused(&cluster, &text).await;
    let issued = line(&text, "column = \"issued_on\"");
    for (line, what) in [
        (
            line(&text, "number = \"no\""),
            "service[0].columns: is no column of the statement, which selects issuing_state,",
        ),
        (line(&text, "name = \"kind\""), "service[0].field[1].column: is of the database's type text"),
        (issued, "service[0].field[2].column: is of the database's type date"),
        (line(&text, "column = \"holder_birth_date\""), "service[0].field[5].column: is of the database's type date"),
    ] {
        assert!(errors.contains(&format!("sql.toml:{line}: {what}")), "{line} {what}: {errors}");
    }
    let statement = "service[3].statement: is refused by the database in its line 4: column document.pim";
    assert!(errors.contains(statement), "{errors}");
}

#[tokio::test]
async fn a_role_that_may_write_is_refused() {
    let cluster = documents();
    let settings = |role: &str| Settings::new(cluster.socket_url(role, "documents"));
    let error = Sql::open(mapping(TEXT), &settings("postgres")).await.err().unwrap().to_string();
    assert!(error.contains("powers that an adapter must not have: superuser"), "{error}");
    cluster.sql("documents", "grant update (status) on mohur.documents to mohur_adapter");
    let error = refused(&cluster, TEXT).await;
    assert!(error.contains("may write: mohur.documents"), "{error}");
    let warned = format!("[database]\nwriting-role = \"warn\"\n{TEXT}");
    assert!(Sql::open(mapping(&warned), &settings(ROLE)).await.is_ok());
    cluster.sql("documents", "revoke all on mohur.documents from mohur_adapter");
    let error = refused(&cluster, TEXT).await;
    assert!(error.contains("service[0].statement: is refused by the database") && error.contains("(42501)"), "{error}");
    let error = refused(&cluster, &format!("[database]\nconnect-timeout = \"1s\"\n{TEXT}")).await;
    assert!(error.contains("permission denied"), "{error}");
}

/// NULL, blanks, padded text, dates of every kind, decimals, flags, enumerations, domains, times: each is what it is, or refused.
#[tokio::test]
async fn columns_become_fields_by_their_types() {
    let cluster = documents();
    cluster.sql("documents", "create type mohur.colour as enum ('red', 'green');
        create domain mohur.serial as varchar(12);
        create table mohur.odd (serial mohur.serial, blank text, padded char(9), born timestamp, seen timestamptz, amount numeric,
            good boolean, colour mohur.colour, code smallint, day date, long text);
        insert into mohur.odd values
            ('S-1', '  ', 'ab', '1990-05-06 23:59:59', '2026-01-01 21:30:00+00', 12.30, true, 'green', 7, '2020-02-29', 'x'),
            ('S-2', null, null, 'infinity', null, 'NaN', null, null, null, 'infinity', repeat('ə', 5000)),
            ('S-3', null, null, null, null, 0.001, false, 'red', 8, null, repeat('ə', 4096)),
            ('S-4', null, null, null, null, null, null, null, null, null, null),
            ('S-4', null, null, null, null, null, null, null, null, null, null);
        grant select on mohur.odd to mohur_adapter");
    let text = r#"
        [[service]]
        name = "odd/v1"
        subject = "serial"
        verbs = ["read", "match", "verify"]
        statement = "select * from mohur.odd where serial = :subject"
        columns = { subject = "serial" }
        field = [
            { name = "blank" }, { name = "padded" }, { name = "born", type = "date" }, { name = "seen", type = "time" },
            { name = "seenOn", type = "date", column = "seen" }, { name = "amount", type = "number", scale = 2 },
            { name = "good", type = "flag" }, { name = "colour" }, { name = "day", type = "date" }, { name = "long" },
            { name = "code", codes = { 7 = "seven" } },
        ]
    "#;
    let adapter = open(&cluster, text).await;
    let odd = |serial: &str, fields: &[&str]| {
        query("AZ/GOV/MIA/documents/odd/v1", &json!({ "serial": serial }), &read(fields))
    };
    let all = ["blank", "padded", "born", "seen", "seenOn", "amount", "good", "colour", "day", "code", "long"];
    let expected = fields(&[
        ("padded", Value::text("ab")),
        ("born", Value::text("1990-05-06")),
        ("seen", Value::text("2026-01-01T21:30:00Z")),
        // Half past one in the morning in Baku.
        ("seenOn", Value::text("2026-01-02")),
        ("amount", Value::Number(1230)),
        ("good", Value::Flag(true)),
        ("colour", Value::text("green")),
        ("day", Value::text("2020-02-29")),
        ("code", Value::text("seven")),
        ("long", Value::text("x")),
    ]);
    assert_eq!(found(ask(&adapter, &odd("S-1", &all)).await), expected);
    for field in ["born", "amount", "day", "long"] {
        let answer = ask(&adapter, &odd("S-2", &[field])).await;
        // One value that is none spoils the field that it stands in, a value that is too long the record.
        assert!(matches!(answer, Err(RegistryError::Invalid(_))), "{field}: {answer:?}");
    }
    for field in ["amount", "code"] {
        assert!(matches!(ask(&adapter, &odd("S-3", &[field])).await, Err(RegistryError::Invalid(_))), "{field}");
    }
    assert_eq!(found(ask(&adapter, &odd("S-3", &["good", "born"])).await), fields(&[("good", Value::Flag(false))]));
    let several = ask(&adapter, &odd("S-4", &["good"])).await;
    assert_eq!(several, Err(RegistryError::Invalid("it holds several records where the mapping expects one")));
    let at_least =
        json!({ "verb": "verify", "predicates": { "amount": { "atLeast": 1230 }, "colour": { "oneOf": ["red"] } } });
    let answer =
        found(ask(&adapter, &query("AZ/GOV/MIA/documents/odd/v1", &json!({ "serial": "S-1" }), &at_least)).await);
    assert_eq!(answer, fields(&[("amount", Verdict::Match.to_value()), ("colour", Verdict::Mismatch.to_value())]));
}
