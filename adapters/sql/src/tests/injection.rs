//! Nothing that a query says becomes SQL.

use super::*;

/// What people write into fields to see what breaks.
const ATTACKS: &[&str] = &[
    "' or '1'='1",
    "'; drop table register.documents; --",
    "C01234567'/**/union/**/select/**/null--",
    "\\'; select pg_sleep(5); --",
    "$1",
    ":subject",
    "$$; select 1; $$",
    "/* */ or true --",
    "\u{2019} or 1=1",
    "\" or \"\"=\"",
    "%",
    "_________",
    "1); insert into register.documents select 1; --",
];

#[tokio::test]
async fn what_a_query_says_is_never_sql() {
    let cluster = documents();
    let adapter = open(&cluster, Database::named("documents").unwrap().mapping).await;
    let held = |value: &str| {
        let operands = json!({ "verb": "match", "values": { "document": value } });
        query("AZ/GOV/MIA/documents/held/v1", &json!({ "fin": "5ABCDE1" }), &operands)
    };
    assert_eq!(found(ask(&adapter, &held("C01234567")).await), fields(&[("document", Verdict::Match.to_value())]));
    for attack in ATTACKS {
        let answer = found(ask(&adapter, &held(attack)).await);
        assert_eq!(answer, fields(&[("document", Verdict::Mismatch.to_value())]), "{attack}");
        let holder = passport(&json!({ "verb": "match", "values": { "holder": attack, "holderName": attack } }));
        let answer = found(ask(&adapter, &holder).await);
        assert!(answer.values().all(|verdict| *verdict == Verdict::Mismatch.to_value()), "{attack}");
    }
    let zero = ask(&adapter, &held("a\0b")).await;
    assert!(matches!(zero, Err(RegistryError::Unsupported(_))), "{zero:?}");
    assert_eq!(cluster.sql("documents", "select count(*) from register.documents"), "3");
    for attack in ATTACKS {
        assert!(!cluster.log().contains(attack), "the database saw `{attack}` as SQL: {}", cluster.log());
    }
}

/// A server that logs every statement does not log whom they are about.
#[tokio::test]
async fn the_databases_log_does_not_tell_who_was_asked_about() {
    let cluster = documents();
    cluster.stop();
    cluster.boot_with("log_min_duration_statement = 0\nlog_statement = 'all'");
    let adapter = open(&cluster, Database::named("documents").unwrap().mapping).await;
    let operands = json!({ "verb": "match", "values": { "document": "C01234567" } });
    let held = query("AZ/GOV/MIA/documents/held/v1", &json!({ "fin": "5ABCDE1" }), &operands);
    assert!(ask(&adapter, &held).await.is_ok());
    let log = cluster.log();
    assert!(log.contains("left join mohur.documents") && log.contains("read only"), "{log}");
    assert!(!log.contains("5ABCDE1") && !log.contains("C01234567"), "{log}");
}

/// A mapping's own statement cannot write either, even where the role might.
#[tokio::test]
async fn a_statement_reads_only() {
    let cluster = documents();
    cluster.sql(
        "documents",
        "create function mohur.count_up() returns text language sql volatile as
        'update register.documents set status = ''lost'' returning number';
        alter function mohur.count_up() security definer; grant execute on function mohur.count_up() to mohur_adapter",
    );
    let statement = "select 'C01234567' as number, 'AZE' as state, 'P' as type, mohur.count_up() as status, \
                     :subject.number::text as asked";
    let text = format!(
        "[[service]]\nname = \"status/v1\"\nsubject = \"document\"\nverbs = [\"read\"]\nstatement = \"{statement}\"\n\
         [service.columns]\nissuingState = \"state\"\ntype = \"type\"\nnumber = \"number\"\n\
         [[service.field]]\nname = \"status\"\n"
    );
    let adapter = open(&cluster, &text).await;
    let answer = ask(&adapter, &passport(&read(&["status"]))).await;
    assert_eq!(answer, Err(RegistryError::Invalid("the statement would write, and reads only")));
    assert_eq!(cluster.sql("documents", "select count(*) from register.documents where status = 'lost'"), "1");
    // A statement with a modifying WITH is not even a subquery.
    let text = text.replace(
        statement,
        "with x as (delete from mohur.documents where number = :subject.number returning *) select * from x",
    );
    let error = Sql::open(mapping(&text), &Settings::new(cluster.socket_url(ROLE, "documents"))).await.err().unwrap();
    assert!(error.to_string().contains("service[0].statement: is refused by the database"), "{error}");
}
