//! `watch` as a process: MLflow's own webhooks wake it, and however often it is killed, nothing is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::registry::Stage;

use crate::desk::{Desk, Running};
use crate::site::{COMMIT, Held, OLD_COMMIT, REPO, Site};
use crate::support::fake_databricks::{FakeDatabricks, PERSON};
use crate::support::fake_github::{FakeGithub, Fault, Gate, REVIEWER, Rule};
use crate::support::http;
use crate::support::pty::Key;
use crate::support::receiver::Receiver;

const SECRET: &str = "a-secret-of-the-webhook";
/// Only a failing test waits that long.
const DEADLINE: Duration = Duration::from_secs(60);

/// The pause between two looks is a day: only the webhook can cause the second one.
#[test]
fn a_webhook_that_mlflow_sends_makes_the_watch_look_at_once() {
    let site = Site::new("watch-hinted");
    let receiver = Receiver::start();
    let channel = receiver.channel("hook", "models = [\"watch-hinted\"]");
    let desk = site
        .desk()
        .with("HOOK_SECRET", SECRET)
        .configured(&format!("[watch]\nlisten_secret_env = \"HOOK_SECRET\"\n{channel}"));
    let watch = desk.start(&["watch", "--interval", "86400", "--listen", "127.0.0.1:0"]);
    let url = watch.told_after("Taking MLflow's webhooks on ");
    let digest = receiver.next();
    assert_eq!(digest.event["type"], "inbox.digest");
    digest.answer(204);
    let hook = json!({"name": "signoff", "url": url, "secret": SECRET,
        "events": [{"entity": "MODEL_VERSION", "action": "CREATED"}]});
    let made = site.api().post("webhooks", hook);
    let read_before: BTreeSet<String> = site.github.requests().into_iter().map(|r| r.target).collect();
    site.github.forget();
    // The look that the webhook causes.
    let number = site.add_version(COMMIT, 0.9, "Fewer false alarms still.");
    let arrived = receiver.next();
    assert_eq!(
        (&arrived.event["type"], &arrived.event["data"]["version"]),
        (&"version.arrived".into(), &number.into())
    );
    assert_eq!(arrived.id, arrived.event["id"].as_str().unwrap());
    arrived.answer(204);
    // GitHub was asked only for what changed.
    let again: Vec<_> = site.github.requests().into_iter().filter(|r| read_before.contains(&r.target)).collect();
    assert!(!again.is_empty() && again.iter().all(|r| r.headers.contains_key("if-none-match")), "{again:#?}");
    assert!(site.github.state().unchanged > 0);
    // A request that MLflow did not sign is refused, and the next one that it did sign still works.
    let port = url.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
    let (status, _) = http::request(port, "POST", "/", "X-MLflow-Signature: v1,AAAA\r\n", "{}").unwrap();
    assert_eq!(status, 401);
    site.add_version(COMMIT, 0.91, "And again.");
    let arrived = receiver.next();
    assert_eq!(arrived.event["data"]["version"], number + 1);
    arrived.answer(204);
    watch.signal("TERM");
    let said = watch.wait().ends(0);
    assert!(!format!("{said:?}{}", desk.everything()).contains(SECRET));
    site.api().call("DELETE", &format!("webhooks/{}", made["webhook"]["webhook_id"].as_str().unwrap()), &json!({}));
}

/// The id of a message that the test itself sends.
const SETTLED: &str = "settled";

/// What the channel was told: every fifth message is refused.
struct Courier {
    port: u16,
    /// Id and model of each message, and whether it was accepted.
    told: Arc<Mutex<Vec<(String, String, bool)>>>,
    /// After how many more messages somebody is to be told, and who.
    alarm: Arc<Mutex<Option<(usize, Alarm)>>>,
}

/// Told of a message that was taken; it is answered when `go` is gone.
struct Alarm {
    reached: Sender<String>,
    go: mpsc::Receiver<()>,
    answered: bool,
}

impl Courier {
    fn of(receiver: Receiver) -> Self {
        let told = Arc::<Mutex<Vec<_>>>::default();
        let alarm = Arc::<Mutex<Option<(usize, Alarm)>>>::default();
        let (list, bell, port) = (Arc::clone(&told), Arc::clone(&alarm), receiver.port());
        std::thread::spawn(move || {
            for number in 1_usize.. {
                let message = loop {
                    let message = receiver.forever();
                    if message.id != SETTLED {
                        break message;
                    }
                    message.answer(204);
                };
                let accepted = number % 5 != 0;
                let model = message.event["data"]["model"].as_str().unwrap_or_default().to_owned();
                assert_eq!(message.id, message.event["id"].as_str().unwrap());
                list.lock().unwrap().push((message.id.clone(), model, accepted));
                let due = bell.lock().unwrap().take_if(|(left, _)| {
                    *left = left.saturating_sub(1);
                    *left == 0
                });
                let status = if accepted { 204 } else { 503 };
                match due {
                    None => message.answer(status),
                    Some((_, alarm)) => {
                        let id = message.id.clone();
                        let message = if alarm.answered {
                            message.answer(status);
                            None
                        } else {
                            Some(message)
                        };
                        let _ = alarm.reached.send(id);
                        let _ = alarm.go.recv();
                        // To nobody: the watch was killed.
                        message.into_iter().for_each(|message| message.answer(status));
                    }
                }
            }
        });
        Self { port, told, alarm }
    }

    /// Waits for the `nth` message from now on; it is answered before, or not until what is returned is dropped.
    fn at(&self, nth: usize, answered: bool) -> (mpsc::Receiver<String>, Sender<()>) {
        let ((reached, at), (hold, go)) = (mpsc::channel(), mpsc::channel());
        *self.alarm.lock().unwrap() = Some((nth, Alarm { reached, go, answered }));
        (at, hold)
    }

    /// Everything that was told so far. Messages are taken one after the other, so that an answer to one more means
    /// that all before it were taken.
    fn told(&self) -> Vec<(String, String, bool)> {
        let id = format!("webhook-id: {SETTLED}\r\n");
        http::request(self.port, "POST", "/", &id, "{}").unwrap();
        self.told.lock().unwrap().clone()
    }
}

/// A workspace in which models arrive.
struct World {
    workspace: FakeDatabricks,
    github: FakeGithub,
}

impl World {
    fn start() -> Self {
        let (workspace, github) = (FakeDatabricks::start(), FakeGithub::start_blocking());
        workspace.change(|state| {
            let changed = state.store.change(|world| {
                for run in Arc::make_mut(&mut world.runs).values_mut() {
                    run.tags.insert("mlflow.source.git.commit".to_owned(), OLD_COMMIT.to_owned());
                    run.tags.remove("mlflow.source.git.repoURL");
                }
                Ok::<(), ()>(())
            });
            changed.unwrap().unwrap();
        });
        Self { workspace, github }
    }

    fn desk(&self, channel: &str) -> Desk {
        Desk::empty()
            .with("DATABRICKS_PROD_HOST", &self.workspace.url())
            .with("DATABRICKS_PROD_TOKEN", PERSON)
            .with("MLFLOW_REGISTRY_URI", "databricks")
            .with("GH_TOKEN", REVIEWER)
            .with("GH_REPO", REPO)
            .with("GITHUB_API_URL", &self.github.url())
            .configured(&format!(
                "[watch]\ninterval_seconds = 1\ndrift_interval_seconds = 2\nretry_seconds = 1\n{channel}"
            ))
    }

    /// A new model with one version that waits; the one before is described anew.
    fn arrives(&self, number: usize) -> String {
        let name = format!("arrival-{number:02}");
        self.workspace.change(|state| {
            let changed = state.store.change(|world| {
                let mut model = world.models[&ModelName::new("telco-churn")].clone();
                let mut version = model.versions[&VersionNumber(42)].clone();
                version.stage = Stage::None;
                version.tags.clear();
                model.versions = BTreeMap::from([(VersionNumber(1), version)]);
                model.aliases.clear();
                world.models.insert(ModelName::new(&*name), model);
                if let Some(before) = number.checked_sub(1) {
                    let before = world.models.get_mut(&ModelName::new(format!("arrival-{before:02}")));
                    before.into_iter().flat_map(|m| m.versions.values_mut()).for_each(|v| v.description.push('.'));
                }
                Ok::<(), ()>(())
            });
            changed.unwrap().unwrap();
        });
        name
    }
}

/// Bell and notification are for what the channel of the terminal is for; the title counts what waits.
#[test]
fn the_terminal_tells_of_what_its_channel_is_for_and_of_nothing_else() {
    let world = World::start();
    let desk = world.desk(
        "[ui]\nrefresh = 1\n[notify.here]\ntype = \"terminal\"\nnotification = \"osc777\"\nmodels = [\"arrival-01\"]\n\
         [notify.later]\ntype = \"terminal\"\nnotification = \"osc9\"\ntitle = false\nevents = [\"cd.*\"]\n",
    );
    let mut pty = desk.sit_down(&["--target", "prod"]);
    pty.wait_for("telco-churn");
    pty.press(Key::Char('m'));
    pty.wait_for("DESCRIPTION");
    for number in 0..2 {
        let name = world.arrives(number);
        pty.wait_for(&format!("{name} v1 waits for review"));
        // Makes room for the next word.
        pty.press(Key::Char('j'));
        pty.wait_gone("waits for review");
    }
    let told = pty.kill().told;
    assert_eq!(told.strange, ["OSC 777;notify;signoff;arrival-01 v1 waits for review", "bell"]);
    let counts: Vec<usize> =
        told.titles.iter().filter_map(|title| title.strip_suffix(" waiting")?.parse().ok()).collect();
    assert!(counts.len() == 3 && counts.windows(2).all(|two| two[1] == two[0] + 1), "{:?}", told.titles);
}

fn kill(watch: Running) {
    watch.signal("KILL");
    assert_eq!(watch.wait().code, None, "it was killed");
}

/// Dozens of real kills: while a server is asked, while a message is under way, and right after one was taken.
#[test]
fn a_watch_that_is_killed_again_and_again_loses_nothing_and_repeats_only_what_was_in_doubt() {
    let world = World::start();
    let receiver = Receiver::start();
    let channel = receiver.channel("hook", "");
    let courier = Courier::of(receiver);
    let desk = world.desk(&channel);
    let watch = ["watch", "--target", "prod"];
    desk.run(&["watch", "--target", "prod", "--once"]).ends(0);
    assert_eq!(courier.told().len(), 1, "what waited is one message");
    let mut arrived = Vec::new();
    let mut doubtful: BTreeMap<String, usize> = BTreeMap::new();
    for round in 0..40 {
        arrived.push(world.arrives(round));
        let before = courier.told().len();
        let nth = (round / 4) as u32;
        match round % 4 {
            0 => {
                let held = Held(Gate::default());
                world.workspace.fault(Rule::new("*", "*", Fault::Delay(held.0.clone())).after(nth));
                let running = desk.start(&watch);
                held.wait();
                kill(running);
                held.release();
                world.workspace.heal();
            }
            1 => {
                let held = Held(Gate::default());
                world.github.fault(Rule::new("GET", "*", Fault::DelayReply(held.0.clone())).after(nth % 4));
                let running = desk.start(&watch);
                held.wait();
                kill(running);
                held.release();
                world.github.heal();
            }
            in_answer => {
                let (reached, hold) = courier.at(1 + round % 2 * (round / 8 % 2), in_answer == 3);
                let running = desk.start(&watch);
                let id = reached.recv_timeout(DEADLINE).expect("a message");
                kill(running);
                drop(hold);
                // The next one may have come before the kill did.
                assert!(courier.told().iter().any(|(told, ..)| *told == id));
            }
        }
        // What was sent last may not have been crossed off any more, wherever it was killed.
        if let Some((id, ..)) = courier.told().get(before..).and_then(<[_]>::last) {
            *doubtful.entry(id.clone()).or_default() += 1;
        }
    }
    // In the end everything is delivered.
    let ended = (0..20).any(|_| desk.run(&["watch", "--target", "prod", "--once"]).code == Some(0));
    assert!(ended, "the outbox never emptied");
    let told = courier.told();
    let mut accepted: BTreeMap<&str, usize> = BTreeMap::new();
    for (id, ..) in told.iter().filter(|(_, _, accepted)| *accepted) {
        *accepted.entry(id).or_default() += 1;
    }
    for name in &arrived {
        let ids: BTreeSet<&str> = told.iter().filter(|(_, m, _)| m == name).map(|(id, ..)| id.as_str()).collect();
        assert_eq!(ids.len(), 1, "{name} is one event: {ids:?}");
        assert!(ids.iter().all(|id| accepted.contains_key(id)), "{name} was lost");
    }
    for (id, times) in &accepted {
        let doubt = doubtful.get(*id).copied().unwrap_or_default();
        assert!(*times <= 1 + doubt, "{id} was told {times} times, and was in doubt {doubt} times");
    }
    assert!(doubtful.len() > 10 && told.iter().any(|(_, _, accepted)| !accepted), "{doubtful:?}");
}
