//! A connection that can be cut and listened to: forwards its own port to a server.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    target: SocketAddr,
    open: Arc<AtomicBool>,
    live: Arc<Mutex<Vec<TcpStream>>>,
    heard: Arc<Mutex<Vec<u8>>>,
    listening: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Forwards to `127.0.0.1:target`.
    pub fn to(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("no free port");
        let mut proxy = Self {
            address: listener.local_addr().expect("a listener has an address"),
            target: SocketAddr::from(([127, 0, 0, 1], target)),
            open: Arc::default(),
            live: Arc::default(),
            heard: Arc::default(),
            listening: None,
        };
        proxy.listen(listener);
        proxy
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Method and path of every request so far, in the order they came.
    pub fn requests(&self) -> Vec<String> {
        let heard = self.heard.lock().expect("poisoned");
        let text = String::from_utf8_lossy(&heard);
        let lines = text.split('\n').filter_map(|line| line.split_once(" HTTP/1.1"));
        // A body without a line break at its end stands before the next request.
        lines.map(|(line, _)| line.rsplit_once('}').map_or(line, |(_, next)| next).to_owned()).collect()
    }

    /// Waits until the requests so far are as `wanted` says, and returns them.
    pub fn wait_until(&self, wanted: impl Fn(&[String]) -> bool) -> Vec<String> {
        let deadline = Instant::now() + Duration::from_secs(120);
        loop {
            let requests = self.requests();
            if wanted(&requests) {
                return requests;
            }
            assert!(Instant::now() < deadline, "these requests came, and no others:\n{requests:#?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Cuts the connection: data in flight is lost, and nobody can connect.
    pub fn cut(&mut self) {
        if let Some(listening) = self.listening.take() {
            self.open.store(false, Ordering::SeqCst);
            // Wakes the listener, which then closes its port.
            let _ = TcpStream::connect(self.address);
            listening.join().expect("the proxy failed");
        }
        for stream in self.live.lock().expect("poisoned").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Restores it, on the same port.
    pub fn mend(&mut self) {
        let listener = TcpListener::bind(self.address).expect("somebody took the port");
        self.listen(listener);
    }

    fn listen(&mut self, listener: TcpListener) {
        self.open.store(true, Ordering::SeqCst);
        let (open, live, target) = (Arc::clone(&self.open), Arc::clone(&self.live), self.target);
        let heard = Arc::clone(&self.heard);
        self.listening = Some(std::thread::spawn(move || {
            for client in listener.incoming() {
                if !open.load(Ordering::SeqCst) {
                    return;
                }
                if let (Ok(client), Ok(server)) = (client, TcpStream::connect(target)) {
                    forward(&client, &server, &heard);
                    live.lock().expect("poisoned").extend([client, server]);
                }
            }
        }));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
    }
}

/// Copies bytes in both directions until one side closes, and keeps what the client said.
fn forward(client: &TcpStream, server: &TcpStream, heard: &Arc<Mutex<Vec<u8>>>) {
    let socket = |stream: &TcpStream| stream.try_clone().expect("a socket");
    let (mut from, mut to, heard) = (socket(client), socket(server), Arc::clone(heard));
    std::thread::spawn(move || {
        let mut bytes = [0; 8192];
        while let Ok(n @ 1..) = from.read(&mut bytes) {
            heard.lock().expect("poisoned").extend_from_slice(&bytes[..n]);
            if to.write_all(&bytes[..n]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
    let (mut from, mut to) = (socket(server), socket(client));
    std::thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
}
