//! Features written out as answers need them. A run of features that stands together in memory need not be put
//! together for each answer.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use crate::features::Feature;
use crate::features::Features;
use crate::features::geojson::FeatureHead;
use crate::features::geojson::Front;
use crate::features::geojson::key;

/// The text between one feature and the next.
pub const SEPARATOR: &[u8] = b",\n";

/// The text of a set that stays in memory.
struct Text(Arc<Features>);

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        &self.0.text
    }
}

impl Features {
    /// Its text for one answer. Slices of it share a reference count of their own, so that cores that answer at the
    /// same time do not contend for one counter.
    pub fn lent(self: &Arc<Self>) -> Bytes {
        Bytes::from_owner(Text(Arc::clone(self)))
    }

    /// The same set, with every feature written out behind `head`.
    pub fn under(&self, head: &FeatureHead) -> Self {
        let mut text = Vec::with_capacity(self.bytes_under(head));
        let mut front = Front::new(head);
        let write = |feature: &Feature| {
            front.begin(&mut text, key(feature.number, &mut [0; 10]), self, feature);
            let begins = text.len();
            text.extend_from_slice(self.tail(feature));
            text.extend_from_slice(SEPARATOR);
            Feature { begins, ..*feature }
        };
        let list = self.list.iter().map(write).collect();
        Self { text: text.into(), list, head: Some(head.clone()), places: self.places.clone() }
    }

    /// Most bytes of its text once it is written out with `head`.
    fn bytes_under(&self, head: &FeatureHead) -> usize {
        self.places.own + self.list.len() * (head.bytes() + SEPARATOR.len())
    }

    /// Most bytes that it holds in memory once it is written out with `head`.
    pub fn weight_under(&self, head: &FeatureHead) -> u64 {
        self.weight_of(self.bytes_under(head))
    }

    /// The head with which each feature is written out; none where the features are not written out.
    pub fn head(&self) -> Option<&FeatureHead> {
        self.head.as_ref()
    }

    /// The range of its text in which the features with these indices stand, each followed by [`SEPARATOR`]. Empty
    /// where they are not written out.
    pub fn rows(&self, indices: Range<usize>) -> Range<usize> {
        let end = |index: usize| self.list.get(index).map(|feature| feature.begins + feature.tail_bytes() + SEPARATOR.len());
        let begins = indices.start.checked_sub(1).map_or(Some(0), end);
        let ends = indices.end.checked_sub(1).and_then(end);
        match begins.zip(ends) {
            Some((begins, ends)) if self.head.is_some() && begins <= ends && ends <= self.text.len() => begins..ends,
            _ => 0..0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> Features {
        let item = |number: u32| {
            let own = if number == 2 { String::new() } else { format!("\"name\":\"Ô số {number}\"") };
            (own, if number == 3 { "null".to_owned() } else { format!("{{\"type\":\"Point\",\"coordinates\":[104.8{number},21.7]}}") })
        };
        Features::of_items(&(1..=12).map(item).collect::<Vec<_>>())
    }

    #[test]
    fn written_features_read_as_put_together_one_by_one() {
        let (set, head) = (set(), FeatureHead::bare());
        let written = Arc::new(set.under(&head));
        for range in [0..12, 0..1, 11..12, 3..9] {
            let mut expected = Vec::new();
            let mut front = Front::new(&head);
            for feature in &set.list[range.clone()] {
                front.push(&mut expected, key(feature.number, &mut [0; 10]), &set, feature);
                expected.extend_from_slice(SEPARATOR);
            }
            let lent = Arc::clone(&written).lent();
            assert_eq!(lent.slice(written.rows(range.clone())), expected, "{range:?}");
            let text = String::from_utf8(expected).expect("text");
            let list: Vec<serde_json::Value> = serde_json::from_str(&format!("[{}]", text.trim_end_matches(",\n"))).expect("JSON");
            assert_eq!(list.len(), range.len());
        }
    }

    #[test]
    fn written_features_say_the_same_of_themselves() {
        let set = set();
        let written = set.under(&FeatureHead::bare());
        for (before, after) in set.list.iter().zip(&written.list) {
            assert_eq!(set.tail(before), written.tail(after));
            assert_eq!((set.properties(before), set.geometry(before)), (written.properties(after), written.geometry(after)));
        }
    }

    #[test]
    fn what_a_written_set_will_weigh_is_known_before() {
        let (set, head) = (set(), FeatureHead::bare());
        let written = set.under(&head);
        assert!(set.weight() < written.weight() && written.weight() <= set.weight_under(&head));
        assert_eq!(set.weight_under(&head), written.weight_under(&head), "it does not depend on how it is written now");
    }

    #[test]
    fn features_that_are_not_written_or_not_there_are_not_handed_on() {
        let set = set();
        let written = set.under(&FeatureHead::bare());
        assert!(set.rows(0..3).is_empty());
        assert!(written.rows(10..13).is_empty() && written.rows(5..5).is_empty() && written.rows(0..0).is_empty());
    }
}
