//! Timeouts and retries for MLflow servers, configured like those of MLflow's own client.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use super::connections::Timing;
use super::origin::{Origin, Sourced};
use super::resolve::Resolver;
use crate::domain::failure::Outcome;

impl Resolver<'_> {
    /// Names and ranges are those of MLflow's client (`mlflow/environment_variables.py`, read at 3.x).
    pub(super) fn timing(&mut self) -> Outcome<Timing> {
        let timeout =
            self.number("MLFLOW_HTTP_REQUEST_TIMEOUT", "seconds, more than 0 and at most 86400", |n: &f64| {
                *n > 0.0 && *n <= 86_400.0
            })?;
        let repeats = self.number("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "from 0 to 9", |n: &usize| *n < 10)?;
        let pause = self.number("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "seconds, from 0 to 119", |n: &f64| {
            (0.0..120.0).contains(n)
        })?;
        let jitter = self.number("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "seconds, from 0 to 119", |n: &f64| {
            (0.0..120.0).contains(n)
        })?;
        let heed = match self.variable("MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER") {
            None => None,
            Some(text) => match text.value.to_ascii_lowercase().as_str() {
                "true" | "1" => Some(Sourced::new(true, text.origin)),
                "false" | "0" => Some(Sourced::new(false, text.origin)),
                _ => return Err(self.refuse(format!("{} has to be true or false", text.origin))),
            },
        };
        self.noted("request_timeout", timeout.as_ref());
        self.noted("request_retries", repeats.as_ref());
        self.noted("request_backoff", pause.as_ref());
        self.noted("request_jitter", jitter.as_ref());
        self.noted("respect_retry_after", heed.as_ref());
        let seconds = |n: Sourced<f64>| Duration::from_secs_f64(n.value);
        Ok(Timing {
            timeout: timeout.map(seconds),
            repeats: repeats.map(|n| n.value),
            pause: pause.map(seconds),
            jitter: jitter.map(seconds),
            heed: heed.map(|h| h.value),
        })
    }

    fn variable(&self, name: &str) -> Option<Sourced<String>> {
        self.env.get(name).map(|v| Sourced::new(v.to_owned(), Origin::Env(name.to_owned())))
    }

    fn number<N: FromStr>(&self, name: &str, range: &str, fine: impl Fn(&N) -> bool) -> Outcome<Option<Sourced<N>>> {
        let Some(text) = self.variable(name) else { return Ok(None) };
        match text.value.parse().ok().filter(fine) {
            Some(number) => Ok(Some(Sourced::new(number, text.origin))),
            None => Err(self.refuse(format!("{name} has to be a number: {range}"))),
        }
    }

    fn noted<T: Display>(&mut self, key: &str, value: Option<&Sourced<T>>) {
        if let Some(value) = value {
            self.show(key, value.value.to_string(), &value.origin);
        }
    }
}
