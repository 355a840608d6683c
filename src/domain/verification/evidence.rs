//! Checks on what surrounds the record: the file it came in, the tags on the version, the records of this machine; and
//! what none of the checks can show.

use jiff::SignedDuration;

use super::{Lines, Proof, Reread, release};
use crate::domain::record::{ASSET, DecisionMark, Sealed};
use crate::domain::registry::ModelVersion;
use crate::domain::text::clean_line;

/// A file uploaded this long after the release was published was not there when CD began.
const LATE: SignedDuration = SignedDuration::from_secs(60);

/// What holds however well everything above does.
const LIMITS: &str = "not proven: who used the accounts named here (only an SSH signature tells), what administrators of \
                      GitHub or MLflow changed, and who trained the model (mlflow.user is a claim)";

/// The file came from the signer's account, before the release was published.
pub(super) fn file(proof: &Proof, sealed: &Sealed, lines: &mut Lines) {
    let Some(published) = release::published(proof) else { return };
    let Some(file) = published.assets.iter().find(|a| a.complete && a.name == ASSET) else { return };
    let signer = &sealed.record.signer;
    let mut wrong = Vec::new();
    let by = file.uploader.as_deref().map(clean_line);
    let theirs = match (file.uploader_id, &by) {
        (Some(id), _) => Some(id == signer.id),
        (None, Some(login)) => Some(login.eq_ignore_ascii_case(&signer.login)),
        (None, None) => None,
    };
    let who = by.unwrap_or_else(|| "an account without a name".to_owned());
    if theirs == Some(false) {
        wrong.push(format!("{ASSET} was uploaded by {who}, but {} signed", clean_line(&signer.login)));
    }
    if let (Some(made), Some(out)) = (file.created_at, published.published_at)
        && made.duration_since(out) > LATE
    {
        wrong.push(format!("{ASSET} was uploaded at {made}, after the release was published at {out}"));
    }
    if wrong.is_empty() && theirs.is_none() {
        return lines.note("upload", format!("the host does not say who uploaded {ASSET}"));
    }
    lines.all("upload", wrong, format!("{ASSET} was uploaded by {who}, before the release was published"));
}

/// Our own tags on the version say the same as the record. Tags prove nothing, but they are what people look at.
pub(super) fn own_tags(sealed: &Sealed, version: &ModelVersion, lines: &mut Lines) {
    let record = &sealed.record;
    match version.own_tag("record") {
        None => return lines.note("tags", "the version carries no tags of this release"),
        Some(hash) if hash != sealed.record_hash => {
            let hash = clean_line(hash);
            return lines.note("tags", format!("those on the version name another record: {hash}"));
        }
        Some(_) => {}
    }
    let mut wrong = Vec::new();
    let tag = record.change.as_ref().map(|change| change.tag.to_string());
    for (name, signed) in
        [("facts", Some(&record.facts)), ("approved_by", Some(&record.signer.login)), ("tag", tag.as_ref())]
    {
        if let (Some(said), Some(signed)) = (version.own_tag(name), signed)
            && said != signed.as_str()
        {
            wrong.push(format!(
                "the tag signoff.{name} on the version says '{}', the record '{signed}'",
                clean_line(said)
            ));
        }
    }
    match DecisionMark::on(version) {
        Some(mark) if mark.record != sealed.record_hash => {
            lines.note("tags", format!("a later decision is on the version: {} by {}", mark.decision.past(), mark.by));
        }
        Some(mark) if ![true, false].map(|text| DecisionMark::in_tags(sealed, text)).contains(&mark) => {
            let said = format!("{} by {} at {}", mark.decision.past(), mark.by, mark.at);
            wrong.push(format!("the tag signoff.decision on the version names this record, and says {said}"));
        }
        Some(_) | None => {}
    }
    lines.all("tags", wrong, "those on the version name this record, its facts and its decision");
}

/// The records of the machine that verifies, if it has any.
pub(super) fn chain(named: &Reread, lines: &mut Lines) {
    match &named.chain {
        None => {}
        Some(Err(failure)) => lines.unread("records", failure),
        Some(Ok(breaks)) => lines.all("records", breaks.clone(), "those of this machine are whole"),
    }
}

/// One line on what verification cannot show.
pub(super) fn limits(lines: &mut Lines) {
    lines.note("limits", LIMITS);
}
