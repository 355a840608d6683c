//! `[signing]`: the key that signs records, and the trusted signers.

use std::path::{Path, PathBuf};

use super::origin::{Origin, Sourced};
use super::reader::Section;
use super::show::Shown;

/// `[signing]`.
#[derive(Clone, Debug, Default)]
pub struct SigningSection {
    /// The signer's key: a private key, or the `.pub` of a key held by an agent.
    pub ssh_key: Option<Sourced<PathBuf>>,
    /// The allowed signers file.
    pub allowed_signers: Option<Sourced<PathBuf>>,
}

/// The effective settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signing {
    /// The signer's key; if none, records are not signed.
    pub ssh_key: Option<PathBuf>,
    /// The allowed signers file; if none, signatures cannot be checked.
    pub allowed_signers: Option<PathBuf>,
}

impl SigningSection {
    pub(super) fn read(mut s: Section<'_, '_>, home: Option<&Path>) -> Self {
        let signing = Self { ssh_key: s.path("ssh_key", home), allowed_signers: s.path("allowed_signers", home) };
        s.finish();
        signing
    }

    pub fn values(&self) -> Signing {
        let value = |set: &Option<Sourced<PathBuf>>| set.as_ref().map(|s| s.value.clone());
        Signing { ssh_key: value(&self.ssh_key), allowed_signers: value(&self.allowed_signers) }
    }

    pub(super) fn shown(&self) -> Vec<Shown> {
        [("signing.ssh_key", &self.ssh_key), ("signing.allowed_signers", &self.allowed_signers)]
            .map(|(key, set)| match set {
                Some(path) => Shown::new(key, path.value.display().to_string(), &path.origin),
                None => Shown::new(key, "", &Origin::Default),
            })
            .to_vec()
    }
}
