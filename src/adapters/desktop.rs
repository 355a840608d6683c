//! The reviewer's desktop: opens the browser.

use async_trait::async_trait;

use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::ports::Desktop;

/// Opens pages with the system's default program.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemDesktop {
    /// The user is at another machine, or at none with a screen.
    pub remote: bool,
}

#[async_trait]
impl Desktop for SystemDesktop {
    fn has_browser(&self) -> bool {
        !self.remote
    }

    async fn open_url(&self, url: &str) -> Outcome<()> {
        let refuse = |reason: String| {
            Failure::new(FailureKind::Local, Service::Local, "open the browser", reason)
                .with_hint(format!("Open it yourself: {url}"))
        };
        // The URL comes from a server: only web URLs may reach the system's opener.
        match url::Url::parse(url) {
            Ok(parsed) if matches!(parsed.scheme(), "http" | "https") => {
                let address = parsed.to_string();
                tokio::task::spawn_blocking(move || open::that_detached(address))
                    .await
                    .map_err(|e| refuse(e.to_string()))?
                    .map_err(|e| refuse(e.to_string()))
            }
            _ => Err(refuse("the address is not http or https".to_owned())),
        }
    }
}
