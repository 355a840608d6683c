//! A minimal blocking HTTP client, for seeding and waiting outside any runtime.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Sends one request to `127.0.0.1:port` and returns status and body.
///
/// Uses HTTP/1.0, so that the response ends with the connection and is never chunked.
///
/// # Errors
/// A message, if there is no response.
pub fn request(port: u16, method: &str, path: &str, headers: &str, body: &str) -> Result<(u16, String), String> {
    let fail = |e: std::io::Error| format!("{method} {path}: {e}");
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(5)).map_err(fail)?;
    stream.set_read_timeout(Some(Duration::from_secs(60))).map_err(fail)?;
    let head = format!(
        "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).map_err(fail)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).map_err(fail)?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| format!("{method} {path}: no answer"))?;
    let status =
        head.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or_else(|| format!("{method} {path}: {head}"))?;
    Ok((status, body.to_owned()))
}

/// Whether the server on `port` stops answering within `limit`. Polls every 20 ms, as there is no event to wait for.
pub fn gone(port: u16, limit: Duration) -> bool {
    let deadline = Instant::now() + limit;
    while request(port, "GET", "/health", "", "").is_ok() {
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}
