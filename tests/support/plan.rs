//! Plans for integration tests: one approval of telco-churn v42 in `acme/churn-model`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use signoff::domain::cd::CdPlan;
use signoff::domain::cd::CdTrigger;
use signoff::domain::commit::Commit;
use signoff::domain::commit::CommitOrigin;
use signoff::domain::compare::Directions;
use signoff::domain::facts::{ReviewedFacts, RunFacts};
use signoff::domain::ids::{CommitSha, ModelName, PromotionId, RepoSlug, TagName, VersionNumber};
use signoff::domain::promotion::{PlanDraft, PromotionPlan};
use signoff::domain::record::{Basis, Decision, DecisionDraft, SignOff};
use signoff::domain::registry::{ModelVersion, PromotionTarget, Stage, VersionStatus};
use signoff::domain::release::DEFAULT_NOTES_TEMPLATE;
use signoff::domain::signer::Signer;

/// The repository of all fixtures.
pub fn repo() -> RepoSlug {
    "acme/churn-model".parse().unwrap()
}

/// The commit to be tagged: the head of `main` in the double's usual world.
pub fn sha() -> CommitSha {
    format!("3f9c1ab{}", "0".repeat(33)).parse().unwrap()
}

pub fn tag() -> TagName {
    "telco-churn-v42".parse().unwrap()
}

/// The signing time of the fixtures.
pub fn now() -> Timestamp {
    "2026-11-23T09:10:04.567Z".parse().unwrap()
}

/// Id of the `n`th promotion.
pub fn id(n: u128) -> PromotionId {
    PromotionId::from_uuid(uuid::Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0000 + n))
}

/// A version of telco-churn waiting for approval.
pub fn version(number: u64) -> ModelVersion {
    ModelVersion {
        model: ModelName::new("telco-churn"),
        number: VersionNumber(number),
        stage: Stage::Staging,
        status: VersionStatus::Ready,
        created_at: None,
        updated_at: None,
        author: Some("dana".into()),
        source: format!("runs:/run{number}/model"),
        run_id: None,
        description: "Tuned threshold.".into(),
        tags: Default::default(),
        aliases: Vec::new(),
        logged_model: None,
        run_elsewhere: None,
        keeps_files: false,
        deployment: None,
    }
}

/// The unsigned plan.
pub fn draft() -> PlanDraft {
    PlanDraft {
        decision: DecisionDraft {
            target_name: "staging".into(),
            demo: false,
            registry_url: "http://mlflow.staging:5000".into(),
            workspace: None,
            promote_to: PromotionTarget::Stage(Stage::Production),
            facts: ReviewedFacts {
                version: version(42),
                run: RunFacts::NotRecorded,
                logged: None,
                baseline: None,
                holders: Vec::new(),
            },
            directions: Directions::default(),
            signer: Signer {
                login: "rev1".into(),
                id: 7,
                name: Some("Rey Viewer".into()),
                email: "7+rev1@users.noreply.github.com".into(),
                registry_user: None,
            },
            deployment: None,
            baseline_at: None,
            basis: Basis::bare(Decision::Approve),
        },
        host: "github.com".into(),
        repo: repo(),
        commit: Commit {
            sha: sha(),
            title: "Tune threshold".into(),
            author: Some("dana".into()),
            at: None,
            web_url: "https://github.com/acme/churn-model/commit/3f9c1ab".into(),
        },
        commit_origin: CommitOrigin::Run,
        tag: tag(),
        supersedes: None,
        title: "telco-churn v42".into(),
        clears: None,
        notes_template: DEFAULT_NOTES_TEMPLATE.into(),
        cd: CdPlan { trigger: CdTrigger::Release, workflow: Some("cd.yml".into()), wait_s: 90, chain: Vec::new() },
    }
}

/// The plan as signed by promotion `n`.
pub fn plan(n: u128) -> PromotionPlan {
    draft().sign(id(n), now(), &SignOff::because("reviewed metrics and bias report")).unwrap()
}

/// The same with changes to the draft.
pub fn plan_with(n: u128, change: impl FnOnce(&mut PlanDraft)) -> PromotionPlan {
    let mut draft = draft();
    change(&mut draft);
    draft.sign(id(n), now(), &SignOff::default()).unwrap()
}
