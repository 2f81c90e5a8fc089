//! Rules of places where people pay, given/when/then.

use jiff::civil::date;

use super::{IssueLink, LinkEnded, Merchant, MerchantChange, MerchantKind};
use crate::domain::Context;
use crate::domain::days::Hours;
use crate::domain::payment::{Method, Payment};
use crate::domain::publication::view::{Moment, Usable};
use crate::domain::publication::{Command, Publication, Publish};
use crate::domain::subject::SubjectId;
use crate::domain::test_support::{code, on};
use crate::domain::trade::{Checked, Offer, PayeeRegistered, Product};
use crate::geometry::Position;

fn shop() -> Merchant {
    Merchant {
        kind: MerchantKind::Shop,
        title: "Cửa hàng Hoa".into(),
        summary: None,
        position: Position { lon: 104.87, lat: 21.7 },
        address: None,
        units: Vec::new(),
        times: vec![Hours::read("7h–17h").expect("hours")],
        hours: None,
        payments: vec![Payment { method: Method::Transfer, names: Vec::new() }],
        offers: Vec::new(),
        products: Vec::new(),
        access: Vec::new(),
        phones: Vec::new(),
        campaigns: vec![code(9)],
    }
}

fn reason(facts: Merchant) -> &'static str {
    let publish = Command::Publish(Publish { code: code(3), effective_from: None, effective_to: None, facts });
    Publication::default().decide(publish, &on(2026, 11, 28)).map_or_else(|refusal| refusal.reason, |_| "allowed")
}

fn published() -> Publication<Merchant> {
    let publish = Command::Publish(Publish { code: code(3), effective_from: None, effective_to: None, facts: shop() });
    let mut place = Publication::default();
    for event in place.decide(publish, &on(2026, 11, 1)).expect("allowed") {
        place.apply_at(event, 0);
    }
    place
}

fn changed(place: &mut Publication<Merchant>, change: MerchantChange, context: &Context) -> Result<(), &'static str> {
    let events = place.decide(Command::Change(change), context).map_err(|refusal| refusal.reason)?;
    events.into_iter().for_each(|event| place.apply_at(event, 1));
    Ok(())
}

#[test]
fn a_place_that_says_nothing_or_something_wrong_is_refused() {
    let offer = |from, to| Offer { what: "Giảm 5 %".into(), condition: None, days: Vec::new(), from, to, campaign: None };
    let product = |link: &str| Product { name: "Chè".into(), season: None, seller: None, link: Some(link.into()) };
    let wallet = |names: &[&str]| Payment { method: Method::Wallet, names: names.iter().map(|name| (*name).to_owned()).collect() };
    let mut far = shop();
    far.position.lat = 10.0;
    for (facts, expected) in [
        (shop(), "allowed"),
        (Merchant { title: " ".into(), ..shop() }, "title-missing"),
        (far, "outside-city"),
        (Merchant { payments: vec![wallet(&[])], ..shop() }, "wallet-name"),
        (Merchant { payments: vec![wallet(&["MoMo"]), wallet(&["ZaloPay"])], ..shop() }, "payment-twice"),
        (Merchant { payments: vec![wallet(&[" "])], ..shop() }, "merchant-entry"),
        (Merchant { payments: vec![wallet(&["MoMo 0912 345 678"])], ..shop() }, "merchant-account"),
        (Merchant { offers: vec![offer(Some(date(2026, 12, 2)), Some(date(2026, 12, 1)))], ..shop() }, "offer-days"),
        (Merchant { offers: vec![offer(None, None); 61], ..shop() }, "too-many"),
        (Merchant { products: vec![product("javascript:alert(1)")], ..shop() }, "product-link"),
        (Merchant { products: vec![product("https://postmart.example/che")], ..shop() }, "allowed"),
        (Merchant { campaigns: vec![code(4)], ..shop() }, "unknown-item"),
    ] {
        assert_eq!(reason(facts), expected);
    }
}

#[test]
fn a_new_link_ends_the_one_before_and_a_link_has_a_last_day() {
    let (mut place, today) = (published(), on(2026, 11, 28));
    let issue = |until| MerchantChange::IssueLink(IssueLink { until });
    assert_eq!(changed(&mut place, issue(date(2026, 11, 27)), &today), Err("link-days"));
    assert_eq!(changed(&mut place, issue(date(2027, 11, 30)), &today), Err("link-days"));
    assert_eq!(changed(&mut place, issue(date(2026, 12, 28)), &today), Ok(()));
    assert_eq!(changed(&mut place, issue(date(2026, 12, 29)), &today), Ok(()));
    assert_eq!(place.state.link.as_ref().map(|link| link.number), Some(2));
    assert_eq!(changed(&mut place, MerchantChange::EndLink(LinkEnded { number: 1 }), &today), Err("link-ended"));
    assert_eq!(changed(&mut place, MerchantChange::EndLink(LinkEnded { number: 2 }), &today), Ok(()));
    assert_eq!(place.state.link, None);
    assert_eq!(changed(&mut place, issue(date(2026, 12, 29)), &today), Ok(()));
    assert_eq!(place.state.links, 3, "an old link never works again");
}

#[test]
fn whom_one_pays_was_checked_before_it_is_registered() {
    let mut place = published();
    let payee = |day| PayeeRegistered { payee: SubjectId("s-1".into()), checked_on: day, checked: Checked::Scanned };
    let today = on(2026, 11, 28);
    for day in [date(2026, 11, 29), date(2025, 11, 26)] {
        assert_eq!(changed(&mut place, MerchantChange::RegisterPayee(payee(day)), &today), Err("checked-on"), "{day}");
    }
    assert_eq!(changed(&mut place, MerchantChange::RegisterPayee(payee(date(2026, 11, 28))), &today), Ok(()));
    let moment = Moment::new(today.now, today.city.zone());
    let view = place.view(None, &moment).expect("shown");
    assert_eq!(view.merchant().and_then(|merchant| merchant.payee.clone()), Some(payee(date(2026, 11, 28))));
}

#[test]
fn a_place_is_open_by_its_hours_and_its_page_changes_when_they_end() {
    let at = |hour| {
        let zone = on(2026, 11, 28).city.zone();
        let now = zone.to_timestamp(date(2026, 11, 28).at(hour, 0, 0, 0)).expect("a moment");
        published().view(None, &Moment::new(now, zone)).expect("shown")
    };
    let hour = |view: &crate::domain::publication::view::View| {
        view.next_change.map(|at| on(2026, 11, 28).city.zone().to_datetime(at).time().hour())
    };
    let (open, closed) = (at(12), at(18));
    assert_eq!((open.standing.as_str(), open.duty(), hour(&open)), ("open-now", Some(Usable::Yes), Some(17)));
    assert_eq!((closed.standing.as_str(), closed.duty(), hour(&closed)), ("closed-now", Some(Usable::No), Some(7)));
}
