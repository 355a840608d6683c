//! State written by a released signoff stays readable: `tests/fixtures/VERSION` is a state directory of that version.

use std::path::Path;

use signoff::adapters::journal::JournalDir;
use signoff::adapters::records::RecordDir;
use signoff::domain::promotion::{Ending, Phase, fold};
use signoff::domain::record::chain::{self, ChainLine};
use signoff::domain::record::{Decision, Sealed};
use signoff::ports::JournalStore as _;
use signoff::ports::records::RecordStore as _;

/// Created with 0.1.0 of 2026-11-29: an approval with its release, a rejection, and holds, one of them on a run without
/// a commit.
const OLD: &str = "tests/fixtures/0.1.0";

#[tokio::test]
async fn a_journal_of_0_1_0_folds_to_its_end() {
    let stored = JournalDir::new(Path::new(OLD)).list().await.unwrap();
    assert_eq!(stored.len(), 1);
    let entries = stored[0].entries.as_ref().unwrap();
    let state = fold(entries).unwrap();
    assert!(state.is_released(), "{:?}", state.phase);
    assert!(!matches!(state.phase, Phase::Ended(Ending::Undone { .. } | Ending::Refused { .. })));
    assert_eq!(state.plan.facts_digest, state.plan.draft.facts.digest(), "the digest is computed as it was");
    let record = &state.plan.record.record;
    assert_eq!(record.code.source.as_ref().unwrap().1, state.plan.draft.commit.sha);
}

#[tokio::test]
async fn records_of_0_1_0_keep_their_hashes() {
    let lines = RecordDir::new(Path::new(OLD)).read().await.unwrap();
    assert_eq!(chain::breaks(&lines), Vec::<String>::new());
    let sealed: Vec<&Sealed> = lines
        .iter()
        .filter_map(|line| if let ChainLine::Record(sealed) = line { Some(&**sealed) } else { None })
        .collect();
    let decisions: Vec<Decision> = sealed.iter().map(|s| s.record.decision).collect();
    assert_eq!(decisions, [Decision::Approve, Decision::Reject, Decision::Hold, Decision::Hold]);
    for sealed in &sealed {
        assert_eq!(&Sealed::from_bytes(&sealed.to_bytes()).unwrap(), *sealed);
    }
    let unread = sealed[3].record.code.source.as_ref().unwrap_err();
    assert!(unread.contains("recorded no commit"), "{unread}");
}
