//! Tries what was answered at the first start.

use super::Services;
use super::prepare::checks::repository_check;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::first_start::Answers;
use crate::domain::preflight::CheckState;
use crate::domain::text::{clean_line, plural};

/// What the server says, in a few words: MLflow while no repository is named, else GitHub.
///
/// # Errors
/// If the server cannot be read.
pub async fn read(services: &Services, answers: &Answers) -> Outcome<String> {
    if answers.repo.is_empty() {
        let info = services.registry.info().await?;
        let models = services.registry.models(None, None).await?;
        let (count, more) = (models.items.len(), if models.next.is_some() { "+" } else { "" });
        let word = plural(count as u64, "model");
        return Ok(format!("MLflow {}, {count}{more} {word}", clean_line(&info.version)));
    }
    let repo = services.rules.repository.fixed.clone().ok_or_else(|| {
        Failure::new(FailureKind::Config, Service::Config, "read the repository", "it is not named OWNER/NAME")
    })?;
    let who = services.host.whoami().await?;
    let found = repository_check(&services.host.repository(&repo).await?, &repo);
    let so_far = match found.state {
        CheckState::Pass => String::new(),
        CheckState::Warn | CheckState::Block | CheckState::Unknown => format!("; {}", found.detail),
    };
    Ok(format!("{repo} is readable as {}{so_far}", clean_line(&who.login)))
}
