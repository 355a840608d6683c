//! How many requests a review and an approval cost. One thing is asked once, except where a decision must be judged
//! again right before a write.

use crate::site::Site;
use crate::support::proxy::Proxy;

#[test]
fn a_review_and_an_approval_ask_no_more_than_they_need() {
    let site = Site::new("e2e-requests");
    let wire = Proxy::to(site.server.port);
    let desk = site.desk().with("MLFLOW_TRACKING_URI", &wire.url());
    let candidate = site.candidate();
    let approve = ["approve", &candidate, "--confirm", "v2", "--reason", "fine"];
    // Command, most requests to MLflow, most to GitHub. The versions have no files; each that a version has is read once
    // more by an approval.
    let budgets: [(&[&str], usize, usize); 5] = [
        (&["show", &candidate], 8, 8),
        (&["compare", &candidate], 6, 0),
        (&["compare", &candidate, "--json"], 6, 0),
        (&["check", &candidate], 5, 3),
        (&approve, 20, 20),
    ];
    let mut over = String::new();
    for (args, mlflow, github) in budgets {
        let (m, g) = (wire.requests().len(), site.github.requests().len());
        desk.run(args).ends(0);
        let asked: Vec<String> = wire.requests().split_off(m);
        let answered: Vec<String> =
            site.github.requests().split_off(g).iter().map(|r| format!("{} {}", r.method, r.target)).collect();
        if asked.len() > mlflow || answered.len() > github {
            over += &format!(
                "{args:?}: {} to MLflow (most {mlflow}), {} to GitHub (most {github})\n{asked:#?}\n{answered:#?}\n",
                asked.len(),
                answered.len()
            );
        }
    }
    assert!(over.is_empty(), "{over}");
}
