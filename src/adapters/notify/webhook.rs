//! Webhooks as Standard Webhooks says: headers with id, time and signature, so that receivers have libraries.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use ring::hmac;
use secrecy::{ExposeSecret as _, SecretString};

use super::failure;
use super::http::{HttpSettings, Receiver};
use super::template::Templates;
use crate::domain::event::Event;
use crate::domain::failure::{FailureKind, Outcome};

/// Begins every secret.
const PREFIX: &str = "whsec_";

/// An address that takes events as they are.
#[derive(Debug)]
pub(super) struct Webhook {
    channel: String,
    to: Receiver,
    key: Option<hmac::Key>,
}

impl Webhook {
    pub(super) fn new(channel: &str, settings: HttpSettings, templates: Templates) -> Result<Self, String> {
        let key = settings.secret.as_ref().map(key).transpose()?;
        Ok(Self { channel: channel.to_owned(), to: Receiver::new(channel, settings, templates)?, key })
    }

    pub(super) async fn send(&self, event: &Event) -> Outcome<()> {
        let body = super::json(event)?;
        // Receivers refuse old messages: the time is that of the attempt.
        let headers = headers(event.id.as_str(), Timestamp::now().as_second(), &body, self.key.as_ref())
            .map_err(|_| failure(FailureKind::Bug, &self.channel, "its id is no header"))?;
        self.to.post(event.id.as_str(), body, headers).await
    }
}

fn key(secret: &SecretString) -> Result<hmac::Key, String> {
    let text = secret.expose_secret().trim();
    let bytes = text.strip_prefix(PREFIX).and_then(|text| STANDARD.decode(text).ok()).filter(|key| !key.is_empty());
    let wrong = || format!("its secret is not {PREFIX} and base64, as Standard Webhooks says");
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes.ok_or_else(wrong)?))
}

fn headers(
    id: &str,
    at: i64,
    body: &[u8],
    key: Option<&hmac::Key>,
) -> Result<Vec<(HeaderName, HeaderValue)>, http::header::InvalidHeaderValue> {
    let mut headers = vec![
        (HeaderName::from_static("webhook-id"), HeaderValue::from_str(id)?),
        (HeaderName::from_static("webhook-timestamp"), HeaderValue::from(at)),
    ];
    if let Some(key) = key {
        let mut signed = format!("{id}.{at}.").into_bytes();
        signed.extend_from_slice(body);
        let signature = STANDARD.encode(hmac::sign(key, &signed));
        let value = HeaderValue::from_str(&format!("v1,{signature}"))?;
        headers.push((HeaderName::from_static("webhook-signature"), value));
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The example of the specification.
    #[test]
    fn the_signature_is_the_one_of_the_specification() {
        let secret = SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let body = br#"{"test": 2432232314}"#;
        let headers =
            headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body, Some(&key(&secret).unwrap())).unwrap();
        assert_eq!(headers[2].1, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(headers[1].1, "1614265330");
    }

    #[test]
    fn a_secret_of_another_form_is_a_mistake_and_is_not_repeated() {
        for text in ["secret", "whsec_", "whsec_***", "whsek_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
            let why = key(&SecretString::from(text)).unwrap_err();
            assert!(!why.contains("***") && why.contains("base64"), "{why}");
        }
    }
}
