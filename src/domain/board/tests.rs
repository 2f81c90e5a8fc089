//! Rules of notice boards, given/when/then.

use cqrs_es::test::TestFramework;
use jiff::civil::date;

use super::{Board, BoardChange, BoardChanged, Checked, Hung, Printed, Removed, Revoked};
use crate::domain::publication::view::Moment;
use crate::domain::publication::{Command, Correct, Event, Publication, Publish, Published, Revise};
use crate::domain::test_support::{code, on};
use crate::geometry::Position;

type BoardTest = TestFramework<Publication<Board>>;

fn board() -> Board {
    Board {
        number: 7,
        title: "Bảng tin UBND phường".into(),
        position: Position { lon: 104.88, lat: 21.71 },
        address: None,
        units: Vec::new(),
        check_days: None,
        keeper: None,
        documents: Vec::new(),
    }
}

fn stands() -> Event<Board> {
    Event::Published(Box::new(Published {
        code: code(1),
        revision: 1,
        based_on: None,
        effective_from: date(2026, 1, 1),
        effective_to: None,
        facts: board(),
    }))
}

fn printed(revision: u32, day: i8) -> Event<Board> {
    Event::Changed(BoardChanged::Printed(Printed { item: code(9), revision, on: Some(date(2026, 2, day)) }))
}

fn hung(revision: u32, day: i8) -> Event<Board> {
    Event::Changed(BoardChanged::Hung(Hung { item: code(9), revision, on: Some(date(2026, 2, day)), by: None }))
}

fn reason(given: Vec<Event<Board>>, change: BoardChange) -> &'static str {
    let tested = BoardTest::with(on(2026, 3, 1)).given(given).when(Command::Change(change));
    tested.inspect_result().expect_err("refused").reason
}

#[test]
fn a_print_is_of_the_newest_revision_where_none_is_named() {
    BoardTest::with(on(2026, 2, 3))
        .given(vec![stands()])
        .when(Command::Change(BoardChange::Print(Printed { item: code(9), revision: 0, on: None })))
        .then_expect_events(vec![printed(2, 3)]);
}

#[test]
fn what_does_not_exist_is_not_printed() {
    assert_eq!(reason(vec![stands()], BoardChange::Print(Printed { item: code(5), revision: 0, on: None })), "unknown-item");
    assert_eq!(reason(vec![stands()], BoardChange::Print(Printed { item: code(9), revision: 3, on: None })), "unknown-revision");
    let tomorrow = Some(date(2026, 3, 2));
    assert_eq!(reason(vec![stands()], BoardChange::Print(Printed { item: code(9), revision: 1, on: tomorrow })), "day-in-future");
}

#[test]
fn only_what_was_printed_is_hung_and_only_what_hangs_is_taken_down() {
    let hang = |revision| BoardChange::Hang(Hung { item: code(9), revision, on: None, by: None });
    assert_eq!(reason(vec![stands()], hang(0)), "not-printed");
    assert_eq!(reason(vec![stands(), printed(1, 1)], hang(2)), "not-printed");
    assert_eq!(reason(vec![stands(), printed(1, 1)], BoardChange::Remove(Removed { item: code(9), on: None })), "not-hanging");
    BoardTest::with(on(2026, 2, 5))
        .given(vec![stands(), printed(1, 1)])
        .when(Command::Change(hang(0)))
        .then_expect_events(vec![hung(1, 5)]);
}

#[test]
fn a_revoked_print_is_not_hung_again_until_it_is_printed_anew() {
    let revoked = Event::Changed(BoardChanged::Revoked(Revoked { item: code(9), reason: "In sai".into() }));
    let given = vec![stands(), printed(1, 1), revoked];
    let hang = BoardChange::Hang(Hung { item: code(9), revision: 0, on: None, by: None });
    assert_eq!(reason(given.clone(), hang.clone()), "not-printed");
    let again = [given, vec![printed(2, 4)]].concat();
    assert!(BoardTest::with(on(2026, 3, 1)).given(again).when(Command::Change(hang)).inspect_result().is_ok());
    assert_eq!(reason(vec![stands(), printed(1, 1)], BoardChange::Revoke(Revoked { item: code(9), reason: " ".into() })), "reason-missing");
}

#[test]
fn what_is_revoked_stays_revoked_on_the_wall_until_the_new_print_hangs() {
    let state = |events: &[Event<Board>]| {
        let mut item = Publication::<Board>::default();
        events.iter().enumerate().for_each(|(at, event)| item.apply_at(event.clone(), at as i64));
        item.state.postings[0].clone()
    };
    let revoked = Event::Changed(BoardChanged::Revoked(Revoked { item: code(9), reason: "In sai".into() }));
    let mut events = vec![stands(), printed(1, 1), hung(1, 2), revoked.clone()];
    assert!(!state(&events).is_wanted(), "it is not printed again by itself");
    events.push(printed(2, 4));
    assert!(state(&events).revoked.is_some() && state(&events).is_wanted(), "the false one still hangs, the new one is to be hung");
    events.push(hung(2, 5));
    assert!(state(&events).revoked.is_none() && state(&events).is_wanted());
    let removed = Event::Changed(BoardChanged::Removed(Removed { item: code(9), on: Some(date(2026, 2, 6)) }));
    events.extend([removed, printed(2, 7)]);
    assert!(!state(&events).hangs() && state(&events).is_wanted(), "printed again after it was taken down");
    events.push(revoked);
    assert!(!state(&events).is_wanted());
}

#[test]
fn a_board_keeps_its_number_for_ever() {
    let correct =
        Command::Correct(Correct { code: code(1), revision: 1, reason: "Số sai".into(), facts: Board { number: 8, ..board() } });
    let refused = BoardTest::with(on(2026, 3, 1)).given(vec![stands()]).when(correct).inspect_result();
    assert_eq!(refused.expect_err("refused").reason, "board-number");
    let other = Board { number: 8, ..board() };
    let revise = Command::Revise(Revise { code: code(1), based_on: None, effective_from: None, effective_to: None, facts: other });
    let refused = BoardTest::with(on(2026, 3, 1)).given(vec![stands()]).when(revise).inspect_result();
    assert_eq!(refused.expect_err("refused").reason, "board-number");
    let zero = Command::Publish(Publish { code: code(1), effective_from: None, effective_to: None, facts: Board { number: 0, ..board() } });
    let refused = BoardTest::with(on(2026, 3, 1)).given_no_previous_events().when(zero).inspect_result();
    assert_eq!(refused.expect_err("refused").reason, "board-number");
}

#[test]
fn a_board_is_due_when_nobody_has_looked_for_too_long() {
    let mut item = Publication::<Board>::default();
    item.apply_at(stands(), 0);
    let view = |item: &Publication<Board>, month, day| {
        let context = on(2026, month, day);
        item.view(None, &Moment::new(context.now, context.city.zone())).expect("public").board().cloned().expect("a board")
    };
    assert!(!view(&item, 3, 31).is_due && view(&item, 4, 1).is_due);
    item.apply_at(Event::Changed(BoardChanged::Checked(Checked { on: Some(date(2026, 3, 20)), note: None })), 1);
    assert!(!view(&item, 4, 1).is_due);
    assert_eq!(view(&item, 4, 1).due, date(2026, 6, 18));
}
