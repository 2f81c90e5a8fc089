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

#[cfg(test)]
mod tests {
    use super::about;
    use crate::domain::families;
    use crate::words::text::Lang;

    #[test]
    fn every_collection_says_in_both_languages_what_it_holds() {
        for (name, ..) in families::collections() {
            for lang in [Lang::Vi, Lang::En] {
                assert!(about(lang, name).ends_with('.'), "{name}: {}", about(lang, name));
            }
        }
    }
}
