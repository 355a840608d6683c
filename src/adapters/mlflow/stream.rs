//! Answers that are files: read piece by piece, and cut off where enough was seen.

use std::time::Duration;

use reqwest::{Response, StatusCode, header};

use super::client;
use super::errors::Attempt;
use crate::domain::failure::{FailureKind, Outcome};

/// As good as no limit for a whole transfer; what is limited is the silence between two pieces.
pub(super) const NO_LIMIT: Duration = Duration::from_secs(30 * 24 * 3600);

/// A file on its way. Dropping it closes the connection, so that nothing more is sent.
#[derive(Debug)]
pub(super) struct Body<'a> {
    response: Response,
    attempt: Attempt<'a>,
    /// Size of the whole file, where the server says it.
    pub total: Option<u64>,
    /// Nothing is to come.
    empty: bool,
}

impl<'a> Body<'a> {
    /// Looks at the head of an answer: a file, or a failure.
    pub(super) async fn begin(response: Response, attempt: Attempt<'a>) -> Outcome<Self> {
        let status = response.status();
        let text = |name| response.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
        // The first bytes cannot be had because there are none.
        let empty = status == StatusCode::RANGE_NOT_SATISFIABLE;
        if !empty && !status.is_success() {
            return Err(attempt.refusal(&client::read(response, &attempt).await?));
        }
        // MLflow sends every file as an attachment, web pages too (measured on 2.22 and 3.17).
        let page = text(header::CONTENT_TYPE).to_ascii_lowercase().contains("html");
        if page && text(header::CONTENT_DISPOSITION).is_empty() {
            return Err(attempt.web_page(FailureKind::Protocol));
        }
        let total = match status {
            _ if empty => Some(0),
            StatusCode::PARTIAL_CONTENT => whole_size(text(header::CONTENT_RANGE)),
            _ => response.content_length(),
        };
        Ok(Self { response, attempt, total, empty })
    }

    /// The next piece; none at the end.
    pub(super) async fn chunk(&mut self) -> Outcome<Option<impl AsRef<[u8]> + use<>>> {
        if self.empty {
            return Ok(None);
        }
        match tokio::time::timeout(self.attempt.timeout, self.response.chunk()).await {
            Ok(piece) => piece.map_err(|e| self.attempt.transport(&e)),
            Err(_) => Err(self.attempt.silent(self.attempt.timeout)),
        }
    }

    /// The first `limit` bytes, and whether there are more.
    pub(super) async fn first(mut self, limit: usize) -> Outcome<(Vec<u8>, bool)> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.chunk().await? {
            let piece = piece.as_ref();
            let room = limit - bytes.len();
            bytes.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.len() > room {
                return Ok((bytes, true));
            }
        }
        let all = self.total.is_none_or(|total| u64::try_from(bytes.len()).is_ok_and(|n| n >= total));
        Ok((bytes, !all))
    }
}

/// The size behind the stroke in `bytes 0-9/1654`; none for `*`.
fn whole_size(range: &str) -> Option<u64> {
    range.rsplit_once('/')?.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_the_whole_is_read_where_it_is_said() {
        for (range, size) in [("bytes 0-9/1654", Some(1654)), ("bytes 0-9/*", None), ("", None), ("bytes */0", Some(0))]
        {
            assert_eq!(whole_size(range), size, "{range}");
        }
    }
}
