//! Drawing of the review screen.
