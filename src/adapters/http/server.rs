//! One server: sends calls within the limits and reads their responses.

use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use tokio::sync::SemaphorePermit;

use super::answer::Answer;
use super::call::{Access, Call};
use super::carrier::{Carrier, Response, Unwritable};
use super::classify::{Again, Attempt, End, Trouble, classify};
use super::dialect::Dialect;
use super::hung::Hung;
use super::json;
use super::read;
use super::repeat::Repeat;
use super::secrets::Secrets;
use super::stream::Body;
use super::waiting::Open;
use super::wire::Settings;
use crate::domain::failure::{Failure, FailureKind, Outcome};

/// One server and how to talk to it.
#[derive(Debug)]
pub struct Server {
    /// Its name as shown to people, without credentials.
    pub place: String,
    pub dialect: Box<dyn Dialect>,
    pub secrets: Secrets,
    carrier: Box<dyn Carrier>,
    timeout: Duration,
    repeat: Repeat,
    hung: Hung,
}

impl Server {
    pub fn new(
        place: impl Into<String>,
        dialect: Box<dyn Dialect>,
        secrets: Secrets,
        carrier: impl Carrier + 'static,
        settings: &Settings,
    ) -> Self {
        Self {
            place: place.into(),
            dialect,
            secrets,
            carrier: Box::new(carrier),
            timeout: settings.timeout,
            repeat: settings.repeat,
            hung: Hung::default(),
        }
    }

    /// The longest a request may take.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Sends a call. Reads are retried if that may help; writes never are.
    ///
    /// # Errors
    /// As [`super::classify`] says, for every response that is neither a success nor accepted by the call.
    pub async fn answer(&self, call: &Call) -> Outcome<Answer> {
        match call.access {
            Access::Write => self.once(call).await.map_err(Trouble::told),
            Access::Read => {
                let read = self.repeat.run(self.timeout, self.is_paced(call), || self.once(call));
                self.reading(&call.operation, read).await
            }
        }
    }

    /// Sends a call and parses the JSON response; also returns the response, and so its size.
    pub async fn json<T: DeserializeOwned>(&self, call: &Call) -> Outcome<(T, Answer)> {
        let answer = self.answer(call).await?;
        Ok((self.parse(call, &answer)?, answer))
    }

    /// Parses a JSON response.
    pub fn parse<T: DeserializeOwned>(&self, call: &Call, answer: &Answer) -> Outcome<T> {
        json::parse(&answer.body)
            .map_err(|e| classify(&self.attempt(call.access, &call.operation), &End::Unreadable(answer, &e)).told())
    }

    /// The failure that an unsuccessful response is.
    pub fn refused(&self, call: &Call, answer: &Answer) -> Failure {
        classify(&self.attempt(call.access, &call.operation), &End::Status(answer)).told()
    }

    /// Opens a file: the response's head is read, its body is read chunk by chunk. `patience` is how long the server
    /// may take to start.
    pub async fn open<'a>(&'a self, call: &'a Call, patience: Duration) -> Outcome<Body<'a>> {
        let attempt = self.attempt(call.access, &call.operation);
        let read = self.repeat.run(self.timeout, self.is_paced(call), || async move {
            let _turn = self.turn(call).await;
            let _open = Open::new(&self.place, &call.operation, patience);
            // The whole transfer may take any time as long as it makes progress.
            let begun = tokio::time::timeout(patience, self.send(call)).await;
            let response = begun.map_err(|_| classify(&attempt, &End::Silent(patience)))??;
            let begun = Body::begin(response, attempt, self.timeout).await;
            begun.map_err(|trouble| self.slowed(call, trouble))
        });
        self.reading(&call.operation, read).await
    }

    /// A read, unless the server has just let another wait in vain.
    async fn reading<T>(&self, operation: &str, read: impl Future<Output = Result<T, Trouble>>) -> Outcome<T> {
        if let Some(failure) = self.hung.just_now(operation) {
            return Err(failure);
        }
        let begun = Instant::now();
        let ended = read.await.map_err(Trouble::told);
        self.hung.note(begun, self.timeout, &ended);
        ended
    }

    pub fn attempt<'a>(&'a self, access: Access, operation: &'a str) -> Attempt<'a> {
        Attempt { access, operation, place: &self.place, dialect: &*self.dialect, secrets: &self.secrets }
    }

    async fn once(&self, call: &Call) -> Result<Answer, Trouble> {
        let attempt = self.attempt(call.access, &call.operation);
        let _turn = self.turn(call).await;
        let _open = Open::new(&self.place, &call.operation, self.timeout);
        let exchange = async { read::read(self.send(call).await?, &attempt, call.limit).await };
        let answer = tokio::time::timeout(self.timeout, exchange)
            .await
            .map_err(|_| classify(&attempt, &End::Silent(self.timeout)))??;
        self.dialect.heard(&answer);
        if answer.is_success() || (call.also)(&answer) {
            Ok(answer)
        } else {
            Err(self.slowed(call, classify(&attempt, &End::Status(&answer))))
        }
    }

    fn is_paced(&self, call: &Call) -> bool {
        self.dialect.pace(call).is_some()
    }

    /// Waits until this call may be sent.
    async fn turn(&self, call: &Call) -> Option<SemaphorePermit<'_>> {
        let (pace, share) = self.dialect.pace(call)?;
        pace.turn(&self.place, &call.operation, share).await
    }

    /// Heeds a server that says that it is asked too often: whatever is sent next waits.
    fn slowed(&self, call: &Call, trouble: Trouble) -> Trouble {
        if let (Some((pace, _)), FailureKind::RateLimited { .. }) = (self.dialect.pace(call), trouble.failure.kind) {
            pace.pause(match trouble.again {
                Again::After(wait) => Some(wait),
                Again::Soon | Again::Never => None,
            });
        }
        trouble
    }

    async fn send(&self, call: &Call) -> Result<Response, Trouble> {
        let attempt = self.attempt(call.access, &call.operation);
        let mut builder = http::Request::builder().method(call.method.clone()).uri(call.target());
        for (name, value) in &call.headers {
            builder = builder.header(name, value);
        }
        let request = builder
            .body(call.body.clone().unwrap_or_default())
            .map_err(|e| classify(&attempt, &End::Broken(&Unwritable(e.to_string()))))?;
        self.carrier.carry(request).await.map_err(|e| match e.downcast::<Failure>() {
            // There were no credentials, and nothing was sent.
            Ok(failure) => Trouble::from(Failure { operation: call.operation.clone(), ..*failure }),
            Err(e) => classify(&attempt, &End::Broken(&*e)),
        })
    }
}
