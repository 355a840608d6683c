//! Receives the messages of a webhook channel, and lets the test decide what becomes of each.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

use super::stub::read_request;

/// Only a failing test waits that long.
const DEADLINE: Duration = Duration::from_secs(90);

/// A receiver on a port of its own.
#[derive(Debug)]
pub struct Receiver {
    port: u16,
    arrived: mpsc::Receiver<Message>,
}

/// A message that was received and not answered yet. Dropped without an answer, the connection is closed.
#[derive(Debug)]
pub struct Message {
    stream: TcpStream,
    /// The document.
    pub event: Value,
    /// What `webhook-id` says.
    pub id: String,
}

impl Receiver {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, arrived) = mpsc::channel();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                // A sender that was killed in the middle has sent nothing.
                let Some(request) = read_request(&mut stream) else { continue };
                let (head, body) = request.split_once("\r\n\r\n").unwrap();
                let id = head.lines().find_map(|l| l.strip_prefix("webhook-id: ")).unwrap_or_default().to_owned();
                let event = serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {body}"));
                if sender.send(Message { stream, event, id }).is_err() {
                    return;
                }
            }
        });
        Self { port, arrived }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The table of a channel that sends here.
    pub fn channel(&self, name: &str, more: &str) -> String {
        format!("[notify.{name}]\ntype = \"webhook\"\nurl = \"http://127.0.0.1:{}/in\"\n{more}\n", self.port)
    }

    /// The next message.
    ///
    /// # Panics
    /// If none comes.
    pub fn next(&self) -> Message {
        self.arrived.recv_timeout(DEADLINE).expect("a message")
    }

    /// The next message, however long it takes.
    pub fn forever(&self) -> Message {
        self.arrived.recv().expect("the receiver runs")
    }
}

impl Message {
    /// Answers it.
    pub fn answer(mut self, status: u16) {
        let _ = write!(self.stream, "HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
}
