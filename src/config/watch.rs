//! `[watch]`: how often `signoff watch` looks, and how long it tries to tell.

use super::origin::{Origin, Sourced};
use super::reader::Section;
use super::show::Shown;
use crate::domain::outbox::Patience;

/// `[watch]` as written.
#[derive(Clone, Debug, Default)]
pub struct WatchSection {
    interval: Option<Sourced<u64>>,
    drift_interval: Option<Sourced<u64>>,
    retry: Option<Sourced<u64>>,
    give_up: Option<Sourced<u64>>,
    listen: Option<Sourced<String>>,
    /// Variable with the secret of MLflow's webhooks.
    listen_secret_env: Option<Sourced<String>>,
}

/// The effective settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchSettings {
    pub interval_s: u64,
    pub drift_interval_s: u64,
    pub patience: Patience,
    /// Address to take MLflow's webhooks on.
    pub listen: Option<String>,
    pub listen_secret_env: Option<String>,
}

const INTERVAL: u64 = 60;
const DRIFT_INTERVAL: u64 = 900;

impl WatchSection {
    pub(super) fn read(mut s: Section<'_, '_>, variable: fn(&str) -> Result<String, String>) -> Self {
        let watch = Self {
            interval: s.integer("interval_seconds", 1..=86_400),
            drift_interval: s.integer("drift_interval_seconds", 1..=604_800),
            retry: s.integer("retry_seconds", 1..=3_600),
            give_up: s.integer("give_up_hours", 1..=8_760),
            listen: s.parsed("listen", listen),
            listen_secret_env: s.parsed("listen_secret_env", variable),
        };
        s.finish();
        watch
    }

    pub fn values(&self) -> WatchSettings {
        let number = |set: &Option<Sourced<u64>>, default| set.as_ref().map_or(default, |s| s.value);
        let usual = Patience::default();
        let text = |set: &Option<Sourced<String>>| set.as_ref().map(|s| s.value.clone());
        WatchSettings {
            interval_s: number(&self.interval, INTERVAL),
            drift_interval_s: number(&self.drift_interval, DRIFT_INTERVAL),
            patience: Patience {
                retry_s: number(&self.retry, usual.retry_s),
                give_up_h: number(&self.give_up, usual.give_up_h),
            },
            listen: text(&self.listen),
            listen_secret_env: text(&self.listen_secret_env),
        }
    }

    pub(super) fn shown(&self) -> Vec<Shown> {
        let values = self.values();
        let number = |key, set: &Option<Sourced<u64>>, value: u64| {
            Shown::new(key, value.to_string(), set.as_ref().map_or(&Origin::Default, |s| &s.origin))
        };
        let text = |key, set: &Option<Sourced<String>>| match set {
            Some(set) => Shown::new(key, &set.value, &set.origin),
            None => Shown::new(key, "", &Origin::Default),
        };
        vec![
            number("watch.interval_seconds", &self.interval, values.interval_s),
            number("watch.drift_interval_seconds", &self.drift_interval, values.drift_interval_s),
            number("watch.retry_seconds", &self.retry, values.patience.retry_s),
            number("watch.give_up_hours", &self.give_up, values.patience.give_up_h),
            text("watch.listen", &self.listen),
            text("watch.listen_secret_env", &self.listen_secret_env),
        ]
    }
}

/// Checks an address to listen on.
///
/// # Errors
/// What is wrong with it, as a phrase.
pub fn listen(text: &str) -> Result<String, String> {
    let port = text.rsplit_once(':').and_then(|(host, port)| (!host.is_empty()).then(|| port.parse::<u16>())?.ok());
    match port {
        Some(_) => Ok(text.to_owned()),
        None => Err("this is not an address such as 127.0.0.1:9000".to_owned()),
    }
}
