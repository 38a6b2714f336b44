//! What is wrong with a mapping file is all told at once, with its lines.

use std::path::Path;

use mohur_contract::Registry;
use mohur_soap::Limits;

use super::SAMPLE;
use crate::{MappedSoap, Mapping, Settings};

fn errors(text: &str) -> String {
    Mapping::parse(Path::new("soap.toml"), text).unwrap_err().to_string()
}

/// The line of the sample on which a text stands.
fn line(text: &str) -> usize {
    SAMPLE.lines().position(|line| line.starts_with(text)).unwrap() + 1
}

#[test]
fn the_sample_is_read_and_shows_the_defaults() {
    let mapping = Mapping::parse(Path::new("soap.toml"), SAMPLE).unwrap();
    assert_eq!(mapping.limits, Limits::default());
    assert_eq!(mapping.health, "/soap?wsdl");
    let adapter = MappedSoap::new(mapping, &Settings::new("http://127.0.0.1:1")).unwrap();
    assert_eq!(adapter.services(), ["ownership/v1"]);
}

#[test]
fn every_error_is_found_at_once_with_its_line() {
    let text = SAMPLE
        .replace("soap = \"1.1\"", "soap = \"2.0\"")
        .replace("depth = 64", "depht = 64")
        .replace("subject = \"fin\"", "subject = \"person\"")
        .replace("verbs = [\"match\"]", "verbs = [\"change\"]")
        .replace("endpoint = \"/soap\"", "endpoint = \"http://elsewhere/soap\"")
        .replace("name = \"ownership/v1\"", "name = \"ownership\"")
        .replace("type = \"text\"", "type = \"texts\"")
        .replace("found = \"/re:Get", "found = \"/no:Get")
        .replace("becomes = \"unknown\"", "becomes = \"fine\"");
    let errors = errors(&text);
    for (key, text_of) in [
        ("soap", "soap ="),
        ("limits.depht", "depth"),
        ("service[0].subject", "subject = \"fin\""),
        ("service[0].verbs", "verbs"),
        ("service[0].endpoint", "endpoint"),
        ("service[0].name", "name = \"ownership"),
        ("service[0].field[0].type", "type"),
        ("service[0].reply.found", "found"),
        ("service[0].fault[0].becomes", "becomes = \"unknown\""),
    ] {
        assert!(errors.contains(&format!("soap.toml:{}: {key}:", line(text_of))), "{key}: {errors}");
    }
}

#[test]
fn a_template_is_checked_when_it_is_read() {
    let with = |from: &str, to: &str| {
        let errors = errors(&SAMPLE.replace(from, to));
        assert!(errors.contains(&format!("soap.toml:{}: service[0].request", line("request"))), "{errors}");
        errors
    };
    assert!(with("{subject}", "{subject").contains("a parameter stands beside other text"));
    assert!(with("{subject}", "FIN {subject}").contains("a parameter stands beside other text"));
    assert!(with("{subject}", "{subject.number}").contains("no part of this kind of subject"));
    assert!(with("{subject}", "{password}").contains("is not known"));
    assert!(with("{subject}", "7").contains("does not name the subject"));
    assert!(with("{value.dwelling}", "{value.share}").contains("which no [[service.field]] names"));
    assert!(with("</re:GetRights>\n", "</re:GetRights><re:GetRights/>\n").contains("more than one element"));
    assert!(with("</re:LA_Party>", "").contains("in its line"));
    assert!(with("<re:LA_Party>", "<xx:LA_Party>").contains("in its line 2"));
    assert!(with("<re:LA_Party>", "<re:LA_Party xmlns:y=\"urn:y\" y:a=\"1\">").contains("no prefix under"));
    assert!(with("<re:LA_Party>", "<!-- a --><re:LA_Party>").contains("comment"));
    assert!(with("<re:LA_Party>", "text<re:LA_Party>").contains("text beside its children"));
}

#[test]
fn a_mapping_says_whom_a_reply_speaks_of() {
    let line_of_reply = line("[service.reply]");
    let errors = errors(&SAMPLE.replace("subject = \"re:LA_Party/re:extPID\"\n", ""));
    assert!(errors.contains(&format!("soap.toml:{line_of_reply}: service[0].reply.subject: is missing")), "{errors}");
}

#[test]
fn names_are_not_given_twice() {
    let field = "[[service.field]]\nname = \"dwelling\"\npath = \"re:a\"\n\n# Faults";
    assert!(errors(&SAMPLE.replace("# Faults", field)).contains("names a field twice"));
    let again = format!("{SAMPLE}\n{}", &SAMPLE[SAMPLE.find("[[service]]").unwrap()..]);
    assert!(errors(&again).contains("has the name of another"));
    assert!(errors("soap = \"1.1\"\n").contains("add a [[service]]"));
}

#[test]
fn prefixes_cannot_smuggle_markup_into_what_is_read() {
    for prefix in ["\"re x='1'\"", "xml", "\"1a\"", "\"a:b\"", "\"\""] {
        let errors = errors(&SAMPLE.replace("re = \"urn", &format!("{prefix} = \"urn:x\"\nre = \"urn")));
        assert!(errors.contains("is not a prefix"), "{prefix}: {errors}");
    }
    for uri in ["", "relative", "urn:a b", "urn:a>", "urn:a\\\"/><x y=\\\""] {
        let errors = errors(&SAMPLE.replace("re = \"urn", &format!("q = \"{uri}\"\nre = \"urn")));
        assert!(errors.contains("is not a namespace"), "{uri}: {errors}");
    }
}
