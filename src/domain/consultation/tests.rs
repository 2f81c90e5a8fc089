//! Rules of consultations, given/when/then.

use cqrs_es::test::TestFramework;
use jiff::civil::{Date, date};

use super::{AnswersPublished, Consultation, ConsultationKind};
use crate::domain::publication::view::Moment;
use crate::domain::publication::{Command, Correct, Event, ExpirySet, Publication, Publish, Published};
use crate::domain::test_support::{code, on};

type ConsultationTest = TestFramework<Publication<Consultation>>;

fn consultation(kind: ConsultationKind, opens: Date, closes: Date) -> Consultation {
    Consultation {
        kind,
        title: "Lấy ý kiến".into(),
        summary: None,
        authority: "UBND phường".into(),
        level: None,
        about: None,
        opens,
        closes,
        how: "Gửi về UBND phường".into(),
        phones: Vec::new(),
        units: Vec::new(),
        documents: Vec::new(),
        outline: None,
    }
}

fn publish(facts: Consultation) -> Command<Consultation> {
    Command::Publish(Publish { code: code(4), effective_from: None, effective_to: None, facts })
}

fn reason(facts: Consultation) -> &'static str {
    let tested = ConsultationTest::with(on(2026, 1, 1)).given_no_previous_events().when(publish(facts));
    tested.inspect_result().expect_err("refused").reason
}

fn allowed(facts: Consultation) -> bool {
    ConsultationTest::with(on(2026, 1, 1)).given_no_previous_events().when(publish(facts)).inspect_result().is_ok()
}

#[test]
fn the_law_of_its_own_day_says_how_long_it_takes() {
    let schedule = |opens, closes| consultation(ConsultationKind::ScheduleConsultation, opens, closes);
    assert_eq!(reason(schedule(date(2026, 1, 5), date(2026, 1, 23))), "consultation-too-short");
    assert!(allowed(schedule(date(2026, 1, 5), date(2026, 1, 24))), "the first and the last day count");
    // Under the law of 2013 thirty days.
    assert_eq!(reason(schedule(date(2023, 1, 5), date(2023, 1, 24))), "consultation-too-short");
    let plan = |level: &str| {
        let facts = consultation(ConsultationKind::LandUseConsultation, date(2026, 1, 5), date(2026, 2, 3));
        Consultation { level: Some(level.into()), ..facts }
    };
    assert!(allowed(plan("huyện")));
    assert_eq!(reason(plan("tỉnh")), "consultation-too-short");
    assert!(allowed(consultation(ConsultationKind::UrbanConsultation, date(2026, 1, 5), date(2026, 1, 6))), "no rule that was read");
}

#[test]
fn what_is_incomplete_or_about_nothing_is_refused() {
    let whole = || consultation(ConsultationKind::OtherConsultation, date(2026, 1, 5), date(2026, 1, 30));
    assert_eq!(reason(Consultation { how: " ".into(), ..whole() }), "consultation-incomplete");
    assert_eq!(reason(Consultation { about: Some(code(5)), ..whole() }), "unknown-item");
    assert!(allowed(Consultation { about: Some(code(9)), ..whole() }));
    assert_eq!(reason(consultation(ConsultationKind::OtherConsultation, date(2026, 1, 5), date(2026, 1, 4))), "period-reversed");
    let other = Command::Publish(Publish { code: code(4), effective_from: Some(date(2026, 1, 6)), effective_to: None, facts: whole() });
    let refused = ConsultationTest::with(on(2026, 1, 1)).given_no_previous_events().when(other).inspect_result();
    assert_eq!(refused.expect_err("refused").reason, "consultation-dates");
}

#[test]
fn it_opens_closes_and_is_answered_by_itself() {
    let facts = consultation(ConsultationKind::OtherConsultation, date(2026, 1, 5), date(2026, 1, 30));
    let mut item = Publication::<Consultation>::default();
    let published =
        Published { code: code(4), revision: 1, based_on: None, effective_from: facts.opens, effective_to: Some(facts.closes), facts };
    item.apply_at(Event::Published(Box::new(published.clone())), 0);
    let standing = |item: &Publication<Consultation>, month, day| {
        let context = on(2026, month, day);
        item.view(None, &Moment::new(context.now, context.city.zone())).expect("public").standing
    };
    assert_eq!(standing(&item, 1, 4), "consultation-soon");
    assert_eq!(standing(&item, 1, 5), "consulting");
    assert_eq!(standing(&item, 1, 30), "consulting");
    assert_eq!(standing(&item, 1, 31), "consultation-closed");
    let answers = AnswersPublished { as_of: date(2026, 2, 2), received: 12, accepted: 5, summary: "Đã tiếp thu.".into() };
    let given = vec![Event::Published(Box::new(published))];
    let answer = |answers: AnswersPublished| {
        ConsultationTest::with(on(2026, 2, 3)).given(given.clone()).when(Command::Change(answers)).inspect_result()
    };
    assert_eq!(answer(AnswersPublished { accepted: 13, ..answers.clone() }).expect_err("refused").reason, "answers-incomplete");
    assert_eq!(answer(AnswersPublished { as_of: date(2026, 2, 4), ..answers.clone() }).expect_err("refused").reason, "answers-day");
    for event in answer(answers).expect("allowed") {
        item.apply_at(event, 1);
    }
    assert_eq!(standing(&item, 2, 3), "consultation-answered");
}

#[test]
fn its_days_are_corrected_and_its_last_day_is_never_later_than_its_own() {
    let urban = |opens, closes| consultation(ConsultationKind::UrbanConsultation, opens, closes);
    let mut item = Publication::default();
    for event in item.decide(publish(urban(date(2026, 3, 5), date(2026, 4, 20))), &on(2026, 1, 1)).expect("allowed") {
        item.apply_at(event, 1);
    }
    let expire = |to| Command::Expire(ExpirySet { effective_to: to, reason: "Kéo dài".into() });
    assert_eq!(item.decide(expire(date(2026, 5, 1)), &on(2026, 1, 1)).expect_err("later").reason, "end-after-days");
    assert!(item.decide(expire(date(2026, 4, 1)), &on(2026, 1, 1)).is_ok(), "earlier");
    // When the opening day is corrected, its days in force follow.
    let facts = urban(date(2026, 3, 10), date(2026, 5, 1));
    let correct = Command::Correct(Correct { code: code(4), revision: 1, reason: "Nhầm ngày".into(), facts });
    for event in item.decide(correct, &on(2026, 1, 1)).expect("allowed") {
        item.apply_at(event, 2);
    }
    let days = (item.revisions[0].effective_from, item.revisions[0].effective_to);
    assert_eq!(days, (date(2026, 3, 10), Some(date(2026, 5, 1))));
}

#[test]
fn a_day_that_is_corrected_is_the_day_in_force_whatever_was_set_before() {
    let days = |opens, closes| consultation(ConsultationKind::UrbanConsultation, opens, closes);
    let mut item = Publication::default();
    let mut does = |command: Command<Consultation>, at: i64| {
        let events = item.decide(command, &on(2026, 1, 1)).map_err(|refusal| refusal.reason)?;
        events.into_iter().for_each(|event| item.apply_at(event, at));
        let latest = item.latest().expect("a revision");
        Ok::<_, &str>((latest.effective_from, latest.effective_to))
    };
    let correct = |facts: Consultation| Command::Correct(Correct { code: code(4), revision: 1, reason: "Sai ngày".into(), facts });
    let day = |month, day| date(2026, month, day);
    assert_eq!(does(publish(days(day(3, 10), day(4, 20))), 1), Ok((day(3, 10), Some(day(4, 20)))));
    let expire = Command::Expire(ExpirySet { effective_to: day(4, 15), reason: "Dừng sớm".into() });
    assert_eq!(does(expire, 2), Ok((day(3, 10), Some(day(4, 15)))));
    assert_eq!(does(correct(days(day(3, 5), day(4, 20))), 3), Ok((day(3, 5), Some(day(4, 15)))), "the end that was set stays");
    assert_eq!(does(correct(days(day(3, 5), day(4, 30))), 4), Ok((day(3, 5), Some(day(4, 30)))), "another last day is the newest word");
    assert_eq!(does(correct(days(day(3, 5), day(4, 10))), 5), Ok((day(3, 5), Some(day(4, 10)))));
    // What was known before each of them.
    let known = |at| item.as_of(at).and_then(|then| then.latest().map(|r| (r.effective_from, r.effective_to))).expect("known");
    assert_eq!(known(1), (day(3, 10), Some(day(4, 20))));
    assert_eq!(known(2), (day(3, 10), Some(day(4, 15))));
    assert_eq!(known(3), (day(3, 5), Some(day(4, 15))));
    assert_eq!(known(4), (day(3, 5), Some(day(4, 30))));
}
