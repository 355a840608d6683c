//! Drawing of the promotion screen.
