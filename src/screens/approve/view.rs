//! Drawing of the approve screen.
