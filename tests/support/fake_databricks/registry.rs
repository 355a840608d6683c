//! The workspace's own registry: `/api/2.0/mlflow/{registered-models,model-versions,transition-requests,...}`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};
use signoff::adapters::demo::Refusal;
use signoff::adapters::demo::world::{Column, Model, Version};
use signoff::domain::ids::{ModelName, RunId, VersionNumber};
use signoff::domain::registry::Stage;

use super::super::double::{Answer, Request};
use super::state::{Activity, Level, Transition, User, Workspace};
use super::{arg, denied, error, invalid, missing, ok, page, unknown};

/// None if it is not a route of this registry.
pub(super) fn answer(state: &mut Workspace, user: &User, request: &Request, route: &str) -> Option<Answer> {
    let answer = match route {
        "GET registered-models/search" => search_models(state, request),
        "GET registered-models/get" => one_model(state, request),
        "POST registered-models/create" => create_model(state, user, request),
        "GET databricks/registered-models/get" => permission(state, user, request),
        "GET model-versions/search" => search_versions(state, request),
        "GET model-versions/get" => one_version(state, request),
        "POST model-versions/create" => create_version(state, user, request),
        "POST model-versions/set-tag" => set_tag(state, user, request),
        "DELETE model-versions/delete-tag" => delete_tag(state, user, request),
        "POST model-versions/transition-stage" | "POST databricks/model-versions/transition-stage" => {
            transition(state, user, request)
        }
        "POST transition-requests/create" => ask(state, user, request),
        "GET transition-requests/list" => list(state, request),
        "POST transition-requests/approve" => approve(state, user, request),
        "POST transition-requests/reject" => reject(state, user, request),
        "POST comments/create" => comment(state, user, request),
        _ if route.contains(" registered-models/") || route.contains(" model-versions/") => Ok(unknown(request)),
        _ => return None,
    };
    Some(answer.unwrap_or_else(|refused| refused))
}

type Answered = Result<Answer, Answer>;

pub(super) fn refused(refusal: Refusal) -> Answer {
    match refusal {
        Refusal::NotFound(said) => missing(&said),
        Refusal::Exists(said) => error(400, "RESOURCE_ALREADY_EXISTS", &said),
        Refusal::Invalid(said) => invalid(&said),
    }
}

/// The value of the one condition `name='...'` (or `name LIKE '...'`) of a search.
pub(super) fn condition(filter: &str) -> Result<(&str, &str), Answer> {
    let lower = filter.to_ascii_lowercase();
    if lower.contains(" and ") || lower.contains(" or ") {
        return Err(invalid("The filter supports one condition only."));
    }
    let quote = filter.find(['\'', '"']).ok_or_else(|| invalid("The value must be quoted."))?;
    let mark = &filter[quote..=quote];
    let value = filter[quote + 1..].strip_suffix(mark).ok_or_else(|| invalid("The quotes do not end."))?;
    Ok((filter[..quote].trim(), value))
}

fn search_models(state: &Workspace, request: &Request) -> Answered {
    let filter = arg(request, "filter");
    let part = match filter.as_str() {
        "" => String::new(),
        filter => match condition(filter)? {
            ("name LIKE" | "name ILIKE", value) => value.trim_matches('%').to_owned(),
            _ => return Err(invalid("Models can be searched by `name LIKE` only.")),
        },
    };
    let all = state.store.look(|world| {
        let wanted = world.models.iter().filter(|(name, _)| name.as_str().contains(&part));
        wanted.map(|(name, m)| model_json(state, name, m)).collect::<Vec<_>>()
    });
    let (items, next) = page(state, request, 1_000, all.unwrap())?;
    Ok(ok(listed("registered_models", items, next)))
}

/// A list: absent if it is empty.
pub(super) fn listed(name: &str, items: Vec<Value>, next: Option<String>) -> Value {
    let mut body = json!({});
    if !items.is_empty() {
        body[name] = items.into();
    }
    if let Some(next) = next {
        body["next_page_token"] = next.into();
    }
    body
}

fn one_model(state: &Workspace, request: &Request) -> Answered {
    let name = ModelName::new(arg(request, "name"));
    let found = state.store.look(|world| world.model(&name).map(|m| model_json(state, &name, m))).unwrap();
    Ok(ok(json!({"registered_model": found.map_err(refused)?})))
}

fn permission(state: &Workspace, user: &User, request: &Request) -> Answered {
    let name = ModelName::new(arg(request, "name"));
    let found = state.store.look(|world| world.model(&name).map(|m| model_json(state, &name, m))).unwrap();
    let mut model = found.map_err(refused)?;
    model["id"] = "8a1b".into();
    if state.has_access_control {
        model["permission_level"] = match user.level {
            Level::Read => "CAN_READ",
            Level::Edit => "CAN_EDIT",
            Level::ManageStaging => "CAN_MANAGE_STAGING_VERSIONS",
            Level::ManageProduction => "CAN_MANAGE_PRODUCTION_VERSIONS",
            Level::Manage => "CAN_MANAGE",
        }
        .into();
    }
    Ok(ok(json!({"registered_model_databricks": model})))
}

fn search_versions(state: &Workspace, request: &Request) -> Answered {
    let filter = arg(request, "filter");
    let (of, value) = condition(&filter)?;
    let field = of.trim_end_matches('=').trim();
    let all = state.store.look(|world| {
        let mut found = Vec::new();
        for (name, model) in &world.models {
            for (number, v) in model.versions.iter().rev() {
                let wanted = match field {
                    "name" => name.as_str() == value,
                    "run_id" => v.run_id.as_ref().is_some_and(|id| id.as_str() == value),
                    _ => return Err(invalid("Versions can be searched by name or run_id.")),
                };
                if wanted {
                    found.push(version_json(name, *number, v));
                }
            }
        }
        Ok(found)
    });
    let (items, next) = page(state, request, 10_000, all.unwrap()?)?;
    Ok(ok(listed("model_versions", items, next)))
}

/// Name and number of the version that a request is about.
pub(super) fn version_of(request: &Request) -> Result<(ModelName, VersionNumber), Answer> {
    // A number is refused, as on MLflow's own servers.
    if request.body.get("version").is_some_and(|v| !v.is_string()) {
        return Err(invalid("Invalid value for parameter 'version' supplied: must be a string."));
    }
    let number =
        arg(request, "version").parse().map_err(|_| invalid("Missing value for required parameter 'version'."))?;
    Ok((ModelName::new(arg(request, "name")), VersionNumber(number)))
}

fn version_body(state: &Workspace, name: &ModelName, number: VersionNumber) -> Result<Value, Answer> {
    let found = state.store.look(|world| world.version(name, number).map(|v| version_json(name, number, v)));
    let mut body = found.unwrap().map_err(refused)?;
    // Only for a run in another workspace.
    if let Some(id) = state.runs_in {
        body["run_link"] = format!("https://other.example/?o={id}#mlflow/experiments/1/runs/x").into();
    }
    Ok(body)
}

fn one_version(state: &Workspace, request: &Request) -> Answered {
    let (name, number) = version_of(request)?;
    Ok(ok(json!({"model_version": version_body(state, &name, number)?})))
}

fn needs(user: &User, level: Level, what: &str) -> Result<(), Answer> {
    if user.level >= level {
        return Ok(());
    }
    Err(denied(&format!("User {} does not have permission to {what}.", user.name)))
}

fn create_model(state: &mut Workspace, user: &User, request: &Request) -> Answered {
    needs(user, Level::Edit, "create a registered model")?;
    let name = ModelName::new(arg(request, "name"));
    let (tags, description) = (tags_of(request), arg(request, "description"));
    let made = state.store.change(|world| {
        if world.models.contains_key(&name) {
            return Err(error(400, "RESOURCE_ALREADY_EXISTS", "Registered Model already exists."));
        }
        let now = Timestamp::now();
        let model = Model {
            description,
            tags,
            aliases: BTreeMap::new(),
            inputs: Vec::new(),
            output: Column { name: "p".to_owned(), kind: "double".to_owned() },
            versions: BTreeMap::new(),
            created_at: now,
            updated_at: now,
        };
        let body = model_json(state, &name, &model);
        world.models.insert(name.clone(), model);
        Ok(body)
    });
    Ok(ok(json!({"registered_model": made.unwrap()?})))
}

pub(super) fn tags_of(request: &Request) -> BTreeMap<String, String> {
    let text = |tag: &Value, key: &str| tag[key].as_str().unwrap_or_default().to_owned();
    let tags = request.body.get("tags").and_then(Value::as_array);
    tags.into_iter().flatten().map(|tag| (text(tag, "key"), text(tag, "value"))).collect()
}

fn create_version(state: &mut Workspace, user: &User, request: &Request) -> Answered {
    needs(user, Level::Edit, "add a version")?;
    let name = ModelName::new(arg(request, "name"));
    let run = Some(arg(request, "run_id")).filter(|id| !id.is_empty()).map(RunId::new);
    let (source, description, tags) = (arg(request, "source"), arg(request, "description"), tags_of(request));
    let made = state.store.change(|world| {
        let Some(model) = world.models.get_mut(&name) else {
            return Err(missing(&format!("Registered Model with name={name} not found")));
        };
        let now = Timestamp::now();
        let number = VersionNumber(model.versions.keys().last().map_or(1, |n| n.0 + 1));
        let version = Version {
            stage: Stage::None,
            status: "READY".to_owned(),
            created_at: now,
            updated_at: now,
            author: Some(user.name.clone()),
            source,
            run_id: run,
            description,
            tags,
            logged: Default::default(),
        };
        let body = version_json(&name, number, &version);
        model.versions.insert(number, version);
        Ok(body)
    });
    Ok(ok(json!({"model_version": made.unwrap()?})))
}

fn set_tag(state: &mut Workspace, user: &User, request: &Request) -> Answered {
    needs(user, Level::Edit, "set a tag")?;
    let (name, number) = version_of(request)?;
    let (key, value) = (arg(request, "key"), arg(request, "value"));
    let done = state.store.change(|world| world.set_version_tag(&name, number, &key, &value));
    done.unwrap().map_err(refused).map(|()| ok(json!({})))
}

fn delete_tag(state: &mut Workspace, user: &User, request: &Request) -> Answered {
    needs(user, Level::Edit, "delete a tag")?;
    let (name, number) = version_of(request)?;
    let key = arg(request, "key");
    let done = state.store.change(|world| world.delete_version_tag(&name, number, &key));
    done.unwrap().map_err(refused).map(|()| ok(json!({})))
}

/// Moves the version, and keeps it as an activity of this kind.
fn move_to(state: &mut Workspace, user: &User, request: &Request, kind: &'static str) -> Result<Activity, Answer> {
    let (name, number) = version_of(request)?;
    let stage = Stage::from(arg(request, "stage"));
    let level = if stage == Stage::Production { Level::ManageProduction } else { Level::ManageStaging };
    needs(user, level, "transition this version")?;
    let Some(archive) = request.body.get("archive_existing_versions").and_then(Value::as_bool) else {
        return Err(invalid("Missing value for required parameter 'archive_existing_versions'."));
    };
    let from = version_body(state, &name, number)?["current_stage"].as_str().unwrap_or_default().to_owned();
    let moved = state.store.change(|world| world.move_stage(&name, number, &stage, archive, Timestamp::now()));
    moved.unwrap().map_err(refused)?;
    let activity = Activity {
        kind,
        model: name.to_string(),
        version: number.0.to_string(),
        from,
        to: stage.as_str().to_owned(),
        by: user.name.clone(),
        comment: arg(request, "comment"),
    };
    state.activities.push(activity.clone());
    Ok(activity)
}

fn transition(state: &mut Workspace, user: &User, request: &Request) -> Answered {
    let plain = request.path.ends_with("mlflow/model-versions/transition-stage");
    if plain && request.body.get("comment").is_some() {
        return Err(invalid("Unknown parameter 'comment'."));
    }
    move_to(state, user, request, "APPLIED_TRANSITION")?;
    let (name, number) = version_of(request)?;
    let field = if plain { "model_version" } else { "model_version_databricks" };
    Ok(ok(json!({field: version_body(state, &name, number)?})))
}

fn ask(state: &mut Workspace, user: &User, request: &Request) -> Answered {
    let (name, number) = version_of(request)?;
    version_body(state, &name, number)?;
    let asked = Transition {
        model: name.to_string(),
        version: number.0.to_string(),
        to: arg(request, "stage"),
        by: user.name.clone(),
        comment: arg(request, "comment"),
        at: "2026-11-22T08:00:00Z".parse().unwrap(),
    };
    state.transitions.push(asked.clone());
    // Not an activity: it has neither an id nor the stage before.
    let body = json!({
        "to_stage": asked.to, "user_id": asked.by, "comment": asked.comment,
        "creation_timestamp": asked.at.as_millisecond(), "available_actions": ["CANCEL_TRANSITION_REQUEST"],
    });
    Ok(ok(json!({"request": body})))
}

fn list(state: &Workspace, request: &Request) -> Answered {
    let (name, number) = version_of(request)?;
    version_body(state, &name, number)?;
    let open = state.transitions.iter().filter(|t| t.model == name.as_str() && t.version == number.0.to_string());
    let shown: Vec<Value> = open
        .map(|t| {
            json!({
                "id": "1", "activity_type": "REQUESTED_TRANSITION", "to_stage": t.to, "user_id": t.by,
                "comment": t.comment, "creation_timestamp": t.at.as_millisecond(),
            })
        })
        .collect();
    Ok(ok(listed("requests", shown, None)))
}

/// Ends the open request that `request` is about.
fn take(state: &mut Workspace, request: &Request) -> Result<Transition, Answer> {
    let (name, number, stage) = (arg(request, "name"), arg(request, "version"), arg(request, "stage"));
    let found = state.transitions.iter().position(|t| t.model == name && t.version == number && t.to == stage);
    let found = found.ok_or_else(|| missing(&format!("There is no open transition request to {stage}.")))?;
    Ok(state.transitions.remove(found))
}

fn activity_json(activity: &Activity) -> Value {
    json!({
        "id": "2", "activity_type": activity.kind, "user_id": activity.by, "from_stage": activity.from,
        "to_stage": activity.to, "comment": activity.comment, "creation_timestamp": 1_700_000_000_000_i64,
    })
}

fn approve(state: &mut Workspace, user: &User, request: &Request) -> Answered {
    let open = take(state, request)?;
    let done = move_to(state, user, request, "APPROVED_REQUEST");
    if done.is_err() {
        state.transitions.push(open);
    }
    Ok(ok(json!({"activity": activity_json(&done?)})))
}

fn reject(state: &mut Workspace, user: &User, request: &Request) -> Answered {
    needs(user, Level::ManageStaging, "reject this request")?;
    let open = take(state, request)?;
    let activity = Activity {
        kind: "REJECTED_REQUEST",
        model: open.model,
        version: open.version,
        from: String::new(),
        to: open.to,
        by: user.name.clone(),
        comment: arg(request, "comment"),
    };
    state.activities.push(activity.clone());
    Ok(ok(json!({"activity": activity_json(&activity)})))
}

fn comment(state: &mut Workspace, user: &User, request: &Request) -> Answered {
    let (name, number) = version_of(request)?;
    version_body(state, &name, number)?;
    let text = arg(request, "comment");
    state.activities.push(Activity {
        kind: "NEW_COMMENT",
        model: name.to_string(),
        version: number.0.to_string(),
        from: String::new(),
        to: String::new(),
        by: user.name.clone(),
        comment: text.clone(),
    });
    Ok(ok(json!({"comment": {"id": "3", "user_id": user.name, "comment": text}})))
}

fn tags_json(tags: &BTreeMap<String, String>) -> Vec<Value> {
    tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect()
}

/// With the newest ready version of each stage, unless the workspace leaves them out.
fn model_json(state: &Workspace, name: &ModelName, model: &Model) -> Value {
    let mut newest = BTreeMap::new();
    for (number, version) in model.versions.iter().filter(|(_, v)| v.status == "READY") {
        newest.insert(version.stage.as_str().to_owned(), version_json(name, *number, version));
    }
    let latest: Vec<Value> = if state.lists_latest { newest.into_values().collect() } else { Vec::new() };
    let mut body = json!({
        "name": name.as_str(), "description": model.description, "tags": tags_json(&model.tags),
        "creation_timestamp": model.created_at.as_millisecond(),
        "last_updated_timestamp": model.updated_at.as_millisecond(), "user_id": "dana@acme.example",
    });
    if !latest.is_empty() {
        body["latest_versions"] = latest.into();
    }
    body
}

fn version_json(name: &ModelName, number: VersionNumber, version: &Version) -> Value {
    let mut body = json!({
        "name": name.as_str(), "version": number.0.to_string(), "current_stage": version.stage.as_str(),
        "creation_timestamp": version.created_at.as_millisecond(),
        "last_updated_timestamp": version.updated_at.as_millisecond(),
        "source": version.source, "status": version.status, "description": version.description,
        "tags": tags_json(&version.tags),
    });
    if let Some(author) = &version.author {
        body["user_id"] = author.as_str().into();
    }
    if let Some(run) = &version.run_id {
        body["run_id"] = run.as_str().into();
    }
    body
}
