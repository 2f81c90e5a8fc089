//! The properties that a collection's features carry: names, types and what they mean.
//!
//! All features of a collection have all of its properties, null where unknown, so that a client
//! that looks at the first few knows the rest.

use std::borrow::Cow;

/// Type of a property's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A number that may be fractional; always written with a decimal point.
    Number,
    /// True or false.
    Boolean,
    /// A civil date in the city's time zone, `2020-09-15`.
    Date,
    /// A moment, RFC 3339.
    Moment,
}

/// Shape of a collection's features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One position.
    Point,
    /// Several positions.
    MultiPoint,
    /// Lines, one or several.
    Lines,
    /// Areas, of one part or several.
    Areas,
}

/// A property. Its label is the text `field-NAME` of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Name in GeoJSON.
    pub name: Cow<'static, str>,
    /// Type of its values.
    pub kind: Type,
    /// The values it can have, where they are a short list.
    pub values: &'static [&'static str],
    /// Its role (OGC 23-058r1, `x-ogc-role`), where it has one.
    pub role: Option<&'static str>,
    /// A value that people would really ask for, where its type does not suggest one.
    pub example: Option<&'static str>,
    /// What makes two of its texts equal.
    pub equal: Equal,
}

/// What makes two texts of a property equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Equal {
    /// Their letters, as they are read.
    Letters,
    /// The decision whose number they are ([`bare_number`](crate::words::fold::bare_number)).
    DecisionNumber,
    /// The units whose codes they are ([`bare_units`](crate::words::fold::bare_units)).
    Units,
}

impl Property {
    /// A property of that name and type.
    pub const fn new(name: &'static str, kind: Type) -> Self {
        Self { name: Cow::Borrowed(name), kind, values: &[], role: None, example: None, equal: Equal::Letters }
    }

    /// The unit of its values in UCUM (`x-ogc-unit`), which the end of its name says; none for other properties.
    pub fn unit(&self) -> Option<&'static str> {
        let ends = [("_pct", "%"), ("_ha", "har"), ("_m2", "m2"), ("_m", "m")];
        ends.into_iter().find(|(end, _)| self.name.ends_with(end)).map(|(_, unit)| unit)
    }

    /// Sets the values it can have.
    pub const fn of(mut self, values: &'static [&'static str]) -> Self {
        self.values = values;
        self
    }

    /// Sets an example of its values.
    pub const fn like(mut self, example: &'static str) -> Self {
        self.example = Some(example);
        self
    }

    /// Sets what makes two of its texts equal.
    pub const fn equal_by(mut self, equal: Equal) -> Self {
        self.equal = equal;
        self
    }

    /// Sets its role.
    pub const fn role(mut self, role: &'static str) -> Self {
        self.role = Some(role);
        self
    }
}

/// Which features of a set a collection holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Only {
    /// All of them.
    All,
    /// Areas with a land use.
    WithUse,
    /// Lots of urban plans.
    Lots,
}

/// A collection of the single features of a family's sets.
#[derive(Debug, Clone, Copy)]
pub struct FeatureCollection {
    /// Name in web addresses.
    pub name: &'static str,
    /// Which features it holds.
    pub only: Only,
    /// Shape of its features.
    pub shape: Shape,
    /// Properties of its features, beyond those that all items have, in several lists.
    pub properties: &'static [&'static [Property]],
    /// The further set that it is made from; none where that is the item's main set.
    pub further: Option<Further>,
}

/// A feature set that an item may have beside its main one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Further {
    /// The field of the facts that holds it.
    pub field: &'static str,
    /// What stands before the numbers of its features in their ids: `L` gives `CODE-REVISION-L1`.
    pub mark: &'static str,
    /// What GeoJSON of the whole item calls its features.
    pub feature_kind: &'static str,
}

/// Names of all statuses an item can have.
pub const STATUSES: &[&str] = &["in-force", "upcoming", "superseded", "withdrawn", "expired", "cancelled"];

/// Properties that the features of every published item have, `id` apart.
pub const SHARED: &[Property] = &[
    Property::new("code", Type::Text),
    Property::new("effective_from", Type::Date).role("primary-interval-start"),
    Property::new("effective_to", Type::Date).role("primary-interval-end"),
    Property::new("kind", Type::Text),
    Property::new("revision", Type::Integer),
    Property::new("status", Type::Text).of(STATUSES),
    Property::new("title", Type::Text),
    Property::new("updated", Type::Moment),
    Property::new("url", Type::Text),
];

/// The feature's id, which GeoJSON repeats as a property.
pub const ID: Property = Property::new("id", Type::Text).role("id");

/// Properties of an administrative unit, `id` apart.
pub const UNIT: &[Property] = &[
    Property::new("kind", Type::Text),
    Property::new("name", Type::Text),
    Property::new("name_en", Type::Text),
    Property::new("successors", Type::Text),
    Property::new("valid_from", Type::Date).role("primary-interval-start"),
    Property::new("valid_to", Type::Date).role("primary-interval-end"),
];
