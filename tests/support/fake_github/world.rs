//! The state of the double: the demo's repository state, plus permissions and deviations from normal behaviour. Plain
//! data that tests read and change freely.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use jiff::Timestamp;
use signoff::adapters::demo::github::{self, Commit, JobScript, StepScript, Workflow};
use signoff::domain::cd::CdTrigger;
use signoff::domain::ids::CommitSha;

use super::pulls::Status;
use super::{APP, NARROW, READER, REVIEWER, SECOND_REVIEWER};

/// GitHub's ids do not fit in 32 bits.
const FIRST_ID: u64 = 30_433_642_000;

/// All users and repositories.
#[derive(Clone, Debug)]
pub struct World {
    /// URL of the web pages.
    pub web: String,
    /// By token.
    pub users: BTreeMap<String, User>,
    /// By `owner/name`.
    pub repos: BTreeMap<String, Repo>,
    /// Id and present name of repositories that were renamed or transferred, by their former name.
    pub moved: BTreeMap<String, (u64, String)>,
    /// By `org/team`: `active` or `pending` by login.
    pub teams: BTreeMap<String, BTreeMap<String, String>>,
    /// Logins whose tokens lack `read:org`.
    pub sees_no_teams: BTreeSet<String>,
    /// URL of the storage, where files are downloaded from.
    pub storage: String,
    /// Upload URL in releases, instead of the double's own.
    pub uploads: Option<String>,
    /// The server's clock; the real one if none.
    pub clock: Option<Timestamp>,
    /// How many reads were answered with 304.
    pub unchanged: usize,
}

/// The owner and kind of a token.
#[derive(Clone, Debug)]
pub struct User {
    pub login: String,
    pub id: u64,
    pub name: Option<String>,
    pub email: Option<String>,
    pub kind: Kind,
    /// Requests left before the primary rate limit; none for no limit.
    pub remaining: Option<u64>,
}

/// Kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A person's classic token.
    Person,
    /// A person's fine-grained token with read access only.
    FineGrainedRead,
    /// An App's installation token: no user, but with write access.
    App,
}

/// Permission of a login in a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
}

#[derive(Clone, Debug)]
pub struct Repo {
    /// Its content, and the effect of requests on it.
    state: github::Repo,
    pub archived: bool,
    /// By login. The repository is invisible to others.
    pub access: BTreeMap<String, Access>,
    /// Commit statuses, as sent by services older than check runs; by commit, in order.
    pub statuses: BTreeMap<CommitSha, Vec<Status>>,
    /// Ids of tag objects that point to another tag object, with the id of that object.
    pub nested_tags: BTreeMap<String, String>,
    /// Tags with one of these prefixes are protected by a ruleset.
    pub protected_tags: Vec<String>,
    /// This many of the next uploads are interrupted: 502, leaving a file in the state `starter`.
    pub unfinished_uploads: u32,
    /// Whether published releases accept no more files and lose none.
    pub immutable: bool,
    /// The pace of runs that start from now on.
    pub pace: Pace,
    /// Logs of jobs by id, instead of the usual ones.
    pub logs: BTreeMap<u64, Vec<u8>>,
    /// The pace of started runs, by id.
    pub(super) paces: BTreeMap<u64, Pace>,
}

/// The progress of a run: it advances with each read instead of with time, so that no test has to wait.
#[derive(Clone, Debug)]
pub struct Pace {
    /// Number of list requests that do not show the run yet.
    pub hidden_polls: u32,
    /// The state at each read; the last one stays.
    pub seen: Vec<Moment>,
    /// Whether its last job fails.
    pub fails: bool,
    /// Login of the user who started it.
    pub actor: String,
}

/// A state in the life of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    Queued,
    /// Its last job is running.
    Running,
    Over,
}

impl Pace {
    /// Queued, then running, then finished.
    pub fn usual() -> Self {
        let seen = vec![Moment::Queued, Moment::Running, Moment::Over];
        Self { hidden_polls: 0, seen, fails: false, actor: String::new() }
    }
}

impl Deref for Repo {
    type Target = github::Repo;

    fn deref(&self) -> &github::Repo {
        &self.state
    }
}

impl DerefMut for Repo {
    fn deref_mut(&mut self) -> &mut github::Repo {
        &mut self.state
    }
}

impl World {
    /// `acme/churn-model` with four commits (three on `main`, whose head is the one the plan fixture tags, and one on
    /// `experiment`), the workflow `cd.yml` on releases, and the users whose tokens are constants of this module.
    pub fn usual(web: &str) -> Self {
        let state = github::Repo::new("acme/churn-model".parse().unwrap(), "main", FIRST_ID);
        let mut repo = Repo {
            state,
            archived: false,
            access: BTreeMap::new(),
            statuses: BTreeMap::new(),
            nested_tags: BTreeMap::new(),
            protected_tags: Vec::new(),
            unfinished_uploads: 0,
            immutable: false,
            pace: Pace::usual(),
            logs: BTreeMap::new(),
            paces: BTreeMap::new(),
        };
        for (login, access) in [
            ("rev1", Access::Write),
            ("rev2", Access::Write),
            ("reader", Access::Read),
            ("signoff[bot]", Access::Write),
        ] {
            repo.access.insert(login.to_owned(), access);
        }
        let head = format!("3f9c1ab{}", "0".repeat(33));
        repo.commit("main", &"1".repeat(40), "Start");
        repo.commit("main", &"2".repeat(40), "Add features\n\nTwo of them.");
        repo.branches.insert("experiment".to_owned(), "2".repeat(40).parse().unwrap());
        repo.commit("experiment", &"e".repeat(40), "Try something");
        repo.commit("main", &head, "Tune threshold");
        repo.set_workflow(&[CdTrigger::Release]);
        let user = |login: &str, id, kind| User {
            login: login.to_owned(),
            id,
            name: (id == 7).then(|| "Rey Viewer".to_owned()),
            email: None,
            kind,
            remaining: None,
        };
        Self {
            web: web.to_owned(),
            users: BTreeMap::from([
                (REVIEWER.to_owned(), user("rev1", 7, Kind::Person)),
                (SECOND_REVIEWER.to_owned(), user("rev2", 8, Kind::Person)),
                (READER.to_owned(), user("reader", 9, Kind::Person)),
                (NARROW.to_owned(), user("rev1", 7, Kind::FineGrainedRead)),
                (APP.to_owned(), user("signoff[bot]", 10, Kind::App)),
            ]),
            repos: BTreeMap::from([("acme/churn-model".to_owned(), repo)]),
            moved: BTreeMap::new(),
            teams: BTreeMap::new(),
            sees_no_teams: BTreeSet::new(),
            storage: web.to_owned(),
            uploads: None,
            clock: None,
            unchanged: 0,
        }
    }

    /// The repository `owner/name`.
    pub fn repo(&self, slug: &str) -> &Repo {
        self.repos.get(slug).unwrap()
    }

    /// Renames or transfers a repository.
    pub fn rename(&mut self, from: &str, to: &str) {
        let repo = self.repos.remove(from).unwrap();
        self.repos.insert(to.to_owned(), repo);
        self.moved.insert(from.to_owned(), (1_296_269_000, to.to_owned()));
    }

    /// The repository `owner/name`, mutable.
    pub fn repo_mut(&mut self, slug: &str) -> &mut Repo {
        self.repos.get_mut(slug).unwrap()
    }

    /// Adds a user who may push to every repository, and returns their token.
    pub fn add_user(&mut self, login: &str, id: u64) -> String {
        let token = format!("ghp_{login}{id:036}");
        let user = User { login: login.to_owned(), id, name: None, email: None, kind: Kind::Person, remaining: None };
        self.users.insert(token.clone(), user);
        for repo in self.repos.values_mut() {
            repo.access.insert(login.to_owned(), Access::Write);
        }
        token
    }

    /// Adds `login` to `org/team` with state `active` or `pending`.
    pub fn join(&mut self, team: &str, login: &str, state: &str) {
        self.teams.entry(team.to_owned()).or_default().insert(login.to_owned(), state.to_owned());
    }

    /// The owner of the token.
    pub fn user_of(&self, token: Option<&str>) -> Option<&User> {
        self.users.get(token?)
    }

    /// The id of the account with this login; 0 if there is none.
    pub fn id_of(&self, login: &str) -> u64 {
        self.users.values().find(|u| u.login == login).map_or(0, |u| u.id)
    }

    /// The server's time in whole seconds.
    pub fn now(&self) -> Timestamp {
        let now = self.clock.unwrap_or_else(Timestamp::now);
        Timestamp::from_second(now.as_second()).unwrap()
    }
}

impl Repo {
    /// Adds a commit on top of a branch, which is created if needed.
    pub fn commit(&mut self, branch: &str, sha: &str, message: &str) {
        let sha: CommitSha = sha.parse().unwrap();
        let commit = Commit {
            message: message.to_owned(),
            author: "dana".to_owned(),
            at: "2026-11-20T12:00:00Z".parse().unwrap(),
            parent: self.branches.insert(branch.to_owned(), sha.clone()),
            cd_fails_at: None,
            checks: Vec::new(),
            files: Vec::new(),
            contents: BTreeMap::new(),
        };
        Arc::make_mut(&mut self.commits).insert(sha, commit);
    }

    /// A commit, mutable.
    pub fn commit_mut(&mut self, sha: &str) -> &mut Commit {
        Arc::make_mut(&mut self.commits).get_mut(&sha.parse().unwrap()).unwrap()
    }

    /// Edits the text of a comment, as its author or an owner of the repository can.
    pub fn edit_comment(&mut self, id: u64, body: &str, at: &str) {
        let comment = self.comments.iter_mut().find(|c| c.id == id).unwrap();
        comment.body = body.to_owned();
        comment.updated_at = at.parse().unwrap();
    }

    /// Deletes a comment.
    pub fn delete_comment(&mut self, id: u64) {
        self.comments.retain(|c| c.id != id);
    }

    /// Replaces the workflow files by one with these triggers.
    pub fn set_workflow(&mut self, on: &[CdTrigger]) {
        let job = |name: &str| JobScript {
            name: name.to_owned(),
            steps: vec![StepScript { name: format!("Run {name}"), ms: 1 }],
            fails_with: vec![format!("{name} does not work")],
            environment: None,
        };
        self.workflows = vec![Workflow {
            file: "cd.yml".to_owned(),
            state: "active".to_owned(),
            starts_on: on.to_vec(),
            queue_ms: 1,
            jobs: vec![job("build"), job("deploy")],
        }];
    }

    /// The target of the tag, as text.
    pub fn target(&self, tag: &str) -> &str {
        &self.tags[&tag.parse().unwrap()]
    }

    /// Sets the pace of every run that has none yet: those just started by `actor`.
    pub(super) fn pace_new_runs(&mut self, actor: &str) {
        let Self { state, pace, paces, .. } = self;
        for run in &mut state.runs {
            if let std::collections::btree_map::Entry::Vacant(free) = paces.entry(run.id) {
                let last = state.workflows.iter().find(|w| w.file == run.workflow).and_then(|w| w.jobs.last());
                run.fails_at = last.filter(|_| pace.fails).map(|job| job.name.clone());
                free.insert(Pace { actor: actor.to_owned(), ..pace.clone() });
            }
        }
    }
}
