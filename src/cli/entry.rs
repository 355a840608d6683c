//! Program entry point, from process arguments to exit code.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use super::{Cli, Exit, Sink, run};
use crate::config::Env;
use crate::domain::text;

/// Parses the command line, runs it and returns its exit code.
pub fn main() -> ExitCode {
    // The only place that installs a crypto provider. A second call fails, which is harmless.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let env = Env::of_process();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Help and version go to stdout and succeed; usage errors go to stderr with exit code 2.
        Err(message) => {
            let _ = if message.use_stderr() {
                // The message quotes user input, which may come from a server by way of a script.
                write!(std::io::stderr(), "{}", text::clean(&message.render().to_string()))
            } else {
                message.print()
            };
            return if message.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() };
        }
    };
    // Responses are decoded on other threads, so that a large one never delays input.
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "signoff: could not start: {error}");
            return Exit::Refused.into();
        }
    };
    let sink = Sink::of_process(env.get("NO_COLOR").is_some() || env.get("TERM") == Some("dumb"));
    let end = runtime.block_on(run(cli, env, sink));
    // Do not wait for abandoned requests.
    runtime.shutdown_background();
    end.into()
}
