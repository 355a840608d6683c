//! The screens, one folder each. They never import one another; what they share is in [`parts`].

pub mod approve;
pub mod compare;
pub mod curve;
pub mod decide;
pub mod experiments;
pub mod files;
pub mod help;
pub mod history;
pub mod inbox;
pub mod models;
pub mod palette;
pub mod parts;
pub mod preview;
pub mod promotion;
pub mod record;
pub mod review;
pub mod rollback;
pub mod run;
pub mod runs;
pub mod trend;
pub mod versions;

use crate::app::action::Action;
use crate::app::keymap::Context;
use crate::app::query::Query;
use crate::domain::ids::ModelName;
use parts::{Ctx, Response, ScreenEvent};

/// One screen on the stack.
#[derive(Clone, Debug, PartialEq)]
pub enum Screen {
    /// What waits.
    Inbox(inbox::Inbox),
    /// All models.
    Models(models::Models),
    /// The versions of one model.
    Versions(versions::Versions),
    /// One version against production.
    Review(Box<review::Review>),
    /// The approval form.
    Approve(Box<approve::Approve>),
    /// The form that rejects or holds.
    Decide(Box<decide::Decide>),
    /// The versions that can be brought back.
    Rollback(rollback::Rollback),
    /// One sign-off record.
    Record(record::Record),
    Promotion(promotion::Promotion),
    /// The curve of a metric.
    Curve(curve::Curve),
    /// A metric over all versions of a model.
    Trend(trend::Trend),
    /// The files of a version.
    Files(Box<files::Files>),
    /// The beginning of a file.
    Preview(Box<preview::Preview>),
    /// All experiments.
    Experiments(experiments::Experiments),
    /// The runs of one experiment.
    Runs(Box<runs::Runs>),
    Run(run::RunDetail),
    /// Several versions or runs side by side.
    Compare(compare::Compare),
    /// What was decided.
    History(history::History),
    /// The keys of the screen below.
    Help(help::Help),
    /// The commands of the screen below.
    Palette(palette::Palette),
}

impl Screen {
    /// Contexts from the innermost outwards.
    pub fn contexts(&self) -> &'static [Context] {
        match self {
            Self::Inbox(s) => s.contexts(),
            Self::Models(s) => s.contexts(),
            Self::Versions(s) => s.contexts(),
            Self::Review(s) => s.contexts(),
            Self::Approve(s) => s.contexts(),
            Self::Decide(s) => s.contexts(),
            Self::Rollback(s) => s.contexts(),
            Self::Record(s) => s.contexts(),
            Self::Promotion(s) => s.contexts(),
            Self::Curve(s) => s.contexts(),
            Self::Trend(s) => s.contexts(),
            Self::Files(s) => s.contexts(),
            Self::Preview(s) => s.contexts(),
            Self::Experiments(s) => s.contexts(),
            Self::Runs(s) => s.contexts(),
            Self::Run(s) => s.contexts(),
            Self::Compare(s) => s.contexts(),
            Self::History(s) => s.contexts(),
            Self::Help(s) => s.contexts(),
            Self::Palette(s) => s.contexts(),
        }
    }

    /// The keys that matter most now.
    pub fn hints(&self, ctx: &Ctx<'_>) -> &'static [Action] {
        match self {
            Self::Inbox(s) => s.hints(),
            Self::Models(s) => s.hints(),
            Self::Versions(s) => s.hints(),
            Self::Review(s) => s.hints(),
            Self::Approve(s) => s.hints(),
            Self::Decide(s) => s.hints(),
            Self::Rollback(s) => s.hints(),
            Self::Record(s) => s.hints(),
            Self::Promotion(s) => s.hints(ctx),
            Self::Curve(s) => s.hints(),
            Self::Trend(s) => s.hints(),
            Self::Files(s) => s.hints(),
            Self::Preview(s) => s.hints(),
            Self::Experiments(s) => s.hints(),
            Self::Runs(s) => s.hints(),
            Self::Run(s) => s.hints(),
            Self::Compare(s) => s.hints(),
            Self::History(s) => s.hints(),
            Self::Help(s) => s.hints(),
            Self::Palette(s) => s.hints(),
        }
    }

    /// Whether typed characters go into a text field.
    pub fn captures_text(&self) -> bool {
        match self {
            Self::Inbox(s) => s.captures_text(),
            Self::Models(s) => s.captures_text(),
            Self::Versions(s) => s.captures_text(),
            Self::Approve(s) => s.captures_text(),
            Self::Decide(s) => s.captures_text(),
            Self::Files(s) => s.captures_text(),
            Self::Preview(s) => s.save().is_asking(),
            Self::Palette(_) => true,
            Self::Experiments(s) => s.captures_text(),
            Self::Runs(s) => s.captures_text(),
            Self::Review(s) => s.captures_text(),
            Self::Curve(_)
            | Self::Trend(_)
            | Self::Promotion(_)
            | Self::Run(_)
            | Self::Compare(_)
            | Self::History(_)
            | Self::Rollback(_)
            | Self::Record(_)
            | Self::Help(_) => false,
        }
    }

    /// Whether up and down move through a list while one types.
    pub fn moves_while_typing(&self) -> bool {
        !matches!(self, Self::Review(s) if s.is_noting())
    }

    /// What Enter and Esc do while one types, for the footer.
    pub fn prompt_words(&self) -> (&'static str, &'static str) {
        match self {
            Self::Review(s) if s.is_noting() => ("keep the note", "leave it as it was"),
            Self::Review(_) => ("compare with it", "leave it"),
            Self::Runs(s) => s.prompt_words(),
            _ => ("keep the filter", "clear it"),
        }
    }

    /// The model it is about, for the history of that model alone.
    pub fn model(&self) -> Option<&ModelName> {
        match self {
            Self::Versions(s) => Some(s.model()),
            Self::Review(s) => Some(s.model()),
            _ => None,
        }
    }

    /// Whether Esc means something here other than going back.
    pub fn takes_back(&self) -> bool {
        match self {
            Self::Inbox(s) => s.filter().is_active(),
            Self::Models(s) => s.filter().is_active(),
            Self::Versions(s) => s.filter().is_active(),
            Self::Files(s) => s.takes_back(),
            Self::Preview(s) => s.save().is_asking(),
            Self::Experiments(s) => s.filter().is_active(),
            Self::Runs(s) => s.takes_back(),
            // What was typed is kept first.
            Self::Approve(_) | Self::Decide(_) => true,
            Self::Review(s) => s.takes_back(),
            _ => false,
        }
    }

    /// Whether it asks where a file shall be saved, or shows files at all.
    pub fn save(&self) -> Option<&parts::save::Save> {
        match self {
            Self::Files(s) => Some(s.save()),
            Self::Preview(s) => Some(s.save()),
            _ => None,
        }
    }

    /// What has to be known for it to be shown. What no screen on the stack needs any more is cancelled.
    pub fn needs(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        match self {
            Self::Inbox(s) => s.needs(ctx),
            Self::Models(s) => s.needs(ctx),
            Self::Versions(s) => s.needs(ctx),
            Self::Review(s) => s.needs(ctx),
            Self::Approve(s) => s.needs(ctx),
            Self::Decide(s) => s.needs(ctx),
            Self::Rollback(s) => s.needs(ctx),
            Self::Record(s) => s.needs(ctx),
            Self::Promotion(s) => s.needs(ctx),
            Self::Curve(s) => s.needs(ctx),
            Self::Trend(s) => s.needs(ctx),
            Self::Files(s) => s.needs(ctx),
            Self::Preview(s) => s.needs(ctx),
            Self::Experiments(s) => s.needs(ctx),
            Self::Runs(s) => s.needs(ctx),
            Self::Run(s) => s.needs(ctx),
            Self::Compare(s) => s.needs(ctx),
            Self::History(s) => s.needs(ctx),
            Self::Help(_) | Self::Palette(_) => Vec::new(),
        }
    }

    /// Handles one event. The palette is handled by the program, because its choice is another screen's action.
    pub fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        match self {
            Self::Inbox(s) => s.update(event, ctx),
            Self::Models(s) => s.update(event, ctx),
            Self::Versions(s) => s.update(event, ctx),
            Self::Review(s) => s.update(event, ctx),
            Self::Approve(s) => s.update(event, ctx),
            Self::Decide(s) => s.update(event, ctx),
            Self::Rollback(s) => s.update(event, ctx),
            Self::Record(s) => s.update(event, ctx),
            Self::Promotion(s) => s.update(event, ctx),
            Self::Curve(s) => s.update(event, ctx),
            Self::Trend(s) => s.update(event, ctx),
            Self::Files(s) => s.update(event, ctx),
            Self::Preview(s) => s.update(event, ctx),
            Self::Experiments(s) => s.update(event, ctx),
            Self::Runs(s) => s.update(event, ctx),
            Self::Run(s) => s.update(event, ctx),
            Self::Compare(s) => s.update(event, ctx),
            Self::History(s) => s.update(event, ctx),
            Self::Help(s) => {
                s.update(event, ctx);
                Response::none()
            }
            Self::Palette(_) => Response::none(),
        }
    }

    /// What it is called, for the help's heading.
    pub fn title(&self) -> &'static str {
        match self {
            Self::Inbox(_) => "inbox",
            Self::Models(_) => "models",
            Self::Versions(_) => "versions",
            Self::Review(_) => "review",
            Self::Approve(_) => "approve",
            Self::Decide(s) => s.heading(),
            Self::Rollback(_) => "roll back",
            Self::Record(_) => "record",
            Self::Promotion(_) => "promotion",
            Self::Curve(_) => "curve",
            Self::Trend(_) => "trend",
            Self::Files(_) => "files",
            Self::Preview(_) => "preview",
            Self::Experiments(_) => "experiments",
            Self::Runs(_) => "runs",
            Self::Run(_) => "run",
            Self::Compare(_) => "compare",
            Self::History(_) => "history",
            Self::Help(_) => "help",
            Self::Palette(_) => "commands",
        }
    }
}
