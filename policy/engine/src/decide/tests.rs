use std::collections::BTreeMap;
use std::time::Instant;

use mohur_wire::{FieldName, Operation, RefusalCode, Verb};

use crate::fixture::{BANK, OFFICE, facts, names, permit, policies};
use crate::{Effect, Failure, Mask, Obligation, decide};

const READ_ALL: &str = "Action::\"read:blood-group\", Action::\"read:person\"";
const READ_BLOOD: &str = "Action::\"read:blood-group\"";

fn field(name: &str) -> FieldName {
    name.parse().unwrap()
}

#[test]
fn what_no_permit_names_is_not_released() {
    let set = policies(&permit("@id(\"a\")", READ_BLOOD, ""), "");
    let decision = decide(&set, &facts(Verb::Read, &["bloodGroup", "birthDate", "diagnosis"]));
    assert!(decision.permitted && decision.refusal().is_none());
    assert_eq!(decision.fields, BTreeMap::from([(field("bloodGroup"), None)]));
    assert_eq!((decision.policy, decision.basis.as_deref()), ([7; 32], Some("Law, Art. 1")));
    let told: Vec<String> = decision.reasons.iter().map(ToString::to_string).collect();
    assert!(told.contains(&"permit read:blood-group by MOH/rules.cedar:1 (a)".to_owned()), "{told:?}");
    assert!(told.iter().any(|text| text.starts_with("refuse read:person: no rule permits")), "{told:?}");
    assert!(told.iter().any(|text| text.starts_with("refuse read diagnosis:")), "{told:?}");
}

#[test]
fn only_the_fields_asked_for_come_out_of_a_group() {
    let set = policies(&permit("@id(\"a\")", READ_ALL, ""), "");
    let decision = decide(&set, &facts(Verb::Read, &["birthDate"]));
    assert_eq!(decision.fields.keys().collect::<Vec<_>>(), [&field("birthDate")]);
}

#[test]
fn a_verb_is_permitted_by_itself() {
    let set = policies(&permit("@id(\"a\")", "Action::\"match:blood-group\"", ""), "");
    let read = decide(&set, &facts(Verb::Read, &["bloodGroup"]));
    assert!(!read.permitted);
    assert_eq!(read.refusal(), Some(RefusalCode::NotAvailable), "denied and absent look alike for a read");
    assert!(decide(&set, &facts(Verb::Match, &["bloodGroup"])).permitted);
    let verify = decide(&set, &facts(Verb::Verify, &["age"]));
    assert_eq!(verify.refusal(), Some(RefusalCode::Denied));
    // The field exists, but not for this verb.
    assert!(!decide(&set, &facts(Verb::Verify, &["bloodGroup"])).permitted);
}

#[test]
fn a_change_is_permitted_by_operation_and_answers_its_fields() {
    let set = policies(&permit("@id(\"a\")", "Action::\"change:reserve\"", ""), "");
    let mut asked = facts(Verb::Change, &[]);
    assert!(!decide(&set, &asked).permitted, "no operation");
    asked.operation = Some(Operation::Reserve);
    assert_eq!(decide(&set, &asked).fields.keys().cloned().collect::<Vec<_>>(), [field("expires"), field("state")]);
    assert!(!decide(&set, &asked.clone().settling(Operation::Consume)).permitted);
    assert!(!decide(&set, &asked.settling(Operation::Release)).permitted, "release.toml does not know it");
}

#[test]
fn an_enclosed_message_goes_on_only_where_a_whole_message_may_be_read() {
    let whole = "Action::\"read:whole\"";
    let enclosing = |fields: &[&str]| crate::Facts { encloses: true, ..facts(Verb::Read, fields) };
    let set = policies(&permit("@id(\"a\")", &format!("{READ_BLOOD}, {whole}"), ""), "");
    let decision = decide(&set, &enclosing(&["message", "messageType"]));
    assert!(decision.permits_message() && decision.refusal().is_none());
    // Enclosed, but not asked for: there is nothing that its content would be read for.
    let decision = decide(&set, &enclosing(&["bloodGroup"]));
    assert_eq!((decision.refusal(), decision.fields.len()), (Some(RefusalCode::NotAvailable), 0));
    // Asked for beside something that is granted.
    let set = policies(&permit("@id(\"a\")", READ_BLOOD, ""), "");
    let decision = decide(&set, &enclosing(&["bloodGroup", "message"]));
    assert_eq!((decision.refusal(), decision.fields.len()), (Some(RefusalCode::NotAvailable), 0));
    assert!(decide(&set, &facts(Verb::Read, &["bloodGroup", "message"])).permitted, "without it the rest is answered");
}

#[test]
fn a_purpose_selects_and_never_widens() {
    let set = policies(&permit("@id(\"a\")", READ_ALL, ""), "");
    let asked = facts(Verb::Read, &["bloodGroup"]);
    assert!(decide(&set, &asked).permitted);
    let refused = |change: &dyn Fn(&mut crate::Facts), reason: &str| {
        let mut facts = asked.clone();
        change(&mut facts);
        let decision = decide(&set, &facts);
        assert!(!decision.permitted && decision.fields.is_empty() && decision.failed.is_none());
        assert!(decision.reasons.iter().any(|found| found.text.contains(reason)), "{:?}", decision.reasons);
    };
    refused(&|facts| facts.purpose = "unheard".parse().unwrap(), "does not declare");
    refused(&|facts| facts.purpose = "other".parse().unwrap(), "no rule permits");
    refused(&|facts| facts.caller = "AZ/GOV/SBS/border".parse().unwrap(), "not among the claimants");
    refused(&|facts| facts.caller = BANK.parse().unwrap(), "no rule permits");
    refused(&|facts| facts.has_case = false, "needs a case reference");
    refused(&|facts| facts.at = "2030-01-01T00:00:00Z".parse().unwrap(), "no longer granted");
    refused(&|facts| facts.on_behalf_of = Some("AZ/GOV/TAX/office".parse().unwrap()), "nobody may act");
}

#[test]
fn rules_see_case_bundle_and_the_body_acted_for() {
    let rest = "&& context.hasCase && context has bundle && context.bundle == \"issue-id-document\"
        && context has onBehalfOf && context.onBehalfOf in Agency::\"AZ/GOV/MFA\"";
    let set = policies(&permit("@id(\"a\")", READ_BLOOD, rest), "");
    let mut asked = facts(Verb::Read, &["bloodGroup"]);
    assert!(!decide(&set, &asked).permitted);
    asked.bundle = Some("issue-id-document".to_owned());
    assert!(!decide(&set, &asked).permitted);
    asked.on_behalf_of = Some("AZ/GOV/MFA/consulates".parse().unwrap());
    assert!(decide(&set, &asked).permitted);
}

#[test]
fn a_forbid_outweighs_and_the_governance_stands_above() {
    let forbid = "@id(\"f\") forbid (principal, action in Action::\"read\", resource) when { !(context has bundle) };";
    let rules = permit("@id(\"a\")", READ_ALL, "");
    let set = policies(&format!("{rules}{forbid}"), "");
    let decision = decide(&set, &facts(Verb::Read, &["bloodGroup"]));
    assert!(!decision.permitted);
    assert_eq!(decision.reasons[0].effect, Effect::Forbid);

    let above = "@id(\"g\") @note(\"never\")\nforbid (principal in MemberClass::\"AZ/GOV\", action, resource in Agency::\"AZ/GOV/MOH\");";
    let decision = decide(&policies(&rules, above), &facts(Verb::Read, &["bloodGroup"]));
    assert!(!decision.permitted);
    assert_eq!(&*decision.reasons[0].place, "GOVERNANCE/above.cedar:1");
    assert_eq!(decision.reasons[0].to_string(), "forbid read:blood-group by GOVERNANCE/above.cedar:1 (g): never");
    let elsewhere = above.replace("AZ/GOV/MOH", "AZ/GOV/MOJ");
    assert!(decide(&policies(&rules, &elsewhere), &facts(Verb::Read, &["bloodGroup"])).permitted);
}

#[test]
fn a_rule_that_ends_in_an_error_refuses_even_where_cedar_would_skip_it() {
    // Passes strict validation; overflows when it is evaluated.
    let forbid = "@id(\"f\")\nforbid (principal, action, resource) when { 9223372036854775807 + 1 > 0 };";
    let set = policies(&format!("{}{forbid}", permit("@id(\"a\")", READ_ALL, "")), "");
    let decision = decide(&set, &facts(Verb::Read, &["bloodGroup", "birthDate"]));
    assert!(!decision.permitted && decision.fields.is_empty());
    assert_eq!(decision.refusal(), Some(RefusalCode::PolicyUnavailable));
    let Some(Failure::Evaluation { place, .. }) = decision.failed else { panic!("{:?}", decision.failed) };
    assert_eq!(&*place, "MOH/rules.cedar:4");
}

#[test]
fn one_failing_group_withholds_the_others() {
    let failing = permit("@id(\"b\")", "Action::\"read:person\"", "&& 9223372036854775807 + 1 > 0");
    let set = policies(&format!("{}{failing}", permit("@id(\"a\")", READ_BLOOD, "")), "");
    assert!(decide(&set, &facts(Verb::Read, &["bloodGroup"])).permitted);
    let decision = decide(&set, &facts(Verb::Read, &["bloodGroup", "birthDate"]));
    assert!(!decision.permitted && decision.fields.is_empty() && decision.failed.is_some());
}

#[test]
fn the_strictest_mask_wins() {
    let masked = permit("@id(\"a\") @mask(\"birthDate=year, familyName=yes-no\")", READ_ALL, "");
    let open = permit("@id(\"b\")", "Action::\"read:person\"", "");
    let last = permit("@id(\"c\") @mask(\"birthDate=last4\")", "Action::\"read:person\"", "&& context has bundle");
    let set = policies(&format!("{open}{masked}{last}"), "");
    let mut asked = facts(Verb::Read, &["birthDate", "familyName", "bloodGroup"]);
    let mask = |asked: &crate::Facts, name: &str| decide(&set, asked).fields[&field(name)];
    assert_eq!(mask(&asked, "birthDate"), Some(Mask::Year));
    assert_eq!(mask(&asked, "familyName"), Some(Mask::YesNo), "initials of release.toml and yes-no of the rule");
    assert_eq!(mask(&asked, "bloodGroup"), None);
    assert!(decide(&set, &asked).obligations.contains(&Obligation::Mask));
    asked.bundle = Some("any".to_owned());
    assert_eq!(mask(&asked, "birthDate"), Some(Mask::YesNo), "year and last4 share nothing else");
}

#[test]
fn a_comparison_is_not_masked_and_a_floor_always_holds() {
    let rules = permit("@id(\"a\")", "Action::\"match:person\", Action::\"read:person\"", "");
    let set = policies(&rules, "");
    assert_eq!(decide(&set, &facts(Verb::Match, &["familyName"])).fields[&field("familyName")], None);
    assert_eq!(decide(&set, &facts(Verb::Read, &["familyName"])).fields[&field("familyName")], Some(Mask::Initials));
}

#[test]
fn an_obligation_that_cannot_be_honoured_refuses() {
    for obligation in Obligation::ALL.into_iter().filter(|obligation| *obligation != Obligation::Mask) {
        let value = if obligation == Obligation::EmbargoUntil { "(\"2027-01-31\")" } else { "" };
        let obliged = permit(&format!("@id(\"a\")\n@{obligation}{value}"), READ_BLOOD, "");
        let set = policies(&format!("{obliged}{}", permit("@id(\"b\")", READ_ALL, "")), "");
        let decision = decide(&set, &facts(Verb::Read, &["bloodGroup", "birthDate"]));
        assert!(!decision.permitted && decision.fields.is_empty(), "{obligation}");
        assert_eq!(decision.refusal(), Some(RefusalCode::PolicyUnavailable));
        assert!(decision.obligations.contains(&obligation));
        let said = decision.failed.unwrap().to_string();
        assert!(said.contains("MOH/rules.cedar:1") && said.contains(obligation.as_str()), "{said}");
    }
}

#[test]
fn without_a_policy_nothing_is_permitted() {
    let mut asked = facts(Verb::Read, &["bloodGroup"]);
    asked.service = "AZ/GOV/MOH/health-card/vitals/v2".parse().unwrap();
    let decision = decide(&policies(&permit("@id(\"a\")", READ_ALL, ""), ""), &asked);
    assert_eq!(
        (decision.failed.clone(), decision.refusal()),
        (Some(Failure::NotLoaded), Some(RefusalCode::PolicyUnavailable))
    );
}

#[test]
fn narrowing_never_widens() {
    let set = policies(&permit("@id(\"a\")", READ_ALL, ""), "");
    let decision = decide(&set, &facts(Verb::Read, &["bloodGroup", "familyName"]));
    let other = BTreeMap::from([(field("familyName"), Some(Mask::Year)), (field("height"), None)]);
    let narrowed = decision.clone().narrowed_by(&other);
    assert_eq!(narrowed.fields, BTreeMap::from([(field("familyName"), Some(Mask::YesNo))]));
    assert!(!decision.narrowed_by(&BTreeMap::new()).permitted);
}

#[test]
fn a_new_policy_replaces_the_former_whole() {
    let mut set = policies(&permit("@id(\"a\")", READ_ALL, ""), "");
    let empty = crate::fixture::agency("", "").unwrap();
    assert_eq!((empty.version(), empty.digest()), (7, [7; 32]));
    set.replace(empty);
    assert!(!decide(&set, &facts(Verb::Read, &["bloodGroup"])).permitted);
}

/// Not a benchmark: says where a decision's time stands (`cargo nextest run -p mohur-policy takes --no-capture`).
#[test]
fn a_decision_takes_microseconds() {
    use std::fmt::Write;
    let mut rules = permit("@id(\"a\")", READ_ALL, "");
    for other in 0..200 {
        let _ = write!(
            rules,
            "@id(\"bank-{other}\") permit (principal == Member::\"{BANK}\", action == Action::\"read:person\", \
             resource == Service::\"{}\") when {{ context.purpose == Purpose::\"issue\" }};",
            crate::fixture::SERVICE
        );
    }
    let set = policies(&rules, "");
    let asked = facts(Verb::Read, &["bloodGroup", "birthDate", "familyName"]);
    let start = Instant::now();
    for _ in 0..1000 {
        assert_eq!(decide(&set, &asked).fields.len(), names(&["bloodGroup", "birthDate", "familyName"]).len());
    }
    let each = start.elapsed() / 1000;
    println!("a decision over 2 groups among 201 rules took {each:?}");
    assert!(each.as_millis() < 20, "{each:?}");
}

#[test]
fn what_is_remembered_decides_as_what_is_fresh() {
    let rest = "&& context.hasCase && (if context has bundle then context.bundle == \"good\" else true)
        && (if context has onBehalfOf then context.onBehalfOf in Agency::\"AZ/GOV/MFA\" else true)";
    let rules = permit("@id(\"a\") @mask(\"birthDate=year\")", READ_ALL, rest);
    let warm = policies(&rules, "");
    let mut questions = Vec::new();
    for bundle in [None, Some("good"), Some("bad")] {
        for body in [None, Some("AZ/GOV/MFA/consulates"), Some("AZ/GOV/TAX/office")] {
            for (caller, purpose) in [(OFFICE, "issue"), (OFFICE, "other"), (BANK, "issue")] {
                for has_case in [true, false] {
                    questions.push(crate::Facts {
                        caller: caller.parse().unwrap(),
                        purpose: purpose.parse().unwrap(),
                        bundle: bundle.map(str::to_owned),
                        on_behalf_of: body.map(|body| body.parse().unwrap()),
                        has_case,
                        ..facts(Verb::Read, &["birthDate", "bloodGroup"])
                    });
                }
            }
        }
    }
    let fresh: Vec<_> = questions.iter().map(|facts| decide(&policies(&rules, ""), facts)).collect();
    assert!(fresh.iter().any(|decision| decision.permitted) && fresh.iter().any(|decision| !decision.permitted));
    for _ in 0..2 {
        assert_eq!(questions.iter().map(|facts| decide(&warm, facts)).collect::<Vec<_>>(), fresh);
    }
}
