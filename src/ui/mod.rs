//! Toolkit over ratatui.
