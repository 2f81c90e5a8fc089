//! What a place where people pay adds to the shared view.

use serde_json::json;

use super::{Merchant, MerchantState};
use crate::domain::days::{Open, open};
use crate::domain::payment::{self, Payment};
use crate::domain::publication::Status;
use crate::domain::publication::view::{Calls, Fact, MerchantView, Moment, Section, Shown, Usable, View};
use crate::domain::schema::{Property, Type};
use crate::domain::trade::Access;
use crate::words::text::Lang;

/// Properties of a place, beyond those that all items have.
pub(super) const PROPERTIES: &[Property] = &[
    Property::new("access", Type::Text).like("step-free"),
    Property::new("address", Type::Text).like("Tổ 5"),
    Property::new("hours", Type::Text).like("7h00–11h00"),
    Property::new("offer", Type::Text).like("Giảm 5 % rau quả"),
    Property::new("payment", Type::Text).like("transfer"),
    Property::new("phone", Type::Text).like("0216 0000 111"),
    Property::new("products", Type::Text).like("Chè Bát Tiên"),
];

pub(super) fn describe(merchant: &Merchant, state: &MerchantState, moment: &Moment, view: &mut View) {
    view.summary.clone_from(&merchant.summary);
    view.position = Some(merchant.position);
    view.sections.push(Section::Calls(Calls {
        phones: merchant.phones.iter().map(|phone| (phone.label.clone(), phone.number.clone())).collect(),
        ..Calls::default()
    }));
    let open = open(&merchant.times, moment.zone.to_datetime(moment.now)).filter(|_| view.status == Status::InForce);
    if view.status == Status::InForce {
        view.lasting = Some("active");
        view.standing = match open {
            Some(Open::Until(_)) => "open-now",
            Some(_) => "closed-now",
            None => "active",
        }
        .into();
    }
    view.sections.push(Section::Duty(match open {
        Some(Open::Until(_)) => Usable::Yes,
        Some(_) => Usable::No,
        None => Usable::Unknown,
    }));
    if let Some(Open::Until(at) | Open::From(at)) = open
        && let Ok(at) = moment.zone.to_timestamp(at)
    {
        view.next_change = Some(view.next_change.map_or(at, |known| known.min(at)));
    }
    let mut fact = |label, value| view.facts.push(Fact { label, value });
    if let Some(address) = &merchant.address {
        fact("address", Shown::Text(address.clone()));
    }
    for hours in &merchant.times {
        fact("times", Shown::Said(hours.said()));
    }
    if let Some(hours) = &merchant.hours {
        fact("hours", Shown::Text(hours.clone()));
    }
    if !merchant.payments.is_empty() {
        fact("payment", Shown::Said(payment::said(&merchant.payments)));
    }
    if !merchant.access.is_empty() {
        fact("access", Shown::Keys(merchant.access.iter().map(|one| one.key().to_owned()).collect()));
    }
    let listed = |all: Vec<String>, between: &str| (!all.is_empty()).then(|| all.join(between));
    let hours: Vec<String> = merchant.times.iter().map(|hours| hours.said().text(Lang::Vi).clone()).chain(merchant.hours.clone()).collect();
    let method = |payment: &Payment| payment.method.as_str().to_owned();
    let properties = [
        ("access", json!(listed(merchant.access.iter().map(|one: &Access| one.as_str().to_owned()).collect(), ", "))),
        ("address", json!(merchant.address)),
        ("hours", json!(listed(hours, "; "))),
        ("offer", json!(listed(merchant.offers.iter().map(|offer| offer.what.clone()).collect(), "; "))),
        ("payment", json!(listed(merchant.payments.iter().map(method).collect(), ", "))),
        ("phone", json!(merchant.phones.first().map(|phone| &phone.number))),
        ("products", json!(listed(merchant.products.iter().map(|product| product.name.clone()).collect(), "; "))),
    ];
    view.properties.extend(properties.map(|(name, value)| (name.to_owned(), value)));
    view.sections.push(Section::Merchant(Box::new(MerchantView {
        open,
        payments: merchant.payments.clone(),
        offers: merchant.offers.clone(),
        products: merchant.products.clone(),
        campaigns: merchant.campaigns.clone(),
        payee: state.payees.last().cloned(),
        link: state.link.clone(),
    })));
}
