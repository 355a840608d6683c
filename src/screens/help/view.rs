//! Drawing of the help screen.
