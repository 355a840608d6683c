//! Unity Catalog by MLflow's dialect: `/api/2.0/mlflow/unity-catalog/...`. Names have three levels; there are aliases
//! and no stages. Its tags are those of the world that its rules allow.

use jiff::Timestamp;
use serde_json::{Value, json};
use signoff::adapters::demo::world::{Model, Version};
use signoff::domain::ids::{ModelName, VersionNumber};

use super::super::double::{Answer, Request};
use super::jobs;
use super::registry::{condition, listed, refused, version_of};
use super::state::{Level, User, Workspace};
use super::{SCHEMA, arg, denied, error, invalid, missing, ok, page, unknown};

/// Most tags of an object.
const MOST_TAGS: usize = 50;
const TAG_VALUE_LIMIT: usize = 1_000;

type Answered = Result<Answer, Answer>;

pub(super) fn answer(state: &mut Workspace, user: &User, request: &Request, route: &str) -> Answer {
    if !state.has_metastore {
        return error(404, "METASTORE_DOES_NOT_EXIST", "No metastore assigned for the current workspace.");
    }
    let answer = match route {
        "GET registered-models/search" => search_models(state, request),
        "GET registered-models/get" => one_model(state, request),
        "POST registered-models/alias" => set_alias(state, user, request),
        "DELETE registered-models/alias" => delete_alias(state, user, request),
        "GET registered-models/alias" => by_alias(state, request),
        "GET model-versions/search" => search_versions(state, request),
        "GET model-versions/get" => one_version(state, request),
        "POST model-versions/set-tag" => set_tag(state, user, request),
        "DELETE model-versions/delete-tag" => delete_tag(state, user, request),
        _ => Ok(unknown(request)),
    };
    answer.unwrap_or_else(|refused| refused)
}

/// Refuses parameters that the protocol does not have.
fn only(request: &Request, known: &[&str]) -> Result<(), Answer> {
    match request.query_names().find(|name| !known.contains(name)) {
        Some(name) => Err(invalid(&format!("Unknown parameter '{name}'."))),
        None => Ok(()),
    }
}

/// The world's name for one with three levels.
fn plain(name: &str) -> Result<ModelName, Answer> {
    if name.split('.').filter(|level| !level.is_empty()).count() != 3 {
        let said = format!("'{name}' is not a valid name for a registered model: specify all three levels.");
        return Err(error(400, "INVALID_PARAMETER_VALUE", &said));
    }
    match name.strip_prefix(SCHEMA) {
        Some(name) => Ok(ModelName::new(name)),
        None => Err(missing(&format!("Registered model '{name}' does not exist."))),
    }
}

fn named(request: &Request) -> Result<ModelName, Answer> {
    plain(&arg(request, "name"))
}

fn version_named(request: &Request) -> Result<(ModelName, VersionNumber), Answer> {
    let (name, number) = version_of(request)?;
    Ok((plain(name.as_str())?, number))
}

/// Unity Catalog names what does not exist itself.
fn look<T>(
    state: &Workspace,
    look: impl FnOnce(&signoff::adapters::demo::World) -> Result<T, signoff::adapters::demo::Refusal>,
) -> Result<T, Answer> {
    state.store.look(look).unwrap().map_err(refused)
}

fn search_models(state: &Workspace, request: &Request) -> Answered {
    only(request, &["max_results", "page_token"])?;
    let all = look(state, |world| {
        Ok(world.models.iter().map(|(name, m)| model_json(state, name, m, false)).collect::<Vec<_>>())
    })?;
    let (items, next) = page(state, request, 1_000, all)?;
    Ok(ok(listed("registered_models", items, next)))
}

/// The native list: catalog and schema both or neither, and models that may only be browsed if they are asked for.
pub(super) fn native_models(state: &Workspace, request: &Request) -> Answer {
    if !state.has_metastore {
        return error(404, "METASTORE_DOES_NOT_EXIST", "No metastore assigned for the current workspace.");
    }
    native(state, request).unwrap_or_else(|refused| refused)
}

fn native(state: &Workspace, request: &Request) -> Answered {
    only(request, &["catalog_name", "schema_name", "include_browse", "max_results", "page_token"])?;
    let (catalog, schema) = (arg(request, "catalog_name"), arg(request, "schema_name"));
    if catalog.is_empty() != schema.is_empty() {
        return Err(invalid("Catalog and schema must be given together."));
    }
    let here = catalog.is_empty() || format!("{catalog}.{schema}.") == SCHEMA;
    let browse = arg(request, "include_browse") == "true";
    let json = |name: &ModelName, model: &Model, browse_only: bool| {
        json!({
            "name": name.as_str(), "catalog_name": "prod", "schema_name": "telco", "full_name": format!("{SCHEMA}{name}"),
            "comment": model.description, "created_at": int(state, model.created_at),
            "updated_at": int(state, model.updated_at), "browse_only": browse_only,
        })
    };
    let all = look(state, |world| {
        let may = world
            .models
            .iter()
            .filter(|_| here)
            .map(|(name, m)| (name, m, state.browse_only.iter().any(|it| *it == name.as_str())));
        Ok(may.filter(|(.., only)| browse || !only).map(|(name, m, only)| json(name, m, only)).collect::<Vec<_>>())
    })?;
    let (items, next) = page(state, request, 10_000, all)?;
    Ok(ok(listed("registered_models", items, next)))
}

fn one_model(state: &Workspace, request: &Request) -> Answered {
    only(request, &["name"])?;
    let name = named(request)?;
    let found = look(state, |world| world.model(&name).map(|m| model_json(state, &name, m, true)))?;
    Ok(ok(json!({"registered_model": found})))
}

fn search_versions(state: &Workspace, request: &Request) -> Answered {
    only(request, &["filter", "max_results", "page_token"])?;
    let filter = arg(request, "filter");
    if filter.is_empty() {
        return Err(invalid("Missing filter: please specify a filter parameter in the format `name = 'model_name'`."));
    }
    let (of, value) = condition(&filter)?;
    if of.trim_end_matches('=').trim() != "name" {
        return Err(invalid("Unsupported filter: only `name = 'model_name'` is supported."));
    }
    let name = plain(value)?;
    let mut all = look(state, |world| {
        let versions = world.models.get(&name).map(|m| m.versions.iter()).into_iter().flatten();
        Ok(versions.map(|(n, v)| (n.0, version_json(state, &name, *n, v, None, None))).collect::<Vec<_>>())
    })?;
    // In no order that anybody could rely on.
    all.sort_by_key(|(n, _)| (n * 7919) % 31);
    let (items, next) = page(state, request, 10_000, all.into_iter().map(|(_, v)| v).collect())?;
    Ok(ok(listed("model_versions", items, next)))
}

fn full_version(state: &Workspace, name: &ModelName, number: VersionNumber) -> Answered {
    let found = look(state, |world| {
        let (model, job) = (world.model(name)?, world.job_of(name, number).map(jobs::said));
        Ok(version_json(state, name, number, world.version(name, number)?, Some(model), job))
    })?;
    Ok(ok(json!({"model_version": found})))
}

fn one_version(state: &Workspace, request: &Request) -> Answered {
    only(request, &["name", "version"])?;
    let (name, number) = version_named(request)?;
    full_version(state, &name, number)
}

fn by_alias(state: &Workspace, request: &Request) -> Answered {
    only(request, &["name", "alias"])?;
    let (name, alias) = (named(request)?, arg(request, "alias"));
    let number = look(state, |world| Ok(world.model(&name)?.aliases.get(&alias).copied()))?;
    let number = number.ok_or_else(|| missing(&format!("Registered model alias '{alias}' does not exist.")))?;
    full_version(state, &name, number)
}

/// Aliases need MANAGE or ownership.
fn manages(user: &User, name: &ModelName) -> Result<(), Answer> {
    if user.level >= Level::ManageProduction {
        return Ok(());
    }
    Err(denied(&format!("User does not have MANAGE on Routine or Model '{SCHEMA}{name}'.")))
}

fn tags_allowed(user: &User, name: &ModelName) -> Result<(), Answer> {
    if user.level >= Level::Edit {
        return Ok(());
    }
    Err(denied(&format!("User does not have APPLY TAG on Routine or Model '{SCHEMA}{name}'.")))
}

fn set_alias(state: &mut Workspace, user: &User, request: &Request) -> Answered {
    let (name, number) = version_named(request)?;
    manages(user, &name)?;
    let alias = arg(request, "alias");
    let done = state.store.change(|world| world.set_alias(&name, &alias, number));
    done.unwrap().map_err(refused).map(|()| ok(json!({})))
}

fn delete_alias(state: &mut Workspace, user: &User, request: &Request) -> Answered {
    let (name, alias) = (named(request)?, arg(request, "alias"));
    manages(user, &name)?;
    let done = state.store.change(|world| world.delete_alias(&name, &alias));
    done.unwrap().map_err(refused).map(|()| ok(json!({})))
}

/// Whether a tag's key is one that Unity Catalog takes.
fn is_key(key: &str) -> bool {
    !key.is_empty() && !key.contains(['.', ',', '-', '=', '/', ':']) && key.trim() == key
}

fn set_tag(state: &mut Workspace, user: &User, request: &Request) -> Answered {
    let (name, number) = version_named(request)?;
    tags_allowed(user, &name)?;
    let (key, value) = (arg(request, "key"), arg(request, "value"));
    if !is_key(&key) {
        return Err(invalid(&format!("Invalid tag key '{key}': it must not contain any of . , - = / :")));
    }
    if value.chars().count() > TAG_VALUE_LIMIT {
        return Err(invalid(&format!("The tag value exceeds the limit of {TAG_VALUE_LIMIT} characters.")));
    }
    let has = look(state, |world| {
        let tags = &world.version(&name, number)?.tags;
        Ok(if tags.contains_key(&key) { 0 } else { tags.keys().filter(|k| is_key(k)).count() })
    })?;
    if has >= MOST_TAGS {
        return Err(invalid(&format!("The limit of {MOST_TAGS} tags is reached.")));
    }
    let done = state.store.change(|world| world.set_version_tag(&name, number, &key, &value));
    done.unwrap().map_err(refused).map(|()| ok(json!({})))
}

fn delete_tag(state: &mut Workspace, user: &User, request: &Request) -> Answered {
    let (name, number) = version_named(request)?;
    tags_allowed(user, &name)?;
    let key = arg(request, "key");
    let done = state.store.change(|world| world.delete_version_tag(&name, number, &key));
    done.unwrap().map_err(refused).map(|()| ok(json!({})))
}

fn int(state: &Workspace, at: Timestamp) -> Value {
    let ms = at.as_millisecond();
    if state.ints_as_text { ms.to_string().into() } else { ms.into() }
}

fn tags_json<'a>(tags: impl Iterator<Item = (&'a String, &'a String)>) -> Vec<Value> {
    tags.filter(|(key, _)| is_key(key)).map(|(key, value)| json!({"key": key, "value": value})).collect()
}

fn model_json(state: &Workspace, name: &ModelName, model: &Model, whole: bool) -> Value {
    let mut body = json!({
        "name": format!("{SCHEMA}{name}"), "description": model.description, "user_id": "dana@acme.example",
        "creation_timestamp": int(state, model.created_at),
        "last_updated_timestamp": int(state, model.updated_at),
    });
    if whole {
        let alias = |(alias, n): (&String, &VersionNumber)| json!({"alias": alias, "version": n.0.to_string()});
        body["aliases"] = model.aliases.iter().map(alias).collect::<Vec<_>>().into();
        body["tags"] = tags_json(model.tags.iter()).into();
    }
    body
}

/// Without aliases and tags, unless the model is given.
fn version_json(
    state: &Workspace,
    name: &ModelName,
    number: VersionNumber,
    version: &Version,
    of: Option<&Model>,
    job: Option<Value>,
) -> Value {
    let mut body = json!({
        "name": format!("{SCHEMA}{name}"), "version": number.0.to_string(), "status": version.status,
        "creation_timestamp": int(state, version.created_at),
        "last_updated_timestamp": int(state, version.updated_at),
        "source": version.source, "description": version.description, "storage_location": "s3://metastore/x",
        "run_tracking_server_id": state.runs_in.unwrap_or(state.id).to_string(),
    });
    if let Some(author) = &version.author {
        body["user_id"] = author.as_str().into();
    }
    if let Some(run) = &version.run_id {
        body["run_id"] = run.as_str().into();
    }
    if let Some(model) = of {
        let here = model.aliases.iter().filter(|(_, n)| **n == number);
        let alias = |(alias, n): (&String, &VersionNumber)| json!({"alias": alias, "version": n.0.to_string()});
        body["aliases"] = here.map(alias).collect::<Vec<_>>().into();
        body["tags"] = tags_json(version.tags.iter()).into();
        if let Some(job) = job {
            body["deployment_job_state"] = job;
        }
        if state.embeds {
            let named = version.source.strip_prefix("models:/").filter(|id| id.starts_with("m-"));
            body["model_id"] = named.map_or_else(|| format!("m-{}", number.0), str::to_owned).into();
            body["model_params"] = json!([{"name": "num_leaves", "value": "45"}]);
            body["model_metrics"] = json!([{"key": "kept_auc", "value": 0.84, "timestamp": "1795399715653", "step": "0",
                "dataset_name": "holdout", "dataset_digest": "4b4e"}]);
        }
    }
    body
}
