//! Termination signals.

use std::io;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens for termination signals.
#[derive(Debug)]
pub struct Signals {
    #[cfg(unix)]
    terminate: Signal,
    #[cfg(unix)]
    hangup: Signal,
    #[cfg(unix)]
    interrupt: Signal,
}

impl Signals {
    /// Starts listening. From here on these signals no longer terminate the program themselves.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            terminate: signal(SignalKind::terminate())?,
            #[cfg(unix)]
            hangup: signal(SignalKind::hangup())?,
            #[cfg(unix)]
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    pub async fn recv(&mut self) -> Ended {
        #[cfg(unix)]
        tokio::select! {
            _ = self.terminate.recv() => Ended::Terminated,
            _ = self.hangup.recv() => Ended::Terminated,
            _ = self.interrupt.recv() => Ended::Interrupted,
        }
        #[cfg(not(unix))]
        {
            // Without signals there is only Ctrl-C outside of raw mode.
            let _ = tokio::signal::ctrl_c().await;
            Ended::Interrupted
        }
    }
}

/// Who wants the program to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// A person, by Ctrl-C.
    Interrupted,
    /// The system.
    Terminated,
}
