//! What collections and their properties are called, from the catalogue.

use super::schema::Property;
use crate::words::text::{Lang, text};

/// What a collection is called.
pub fn title(lang: Lang, name: &str) -> &str {
    // “units” alone is the heading of an item's units.
    text(lang, if name == "units" { "units-collection" } else { name })
}

/// What it holds, in a sentence.
pub fn about(lang: Lang, name: &str) -> String {
    text(lang, &format!("about-{name}")).to_owned()
}

/// What a property is called.
pub fn label(lang: Lang, property: &Property) -> String {
    text(lang, &format!("field-{}", property.name)).to_owned()
}
