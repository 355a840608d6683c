//! `[notify.NAME]`: the channels that tell people what happened.
//!
//! No secret stands in the file: keys that end in `_env` name a variable, read when the channels are wanted. A channel
//! that cannot be used, because a variable is not set, is broken alone: the others work.

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::env::Env;
use super::origin::Sourced;
use super::reader::Section;
use super::show::Shown;
use crate::domain::address::{is_loopback, redacted};
use crate::domain::event::{EventKind, Interest};
use crate::domain::pattern::matches;
use crate::domain::text::clean_line;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelKind {
    Email,
    Webhook,
    Slack,
    Teams,
    Command,
    Terminal,
}

const KINDS: &[(&str, ChannelKind)] = &[
    ("email", ChannelKind::Email),
    ("webhook", ChannelKind::Webhook),
    ("slack", ChannelKind::Slack),
    ("teams", ChannelKind::Teams),
    ("command", ChannelKind::Command),
    ("terminal", ChannelKind::Terminal),
];

impl ChannelKind {
    /// Its name in the configuration file.
    pub fn name(self) -> &'static str {
        KINDS.iter().find(|(_, kind)| *kind == self).map_or("webhook", |(name, _)| name)
    }
}

/// How mail is encrypted on its way to the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MailTls {
    /// Upgraded after connecting; refused if the server cannot.
    #[default]
    StartTls,
    /// From the first byte.
    Tls,
    /// Not at all: to this machine only.
    None,
}

const MAIL_TLS: &[(&str, MailTls)] = &[("starttls", MailTls::StartTls), ("tls", MailTls::Tls), ("none", MailTls::None)];

impl MailTls {
    fn port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

/// How a terminal is asked to show a notification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TerminalNotice {
    /// As its variables say.
    #[default]
    Auto,
    Osc9,
    Osc777,
    Off,
}

const NOTICES: &[(&str, TerminalNotice)] = &[
    ("auto", TerminalNotice::Auto),
    ("osc9", TerminalNotice::Osc9),
    ("osc777", TerminalNotice::Osc777),
    ("off", TerminalNotice::Off),
];

/// `[notify.NAME]` as written.
#[derive(Clone, Debug)]
pub struct ChannelSection {
    line: usize,
    interest: Interest,
    /// `None` if the type is missing or unknown, which is recorded as a mistake.
    parts: Option<Parts>,
    shown: Vec<(&'static str, Sourced<String>)>,
}

#[derive(Clone, Debug)]
enum Parts {
    Email(Box<EmailParts>),
    Http(ChannelKind, HttpParts),
    Command { run: Vec<String>, timeout: Duration },
    Terminal { bell: bool, notification: TerminalNotice, title: bool },
}

#[derive(Clone, Debug)]
struct EmailParts {
    host: String,
    port: u16,
    tls: MailTls,
    ca_file: Option<PathBuf>,
    username: Option<String>,
    password_env: Option<String>,
    from: String,
    to: Vec<String>,
    timeout: Duration,
}

#[derive(Clone, Debug)]
struct HttpParts {
    url: Option<Url>,
    url_env: Option<String>,
    secret_env: Option<String>,
    ca_file: Option<PathBuf>,
    timeout: Duration,
    plain: bool,
}

/// A channel, with its secrets.
#[derive(Clone, Debug)]
pub struct Channel {
    pub name: String,
    pub kind: ChannelKind,
    pub interest: Interest,
    /// How to send, or what is wrong with the channel, as a phrase.
    pub settings: Result<ChannelSettings, String>,
}

#[derive(Clone, Debug)]
pub enum ChannelSettings {
    Email(Box<EmailSettings>),
    Http(HttpSettings),
    /// A program, which gets the event on its standard input.
    Command {
        run: Vec<String>,
        timeout: Duration,
    },
    Terminal {
        bell: bool,
        notification: TerminalNotice,
        title: bool,
    },
}

#[derive(Clone, Debug)]
pub struct EmailSettings {
    pub host: String,
    pub port: u16,
    pub tls: MailTls,
    pub ca_file: Option<PathBuf>,
    pub login: Option<(String, SecretString)>,
    pub from: String,
    pub to: Vec<String>,
    pub timeout: Duration,
}

#[derive(Clone, Debug)]
pub struct HttpSettings {
    pub url: SecretString,
    /// What may be said of the address.
    pub place: String,
    /// Whether the address came from a variable, and so is a secret itself.
    pub url_is_secret: bool,
    /// The key to sign with, as `whsec_` and base64.
    pub secret: Option<SecretString>,
    pub ca_file: Option<PathBuf>,
    pub timeout: Duration,
}

/// Reads `[notify.NAME]`.
pub(super) fn read(
    s: Section<'_, '_>,
    home: Option<&Path>,
    variable: fn(&str) -> Result<String, String>,
) -> Vec<(String, ChannelSection)> {
    let mut out: Vec<(String, ChannelSection)> = Vec::new();
    for (name, line, section) in s.children() {
        let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if !plain {
            let shown = clean_line(&name);
            section.note(line, format!("'{shown}' cannot be the name of a channel: use letters, digits, - and _"));
        }
        out.push((name, channel(section, line, home, variable)));
    }
    out
}

fn channel(
    mut s: Section<'_, '_>,
    line: usize,
    home: Option<&Path>,
    variable: fn(&str) -> Result<String, String>,
) -> ChannelSection {
    let kind = s.choice("type", KINDS);
    let all = || vec!["*".to_owned()];
    let events = s.patterns("events");
    if let Some(events) = &events {
        for pattern in events.value.iter().filter(|p| !EventKind::ALL.iter().any(|kind| matches(p, kind.name()))) {
            let names: Vec<&str> = EventKind::ALL.iter().map(|kind| kind.name()).collect();
            let what = format!("events: no event is called '{}'; there are {}", clean_line(pattern), names.join(", "));
            s.note(line, what);
        }
    }
    let (models, targets) = (s.patterns("models"), s.patterns("targets"));
    let mut shown: Vec<(&'static str, Sourced<String>)> = Vec::new();
    shown.extend(kind.as_ref().map(|k| ("type", k.clone().map(|k| k.name().to_owned()))));
    for (key, list) in [("events", &events), ("models", &models), ("targets", &targets)] {
        shown.extend(list.clone().map(|list| (key, list.map(|l| l.join(", ")))));
    }
    let value = |list: Option<Sourced<Vec<String>>>| list.map_or_else(all, |l| l.value);
    let interest = Interest { events: value(events), models: value(models), targets: value(targets) };
    let parts = match kind.as_ref().map(|k| k.value) {
        Some(ChannelKind::Email) => email(&mut s, line, home, variable, &mut shown),
        Some(kind @ (ChannelKind::Webhook | ChannelKind::Slack | ChannelKind::Teams)) => {
            http(&mut s, kind, line, home, variable, &mut shown)
        }
        Some(ChannelKind::Command) => command(&mut s, line, &mut shown),
        Some(ChannelKind::Terminal) => {
            let (bell, title) = (s.boolean("bell"), s.boolean("title"));
            let notification = s.choice("notification", NOTICES);
            Some(Parts::Terminal {
                bell: bell.is_none_or(|b| b.value),
                notification: notification.map_or(TerminalNotice::Auto, |n| n.value),
                title: title.is_none_or(|t| t.value),
            })
        }
        None => {
            let names: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
            // An unknown type was noted already.
            if !s.has("type") {
                s.note(line, format!("a channel needs a type: {}", names.join(", ")));
            }
            return ChannelSection { line, interest, parts: None, shown };
        }
    };
    s.finish();
    ChannelSection { line, interest, parts, shown }
}

fn seconds(s: &mut Section<'_, '_>, default: u64, shown: &mut Vec<(&'static str, Sourced<String>)>) -> Duration {
    let set = s.integer("timeout_seconds", 1..=600);
    shown.extend(set.clone().map(|t| ("timeout_seconds", t.map(|t| t.to_string()))));
    Duration::from_secs(set.map_or(default, |t| t.value))
}

fn keep<T: ToString>(
    shown: &mut Vec<(&'static str, Sourced<String>)>,
    key: &'static str,
    set: Option<Sourced<T>>,
) -> Option<T> {
    let set = set?;
    shown.push((key, Sourced::new(set.value.to_string(), set.origin)));
    Some(set.value)
}

fn email(
    s: &mut Section<'_, '_>,
    line: usize,
    home: Option<&Path>,
    variable: fn(&str) -> Result<String, String>,
    shown: &mut Vec<(&'static str, Sourced<String>)>,
) -> Option<Parts> {
    let host = keep(shown, "host", s.string("host"));
    let port = keep(shown, "port", s.integer("port", 1..=65_535));
    let tls = s.choice("tls", MAIL_TLS);
    let ca_file = s.path("ca_file", home).map(|path| path.value);
    let username = keep(shown, "username", s.string("username"));
    let password_env = keep(shown, "password_env", s.parsed("password_env", variable));
    let from = keep(shown, "from", s.parsed("from", address));
    let to = s.each("to", address);
    shown.extend(to.clone().map(|to| ("to", to.map(|to| to.join(", ")))));
    let timeout = seconds(s, 30, shown);
    let tls = tls.map_or(MailTls::StartTls, |tls| tls.value);
    if let Some(host) = host.as_deref().filter(|host| tls == MailTls::None && !is_here(host)) {
        let host = clean_line(host);
        s.note(line, format!("tls = \"none\" is for this machine only, and {host} is another: use starttls or tls"));
    }
    if username.is_some() != password_env.is_some() {
        s.note(line, "username and password_env belong together: set both or none");
    }
    let to = to.map(|to| to.value).unwrap_or_default();
    if host.is_none() || from.is_none() || to.is_empty() {
        s.note(line, "an e-mail channel needs host, from and to");
    }
    let port = port.and_then(|port| u16::try_from(port).ok()).unwrap_or_else(|| tls.port());
    let (host, from) = (host?, from?);
    Some(Parts::Email(Box::new(EmailParts { host, port, tls, ca_file, username, password_env, from, to, timeout })))
}

/// A mail address, or one with a name in front: `QA <qa@example.com>`. What it means exactly is up to the mail library.
fn address(text: &str) -> Result<String, String> {
    let inner = text.rsplit_once('<').map_or(text, |(_, rest)| rest.trim_end_matches('>'));
    let fine = inner.split_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty());
    match fine && clean_line(text) == text {
        true => Ok(text.to_owned()),
        false => Err(format!("'{}' is not a mail address such as qa@example.com", clean_line(text))),
    }
}

fn is_here(host: &str) -> bool {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    Url::parse(&format!("http://{host}")).is_ok_and(|url| is_loopback(&url))
}

fn http(
    s: &mut Section<'_, '_>,
    kind: ChannelKind,
    line: usize,
    home: Option<&Path>,
    variable: fn(&str) -> Result<String, String>,
    shown: &mut Vec<(&'static str, Sourced<String>)>,
) -> Option<Parts> {
    let url = s.parsed("url", parse_url);
    shown.extend(url.clone().map(|url| ("url", url.map(|url| redacted(url.as_str())))));
    let url_env = keep(shown, "url_env", s.parsed("url_env", variable));
    let secret_env = match kind {
        ChannelKind::Webhook => keep(shown, "secret_env", s.parsed("secret_env", variable)),
        _ => None,
    };
    let ca_file = s.path("ca_file", home).map(|path| path.value);
    let timeout = seconds(s, 10, shown);
    let plain = keep(shown, "allow_plain_http", s.boolean("allow_plain_http")).unwrap_or(false);
    let url = url.map(|url| url.value);
    if url.is_none() && url_env.is_none() && !s.has("url") && !s.has("url_env") {
        s.note(line, "the channel needs an address: set url, or name the variable that holds it with url_env");
    }
    if let Some(why) = url.as_ref().and_then(|url| unfit(url, plain)) {
        s.note(line, format!("url: {why}"));
    }
    Some(Parts::Http(kind, HttpParts { url, url_env, secret_env, ca_file, timeout, plain }))
}

fn command(s: &mut Section<'_, '_>, line: usize, shown: &mut Vec<(&'static str, Sourced<String>)>) -> Option<Parts> {
    let run = s.arguments("run");
    shown.extend(run.clone().map(|run| ("run", run.map(|run| run.join(" ")))));
    let timeout = seconds(s, 30, shown);
    let run = run.map(|run| run.value).unwrap_or_default();
    if run.first().is_none_or(|program| program.trim().is_empty()) {
        s.note(line, "a command channel needs run = [\"program\", \"argument\"]");
    }
    Some(Parts::Command { run, timeout })
}

/// Never repeats the text: it may be a secret.
fn parse_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| "this is not an address such as https://example.com/hook".to_owned())?;
    match url.scheme() {
        "http" | "https" if url.has_host() => Ok(url),
        _ => Err("this is not an address such as https://example.com/hook".to_owned()),
    }
}

/// Why messages may not be sent to this address.
fn unfit(url: &Url, plain: bool) -> Option<&'static str> {
    let open = url.scheme() == "http" && !is_loopback(url) && !plain;
    open.then_some("http:// to another machine is not encrypted: use https://, or set allow_plain_http = true")
}

impl ChannelSection {
    /// The channel with what the environment holds for it.
    pub fn resolve(&self, name: &str, env: &Env) -> Option<Channel> {
        let (kind, settings) = match self.parts.as_ref()? {
            Parts::Email(parts) => (ChannelKind::Email, mail(parts, env)),
            Parts::Http(kind, parts) => (*kind, post(parts, env)),
            Parts::Command { run, timeout } => {
                (ChannelKind::Command, Ok(ChannelSettings::Command { run: run.clone(), timeout: *timeout }))
            }
            Parts::Terminal { bell, notification, title } => {
                let notification = match notification {
                    TerminalNotice::Auto => known_to_terminal(env),
                    TerminalNotice::Osc9 | TerminalNotice::Osc777 | TerminalNotice::Off => *notification,
                };
                let settings = ChannelSettings::Terminal { bell: *bell, notification, title: *title };
                (ChannelKind::Terminal, Ok(settings))
            }
        };
        Some(Channel { name: name.to_owned(), kind, interest: self.interest.clone(), settings })
    }

    pub(super) fn shown(&self, name: &str) -> Vec<Shown> {
        let key = |key: &str| format!("notify.{name}.{key}");
        self.shown.iter().map(|(k, value)| Shown::new(key(k), &value.value, &value.origin)).collect()
    }

    /// Line of the table header.
    pub fn line(&self) -> usize {
        self.line
    }
}

fn held(env: &Env, name: &str) -> Result<SecretString, String> {
    env.get(name).map(SecretString::from).ok_or_else(|| format!("the environment variable {name} is not set"))
}

fn mail(parts: &EmailParts, env: &Env) -> Result<ChannelSettings, String> {
    let login = match (&parts.username, &parts.password_env) {
        (Some(user), Some(variable)) => Some((user.clone(), held(env, variable)?)),
        _ => None,
    };
    Ok(ChannelSettings::Email(Box::new(EmailSettings {
        host: parts.host.clone(),
        port: parts.port,
        tls: parts.tls,
        ca_file: parts.ca_file.clone(),
        login,
        from: parts.from.clone(),
        to: parts.to.clone(),
        timeout: parts.timeout,
    })))
}

fn post(parts: &HttpParts, env: &Env) -> Result<ChannelSettings, String> {
    let (url, place, url_is_secret) = match (&parts.url, &parts.url_env) {
        (Some(_), Some(_)) => return Err("it has both url and url_env: keep one of them".to_owned()),
        (Some(url), None) => (SecretString::from(url.as_str()), redacted(url.as_str()), false),
        (None, Some(variable)) => {
            use secrecy::ExposeSecret as _;
            let text = held(env, variable)?;
            let url = parse_url(text.expose_secret()).map_err(|_| format!("{variable} does not hold an address"))?;
            if let Some(why) = unfit(&url, parts.plain) {
                return Err(format!("{variable}: {why}"));
            }
            (SecretString::from(url.as_str()), format!("the address in {variable}"), true)
        }
        (None, None) => return Err("it has no address".to_owned()),
    };
    let secret = parts.secret_env.as_ref().map(|variable| held(env, variable)).transpose()?;
    Ok(ChannelSettings::Http(HttpSettings {
        url,
        place,
        url_is_secret,
        secret,
        ca_file: parts.ca_file.clone(),
        timeout: parts.timeout,
    }))
}

/// How the terminal shows notifications, by its variables. One that is not known to show any gets none: some print what
/// they do not know.
fn known_to_terminal(env: &Env) -> TerminalNotice {
    let program = env.get("TERM_PROGRAM").or_else(|| env.get("LC_TERMINAL")).unwrap_or_default();
    let term = env.get("TERM").unwrap_or_default();
    let nine = ["iTerm.app", "iTerm2", "WezTerm", "ghostty"].contains(&program)
        || env.get("KITTY_WINDOW_ID").is_some()
        || env.get("WT_SESSION").is_some()
        || term.contains("ghostty")
        || term.contains("kitty");
    let many = term.starts_with("rxvt") || term.starts_with("foot") || env.get("VTE_VERSION").is_some();
    match (nine, many) {
        (true, _) => TerminalNotice::Osc9,
        (false, true) => TerminalNotice::Osc777,
        (false, false) => TerminalNotice::Off,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terminal_is_asked_in_the_way_it_knows() {
        let of = |vars: &[(&str, &str)]| known_to_terminal(&Env::of(vars, "/home/rev"));
        assert_eq!(of(&[("TERM_PROGRAM", "iTerm.app")]), TerminalNotice::Osc9);
        assert_eq!(of(&[("TERM", "xterm-kitty")]), TerminalNotice::Osc9);
        assert_eq!(of(&[("TERM", "foot")]), TerminalNotice::Osc777);
        assert_eq!(of(&[("TERM", "xterm-256color"), ("VTE_VERSION", "7600")]), TerminalNotice::Osc777);
        assert_eq!(of(&[("TERM", "xterm-256color")]), TerminalNotice::Off);
    }
}
