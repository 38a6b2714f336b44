//! Who depends on whom.

use std::collections::{BTreeMap, BTreeSet};

use crate::house::{Allowed, drawn, rooms};

#[test]
fn every_crate_is_drawn_where_it_is() {
    let drawn = drawn();
    let rooms = rooms();
    let built: BTreeSet<_> = rooms.iter().map(|room| room.name.clone()).collect();
    assert_eq!(built, drawn.keys().cloned().collect());
    for room in rooms {
        assert_eq!(room.folder, drawn[&room.name].folder, "{}", room.name);
        assert_eq!(room.folder.components().count(), 2, "{}: crates live one level down", room.name);
    }
}

#[test]
fn no_crate_depends_on_what_its_row_does_not_name() {
    let (drawn, rooms) = (drawn(), rooms());
    let ours: BTreeSet<_> = rooms.iter().map(|room| &room.name).collect();
    let is_for_tests = |name: &String| drawn[name].folder.starts_with("integration-tests");
    let mut wrong = Vec::new();
    for room in &rooms {
        for needed in room.needs.iter().filter(|needed| ours.contains(needed)) {
            let allowed = match &drawn[&room.name].allowed {
                Allowed::These(these) => these.contains(needed),
                Allowed::AnythingButTests => !is_for_tests(needed),
                Allowed::Anything => true,
            };
            if !allowed {
                wrong.push(format!("{} -> {needed}", room.name));
            }
        }
    }
    assert!(wrong.is_empty(), "forbidden, see docs/architecture.md: {wrong:?}");
}

#[test]
fn the_table_names_crates_that_exist() {
    let drawn = drawn();
    for (name, row) in &drawn {
        let Allowed::These(these) = &row.allowed else { continue };
        for allowed in these {
            assert!(drawn.contains_key(allowed), "{name}: {allowed}");
            assert!(!drawn[allowed].folder.starts_with("integration-tests"), "{name}: {allowed}");
        }
    }
}

#[test]
fn the_server_never_links_the_authority_and_adapters_never_the_registers() {
    let needs: BTreeMap<_, _> = rooms().into_iter().map(|room| (room.name, room.needs)).collect();
    let reachable = |from: &str| {
        let mut seen = BTreeSet::new();
        let mut open = vec![from.to_owned()];
        while let Some(name) = open.pop() {
            for needed in needs.get(&name).into_iter().flatten() {
                if seen.insert(needed.clone()) {
                    open.push(needed.clone());
                }
            }
        }
        seen
    };
    assert!(!reachable("mohur-server").contains("mohur-authority"));
    assert!(!reachable("mohur-host").contains("mohur-authority"));
    let registers = ["mohur-civil-registry", "mohur-health-card", "mohur-state-fees"];
    for register in registers {
        let reached = reachable(register);
        assert!(!reached.contains("mohur-reference"), "{register}");
        assert!(!registers.iter().any(|other| *other != register && reached.contains(*other)), "{register}");
    }
}
