//! A record with its hash, and its serialized bytes.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Record, SCHEMA};

/// A record with its hash and, where the signer has a key, a signature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sealed {
    #[serde(flatten)]
    pub record: Record,
    /// SHA-256 over the canonical JSON (RFC 8785) of the record without this field and the next, `sha256:<hex>`.
    pub record_hash: String,
    /// SSH signature over the same bytes, armoured, namespace `signoff`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

/// Why bytes are not a valid record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not JSON, or not this schema's shape.
    #[error("it is not a sign-off record: {0}")]
    Form(String),
    /// An unknown schema.
    #[error("its form is '{0}'; this program reads {SCHEMA}")]
    Schema(String),
    /// A record, but not in canonical form.
    #[error("its bytes are not those that signoff writes for what stands in it")]
    NotCanonical,
    /// The stored hash does not match the fields.
    #[error("its hash is {found}, but its fields give {computed}")]
    Hash {
        /// The stored hash.
        found: String,
        /// The hash computed from the fields.
        computed: String,
    },
}

/// `sha256:<hex>` of `bytes`.
pub fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut out = String::from("sha256:");
    for byte in Sha256::digest(bytes) {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// Canonical JSON (RFC 8785).
pub fn canonical<T: Serialize>(value: &T) -> Vec<u8> {
    // Records are plain data: serialization only fails on maps with keys that are not strings.
    serde_json_canonicalizer::to_vec(value).unwrap_or_default()
}

impl Sealed {
    /// Hashes `record` and leaves it unsigned.
    pub fn new(record: Record) -> Self {
        let record_hash = sha256(&canonical(&record));
        Self { record, record_hash, signature: None }
    }

    /// The first twelve digits of the hash, for display.
    pub fn short_hash(&self) -> &str {
        let digits = self.record_hash.strip_prefix("sha256:").unwrap_or(&self.record_hash);
        digits.get(..12).unwrap_or(digits)
    }

    /// The bytes that are hashed and signed.
    pub fn signed_bytes(&self) -> Vec<u8> {
        canonical(&self.record)
    }

    /// The bytes the record is stored as.
    pub fn to_bytes(&self) -> Vec<u8> {
        canonical(self)
    }

    /// Parses a record. Accepts only the exact bytes of [`Self::to_bytes`] (a trailing newline is fine), so that any
    /// changed byte is detected.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Unreadable> {
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let value: serde_json::Value =
            serde_json::from_slice(bytes).map_err(|e| Unreadable::Form(format!("line {}: {e}", e.line())))?;
        match value.get("schema").and_then(serde_json::Value::as_str) {
            Some(SCHEMA) => {}
            Some(other) => return Err(Unreadable::Schema(crate::domain::text::clean_line(other))),
            None => return Err(Unreadable::Form("it has no field 'schema'".to_owned())),
        }
        let sealed: Self = serde_json::from_value(value).map_err(|e| Unreadable::Form(e.to_string()))?;
        let computed = sha256(&sealed.signed_bytes());
        if computed != sealed.record_hash {
            return Err(Unreadable::Hash { found: crate::domain::text::clean_line(&sealed.record_hash), computed });
        }
        if sealed.to_bytes() != bytes {
            return Err(Unreadable::NotCanonical);
        }
        Ok(sealed)
    }
}
