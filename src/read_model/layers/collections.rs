//! The collections: their names, what they hold, and what their features carry.

use crate::domain::families;
use crate::domain::figures::VALUE_PROPERTIES;
use crate::domain::schema::{Equal, FeatureCollection, Further, ID, Only, Property, SHARED, Shape, Type, UNIT};

/// What a collection holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Published items of a family and kind; of all kinds if the kind is empty.
    Items(&'static str, &'static str),
    /// Features of the sets of a family's items, of the sets in force.
    Features(&'static str),
    /// Administrative units.
    Units,
    /// Figures of indicators, each with the boundary of its unit.
    Values,
}

/// A collection: its name, what it holds, and what its features carry.
#[derive(Debug)]
pub struct Collection {
    /// Name in web addresses.
    pub name: &'static str,
    /// What it holds.
    pub content: Content,
    /// The collections of items that it, or its content, belongs to.
    pub sources: Vec<&'static str>,
    /// Properties, `id` first.
    pub properties: Vec<Property>,
    /// Kind of shape of its features.
    pub shape: Shape,
    /// Which features of a set it holds.
    pub only: Only,
    /// The further set of items that it is made from; none where that is their main set.
    pub further: Option<Further>,
}

/// Every collection, in the order in which they are listed.
pub fn collections() -> &'static [Collection] {
    static ALL: std::sync::LazyLock<Vec<Collection>> = std::sync::LazyLock::new(|| {
        let of_items = |(name, family, kind): (&'static str, &'static str, &'static str)| {
            let own = [Property::new("summary", Type::Text), Property::new("units", Type::Text).equal_by(Equal::Units)];
            let mut properties = [SHARED, &own, &families::item_properties(family, kind)].concat();
            properties.sort_by(|a, b| a.name.cmp(&b.name));
            properties.insert(0, ID);
            let shape = families::shape(family).unwrap_or(Shape::Point);
            Collection {
                name,
                content: Content::Items(family, kind),
                sources: vec![name],
                properties,
                shape,
                only: Only::All,
                further: None,
            }
        };
        let of_features = |(own, family): (&'static FeatureCollection, &'static str)| {
            let FeatureCollection { name, only, shape, further, .. } = *own;
            // Each feature carries its item's code, under the family's name.
            let mut shared = [SHARED, &[Property::new(family, Type::Text)]].concat();
            shared.sort_by(|a, b| a.name.cmp(&b.name));
            let properties = [&[ID], &shared[..], &own.properties.concat()].concat();
            let sources = families::collections().into_iter().filter(|(_, of, _)| *of == family).map(|(name, ..)| name).collect();
            Collection { name, content: Content::Features(family), sources, properties, shape, only, further }
        };
        let properties = [&[ID], UNIT].concat();
        let shape = Shape::Point;
        let units =
            Collection { name: "units", content: Content::Units, sources: Vec::new(), properties, shape, only: Only::All, further: None };
        let properties = [&[ID], VALUE_PROPERTIES].concat();
        let sources = vec!["indicators"];
        let shape = Shape::Areas;
        let values =
            Collection { name: "indicator-values", content: Content::Values, sources, properties, shape, only: Only::All, further: None };
        let items = families::collections().into_iter().map(of_items);
        items.chain(families::feature_collections().into_iter().map(of_features)).chain([values, units]).collect()
    });
    &ALL
}

/// The collection of that name.
pub fn collection(name: &str) -> Option<&'static Collection> {
    collections().iter().find(|collection| collection.name == name)
}
