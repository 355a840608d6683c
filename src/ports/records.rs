//! Sign-off records on this machine: an append-only chain, and signatures.

use async_trait::async_trait;

use super::Journaled;
use crate::domain::failure::Outcome;
use crate::domain::record::chain::ChainLine;

/// Storage of the chain.
#[async_trait]
pub trait RecordStore: Send + Sync {
    /// Locks the chain for writing, repairs a torn tail and reads it. [`crate::domain::failure::FailureKind::Conflict`]
    /// if another process holds the lock for more than a moment.
    async fn lock(&self) -> Outcome<Box<dyn RecordFile>>;
    /// Reads the whole chain without locking it, oldest first; damage is an error that names the line.
    async fn read(&self) -> Outcome<Vec<ChainLine>>;
}

/// The chain, locked for writing until dropped.
#[async_trait]
pub trait RecordFile: Send + Sync {
    /// The lines of the chain.
    fn lines(&self) -> &[ChainLine];
    /// Appends one line and returns when it is on disk.
    async fn append(&mut self, line: ChainLine) -> Outcome<()>;
}

/// The chain being written.
#[allow(missing_debug_implementations)]
pub struct Chain {
    file: Box<dyn RecordFile>,
}

impl Chain {
    pub fn new(file: Box<dyn RecordFile>) -> Self {
        Self { file }
    }

    /// Hash of the newest record; none in an empty chain.
    pub fn head(&self) -> Option<String> {
        crate::domain::record::chain::head(self.file.lines())
    }

    /// Appends a line. Once it is on disk, returns the proof that servers may be written to.
    ///
    /// # Errors
    /// [`crate::domain::failure::FailureKind::Local`] if the disk write fails. Then nothing may be written to any
    /// server.
    pub async fn append(&mut self, line: ChainLine) -> Outcome<Journaled> {
        self.file.append(line).await?;
        Ok(Journaled::at(self.file.lines().len() as u64))
    }
}

/// Signs records with the signer's own key.
#[async_trait]
pub trait RecordSigner: Send + Sync {
    /// Signs `bytes`; none if no key is configured.
    async fn sign(&self, bytes: &[u8]) -> Outcome<Option<String>>;
    /// Checks a signature by `login` over `bytes`; if it does not hold, a sentence says why.
    /// [`crate::domain::failure::FailureKind::Config`] if no list of allowed signers is configured.
    async fn verify(&self, login: &str, bytes: &[u8], signature: &str) -> Outcome<Result<(), String>>;
    /// Whether a list of allowed signers is configured: then a record without a signature is not enough.
    fn asks_for_signatures(&self) -> bool {
        false
    }
}
