//! What a person types to confirm the version that is meant.

use std::fmt;
use std::str::FromStr;

use super::ids::{InvalidId, ModelName, VersionNumber};
use super::name::proof;
use super::text::clean_line;

/// What is typed to confirm that this version is meant: `v42`; for an odd name, also its proof (`v42-9f86d0`).
pub fn confirmation(model: &ModelName, version: VersionNumber) -> String {
    match proof(model.as_str()) {
        Some(proof) => format!("{version}-{proof}"),
        None => version.to_string(),
    }
}

/// What a person typed to confirm a version: `42`, `v42` or `v42-9f86d0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    pub version: VersionNumber,
    proof: Option<String>,
}

impl Confirmation {
    /// Whether it confirms this version of this model.
    pub fn fits(&self, model: &ModelName, version: VersionNumber) -> bool {
        self.to_string() == confirmation(model, version)
    }
}

impl fmt::Display for Confirmation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.proof {
            Some(proof) => write!(f, "{}-{proof}", self.version),
            None => write!(f, "{}", self.version),
        }
    }
}

impl FromStr for Confirmation {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let (version, proof) = match text.split_once('-') {
            Some((version, proof)) => (version, Some(proof)),
            None => (text, None),
        };
        if proof.is_some_and(|p| p.is_empty() || !p.bytes().all(|b| b.is_ascii_hexdigit())) {
            return Err(InvalidId(format!("'{}' is not a version such as v42", clean_line(text))));
        }
        Ok(Self { version: version.parse()?, proof: proof.map(str::to_ascii_lowercase) })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_typed_is_read_as_it_is_asked_for() {
        let (plain, odd) = (ModelName::new("retention"), ModelName::new("retention "));
        let read = |text: &str| text.parse::<Confirmation>();
        let v42 = VersionNumber(42);
        for (text, for_plain, for_odd) in [
            ("42", true, false),
            ("v42", true, false),
            (confirmation(&odd, v42).as_str(), false, true),
            ("v41", false, false),
        ] {
            let typed = read(text).unwrap();
            assert_eq!((typed.fits(&plain, v42), typed.fits(&odd, v42)), (for_plain, for_odd), "{text}");
        }
        for none in ["", "forty-two", "v42-", "v42-xyz"] {
            assert!(read(none).is_err(), "{none}");
        }
    }
}
