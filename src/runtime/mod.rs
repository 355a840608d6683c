//! tokio and crossterm: the only place where tasks are spawned.
