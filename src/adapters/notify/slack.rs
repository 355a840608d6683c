//! The body of Slack's incoming webhooks, which others understand too.

use serde_json::json;

use super::template::Templates;
use crate::domain::event::Event;
use crate::domain::event::say::headline;
use crate::domain::failure::Outcome;

/// The longest text of a block, in characters (Slack's limit is 3,000).
const LONGEST: usize = 2_900;

pub(super) fn body(templates: &Templates, event: &Event) -> Outcome<Vec<u8>> {
    let text = whole_lines(&templates.render("slack.txt", event)?, LONGEST);
    // Shown in notifications, where markup is escaped all the same.
    let fallback = headline(event).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    super::json(&json!({
        "text": fallback,
        "blocks": [{ "type": "section", "text": { "type": "mrkdwn", "text": text } }],
    }))
}

/// As many whole lines as fit: half a line may end in half an escaped character.
fn whole_lines(text: &str, most: usize) -> String {
    let mut out = String::new();
    let mut left = most;
    for line in text.lines() {
        let size = line.chars().count() + 1;
        if size > left {
            break;
        }
        left -= size;
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(line);
    }
    out
}
