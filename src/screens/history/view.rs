//! Drawing of the history screen.
