//! Targets that write nothing to the registry.

use super::*;

#[test]
fn a_target_that_promotes_by_release_says_so_and_needs_a_repository() {
    let toml =
        "[targets.prod]\ntracking_uri = \"https://mlflow\"\npromote_to = \"release\"\nrepository = \"acme/churn\"\n";
    let found = target(toml, &[]);
    assert_eq!(found.rules.promote_to, PromotionTarget::Release);
    assert_eq!(shown(&found, "promote_to").0, Some("release"));
    assert_eq!(shown(&found, "registry_writes").0, Some("nothing is written to the registry"));
    let bare = toml.replace("repository = \"acme/churn\"\n", "");
    let failure = refused(&bare, &[]);
    assert!(failure.reason.contains("needs a repository"), "{failure}");
    assert!(failure.hint.as_ref().is_some_and(|hint| hint.contains("GH_REPO")), "{failure:?}");
    assert_eq!(target(&bare, &[("GH_REPO", "acme/churn")]).rules.promote_to, PromotionTarget::Release);
    let of_models = format!("{bare}[models.\"churn\"]\nrepository = \"acme/churn\"\n");
    assert_eq!(target(&of_models, &[]).rules.promote_to, PromotionTarget::Release);
}

#[test]
fn any_registry_takes_it_and_what_is_none_of_the_ways_is_refused_with_all_of_them() {
    for uri in ["https://mlflow", "databricks", "databricks-uc"] {
        let vars = [
            ("DATABRICKS_HOST", "https://h.cloud.databricks.com"),
            ("DATABRICKS_TOKEN", "dapi"),
            ("MLFLOW_TRACKING_URI", "databricks"),
            ("MLFLOW_REGISTRY_URI", uri),
        ];
        let toml = "[targets.a]\npromote_to = \"release\"\nrepository = \"acme/churn\"\n";
        assert_eq!(target(toml, &vars).rules.promote_to, PromotionTarget::Release, "{uri}");
    }
    for text in ["Release", "release:x", "releases"] {
        let failure = refused(&format!("[targets.a]\ntracking_uri = \"http://x\"\npromote_to = \"{text}\"\n"), &[]);
        assert!(failure.to_string().contains("\"release\""), "{text}: {failure}");
    }
}

#[test]
fn only_unity_catalog_has_deployment_jobs() {
    let toml = |uri: &str, more: &str| {
        format!("[targets.a]\ntracking_uri = \"{uri}\"\npromote_to = \"deployment-job\"\n{more}")
    };
    let vars = [("DATABRICKS_HOST", "https://h.cloud.databricks.com"), ("DATABRICKS_TOKEN", "dapi")];
    let repository = "repository = \"acme/churn\"\n";
    let found = target(&toml("databricks", repository), &vars);
    assert_eq!(found.rules.promote_to, PromotionTarget::DeploymentJob);
    assert_eq!(shown(&found, "promote_to").0, Some("deployment-job"));
    let bare = refused(&toml("databricks", ""), &vars);
    assert!(bare.reason.contains("\"deployment-job\" needs a repository"), "{bare}");
    for (uri, more) in
        [("https://mlflow", repository), ("databricks", "repository = \"acme/churn\"\nregistry_uri = \"databricks\"\n")]
    {
        let failure = refused(&toml(uri, more), &vars);
        assert!(failure.reason.contains("only models in Unity Catalog"), "{uri}: {failure}");
    }
}

#[test]
fn a_candidate_alias_is_another_than_the_one_of_production_and_needs_a_registry_with_aliases() {
    let with = |promote_to: &str, alias: &str| {
        format!(
            "[targets.a]\ntracking_uri = \"https://mlflow\"\npromote_to = \"{promote_to}\"\n\
             candidate_alias = \"{alias}\"\nrepository = \"acme/churn\"\n"
        )
    };
    for promote_to in ["alias:champion", "stage:Production"] {
        let found = target(&with(promote_to, "challenger"), &[]);
        assert_eq!(found.rules.candidate_alias.as_deref(), Some("challenger"));
        assert_eq!(shown(&found, "candidate_alias").0, Some("challenger"));
    }
    assert_eq!(target(STAGING, &[]).rules.candidate_alias, None);
    for (promote_to, alias, reason) in [
        ("alias:champion", "champion", "the alias that promote_to names"),
        ("release", "challenger", "the registry is not written to"),
        ("stage:Production", "v3", "does not accept the alias"),
    ] {
        let failure = refused(&with(promote_to, alias), &[]);
        assert!(failure.to_string().contains(reason), "{alias}: {failure}");
    }
}
