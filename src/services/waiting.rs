//! How much waits for a decision in a target.

use crate::domain::failure::Outcome;
use crate::domain::inbox::waiting;
use crate::domain::target::WaitingCount;
use crate::services::Services;

/// Most pages of models that are looked at: enough for a number in a list.
const MOST_PAGES: usize = 20;

/// Counts the models with a version that waits, as far as the list of models says.
///
/// # Errors
/// Failures of the registry.
pub async fn count(services: &Services) -> Outcome<WaitingCount> {
    let target = &services.rules.promote_to;
    let (mut count, mut page) = (WaitingCount::default(), None);
    for _ in 0..MOST_PAGES {
        let read = services.registry.models(None, page.as_deref()).await?;
        count.models += read.items.len();
        for found in read.items.iter().filter_map(|model| waiting(model, target)) {
            count.waiting += 1;
            count.held += usize::from(found.held().is_some());
        }
        page = read.next;
        if page.is_none() {
            return Ok(count);
        }
    }
    count.more = true;
    Ok(count)
}
