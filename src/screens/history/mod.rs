//! What was decided, here and elsewhere, and what was the outcome?

pub mod entries;
pub mod view;

use crate::app::action::Action;
use crate::app::effect::{Effect, Place};
use crate::app::keymap::Context;
use crate::app::list::Cursor;
use crate::app::query::Query;
use crate::app::route::{RecordAt, Route};
use crate::app::under::Under;
use crate::domain::ids::{ModelName, RepoSlug, TagName};
use crate::screens::parts::cd;
use crate::screens::parts::{Component, Ctx, Filter, Response, ScreenEvent, hold};

use entries::{Entry, Key};

/// Most rows whose CD is read again.
const MOST_CD: usize = 30;

/// State of the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// Show only this model.
    model: Option<ModelName>,
    filter: Filter,
    cursor: Cursor<Option<Key>>,
}

impl History {
    /// The history of one model, or of all.
    pub fn new(model: Option<ModelName>) -> Self {
        Self { model, filter: Filter::default(), cursor: Cursor::default() }
    }

    /// The entries that the filter leaves.
    fn shown<'a>(&self, ctx: &Ctx<'a>) -> Vec<Entry<'a>> {
        let entries = entries::entries(ctx.cache, self.model.as_ref());
        if !self.filter.narrows() {
            return entries;
        }
        let texts: Vec<String> = entries.iter().map(|entry| view::text(entry, ctx)).collect();
        let fit = self.filter.clone().pick(&texts, String::clone);
        fit.into_iter().map(|i| entries[i]).collect()
    }

    fn log(&self) -> Query {
        Query::Log { model: self.model.clone() }
    }
}

impl Component for History {
    fn heading(&self) -> &'static str {
        "history"
    }

    fn route(&self) -> Option<Route> {
        Some(Route::History(self.model.clone()))
    }

    fn under(&self, ctx: &Ctx<'_>) -> Under {
        let entries = self.shown(ctx);
        let subject = entries.get(self.cursor.index()).and_then(|entry| entry.subject());
        subject.map(|(model, version)| Under::version(model.clone(), version)).unwrap_or_default()
    }

    fn finder(&self) -> Option<&Filter> {
        Some(&self.filter)
    }

    fn finder_mut(&mut self) -> Option<&mut Filter> {
        Some(&mut self.filter)
    }

    fn contexts(&self) -> &'static [Context] {
        &[Context::History, Context::List, Context::Global]
    }

    fn hints(&self, ctx: &Ctx<'_>) -> &'static [Action] {
        use Action::{Back, Browse, Copy, Help, Open, Record, Refresh};
        if self.shown(ctx).is_empty() {
            return &[Refresh, Back, Help];
        }
        &[Open, Record, Browse, Copy, Refresh, Back, Help]
    }

    /// The journals and records, which are local, what is written elsewhere, and CD of the rows in sight.
    fn needs(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        let mut needs = vec![Query::Promotions, Query::Records, self.log()];
        let rows = ctx.rows(1 + self.below(ctx)).min(MOST_CD);
        let entries = self.shown(ctx);
        let in_sight = entries.iter().skip(self.cursor.offset()).take(rows);
        needs.extend(in_sight.filter_map(|entry| cd::query(entry.state?, ctx)));
        needs
    }

    fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        let entries = self.shown(ctx);
        self.filter.count(entries.len(), || entries::entries(ctx.cache, self.model.as_ref()).len());
        let keys: Vec<Option<Key>> = entries.iter().map(Entry::key).collect();
        let rows = ctx.rows(1 + self.below(ctx));
        hold(&mut self.cursor, event);
        self.cursor.settle(&keys, rows);
        let ScreenEvent::Action(action) = event else {
            return Response::none();
        };
        if action.is_movement() {
            self.cursor.step(action, &keys, rows);
            return Response::none();
        }
        let entry = entries.get(self.cursor.index());
        match (action, entry) {
            (Action::Refresh, _) => Response::refresh(self.needs(ctx)),
            (Action::Open, Some(entry)) => match (entry.local(), entry.promotion) {
                (Some(id), Some(_)) => Response::push(Route::Promotion(id)),
                (Some(_), None) | (None, _) => open_record(entry, ctx),
            },
            (Action::Record, Some(entry)) => open_record(entry, ctx),
            (Action::Rollback, Some(entry)) => {
                let subject = entry.subject().map(|(model, _)| model.clone());
                subject.map_or_else(Response::none, |model| Response::push(Route::Rollback(model)))
            }
            (Action::Browse, Some(entry)) => {
                place(entry).map_or_else(Response::none, |p| Response::effect(Effect::Browse(p)))
            }
            (Action::Copy, Some(entry)) => match entry.key() {
                Some(Key::Id(id)) => Response::copy(id.to_string()),
                Some(Key::Hash(hash)) => Response::copy(hash),
                Some(Key::At(model, version, _)) => Response::copy(format!("models:/{}/{}", model.as_str(), version.0)),
                None => Response::none(),
            },
            (other, _) => Response::pass(other),
        }
    }
}

/// Opens the record, here or on its release.
fn open_record(entry: &Entry<'_>, ctx: &Ctx<'_>) -> Response {
    let here = entry.record.map(|sealed| RecordAt::Machine(sealed.record.record_id));
    match here.or_else(|| released(entry).map(|(repo, tag)| RecordAt::Release(repo, tag))) {
        Some(at) => Response::push(Route::Record(at)),
        None => {
            let open = ctx.keys.press(Action::Browse, "open where it is");
            Response::notice(format!("The record is not on this machine. {open}"))
        }
    }
}

/// Where it is published: its release, or else the version.
fn place(entry: &Entry<'_>) -> Option<Place> {
    let (model, version) = entry.subject()?;
    Some(released(entry).map_or_else(|| Place::Version(model.clone(), version), |(repo, tag)| Place::Tag(repo, tag)))
}

/// The tag of its release.
fn released(entry: &Entry<'_>) -> Option<(RepoSlug, TagName)> {
    let of_log = entry.log.and_then(|log| Some((log.repository.clone()?, log.tag.as_deref()?.parse().ok()?)));
    of_log.or_else(|| {
        let state = entry.state.filter(|s| s.is_released())?;
        Some((state.plan.draft.repo.clone(), state.plan.draft.tag.clone()))
    })
}
