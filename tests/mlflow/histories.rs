//! Metric histories on both servers.

use signoff::domain::history::History;
use signoff::domain::ids::RunId;
use signoff::ports::tracking::TrackingServer;

use crate::evidence::{LONG, evidence};
use crate::support::mlflow_server::Version;
use crate::{adapter, on_real_servers};

on_real_servers! {
    a_long_history_is_sampled_evenly_with_both_ends,
    a_short_run_beside_a_long_one_keeps_every_point,
    a_narrow_window_shows_every_point,
    a_wide_window_far_from_the_start_is_not_lost,
    points_come_by_step_then_time_whatever_their_values,
    what_was_never_logged_is_an_empty_history,
    many_runs_come_in_the_order_asked_for,
}

fn steps(history: &History) -> Vec<i64> {
    history.points.iter().map(|p| p.step).collect()
}

fn widest_gap(steps: &[i64]) -> i64 {
    steps.windows(2).map(|w| w[1] - w[0]).max().unwrap()
}

async fn one(version: Version, metric: &str, window: Option<(i64, i64)>, max: usize) -> History {
    let run = evidence(version).run_id();
    adapter(version).histories(&[run], metric, window, max).await.unwrap().remove(0)
}

async fn a_long_history_is_sampled_evenly_with_both_ends(version: Version) {
    for (max, gap) in [(200, 60), (100_000, 5)] {
        let history = one(version, "long", None, max).await;
        let steps = steps(&history);
        assert!(
            history.sampled && steps.len() <= max.min(2_501) && steps.len() > max.min(2_500) / 2,
            "{}",
            steps.len()
        );
        assert_eq!((steps[0], *steps.last().unwrap()), (0, LONG - 1));
        assert!(widest_gap(&steps) <= gap, "{max}: {}", widest_gap(&steps));
        assert!(history.points.iter().all(|p| p.value.0 == (p.step * 2) as f64 && p.at.is_some()));
    }
    assert_eq!(steps(&one(version, "long", None, 1).await), [LONG - 1]);
}

async fn a_short_run_beside_a_long_one_keeps_every_point(version: Version) {
    let evidence = evidence(version);
    let runs = [evidence.short_id(), evidence.run_id()];
    let both = adapter(version).histories(&runs, "long", None, 50).await.unwrap();
    assert_eq!(both.iter().map(|h| h.run.clone()).collect::<Vec<_>>(), runs);
    assert_eq!((steps(&both[0]), both[0].sampled), (vec![0, 7, 20], false));
    assert!(both[1].points.len() <= 50 && both[1].sampled);
}

async fn a_narrow_window_shows_every_point(version: Version) {
    for window in [(100, 400), (3_500, 5_900), (400, 100)] {
        let (from, to) = (window.0.min(window.1), window.0.max(window.1));
        let history = one(version, "long", Some(window), 2_500).await;
        assert_eq!(steps(&history), (from..=to).collect::<Vec<_>>());
        assert!(!history.sampled);
    }
    let few = one(version, "long", Some((3_500, 5_900)), 25).await;
    assert_eq!((few.points.len(), few.sampled), (25, true));
    assert_eq!(steps(&one(version, "long", Some((LONG, LONG * 2)), 25).await), Vec::<i64>::new());
}

async fn a_wide_window_far_from_the_start_is_not_lost(version: Version) {
    for max in [100, 2_500] {
        let history = one(version, "long", Some((3_000, LONG * 2)), max).await;
        let steps = steps(&history);
        assert!(history.sampled && steps.len() <= max, "{}", steps.len());
        assert!(steps[0] <= 3_002 && steps[0] >= 3_000 && *steps.last().unwrap() == LONG - 1, "{steps:?}");
        assert!(widest_gap(&steps) <= 60, "{}", widest_gap(&steps));
    }
}

async fn points_come_by_step_then_time_whatever_their_values(version: Version) {
    let history = one(version, "odd", None, 100).await;
    let shown: Vec<_> = history.points.iter().map(|p| format!("{}: {}", p.step, p.value)).collect();
    assert_eq!(shown, ["-1: 0.75", "0: 0.5", "1: NaN", "1: 0.25", "2: ∞", "2: -∞"]);
    assert!(!history.sampled);
}

async fn what_was_never_logged_is_an_empty_history(version: Version) {
    let runs = [evidence(version).run_id(), RunId::new("0123456789abcdef0123456789abcdef"), RunId::new("a b&c=d")];
    let histories = adapter(version).histories(&runs, "no such metric/%&", None, 100).await.unwrap();
    assert!(histories.len() == 3 && histories.iter().all(|h| h.points.is_empty() && !h.sampled), "{histories:?}");
    assert_eq!(adapter(version).histories(&[], "long", None, 100).await.unwrap(), []);
}

async fn many_runs_come_in_the_order_asked_for(version: Version) {
    let evidence = evidence(version);
    let runs: Vec<RunId> = (0..9).map(|n| if n == 4 { evidence.run_id() } else { evidence.short_id() }).collect();
    let histories = adapter(version).histories(&runs, "long", None, 2).await.unwrap();
    assert_eq!(histories.iter().map(|h| h.run.clone()).collect::<Vec<_>>(), runs);
    let last = |n: usize| if n == 4 { LONG - 1 } else { 20 };
    assert!(histories.iter().enumerate().all(|(n, h)| steps(h) == [0, last(n)] && h.sampled), "{histories:?}");
}
