use proptest::prelude::*;

use super::*;

fn caller(number: u8) -> MemberId {
    format!("AZ/GOV/A{number}/desk").parse().unwrap()
}

fn key(number: u8) -> MessageId {
    format!("key-{number}").parse().unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + second).unwrap()
}

#[test]
fn a_reservation_holds_until_it_expires() {
    let mut record = Record::default();
    let first = record.reserve(&caller(1), &key(1), (at(0), at(10)), Uses::Once).unwrap();
    assert_eq!((first.state, first.reservation.clone(), first.expires), (State::Reserved, Some(key(1)), Some(at(10))));
    assert_eq!(record.reserve(&caller(2), &key(1), (at(9), at(19)), Uses::Once).unwrap().state, State::AlreadyReserved);
    assert_eq!(record.reserve(&caller(1), &key(2), (at(9), at(19)), Uses::Once).unwrap().state, State::AlreadyReserved);
    assert_eq!(record.reserve(&caller(1), &key(1), (at(9), at(19)), Uses::Once).unwrap(), first);
    assert_eq!(record.settle(&caller(1), &key(1), Operation::Consume, at(10)).unwrap().state, State::Expired);
    assert_eq!(record.reserve(&caller(2), &key(1), (at(10), at(20)), Uses::Once).unwrap().state, State::Reserved);
    // The one that expired cannot come back.
    assert_eq!(record.settle(&caller(1), &key(1), Operation::Consume, at(11)).unwrap().state, State::Expired);
    assert_eq!(record.settle(&caller(2), &key(1), Operation::Consume, at(11)).unwrap().state, State::Consumed);
    assert_eq!(record.state(at(99)), State::Consumed);
}

#[test]
fn what_is_released_can_be_reserved_again_but_not_with_the_same_key() {
    let mut record = Record::default();
    record.reserve(&caller(1), &key(1), (at(0), at(10)), Uses::Once).unwrap();
    assert_eq!(record.settle(&caller(1), &key(1), Operation::Release, at(1)).unwrap().state, State::Released);
    assert_eq!(record.settle(&caller(1), &key(1), Operation::Release, at(2)).unwrap().state, State::Released);
    assert_eq!(record.settle(&caller(1), &key(1), Operation::Consume, at(2)), Err(Refused::SettledOtherwise));
    assert_eq!(record.state(at(3)), State::Free);
    // The same key: the first answer and no second effect.
    assert_eq!(record.reserve(&caller(1), &key(1), (at(3), at(13)), Uses::Once).unwrap().expires, Some(at(10)));
    assert_eq!(record.state(at(3)), State::Free);
    assert_eq!(record.reserve(&caller(1), &key(2), (at(3), at(13)), Uses::Once).unwrap().expires, Some(at(13)));
}

#[test]
fn a_signed_consume_needs_the_callers_own_reservation() {
    let mut record = Record::default();
    assert_eq!(record.end(&caller(1), &key(9), Operation::Consume, at(0)), Err(Refused::NoReservation));
    record.reserve(&caller(1), &key(1), (at(0), at(10)), Uses::Once).unwrap();
    assert_eq!(record.end(&caller(2), &key(9), Operation::Consume, at(1)).unwrap().state, State::AlreadyReserved);
    let consumed = record.end(&caller(1), &key(9), Operation::Consume, at(1)).unwrap();
    assert_eq!(consumed.state, State::Consumed);
    assert_eq!(record.end(&caller(1), &key(9), Operation::Consume, at(99)).unwrap(), consumed);
    assert_eq!(record.end(&caller(1), &key(8), Operation::Consume, at(2)).unwrap().state, State::AlreadyConsumed);
}

#[test]
fn a_record_does_not_grow_without_bound_and_locks_nobody_out() {
    let mut record = Record::default();
    for number in 0..200 {
        let reserved = record.reserve(&caller(1), &key(number), (at(0), at(10)), Uses::Once).unwrap();
        assert_eq!((reserved.state, reserved.reservation), (State::Reserved, Some(key(number))));
        record.settle(&caller(1), &key(number), Operation::Release, at(0)).unwrap();
        assert!(record.reservations.len() <= 64);
    }
    assert_eq!(record.reserve(&caller(1), &key(200), (at(0), at(10)), Uses::Once).unwrap().state, State::Reserved);
    // The newest are answered as before; the oldest have no reservation, and their keys may have had an effect.
    assert_eq!(record.settle(&caller(1), &key(199), Operation::Release, at(0)).unwrap().state, State::Released);
    assert_eq!(record.settle(&caller(1), &key(0), Operation::Consume, at(0)), Err(Refused::NoReservation));
    assert!(record.may_have_forgotten(&caller(1), Operation::Reserve, &key(0)));
    assert!(!record.may_have_forgotten(&caller(1), Operation::Reserve, &key(199)));
}

#[test]
fn what_was_consumed_stays_consumed_whatever_comes_after() {
    let mut record = Record::default();
    for number in 0..200 {
        record.reserve(&caller(1), &key(number), (at(0), at(10)), Uses::AsTheRegisterSays).unwrap();
        let operation = if number == 0 { Operation::Consume } else { Operation::Release };
        record.settle(&caller(1), &key(number), operation, at(0)).unwrap();
    }
    assert_eq!(record.state(at(99)), State::Consumed);
    let late = record.reserve(&caller(2), &key(250), (at(0), at(10)), Uses::Once).unwrap();
    assert_eq!(late.state, State::AlreadyConsumed);
}

#[test]
fn an_effect_that_was_begun_is_not_forgotten() {
    let mut record = Record::default();
    for number in 0..64 {
        let second = i64::from(number) * 10;
        record.reserve(&caller(1), &key(number), (at(second), at(second + 10)), Uses::AsTheRegisterSays).unwrap();
        assert_eq!(record.begin(&caller(1), &key(number), at(second)), Ok(Begun::Apply));
    }
    let full = record.reserve(&caller(1), &key(99), (at(640), at(650)), Uses::AsTheRegisterSays);
    assert_eq!(full, Err(Refused::TooMany));
    record.abandon(&caller(1), &key(7)).unwrap();
    let reserved = record.reserve(&caller(1), &key(99), (at(640), at(650)), Uses::AsTheRegisterSays).unwrap();
    assert_eq!(reserved.state, State::Reserved);
}

#[derive(Clone, Debug)]
enum Step {
    Reserve(u8, u8),
    Settle(u8, u8, bool),
    End(u8, u8, bool),
}

fn step() -> impl Strategy<Value = Step> {
    let (caller, key) = (0..3_u8, 0..6_u8);
    prop_oneof![
        (caller.clone(), key.clone()).prop_map(|(caller, key)| Step::Reserve(caller, key)),
        (caller.clone(), key.clone(), any::<bool>())
            .prop_map(|(caller, key, consume)| Step::Settle(caller, key, consume)),
        (caller, key, any::<bool>()).prop_map(|(caller, key, consume)| Step::End(caller, key, consume)),
    ]
}

proptest! {
    /// Whatever comes in whatever order: one receipt is consumed by one reservation, and repeating a step changes nothing.
    #[test]
    fn one_receipt_never_pays_twice(steps in proptest::collection::vec((step(), 0..8_i64), 0..60)) {
        let mut record = Record::default();
        let mut now = 0;
        let mut payers = std::collections::BTreeSet::new();
        for (step, passed) in steps {
            now += passed;
            let operation = |consume| if consume { Operation::Consume } else { Operation::Release };
            let act = |record: &mut Record| match &step {
                Step::Reserve(c, k) => record.reserve(&caller(*c), &key(*k), (at(now), at(now + 10)), Uses::Once),
                Step::Settle(c, k, consume) => record.settle(&caller(*c), &key(*k), operation(*consume), at(now)),
                Step::End(c, k, consume) => record.end(&caller(*c), &key(*k), operation(*consume), at(now)),
            };
            let outcome = act(&mut record);
            let after = record.clone();
            if let (Ok(Outcome { state: State::Consumed, reservation, .. }), Step::Settle(c, ..) | Step::End(c, ..)) = (&outcome, &step) {
                payers.insert((*c, reservation.clone()));
            }
            prop_assert!(payers.len() <= 1);
            let again = act(&mut record);
            prop_assert_eq!(&record, &after);
            if let (Ok(first), Ok(second)) = (&outcome, &again) {
                let held = matches!(first.state, State::Reserved | State::Consumed);
                prop_assert!(!held || first == second);
            }
        }
    }
}

#[test]
fn an_effect_that_was_begun_is_had_once_and_given_up_by_nobody() {
    let mut record = Record::default();
    record.reserve(&caller(1), &key(1), (at(0), at(10)), Uses::Once).unwrap();
    assert_eq!(record.begin(&caller(2), &key(1), at(1)), Err(Refused::NoReservation));
    assert_eq!(record.begin(&caller(1), &key(1), at(1)), Ok(Begun::Apply));
    assert_eq!(record.settle(&caller(1), &key(1), Operation::Release, at(2)), Err(Refused::SettledOtherwise));
    // The process ended, and comes back after the reservation's time.
    assert_eq!(record.begin(&caller(1), &key(1), at(60)), Ok(Begun::Apply));
    assert_eq!(record.finish(&caller(1), &key(1)).unwrap().state, State::Consumed);
    let Ok(Begun::Already(again)) = record.begin(&caller(1), &key(1), at(61)) else { panic!("it was had") };
    assert_eq!((again.state, record.state(at(61))), (State::Consumed, State::Consumed));
}

#[test]
fn an_effect_that_was_begun_is_not_had_once_somebody_else_holds_the_thing() {
    let mut record = Record::default();
    record.reserve(&caller(1), &key(1), (at(0), at(10)), Uses::Once).unwrap();
    record.begin(&caller(1), &key(1), at(1)).unwrap();
    assert_eq!(record.reserve(&caller(2), &key(2), (at(9), at(19)), Uses::Once).unwrap().state, State::AlreadyReserved);
    assert_eq!(record.reserve(&caller(2), &key(2), (at(11), at(21)), Uses::Once).unwrap().state, State::Reserved);
    let Ok(Begun::Already(late)) = record.begin(&caller(1), &key(1), at(12)) else { panic!("it is another's") };
    assert_eq!(late.state, State::Expired);
}

#[test]
fn an_effect_that_cannot_be_had_is_given_up_like_any_other() {
    let mut record = Record::default();
    record.reserve(&caller(1), &key(1), (at(0), at(10)), Uses::Once).unwrap();
    record.begin(&caller(1), &key(1), at(1)).unwrap();
    record.abandon(&caller(1), &key(1)).unwrap();
    assert_eq!(record.settle(&caller(1), &key(1), Operation::Release, at(2)).unwrap().state, State::Released);
    assert_eq!(record.begin(&caller(1), &key(1), at(3)), Err(Refused::SettledOtherwise));
    assert_eq!(record.state(at(3)), State::Free);
}

#[test]
fn what_can_be_used_again_is_free_when_it_was_used_and_a_key_still_has_one_effect() {
    let mut record = Record::default();
    let reserve = |record: &mut Record, number: u8, second: i64| {
        record.reserve(&caller(1), &key(number), (at(second), at(second + 10)), Uses::AsTheRegisterSays)
    };
    reserve(&mut record, 1, 0).unwrap();
    record.begin(&caller(1), &key(1), at(1)).unwrap();
    record.finish(&caller(1), &key(1)).unwrap();
    assert_eq!(reserve(&mut record, 1, 2).unwrap().expires, Some(at(10)), "the first answer");
    assert_eq!(reserve(&mut record, 2, 3).unwrap().expires, Some(at(13)), "a new effect");
    assert_eq!(reserve(&mut record, 3, 4).unwrap().state, State::AlreadyReserved);
}
