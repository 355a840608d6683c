//! A scripted server, for faults that real servers do not show on demand.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// The action for one request.
#[derive(Clone, Debug)]
pub enum Act {
    /// Answer with a status, header lines and a body.
    Answer(u16, &'static str, String),
    /// Read the request, then close the connection: applied, reply lost.
    Close,
    /// Answer 200 and close in the middle of the body.
    Truncate,
    /// Read the request and never answer.
    Silence,
    /// Answer 200 with this many bytes of JSON text.
    Huge(usize),
    /// The first whose words are in the first line of the request.
    On(Vec<(&'static str, Act)>),
}

impl Act {
    pub fn json(body: &str) -> Self {
        Self::Answer(200, "Content-Type: application/json\r\n", body.to_owned())
    }

    pub fn html(status: u16) -> Self {
        Self::Answer(status, "Content-Type: text/html\r\n", "<!doctype html><h1>Sign in</h1>".to_owned())
    }
}

/// The stub. Actions are used in order; the last one is repeated.
#[derive(Debug)]
pub struct Stub {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Stub {
    pub fn start(acts: Vec<Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = requests.clone();
        std::thread::spawn(move || {
            let mut silent = Vec::new();
            for (n, stream) in listener.incoming().enumerate() {
                let Ok(mut stream) = stream else { continue };
                // A handshake other than HTTP ends the connection.
                let Some(request) = read_request(&mut stream) else { continue };
                let line = request.lines().next().unwrap_or_default().to_owned();
                log.lock().unwrap().push(request);
                let act = match acts.get(n).or(acts.last()) {
                    Some(Act::On(acts)) => acts.iter().find(|(words, _)| line.contains(words)).map(|(_, act)| act),
                    act => act,
                };
                match act {
                    Some(Act::Silence) => silent.push(stream),
                    Some(act) => answer(&mut stream, act),
                    None => {}
                }
            }
        });
        Self { port, requests }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The requests so far, head and body.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

pub(super) fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut got = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let n = stream.read(&mut buffer).ok().filter(|n| *n > 0)?;
        got.extend_from_slice(&buffer[..n]);
        let text = String::from_utf8_lossy(&got);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Some(text.into_owned());
            }
        } else if !text.starts_with(|c: char| c.is_ascii_uppercase()) {
            return None;
        }
    }
}

fn answer(stream: &mut TcpStream, act: &Act) {
    let text = match act {
        Act::Answer(status, headers, body) => {
            format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
        }
        Act::Truncate => {
            "HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"model".to_owned()
        }
        Act::Huge(size) => {
            let head = format!("HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\r\n");
            let piece = vec![b' '; 1024 * 1024];
            let _ = stream.write_all(head.as_bytes());
            // Until all is sent, or the client has gone.
            let _ = (0..size / piece.len()).try_for_each(|_| stream.write_all(&piece));
            return;
        }
        Act::Close | Act::Silence | Act::On(_) => String::new(),
    };
    let _ = stream.write_all(text.as_bytes());
}
