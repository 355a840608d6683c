//! A sample plan and its parts, for this crate's tests.
#![allow(clippy::unwrap_used)]

use jiff::Timestamp;

use crate::domain::cd::CdPlan;
use crate::domain::cd::CdTrigger;
use crate::domain::commit::Commit;
use crate::domain::commit::CommitOrigin;
use crate::domain::compare::Directions;
use crate::domain::facts::{ReviewedFacts, RunFacts, Standing};
use crate::domain::ids::{ExperimentId, ModelName, PromotionId, RunId, VersionNumber};
use crate::domain::promotion::{PlanDraft, PromotionPlan};
use crate::domain::record::{Basis, Decision, DecisionDraft, SignOff};
use crate::domain::registry::{ModelVersion, PromotionTarget, Stage, VersionStatus};
use crate::domain::release::DEFAULT_NOTES_TEMPLATE;
use crate::domain::run::{Dataset, MetricPoint, MetricValue, Run};
use crate::domain::signer::Signer;

pub fn id(n: u128) -> PromotionId {
    PromotionId::from_uuid(uuid::Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0000 + n))
}

pub fn now() -> Timestamp {
    "2026-11-23T09:10:04Z".parse().unwrap()
}

pub fn version(number: u64, stage: Stage) -> ModelVersion {
    ModelVersion {
        model: ModelName::new("telco-churn"),
        number: VersionNumber(number),
        stage,
        status: VersionStatus::Ready,
        created_at: Some("2026-11-21T08:00:00Z".parse().unwrap()),
        updated_at: Some("2026-11-21T08:00:01Z".parse().unwrap()),
        author: Some("dana".into()),
        source: format!("runs:/run{number}/model"),
        run_id: Some(RunId::new(format!("run{number}"))),
        description: "Tuned threshold.".into(),
        tags: [("team".to_owned(), "retention".to_owned())].into_iter().collect(),
        aliases: Vec::new(),
        logged_model: None,
        run_elsewhere: None,
        keeps_files: false,
        deployment: None,
    }
}

pub fn run(number: u64, auc: f64) -> Run {
    let point = |v| MetricPoint { value: MetricValue(v), step: 0, at: None };
    Run {
        id: RunId::new(format!("run{number}")),
        experiment: ExperimentId::new("1"),
        name: format!("train-{number}"),
        user: Some("dana".into()),
        status: "FINISHED".into(),
        started_at: None,
        ended_at: None,
        deleted: false,
        metrics: [("auc", point(auc)), ("latency_ms", point(12.5))].into_iter().collect(),
        params: [("depth", "8")].into_iter().collect(),
        tags: [("mlflow.source.git.commit", sha())].into_iter().collect(),
        datasets: vec![Dataset {
            name: "oct".into(),
            digest: "99ab12cd".into(),
            context: Some("training".into()),
            rows: Some(2400),
        }],
    }
}

pub fn sha() -> String {
    format!("3f9c1ab{}", "0".repeat(33))
}

pub fn facts() -> ReviewedFacts {
    ReviewedFacts {
        version: version(42, Stage::Staging),
        run: RunFacts::Known(Box::new(run(42, 0.914))),
        logged: None,
        baseline: Some(Standing {
            version: version(39, Stage::Production),
            run: RunFacts::Known(Box::new(run(39, 0.902))),
            logged: None,
        }),
        holders: vec![VersionNumber(39)],
    }
}

pub fn draft() -> PlanDraft {
    PlanDraft {
        decision: DecisionDraft {
            target_name: "staging".into(),
            demo: false,
            registry_url: "http://mlflow.staging:5000".into(),
            workspace: None,
            promote_to: PromotionTarget::Stage(Stage::Production),
            facts: facts(),
            directions: Directions::default(),
            signer: Signer {
                login: "rev1".into(),
                id: 7,
                name: Some("Rey Viewer".into()),
                email: "7+rev1@users.noreply.github.com".into(),
                registry_user: None,
            },
            basis: Basis::bare(Decision::Approve),
            deployment: None,
            baseline_at: None,
        },
        host: "github.com".into(),
        repo: "acme/churn-model".parse().unwrap(),
        commit: Commit {
            sha: sha().parse().unwrap(),
            title: "Tune threshold".into(),
            author: Some("dana".into()),
            at: None,
            web_url: "https://github.com/acme/churn-model/commit/3f9c1ab".into(),
        },
        commit_origin: CommitOrigin::Run,
        tag: "telco-churn-v42".parse().unwrap(),
        supersedes: None,
        clears: None,
        title: "telco-churn v42".into(),
        notes_template: DEFAULT_NOTES_TEMPLATE.into(),
        cd: CdPlan { trigger: CdTrigger::Release, workflow: Some("cd.yml".into()), wait_s: 90, chain: Vec::new() },
    }
}

pub fn plan() -> PromotionPlan {
    draft().sign(id(1), now(), &SignOff::because("reviewed metrics and bias report")).unwrap()
}
