//! The body of Teams' workflows: a message with one adaptive card. Its text runs know no markup, so nothing in them can
//! be a link or a mention.

use serde_json::{Value, json};

use super::template::Templates;
use crate::domain::event::Event;
use crate::domain::failure::Outcome;

/// Most lines of a card.
const MOST_LINES: usize = 80;

pub(super) fn body(templates: &Templates, event: &Event) -> Outcome<Vec<u8>> {
    let text = templates.render("teams.txt", event)?;
    let line = |(index, line): (usize, &str)| {
        let run = match index {
            0 => json!({ "type": "TextRun", "text": line, "weight": "Bolder", "size": "Medium" }),
            _ => json!({ "type": "TextRun", "text": line }),
        };
        json!({ "type": "RichTextBlock", "inlines": [run] })
    };
    let lines: Vec<Value> =
        text.lines().filter(|line| !line.trim().is_empty()).take(MOST_LINES).enumerate().map(line).collect();
    let link = |title: &str, url: &str| json!({ "type": "Action.OpenUrl", "title": title, "url": url });
    let safe = |url: &&String| url.starts_with("https://") || url.starts_with("http://");
    let data = event.version();
    let mut actions = Vec::new();
    actions.extend(data.and_then(|d| d.url.as_ref()).filter(safe).map(|url| link("Open in MLflow", url)));
    let pull = data.and_then(|d| d.pull_request.as_ref()).map(|pull| &pull.url);
    actions.extend(pull.filter(safe).map(|url| link("Pull request", url)));
    super::json(&json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": lines,
                "actions": actions,
            },
        }],
    }))
}
