//! What a decision without a promotion will write, shown before it is confirmed.

use crate::domain::deployment::{APPROVED, REJECTED};
use crate::domain::record::Decision;
use crate::domain::record::DecisionDraft;
use crate::domain::record::mark::{APPROVAL, DECISION};
use crate::domain::registry::OWN_TAG_PREFIX;
use crate::ui::Phrase;
use crate::ui::skin::{Role, Skin};

/// Columns for the number and the object.
const HEAD: usize = 11;

/// The statement the signer signs.
pub fn meaning(draft: &DecisionDraft) -> String {
    draft.meaning(false)
}

/// The writes in order, wrapped to `width`.
pub fn lines(draft: &DecisionDraft, width: usize, skin: &Skin) -> Vec<Phrase<'static>> {
    let version = &draft.facts.version;
    let vouched = draft.is_vouched();
    let mut rows = vec![("record", Phrase::new(format!("on this machine, signed as {}", draft.signer.login)))];
    match (draft.source(), vouched) {
        (Some((repo, commit)), true) => {
            rows.push(("comment", Phrase::new(format!("on commit {} of {repo}", commit.short()))));
        }
        (None, true) => {
            let text = format!("{} none: the commit is not known; {}", skin.symbols().warn, draft.without_comment());
            rows.push(("comment", Phrase::of(Role::Warn, text)));
        }
        (_, false) => {}
    }
    if draft.promote_to.spares_registry() {
        rows.push(("MLflow", Phrase::new(draft.promote_to.remark())));
        return numbered(rows, width);
    }
    let name = if draft.basis.decision == Decision::Approve {
        format!("{APPROVAL}{}", draft.signer.login)
    } else {
        DECISION.to_owned()
    };
    rows.push(("tag", Phrase::new(format!("{OWN_TAG_PREFIX}{name} on {} {}", version.model, version.number))));
    match (draft.basis.decision, draft.passes(), &draft.deployment) {
        (Decision::Approve, Some(asked), _) => {
            rows.push(("task", Phrase::new(format!("{} is {APPROVED}", asked.task))));
            rows.push(("job", Phrase::new(format!("run {} of job {} goes on", asked.run, asked.job))));
        }
        (Decision::Reject, _, Some(asked)) => {
            rows.push(("task", Phrase::new(format!("{} of run {} is {REJECTED}", asked.task, asked.run))));
        }
        (Decision::Approve | Decision::Reject | Decision::Hold | Decision::Rollback, ..) => {}
    }
    numbered(rows, width)
}

fn numbered(rows: Vec<(&str, Phrase<'static>)>, width: usize) -> Vec<Phrase<'static>> {
    let head = |n: usize, object: &str| Phrase::of(Role::Heading, format!("{n} {object:<rest$}", rest = HEAD - 2));
    rows.into_iter()
        .enumerate()
        .flat_map(|(i, (object, what))| head(i + 1, object).join(what).wrap(width, HEAD))
        .collect()
}
