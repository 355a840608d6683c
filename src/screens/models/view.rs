//! Drawing of the models screen.
