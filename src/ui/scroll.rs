//! Scroll offsets: keep the cursor visible, scroll no more than needed, show no blank rows at the end.

/// The new offset of a list's first visible row.
///
/// Changes only if the cursor would leave the view, less `margin` rows at each end (at most half of the view). Never
/// leaves blank rows below the last entry while there are entries above.
pub fn follow(offset: usize, cursor: usize, height: usize, len: usize, margin: usize) -> usize {
    if height == 0 || len == 0 {
        return 0;
    }
    let cursor = cursor.min(len - 1);
    let margin = margin.min((height - 1) / 2);
    let lowest = (cursor + margin + 1).saturating_sub(height);
    let highest = cursor.saturating_sub(margin);
    clamp(offset.clamp(lowest, highest.max(lowest)), height, len)
}

/// The offset of a text without a cursor, limited to the last screenful.
pub fn clamp(offset: usize, height: usize, len: usize) -> usize {
    offset.min(len.saturating_sub(height))
}

/// The visible range of a list.
pub fn window(offset: usize, height: usize, len: usize) -> std::ops::Range<usize> {
    let start = offset.min(len);
    start..(start + height).min(len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cursor_in_sight_moves_nothing() {
        assert_eq!(follow(10, 15, 10, 100, 0), 10);
        assert_eq!(follow(10, 10, 10, 100, 0), 10);
        assert_eq!(follow(10, 19, 10, 100, 0), 10);
    }

    #[test]
    fn a_cursor_beyond_the_edge_moves_one_row_at_a_time() {
        assert_eq!(follow(10, 20, 10, 100, 0), 11);
        assert_eq!(follow(10, 9, 10, 100, 0), 9);
        assert_eq!(follow(10, 18, 10, 100, 2), 11);
    }

    #[test]
    fn the_end_of_a_list_fills_the_view() {
        assert_eq!(follow(95, 99, 10, 100, 2), 90);
        assert_eq!(follow(5, 0, 10, 3, 2), 0);
        assert_eq!(window(90, 10, 95), 90..95);
    }

    proptest! {
        #[test]
        fn the_cursor_is_always_in_sight(offset in 0usize..300, cursor in 0usize..300, height in 1usize..40, len in 1usize..200, margin in 0usize..30) {
            let at = follow(offset, cursor, height, len, margin);
            let cursor = cursor.min(len - 1);
            prop_assert!(window(at, height, len).contains(&cursor));
            prop_assert!(at == 0 || at + height <= len);
            prop_assert_eq!(follow(at, cursor, height, len, margin), at);
        }
    }
}
