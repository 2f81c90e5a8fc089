//! The names of collections and their properties, from the catalogue.

use super::schema::Property;
use crate::words::text::{Lang, text};

/// The title of a collection.
pub fn title(lang: Lang, name: &str) -> &str {
    // “units” alone is the heading of an item's units.
    text(lang, if name == "units" { "units-collection" } else { name })
}

/// A sentence about what a collection holds.
pub fn about(lang: Lang, name: &str) -> String {
    text(lang, &format!("about-{name}")).to_owned()
}

/// The label of a property.
pub fn label(lang: Lang, property: &Property) -> String {
    text(lang, &format!("field-{}", property.name)).to_owned()
}
