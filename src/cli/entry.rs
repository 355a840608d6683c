//! The entry of the program, from the arguments of the process to its exit code.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use super::{Cli, Exit, Sink, run};
use crate::config::Env;
use crate::domain::text;

/// The program: reads the command line, runs it, and maps how it ended to an exit code.
pub fn main() -> ExitCode {
    // The one place that names the crypto provider. A second call fails, and that is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let env = Env::of_process();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Help and version go to stdout and are no failure; mistakes go to stderr with exit code 2.
        Err(message) => {
            let _ = if message.use_stderr() {
                // It quotes what was typed, or what a script got from a server.
                write!(std::io::stderr(), "{}", text::clean(&message.render().to_string()))
            } else {
                message.print()
            };
            return if message.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() };
        }
    };
    // Answers are decoded beside the screen, so that a large one never holds a key back.
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "signoff: could not start: {error}");
            return Exit::Refused.into();
        }
    };
    let sink = Sink::of_process(env.get("NO_COLOR").is_some() || env.get("TERM") == Some("dumb"));
    let end = runtime.block_on(run(cli, env, sink));
    // A request that nobody waits for any more must not hold the exit back.
    runtime.shutdown_background();
    end.into()
}
