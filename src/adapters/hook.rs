//! Takes MLflow's webhooks as a hint that something may have happened. Only the signature counts: the body is never
//! believed.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::Timestamp;
use ring::hmac;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::{TcpListener, TcpStream};

use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::text::clean_line;

/// Most bytes of a request's body.
const MOST_BYTES: usize = 1024 * 1024;
/// Most connections at a time; others wait.
const MOST_CONNECTIONS: usize = 32;
/// The longest a connection may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// The oldest request that is taken, and the most a sender's clock may be ahead, in seconds.
const MOST_AGE_S: i64 = 300;

/// A listener for MLflow's webhooks.
#[derive(Debug)]
pub struct Hook {
    tcp: TcpListener,
    key: hmac::Key,
    /// Ids that were taken, and when.
    seen: Mutex<BTreeMap<String, i64>>,
}

impl Hook {
    /// Listens on `address`. `secret` is what the webhook was created with.
    ///
    /// # Errors
    /// If the address cannot be used.
    pub async fn bind(address: &str, secret: &SecretString) -> Outcome<Self> {
        let tcp = TcpListener::bind(address).await.map_err(|e| {
            let operation = format!("listen on {}", clean_line(address));
            Failure::new(FailureKind::Local, Service::Local, operation, e.to_string())
                .with_hint("Use an address of this machine that no other program listens on.")
        })?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
        Ok(Self { tcp, key, seen: Mutex::default() })
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        self.tcp.local_addr().map_or_else(|_| "an unknown address".to_owned(), |at| at.to_string())
    }

    /// Takes requests, and calls `hint` for each that MLflow sent.
    pub async fn run(&self, hint: impl Fn()) -> Infallible {
        let mut open = FuturesUnordered::new();
        loop {
            tokio::select! {
                accepted = self.tcp.accept(), if open.len() < MOST_CONNECTIONS => match accepted {
                    Ok((stream, _)) => open.push(self.serve(stream, &hint)),
                    // Out of descriptors, perhaps: they come back.
                    Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                },
                Some(()) = open.next() => {}
            }
        }
    }

    async fn serve(&self, stream: TcpStream, hint: &impl Fn()) {
        let answer = service_fn(|request| async { Ok::<_, Infallible>(self.answer(request, hint).await) });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(PATIENCE)
            .keep_alive(false)
            .serve_connection(TokioIo::new(stream), answer);
        // A connection that breaks concerns nobody.
        let _ = tokio::time::timeout(PATIENCE, connection).await;
    }

    async fn answer(&self, request: Request<Incoming>, hint: &impl Fn()) -> Response<Empty<Bytes>> {
        let (head, body) = request.into_parts();
        let status = if head.method != Method::POST {
            StatusCode::METHOD_NOT_ALLOWED
        } else {
            match Limited::new(body, MOST_BYTES).collect().await {
                Ok(body) => match self.is_genuine(&head.headers, &body.to_bytes(), Timestamp::now().as_second()) {
                    true => {
                        hint();
                        StatusCode::NO_CONTENT
                    }
                    false => StatusCode::UNAUTHORIZED,
                },
                Err(_) => StatusCode::PAYLOAD_TOO_LARGE,
            }
        };
        let mut response = Response::new(Empty::new());
        *response.status_mut() = status;
        response
    }

    /// Whether MLflow sent it, just now, and for the first time.
    fn is_genuine(&self, headers: &HeaderMap, body: &[u8], now: i64) -> bool {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let (Some(id), Some(at), Some(signature)) =
            (text("x-mlflow-delivery-id"), text("x-mlflow-timestamp"), text("x-mlflow-signature"))
        else {
            return false;
        };
        let Ok(seconds) = at.parse::<i64>() else { return false };
        let Some(mac) = signature.strip_prefix("v1,").and_then(|text| STANDARD.decode(text).ok()) else { return false };
        let mut signed = format!("{id}.{at}.").into_bytes();
        signed.extend_from_slice(body);
        if hmac::verify(&self.key, &signed, &mac).is_err() || now.saturating_sub(seconds).saturating_abs() > MOST_AGE_S
        {
            return false;
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // Older ones are refused by their age.
        seen.retain(|_, taken| now.saturating_sub(*taken).saturating_abs() <= 2 * MOST_AGE_S);
        seen.insert(id.to_owned(), now).is_none()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    async fn hook() -> Hook {
        Hook::bind("127.0.0.1:0", &SecretString::from("s3cret")).await.unwrap()
    }

    fn headers(id: &str, at: i64, body: &[u8], secret: &str) -> HeaderMap {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let mut signed = format!("{id}.{at}.").into_bytes();
        signed.extend_from_slice(body);
        let signature = format!("v1,{}", STANDARD.encode(hmac::sign(&key, &signed)));
        let mut headers = HeaderMap::new();
        headers.insert("x-mlflow-delivery-id", id.parse().unwrap());
        headers.insert("x-mlflow-timestamp", at.into());
        headers.insert("x-mlflow-signature", signature.parse().unwrap());
        headers
    }

    #[tokio::test]
    async fn only_a_fresh_request_with_the_right_signature_is_a_hint_and_only_once() {
        let hook = hook().await;
        let now = 1_800_000_000;
        let good = headers("a", now, b"{}", "s3cret");
        assert!(hook.is_genuine(&good, b"{}", now));
        assert!(!hook.is_genuine(&good, b"{}", now), "the id was seen");
        assert!(!hook.is_genuine(&headers("b", now, b"{}", "s3cret"), b"{ }", now), "the body was changed");
        assert!(!hook.is_genuine(&headers("b", now, b"{}", "other"), b"{}", now));
        for age in [-301, 301] {
            assert!(!hook.is_genuine(&headers("b", now - age, b"{}", "s3cret"), b"{}", now), "{age}");
        }
        for age in [-300, 300] {
            assert!(hook.is_genuine(&headers(&format!("c{age}"), now - age, b"{}", "s3cret"), b"{}", now), "{age}");
        }
        for missing in ["x-mlflow-delivery-id", "x-mlflow-timestamp", "x-mlflow-signature"] {
            let mut some = headers("d", now, b"{}", "s3cret");
            some.remove(missing);
            assert!(!hook.is_genuine(&some, b"{}", now), "{missing}");
        }
        assert!(hook.is_genuine(&headers("b", now, b"{}", "s3cret"), b"{}", now), "refused ids are not used up");
    }
}
