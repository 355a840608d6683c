//! The few things that were kept last.

/// At most `N` values by their keys. What was kept longest goes first.
#[derive(Clone, Debug, PartialEq)]
pub struct Recent<K, V, const N: usize>(Vec<(K, V)>);

impl<K, V, const N: usize> Default for Recent<K, V, N> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: PartialEq, V, const N: usize> Recent<K, V, N> {
    pub fn get(&self, key: &K) -> Option<&V> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, value)| value)
    }

    /// Keeps a value. Returns the key of the one that had to go for it.
    pub fn put(&mut self, key: K, value: V) -> Option<K> {
        self.0.retain(|(k, _)| *k != key);
        self.0.push((key, value));
        (self.0.len() > N).then(|| self.0.remove(0).0)
    }
}
