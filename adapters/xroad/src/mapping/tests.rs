use std::collections::BTreeMap;
use std::path::Path;

use http::Method;

use super::template::{Template, TemplateError};
use super::*;

fn samples() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/samples/xroad-mappings")
}

fn sample(name: &str) -> String {
    std::fs::read_to_string(samples().join(name)).unwrap()
}

fn errors(text: &str) -> String {
    Mapping::parse(Path::new("m.toml"), text).unwrap_err().to_string()
}

#[test]
fn the_samples_are_read_and_pass_their_own_tests() {
    let mappings = Mappings::load(&samples()).unwrap();
    assert_eq!(mappings.all().len(), 4);
    for mapping in mappings.all() {
        mapping.run_tests(&BTreeMap::new()).unwrap();
    }
}

#[test]
fn a_test_that_fails_says_what_the_sample_becomes() {
    let text = sample("birth.toml").replace("\"fin\": \"7TEST34\"", "\"fin\": \"7TEST35\"");
    let error =
        Mapping::parse(Path::new("m.toml"), &text).unwrap().run_tests(&BTreeMap::new()).unwrap_err().to_string();
    assert!(error.starts_with("m.toml:") && error.contains("the sample becomes {"), "{error}");
    let text = sample("vitals.toml").replace("\"heightCm\": 171", "\"heightCm\": 172");
    let error =
        Mapping::parse(Path::new("m.toml"), &text).unwrap().run_tests(&BTreeMap::new()).unwrap_err().to_string();
    assert!(error.contains("the answer is told as"), "{error}");
    let text =
        sample("birth.toml").replace("AZ-TEST/GOV/0017/civil-registry/personQuery/v1", "AZ/GOV/MOJ/other/personQuery");
    let error =
        Mapping::parse(Path::new("m.toml"), &text).unwrap().run_tests(&BTreeMap::new()).unwrap_err().to_string();
    assert!(error.contains("the mapping is for AZ/GOV/MOJ/other/personQuery"), "{error}");
}

#[test]
fn every_error_of_a_file_is_found_at_once_with_its_line() {
    let text = sample("birth.toml")
        .replace("verb = \"read\"", "verb = \"raed\"")
        .replace("request/p:pin", "request/q:pin")
        .replace("<p:sex>{sex?}</p:sex>", "<p:sex>{sex?} x</p:sex>")
        .replace("cut-prefix", "cut-prefxi");
    let errors = errors(&text);
    let line = |start: &str| text.lines().position(|line| line.starts_with(start)).unwrap() + 1;
    for (start, key) in [
        ("verb", "verb"),
        ("xpath = \"request", "subject.xpath"),
        ("cut-prefxi", "official.cut-prefxi"),
        ("xml = '''", "answer.xml"),
    ] {
        assert!(errors.contains(&format!("m.toml:{}: {key}", line(start))), "{key}: {errors}");
    }
}

#[test]
fn what_does_not_go_together_is_refused() {
    for (change, to, said) in [
        ("protocol = \"soap\"", "protocol = \"soap\"\nmethod = \"GET\"", "method: is not a known key"),
        ("xpath = \"request/p:pin\"", "query = \"pin\"", "soap has no query pin"),
        ("xpath = \"request/p:pin\"", "xpath = \"request/p:pin\"\ntext = \"7TEST34\"", "names a second place"),
        ("{familyName}", "{family}", "has a place for family, which is not asked"),
        ("verb = \"read\"", "verb = \"change\"", "cannot be mapped"),
        ("kind = \"fin\"", "kind = \"message\"", "is not a kind of subject here"),
        ("clients = [\"AZ/GOV/MIA/id-cards\"]", "clients = []", "names nobody"),
        ("fields = [\"familyName\", \"givenName\", \"birthDate\", \"sex\"]", "", "names none"),
    ] {
        let text = sample("birth.toml").replacen(change, to, 1);
        let errors = errors(&text);
        assert!(errors.contains(said), "{said}: {errors}");
    }
    let no_absent =
        sample("vitals.toml").replace("[answer.absent]\nstatus = 404\njson = '{ \"error\": \"no such person\" }'", "");
    assert!(errors(&no_absent).contains("answer.absent: is missing"));
    let no_segment = sample("vitals.toml").replace("path = \"fin\"", "path = \"pin\"");
    assert!(errors(&no_segment).contains("has no segment for path pin"));
}

#[test]
fn two_mappings_for_the_same_messages_are_an_error() {
    let one = Mapping::parse(Path::new("a.toml"), &sample("birth.toml")).unwrap();
    let other = Mapping::parse(Path::new("b.toml"), &sample("birth.toml")).unwrap();
    let error = Mappings::of(vec![one, other]).unwrap_err().to_string();
    assert!(error.contains("b.toml") && error.contains("in a.toml already"), "{error}");
}

#[test]
fn a_request_finds_the_mapping_of_its_method_and_path() {
    let text = sample("vitals.toml");
    let parse = |name: &str, path: &str| {
        let text = text
            .replace("path = \"/people/{fin}/vitals\"", &format!("path = \"{path}\""))
            .replace("path = \"fin\"", "text = \"7TEST34\"");
        Mapping::parse(Path::new(name), &text).unwrap()
    };
    let mappings = Mappings::of(vec![
        parse("named.toml", "/people/{fin}"),
        parse("fixed.toml", "/people/all"),
        parse("rest.toml", "/files/*"),
    ])
    .unwrap();
    let client = "AZ/GOV/MIA/id-cards".parse().unwrap();
    let service = "AZ/GOV/MOH/health-card/vitals".parse().unwrap();
    let find = |method: Method, path: &str| {
        let path: Vec<String> = path.split('/').map(str::to_owned).collect();
        let found = mappings.of_rest(&client, &service, &method, &path);
        found.map(|(mapping, named)| (mapping.file.display().to_string(), named.get("fin").cloned()))
    };
    assert_eq!(find(Method::GET, "people/7TEST34"), Some(("named.toml".to_owned(), Some("7TEST34".to_owned()))));
    assert_eq!(find(Method::GET, "people/all"), Some(("fixed.toml".to_owned(), None)), "a fixed segment comes first");
    assert_eq!(find(Method::GET, "files/a/b/c"), Some(("rest.toml".to_owned(), None)));
    for (method, path) in
        [(Method::POST, "people/all"), (Method::GET, "people/"), (Method::GET, "people/x/y"), (Method::GET, "")]
    {
        assert_eq!(find(method, path), None, "{path}");
    }
}

fn render(template: &Template, values: &[(&str, mohur_wire::Value)]) -> String {
    template.render(&|place| values.iter().find(|(name, _)| *name == place).map(|(_, value)| value.clone()))
}

#[test]
fn no_value_can_become_markup() {
    use mohur_wire::Value;
    let template = Template::xml("<a b=\"{x}\"><c>{x}</c><d e='1'>{y?}</d> <f>{y?}</f></a>").unwrap();
    let evil = Value::text("\"><!-- ' & \u{1} ]]> <x>");
    let text = render(&template, &[("x", evil), ("y", Value::Number(3))]);
    let document = mohur_soap::Document::parse(&text, &mohur_soap::Limits::default()).unwrap();
    let names: Vec<_> = document.root().children().map(|child| child.local().to_owned()).collect();
    assert_eq!(names, ["c", "d", "f"]);
    assert_eq!(document.root().attribute("", "b").unwrap(), "\"><!-- ' & \u{fffd} ]]> <x>");
    assert_eq!(document.root().children().next().unwrap().text().unwrap(), "\"><!-- ' & \u{fffd} ]]> <x>");
    assert_eq!(render(&template, &[]), "<a b=\"\"><c></c> </a>");
}

#[test]
fn json_keeps_the_type_of_a_value() {
    use mohur_wire::Value;
    let template = Template::json(r#"{"a":"{x}","b":["{x?}","{y?}",1],"c":"is {x}!","d":"{y}"}"#).unwrap();
    let rendered = render(&template, &[("x", Value::Flag(true))]);
    assert_eq!(rendered, r#"{"a":true,"b":[true,1],"c":"is true!","d":null}"#);
}

#[test]
fn what_is_no_template_is_refused() {
    for (text, error) in [
        ("<a>{x</a>", TemplateError::Brace),
        ("<a>{}</a>", TemplateError::Brace),
        ("<a>{x y}</a>", TemplateError::Brace),
        ("<a>x}</a>", TemplateError::Brace),
        ("<a><!-- {x} --></a>", TemplateError::Markup),
        ("<a><![CDATA[{x}]]></a>", TemplateError::Markup),
        ("<a><?p {x}?></a>", TemplateError::Markup),
        ("<a>{x}<b/></a>", TemplateError::Misplaced),
        ("<a>{x?}.</a>", TemplateError::Misplaced),
        ("<a b=\"{y}\">{x?}</a>", TemplateError::Misplaced),
        ("<a b=\"{x?}\"/>", TemplateError::Misplaced),
        ("<a>&#123;x}</a>", TemplateError::Brace),
    ] {
        assert_eq!(Template::xml(text).map(|_| ()), Err(error), "{text}");
    }
    assert!(matches!(Template::xml("<a>"), Err(TemplateError::Xml(_))));
    assert!(matches!(Template::json("{"), Err(TemplateError::Json(_))));
    assert_eq!(Template::json(r#"{"{x}":1}"#).map(|_| ()), Err(TemplateError::Misplaced));
    assert_eq!(Template::json(r#"["{x?} "]"#).map(|_| ()), Err(TemplateError::Misplaced));
}
