//! Rules of a target for tests, with the repository of the demo.

use signoff::adapters::demo;
use signoff::domain::cd::CdPlan;
use signoff::domain::cd::CdTrigger;
use signoff::domain::compare::Directions;
use signoff::domain::registry::{PromotionTarget, Stage};
use signoff::domain::release::DEFAULT_NOTES_TEMPLATE;
use signoff::domain::rules::{RepositoryRule, Rules};

/// Stage Production, released from `acme/churn-models`, CD started by the release.
pub fn rules() -> Rules {
    Rules {
        target_name: "demo".into(),
        production: false,
        colour: None,
        demo: true,
        readonly: false,
        service_principals: false,
        promote_to: PromotionTarget::Stage(Stage::Production),
        candidate_alias: None,
        promote_to_is_usual: false,
        host: demo::HOST.into(),
        repository: RepositoryRule {
            fixed: Some("acme/churn-models".parse().unwrap()),
            per_model: Vec::new(),
            from_run: false,
        },
        commit_from_branch: None,
        tag_template: "{model}-v{version}".into(),
        title_template: "{model} v{version}".into(),
        notes_template: DEFAULT_NOTES_TEMPLATE.into(),
        cd: CdPlan { trigger: CdTrigger::Release, workflow: Some("cd.yml".into()), wait_s: 4, chain: Vec::new() },
        directions: Directions::default(),
        main_metrics: vec!["auc".into()],
        watched_paths: Vec::new(),
        policy: Default::default(),
        preview_bytes: 1 << 18,
        drift: Default::default(),
    }
}

/// The same for another target and another CD trigger.
pub fn rules_for(promote_to: PromotionTarget, trigger: CdTrigger) -> Rules {
    let rules = rules();
    Rules { promote_to, cd: CdPlan { trigger, ..rules.cd.clone() }, ..rules }
}
