//! The places that were visited: where "back", "forward" and "last place" lead.

use crate::app::prefs::KeptPlace;
use crate::app::route::Route;
use crate::domain::text::clean_line;
use crate::screens::Screen;

/// Places that are remembered.
const MOST: usize = 50;
/// Places whose screens are kept as they were left; older ones are made anew.
const KEPT: usize = 8;

/// A place, as the routes of the screens on the stack.
pub type Trail = Vec<Route>;

#[derive(Clone, Debug)]
struct Visit {
    trail: Trail,
    /// The screens at the end of the trail, as they were left.
    left: Vec<Screen>,
}

/// Visited places, in order.
#[derive(Clone, Debug, Default)]
pub struct Places {
    visits: Vec<Visit>,
    at: usize,
    /// The place before this one.
    last: Option<Trail>,
}

/// A step through the places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// To the place before this one; again, and back.
    Last,
    Earlier,
    Later,
}

/// The place that the screens show: those that are none, such as forms, are left out.
pub fn trail(screens: &[Screen]) -> Trail {
    screens.iter().filter_map(|screen| screen.route()).collect()
}

/// Where a step leads.
#[derive(Debug)]
pub struct Leads {
    pub to: Trail,
    /// The screens at its end, as they were left, if they are kept.
    pub kept: Vec<Screen>,
    /// The visit it leads to, if it is remembered.
    visit: Option<usize>,
}

/// How a place was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// A screen was left: where that leads to the place before, it is a step back.
    Back,
    New,
    Visit(Option<usize>),
}

impl Leads {
    pub fn how(&self) -> How {
        How::Visit(self.visit)
    }
}

impl Places {
    /// The screens now show `now` instead of `before`; `left` are those that were taken off.
    pub fn moved(&mut self, before: Trail, left: Vec<Screen>, now: &[Route], how: How) {
        // Screens are also replaced without a step of the user.
        if !self.is(Some(self.at), &before) {
            self.push(&before);
        }
        if before == now {
            return;
        }
        if let Some(visit) = self.visits.get_mut(self.at) {
            visit.left = left.into_iter().filter(|screen| screen.route().is_some()).collect();
        }
        self.last = Some(before);
        match how {
            How::Back if self.is(self.at.checked_sub(1), now) => self.at -= 1,
            How::Visit(Some(at)) if self.is(Some(at), now) => self.at = at,
            How::Back | How::New | How::Visit(_) => self.push(now),
        }
        let at = self.at;
        for (i, visit) in self.visits.iter_mut().enumerate() {
            if i.abs_diff(at) > KEPT {
                visit.left.clear();
            }
        }
    }

    fn is(&self, at: Option<usize>, trail: &[Route]) -> bool {
        at.and_then(|at| self.visits.get(at)).is_some_and(|visit| visit.trail == trail)
    }

    /// A new place forgets those after the present one.
    fn push(&mut self, trail: &[Route]) {
        self.visits.truncate(self.at + 1);
        self.visits.push(Visit { trail: trail.to_vec(), left: Vec::new() });
        let too_many = self.visits.len().saturating_sub(MOST);
        self.visits.drain(..too_many);
        self.at = self.visits.len() - 1;
    }

    /// Where a step leads; none if there is no such place.
    pub fn step(&self, step: Step) -> Option<Leads> {
        let at = match step {
            Step::Last => {
                let last = self.last.as_ref()?;
                let nearest = self.visits.iter().enumerate().filter(|(_, visit)| visit.trail == *last);
                let nearest = nearest.min_by_key(|(i, _)| i.abs_diff(self.at)).map(|(i, _)| i);
                match nearest {
                    Some(at) => at,
                    None => return Some(Leads { to: last.clone(), kept: Vec::new(), visit: None }),
                }
            }
            Step::Earlier => self.at.checked_sub(1)?,
            Step::Later => self.at + 1,
        };
        let visit = self.visits.get(at)?;
        Some(Leads { to: visit.trail.clone(), kept: visit.left.clone(), visit: Some(at) })
    }
}

/// The place of a route; none for what is about one moment, such as a promotion, or is deep below another place.
pub(super) fn place_of(route: &Route) -> Option<KeptPlace> {
    Some(match route {
        Route::Inbox => KeptPlace::Inbox,
        Route::Models => KeptPlace::Models,
        Route::Versions(model) => KeptPlace::Versions { model: model.clone() },
        Route::Review(model, version) => KeptPlace::Review { model: model.clone(), version: *version },
        Route::Experiments => KeptPlace::Experiments,
        Route::Runs(experiment, name) => KeptPlace::Runs { experiment: experiment.clone(), name: name.clone() },
        Route::Run(run) => KeptPlace::Run { run: run.clone() },
        Route::History(model) => KeptPlace::History { model: model.clone() },
        _ => return None,
    })
}

/// The route of a place that was kept.
pub(super) fn route_of(place: &KeptPlace) -> Route {
    match place {
        KeptPlace::Inbox => Route::Inbox,
        KeptPlace::Models => Route::Models,
        KeptPlace::Versions { model } => Route::Versions(model.clone()),
        KeptPlace::Review { model, version } => Route::Review(model.clone(), *version),
        KeptPlace::Experiments => Route::Experiments,
        KeptPlace::Runs { experiment, name } => Route::Runs(experiment.clone(), clean_line(name)),
        KeptPlace::Run { run } => Route::Run(run.clone()),
        KeptPlace::History { model } => Route::History(model.clone()),
    }
}
