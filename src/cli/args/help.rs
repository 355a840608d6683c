//! Examples, environment, files and exit codes, once: `--help` and the manual page print the same.

use std::fmt::Write as _;

use super::fields;
use crate::cli::exit::Exit;

/// How a model version is named.
pub const REF: &str = "\
REF is NAME/VERSION or NAME@ALIAS, such as telco-churn/42 or telco-churn@champion. The prefix models:/ is optional.";

/// What `--jq` takes.
pub const JQ: &str = "\
--jq EXPR filters the JSON with a jq expression and prints as jq -r does. input, env and debug are not supported; of the \
date functions, now, fromdate and todate are. The exit code is that of the command, or 1 if only the expression fails.";

/// Command lines by command, each with what it does. The empty command is `signoff` itself.
pub const EXAMPLES: &[(&str, &[(&str, &str)])] = &[
    (
        "",
        &[
            ("signoff", "Open the screens on the inbox"),
            ("signoff demo", "Try the screens without a server"),
            ("signoff show telco-churn/42", "Show a version with its metrics, code and verdict"),
            ("signoff approve telco-churn/42 --confirm v42 --reason 'Better recall'", "Approve and release a version"),
        ],
    ),
    ("demo", &[("signoff demo", "Open the demo"), ("signoff demo --reset", "Start over with a fresh demo")]),
    (
        "open",
        &[
            ("signoff open telco-churn/42", "Review version 42"),
            ("signoff open telco-churn@challenger", "Review the version behind an alias"),
        ],
    ),
    (
        "inbox",
        &[
            ("signoff inbox", "List what waits for review"),
            ("signoff inbox --limit 5", "List the five that wait longest"),
            (
                "signoff inbox --jq '.waiting[] | select(.section == \"ready\") | .model'",
                "Print the models to approve, one a line",
            ),
        ],
    ),
    (
        "models",
        &[
            ("signoff models", "List all models"),
            ("signoff models churn", "List models with 'churn' in the name"),
            ("signoff models --limit 20", "List the first twenty"),
        ],
    ),
    (
        "versions",
        &[
            ("signoff versions telco-churn", "List the newest versions"),
            ("signoff versions telco-churn --limit 500", "List more of them"),
        ],
    ),
    (
        "show",
        &[
            ("signoff show telco-churn/42", "Show version 42"),
            ("signoff show telco-churn@champion --json", "Print the version behind an alias as JSON"),
            ("signoff show telco-churn@champion --jq .version.run_id", "Print one field of it"),
            ("signoff show telco-churn/42 --web", "Open its page in the browser"),
            ("signoff show telco-churn/42 --provenance", "Show its way from the pull request to deployment"),
        ],
    ),
    (
        "check",
        &[
            ("signoff check telco-churn/42", "Check version 42 against its policy"),
            ("signoff check telco-churn/42 && echo ready", "Use the exit code in a script"),
        ],
    ),
    (
        "compare",
        &[
            ("signoff compare telco-churn/42", "Compare with the version in production"),
            ("signoff compare telco-churn/42 telco-churn/40 --all", "Compare two versions, equal rows included"),
        ],
    ),
    (
        "experiments",
        &[
            ("signoff experiments", "List the newest experiments"),
            ("signoff experiments churn --jq '.experiments[].id'", "Print the ids of those with 'churn' in the name"),
        ],
    ),
    (
        "files",
        &[
            ("signoff files telco-churn/42", "List the files of a version and of its run"),
            ("signoff files telco-churn/42 plots --save /tmp/v42", "Save a folder of them"),
        ],
    ),
    (
        "runs",
        &[
            ("signoff runs telco-churn/classification", "List the newest runs of an experiment"),
            ("signoff runs 1 --filter \"metrics.auc > 0.9\" --sort name", "Filter by a metric, sort by name"),
        ],
    ),
    (
        "approve",
        &[
            ("signoff approve telco-churn/42", "Show the checks and the plan, write nothing, and say how to go on"),
            ("signoff approve telco-churn/42 --confirm v42 --reason 'Better recall'", "Approve and release version 42"),
            (
                "signoff approve telco-churn/42 --confirm v42 --answer drift=yes --wait",
                "Answer the checklist, wait for CD",
            ),
        ],
    ),
    ("reject", &[("signoff reject telco-churn/42 --reason 'Drifts on new customers'", "Reject version 42")]),
    (
        "hold",
        &[
            ("signoff hold telco-churn/42 --reason 'Waiting for legal'", "Hold version 42 back"),
            ("signoff hold telco-churn/42 --reason 'A/B test' --until 2026-12-15", "Be told when the date has passed"),
        ],
    ),
    (
        "rollback",
        &[
            ("signoff rollback telco-churn --to v41 --dry-run", "Show what a rollback would change"),
            ("signoff rollback telco-churn --to v41 --confirm v41 --reason 'Alarms'", "Roll back to version 41"),
        ],
    ),
    (
        "promotions",
        &[
            ("signoff promotions", "List all promotions"),
            ("signoff promotions --unfinished", "List those to resume or undo"),
        ],
    ),
    (
        "cd",
        &[
            ("signoff cd telco-churn/42", "Show the runs that its release started, and what they wait for"),
            (
                "signoff cd telco-churn-v42 --approve-environment production",
                "Show what approving a deployment would do",
            ),
            ("signoff cd 4f2a --approve-environment production --confirm v42 --wait", "Approve it, wait for CD"),
            ("signoff cd 4f2a --rerun-failed --confirm v42", "Run the failed jobs again"),
        ],
    ),
    (
        "resume",
        &[
            ("signoff resume", "Resume the only unfinished promotion"),
            ("signoff resume 4f2a --wait", "Resume one by part of its ID, wait for CD"),
        ],
    ),
    ("undo", &[("signoff undo 4f2a", "Undo a promotion whose tag does not exist yet")]),
    (
        "verify",
        &[
            ("signoff verify telco-churn-v42", "Verify the release telco-churn-v42"),
            ("signoff verify \"$GITHUB_REF_NAME\" --wait 120", "In CD, wait up to 120 seconds for the record"),
        ],
    ),
    (
        "record",
        &[
            ("signoff record telco-churn-v42", "Show the record of a release"),
            ("signoff record 4f2a77c0e1d2 --json > record.json", "Export a record, exactly as it was signed"),
        ],
    ),
    (
        "log",
        &[
            ("signoff log telco-churn", "List all decisions on a model"),
            ("signoff log --at 2026-11-23", "Show what was in production on a day"),
            ("signoff log --markdown > decisions.md", "Write a table for an audit"),
            ("signoff log --jq '.entries[] | [.at, .model, .version, .by] | @tsv'", "Print fields of your choice"),
        ],
    ),
    (
        "status",
        &[
            ("signoff status", "Show whether approved, deployed and serving agree, for every model"),
            ("signoff status telco-churn --wait=600", "Wait up to ten minutes until the new version runs"),
            ("signoff status --deep --json", "Compare the files as well, print JSON"),
        ],
    ),
    (
        "audit",
        &[
            ("signoff audit", "List what is in production without a valid sign-off"),
            ("signoff audit --deep --json > audit.json", "Compare the files as well, keep the result"),
        ],
    ),
    (
        "watch",
        &[
            ("signoff watch", "Watch all configured targets"),
            ("signoff watch --once", "Look once and send what is new, from cron or CI"),
            ("signoff --target prod watch --json", "Print the events of one target, one a line"),
            ("signoff watch --jq 'select(.type == \"drift.found\") | .data.model'", "Print only what drifts"),
        ],
    ),
    (
        "notify",
        &[
            ("signoff notify telco-churn/42", "Tell reviewers that version 42 waits"),
            ("signoff notify --test mail", "Send a message to try the channel 'mail'"),
        ],
    ),
    (
        "config",
        &[
            ("signoff config init", "Write a commented configuration file"),
            ("signoff config show", "Print all values with their origin"),
        ],
    ),
    ("config show", &[("signoff config show --json", "Print all values as JSON")]),
    ("config path", &[("$EDITOR \"$(signoff config path)\"", "Edit the configuration")]),
    ("config init", &[("signoff config init", "Write the file"), ("signoff config init --print", "Print it instead")]),
    (
        "doctor",
        &[
            ("signoff doctor", "Check the setup"),
            ("signoff --target prod doctor --json", "Check one target, print JSON"),
        ],
    ),
    (
        "completions",
        &[
            (
                "signoff completions bash > ~/.local/share/bash-completion/completions/signoff",
                "Install completions for bash",
            ),
            ("signoff completions zsh > ~/.zfunc/_signoff", "For zsh, with ~/.zfunc in $fpath"),
            ("signoff completions fish > ~/.config/fish/completions/signoff.fish", "For fish"),
        ],
    ),
    (
        "man",
        &[
            ("signoff man | man -l -", "Read the manual"),
            ("signoff man > ~/.local/share/man/man1/signoff.1", "Install it"),
        ],
    ),
];

/// Environment variables that are read, and what each does.
pub const ENVIRONMENT: &[(&str, &str)] = &[
    ("SIGNOFF_TARGET", "Target to use, as --target."),
    ("SIGNOFF_CONFIG", "Configuration file, as --config."),
    ("SIGNOFF_STATE_DIR", "Directory of journals, records and logs."),
    ("SIGNOFF_LOG", "Log level: error, warn, info, debug or trace. The default is warn."),
    ("MLFLOW_TRACKING_URI", "MLflow tracking server, as --tracking-uri."),
    ("MLFLOW_REGISTRY_URI", "MLflow model registry, as --registry-uri."),
    ("MLFLOW_WORKSPACE", "MLflow workspace."),
    ("MLFLOW_TRACKING_USERNAME", "User name for MLflow; needs MLFLOW_TRACKING_PASSWORD."),
    ("MLFLOW_TRACKING_PASSWORD", "Password for MLflow."),
    ("MLFLOW_TRACKING_TOKEN", "Bearer token for MLflow."),
    ("MLFLOW_TRACKING_SERVER_CERT_PATH", "CA certificates to trust for MLflow."),
    ("MLFLOW_TRACKING_INSECURE_TLS", "Set to true to skip certificate checks for MLflow."),
    ("MLFLOW_UC_OSS_TOKEN", "Token for an open-source Unity Catalog (uc:http://...)."),
    ("DATABRICKS_HOST", "Databricks workspace, if the tracking URI is databricks; needs credentials beside it."),
    ("DATABRICKS_TOKEN", "Token for DATABRICKS_HOST."),
    ("DATABRICKS_CLIENT_ID", "Service principal for DATABRICKS_HOST; needs DATABRICKS_CLIENT_SECRET."),
    ("DATABRICKS_CLIENT_SECRET", "Secret of the service principal."),
    ("DATABRICKS_CONFIG_PROFILE", "Profile to use if DATABRICKS_HOST is not set."),
    ("DATABRICKS_CONFIG_FILE", "File with the profiles. The default is ~/.databrickscfg."),
    ("DATABRICKS_STAGING_HOST", "Workspace of the target `staging`, if the configuration has no targets."),
    ("DATABRICKS_STAGING_TOKEN", "Its token."),
    ("DATABRICKS_PROD_HOST", "Workspace of the target `prod`, if the configuration has no targets."),
    ("DATABRICKS_PROD_TOKEN", "Its token."),
    ("MLFLOW_HTTP_REQUEST_TIMEOUT", "Seconds a request to MLflow may take. The default is 30."),
    ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "How often to repeat a failed read from MLflow. The default is 2."),
    ("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "Seconds before the first repetition. The default is 0.2."),
    (
        "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER",
        "Seconds that a pause before a repetition grows by at most, at random. By default it grows up to double.",
    ),
    ("MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER", "Set to false to ignore the Retry-After of MLflow."),
    ("MLFLOW_TRACKING_AUTH", "Not supported; a warning is printed."),
    ("MLFLOW_TRACKING_AWS_SIGV4", "Not supported; a warning is printed."),
    ("MLFLOW_TRACKING_CLIENT_CERT_PATH", "Not supported; a warning is printed."),
    ("MLFLOW_S3_ENDPOINT_URL", "Address of a store that speaks S3, if it is not Amazon's."),
    ("MLFLOW_S3_IGNORE_TLS", "Set to true to skip certificate checks for that store."),
    ("MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE", "Set to virtual if that store has a host for each bucket."),
    ("AWS_PROFILE", "Profile for files that the MLflow server does not hand out. As for Amazon's own tools."),
    ("AWS_DEFAULT_PROFILE", "The same, if AWS_PROFILE is not set."),
    ("AWS_ACCESS_KEY_ID", "Key for files in S3; needs AWS_SECRET_ACCESS_KEY."),
    ("AWS_SECRET_ACCESS_KEY", "Its secret."),
    ("AWS_SESSION_TOKEN", "Its token, if it is temporary."),
    ("AWS_REGION", "Region of the bucket. By default the bucket says it."),
    ("AWS_DEFAULT_REGION", "The same, if AWS_REGION is not set."),
    ("AWS_SHARED_CREDENTIALS_FILE", "File with the profiles' keys. The default is ~/.aws/credentials."),
    ("AWS_CONFIG_FILE", "File with the profiles. The default is ~/.aws/config."),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", "Token of a web identity, to take AWS_ROLE_ARN."),
    ("AWS_ROLE_ARN", "Role to take with the web identity."),
    ("AWS_ROLE_SESSION_NAME", "Name of the session then."),
    ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "Where a container asks for credentials."),
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "The same, as a whole address."),
    ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "Token to ask with there."),
    ("AWS_EC2_METADATA_DISABLED", "Set to true not to ask for the instance profile of this machine."),
    ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "Address to ask for the instance profile."),
    ("AWS_ENDPOINT_URL", "Address of S3, if MLFLOW_S3_ENDPOINT_URL and AWS_ENDPOINT_URL_S3 are not set."),
    ("AWS_ENDPOINT_URL_S3", "Address of S3, if MLFLOW_S3_ENDPOINT_URL is not set."),
    ("AWS_ENDPOINT_URL_STS", "Address of the service that gives out roles."),
    ("AWS_CA_BUNDLE", "CA certificates to trust for S3."),
    ("GOOGLE_APPLICATION_CREDENTIALS", "File with credentials for files in gs://."),
    ("AZURE_STORAGE_CONNECTION_STRING", "Credentials for files in wasbs:// and abfss://."),
    ("AZURE_STORAGE_ACCESS_KEY", "Key for files there, if there is no connection string."),
    ("AZURE_STORAGE_SAS_TOKEN", "Signature for files there, if there is no key."),
    ("AZURE_CLIENT_ID", "Service principal or identity for files there."),
    ("AZURE_CLIENT_SECRET", "Secret of the service principal."),
    ("AZURE_TENANT_ID", "Tenant of the service principal."),
    ("AZURE_FEDERATED_TOKEN_FILE", "Token of a workload identity."),
    ("GH_TOKEN", "Token for github.com."),
    ("GITHUB_TOKEN", "Token for github.com, if GH_TOKEN is not set."),
    ("GH_ENTERPRISE_TOKEN", "Token for a GitHub Enterprise Server."),
    ("GITHUB_ENTERPRISE_TOKEN", "Token for a GitHub Enterprise Server, if GH_ENTERPRISE_TOKEN is not set."),
    ("GH_HOST", "GitHub host, if not github.com."),
    ("GH_CONFIG_DIR", "Where gh keeps who is signed in; looked at when nothing is configured."),
    ("GH_REPO", "Repository, as --repo."),
    ("GITHUB_API_URL", "Address of the GitHub API, as on an Actions runner."),
    ("NO_COLOR", "If set, print and draw without colour."),
    ("TERM", "If dumb, print without colour. Also decides how images are drawn."),
    ("COLORFGBG", "Whether the background is light or dark. Without it the terminal is asked."),
    ("TERM_PROGRAM", "Decides how images are drawn and notifications are shown."),
    ("LC_TERMINAL", "Decides how images are drawn and notifications are shown."),
    ("KITTY_WINDOW_ID", "Decides how images are drawn and notifications are shown."),
    ("WT_SESSION", "Decides how notifications are shown."),
    ("VTE_VERSION", "Decides how notifications and pictures are shown."),
    ("TMUX", "Decides how images are drawn."),
    ("LC_ALL", "Locale; without UTF-8, symbols are ASCII."),
    ("LC_CTYPE", "Locale, if LC_ALL is not set."),
    ("LANG", "Locale, if neither LC_ALL nor LC_CTYPE is set."),
    ("XDG_CONFIG_HOME", "Base directory of the configuration."),
    ("XDG_STATE_HOME", "Base directory of the state."),
    ("XDG_CACHE_HOME", "Base directory of names for completion."),
    ("SSL_CERT_FILE", "CA certificates to trust instead of the system's."),
    ("SSL_CERT_DIR", "Directories with CA certificates to trust instead of the system's."),
    ("HTTPS_PROXY", "Proxy for HTTPS requests. As https_proxy, if that is not set."),
    ("HTTP_PROXY", "Proxy for HTTP requests. As http_proxy, if that is not set."),
    ("ALL_PROXY", "Proxy for requests that have no other. As all_proxy, if that is not set."),
    ("NO_PROXY", "Hosts to reach without a proxy."),
    ("BROWSER", "If set, o opens pages on this machine even over SSH or without a screen."),
    ("SSH_CONNECTION", "If set, o copies the address instead, and the mouse is off."),
    ("SSH_CLIENT", "As SSH_CONNECTION."),
    ("SSH_TTY", "As SSH_CONNECTION."),
    ("DISPLAY", "Tells that there is a screen for a browser, on Unix."),
    ("WAYLAND_DISPLAY", "As DISPLAY."),
    ("WSL_DISTRO_NAME", "As DISPLAY."),
];

/// Files that are read or written, and what each holds.
pub const FILES: &[(&str, &str)] = &[
    ("~/.config/signoff/config.toml", "Configuration. `signoff config path` prints the path in use."),
    ("~/.local/state/signoff/promotions/ID.jsonl", "Journal of a promotion. Never edit it."),
    ("~/.local/state/signoff/records.jsonl", "Sign-off records of this machine. Never edit it."),
    ("~/.local/state/signoff/notify/", "What `signoff watch` saw and sent, and what is still to be sent."),
    ("~/.config/signoff/notify/", "Templates of messages that replace the built-in ones."),
    ("~/.local/state/signoff/prefs/", "What you chose on the screens."),
    ("~/.local/state/signoff/signoff.log", "Log of warnings and errors; SIGNOFF_LOG changes its level."),
    ("~/.local/state/signoff/demo/", "The same for the demo."),
    ("~/.cache/signoff/names/", "Names of models and versions that were listed in the last day, for completion."),
    ("~/.mlflow/credentials", "User name and password for MLflow."),
];

/// The examples of a command, for the end of its help.
///
/// An unknown command has none; a test checks that every command has some.
pub fn examples(command: &str) -> String {
    let lines = EXAMPLES.iter().find(|(name, _)| *name == command).map_or(&[][..], |(_, lines)| lines);
    let mut out = "Examples:".to_owned();
    for (line, does) in lines {
        let _ = write!(out, "\n  # {does}\n  $ {line}\n");
    }
    out.truncate(out.trim_end().len());
    out + &fields::of(command)
}

/// The end of `signoff --help`.
pub fn after() -> String {
    let mut out = format!("{REF}\n\n{}\n\nExit codes:\n", examples(""));
    for exit in Exit::ALL {
        let _ = writeln!(out, "  {:>3}  {}", exit.code(), exit.meaning());
    }
    let _ = write!(out, "\n{JQ}\n");
    out + "\nSee `signoff man` for environment variables and files."
}

/// The sections of the manual page that clap does not know, in roff.
pub fn manual() -> String {
    let mut out = String::from(".SH EXAMPLES\n");
    for (line, does) in EXAMPLES.iter().flat_map(|(_, lines)| *lines) {
        entry(&mut out, does, line);
    }
    let _ = write!(out, ".SH \"JQ EXPRESSIONS\"\n{}\n", roff(JQ));
    out.push_str(".SH ENVIRONMENT\n");
    for (name, does) in ENVIRONMENT {
        entry(&mut out, name, does);
    }
    out.push_str(".SH FILES\n");
    for (path, holds) in FILES {
        entry(&mut out, path, holds);
    }
    out.push_str(".SH \"EXIT STATUS\"\n");
    for exit in Exit::ALL {
        entry(&mut out, &exit.code().to_string(), exit.meaning());
    }
    out
}

fn entry(out: &mut String, term: &str, text: &str) {
    let _ = write!(out, ".TP\n\\fB{}\\fR\n{}\n", roff(term), roff(text));
}

/// Text in which roff sees no command.
fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}
