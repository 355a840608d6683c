//! Drawing of the versions screen.
