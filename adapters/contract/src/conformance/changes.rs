//! The rules of `reserve`, `consume` and `release`.

use futures_util::future::join_all;
use mohur_wire::answer::Finding;
use mohur_wire::{Answer, Ask, Operation, Query, Value};

use super::{AMPLE, ARRIVAL, outcome};
use crate::{Context, Registry, RegistryError};

/// How many callers want the same receipt at once.
const RIVALS: usize = 12;

/// Reserves, releases, reserves again and consumes; gives the rules that were not kept.
pub(super) async fn check(registry: &dyn Registry, reserve: &Query) -> Vec<String> {
    let mut broken = Vec::new();
    let mut rule = |kept: bool, rule: &str, instead: String| {
        if !kept {
            broken.push(format!("{rule}: {instead}"));
        }
    };
    let rivals: Vec<Query> = (0..RIVALS).map(|number| with_key(reserve, &format!("rival-{number}"))).collect();
    let contexts = Context::new(ARRIVAL, AMPLE);
    let tried = with_key(reserve, "tried");
    let held = registry.answer(&tried, &contexts).await;
    rule(state(&held) == "reserved", "what is free is reserved", state(&held));
    for _ in 0..2 {
        let given_up = settle(registry, &tried, Operation::Release, "tried").await;
        rule(state(&given_up) == "released", "a reservation is given up, however often it is said", state(&given_up));
    }
    let changed_mind = settle(registry, &tried, Operation::Consume, "tried").await;
    rule(is_refused(&changed_mind), "what was given up is not consumed", outcome(&changed_mind));
    let answers = join_all(rivals.iter().map(|query| registry.answer(query, &contexts))).await;
    let winners: Vec<_> = rivals.iter().zip(&answers).filter(|(_, answer)| state(answer) == "reserved").collect();
    let states: Vec<_> = answers.iter().map(state).collect();
    let others = states.iter().filter(|state| *state == "already-reserved").count();
    rule(winners.len() == 1 && others == RIVALS - 1, "of many reserves at once exactly one holds", states.join(" "));
    let Some((winner, first)) = winners.first() else { return broken };

    let again = registry.answer(winner, &contexts).await;
    rule(again == **first, "the same idempotency key has one effect and one answer", outcome(&again));
    let Some(reservation) = text(first, "reservation").map(str::to_owned) else {
        rule(false, "a reservation has an id", outcome(first));
        return broken;
    };

    let key = key(winner).unwrap_or_default();
    rule(reservation == key, "a reservation's id is the key of the reserve that made it", outcome(first));

    let foreign = settle(registry, winner, Operation::Consume, "no-such-reservation").await;
    rule(is_refused(&foreign), "another reservation cannot be settled", outcome(&foreign));
    if let Some(rival) = rivals.iter().find(|query| query != winner) {
        let stolen = settle(registry, rival, Operation::Consume, &reservation).await;
        rule(is_refused(&stolen), "a reservation is settled by the query that made it", outcome(&stolen));
    }

    let settlements = (0..RIVALS).map(|_| settle(registry, winner, Operation::Consume, &reservation));
    let settled = join_all(settlements).await;
    let all = settled
        .iter()
        .all(|answer| state(answer) == "consumed" && text(answer, "reservation") == Some(reservation.as_str()));
    rule(
        all,
        "a reservation is consumed once, however often it is said",
        settled.iter().map(state).collect::<Vec<_>>().join(" "),
    );
    let released = settle(registry, winner, Operation::Release, &reservation).await;
    rule(is_refused(&released), "what was consumed is not released", outcome(&released));
    let late = registry.answer(&with_key(reserve, "too-late"), &contexts).await;
    rule(state(&late).starts_with("already-"), "what was consumed is not reserved again", state(&late));
    broken
}

async fn settle(
    registry: &dyn Registry,
    query: &Query,
    operation: Operation,
    reservation: &str,
) -> Result<Answer, RegistryError> {
    let reservation = reservation.parse().map_err(|_| RegistryError::Settlement("not an id"))?;
    let context = Context::new(ARRIVAL, AMPLE).settling(operation, reservation);
    registry.answer(query, &context).await
}

fn key(reserve: &Query) -> Option<String> {
    match &reserve.ask {
        Ask::Change(effect) => Some(effect.key.to_string()),
        Ask::Read(_) | Ask::Match(_) | Ask::Verify(_) => None,
    }
}

fn with_key(reserve: &Query, key: &str) -> Query {
    let mut query = reserve.clone();
    if let (Ask::Change(effect), Ok(key)) = (&mut query.ask, key.parse()) {
        effect.key = key;
    }
    query
}

fn is_refused(answer: &Result<Answer, RegistryError>) -> bool {
    matches!(answer, Err(RegistryError::Settlement(_)))
}

fn text<'a>(answer: &'a Result<Answer, RegistryError>, name: &str) -> Option<&'a str> {
    match &answer.as_ref().ok()?.finding {
        Finding::Found(fields) => fields.iter().find(|(field, _)| field.as_str() == name)?.1.as_text(),
        Finding::Absent => None,
    }
}

fn state(answer: &Result<Answer, RegistryError>) -> String {
    text(answer, "state").map_or_else(|| outcome(answer), |state| Value::text(state).to_string())
}
