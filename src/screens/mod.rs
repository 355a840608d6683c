//! The screens, one folder each. They never import one another; shared code is in [`parts`].

pub mod approve;
pub mod command;
pub mod compare;
pub mod curve;
pub mod decide;
pub mod experiments;
pub mod files;
pub mod help;
pub mod history;
pub mod inbox;
pub mod job_log;
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
pub mod targets;
pub mod trend;
pub mod versions;
pub mod welcome;

use std::ops::{Deref, DerefMut};

use parts::Component;

macro_rules! screens {
    ($($name:ident($state:ty),)*) => {
        /// A screen on the stack.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Screen { $($name(Box<$state>),)* }

        $(impl From<$state> for Screen {
            fn from(state: $state) -> Self {
                Self::$name(Box::new(state))
            }
        })*

        impl Deref for Screen {
            type Target = dyn Component;

            fn deref(&self) -> &(dyn Component + 'static) {
                match self { $(Self::$name(screen) => &**screen,)* }
            }
        }

        impl DerefMut for Screen {
            fn deref_mut(&mut self) -> &mut (dyn Component + 'static) {
                match self { $(Self::$name(screen) => &mut **screen,)* }
            }
        }

        /// Evaluates an expression with the inner screen, for code that is the same for all views.
        macro_rules! with_screen {
            ($screen:expr, $it:ident => $result:expr) => {
                match $screen { $($crate::screens::Screen::$name($it) => $result,)* }
            };
        }
        pub(crate) use with_screen;
    };
}

screens! {
    Inbox(inbox::Inbox),
    Models(models::Models),
    Versions(versions::Versions),
    Review(review::Review),
    Approve(approve::Approve),
    Decide(decide::Decide),
    Rollback(rollback::Rollback),
    Record(record::Record),
    Promotion(promotion::Promotion),
    JobLog(job_log::JobLog),
    Command(command::Command),
    Curve(curve::Curve),
    Trend(trend::Trend),
    Files(files::Files),
    Preview(preview::Preview),
    Experiments(experiments::Experiments),
    Runs(runs::Runs),
    Run(run::RunDetail),
    Compare(compare::Compare),
    History(history::History),
    Help(help::Help),
    Palette(palette::Palette),
    Targets(targets::Targets),
    Welcome(welcome::Welcome),
}
