//! Maps from names to values: metrics, params and tags.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A map sorted by name.
///
/// Thousands of runs log under the same forty names, so maps with equal names share them ([`Interner`]): 20,000 runs
/// with 40 names take 69 MB instead of 170, 100,000 versions 72 instead of 95 (whole program, measured). Serialized as
/// a JSON object, even if empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortedMap<V> {
    /// Sorted, unique.
    names: Arc<[Arc<str>]>,
    /// One per name.
    values: Box<[V]>,
}

/// Tags or params by key. Keys and values are cleaned text.
pub type Tags = SortedMap<Arc<str>>;

impl<V> SortedMap<V> {
    pub fn get(&self, name: &str) -> Option<&V> {
        self.place(name).ok().map(|at| &self.values[at])
    }

    pub fn contains(&self, name: &str) -> bool {
        self.place(name).is_ok()
    }

    pub fn len(&self) -> usize {
        self.names.len()
    }

    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(AsRef::as_ref)
    }

    /// The values, in the order of their names.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.values.iter()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &V)> {
        self.names().zip(&self.values)
    }

    /// Looks up a name by comparison, without allocating it.
    pub fn get_by(&self, compare: impl Fn(&str) -> Ordering) -> Option<&V> {
        self.names.binary_search_by(|n| compare(n)).ok().map(|at| &self.values[at])
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.names.binary_search_by(|n| n.as_ref().cmp(name))
    }
}

impl<V: Clone> SortedMap<V> {
    /// Sets one value. Copies all others, so collect instead to set many.
    pub fn insert(&mut self, name: &str, value: impl Into<V>) {
        let others = self.names.iter().cloned().zip(self.values.iter().cloned());
        *self = others.chain([(name.into(), value.into())]).collect();
    }

    /// Removes the names for which `keep` is false.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        if !self.names().all(&keep) {
            let kept = self.names.iter().zip(&self.values).filter(|(name, _)| keep(name));
            *self = kept.map(|(name, value)| (Arc::clone(name), value.clone())).collect();
        }
    }
}

impl Tags {
    /// The text for this name.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).map(AsRef::as_ref)
    }

    /// The texts with their names.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.iter().map(|(name, text)| (name, text.as_ref()))
    }
}

impl<V> Default for SortedMap<V> {
    fn default() -> Self {
        Self { names: Arc::default(), values: Box::default() }
    }
}

/// If a name repeats, the last value wins.
impl<N: Into<Arc<str>>, T: Into<V>, V> FromIterator<(N, T)> for SortedMap<V> {
    fn from_iter<I: IntoIterator<Item = (N, T)>>(entries: I) -> Self {
        let entries: BTreeMap<Arc<str>, V> = entries.into_iter().map(|(n, v)| (n.into(), v.into())).collect();
        let (names, values): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
        Self { names: names.into(), values: values.into() }
    }
}

impl<V: Serialize> Serialize for SortedMap<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for SortedMap<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BTreeMap::deserialize(deserializer).map(|entries: BTreeMap<Arc<str>, V>| entries.into_iter().collect())
    }
}

/// Shares equal texts and equal lists of names among values read together.
#[derive(Debug, Default)]
pub struct Interner {
    texts: HashSet<Arc<str>>,
    lists: HashSet<Arc<[Arc<str>]>>,
}

impl Interner {
    /// The shared copy of this text.
    pub fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.texts.insert(Arc::clone(&new));
        new
    }

    /// A map with shared names.
    pub fn named<V>(&mut self, entries: impl IntoIterator<Item = (Arc<str>, V)>) -> SortedMap<V> {
        let named: SortedMap<V> = entries.into_iter().collect();
        let names = match self.lists.get(&named.names) {
            Some(known) => Arc::clone(known),
            None => {
                self.lists.insert(Arc::clone(&named.names));
                named.names
            }
        };
        SortedMap { names, ..named }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn json_is_an_object_in_the_order_of_the_names_even_if_it_is_empty() {
        let tags: Tags = [("b", "2"), ("a", "1")].into_iter().collect();
        assert_eq!(serde_json::to_string(&tags).unwrap(), r#"{"a":"1","b":"2"}"#);
        assert_eq!(serde_json::to_string(&Tags::default()).unwrap(), "{}");
        assert_eq!(serde_json::from_str::<Tags>(r#"{"b":"2","a":"1"}"#).unwrap(), tags);
    }

    #[test]
    fn of_values_with_one_name_the_last_stays() {
        let mut tags: Tags = [("a", "1"), ("b", "2"), ("a", "3")].into_iter().collect();
        assert_eq!(tags.texts().collect::<Vec<_>>(), [("a", "3"), ("b", "2")]);
        tags.insert("b", "4");
        tags.insert("c", "5");
        assert_eq!((tags.text("b"), tags.text("c"), tags.text("d"), tags.len()), (Some("4"), Some("5"), None, 3));
    }

    #[test]
    fn a_pool_keeps_equal_names_and_texts_once() {
        let mut pool = Interner::default();
        let mut read = |value: &str| -> Tags {
            let entries = [("user", value), ("commit", value)].map(|(name, value)| (pool.text(name), pool.text(value)));
            pool.named(entries)
        };
        let (a, b, c) = (read("x"), read("x"), read("y"));
        assert!(Arc::ptr_eq(&a.names, &b.names) && Arc::ptr_eq(&a.names, &c.names));
        assert!(Arc::ptr_eq(a.get("user").unwrap(), b.get("commit").unwrap()));
        assert_eq!((a, c.text("user")), (b, Some("y")));
    }
}
