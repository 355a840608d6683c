//! Shared vocabulary of all screens.
