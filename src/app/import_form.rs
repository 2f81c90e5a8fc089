//! The form beside an import: what several people typed, put together.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::access::AccountId;

/// What the form beside an import says so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptForm {
    /// Names and values of its fields.
    pub fields: Vec<(String, String)>,
    /// The files that were attached: the field's name, the file's id and its own name.
    pub files: Vec<(String, String, String)>,
    /// Who has changed it, or sent a file that was read for it before, by their names as actors.
    #[serde(default)]
    pub editors: Vec<AccountId>,
    /// Its last changes, the newest last.
    #[serde(default)]
    pub edits: Vec<Edit>,
    /// Its version: the name of its row.
    #[serde(skip)]
    pub version: String,
}

/// A change of the form beside an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// The version that was changed.
    pub version: String,
    /// Its fields before.
    pub before: Vec<(String, String)>,
    /// Who changed it.
    pub by: AccountId,
    /// When, microseconds since 1970.
    pub at: i64,
}

/// Most changes that are remembered.
pub(super) const EDITS: usize = 20;

/// A field that somebody else has changed meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meanwhile {
    /// Its name.
    pub name: String,
    /// What it was: its values.
    pub from: Vec<String>,
    /// What it is now.
    pub to: Vec<String>,
    /// True where both have changed it, and not alike: then the person's own value stays in the form.
    pub both: bool,
}

/// All values of each field.
fn values(fields: &[(String, String)]) -> BTreeMap<&str, Vec<String>> {
    let mut all: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, value) in fields.iter().filter(|(_, value)| !value.trim().is_empty()) {
        all.entry(name).or_default().push(value.trim().to_owned());
    }
    all
}

impl KeptForm {
    /// What a person typed over version `seen`, put together with what others have changed since; and what that was.
    pub fn merged(&self, seen: &str, mine: &[(String, String)]) -> (Vec<(String, String)>, Vec<Meanwhile>) {
        let before = self.edits.iter().find(|edit| edit.version == seen).map_or(&[][..], |edit| &edit.before);
        let (base, theirs, own) = (values(before), values(&self.fields), values(mine));
        let names: BTreeSet<&str> = base.keys().chain(theirs.keys()).chain(own.keys()).copied().collect();
        let (mut merged, mut meanwhile) = (Vec::new(), Vec::new());
        for name in names {
            let of = |map: &BTreeMap<&str, Vec<String>>| map.get(name).cloned().unwrap_or_default();
            let (from, to, typed) = (of(&base), of(&theirs), of(&own));
            let both = typed != from && typed != to;
            if to != from {
                meanwhile.push(Meanwhile { name: name.to_owned(), from: from.clone(), to: to.clone(), both });
            }
            let kept = if typed == from { to } else { typed };
            merged.extend(kept.into_iter().map(|value| (name.to_owned(), value)));
        }
        (merged, meanwhile)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Vec<(String, String)> {
        text.split('&').map(|pair| pair.split_once('=').expect("a pair")).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn what_two_have_typed_is_put_together_and_nothing_is_lost() {
        let edit = Edit { version: "1".into(), before: fields("title=A&scale=1:2000&unit=x&unit=y"), by: AccountId("a-1".into()), at: 0 };
        let form = KeptForm {
            fields: fields("title=B&scale=1:2000&unit=x&level=xã"),
            edits: vec![edit],
            version: "2".into(),
            ..KeptForm::default()
        };
        let (merged, meanwhile) = form.merged("1", &fields("title=C&scale=1:500&unit=x&unit=y"));
        assert_eq!(merged, fields("level=xã&scale=1:500&title=C&unit=x"));
        let all = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        let told = |name: &str, from: &[&str], to: &[&str], both| Meanwhile { name: name.into(), from: all(from), to: all(to), both };
        assert_eq!(
            meanwhile,
            [told("level", &[], &["xã"], false), told("title", &["A"], &["B"], true), told("unit", &["x", "y"], &["x"], false)]
        );
        // A text of several lines is one value.
        let (merged, _) = form.merged("1", &fields("summary=dòng một\r\ndòng hai"));
        assert!(merged.contains(&("summary".into(), "dòng một\r\ndòng hai".into())), "{merged:?}");
        // Both typed the same, or only the other did.
        let (merged, meanwhile) = form.merged("1", &fields("title=B&scale=1:2000&unit=x&unit=y"));
        assert_eq!((merged, meanwhile.iter().any(|told| told.both)), (fields("level=xã&scale=1:2000&title=B&unit=x"), false));
        // A version that is no longer remembered: whatever differs is shown.
        let (merged, meanwhile) = form.merged("0", &fields("title=C"));
        assert_eq!(merged, fields("level=xã&scale=1:2000&title=C&unit=x"));
        assert!(meanwhile.iter().any(|told| told.name == "title" && told.both));
    }
}
