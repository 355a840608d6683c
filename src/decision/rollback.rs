//! Which versions can be brought back.

use jiff::Timestamp;

use crate::domain::ids::{ModelName, TagName, VersionNumber};
use crate::domain::promotion::plan::MARK;
use crate::domain::registry::{ModelVersion, Stage};
use crate::failure::Outcome;
use crate::services::Services;

/// A version that was in production before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The version.
    pub version: VersionNumber,
    /// When it was last put into production, as far as anything says.
    pub at: Option<Timestamp>,
    /// Who put it there.
    pub by: Option<String>,
    /// The release that was cut for it.
    pub tag: Option<TagName>,
    /// What says so.
    pub sources: Vec<String>,
}

/// Pages of versions that are looked through: some 100 versions each on common servers.
const PAGES: usize = 10;

/// The earlier versions of `model` that were in production, newest first.
///
/// # Errors
/// If the versions cannot be read.
pub async fn candidates(services: &Services, model: &ModelName) -> Outcome<Vec<Candidate>> {
    let (mut page, mut found) = (None, Vec::new());
    for _ in 0..PAGES {
        let read = services.registry.versions(model, page.as_deref()).await?;
        found.extend(read.items.iter().filter(|v| !services.rules.promote_to.is_held_by(v)).filter_map(candidate));
        if read.next.is_none() || read.next == page {
            break;
        }
        page = read.next;
    }
    found.sort_by_key(|c| std::cmp::Reverse(c.version));
    Ok(found)
}

fn candidate(version: &ModelVersion) -> Option<Candidate> {
    let mark = version.own_tag(MARK).and_then(|m| m.strip_prefix("released")).map(str::trim);
    let mut sources = Vec::new();
    if mark.is_some() {
        sources.push("tag on the version".to_owned());
    }
    if version.stage == Stage::Archived {
        sources.push("stage Archived".to_owned());
    }
    (!sources.is_empty()).then(|| Candidate {
        version: version.number,
        at: version.updated_at,
        by: mark.and_then(|m| m.split_once(" by ")).map(|(_, by)| by.to_owned()),
        tag: None,
        sources,
    })
}
