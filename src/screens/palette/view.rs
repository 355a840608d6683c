//! Drawing of the palette screen.
