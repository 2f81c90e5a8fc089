//! Rules of campaigns, given/when/then.

use cqrs_es::test::TestFramework;
use jiff::civil::date;

use super::{Campaign, CampaignChange, CampaignKind, DayCancelled, DayRestored, ReportResults, ReportedFigure, Target};
use crate::domain::days::{OnHoliday, Schedule, Weekday};
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::Shown;
use crate::domain::publication::{
    Command, Correct, Event, ExpirySet, Publication, Publish, Revise, RevisionCancelled, Status, Superseded, Withdrawn,
};
use crate::domain::test_support::{code, on};

type CampaignTest = TestFramework<Publication<Campaign>>;

fn weekly(from: jiff::civil::Date, to: Option<jiff::civil::Date>) -> Campaign {
    Campaign {
        kind: CampaignKind::CashlessDay,
        title: "Ngày không dùng tiền mặt".into(),
        summary: None,
        organiser: "UBND".into(),
        schedule: Schedule::Weekly { weekdays: vec![Weekday::Friday], from, to, count: None },
        holidays: OnHoliday::Held,
        exceptions: Vec::new(),
        times: Vec::new(),
        hours: None,
        units: Vec::new(),
        targets: vec![Target { name_vi: "Tỷ lệ".into(), name_en: "Share".into(), unit: "%".into(), target: 70.0 }],
        documents: Vec::new(),
        places: None,
    }
}

fn publish(facts: Campaign) -> Command<Campaign> {
    Command::Publish(Publish { code: code(3), effective_from: None, effective_to: None, facts })
}

fn reason(facts: Campaign) -> &'static str {
    let tested = CampaignTest::with(on(2026, 1, 1)).given_no_previous_events().when(publish(facts));
    tested.inspect_result().expect_err("refused").reason
}

fn published(facts: Campaign) -> Publication<Campaign> {
    let mut campaign = Publication::default();
    for event in campaign.decide(publish(facts), &on(2026, 1, 1)).expect("allowed") {
        campaign.apply_at(event, 0);
    }
    campaign
}

#[test]
fn a_schedule_without_any_day_is_refused() {
    assert_eq!(reason(weekly(date(2026, 1, 3), Some(date(2026, 1, 8)))), "period-reversed");
}

#[test]
fn units_must_exist_on_each_day_of_a_recurring_campaign() {
    let units = vec!["04249-2020".parse().expect("unit")];
    assert_eq!(reason(Campaign { units: units.clone(), ..weekly(date(2025, 6, 6), Some(date(2025, 7, 4))) }), "unit-not-valid");
    assert_eq!(reason(Campaign { units: units.clone(), ..weekly(date(2025, 6, 6), None) }), "unit-not-valid");
    // 30/6/2025 is a Monday: the last Friday before the merger is 27/6.
    let until = Campaign { units, ..weekly(date(2025, 6, 6), Some(date(2025, 7, 3))) };
    assert!(Publication::default().decide(publish(until), &on(2026, 1, 1)).is_ok());
}

#[test]
fn the_next_day_is_shown_and_changes_at_midnight() {
    let campaign = published(weekly(date(2026, 1, 2), None));
    let context = on(2026, 1, 9);
    let view = campaign.view(None, &Moment::new(context.now, context.city.zone())).expect("public");
    assert_eq!(view.status, Status::InForce);
    let next = view.facts.iter().find(|fact| fact.label == "next-day").map(|fact| &fact.value);
    assert_eq!(next, Some(&Shown::Day(date(2026, 1, 9))));
    assert_eq!(view.next_change.map(|at| at.to_string()).as_deref(), Some("2026-01-09T17:00:00Z"));
}

#[test]
fn what_was_taken_back_has_no_next_day() {
    let seen = |campaign: &Publication<Campaign>, revision| {
        let context = on(2026, 1, 1);
        let view = campaign.view(revision, &Moment::new(context.now, context.city.zone())).expect("public");
        (view.status, view.next_day(), view.facts.iter().any(|fact| fact.label == "next-day"), view.properties["next_day"].clone())
    };
    let told = published(weekly(date(2026, 1, 2), None));
    assert_eq!(seen(&told, None), (Status::Upcoming, Some(date(2026, 1, 2)), true, "2026-01-02".into()));
    let withdrawn = Event::Withdrawn(Withdrawn { reason: "Hủy".into(), replaced_by: None });
    let cancelled = Event::RevisionCancelled(RevisionCancelled { revision: 1, reason: "Hủy".into() });
    let superseded = Event::Superseded(Superseded { by: code(9), from: date(2026, 1, 2) });
    for (event, status) in [(withdrawn, Status::Withdrawn), (cancelled, Status::Cancelled), (superseded, Status::Superseded)] {
        let mut campaign = told.clone();
        campaign.apply_at(event, 0);
        for revision in [None, Some(1)] {
            assert_eq!(seen(&campaign, revision), (status, None, false, serde_json::Value::Null), "{status:?}");
        }
    }
}

#[test]
fn results_meet_their_targets_by_name() {
    let mut campaign = published(weekly(date(2026, 1, 2), None));
    let figures = vec![ReportedFigure { name_vi: "Tỷ lệ".into(), name_en: "Share".into(), unit: "%".into(), actual: 74.8 }];
    let report = ReportResults { as_of: date(2026, 3, 1), source: "Báo".into(), figures };
    assert_eq!(
        campaign.decide(Command::Change(CampaignChange::Report(report.clone())), &on(2026, 2, 1)).expect_err("future").reason,
        "results-in-future"
    );
    for event in campaign.decide(Command::Change(CampaignChange::Report(report)), &on(2026, 4, 1)).expect("allowed") {
        campaign.apply_at(event, 0);
    }
    let context = on(2026, 4, 1);
    let view = campaign.view(None, &Moment::new(context.now, context.city.zone())).expect("public");
    assert_eq!((view.figures()[0].target, view.figures()[0].actual), (Some(70.0), Some(74.8)));
}

#[test]
fn a_day_of_the_schedule_lies_in_force_and_none_is_promised_after_the_last() {
    let campaign = published(weekly(date(2026, 1, 2), Some(date(2026, 3, 27))));
    let expire = |to| Command::Expire(ExpirySet { effective_to: to, reason: "Dừng".into() });
    for (to, reason) in [(date(2026, 4, 30), Some("end-after-days")), (date(2026, 1, 2), None), (date(2026, 3, 1), None)] {
        let refused = campaign.decide(expire(to), &on(2026, 1, 1)).err().map(|refusal| refusal.reason);
        assert_eq!(refused, reason, "{to}");
    }
    // 2/1/2027 is a Saturday: no Friday until the 5th.
    let without = Publish {
        code: code(3),
        effective_from: Some(date(2027, 1, 2)),
        effective_to: Some(date(2027, 1, 5)),
        facts: weekly(date(2026, 1, 2), None),
    };
    let refused = Publication::default().decide(Command::Publish(without), &on(2026, 1, 1));
    assert_eq!(refused.expect_err("no Friday").reason, "no-day-in-force");
}

#[test]
fn a_revision_that_was_replaced_before_its_day_does_not_come_back() {
    let on_day = |day| Campaign { schedule: Schedule::Day { on: day }, ..weekly(day, None) };
    let (first, moved, early) = (date(2026, 3, 5), date(2026, 3, 12), date(2026, 3, 6));
    let mut campaign = published(on_day(first));
    let revise = Command::Revise(Revise {
        code: code(3),
        based_on: None,
        effective_from: None,
        effective_to: None,
        facts: Campaign { title: "Ngày hội khác".into(), ..on_day(first) },
    });
    let correct = Command::Correct(Correct { code: code(3), revision: 2, reason: "Mưa".into(), facts: on_day(moved) });
    for (command, at) in [(revise, 2), (correct, 3)] {
        for event in campaign.decide(command, &on(2026, 1, 1)).expect("allowed") {
            campaign.apply_at(event, at);
        }
    }
    for day in [date(2026, 1, 1), early, moved] {
        assert_eq!(campaign.shown_on(day).map(|revision| revision.number), Some(2), "{day}");
    }
    assert_eq!(campaign.status_on(early), Status::Upcoming);
    assert_eq!(campaign.revision_status(&campaign.revisions[0], early), Status::Superseded);
}

#[test]
fn a_cancelled_day_is_named_with_its_reason_and_comes_back_when_it_is_restored() {
    let mut campaign = published(weekly(date(2026, 1, 2), Some(date(2026, 3, 27))));
    let next = |campaign: &Publication<Campaign>| {
        let context = on(2026, 1, 4);
        campaign.view(None, &Moment::new(context.now, context.city.zone())).expect("public").next_day()
    };
    let cancel =
        |day, moved_to, reason: &str| Command::Change(CampaignChange::CancelDay(DayCancelled { day, moved_to, reason: reason.into() }));
    let restore = || Command::Change(CampaignChange::RestoreDay(DayRestored { day: date(2026, 1, 9), reason: "Trời đẹp".into() }));
    let refused = |campaign: &Publication<Campaign>, command| campaign.decide(command, &on(2026, 1, 4)).expect_err("refused").reason;
    assert_eq!(refused(&campaign, cancel(date(2026, 1, 8), None, "Mưa")), "no-such-day");
    assert_eq!(refused(&campaign, cancel(date(2026, 1, 9), None, " ")), "reason-missing");
    assert_eq!(refused(&campaign, cancel(date(2026, 1, 9), Some(date(2026, 4, 2)), "Mưa")), "moved-outside");
    assert_eq!(refused(&campaign, cancel(date(2026, 1, 9), Some(date(2026, 1, 3)), "Mưa")), "moved-outside");
    assert_eq!(refused(&campaign, restore()), "day-not-cancelled");
    let mut at = 0;
    let mut then = |campaign: &mut Publication<Campaign>, command| {
        at += 1;
        for event in campaign.decide(command, &on(2026, 1, 4)).expect("allowed") {
            campaign.apply_at(event, at);
        }
    };
    then(&mut campaign, cancel(date(2026, 1, 9), None, "Mưa bão"));
    assert_eq!(next(&campaign), Some(date(2026, 1, 16)));
    assert_eq!(refused(&campaign, cancel(date(2026, 1, 9), None, "Mưa bão")), "nothing-changed");
    then(&mut campaign, cancel(date(2026, 1, 9), Some(date(2026, 1, 10)), "Mưa bão"));
    assert_eq!(next(&campaign), Some(date(2026, 1, 10)));
    then(&mut campaign, restore());
    assert_eq!(next(&campaign), Some(date(2026, 1, 9)));
}

#[test]
fn a_campaign_of_the_first_form_names_one_day_of_the_week_and_is_read_as_it_stands() {
    let facts = r#"{"kind":"cashless-day","title":"T","organiser":"U","schedule":{"weekly":{"weekday":"friday","from":"2026-01-02"}}}"#;
    let read: Campaign = serde_json::from_str(facts).expect("the first form");
    let Schedule::Weekly { weekdays, .. } = read.schedule else { panic!("{read:?}") };
    assert_eq!(weekdays, [Weekday::Friday]);
}

#[test]
fn what_is_called_off_says_so_and_counts_up_for_calendars() {
    let mut campaign = published(Campaign { schedule: Schedule::Day { on: date(2026, 12, 22) }, ..weekly(date(2026, 1, 2), None) });
    let context = on(2026, 12, 1);
    let before = campaign.sequence();
    let off = DayCancelled { day: date(2026, 12, 22), moved_to: None, reason: "Bão".into() };
    for event in campaign.decide(Command::Change(CampaignChange::CancelDay(off)), &context).expect("allowed") {
        campaign.apply_at(event, context.now.as_microsecond());
    }
    let view = campaign.view(None, &Moment::new(context.now, context.city.zone())).expect("public");
    assert_eq!((view.standing.as_str(), view.next_day()), ("called-off", None));
    assert!(campaign.sequence() > before);
}
