//! What the entry of a service adds to the shared view.

use serde_json::json;

use super::Service;
use crate::domain::publication::Status;
use crate::domain::publication::view::{Fact, Section, Shown, View};
use crate::domain::schema::{Property, Type};

/// Properties, beyond those that all items have.
pub(super) const PROPERTIES: &[Property] = &[
    Property::new("category", Type::Text).like("Điện"),
    Property::new("link", Type::Text).like("https://dien-mau.example"),
    Property::new("needs", Type::Text).like("Mã khách hàng"),
    Property::new("operator", Type::Text).like("Công ty điện lực"),
];

pub(super) fn describe(service: &Service, view: &mut View) {
    view.summary.clone_from(&service.summary);
    if view.status == Status::InForce {
        view.standing = "active".into();
        view.lasting = Some("active");
    }
    let mut fact = |label, value| view.facts.push(Fact { label, value });
    fact("category", Shown::Text(service.category.clone()));
    fact("operator", Shown::Text(service.operator.clone()));
    for need in &service.needs {
        fact("needs", Shown::Text(need.clone()));
    }
    view.sections.push(Section::Link(service.link.clone()));
    let properties = [
        ("category", json!(service.category)),
        ("link", json!(service.link)),
        ("needs", json!((!service.needs.is_empty()).then(|| service.needs.join("; ")))),
        ("operator", json!(service.operator)),
    ];
    view.properties.extend(properties.map(|(name, value)| (name.to_owned(), value)));
}
