//! `[promote]`: candidate in one target, production in another.

use super::*;

const BOTH: &str = "[targets.staging]\ntracking_uri = \"https://staging\"\nrepository = \"acme/churn\"\n\
                    [targets.prod]\ntracking_uri = \"https://prod\"\npromote_to = \"alias:champion\"\n";

fn from_staging(more: &str) -> String {
    format!("default_target = \"staging\"\n{BOTH}[promote]\nfrom = \"staging\"\nto = \"prod\"\n{more}")
}

#[test]
fn versions_of_one_target_go_to_another() {
    let found = target(&from_staging("model = \"prod-{model}\"\n"), &[]);
    assert_eq!(found.rules.promote_to, PromotionTarget::Elsewhere("prod".to_owned()));
    assert_eq!(shown(&found, "promote_to").0, Some("the target prod"));
    let (there, names) = *found.other.clone().unwrap();
    assert_eq!((there.name.as_str(), there.rules.readonly), ("prod", true));
    assert_eq!(there.rules.promote_to, PromotionTarget::Alias("champion".to_owned()));
    assert_eq!(connections(&there).mlflow.tracking.as_str(), "https://prod/");
    let name = names.unwrap().of(&signoff::domain::ids::ModelName::new("churn")).unwrap();
    assert_eq!(name.as_str(), "prod-churn");
    // The other target itself is as it was.
    let prod = from_staging("").replace("default_target = \"staging\"", "default_target = \"prod\"");
    let prod = target(&prod, &[("GH_REPO", "acme/churn")]);
    assert!(prod.other.is_none());
    assert_eq!(prod.rules.promote_to, PromotionTarget::Alias("champion".to_owned()));
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let moved = from_staging("").replace("[targets.prod]", "promote_to = \"stage:Production\"\n[targets.prod]");
    let bare = from_staging("").replace("repository = \"acme/churn\"\n", "");
    for (toml, why) in [
        (from_staging("").replace("to = \"prod\"", "to = \"production\""), "it is not configured"),
        (from_staging("").replace("to = \"prod\"", "to = \"staging\""), "the same target"),
        (from_staging("").replace("to = \"prod\"\n", ""), "needs `from` and `to`"),
        (from_staging("model = \"prod\"\n"), "without {model}"),
        (moved, "contradict each other"),
        (bare, "[promote] needs a repository"),
    ] {
        let failure = refused(&toml, &[]);
        assert!(failure.to_string().contains(why), "{why}: {failure}");
    }
}
