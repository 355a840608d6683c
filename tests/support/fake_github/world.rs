//! Everything the double knows. Plain data: tests read and change it freely.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::pulls::{CheckRun, File, Pull, Status};
use super::{APP, NARROW, READER, REVIEWER, SECOND_REVIEWER};

/// All users and repositories.
#[derive(Clone, Debug)]
pub struct World {
    /// Address of the pages for people.
    pub web: String,
    /// By token.
    pub users: BTreeMap<String, User>,
    /// By `owner/name`.
    pub repos: BTreeMap<String, Repo>,
    /// By `org/team`: `active` or `pending` by login.
    pub teams: BTreeMap<String, BTreeMap<String, String>>,
    /// Logins whose tokens lack `read:org`.
    pub sees_no_teams: BTreeSet<String>,
    /// Address of the storage, where files are downloaded from.
    pub storage: String,
    /// Address that releases name for uploads instead of the double's own.
    pub uploads: Option<String>,
    /// The server's clock; the real one if none is set.
    pub clock: Option<Timestamp>,
    next_id: u64,
}

/// Who a token belongs to, and what kind of token it is.
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
    /// A person's fine-grained token that may read only.
    FineGrainedRead,
    /// An App's installation token: no user, but it may write.
    App,
    /// An Actions token: like an App's, and its events start no workflows.
    Actions,
}

/// What a login may do in a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
}

/// One repository.
#[derive(Clone, Debug, Default)]
pub struct Repo {
    pub default_branch: String,
    pub archived: bool,
    /// By login. Who is not in it does not see the repository.
    pub access: BTreeMap<String, Access>,
    /// By full id.
    pub commits: BTreeMap<String, Commit>,
    /// Heads by branch name.
    pub branches: BTreeMap<String, String>,
    /// Annotated tag objects by id; they stay although no ref points to them.
    pub tag_objects: BTreeMap<String, TagObject>,
    /// Tag refs by name, without `refs/tags/`.
    pub tags: BTreeMap<String, GitObject>,
    pub releases: Vec<Release>,
    pub workflows: Vec<Workflow>,
    pub runs: Vec<Run>,
    pub pulls: Vec<Pull>,
    /// By full id of the commit.
    pub check_runs: BTreeMap<String, Vec<CheckRun>>,
    /// By full id of the commit, in the order they were sent.
    pub statuses: BTreeMap<String, Vec<Status>>,
    /// Tags with one of these prefixes are protected by a ruleset.
    pub protected_tags: Vec<String>,
    /// So many of the next releases are left behind as drafts although they should be published.
    pub leave_drafts: u32,
    /// So many of the next uploads break off: 502, and a file in the state `starter` is left behind.
    pub unfinished_uploads: u32,
    /// Published releases take no more files and lose none.
    pub immutable: bool,
    /// Comments on commits, oldest first.
    pub comments: Vec<Comment>,
}

#[derive(Clone, Debug)]
pub struct Commit {
    pub message: String,
    pub author: String,
    pub parents: Vec<String>,
    pub date: String,
    /// What it changed.
    pub files: Vec<File>,
    /// Files of its tree that somebody reads, by path.
    pub tree: BTreeMap<String, Vec<u8>>,
}

/// What a ref points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitObject {
    /// `commit` or `tag`.
    pub kind: String,
    pub sha: String,
}

/// An annotated tag object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagObject {
    pub tag: String,
    pub message: String,
    pub object: GitObject,
    pub tagger: serde_json::Value,
}

#[derive(Clone, Debug)]
pub struct Release {
    pub id: u64,
    pub tag: String,
    pub name: Option<String>,
    pub body: Option<String>,
    pub draft: bool,
    pub author: String,
    pub author_id: u64,
    pub assets: Vec<Asset>,
}

/// A file of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    pub id: u64,
    pub name: String,
    pub bytes: Vec<u8>,
    /// The upload came to its end.
    pub complete: bool,
}

/// A comment on a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    pub id: u64,
    /// Full id of the commit.
    pub commit: String,
    pub login: String,
    pub author_id: u64,
    pub body: String,
    pub created_at: String,
    pub updated_at: String,
}

/// What starts a workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// `push: tags`
    Tag,
    /// `release: published`
    Release,
    /// `workflow_dispatch`
    Dispatch,
}

/// A workflow file and how its runs go.
#[derive(Clone, Debug)]
pub struct Workflow {
    pub id: u64,
    /// File name, such as `cd.yml`.
    pub file: String,
    /// `active`, `disabled_manually`, ...
    pub state: String,
    pub on: Vec<Trigger>,
    /// So many lists that would show a new run do not show it yet.
    pub hidden_polls: u32,
    /// Status and conclusion at each reading of a run, the last one for ever.
    pub script: Vec<(String, Option<String>)>,
    pub jobs: Vec<String>,
}

impl Workflow {
    /// An active workflow whose runs are seen queued, then in progress, then completed with `conclusion`.
    pub fn new(id: u64, file: &str, on: &[Trigger], conclusion: &str) -> Self {
        let step = |status: &str| (status.to_owned(), None);
        Self {
            id,
            file: file.to_owned(),
            state: "active".to_owned(),
            on: on.to_vec(),
            hidden_polls: 0,
            script: vec![step("queued"), step("in_progress"), ("completed".to_owned(), Some(conclusion.to_owned()))],
            jobs: vec!["build".to_owned(), "deploy".to_owned()],
        }
    }
}

/// A run of a workflow.
#[derive(Clone, Debug)]
pub struct Run {
    pub id: u64,
    pub number: u64,
    pub attempt: u64,
    pub workflow: String,
    pub event: String,
    pub tag: String,
    pub commit: String,
    pub actor: String,
    pub created_at: String,
    pub hidden_polls: u32,
    pub script: Vec<(String, Option<String>)>,
    pub jobs: Vec<String>,
}

impl Run {
    /// Status and conclusion now.
    pub fn now(&self) -> (String, Option<String>) {
        self.script.first().cloned().unwrap_or(("completed".to_owned(), None))
    }

    /// One state further, unless at the end.
    pub fn advance(&mut self) {
        if self.script.len() > 1 {
            self.script.remove(0);
        }
    }
}

impl World {
    /// `acme/churn-model` with four commits (three on `main`, whose head is the one the plan fixture tags, and one
    /// on `experiment`), the workflow `cd.yml` on releases, and the users whose tokens are constants of this module.
    pub fn usual(web: &str) -> Self {
        let mut repo = Repo { default_branch: "main".to_owned(), ..Repo::default() };
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
        repo.branches.insert("experiment".to_owned(), "2".repeat(40));
        repo.commit("experiment", &"e".repeat(40), "Try something");
        repo.commit("main", &head, "Tune threshold");
        repo.workflows.push(Workflow::new(159_038, "cd.yml", &[Trigger::Release], "success"));
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
            teams: BTreeMap::new(),
            sees_no_teams: BTreeSet::new(),
            storage: web.to_owned(),
            uploads: None,
            clock: None,
            // GitHub's ids do not fit 32 bits.
            next_id: 30_433_642_000,
        }
    }

    /// The repository `owner/name`.
    pub fn repo(&self, slug: &str) -> &Repo {
        self.repos.get(slug).unwrap()
    }

    /// The repository `owner/name`, to be changed.
    pub fn repo_mut(&mut self, slug: &str) -> &mut Repo {
        self.repos.get_mut(slug).unwrap()
    }

    /// Adds a person who may push to every repository, and returns a token of theirs.
    pub fn add_user(&mut self, login: &str, id: u64) -> String {
        let token = format!("ghp_{login}{id:036}");
        let user = User { login: login.to_owned(), id, name: None, email: None, kind: Kind::Person, remaining: None };
        self.users.insert(token.clone(), user);
        for repo in self.repos.values_mut() {
            repo.access.insert(login.to_owned(), Access::Write);
        }
        token
    }

    /// Puts `login` into `org/team`: `active`, or `pending`.
    pub fn join(&mut self, team: &str, login: &str, state: &str) {
        self.teams.entry(team.to_owned()).or_default().insert(login.to_owned(), state.to_owned());
    }

    /// Whose token that is.
    pub fn user_of(&self, token: Option<&str>) -> Option<&User> {
        self.users.get(token?)
    }

    /// Sets some ids aside for one request and returns the first.
    pub(super) fn reserve_ids(&mut self) -> u64 {
        self.next_id += 100;
        self.next_id
    }

    /// The server's time in whole seconds.
    pub fn now(&self) -> String {
        self.clock.unwrap_or_else(Timestamp::now).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }
}

impl Repo {
    /// Adds a commit on top of a branch, which is made if it is not there.
    pub fn commit(&mut self, branch: &str, sha: &str, message: &str) {
        let parents = self.branches.get(branch).cloned().into_iter().collect();
        let commit = Commit {
            message: message.to_owned(),
            author: "dana".to_owned(),
            parents,
            date: "2026-11-20T12:00:00Z".to_owned(),
            files: Vec::new(),
            tree: BTreeMap::new(),
        };
        self.commits.insert(sha.to_owned(), commit);
        self.branches.insert(branch.to_owned(), sha.to_owned());
    }

    /// Changes the text of a comment, as its author or an owner of the repository can.
    pub fn edit_comment(&mut self, id: u64, body: &str, at: &str) {
        let comment = self.comments.iter_mut().find(|c| c.id == id).unwrap();
        comment.body = body.to_owned();
        comment.updated_at = at.to_owned();
    }

    /// Deletes a comment.
    pub fn delete_comment(&mut self, id: u64) {
        self.comments.retain(|c| c.id != id);
    }

    /// Replaces the workflow files.
    pub fn set_workflow(&mut self, on: &[Trigger], conclusion: &str) {
        self.workflows = vec![Workflow::new(159_038, "cd.yml", on, conclusion)];
    }

    /// The commit an object finally points to.
    pub fn peel(&self, object: &GitObject) -> String {
        match self.tag_objects.get(&object.sha) {
            Some(tag) => self.peel(&tag.object),
            None => object.sha.clone(),
        }
    }

    /// The published releases of a tag.
    pub fn published(&self, tag: &str) -> Vec<&Release> {
        self.releases.iter().filter(|r| r.tag == tag && !r.draft).collect()
    }

    /// A branch, tag, full id or abbreviation as a full commit id.
    pub fn resolve(&self, rev: &str) -> Option<String> {
        if let Some(sha) = self.branches.get(rev) {
            return Some(sha.clone());
        }
        if let Some(object) = self.tags.get(rev) {
            return Some(self.peel(object));
        }
        let mut found = self.commits.keys().filter(|sha| rev.len() >= 4 && sha.starts_with(rev));
        found.next().filter(|_| found.next().is_none()).cloned()
    }
}

/// Id of an object with this content: the same content always has the same id. (Git's is SHA-1; any digest will do.)
pub fn sha_of(content: &str) -> String {
    Sha256::digest(content.as_bytes()).iter().take(20).map(|b| format!("{b:02x}")).collect()
}
