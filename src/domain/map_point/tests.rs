//! Rules of map points, given/when/then.

use cqrs_es::test::TestFramework;
use jiff::ToSpan;
use jiff::civil::date;

use super::{Duty, DutyChanged, MapPoint, Phone, PointKind, SetDuty};
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::Shown;
use crate::domain::publication::{Command, Event, Publication, Publish, Published};
use crate::domain::test_support::{code, on};
use crate::geometry::Position;

type PointTest = TestFramework<Publication<MapPoint>>;

fn ambulance() -> MapPoint {
    MapPoint {
        kind: PointKind::Ambulance,
        title: "Xe 1".into(),
        summary: None,
        position: Position { lon: 104.87, lat: 21.7 },
        address: None,
        units: Vec::new(),
        hours: None,
        always_open: true,
        languages: Vec::new(),
        operator: None,
        role: None,
        phones: vec![Phone { label: "Trực".into(), number: "0216 3 850 115".into() }],
        contact: None,
        duty_limit_minutes: Some(30),
        hamlets: Vec::new(),
    }
}

fn published(facts: MapPoint) -> Event<MapPoint> {
    let from = date(2026, 1, 1);
    Event::Published(Box::new(Published { code: code(2), revision: 1, based_on: None, effective_from: from, effective_to: None, facts }))
}

fn refused(facts: MapPoint) -> &'static str {
    let publish = Publish { code: code(2), effective_from: None, effective_to: None, facts };
    PointTest::with(on(2026, 1, 1)).given_no_previous_events().when(Command::Publish(publish)).inspect_result().expect_err("refused").reason
}

#[test]
fn a_point_outside_the_city_or_without_numbers_is_refused() {
    assert_eq!(refused(MapPoint { position: Position { lon: 21.7, lat: 104.87 }, ..ambulance() }), "outside-city");
    assert_eq!(refused(MapPoint { position: Position { lon: f64::NAN, lat: 21.7 }, ..ambulance() }), "outside-city");
    assert!(
        crate::domain::phone::is_phone("(0216) 3 850 115")
            && crate::domain::phone::is_phone("(+84) 216.3850115")
            && !crate::domain::phone::is_phone("()")
    );
    let phone = Phone { label: "x".into(), number: "gọi tôi".into() };
    assert_eq!(refused(MapPoint { phones: vec![phone], ..ambulance() }), "phone");
}

#[test]
fn a_duty_status_is_shown_until_its_limit_and_then_unknown() {
    let seen = on(2026, 1, 1).now;
    let mut point = Publication::default();
    point.apply_at(published(ambulance()), 0);
    point.apply_at(Event::Changed(DutyChanged { duty: Duty::Ready, at: seen }), 0);
    let duty = |minutes: i64| {
        let context = on(2026, 1, 1);
        let moment = Moment::new(seen + minutes.minutes(), context.city.zone());
        let view = point.view(None, &moment).expect("public");
        let shown = view.facts.iter().find(|fact| fact.label == "duty").map(|fact| fact.value.clone());
        (shown, view.next_change)
    };
    assert_eq!(duty(29), (Some(Shown::Key("duty-ready".into())), Some(seen + 30.minutes())));
    assert_eq!(duty(30), (Some(Shown::Key("duty-unknown".into())), None));
}

#[test]
fn only_an_ambulance_has_a_duty_and_an_older_one_does_not_replace_a_newer() {
    let station = MapPoint { kind: PointKind::HealthStation, ..ambulance() };
    let set = |at| Command::Change(SetDuty { duty: Duty::Out, at: Some(at) });
    let context = on(2026, 1, 1);
    let now = context.now;
    let reason = |given, at| PointTest::with(on(2026, 1, 1)).given(given).when(set(at)).inspect_result().expect_err("refused").reason;
    assert_eq!(reason(vec![published(station)], now), "no-duty");
    let newer = Event::Changed(DutyChanged { duty: Duty::Ready, at: now });
    assert_eq!(reason(vec![published(ambulance()), newer], now - 1.minute()), "duty-older");
    assert_eq!(reason(vec![published(ambulance())], now + 1.hour()), "duty-in-future");
}
