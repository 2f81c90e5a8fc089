//! Rules of indicators, given/when/then.

use std::collections::BTreeMap;

use jiff::civil::date;
use serde::Deserialize;

use super::*;
use crate::domain::access::{AccountId, Actor, Grant, Reach, Role};
use crate::domain::figures::*;
use crate::domain::publication::{Command, Family, Publication, Publish};
use crate::domain::test_support::{code, on};
use crate::domain::unit::UnitId;

fn share(method: Method) -> Indicator {
    Indicator {
        kind: IndicatorKind::Share,
        title: "Thanh toán trực tuyến".into(),
        title_en: None,
        definition: "Người từ 15 tuổi đã thanh toán trực tuyến".into(),
        unit: "%".into(),
        direction: Direction::Up,
        base: None,
        source: "Khảo sát".into(),
        method,
        frequency: Frequency::Year,
        organiser: "UBND".into(),
        campaign: None,
        units: Vec::new(),
        documents: Vec::new(),
    }
}

fn published(facts: Indicator) -> Publication<Indicator> {
    let publish = Command::Publish(Publish { code: code(3), effective_from: None, effective_to: None, facts });
    let mut item = Publication::default();
    for event in item.decide(publish, &on(2025, 1, 1)).expect("allowed") {
        item.apply_at(event, 0);
    }
    item
}

fn unit(id: &str) -> UnitId {
    id.parse().expect("a unit")
}

fn value(unit_id: &str, value: f64) -> Value {
    Value { unit: Some(unit(unit_id)), body: None, value: Some(value), answers: None, population: None }
}

fn sample(unit_id: &str, yes: u32, asked: u32, population: u32) -> Value {
    Value { unit: Some(unit(unit_id)), body: None, value: None, answers: Some(Answers { yes, asked }), population: Some(population) }
}

fn report(period: &str, values: Vec<Value>) -> ReportResults {
    let period: Period = period.parse().expect("a period");
    ReportResults { period, as_of: period.last(), source: "Báo cáo".into(), document: None, reason: None, values }
}

fn refused(item: &Publication<Indicator>, change: IndicatorChange) -> &'static str {
    item.decide(Command::Change(change), &on(2026, 11, 1)).expect_err("refused").reason
}

fn then(item: &mut Publication<Indicator>, change: IndicatorChange) {
    for event in item.decide(Command::Change(change), &on(2026, 11, 1)).expect("allowed") {
        item.apply_at(event, 0);
    }
}

#[test]
fn a_period_is_read_as_it_is_written_and_knows_its_days() {
    for (text, first, last, shown) in [
        ("2022", date(2022, 1, 1), date(2022, 12, 31), "2022"),
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31), "IV/2026"),
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28), "2/2026"),
    ] {
        let period: Period = text.parse().expect("a period");
        assert_eq!((period.first(), period.last(), period.to_string().as_str(), period.in_numbers().as_str()), (first, last, text, shown));
    }
    for wrong in ["26", "2026-13", "2026-Q5", "2026-1", "2026-", "", "2026-Q", "1822", "２０２６"] {
        assert!(wrong.parse::<Period>().is_err(), "{wrong}");
    }
}

#[test]
fn intervals_are_those_that_were_worked_out_apart() {
    #[derive(Deserialize)]
    struct Row {
        case: u32,
        ward: Option<u32>,
        yes: Option<u32>,
        asked: Option<u32>,
        population: Option<u32>,
        share: f64,
        low: f64,
        high: f64,
    }
    let close = |a: f64, b: f64| (a - b).abs() < 1e-6;
    let mut parts: BTreeMap<u32, Vec<Stratum>> = BTreeMap::new();
    let rows = csv::Reader::from_reader(&include_bytes!("survey.csv")[..]).into_deserialize::<Row>();
    let mut cities = 0;
    for row in rows.map(|row| row.expect("a line")) {
        let (share, interval) = if row.ward.is_some() {
            let answers = Answers { yes: row.yes.expect("yes"), asked: row.asked.expect("asked") };
            parts.entry(row.case).or_default().push(Stratum { answers, population: row.population.expect("population") });
            (answers.share(), wilson(answers))
        } else {
            cities += 1;
            stratified(&parts[&row.case]).expect("a city")
        };
        let seen = (share, interval.low, interval.high);
        assert!(close(share, row.share) && close(interval.low, row.low) && close(interval.high, row.high), "{}: {seen:?}", row.case);
    }
    assert_eq!(cities, 40);
}

#[test]
fn the_rule_of_the_ranking_is_the_one_that_the_page_states() {
    let of = |direction, all: &[(&'static str, f64, f64, f64)]| {
        let list = rank(all.iter().map(|(name, low, value, high)| (*name, *value, Interval { low: *low, high: *high })), direction);
        list.into_iter().map(|one| (one.of, one.rank)).collect::<Vec<_>>()
    };
    let all = [("a", 60.0, 65.0, 70.0), ("b", 80.0, 85.0, 90.0), ("c", 68.0, 75.0, 82.0), ("d", 90.5, 92.0, 93.0)];
    assert_eq!(of(Direction::Up, &all), [("d", 1), ("b", 2), ("c", 2), ("a", 3)]);
    assert_eq!(of(Direction::Down, &all), [("a", 1), ("c", 1), ("b", 2), ("d", 4)]);
    let exact = [("a", 70.0, 70.0, 70.0), ("b", 70.0, 70.0, 70.0), ("c", 71.0, 71.0, 71.0)];
    assert_eq!(of(Direction::Up, &exact), [("c", 1), ("a", 2), ("b", 2)]);
}

#[test]
fn met_and_exceeded_go_by_the_whole_percent_of_the_target() {
    let of = |value| standing(value, 70.0, Direction::Up);
    assert_eq!([of(69.9), of(70.0), of(70.2), of(70.3)], [Standing::Missed, Standing::Met, Standing::Met, Standing::Met]);
    assert_eq!([of(71.9), of(74.8), of(84.7), of(80.2)], [2, 6, 21, 14].map(Standing::Exceeded));
    assert_eq!(standing(70.7, 70.0, Direction::Up), Standing::Exceeded(1));
    assert_eq!(standing(9.0, 10.0, Direction::Down), Standing::Exceeded(10));
    assert_eq!(standing(11.0, 10.0, Direction::Down), Standing::Missed);
}

#[test]
fn a_figure_is_corrected_only_with_a_reason_and_the_old_one_stays() {
    let mut item = published(share(Method::Count));
    then(&mut item, IndicatorChange::Report(report("2025", vec![value("04249-2020", 70.2), value("04252-2025", 80.0)])));
    let again = report("2025", vec![value("04249-2020", 71.9)]);
    assert_eq!(refused(&item, IndicatorChange::Report(again.clone())), "reported-before");
    then(&mut item, IndicatorChange::Report(ReportResults { reason: Some("Cộng sai".into()), ..again }));
    let period = "2025".parse().expect("a period");
    let known = item.state.known(period);
    let own = &known[&Who::Unit(unit("04249-2020"))];
    assert_eq!((own.told.value, own.corrected.len(), own.corrected[0].value), (71.9, 1, 70.2));
    assert_eq!(own.told.report.reason.as_deref(), Some("Cộng sai"));
}

#[test]
fn the_citys_share_follows_from_its_wards_samples_once_all_are_there() {
    let mut item = published(share(Method::Sample));
    let period = "2025".parse().expect("a period");
    let units = [unit("04249-2020"), unit("04252-2025")];
    let city = |item: &Publication<Indicator>| of_city(&item.state.known(period), &units).map(|told| told.value);
    then(&mut item, IndicatorChange::Report(report("2025", vec![sample("04249-2020", 70, 100, 9_000)])));
    assert_eq!(city(&item), None, "a part does not speak for the whole");
    then(&mut item, IndicatorChange::Report(report("2025", vec![sample("04252-2025", 45, 90, 3_000)])));
    assert!(city(&item).is_some_and(|value| (value - 65.0).abs() < 1e-9));
    let own = item.state.known(period)[&Who::Unit(units[0].clone())].told.clone();
    assert!(own.interval.low < 70.0 && own.interval.high > 70.0);
    // A correction counts, also where it does not say again how many people live there.
    let corrected = Value { population: None, ..sample("04249-2020", 50, 100, 0) };
    then(&mut item, IndicatorChange::Report(ReportResults { reason: Some("Đếm lại".into()), ..report("2025", vec![corrected]) }));
    assert!(city(&item).is_some_and(|value| (value - 50.0).abs() < 1e-9));
    // A figure without answers says nothing of the whole.
    then(
        &mut item,
        IndicatorChange::Report(ReportResults { reason: Some("Sổ".into()), ..report("2025", vec![value("04252-2025", 50.0)]) }),
    );
    assert_eq!(city(&item), None);
}

#[test]
fn what_cannot_be_is_refused_with_its_reason() {
    let item = published(share(Method::Sample));
    let of = |report: ReportResults| refused(&item, IndicatorChange::Report(report));
    assert_eq!(of(report("2025-Q1", vec![value("04249-2020", 70.0)])), "period");
    assert_eq!(of(report("2025", vec![value("04249-2020", 101.0)])), "figure");
    assert_eq!(of(report("2025", vec![value("04249-2020", f64::NAN)])), "figure");
    assert_eq!(of(report("2025", vec![value("04249-2020", 1.0), value("04249-2020", 2.0)])), "value-twice");
    assert_eq!(of(report("2025", vec![sample("04249-2020", 11, 10, 100)])), "answers");
    assert_eq!(of(report("2025", vec![sample("04249-2020", 1, 101, 100)])), "answers");
    assert_eq!(of(report("2025", vec![Value { value: None, ..value("04249-2020", 1.0) }])), "value");
    assert_eq!(of(report("2025", vec![value("99999-2020", 70.0)])), "unknown-unit");
    assert_eq!(of(report("2027", vec![value("04249-2020", 70.0)])), "results-day");
    assert_eq!(of(report("2025", Vec::new())), "too-many");
    let of_one = published(Indicator { units: vec![unit("04249-2020")], ..share(Method::Count) });
    assert_eq!(refused(&of_one, IndicatorChange::Report(report("2025", vec![value("04252-2025", 1.0)]))), "other-unit");
    let other = Indicator { frequency: Frequency::Month, ..share(Method::Count) };
    assert_eq!(other.check_keeps(&share(Method::Count)).expect_err("refused").reason, "indicator-meaning");
    let counted = published(share(Method::Count));
    assert_eq!(refused(&counted, IndicatorChange::Report(report("2025", vec![sample("04249-2020", 1, 2, 3)]))), "value");
    let pledge = |value, signed_on| Pledge {
        period: "2026".parse().expect("a period"),
        unit: None,
        body: Some("Công ty minh họa".into()),
        value,
        signed_by: "Giám đốc".into(),
        signed_on,
        document: None,
    };
    assert_eq!(refused(&item, IndicatorChange::Pledge(pledge(80.0, date(2027, 1, 1)))), "signed-in-future");
    assert_eq!(refused(&item, IndicatorChange::Pledge(Pledge { body: None, ..pledge(80.0, date(2026, 1, 1)) })), "who");
}

#[test]
fn a_ward_reports_for_itself_and_for_nobody_else() {
    let item = published(share(Method::Count));
    let grants = vec![Grant { role: Role::Campaign, reach: Reach::Units(vec![unit("04252-2025")]) }];
    let ward = Actor::of(AccountId("a-1".into()), grants);
    let may = |change| item.check_actor(&Command::Change(change), &ward, &on(2026, 11, 1)).map_err(|refusal| refusal.reason);
    assert_eq!(may(IndicatorChange::Report(report("2025", vec![value("04252-2025", 70.0)]))), Ok(()));
    let city = Value { unit: None, ..value("04252-2025", 70.0) };
    assert_eq!(may(IndicatorChange::Report(report("2025", vec![city]))), Err("forbidden-city"));
    let both = vec![value("04252-2025", 70.0), value("04273-2025", 70.0)];
    assert!(may(IndicatorChange::Report(report("2025", both))).is_err());
    let period = "2025".parse().expect("a period");
    let targets = SetTargets { period, targets: vec![Aim { unit: Some(unit("04252-2025")), body: None, value: 1.0 }] };
    assert_eq!(may(IndicatorChange::SetTargets(targets)), Err("forbidden-city"));
}
