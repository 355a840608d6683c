//! Requests to move a version to a stage.

use jiff::Timestamp;

use super::time;
use crate::domain::registry::TransitionRequest;
use crate::domain::text::clean_line;

/// `quinn@acme.example asks for Production, 2h ago: tests are green`
pub fn request(request: &TransitionRequest, now: Timestamp) -> String {
    let by = if request.by.is_empty() { "somebody" } else { &request.by };
    let at = request.at.map(|at| format!(", {} ago", time::age(at, now))).unwrap_or_default();
    let why = if request.comment.is_empty() { String::new() } else { format!(": {}", request.comment) };
    clean_line(&format!("{by} asks for {}{at}{why}", request.to))
}

/// `Production quinn`: all requests of one version in the cell of a list.
pub fn cell(requests: &[TransitionRequest]) -> String {
    // The name of a mail address is enough to know the person by in a narrow column.
    let name = |by: &str| by.split('@').next().unwrap_or_default().to_owned();
    let all: Vec<_> = requests.iter().map(|r| format!("{} {}", r.to, name(&r.by)).trim_end().to_owned()).collect();
    clean_line(&all.join(", "))
}
