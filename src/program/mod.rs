//! Composes the screens.
