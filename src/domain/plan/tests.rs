//! Rules of plans, given/when/then.

use cqrs_es::test::TestFramework;
use jiff::civil::date;

use super::{Adjustment, Decision, Plan, PlanKind};
use crate::domain::access::{Actor, Reach, Role, TokenCreated, TokenId};
use crate::domain::campaign::Campaign;
use crate::domain::feature_set::FeatureSet;
use crate::domain::publication::view::Moment;
use crate::domain::publication::{
    Command, Correct, Corrected, Event, ExpirySet, Family, Publication, Publish, Published, Revise, RevisionCancelled, Status, Superseded,
    Withdrawn,
};
use crate::domain::refusal::Why;
use crate::domain::test_support::{code, on};
use crate::domain::{Context, Digest};

type PlanTest = TestFramework<Publication<Plan>>;

fn plan(number: &str, signed: jiff::civil::Date) -> Plan {
    Plan {
        kind: PlanKind::LandUsePlan,
        title: "Quy hoạch thử".into(),
        summary: None,
        decision: Decision { authority: "UBND tỉnh".into(), number: number.into(), signed, signatory: None },
        period: None,
        vision: None,
        scale: None,
        level: None,
        adjustment: Adjustment::First,
        units: Vec::new(),
        information_code: None,
        documents: Vec::new(),
        crs: None,
        zones: None,
        outline: None,
        plan_lines: None,
        plan_points: None,
    }
}

fn first() -> Plan {
    plan("1/QĐ", date(2021, 12, 15))
}

fn second() -> Plan {
    plan("2/QĐ", date(2024, 3, 20))
}

fn published(revision: u32, facts: Plan, from: jiff::civil::Date) -> Event<Plan> {
    let based_on = (revision > 1).then(|| revision - 1);
    Event::Published(Box::new(Published { code: code(1), revision, based_on, effective_from: from, effective_to: None, facts }))
}

fn publish(facts: Plan) -> Command<Plan> {
    Command::Publish(Publish { code: code(1), effective_from: None, effective_to: None, facts })
}

fn revise(facts: Plan, based_on: Option<u32>, from: jiff::civil::Date) -> Command<Plan> {
    Command::Revise(Revise { code: code(1), based_on, effective_from: Some(from), effective_to: None, facts })
}

fn one_revision() -> Vec<Event<Plan>> {
    vec![published(1, first(), date(2022, 1, 1))]
}

fn reason(given: Vec<Event<Plan>>, when: Command<Plan>, context: Context) -> &'static str {
    PlanTest::with(context).given(given).when(when).inspect_result().expect_err("refused").reason
}

fn folded(events: Vec<Event<Plan>>) -> Publication<Plan> {
    let mut plan = Publication::default();
    events.into_iter().for_each(|event| plan.apply_at(event, 0));
    plan
}

#[test]
fn a_plan_without_a_day_takes_effect_when_it_was_signed() {
    PlanTest::with(on(2026, 1, 1)).given_no_previous_events().when(publish(first())).then_expect_events(vec![published(
        1,
        first(),
        date(2021, 12, 15),
    )]);
}

#[test]
fn the_next_revision_follows_under_the_same_code() {
    PlanTest::with(on(2026, 1, 1))
        .given(one_revision())
        .when(revise(second(), None, date(2024, 4, 1)))
        .then_expect_events(vec![published(2, second(), date(2024, 4, 1))]);
}

#[test]
fn a_code_is_published_once() {
    assert_eq!(reason(one_revision(), publish(second()), on(2026, 1, 1)), "already-published");
}

#[test]
fn a_revision_signed_before_the_last_one_is_refused() {
    let older = plan("3/QĐ", date(2020, 1, 1));
    assert_eq!(reason(one_revision(), revise(older, None, date(2026, 1, 1)), on(2026, 1, 1)), "signed-before-last");
}

#[test]
fn the_same_decision_is_no_new_revision() {
    assert_eq!(reason(one_revision(), revise(first(), None, date(2026, 1, 1)), on(2026, 1, 1)), "decision-repeated");
}

#[test]
fn a_revision_based_on_an_old_one_is_told_what_happened_meanwhile() {
    let given = vec![published(1, first(), date(2022, 1, 1)), published(2, second(), date(2024, 4, 1))];
    let third = plan("3/QĐ", date(2025, 1, 1));
    let refused = PlanTest::with(on(2026, 1, 1)).given(given).when(revise(third, Some(1), date(2025, 2, 1))).inspect_result();
    let refusal = refused.expect_err("refused");
    assert!(refusal.why == Why::InTheWay && refusal.to_string().contains("1/4/2024"), "{refusal}");
}

#[test]
fn an_effective_period_that_ends_before_it_starts_is_refused() {
    let command = Command::Publish(Publish {
        code: code(1),
        effective_from: Some(date(2022, 2, 1)),
        effective_to: Some(date(2022, 1, 31)),
        facts: first(),
    });
    assert_eq!(reason(Vec::new(), command, on(2026, 1, 1)), "period-reversed");
}

#[test]
fn a_decision_from_the_future_or_after_its_effect_is_refused() {
    assert_eq!(reason(Vec::new(), publish(plan("9", date(2026, 1, 2))), on(2026, 1, 1)), "signed-in-future");
    let early = Command::Publish(Publish { code: code(1), effective_from: Some(date(2021, 1, 1)), effective_to: None, facts: first() });
    assert_eq!(reason(Vec::new(), early, on(2026, 1, 1)), "effective-before-signed");
}

#[test]
fn a_unit_that_is_not_valid_on_the_effective_date_is_refused() {
    let old = Plan { units: vec!["04249-2020".parse().expect("unit")], ..first() };
    let now = Command::Publish(Publish { code: code(1), effective_from: Some(date(2025, 7, 1)), effective_to: None, facts: old.clone() });
    assert_eq!(reason(Vec::new(), now, on(2026, 1, 1)), "unit-not-valid");
    let then = Command::Publish(Publish { code: code(1), effective_from: Some(date(2025, 6, 30)), effective_to: None, facts: old });
    assert!(Publication::default().decide(then, &on(2026, 1, 1)).is_ok());
}

#[test]
fn shapes_outside_the_citys_box_are_refused() {
    let zones = FeatureSet {
        sha256: Digest([0; 32]),
        bytes: 1,
        count: 1,
        bbox: [105.0, 21.0, 105.8, 21.1],
        area_ha: Some(1.0),
        left_out: Vec::new(),
    };
    assert_eq!(reason(Vec::new(), publish(Plan { zones: Some(zones), ..first() }), on(2026, 1, 1)), "outside-city");
}

#[test]
fn a_revision_not_yet_in_force_can_be_cancelled_and_one_in_force_cannot() {
    let given = vec![published(1, first(), date(2022, 1, 1)), published(2, second(), date(2026, 2, 1))];
    let cancel = |revision| Command::CancelRevision(RevisionCancelled { revision, reason: "Ban hành nhầm".into() });
    assert_eq!(reason(given.clone(), cancel(1), on(2026, 1, 1)), "already-in-force");
    assert_eq!(reason(given.clone(), cancel(2), on(2026, 2, 1)), "already-in-force");
    let cancelled = RevisionCancelled { revision: 2, reason: "Ban hành nhầm".into() };
    PlanTest::with(on(2026, 1, 31))
        .given(given.clone())
        .when(cancel(2))
        .then_expect_events(vec![Event::RevisionCancelled(cancelled.clone())]);
    let mut all = given;
    all.push(Event::RevisionCancelled(cancelled));
    assert_eq!(folded(all).revision_on(date(2026, 3, 1)).map(|r| r.number), Some(1));
}

#[test]
fn a_withdrawn_plan_is_not_revised() {
    let withdrawn = Withdrawn { reason: "Nhầm".into(), replaced_by: Some(code(9)) };
    let given = vec![published(1, first(), date(2022, 1, 1)), Event::Withdrawn(withdrawn)];
    assert_eq!(reason(given, revise(second(), None, date(2024, 4, 1)), on(2026, 1, 1)), "withdrawn");
}

#[test]
fn a_replacement_that_does_not_exist_is_refused() {
    let withdraw = Command::Withdraw(Withdrawn { reason: "Nhầm".into(), replaced_by: Some(code(5)) });
    assert_eq!(reason(one_revision(), withdraw, on(2026, 1, 1)), "unknown-code");
    let supersede = Command::Supersede(Superseded { by: code(5), from: date(2026, 1, 1) });
    assert_eq!(reason(one_revision(), supersede, on(2026, 1, 1)), "unknown-code");
}

#[test]
fn a_correction_names_the_fields_it_changes_and_stays_visible() {
    let corrected = Plan { title: "Quy hoạch thử (đúng)".into(), ..first() };
    let correct = Correct { code: code(1), revision: 1, reason: "lỗi đánh máy".into(), facts: corrected };
    let events = PlanTest::with(on(2026, 1, 1)).given(one_revision()).when(Command::Correct(correct)).inspect_result().expect("allowed");
    let mut all = one_revision();
    all.extend(events);
    let plan = folded(all);
    assert_eq!(plan.revisions[0].corrections[0].fields, ["title"]);
    assert_eq!(plan.revisions[0].corrections[0].before.title, "Quy hoạch thử");
}

#[test]
fn a_first_day_that_was_set_apart_stays_when_the_day_of_signing_is_corrected() {
    let mut corrected = first();
    corrected.decision.signed = first().decision.signed.tomorrow().expect("a day");
    for (set, expected) in [(date(2022, 1, 1), date(2022, 1, 1)), (first().decision.signed, corrected.decision.signed)] {
        assert_ne!(date(2022, 1, 1), first().decision.signed);
        // given a first day that the publication named, or that follows from the signature
        let plan = folded(vec![published(1, first(), set)]);
        // when the day of signing is corrected, then
        assert_eq!(plan.revisions[0].days_with(&corrected).0, expected, "{set}");
    }
}

#[test]
fn status_follows_the_dates_by_itself() {
    let given = vec![
        published(1, first(), date(2022, 1, 1)),
        published(2, second(), date(2024, 4, 1)),
        Event::ExpirySet(ExpirySet { effective_to: date(2030, 12, 31), reason: "Hết kỳ".into() }),
    ];
    let plan = folded(given);
    let shown = |y, m, d| {
        let day = date(y, m, d);
        (plan.status_on(day), plan.shown_on(day).map(|r| r.number))
    };
    assert_eq!(shown(2021, 12, 31), (Status::Upcoming, Some(1)));
    assert_eq!(shown(2022, 1, 1), (Status::InForce, Some(1)));
    assert_eq!(shown(2024, 3, 31), (Status::InForce, Some(1)));
    assert_eq!(shown(2024, 4, 1), (Status::InForce, Some(2)));
    assert_eq!(shown(2030, 12, 31), (Status::InForce, Some(2)));
    assert_eq!(shown(2031, 1, 1), (Status::Expired, Some(2)));
    assert_eq!(plan.revision_status(&plan.revisions[0], date(2025, 1, 1)), Status::Superseded);
}

fn numbered(number: &str) -> Plan {
    plan(number, date(2024, 3, 20))
}

/// Number of the revision shown on the day before the plan's first day, and of the one shown on the first day.
fn shown_before_and_on(plan: &Publication<Plan>, first: jiff::civil::Date) -> (Option<u32>, Option<u32>) {
    let before = first.yesterday().expect("a day");
    assert_eq!(plan.status_on(before), Status::Upcoming);
    assert_eq!(plan.status_on(first), Status::InForce);
    let number = |day| plan.shown_on(day).map(|revision| revision.number);
    (number(before), number(first))
}

#[test]
fn before_the_first_day_that_is_shown_which_will_hold_on_it() {
    let revised = |days: &[jiff::civil::Date]| {
        let events = days.iter().zip(1..).map(|(day, number)| published(number, numbered(&format!("{number}/QĐ")), *day));
        folded(events.collect())
    };
    let (may, june, july) = (date(2027, 5, 1), date(2027, 6, 1), date(2027, 7, 1));
    // Revised for the same day, once and twice; for an earlier day; for a later one.
    assert_eq!(shown_before_and_on(&revised(&[june]), june), (Some(1), Some(1)));
    assert_eq!(shown_before_and_on(&revised(&[june, june]), june), (Some(2), Some(2)));
    assert_eq!(shown_before_and_on(&revised(&[june, june, june]), june), (Some(3), Some(3)));
    assert_eq!(shown_before_and_on(&revised(&[june, may]), may), (Some(2), Some(2)));
    assert_eq!(shown_before_and_on(&revised(&[june, july]), june), (Some(1), Some(1)));
    assert_eq!(shown_before_and_on(&revised(&[june, july, june]), june), (Some(3), Some(3)));
    assert_eq!(shown_before_and_on(&revised(&[july, june, july]), june), (Some(2), Some(2)));
}

#[test]
fn what_is_shown_before_the_first_day_follows_cancellations_corrections_ends_and_what_was_known() {
    // given a plan for a day to come, revised for the same day
    let june = date(2027, 6, 1);
    let context = on(2026, 1, 1);
    let noon = Moment::new(context.now, context.city.zone());
    let shown = |plan: &Publication<Plan>| {
        let view = plan.view(None, &noon).expect("public");
        assert_eq!(view.status, Status::Upcoming);
        (view.revision, view.title, view.holds_to)
    };
    let mut plan = Publication::default();
    let titled = |number: &str, title: &str| Plan { title: title.into(), ..numbered(number) };
    plan.apply_at(published(1, titled("1/QĐ", "Bản đầu"), june), 1);
    plan.apply_at(published(2, titled("2/QĐ", "Bản sau"), june), 2);
    assert_eq!(shown(&plan), (2, "Bản sau".into(), None));
    // when the revision that will hold is corrected and given an end, then both are shown
    let facts = titled("2/QĐ", "Bản sau, đúng");
    let corrected = Corrected { revision: 2, reason: "Lỗi".into(), fields: vec!["title".into()], facts };
    plan.apply_at(Event::Corrected(Box::new(corrected)), 3);
    let end = date(2030, 12, 31);
    plan.apply_at(Event::ExpirySet(ExpirySet { effective_to: end, reason: "Hết kỳ".into() }), 4);
    assert_eq!(shown(&plan), (2, "Bản sau, đúng".into(), Some(end)));
    // when the revision that never holds is corrected, then the view stays the same
    let facts = titled("1/QĐ", "Bản đầu, đúng");
    let corrected = Corrected { revision: 1, reason: "Lỗi".into(), fields: vec!["title".into()], facts };
    plan.apply_at(Event::Corrected(Box::new(corrected)), 5);
    assert_eq!(shown(&plan), (2, "Bản sau, đúng".into(), Some(end)));
    // when the second revision is cancelled, then the first one will hold
    plan.apply_at(Event::RevisionCancelled(RevisionCancelled { revision: 2, reason: "Nhầm".into() }), 6);
    assert_eq!(shown(&plan), (1, "Bản đầu, đúng".into(), None));
    // and for each earlier moment, the view shows the revision that was to hold by then
    let known = |at| shown(&plan.as_of(at).expect("known"));
    assert_eq!(known(1), (1, "Bản đầu".into(), None));
    assert_eq!(known(2), (2, "Bản sau".into(), None));
    assert_eq!(known(3), (2, "Bản sau, đúng".into(), None));
    assert_eq!(known(5), (2, "Bản sau, đúng".into(), Some(end)));
    // With no revision left that will hold, the last one is shown as cancelled.
    plan.apply_at(Event::RevisionCancelled(RevisionCancelled { revision: 1, reason: "Nhầm".into() }), 7);
    assert_eq!(plan.view(None, &noon).map(|view| (view.revision, view.status)), Some((2, Status::Cancelled)));
}

#[test]
fn the_next_change_is_midnight_in_the_city() {
    let plan = folded(vec![published(1, first(), date(2022, 1, 1)), published(2, second(), date(2024, 4, 1))]);
    let context = on(2024, 3, 1);
    let moment = Moment::new(context.now, context.city.zone());
    assert_eq!(plan.next_change(&moment).map(|at| at.to_string()).as_deref(), Some("2024-03-31T17:00:00Z"));
}

#[test]
fn the_period_of_a_plan_does_not_end_it() {
    let facts = Plan { period: Some(super::Period { from: 2011, to: 2020 }), ..first() };
    assert_eq!(folded(vec![published(1, facts, date(2022, 1, 1))]).status_on(date(2026, 1, 1)), Status::InForce);
}

#[test]
fn a_token_covers_the_units_that_took_over_and_ends_with_its_own() {
    let token = |units: &[&str]| {
        let units = units.iter().map(|id| id.parse().expect("unit")).collect();
        let grant = TokenCreated {
            token: TokenId("t".into()),
            sha256: Digest([0; 32]),
            role: Role::Planner,
            reach: Reach::Units(units),
            label: String::new(),
        };
        Actor::of_token(grant, None)
    };
    let context = on(2026, 1, 1);
    let check = |actor: &Actor, units: &[&str]| {
        let units: Vec<_> = units.iter().map(|id| id.parse().expect("unit")).collect();
        actor.check(Plan::ROLES, &units, &context.city.units, context.today).map_err(|refusal| refusal.reason)
    };
    assert_eq!(check(&token(&["04279-2025"]), &["04249-2020"]), Ok(()));
    assert_eq!(check(&token(&["04249-2020"]), &["04249-2020"]), Err("forbidden-unit"));
    assert_eq!(check(&token(&["04279-2025"]), &["04279-2025", "04252-2025"]), Err("forbidden-unit"));
    assert_eq!(check(&token(&["04279-2025"]), &[]), Err("forbidden-city"));
    assert_eq!(
        token(&["04279-2025"]).check(Campaign::ROLES, &[], &context.city.units, context.today).map_err(|r| r.reason),
        Err("forbidden-role")
    );
}

#[test]
fn what_is_replaced_before_its_first_day_never_holds() {
    let statuses = |item: &Publication<Plan>, day: jiff::civil::Date| {
        (item.status_on(day), item.revisions.iter().map(|revision| item.revision_status(revision, day)).collect::<Vec<_>>())
    };
    let mut item = Publication::default();
    item.apply_at(published(1, first(), date(2027, 1, 1)), 0);
    let (before, then) = (date(2026, 12, 1), date(2027, 1, 1));
    assert_eq!(statuses(&item, before), (Status::Upcoming, vec![Status::Upcoming]));
    for from in [date(2026, 12, 15), then] {
        let mut item = item.clone();
        item.apply_at(Event::Superseded(Superseded { by: code(9), from }), 0);
        for day in [before, then] {
            assert_eq!(statuses(&item, day), (Status::Superseded, vec![Status::Superseded]), "{from} {day}");
        }
    }
    // One that comes later leaves the days before to the item.
    let mut later = item.clone();
    later.apply_at(Event::Superseded(Superseded { by: code(9), from: date(2027, 1, 2) }), 0);
    assert_eq!(statuses(&later, before).0, Status::Upcoming);
    assert_eq!(statuses(&later, then).0, Status::InForce);
    // A revision that would begin only after that never holds, and the first one does.
    later.apply_at(published(2, second(), date(2027, 2, 1)), 0);
    assert_eq!(statuses(&later, then), (Status::InForce, vec![Status::InForce, Status::Superseded]));
}

#[test]
fn decisions_are_told_apart_by_their_digits_and_letters_not_by_their_signs() {
    let key = |number| plan(number, date(2026, 1, 1)).claims()[0].key.clone();
    for same in ["777/QĐ UBND", "Số: 0777 / QĐ - UBND.", "Quyết định số 777-QĐ-UBND", "QĐ số 777/QĐ-UBND", "777 QĐ/UBND"] {
        assert_eq!(key(same), key("777/QĐ-UBND"), "{same}");
    }
    for other in ["7/77/QĐ-UBND", "7 77/QĐ-UBND", "770/QĐ-UBND", "777/NQ-HĐND", "777/2026/QĐ-UBND"] {
        assert_ne!(key(other), key("777/QĐ-UBND"), "{other}");
    }
    assert_eq!(key("12-2026/QĐ-UBND"), key("12/2026/QĐ-UBND"));
}
