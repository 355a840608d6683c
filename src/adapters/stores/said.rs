//! What a store's answer means.

use std::error::Error as StdError;

use object_store::Error;
use object_store::client::{HttpError, HttpErrorKind};

use super::open::Open;
use crate::domain::failure::{Failure, FailureKind, Service};
use crate::domain::store::{Bucket, Cloud};
use crate::domain::text::{clean_line, shorten};

/// The longest piece of remote text in a sentence, in characters.
const MAX_WORDS: usize = 280;

/// The failure of reading `bucket`. `what` is a phrase after "could not".
pub(super) fn failure(error: &Error, open: &Open, bucket: &Bucket, what: &str) -> Failure {
    let said = |kind, reason: String| Failure::new(kind, Service::Mlflow, what, reason);
    tracing::warn!(store = %bucket, cause = %open.secrets.hide(&clean_line(&bare(error))), "the store failed");
    if open.carrier.is_alone() {
        return nobody(open, bucket, what);
    }
    match (error, status(error), kind(error)) {
        (Error::NotFound { .. }, ..) => said(FailureKind::NotFound, format!("{bucket} has no such file")),
        (Error::PermissionDenied { .. }, ..) | (_, Some(403), _) => {
            said(FailureKind::Forbidden, format!("{bucket} refuses {}", open.said)).with_hint(match bucket.cloud {
                Cloud::S3 => "They need s3:ListBucket on the bucket, and s3:GetObject on what is in it.",
                Cloud::Google => "They need the role Storage Object Viewer.",
                Cloud::Azure => "They need the role Storage Blob Data Reader.",
            })
        }
        (Error::Unauthenticated { .. }, ..) | (_, Some(401), _) => {
            said(FailureKind::Unauthenticated, format!("{bucket} does not know {}", open.said))
        }
        (_, Some(404), _) => said(FailureKind::NotFound, format!("there is no {bucket}")),
        (_, None, Some(HttpErrorKind::Connect | HttpErrorKind::Request | HttpErrorKind::Interrupted)) => {
            said(FailureKind::Unavailable, format!("{bucket} could not be reached at {}", open.place))
                .with_hint("Check the network and the proxy of this machine.")
        }
        (_, None, Some(HttpErrorKind::Timeout)) => {
            said(FailureKind::Unavailable, format!("{bucket} did not answer in time at {}", open.place))
        }
        _ => {
            let words = shorten(&open.secrets.hide(&clean_line(&bare(error))), MAX_WORDS);
            said(FailureKind::Protocol, format!("{bucket} cannot be read with {}: {words}", open.said))
        }
    }
}

/// The failure if nobody has credentials.
fn nobody(open: &Open, bucket: &Bucket, what: &str) -> Failure {
    let (looked, hint) = match bucket.cloud {
        Cloud::S3 => (
            format!("AWS_ACCESS_KEY_ID is not set, {} has none, and this machine has no instance profile", open.said),
            "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
        ),
        Cloud::Google => (
            "GOOGLE_APPLICATION_CREDENTIALS is not set, and this machine has no service account".to_owned(),
            "Sign in with `gcloud auth application-default login`.",
        ),
        Cloud::Azure => (
            "AZURE_STORAGE_ACCESS_KEY is not set, and this machine has no managed identity".to_owned(),
            "Set AZURE_STORAGE_ACCESS_KEY or AZURE_STORAGE_CONNECTION_STRING.",
        ),
    };
    let reason = format!("there are no credentials for {bucket}: {looked}");
    Failure::new(FailureKind::Unauthenticated, Service::Mlflow, what, reason).with_hint(hint)
}

/// The text without what follows a `?` in an address, which may be a signature.
fn bare(error: &Error) -> String {
    let text = error.to_string();
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some((before, query)) = rest.split_once('?') {
        out.push_str(before);
        rest = query.find(|c: char| c.is_whitespace() || c == '"' || c == ')').map_or("", |end| &query[end..]);
    }
    out + rest
}

/// The status that the library wrote into its text. It keeps it nowhere else.
fn status(error: &Error) -> Option<u16> {
    let text = error.to_string();
    let (_, rest) = text.split_once("status code: ")?;
    rest.get(..3)?.parse().ok()
}

fn kind(error: &Error) -> Option<HttpErrorKind> {
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<HttpError>() {
            return Some(error.kind());
        }
        next = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generic(text: &str) -> Error {
        Error::Generic { store: "S3", source: text.to_owned().into() }
    }

    #[test]
    fn no_signature_is_in_the_text() {
        let error = generic("GET https://a.blob/c?sv=1&sig=SECRET returned (status code: 403 Forbidden)");
        assert!(!bare(&error).contains("SECRET") && bare(&error).contains("returned"), "{}", bare(&error));
        assert_eq!(status(&error), Some(403));
        assert_eq!(status(&generic("no answer")), None);
    }
}
