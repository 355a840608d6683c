//! A connection that can be cut: forwards its own port to a server.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    target: SocketAddr,
    open: Arc<AtomicBool>,
    live: Arc<Mutex<Vec<TcpStream>>>,
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
            listening: None,
        };
        proxy.listen(listener);
        proxy
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
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
        self.listening = Some(std::thread::spawn(move || {
            for client in listener.incoming() {
                if !open.load(Ordering::SeqCst) {
                    return;
                }
                if let (Ok(client), Ok(server)) = (client, TcpStream::connect(target)) {
                    forward(&client, &server);
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

/// Copies bytes in both directions until one side closes.
fn forward(client: &TcpStream, server: &TcpStream) {
    for (from, to) in [(client, server), (server, client)] {
        let (mut from, mut to) = (from.try_clone().expect("a socket"), to.try_clone().expect("a socket"));
        std::thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
        });
    }
}
