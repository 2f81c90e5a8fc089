//! Contact cards (RFC 2426: version 3, which every phone reads) with an institution's numbers.

use super::lines::{escaped, line, stamp};
use crate::domain::city::City;
use crate::domain::publication::Status;
use crate::domain::publication::view::{Shown, View};
use crate::words::format::phone;

/// The contact card of an institution; `None` for an item without a phone number. Persons never get a card.
pub fn vcf(city: &City, view: &View) -> Option<String> {
    let position = view.position?;
    // A phone keeps a number for long: it must hold.
    if view.phones().is_empty() || !matches!(view.status, Status::InForce | Status::Upcoming) {
        return None;
    }
    let mut out = String::from("BEGIN:VCARD\r\nVERSION:3.0\r\n");
    line(&mut out, "UID", &format!("{}@{}.bangtin", view.code, city.id));
    line(&mut out, "FN", &escaped(&view.title));
    // A card must have an N (RFC 2426 §3.1.2); an institution has no given name.
    line(&mut out, "N", &format!("{};;;;", escaped(&view.title)));
    for (label, number) in view.phones() {
        // The number as people dial it: some readers would take the letters of “tel:” for digits.
        line(&mut out, "TEL;TYPE=WORK,VOICE", &escaped(&phone(number)));
        line(&mut out, "NOTE", &escaped(&format!("{number}: {label}")));
    }
    for fact in &view.facts {
        match (fact.label, &fact.value) {
            ("address", Shown::Text(address)) => line(&mut out, "ADR;TYPE=WORK", &format!(";;{};;;;", escaped(address))),
            ("operator", Shown::Text(name)) => line(&mut out, "ORG", &escaped(name)),
            ("role", Shown::Text(role)) => line(&mut out, "ROLE", &escaped(role)),
            ("hours", Shown::Text(hours)) => line(&mut out, "NOTE", &escaped(hours)),
            _ => {}
        }
    }
    line(&mut out, "GEO", &format!("{:.5};{:.5}", position.lat, position.lon));
    line(&mut out, "URL", &format!("{}/q/{}", city.public_url, view.code));
    // Another revision comes into force without an event.
    let begun = crate::words::civil::midnight(&city.zone(), view.effective_from);
    line(&mut out, "REV", &stamp(if view.status == Status::InForce { view.updated.max(begun) } else { view.updated }));
    out.push_str("END:VCARD\r\n");
    Some(out)
}
