//! Lists that come page by page.

/// One page of a list, and how to get the next.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The entries.
    pub items: Vec<T>,
    /// Token of the next page; none on the last.
    pub next: Option<String>,
}
