//! Drawing of the inbox screen.
