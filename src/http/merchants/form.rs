//! What the form of a place says of its hours, ways to pay, offers and products: in the office, and by the merchant's link.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::domain::days::Hours;
use crate::domain::payment::{Method, Payment};
use crate::domain::trade::{Access, Offer, Product};
use crate::http::forms::Fields;
use crate::words::fold::typed;
use crate::words::sentence::Sentence;

/// What a merchant may suggest of their place, by its names in the facts.
pub const SUGGESTED: [&str; 8] = ["summary", "hours", "phones", "times", "payments", "offers", "products", "access"];

/// The lines of a field, each read; the first that cannot be read is an error.
fn lines<'f, T>(fields: &'f Fields, name: &str, read: fn(&str) -> Option<T>) -> Result<Vec<T>, &'f str> {
    let lines = fields.untrimmed(name).unwrap_or_default().lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| read(line).ok_or(line)).collect()
}

/// The numbers of a text, a line each, with whose each is before a colon; none for an empty text.
pub fn phones(text: &str) -> Option<Value> {
    let one = |line: String| {
        let (label, number) =
            line.rsplit_once(':').map_or(("Điện thoại", line.as_str()), |(label, number)| (label.trim(), number.trim()));
        json!({ "label": label, "number": number })
    };
    let all: Vec<Value> = text.lines().map(typed).filter(|line| !line.is_empty()).map(one).collect();
    (!all.is_empty()).then(|| json!(all))
}

/// Puts what the form says into the facts of a place. Errors: a line that cannot be read.
pub fn put(fields: &Fields, facts: &mut Value) -> Result<(), Sentence> {
    let times = lines(fields, "times", Hours::read).map_err(|line| sentence!("form-hours", line))?;
    let offers = lines(fields, "offers", Offer::read).map_err(|line| sentence!("form-offer", line))?;
    let products = lines(fields, "products", Product::read).map_err(|line| sentence!("form-product", line))?;
    let ticked: Vec<&str> = fields.all("pay").collect();
    let payments = Method::ALL.into_iter().filter(|method| ticked.contains(&method.as_str())).map(|method| {
        let names = fields.get(&format!("pay-{}", method.as_str())).unwrap_or_default();
        Payment { method, names: names.split([',', ';']).map(typed).filter(|name| !name.is_empty()).collect() }
    });
    let payments: Vec<Payment> = payments.collect();
    let marked: Vec<&str> = fields.all("access").collect();
    let access: Vec<Access> = Access::ALL.into_iter().filter(|access| marked.contains(&access.as_str())).collect();
    set(facts, "times", &times);
    set(facts, "offers", &offers);
    set(facts, "products", &products);
    set(facts, "payments", &payments);
    set(facts, "access", &access);
    Ok(())
}

fn set<T: Serialize>(facts: &mut Value, name: &str, list: &[T]) {
    match facts.as_object_mut() {
        Some(facts) if list.is_empty() => drop(facts.remove(name)),
        Some(facts) => drop(facts.insert(name.to_owned(), json!(list))),
        None => {}
    }
}

/// The fields of the form, from the facts.
pub fn fill(mut fields: Fields, facts: &Value) -> Fields {
    fn list<T: DeserializeOwned>(facts: &Value, name: &str) -> Vec<T> {
        serde_json::from_value(facts[name].clone()).unwrap_or_default()
    }
    let joined = |lines: Vec<String>| lines.join("\n");
    fields = fields.with("times", joined(list::<Hours>(facts, "times").iter().map(Hours::written).collect()));
    fields = fields.with("offers", joined(list::<Offer>(facts, "offers").iter().map(Offer::written).collect()));
    fields = fields.with("products", joined(list::<Product>(facts, "products").iter().map(Product::written).collect()));
    for Payment { method, names } in list::<Payment>(facts, "payments") {
        fields = fields.with("pay", method.as_str().to_owned()).with(&format!("pay-{}", method.as_str()), names.join(", "));
    }
    list::<Access>(facts, "access").into_iter().fold(fields, |fields, access| fields.with("access", access.as_str().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_place_as_it_was_filled_states_the_same() {
        let facts = json!({
            "title": "Chợ", "times": [{ "from": "05:30:00", "to": "11:00:00" }, { "from": "14:00:00", "to": "18:00:00", "days": ["saturday"] }],
            "payments": [{ "method": "transfer" }, { "method": "wallet", "names": ["MoMo", "ZaloPay"] }, { "method": "cash" }],
            "offers": [
                { "what": "Giảm 5 %", "condition": "từ 100.000 đồng", "days": ["friday"], "from": "2026-12-01", "to": "2026-12-31", "campaign": "NKTM20267" },
                { "what": "Tặng túi vải" },
            ],
            "products": [{ "name": "Chè Bát Tiên", "season": "tháng 3–11", "seller": "HTX", "link": "https://a.example/b" }, { "name": "Mộc nhĩ" }],
            "access": ["step-free", "help"],
        });
        let mut again = json!({ "title": "Chợ" });
        put(&fill(Fields::default(), &facts), &mut again).expect("read");
        assert_eq!(again, facts);
        put(&Fields::default(), &mut again).expect("read");
        assert_eq!(again, json!({ "title": "Chợ" }), "an empty form takes all of it out");
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named() {
        for (name, line) in [
            ("times", "sáng"),
            ("offers", "Giảm | | ngày mai"),
            ("offers", "Giảm | | | 31/2/2026"),
            ("products", "| a"),
            ("products", "a|b|c|d|e"),
        ] {
            let said = put(&Fields::default().with(name, line.to_owned()), &mut json!({})).expect_err(line).to_string();
            assert!(said.contains(line), "{said}");
        }
    }
}
