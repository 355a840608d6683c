#![allow(clippy::unwrap_used)]
use super::*;
use crate::domain::event::samples;

/// Text that would do something in each of the places that messages go to.
const EVIL: &str = "<!channel> <b>x</b> & `rm` *bold* \u{1b}[2J\r\nBcc: all@example.com {{ open }} javascript:alert(1)";

fn evil() -> Vec<Event> {
    samples::all()
        .into_iter()
        .map(|event| match event.data {
            Data::Version(data) => {
                let text = || Some(EVIL.to_owned());
                let mut verdict = data.verdict.clone();
                for finding in verdict.iter_mut().flat_map(|v| &mut v.findings) {
                    finding.detail = EVIL.to_owned();
                }
                let data = VersionData {
                    model: EVIL.to_owned(),
                    trainer: text(),
                    actor: text(),
                    reason: text(),
                    tag: text(),
                    description: EVIL.to_owned(),
                    url: Some(format!("javascript:{EVIL}")),
                    page: text(),
                    open: say::open(EVIL, 1),
                    drift: vec![serde_json::json!({"kind": "metric", "reason": EVIL})],
                    verdict,
                    ..*data
                };
                Event { data: Data::Version(Box::new(data)), ..event }
            }
            data => Event { data, ..event },
        })
        .chain([samples::digest(&[EVIL, "plain"])])
        .collect()
}

#[test]
fn every_template_says_every_event_with_what_it_needs() {
    let templates = Templates::default();
    for event in samples::all() {
        for name in ["email.txt", "email.html", "slack.txt", "teams.txt"] {
            let text = templates.render(name, &event).unwrap();
            let says = |what: &str| assert!(text.contains(what), "{name} of {}: no '{what}' in\n{text}", event.kind);
            let Some(data) = event.version() else { continue };
            says("telco-churn v42");
            says("warn");
            says("0.914");
            says("+0.012");
            says(&data.open);
            says("dana");
            says("lee");
            says("legal");
        }
    }
    let nobody = samples::arrived("telco-churn", 42);
    assert!(templates.render("email.txt", &nobody).unwrap().contains(NOBODY));
    let digest = templates.render("email.txt", &samples::digest(&["telco-churn", "fraud"])).unwrap();
    assert!(
        digest.contains("signoff open fraud/42")
            && digest.contains("Verdict: warn")
            && digest.contains("nobody signed it")
    );
}

#[test]
fn remote_text_stays_text_wherever_it_goes() {
    let templates = Templates::default();
    for event in evil() {
        for (name, text) in ["subject.txt", "email.txt", "email.html", "slack.txt", "teams.txt"]
            .map(|name| (name, templates.render(name, &event).unwrap()))
        {
            let fine = text.chars().all(|c| c == '\n' || !c.is_control());
            assert!(fine, "{name} of {}: {text:?}", event.kind);
            assert!(!text.contains("\nBcc:"), "{name}: {text}");
        }
        let html = templates.render("email.html", &event).unwrap();
        assert!(!html.contains("<b>x") && !html.contains("<!channel") && !html.contains("href=\"javascript"), "{html}");
        let slack = templates.render("slack.txt", &event).unwrap();
        assert!(!slack.contains('<') && !slack.contains('>'), "{slack}");
        assert_eq!(templates.render("subject.txt", &event).unwrap().lines().count(), 1);
    }
}

#[test]
fn a_template_of_the_user_replaces_one_and_a_broken_one_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let templates = Templates::in_dir(dir.path().to_owned());
    let event = samples::arrived("telco-churn", 42);
    let built_in = templates.render("email.txt", &event).unwrap();
    std::fs::write(dir.path().join("subject.txt"), "QA: {{ event.data.model }}/{{ event.data.version }}").unwrap();
    assert_eq!(templates.render("subject.txt", &event).unwrap(), "QA: telco-churn/42");
    assert_eq!(templates.render("email.txt", &event).unwrap(), built_in);
    std::fs::write(dir.path().join("email.txt"), "{% if %}").unwrap();
    let failure = templates.render("email.txt", &event).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Config);
    assert!(failure.to_string().contains("email.txt"), "{failure}");
}
