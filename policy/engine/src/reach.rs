//! Whom a policy could let in at all, for lists of services: no query, no facts.

use cedar_policy::Policy;
use mohur_wire::{MemberId, ServiceId, Timestamp};

use crate::PolicySet;
use crate::scope::is;
use crate::set::Slice;

/// Whether some query of this caller to this service could be permitted: there is a permit whose scope it fits, for a purpose
/// that it may claim now. What that permit demands of a query, and what a forbid takes back, is for the decision to say.
pub fn could_permit(policies: &PolicySet, service: &ServiceId, caller: &MemberId, at: Timestamp) -> bool {
    let Some(slice) = policies.slice(service) else { return false };
    let permits = slice.actions.iter().filter_map(|action| action.rules.get(caller));
    let mut permits = permits.flat_map(cedar_policy::PolicySet::policies);
    permits.any(|rule| rule.effect() == cedar_policy::Effect::Permit && serves(rule, slice, caller, at))
}

/// Whether the caller may claim one of the purposes that the permit names; one that names none serves all of them.
fn serves(permit: &Policy, slice: &Slice, caller: &MemberId, at: Timestamp) -> bool {
    let claimable = |name: Option<&str>| {
        slice.agency.purposes.iter().any(|(purpose, (rule, _))| {
            name.is_none_or(|name| purpose.as_str() == name)
                && rule.claimants.contains(caller)
                && rule.valid_until.is_none_or(|end| at < end)
        })
    };
    let named: Vec<_> = permit.entity_literals().into_iter().filter(|uid| is(uid, "Purpose")).collect();
    if named.is_empty() { claimable(None) } else { named.iter().any(|uid| claimable(Some(uid.id().unescaped()))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{BANK, OFFICE, SERVICE, permit, policies};

    const NOW: &str = "2026-05-01T08:00:00Z";

    fn reaches(set: &PolicySet, caller: &str, at: &str) -> bool {
        could_permit(set, &SERVICE.parse().unwrap(), &caller.parse().unwrap(), at.parse().unwrap())
    }

    #[test]
    fn a_service_is_within_reach_of_whom_a_permit_names_while_its_purpose_is_granted() {
        let set = policies(&permit("@id(\"a\")", "Action::\"read:blood-group\"", ""), "");
        assert!(reaches(&set, OFFICE, NOW));
        assert!(!reaches(&set, OFFICE, "2030-01-01T00:00:00Z"), "the purpose has ended");
        assert!(!reaches(&set, BANK, NOW), "a claimant of the purpose without a permit");
        assert!(!reaches(&set, "AZ/GOV/SBS/border", NOW), "nobody that the policy knows");
    }

    #[test]
    fn a_permit_for_a_purpose_of_others_and_a_forbid_let_nobody_in() {
        let other = format!(
            "@id(\"a\") permit (principal == Member::\"{BANK}\", action == Action::\"read:person\", \
             resource == Service::\"{SERVICE}\") when {{ context.purpose == Purpose::\"other\" }};\n"
        );
        let set = policies(&other, "@id(\"b\") forbid (principal, action, resource) when { !context.hasCase };");
        assert!(!reaches(&set, BANK, NOW), "the purpose is the office's");
        assert!(!reaches(&set, OFFICE, NOW));
        assert!(!could_permit(
            &PolicySet::default(),
            &SERVICE.parse().unwrap(),
            &OFFICE.parse().unwrap(),
            NOW.parse().unwrap()
        ));
    }
}
