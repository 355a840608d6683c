//! A request that a server has not answered yet, as a person is told of it.

/// What is waited for, and since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The server as shown to people.
    pub place: String,
    /// What is attempted, as a phrase after "could not".
    pub operation: String,
    /// Seconds since the request was sent.
    pub waited_s: u64,
    /// Seconds after which it is given up.
    pub at_most_s: u64,
    /// It is not sent yet: the server asked to be left alone until then.
    pub paused: bool,
}

impl Waiting {
    /// Most answers come sooner, and nobody needs to be told.
    const TOLD_AFTER_S: u64 = 4;

    pub fn is_told(&self) -> bool {
        self.waited_s >= Self::TOLD_AFTER_S || (self.paused && self.at_most_s >= Self::TOLD_AFTER_S)
    }

    /// A sentence without its full stop; `cancel` says how to cancel it, if it can be.
    pub fn said(&self, cancel: Option<&str>) -> String {
        let Self { place, operation, waited_s, at_most_s, paused } = self;
        let cancel = cancel.map(|how| format!("; {how} cancels")).unwrap_or_default();
        if *paused {
            let left = at_most_s.saturating_sub(*waited_s);
            return format!("{place} asks to wait ({left} s more{cancel}), to {operation}");
        }
        format!("Waiting for {place} since {waited_s} s (at most {at_most_s} s{cancel}), to {operation}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_with_what_it_is_for_and_its_end() {
        let waiting = |waited_s| Waiting {
            place: "http://h:5000".to_owned(),
            operation: "read the model m".to_owned(),
            waited_s,
            at_most_s: 30,
            paused: false,
        };
        let said = "Waiting for http://h:5000 since 12 s (at most 30 s; Esc cancels), to read the model m";
        assert_eq!(waiting(12).said(Some("Esc")), said);
        assert!(waiting(12).is_told() && !waiting(1).is_told());
        assert!(!waiting(12).said(None).contains("cancels"));
        let paused = Waiting { paused: true, ..waiting(10) };
        assert_eq!(
            paused.said(Some("Esc")),
            "http://h:5000 asks to wait (20 s more; Esc cancels), to read the model m"
        );
        assert!(Waiting { waited_s: 0, ..paused.clone() }.is_told());
        assert!(!Waiting { waited_s: 0, at_most_s: 1, ..paused }.is_told());
    }
}
