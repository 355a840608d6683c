//! A policy as people write it: the `[policy]` table of the configuration, or a `signoff.toml` in the repository.
