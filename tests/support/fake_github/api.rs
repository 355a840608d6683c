//! Requests to responses: authentication, rate limit, permissions, and routes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use signoff::adapters::demo::Refusal;
use signoff::domain::ids::CommitSha;

use super::super::double::{Answer, Port, Request};
use super::world::{Access, Kind, Repo, User, World};
use super::{actions, assets, comments, commits, git, pulls, releases};

/// The requested page of a list.
pub(super) fn page(request: &Request, items: Vec<Value>) -> Vec<Value> {
    let number = |name, default| request.query(name).and_then(|v| v.parse().ok()).unwrap_or(default);
    let (size, page): (usize, usize) = (number("per_page", 30).min(100), number("page", 1));
    items.into_iter().skip(size * (page - 1)).take(size).collect()
}

pub(super) fn error(status: u16, message: &str) -> Answer {
    let body =
        json!({"message": message, "documentation_url": "https://docs.github.com/rest", "status": status.to_string()});
    Answer::new(status, body)
}

/// 422 with one entry in `errors`.
pub(super) fn invalid(error: Value) -> Answer {
    Answer::new(422, json!({"message": "Validation Failed", "errors": [error], "status": "422"}))
}

/// 422 for a text over its limit, in GitHub's words.
pub(super) fn too_long(resource: &str, refusal: &Refusal) -> Answer {
    let error = json!({"resource": resource, "code": "custom", "field": "body", "message": refusal.to_string()});
    invalid(error)
}

/// 200 with a file in the media type `raw`.
pub(super) fn raw(bytes: &[u8]) -> Answer {
    Answer::file(200, bytes, "application/vnd.github.raw+json")
}

/// A request and its user, for handlers below a repository.
pub(super) struct Call<'a> {
    pub request: &'a Request,
    pub user: &'a User,
    /// `owner/name`.
    pub slug: &'a str,
    /// URL of the repository's page.
    pub web: &'a str,
    /// URL that files are downloaded from.
    pub storage: &'a str,
    /// URL that files are uploaded to, without a trailing slash.
    pub uploads: &'a str,
    pub now: Timestamp,
    /// Ids of accounts by login.
    pub accounts: &'a dyn Fn(&str) -> u64,
}

/// A time in GitHub's format.
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The commit that `rev` refers to, or the error response if there is none.
pub(super) fn resolve(repo: &Repo, rev: &str) -> Result<CommitSha, Answer> {
    let missing = |_| error(422, &format!("No commit found for SHA: {rev}"));
    repo.resolve(rev).map(|(sha, _)| sha.clone()).map_err(missing)
}

/// Answers one request and updates the world. A read whose answer the client has already is answered with 304, and does
/// not count against the limit.
pub(super) fn answer(world: &mut World, request: &Request) -> Answer {
    let answer = whole(world, request);
    if request.method != "GET" || answer.status != 200 || request.port != Port::Api {
        return answer;
    }
    let digest = Sha256::digest(answer.bytes()).iter().take(16).fold(String::new(), |all, b| format!("{all}{b:02x}"));
    let etag = format!("W/\"{digest}\"");
    let answer = answer.with("etag", &etag);
    if request.header("if-none-match") != Some(&etag) {
        return answer;
    }
    world.unchanged += 1;
    if let Some(remaining) = request.token().and_then(|t| world.users.get_mut(t)?.remaining.as_mut()) {
        *remaining += 1;
    }
    answer.emptied(304)
}

fn whole(world: &mut World, request: &Request) -> Answer {
    let segments: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    if let ["storage", owner, name, id] = segments.as_slice() {
        return assets::stored(world, &format!("{owner}/{name}"), id, request.header("authorization").is_some());
    }
    if let ["storage", owner, name, "logs", id] = segments.as_slice() {
        return actions::stored_log(world, &format!("{owner}/{name}"), id, request.header("authorization").is_some());
    }
    let Some(token) = request.token() else {
        return error(401, "Requires authentication");
    };
    let Some(user) = world.users.get_mut(token) else {
        return error(401, "Bad credentials");
    };
    if let Some(remaining) = &mut user.remaining {
        if *remaining == 0 {
            return error(403, &format!("API rate limit exceeded for user ID {}.", user.id))
                .with("x-ratelimit-remaining", "0")
                .with("x-ratelimit-reset", "1795425004");
        }
        *remaining -= 1;
    }
    let user = user.clone();
    // A repository that moved is known by its id, to which its former name leads.
    if let ["repositories", id, rest @ ..] = segments.as_slice()
        && let Some((_, now)) = world.moved.values().find(|(known, _)| known.to_string() == **id)
        && let Some((owner, name)) = now.clone().split_once('/')
    {
        return in_world(world, request, &user, &[["repos", owner, name].as_slice(), rest].concat());
    }
    if let ["repos", owner, name, rest @ ..] = segments.as_slice()
        && let Some((id, _)) = world.moved.get(&format!("{owner}/{name}"))
    {
        let path: String = rest.iter().map(|part| format!("/{part}")).collect();
        let prefix = if request.full_path.starts_with("/api/") { "/api/v3" } else { "" };
        let to = format!("{}{prefix}/repositories/{id}{path}", world.web);
        let status = if request.method == "GET" { 301 } else { 307 };
        let body = json!({"message": "Moved Permanently", "url": to});
        return Answer::new(status, body).with("location", &to);
    }
    in_world(world, request, &user, &segments)
}

fn in_world(world: &mut World, request: &Request, user: &User, segments: &[&str]) -> Answer {
    match (request.method.as_str(), segments) {
        ("GET", ["user"]) => whoami(world, user),
        ("GET", ["orgs", org, "teams", team, rest @ ..]) => in_team(world, user, &format!("{org}/{team}"), rest),
        (_, ["repos", owner, name, rest @ ..]) => {
            let slug = format!("{owner}/{name}");
            let (web, now) = (format!("{}/{slug}", world.web), world.now());
            let (storage, prefix) =
                (world.storage.clone(), if request.full_path.starts_with("/api/") { "/api/uploads" } else { "" });
            let uploads = world.uploads.clone().unwrap_or_else(|| format!("{}{prefix}", world.web));
            let ids: BTreeMap<String, u64> = world.users.values().map(|u| (u.login.clone(), u.id)).collect();
            let Some(repo) = world.repos.get_mut(&slug) else {
                return error(404, "Not Found");
            };
            let call = Call {
                request,
                user,
                slug: &slug,
                web: &web,
                storage: &storage,
                uploads: &uploads,
                now,
                accounts: &|login| ids.get(login).copied().unwrap_or_default(),
            };
            let answer = in_repository(repo, &call, rest);
            repo.pace_new_runs(&user.login);
            answer
        }
        _ => error(404, "Not Found"),
    }
}

fn whoami(world: &World, user: &User) -> Answer {
    if user.kind == Kind::App {
        return error(403, "Resource not accessible by integration");
    }
    let body = json!({
        "login": user.login, "id": user.id, "node_id": "U_x", "type": "User", "site_admin": false,
        "name": user.name, "email": user.email, "company": null, "two_factor_authentication": null,
    });
    let answer = Answer::new(200, body);
    // The server sends its own date if none is set.
    match world.clock {
        Some(at) => answer.with("date", &at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()),
        None => answer,
    }
}

/// Membership in a team. Users who may not see teams get 404.
fn in_team(world: &World, user: &User, name: &str, rest: &[&str]) -> Answer {
    if user.kind == Kind::FineGrainedRead {
        return error(403, "Resource not accessible by personal access token");
    }
    let Some(team) = world.teams.get(name).filter(|_| !world.sees_no_teams.contains(&user.login)) else {
        return error(404, "Not Found");
    };
    match rest {
        [] => Answer::new(200, json!({"id": 1, "slug": name.rsplit('/').next(), "privacy": "closed"})),
        ["memberships", login] => match team.get(*login) {
            Some(state) => Answer::new(200, json!({"url": "", "role": "member", "state": state})),
            None => error(404, "Not Found"),
        },
        _ => error(404, "Not Found"),
    }
}

fn in_repository(repo: &mut Repo, call: &Call<'_>, rest: &[&str]) -> Answer {
    let Some(access) = repo.access.get(&call.user.login).copied() else {
        return error(404, "Not Found");
    };
    if call.request.method != "GET" {
        if call.user.kind == Kind::FineGrainedRead {
            return error(403, "Resource not accessible by personal access token")
                .with("x-accepted-github-permissions", "contents=write");
        }
        // Users without write access get 404.
        if access != Access::Write {
            return error(404, "Not Found");
        }
        if repo.archived {
            return error(403, "Repository was archived so is read-only.");
        }
    }
    match (call.request.method.as_str(), rest) {
        ("GET", []) => Answer::new(200, repository(repo, call, access)),
        (method, ["commits", rev, of @ ..]) => match resolve(repo, rev) {
            Ok(sha) => of_commit(repo, call, &sha, method, of),
            Err(answer) => answer,
        },
        ("GET", ["pulls", number]) => pulls::pull(repo, call, number),
        ("GET", ["pulls", number, "reviews"]) => pulls::reviews(repo, call, number),
        ("GET", ["contents", path @ ..]) => commits::contents(repo, call, &path.join("/")),
        ("GET", ["compare", range]) => commits::compare(repo, call, range),
        ("GET", ["git", "matching-refs", name @ ..]) => git::matching_refs(repo, call, &name.join("/")),
        ("GET", ["collaborators", login, "permission"]) => permission(repo, call, access, login),
        ("GET", ["git", "tags", sha]) => git::read_tag_object(repo, call, sha),
        ("POST", ["git", "tags"]) => git::create_tag_object(repo, call),
        ("POST", ["git", "refs"]) => git::create_ref(repo, call),
        ("GET", ["releases"]) => releases::list(repo, call, access == Access::Write),
        ("GET", ["releases", "tags", tag @ ..]) => releases::by_tag(repo, call, &tag.join("/")),
        ("POST", ["releases"]) => releases::create(repo, call),
        ("POST", ["releases", id, "assets"]) => assets::upload(repo, call, id),
        ("GET", ["releases", "assets", id]) => assets::read(repo, call, id),
        ("DELETE", ["releases", "assets", id]) => assets::delete(repo, id),
        ("GET", ["releases", id]) => releases::by_id(repo, call, id, access == Access::Write),
        ("PATCH", ["releases", id]) => releases::update(repo, call, id),
        ("GET", ["actions", "workflows", file]) => actions::workflow(repo, file),
        ("GET", ["actions", "workflows", file, "runs"]) => actions::runs(repo, call, Some(file)),
        ("POST", ["actions", "workflows", file, "dispatches"]) => actions::dispatch(repo, call, file),
        ("GET", ["actions", "runs"]) => actions::runs(repo, call, None),
        ("GET", ["actions", "runs", id]) => actions::run(repo, call, id),
        ("GET", ["actions", "runs", id, "jobs"]) => actions::jobs(repo, call, id),
        ("GET", ["actions", "runs", id, "pending_deployments"]) => actions::pending(repo, call, id),
        ("POST", ["actions", "runs", id, "pending_deployments"]) => actions::review_pending(repo, call, id),
        ("POST", ["actions", "runs", id, "rerun-failed-jobs"]) => actions::rerun_failed(repo, call, id),
        ("GET", ["actions", "jobs", id, "logs"]) => actions::job_log(call, id),
        _ => error(404, "Not Found"),
    }
}

/// People see it who may write, and fine-grained tokens whatever they may do.
fn permission(repo: &Repo, call: &Call<'_>, access: Access, login: &str) -> Answer {
    if access != Access::Write && call.user.kind == Kind::Person {
        return error(403, "Must have push access to view collaborator permission.");
    }
    let permission = match repo.access.get(login) {
        Some(Access::Write) => "write",
        Some(Access::Read) => "read",
        None if (call.accounts)(login) > 0 => "none",
        None => return error(404, "Not Found"),
    };
    Answer::new(200, json!({"permission": permission, "role_name": permission, "user": {"login": login}}))
}

fn of_commit(repo: &mut Repo, call: &Call<'_>, sha: &CommitSha, method: &str, of: &[&str]) -> Answer {
    match (method, of) {
        ("GET", []) => commits::commit(repo, call, sha),
        ("GET", ["comments"]) => comments::list(repo, call, sha),
        ("POST", ["comments"]) => comments::create(repo, call, sha),
        ("GET", ["pulls"]) => pulls::of_commit(repo, call, sha),
        ("GET", ["check-runs"]) => pulls::check_runs(repo, call, sha),
        ("GET", ["status"]) => pulls::combined_status(repo, call, sha),
        _ => error(404, "Not Found"),
    }
}

fn repository(repo: &Repo, call: &Call<'_>, access: Access) -> Value {
    let mut body = json!({
        "id": 1_296_269_000_u64, "full_name": call.slug, "private": true, "html_url": call.web,
        "description": null, "license": {"key": "other", "spdx_id": null}, "fork": false,
        "default_branch": repo.default_branch, "archived": repo.archived, "disabled": false,
    });
    if call.user.kind != Kind::App {
        let push = access == Access::Write && call.user.kind != Kind::FineGrainedRead;
        body["permissions"] = json!({"admin": false, "push": push, "pull": true});
    }
    body
}
