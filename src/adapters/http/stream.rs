//! File responses, read chunk by chunk and aborted once enough was read.

use std::time::Duration;

use http::StatusCode;
use http_body_util::BodyExt as _;

use super::answer::header;
use super::carrier::Response;
use super::classify::{Attempt, End, Trouble, classify};
use super::read;
use crate::domain::failure::Outcome;

/// A file being transferred. Dropping it closes the connection, so nothing more is sent.
#[derive(Debug)]
pub struct Body<'a> {
    body: reqwest::Body,
    attempt: Attempt<'a>,
    /// The longest wait for the next chunk.
    silence: Duration,
    /// Size of the whole file in bytes, if the server reports it.
    pub total: Option<u64>,
    /// There is nothing to read.
    empty: bool,
}

impl<'a> Body<'a> {
    /// Checks the head of a response: a file, or a failure.
    pub(super) async fn begin(response: Response, attempt: Attempt<'a>, silence: Duration) -> Result<Self, Trouble> {
        let status = response.status();
        // The range cannot be satisfied because the file is empty.
        let empty = status == StatusCode::RANGE_NOT_SATISFIABLE;
        if !empty && !status.is_success() {
            let answer = tokio::time::timeout(silence, read::read(response, &attempt, 0))
                .await
                .map_err(|_| classify(&attempt, &End::Silent(silence)))??;
            return Err(classify(&attempt, &End::Status(&answer)));
        }
        let text = |name| header(response.headers(), name);
        // MLflow sends every file as an attachment, web pages too (measured on 2.22 and 3.17).
        let is_page = text("content-type").to_ascii_lowercase().contains("html");
        if is_page && text("content-disposition").is_empty() && !attempt.dialect.has_pages() {
            return Err(classify(&attempt, &End::WebPage));
        }
        let total = match status {
            _ if empty => Some(0),
            StatusCode::PARTIAL_CONTENT => whole_size(text("content-range")),
            _ => text("content-length").parse().ok(),
        };
        Ok(Self { body: response.into_body(), attempt, silence, total, empty })
    }

    /// The next chunk; none at the end.
    pub async fn chunk(&mut self) -> Outcome<Option<impl AsRef<[u8]> + use<>>> {
        while !self.empty {
            let frame = tokio::time::timeout(self.silence, self.body.frame()).await;
            let end = match frame {
                Ok(None) => break,
                Ok(Some(Ok(frame))) => match frame.into_data() {
                    Ok(piece) => return Ok(Some(piece)),
                    Err(_trailers) => continue,
                },
                Ok(Some(Err(error))) => return Err(classify(&self.attempt, &End::Broken(&error)).told()),
                Err(_) => End::Silent(self.silence),
            };
            return Err(classify(&self.attempt, &end).told());
        }
        Ok(None)
    }

    /// The first `limit` bytes, and whether there are more.
    pub async fn first(mut self, limit: usize) -> Outcome<(Vec<u8>, bool)> {
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

/// The size after the slash in `bytes 0-9/1654`; none for `*`.
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
