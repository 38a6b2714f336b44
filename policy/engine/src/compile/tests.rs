use crate::fixture::{OFFICE, SERVICE, agency, permit};

const READ: &str = "Action::\"read:blood-group\"";

/// The problems of rules, as an officer reads them.
fn problems(rules: &str) -> Vec<String> {
    agency(rules, "").expect_err("must not load").iter().map(ToString::to_string).collect()
}

#[track_caller]
fn complains(rules: &str, place: &str, what: &str) {
    let found = problems(rules);
    assert!(
        found.iter().any(|problem| problem.starts_with(&format!("policy/{place}: ")) && problem.contains(what)),
        "{found:#?}"
    );
}

#[test]
fn every_kind_of_mistake_is_named_with_its_line() {
    let line = "MOH/rules.cedar:1";
    let rule = |scope: &str, condition: &str| format!("@id(\"x\") permit ({scope}) {condition};");
    let purpose = "when { context.purpose == Purpose::\"issue\" }";
    let principal = format!("principal == Member::\"{OFFICE}\"");
    let resource = format!("resource == Service::\"{SERVICE}\"");

    complains("permit (principal, action, resource)\nwhen { ;\n", "MOH/rules.cedar:2", "not Cedar");
    complains(&permit("", READ, ""), "MOH/rules.cedar:2", "@id");
    complains(&permit("@id(\"x\") @four_eye", READ, ""), line, "there is no annotation @four_eye");
    complains(&permit("@id(\"x\") @four_eyes(\"2\")", READ, ""), line, "takes no value");
    complains(&permit("@id(\"x\") @embargo_until(\"soon\")", READ, ""), line, "write a date");
    complains(&permit("@id(\"x\") @mask(\"bloodGroup\")", READ, ""), line, "field=mask");
    complains(&permit("@id(\"x\") @mask(\"bloodGroup=half\")", READ, ""), line, "no such mask");
    complains(&permit("@id(\"x\") @mask(\"familyName=initials\")", READ, ""), line, "lets nobody read familyName");
    complains("@id(\"x\") @witnessed forbid (principal, action, resource);", line, "cannot carry obligations");
    complains(&rule(&format!("{principal}, action, {resource}"), purpose), line, "names its actions");
    complains(
        &rule(&format!("{principal}, action in Action::\"read\", {resource}"), purpose),
        line,
        "is not an action of",
    );
    complains(&rule(&format!("principal, action == {READ}, {resource}"), purpose), line, "names who is allowed");
    complains(&rule(&format!("{principal}, action == {READ}, resource"), purpose), line, "names one service");
    complains(&rule(&format!("{principal}, action == {READ}, {resource}"), ""), line, "names the purpose");
    let stranger = "principal == Member::\"AZ/GOV/TAX/office\"";
    complains(&rule(&format!("{stranger}, action == {READ}, {resource}"), purpose), line, "may claim no purpose");
    let foreign = "resource == Service::\"AZ/GOV/MOJ/civil-registry/birth/v1\"";
    complains(
        &rule(&format!("{principal}, action == {READ}, {foreign}"), purpose),
        line,
        "not a service of release.toml",
    );
    complains(
        "@id(\"x\") forbid (principal, action, resource in Agency::\"AZ/GOV/MOJ\");",
        line,
        "a forbid names one service",
    );
    let slot = format!("@id(\"x\") permit (principal == ?principal, action == {READ}, {resource});");
    complains(&slot, line, "template");
}

#[test]
fn cedars_own_validation_is_strict_and_points_at_the_line() {
    let line = "MOH/rules.cedar:3";
    complains(&permit("@id(\"x\")", "Action::\"read:blod-group\"", ""), "MOH/rules.cedar:2", "blod-group");
    complains(&permit("@id(\"x\")", READ, "&& context.purpose == Purpose::\"isue\""), line, "isue");
    complains(&permit("@id(\"x\")", READ, "&& context.urgent"), line, "urgent");
    complains(&permit("@id(\"x\")", READ, "&& context.bundle == \"b\""), line, "bundle");
    complains(&permit("@id(\"x\")", READ, "&& context.hasCase == \"yes\""), line, "");
    // A rule that can never apply is a slip, even if Cedar only warns.
    complains(&permit("@id(\"x\")", READ, "&& false"), "MOH/rules.cedar:1", "");
}

#[test]
fn all_problems_come_at_once_in_the_order_of_the_lines() {
    let rules = format!("{}{}", permit("@id(\"x\") @later", READ, ""), permit("@id(\"x\")", "Action::\"read:x\"", ""));
    let found = problems(&rules);
    let lines: Vec<&str> = found.iter().filter_map(|text| text.split(':').nth(1)).collect();
    assert!(found.len() >= 3, "{found:#?}");
    assert!(lines.is_sorted(), "{found:#?}");
    assert!(found.iter().any(|text| text.contains("stands at MOH/rules.cedar:1 already")), "{found:#?}");
}

#[test]
fn governance_rules_only_forbid() {
    let above = "@id(\"g\")\npermit (principal, action, resource);";
    let found = agency(&permit("@id(\"x\")", READ, ""), above).expect_err("must not load");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!((found[0].file.as_str(), found[0].line), ("policy/GOVERNANCE/above.cedar", 1));
    assert!(found[0].what.contains("only forbid"));
}
