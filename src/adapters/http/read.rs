//! Reads the body of an answer, up to a limit.

use http_body_util::BodyExt as _;

use super::answer::Answer;
use super::carrier::Response;
use super::classify::{Attempt, End, Trouble, classify};

/// The part of an error's body that is read, in bytes.
const MAX_ERROR: usize = 64 * 1024;

/// Reads an answer to its end, or to its limit. What it echoes of the credentials is hidden right here, so that no
/// reader of it has to think of that.
pub(super) async fn read(response: Response, attempt: &Attempt<'_>, limit: usize) -> Result<Answer, Trouble> {
    let (parts, mut stream) = response.into_parts();
    let mut answer = Answer { status: parts.status.as_u16(), headers: parts.headers, body: Vec::new() };
    let good = answer.is_success();
    let limit = if good { limit } else { MAX_ERROR };
    while let Some(frame) = stream.frame().await {
        let piece = match frame.map(|f| f.into_data()) {
            Ok(Ok(piece)) => piece,
            // Trailers.
            Ok(Err(_)) => continue,
            // The status says enough, even if the error's text is lost.
            Err(_) if !good => break,
            Err(e) => return Err(classify(attempt, &End::Broken(&e))),
        };
        let room = limit - answer.body.len();
        answer.body.extend_from_slice(&piece[..piece.len().min(room)]);
        if piece.len() > room {
            if good {
                return Err(classify(attempt, &End::TooLarge(limit)));
            }
            break;
        }
    }
    if let Some(hidden) = attempt.secrets.hide_in(&answer.body) {
        answer.body = hidden;
    }
    Ok(answer)
}
