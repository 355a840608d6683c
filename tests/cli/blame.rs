//! One cause, one sentence: whatever is wrong, each command names it once, blames nothing else, and exits as documented.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use signoff::adapters::github::{Connection, GitHub, TokenSource};
use signoff::adapters::mlflow::{self, Auth, Endpoint, Mlflow};
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::policy::file;
use signoff::domain::rules::{PolicyRule, RepositoryRule, Rules};

use super::acts::{approve_with, at_once};
use super::*;
use crate::support::fake_github::{FakeGithub, Fault, NARROW, REVIEWER, Rule};
use crate::support::stub::{Act, Stub};

const REPO: &str = "acme/churn-model";
/// The commits of telco-churn v39 and v42.
const COMMITS: [&str; 2] = ["0b1d7c2d3cf3cfd6ba5a1d4f4ee1a8d2f5b33b5c", "3f9c1ab0df14804094ce2c71bacb99a9dad6be89"];

/// The demo's registry and a GitHub of its own.
struct Place {
    desk: Desk,
    fake: FakeGithub,
    /// Keeps a scripted server alive.
    stub: Option<Stub>,
}

impl Place {
    fn new() -> Self {
        let desk = Desk::with(|rules| {
            rules.repository = RepositoryRule { fixed: REPO.parse().ok(), ..Default::default() };
            let configured = file::parse("[policy]\ndefault_branch = true\n").unwrap();
            rules.policy = PolicyRule { configured, ..PolicyRule::default() };
        });
        let fake = FakeGithub::start_blocking();
        fake.change(|world| world.clock = Some(NOW.parse().unwrap()));
        let commits = desk.store.snapshot().unwrap().repo.commits;
        fake.change_repo(|repo| {
            for sha in commits.keys() {
                repo.commit("main", sha.as_str(), "Train");
            }
            repo.commit("main", COMMITS[1], "Train");
        });
        let mut place = Self { desk, fake, stub: None };
        place.connect(&place.fake.url(), REVIEWER);
        place
    }

    /// Everything that the target's policy can ask of the code.
    fn ask_much(&mut self) {
        let toml = "[policy]\ndefault_branch = true\nchecks = [\"unit\", \"data\"]\npull_request_approvals = 1\n";
        let configured = file::parse(toml).unwrap();
        let rules =
            Rules { policy: PolicyRule { configured, ..PolicyRule::default() }, ..self.desk.target.rules.clone() };
        self.desk.services.rules = Arc::new(rules);
    }

    /// A GitHub client for this address, which is called as the usual one.
    fn connect(&mut self, api: &str, token: &str) {
        let source = |t: &str| TokenSource::Value(SecretString::from(t.to_owned()));
        let host = Connection::to_api(self.fake.url().parse().unwrap(), source(token)).host;
        let mut connection = Connection::to_api(api.parse().unwrap(), source(token));
        connection.host = host;
        connection.settings.repeat.pause = Duration::ZERO;
        let github = Arc::new(GitHub::new(connection));
        self.desk.services.host = github.clone();
        self.desk.services.code = github;
    }

    fn mlflow(&mut self, url: &str, workspace: Option<&str>) -> Arc<Mlflow> {
        let mut connection = mlflow::Connection::new(Endpoint::parse(url, Auth::None).unwrap());
        connection.settings.repeat.pause = Duration::ZERO;
        connection.workspace = workspace.map(str::to_owned);
        Arc::new(Mlflow::new(&connection))
    }

    /// A registry at this address instead of the demo's.
    fn register(&mut self, url: &str, workspace: Option<&str>) {
        let mlflow = self.mlflow(url, workspace);
        self.desk.services.registry = mlflow.clone();
        self.desk.services.tracking = mlflow;
    }

    fn stubbed(&mut self, act: Act) {
        let stub = Stub::start(vec![act]);
        self.register(&stub.url(), None);
        self.stub = Some(stub);
    }

    fn edit(&self, change: impl FnOnce(&mut World)) {
        let changed = |world: &mut World| {
            change(world);
            Ok::<_, ()>(())
        };
        self.desk.store.change(changed).unwrap().unwrap();
    }
}

fn closed_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

const DOCTOR: &str = "doctor";
const CHECK: &str = "check telco-churn/42";
const SHOW: &str = "show telco-churn/42";
const PLAN: &str = "approve telco-churn/42 --dry-run";
const RESUME: &str = "resume";
const VERIFY: &str = "verify telco-churn-v42";

fn churn() -> ModelName {
    ModelName::new("telco-churn")
}

/// A cause, what tells it, and how the commands end. A command without an end is not touched by it: it is not run for
/// the registry's servers, whose address is part of what a promotion was signed for.
struct Cause {
    name: &'static str,
    spoil: fn(&mut Place),
    /// Words of which exactly one is said, once.
    says: &'static [&'static str],
    /// Of doctor, check, show, approve, resume and verify.
    ends: [Option<Exit>; 6],
}

const COMMANDS: [&str; 6] = [DOCTOR, CHECK, SHOW, PLAN, RESUME, VERIFY];

/// Each cause in words that no sentence about another cause holds.
const BLAMES: [&str; 22] = [
    "is called acme/churn-ml now",
    "is not readable: it does not exist",
    "the GitHub token cannot write",
    "not accessible by personal access token",
    "does not accept the token",
    "does not have commit",
    "No commit found",
    "connection refused",
    "does not speak TLS",
    "the host is not known",
    "failed (HTTP 500)",
    "is overloaded (HTTP 503)",
    "with a web page instead of",
    "cannot be read (it ends too early",
    "asks who you are",
    "has no workspace 'pricing'",
    "there is no model",
    "has no version",
    "has no run",
    "has no workflow",
    "Not Found",
    "belongs to target",
];

fn local(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// The ends of a server that cannot be used: GitHub's.
const fn of_github(exit: Exit) -> [Option<Exit>; 6] {
    [Some(exit), Some(Exit::Refused), Some(Exit::Done), Some(exit), Some(exit), Some(exit)]
}

/// MLflow's.
const fn of_mlflow(exit: Exit) -> [Option<Exit>; 6] {
    [Some(exit), Some(exit), Some(exit), Some(exit), None, None]
}

fn tls(address: &str) -> String {
    address.replace("http://", "https://")
}

fn causes() -> Vec<Cause> {
    use Exit::{Denied, Done, Refused, Unreachable, Usage};
    let cause = |name, says, ends, spoil| Cause { name, spoil, says, ends };
    vec![
        cause("nothing is wrong", &[], [Some(Done); 6], |_| {}),
        cause("the repository moved", &["is called acme/churn-ml now"], of_github(Usage), |p| {
            p.fake.change(|world| world.rename(REPO, "acme/churn-ml"));
        }),
        cause("the repository is hidden", &["is not readable: it does not exist"], of_github(Denied), |p| {
            p.fake.change_repo(|repo| repo.access.remove("rev1"));
        }),
        cause(
            "the token may not write",
            &["the GitHub token cannot write", "not accessible by personal access token"],
            [Some(Denied), None, None, Some(Denied), Some(Refused), None],
            |p| {
                let url = p.fake.url();
                p.connect(&url, NARROW);
            },
        ),
        cause("the token was revoked", &["does not accept the token"], of_github(Denied), |p| {
            let url = p.fake.url();
            p.connect(&url, "ghp_revoked");
        }),
        cause(
            "the commit is gone",
            &["does not have commit", "No commit found"],
            [None, Some(Refused), Some(Done), Some(Refused), Some(Refused), Some(Refused)],
            |p| {
                p.fake.change_repo(|repo| Arc::make_mut(&mut repo.commits).remove(&COMMITS[1].parse().unwrap()));
            },
        ),
        cause("GitHub is down", &["connection refused"], of_github(Unreachable), |p| {
            p.connect(&local(closed_port()), REVIEWER);
        }),
        cause("GitHub speaks no TLS", &["does not speak TLS"], of_github(Unreachable), |p| {
            let url = tls(&p.fake.url());
            p.connect(&url, REVIEWER);
        }),
        cause("GitHub's name is not known", &["the host is not known"], of_github(Unreachable), |p| {
            p.connect("https://no-such-host.invalid", REVIEWER);
        }),
        cause("GitHub fails", &["failed (HTTP 500)"], of_github(Unreachable), |p| {
            p.fake.fault(Rule::new("*", "*", Fault::Status(500, serde_json::json!({}))).always());
        }),
        cause("GitHub is overloaded", &["is overloaded (HTTP 503)"], of_github(Unreachable), |p| {
            p.fake.fault(Rule::new("*", "*", Fault::Status(503, serde_json::json!({}))).always());
        }),
        cause("GitHub's answer is a web page", &["with a web page instead of"], of_github(Unreachable), |p| {
            p.fake.fault(Rule::new("*", "*", Fault::Html(200)).always());
        }),
        cause("GitHub's answer is no JSON", &["cannot be read (it ends too early"], of_github(Unreachable), |p| {
            p.fake.fault(Rule::new("*", "*", Fault::HalfBody).always());
        }),
        cause("MLflow is down", &["connection refused"], of_mlflow(Unreachable), |p| {
            p.register(&local(closed_port()), None);
        }),
        cause("MLflow's name is not known", &["the host is not known"], of_mlflow(Unreachable), |p| {
            p.register("http://no-such-host.invalid", None);
        }),
        cause("MLflow speaks no TLS", &["does not speak TLS"], of_mlflow(Unreachable), |p| {
            let url = tls(&p.fake.url());
            p.register(&url, None);
        }),
        cause("MLflow fails", &["failed (HTTP 500)"], of_mlflow(Unreachable), |p| {
            p.stubbed(Act::Answer(500, "", "{}".into()));
        }),
        cause("MLflow's answer is a web page", &["with a web page instead of"], of_mlflow(Unreachable), |p| {
            p.stubbed(Act::html(200));
        }),
        cause("MLflow's answer is no JSON", &["cannot be read (it ends too early"], of_mlflow(Unreachable), |p| {
            p.stubbed(Act::json("{\"model"));
        }),
        cause("MLflow asks for a password", &["asks who you are"], of_mlflow(Denied), |p| p.stubbed(Act::html(401))),
        cause("the workspace does not exist", &["has no workspace 'pricing'"], of_mlflow(Usage), |p| {
            let gone = "{\"error_code\":\"RESOURCE_DOES_NOT_EXIST\",\"message\":\"Workspace 'pricing' not found\"}";
            let gone = Act::Answer(404, "Content-Type: application/json\r\n", gone.into());
            let info = Act::json("{\"workspaces_enabled\":true}");
            let acts = vec![("server-info", info), ("/version ", Act::json("3.18.0")), ("", gone)];
            let stub = Stub::start(vec![Act::On(acts)]);
            p.register(&stub.url(), Some("pricing"));
            p.stub = Some(stub);
        }),
        cause(
            "the model does not exist",
            &["there is no model"],
            [None, Some(Refused), Some(Refused), Some(Refused), Some(Refused), Some(Refused)],
            |p| p.edit(|world| drop(world.models.remove(&churn()))),
        ),
        cause(
            "the version was deleted",
            &["has no version"],
            [None, Some(Refused), Some(Refused), Some(Refused), Some(Refused), Some(Refused)],
            |p| {
                p.edit(|world| {
                    world.models.get_mut(&churn()).unwrap().versions.remove(&VersionNumber(42));
                });
            },
        ),
        cause(
            "the run was deleted for good",
            &["has no run"],
            [None, Some(Refused), Some(Done), Some(Refused), Some(Refused), Some(Refused)],
            |p| {
                p.edit(|world| {
                    let run = world.models[&churn()].versions[&VersionNumber(42)].run_id.clone().unwrap();
                    Arc::make_mut(&mut world.runs).remove(&run);
                });
            },
        ),
        cause(
            "the files cannot be reached",
            &["connection refused"],
            [None, None, Some(Done), None, None, Some(Unreachable)],
            |p| p.desk.services.tracking = p.mlflow(&local(closed_port()), None),
        ),
    ]
}

/// The place at which `line` is run, with a promotion to resume or to verify.
async fn before(line: &str) -> Place {
    let mut place = Place::new();
    let approve = "approve telco-churn/42 --confirm v42 --reason x";
    match line {
        RESUME => assert_eq!(approve_with(&place.desk, approve, at_once()).await.exit, Exit::Unfinished),
        VERIFY => assert_eq!(place.desk.run(approve).await.exit, Exit::Done),
        _ => {}
    }
    // Another process: what the first one read it does not know.
    let api = place.fake.url();
    place.connect(&api, REVIEWER);
    place
}

/// What is wrong with what a command said about its cause.
fn wrong(says: &[&str], ran: &Ran, line: &str) -> Option<String> {
    let count = |text: &str| says.iter().map(|words| text.matches(words).count()).sum::<usize>();
    let (out, err) = (count(&ran.out), count(&ran.err));
    // A promotion tells its steps on stderr, and how it ended: the step that failed, and why it was undone.
    let most = if line == RESUME { 2 } else { 1 };
    if !says.is_empty() && (out + err == 0 || out > 1 || err > most || (line != RESUME && out + err > 1)) {
        return Some(format!("{says:?} is said {out} times on stdout and {err} times on stderr"));
    }
    let text = format!("{}{}", ran.out, ran.err);
    let other = BLAMES.iter().find(|words| !says.contains(words) && text.contains(**words));
    other.map(|words| format!("'{words}' is blamed too"))
}

#[tokio::test]
async fn each_command_names_the_one_cause_once_and_blames_nothing_else() {
    let mut all = Vec::new();
    for Cause { name, spoil, says, ends } in causes() {
        for (line, end) in COMMANDS.into_iter().zip(ends) {
            let Some(end) = end else { continue };
            let mut place = before(line).await;
            spoil(&mut place);
            let ran = place.desk.run(line).await;
            let found = wrong(says, &ran, line);
            let exit = (ran.exit != end).then(|| format!("it ended with {:?}, not {end:?}", ran.exit));
            for what in found.into_iter().chain(exit) {
                all.push(format!("--- {name}, {line}: {what}\n{}\n{}", ran.out, ran.err));
            }
        }
    }
    assert!(all.is_empty(), "{} wrong\n{}", all.len(), all.join("\n"));
}

/// Five rules that all need the commit.
#[tokio::test]
async fn rules_that_one_cause_hinders_name_it_once_together() {
    for line in [CHECK, SHOW, PLAN] {
        let mut place = Place::new();
        place.ask_much();
        place.connect(&local(closed_port()), REVIEWER);
        let ran = place.desk.run(line).await;
        assert_eq!(wrong(&["connection refused"], &ran, line), None, "{line}\n{}\n{}", ran.out, ran.err);
    }
}

/// A promotion was signed for one name of the repository: no setting leads to another.
#[tokio::test]
async fn a_begun_promotion_of_a_repository_that_moved_ends_once_the_name_is_back() {
    let place = before(RESUME).await;
    place.fake.change(|world| world.rename(REPO, "acme/churn-ml"));
    let ran = place.desk.run(RESUME).await;
    assert!(ran.err.contains("The plan was signed for the former name") && !ran.err.contains("--repo"), "{}", ran.err);
    place.fake.change(|world| {
        world.moved.clear();
        let repo = world.repos.remove("acme/churn-ml").unwrap();
        world.repos.insert(REPO.to_owned(), repo);
    });
    assert_eq!(place.desk.run(RESUME).await.exit, Exit::Done);
}
