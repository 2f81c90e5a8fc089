//! What a question with its answer adds to the shared view.

use serde_json::json;

use super::Faq;
use crate::domain::publication::Status;
use crate::domain::publication::view::{Fact, Shown, View};
use crate::domain::schema::{Property, Type};

/// Properties, beyond those that all items have.
pub(super) const PROPERTIES: &[Property] = &[
    Property::new("answer", Type::Text).like("Nộp hồ sơ tại bộ phận một cửa."),
    Property::new("as_of", Type::Date),
    Property::new("authority", Type::Text).like("UBND tỉnh Yên Bái"),
    Property::new("basis", Type::Text).like("Luật Đất đai 2024, Điều 75 khoản 4"),
];

pub(super) fn describe(faq: &Faq, view: &mut View) {
    view.summary = Some(faq.answer.clone());
    if view.status == Status::InForce {
        view.standing = "active".into();
        view.lasting = Some("active");
    }
    let laws: Vec<String> = faq
        .basis
        .iter()
        .map(|basis| basis.article.as_ref().map_or_else(|| basis.law.clone(), |article| format!("{}, {article}", basis.law)))
        .collect();
    let mut fact = |label, value| view.facts.push(Fact { label, value });
    fact("procedure", Shown::Key(faq.kind.as_str().into()));
    for law in &laws {
        fact("basis", Shown::Text(law.clone()));
    }
    fact("law-as-of", Shown::Date(faq.as_of));
    fact("answered-by", Shown::Text(faq.authority.clone()));
    let properties = [
        ("answer", json!(faq.answer)),
        ("as_of", json!(faq.as_of)),
        ("authority", json!(faq.authority)),
        ("basis", json!((!laws.is_empty()).then(|| laws.join("; ")))),
    ];
    view.properties.extend(properties.map(|(name, value)| (name.to_owned(), value)));
}
