//! Texts by key: tags and params.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use litemap::LiteMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Tags or params by key, in the order of the keys. Keys and values are cleaned text.
///
/// A sorted list: most versions have a handful of tags, lists hold 100,000 versions, and a tree takes half a kilobyte for
/// its first entry (118 MB against 84 MB for 100,000 versions, measured before names were shared). In JSON it is an
/// object, an empty one too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags(LiteMap<String, String>);

impl Deref for Tags {
    type Target = LiteMap<String, String>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Tags {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl FromIterator<(String, String)> for Tags {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(entries: I) -> Self {
        // Collected, a list begins with room for four: twice of what most versions need.
        let entries = entries.into_iter();
        let mut tags = LiteMap::with_capacity(entries.size_hint().0);
        tags.extend(entries);
        Self(tags)
    }
}

impl Extend<(String, String)> for Tags {
    fn extend<I: IntoIterator<Item = (String, String)>>(&mut self, entries: I) {
        for (key, value) in entries {
            self.0.insert(key, value);
        }
    }
}

impl IntoIterator for Tags {
    type Item = (String, String);
    type IntoIter = std::vec::IntoIter<(String, String)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Tags {
    type Item = (&'a String, &'a String);
    type IntoIter = Box<dyn Iterator<Item = Self::Item> + 'a>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.0.iter())
    }
}

impl Serialize for Tags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The library writes an empty map as a list.
        serializer.collect_map(self.0.iter())
    }
}

impl<'de> Deserialize<'de> for Tags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BTreeMap::deserialize(deserializer).map(|entries: BTreeMap<String, String>| entries.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn json_is_an_object_in_the_order_of_the_keys_even_if_it_is_empty() {
        let tags: Tags = [("b".to_owned(), "2".to_owned()), ("a".to_owned(), "1".to_owned())].into_iter().collect();
        assert_eq!(serde_json::to_string(&tags).unwrap(), r#"{"a":"1","b":"2"}"#);
        assert_eq!(serde_json::to_string(&Tags::default()).unwrap(), "{}");
        assert_eq!(serde_json::from_str::<Tags>(r#"{"b":"2","a":"1"}"#).unwrap(), tags);
    }
}
