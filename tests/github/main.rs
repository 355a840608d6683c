//! The GitHub adapter against a stateful double of the API, on a real port, with fault injection.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../support/mod.rs"]
mod support;

mod after;
mod code;
mod double;
mod faults;
mod reads;
mod secrets;
mod unchanged;
mod vouch;
mod writes;

use std::time::Duration;

use secrecy::SecretString;
use signoff::adapters::github::{Connection, GitHub, TokenSource};
use signoff::domain::commit::ReleaseState;
use signoff::domain::promotion::PromotionPlan;
use signoff::ports::ReleaseHost as _;

use support::fake_github::{FakeGithub, REVIEWER};

/// The double, with its clock at the signing time of the fixtures.
async fn fake() -> FakeGithub {
    let fake = FakeGithub::start().await;
    fake.change(|world| world.clock = Some(support::plan::now()));
    fake
}

/// Drafts the release of a plan whose tag exists, and publishes it.
async fn publish(host: &GitHub, plan: &PromotionPlan) -> ReleaseState {
    let proof = support::journal::journaled().await;
    let draft = host.create_release(&proof, plan).await.unwrap();
    host.publish_release(&proof, &plan.draft.repo, draft.id).await.unwrap()
}

/// A connection to `url` with this token.
fn connection(url: &str, token: &str) -> Connection {
    let mut connection = Connection::to_api(url.parse().unwrap(), TokenSource::Value(SecretString::from(token)));
    connection.settings.repeat.pause = Duration::ZERO;
    connection
}

/// The adapter as the usual reviewer, without pauses between retries.
fn adapter(fake: &FakeGithub) -> GitHub {
    adapter_as(fake, REVIEWER)
}

fn adapter_as(fake: &FakeGithub, token: &str) -> GitHub {
    GitHub::new(connection(&fake.url(), token))
}
