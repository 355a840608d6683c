//! A small cache of recent values.

/// At most `N` values by key. The oldest is evicted first.
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

    /// Inserts a value. Returns the key of the evicted one.
    pub fn put(&mut self, key: K, value: V) -> Option<K> {
        self.0.retain(|(k, _)| *k != key);
        self.0.push((key, value));
        (self.0.len() > N).then(|| self.0.remove(0).0)
    }
}
