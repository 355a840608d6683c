//! A timeline, one step per row: status, description, duration.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use super::bars::share;
use crate::ui::scroll;
use crate::ui::skin::{Role, Skin};
use crate::ui::{Draw as _, Phrase};

/// The status of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimelineMark {
    Waiting,
    Running,
    Done,
    Failed,
    Unknown,
    /// Needs user action.
    Attention,
    Undone,
}

/// A step.
#[derive(Clone, Debug)]
pub struct Moment<'a> {
    pub mark: TimelineMark,
    pub title: Cow<'a, str>,
    /// The result, or the current activity.
    pub detail: Phrase<'a>,
    /// Elapsed time; may be empty.
    pub duration: Cow<'a, str>,
    /// Lines below the step: events, current state, available keys.
    pub notes: Vec<Phrase<'a>>,
}

/// A timeline of steps in order.
#[derive(Clone, Copy, Debug)]
pub struct Timeline<'a> {
    pub skin: &'a Skin,
    pub moments: &'a [Moment<'a>],
    /// Spinner frame counter.
    pub tick: usize,
    /// First visible line.
    pub offset: usize,
}

/// A rendered line.
struct Line<'a> {
    /// Index of the moment it belongs to.
    moment: usize,
    left: Phrase<'a>,
    right: Phrase<'a>,
}

/// Maximum width of the title column, in cells.
const TITLE_MAX: usize = 24;

impl Timeline<'_> {
    /// The smallest offset at which moment `index` and all its notes are visible, if `area` is large enough.
    pub fn offset_of(&self, index: usize, area: Rect) -> usize {
        let lines = self.lines(area.width);
        let start = lines.iter().take_while(|l| l.moment < index).count();
        let end = lines.iter().take_while(|l| l.moment <= index).count();
        end.saturating_sub(usize::from(area.height)).min(start)
    }

    fn lines(&self, width: u16) -> Vec<Line<'_>> {
        let title_width =
            self.moments.iter().map(|m| crate::ui::text::width(&m.title)).max().unwrap_or(0).min(TITLE_MAX);
        let indent = 3 + title_width + 3;
        let mut lines = Vec::new();
        for (at, moment) in self.moments.iter().enumerate() {
            let right = Phrase::of(Role::Muted, moment.duration.as_ref());
            lines.push(Line { moment: at, left: self.first_line(moment, title_width), right });
            for note in &moment.notes {
                let room = usize::from(width).saturating_sub(indent + 1);
                for line in note.wrap(room, 0) {
                    let left = Phrase::new(" ".repeat(indent)).join(line);
                    lines.push(Line { moment: at, left, right: Phrase::default() });
                }
            }
        }
        lines
    }

    fn first_line<'m>(&self, moment: &'m Moment<'_>, title_width: usize) -> Phrase<'m> {
        let s = self.skin.symbols();
        let (role, symbol) = match moment.mark {
            TimelineMark::Waiting => (Role::Muted, s.dot),
            TimelineMark::Running => (Role::Title, s.spin(self.tick)),
            TimelineMark::Done => (Role::Good, s.pass),
            TimelineMark::Failed => (Role::Bad, s.block),
            TimelineMark::Unknown => (Role::Unknown, s.unknown),
            TimelineMark::Attention => (Role::Warn, s.warn),
            TimelineMark::Undone => (Role::Muted, s.undone),
        };
        let title = crate::ui::text::fit(&moment.title, title_width, s.ellipsis);
        let pad = title_width - crate::ui::text::width(&title) + 3;
        let title_role = match moment.mark {
            TimelineMark::Waiting | TimelineMark::Undone => Role::Muted,
            TimelineMark::Running => Role::Title,
            _ => Role::Text,
        };
        let detail = moment.detail.pieces().fold(Phrase::default(), |p, (role, text)| p.add(role, text));
        Phrase::new(" ").add(role, symbol).text(" ").add(title_role, title).text(" ".repeat(pad)).join(detail)
    }
}

impl Widget for &Timeline<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        let lines = self.lines(area.width);
        let offset = scroll::clamp(self.offset, usize::from(area.height), lines.len());
        for (Line { left, right, .. }, y) in lines.iter().skip(offset).zip(area.top()..area.bottom()) {
            let line = Rect { y, height: 1, width: area.width.saturating_sub(1), ..area };
            let (left_area, right_area) = share(line, left, right, 30);
            left.draw(left_area, buf, self.skin);
            right.draw(right_area, buf, self.skin);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::skin::Theme;
    use crate::ui::widgets::testing::draw;

    #[test]
    fn steps_line_up_and_a_failed_one_says_more_in_place() {
        let skin = Skin::new(Theme::Dark, true);
        let moment = |mark, title: &'static str, detail: &'static str, duration: &'static str| Moment {
            mark,
            title: title.into(),
            detail: detail.into(),
            duration: duration.into(),
            notes: Vec::new(),
        };
        let mut moments = [
            moment(TimelineMark::Done, "stage moved", "v42 in Production, v39 archived", "0.08 s"),
            moment(TimelineMark::Running, "tag", "telco-churn-v42", "0:02"),
            moment(TimelineMark::Waiting, "release", "", ""),
        ];
        let timeline = Timeline { skin: &skin, moments: &moments, tick: 3, offset: 0 };
        assert_eq!(
            draw(60, 3, &timeline),
            [
                " ✓ stage moved   v42 in Production, v39 archived     0.08 s",
                " ⠸ tag           telco-churn-v42                       0:02",
                " · release",
            ]
        );
        moments[1].mark = TimelineMark::Failed;
        moments[1].notes = vec![Phrase::of(Role::Bad, "the name is taken by another release of this model")];
        let timeline = Timeline { skin: &skin, moments: &moments, tick: 0, offset: 1 };
        assert_eq!(timeline.lines(46).len(), 5);
        let offset = |index, height| timeline.offset_of(index, Rect::new(0, 0, 46, height));
        assert_eq!((offset(0, 2), offset(1, 3), offset(1, 2), offset(2, 3)), (0, 1, 1, 2));
        assert_eq!(
            draw(46, 3, &timeline)[..2],
            [" ✗ tag           telco-churn-v42         0:02", "                 the name is taken by another",]
        );
    }
}
