//! signoff: review MLflow model versions in the terminal, approve one, release it through GitHub.

pub mod domain;
pub mod failure;
pub mod ports;
