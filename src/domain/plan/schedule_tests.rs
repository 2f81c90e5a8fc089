//! What is approved for an hour: given/when/then.

use jiff::civil::date;
use serde_json::json;

use super::second_person_tests::{Office, publish, read, revise, withdraw};
use crate::domain::publication::{Command, ProposalState, PublishAlone, Return};
use crate::domain::test_support::code;

#[test]
fn what_is_approved_for_an_hour_is_public_from_that_hour_on_and_is_carried_out_once() {
    let mut office = Office::new();
    office.proposes_for("an", publish(), date(2026, 1, 5)).expect("a proposal");
    assert_eq!(office.proposes_for("an", publish(), date(2026, 1, 1)), Err("hour-past"));
    assert_eq!(office.approves("binh"), Ok(1), "approved, and nothing else");
    assert_eq!((office.state(), office.item.updated_at), (Some(ProposalState::Scheduled), 0), "nothing is public");
    assert_eq!(office.approves("chi"), Err("proposal-changed"));
    assert_eq!(office.clock(), Err("hour-to-come"));
    office.on(date(2026, 1, 5));
    assert_eq!(office.clock(), Ok(2), "carried out, and published");
    assert_eq!(office.item.revisions[0].recorded_at, office.context.sequence);
    assert_eq!((office.state(), office.clock()), (None, Err("proposal-changed")), "once");
    // Approved after its hour it is carried out at once.
    office.proposes_for("an", revise(2), date(2026, 1, 7)).expect("a proposal");
    office.on(date(2026, 1, 8));
    assert_eq!((office.clock(), office.approves("binh"), office.item.revisions.len()), (Err("proposal-changed"), Ok(3), 2));
}

#[test]
fn at_its_hour_the_rules_are_asked_again() {
    let mut office = Office::new();
    office.proposes("an", publish(), true, None).expect("a proposal");
    office.approves("binh").expect("published");
    // A revision cannot be cancelled any more once it holds.
    let from = date(2026, 1, 6);
    let mut next = revise(2);
    next.1["effective_from"] = json!(from);
    office.proposes("an", next, true, None).expect("a proposal");
    office.approves("binh").expect("published");
    let cancel = || ("cancel-revision", json!({ "revision": 2, "reason": "Sai" }));
    assert_eq!(office.proposes_for("an", cancel(), from), Err("already-in-force"), "it is said at once");
    office.proposes_for("an", cancel(), date(2026, 1, 5)).expect("a proposal");
    office.approves("binh").expect("approved");
    // The server was off on that day.
    office.on(from);
    assert_eq!((office.clock(), office.state()), (Ok(1), Some(ProposalState::Halted)));
    let why = office.item.proposal.as_ref().and_then(|proposal| proposal.halted.clone()).expect("a reason");
    assert!(why.0.contains("hiệu lực") && why.1.contains("force"), "{why:?}");
    assert_eq!(office.clock(), Err("proposal-changed"), "it is said once");
    office.proposes("an", withdraw(), true, None).expect("another in its place");
}

#[test]
fn what_waits_for_its_hour_can_be_returned_and_ends_with_any_other_change() {
    let mut office = Office::new();
    office.proposes("an", publish(), true, None).expect("a proposal");
    office.approves("binh").expect("published");
    let day = date(2026, 1, 5);
    office.proposes_for("an", revise(2), day).expect("a proposal");
    office.approves("binh").expect("approved");
    let proposal = office.proposal();
    office.does("binh", Command::Return(Return { proposal, comment: "Chưa đúng".into() })).expect("returned");
    office.on(day);
    assert_eq!(office.clock(), Err("proposal-changed"));
    office.proposes_for("an", revise(2), date(2026, 1, 9)).expect("a proposal");
    office.approves("binh").expect("approved");
    let alone = PublishAlone { code: code(1), action: "withdraw".into(), command: Box::new(read(withdraw())), reason: "Sạt lở".into() };
    office.does("chi", Command::PublishAlone(alone)).expect("published alone");
    assert_eq!(office.state(), Some(ProposalState::Overtaken));
    office.on(date(2026, 1, 9));
    assert_eq!(office.clock(), Err("proposal-changed"));
}

#[test]
fn where_one_person_may_publish_they_may_set_an_hour_and_two_are_needed_if_the_city_asks_for_two_by_then() {
    for asks_by_then in [false, true] {
        let mut office = Office::new();
        office.context.two_persons.clear();
        office.proposes_for("an", publish(), date(2026, 1, 5)).expect("a proposal");
        assert_eq!((office.state(), office.item.revisions.len()), (Some(ProposalState::Scheduled), 0));
        office.on(date(2026, 1, 5));
        if asks_by_then {
            office.context.two_persons = vec!["plan".into()];
            assert_eq!((office.clock(), office.state()), (Ok(1), Some(ProposalState::Halted)));
        } else {
            assert_eq!((office.clock(), office.item.revisions.len()), (Ok(2), 1));
        }
    }
}
