//! The beginning of a file, laid out for a part of the screen.

use std::sync::Arc;

use super::Ctx;
use crate::app::action::Action;
use crate::app::paint::{Canvas, Graphic, PaintRequest, Pictures};
use crate::domain::preview::{Content, Ink, Picture, Preview, TextLine, Window};
use crate::present::number;
use crate::ui::{Phrase, Role};

/// Visible levels in a folded text.
pub const FOLDED_DEPTH: usize = 1;
/// Maximum indentation level of a wrapped line's continuation.
const DEEPEST: usize = 8;

/// What is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Made {
    /// Nothing was laid out: the content is drawn directly.
    #[default]
    Nothing,
    /// Wrapped lines.
    Lines(Vec<Phrase<'static>>),
    /// A scaled picture, for half blocks.
    Blocks(Picture),
    /// A scaled picture, for sextants.
    Sextants(Picture),
    /// A scaled picture, for octants.
    Octants(Picture),
    /// A picture drawn by the terminal itself.
    Graphic(Arc<Graphic>),
}

/// A file and how it is laid out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    source: Option<(Arc<Preview>, Canvas, bool)>,
    made: Made,
}

impl Shown {
    pub fn made(&self) -> &Made {
        &self.made
    }

    /// Whether a picture is seen, and not a word in its place: it can be zoomed.
    pub fn is_picture(&self) -> bool {
        matches!(self.made, Made::Blocks(_) | Made::Sextants(_) | Made::Octants(_) | Made::Graphic(_))
    }

    /// Lays the file out again if it, its place or what the terminal painted is new. Returns the picture to encode, if the
    /// terminal is to paint it.
    pub fn lay(&mut self, file: &Arc<Preview>, canvas: &Canvas, folded: bool, ctx: &Ctx<'_>) -> Option<PaintRequest> {
        let graphic = ctx.cache.graphic(canvas).filter(|_| ctx.pictures == Pictures::Terminal);
        let same =
            self.source.as_ref().is_some_and(|(old, at, f)| Arc::ptr_eq(old, file) && at == canvas && *f == folded);
        if same && (graphic.is_none() || matches!(self.made, Made::Graphic(_))) {
            return None;
        }
        self.source = Some((Arc::clone(file), canvas.clone(), folded));
        let columns = usize::from(canvas.columns);
        self.made = match (&file.content, graphic) {
            (Content::Text(lines), _) => Made::Lines(wrapped(lines, columns, folded)),
            (Content::Picture(_), _) if ctx.pictures == Pictures::Off => {
                let save = ctx.keys.press(Action::Save, "save the file");
                let word = format!("Pictures are off ([ui] images in the configuration). {save}");
                Made::Lines(Phrase::of(Role::Muted, word).wrap(columns, 0))
            }
            (Content::Picture(_), Some(graphic)) => Made::Graphic(Arc::clone(graphic)),
            (Content::Picture(picture), None) => scaled(picture, canvas, ctx.pictures),
            (Content::Table(_) | Content::Bytes(_), _) => Made::Nothing,
        };
        let wanted =
            matches!((&file.content, graphic), (Content::Picture(_), None)) && ctx.pictures == Pictures::Terminal;
        wanted.then(|| PaintRequest { canvas: canvas.clone(), file: Arc::clone(file) })
    }
}

fn scaled(picture: &Picture, canvas: &Canvas, pictures: Pictures) -> Made {
    let part = picture.part(canvas.window);
    // A cell is about twice as high as wide: these are square.
    let (columns, halves) = (u32::from(canvas.columns), 2 * u32::from(canvas.rows));
    let (w, h) = if canvas.window.is_part() { part.fill(columns, halves) } else { part.fit(columns, halves) };
    match pictures {
        Pictures::Sextants => Made::Sextants(part.scaled(2 * w, 3 * h.div_ceil(2))),
        Pictures::Octants => Made::Octants(part.scaled(2 * w, 4 * h.div_ceil(2))),
        Pictures::Off | Pictures::Blocks | Pictures::Terminal => Made::Blocks(part.scaled(w, h)),
    }
}

/// The part of a picture after zooming.
pub fn zoomed(window: Window, action: Action) -> Window {
    match action {
        Action::ZoomIn => window.nearer(),
        Action::ZoomOut => window.farther(),
        _ => window,
    }
}

/// The part of a picture after a movement.
pub fn panned(window: Window, action: Action) -> Window {
    match action {
        Action::Up => window.moved(0, -1),
        Action::Down => window.moved(0, 1),
        Action::CursorLeft => window.moved(-1, 0),
        Action::CursorRight => window.moved(1, 0),
        _ => window,
    }
}

/// The lines as drawn; when folded, deep levels are only counted.
fn wrapped(lines: &[TextLine], width: usize, folded: bool) -> Vec<Phrase<'static>> {
    let mut out = Vec::new();
    let mut hidden = 0;
    let tell = |hidden: &mut usize, out: &mut Vec<_>| {
        if *hidden > 0 {
            out.push(Phrase::of(Role::Muted, format!("    … {}", number::count(*hidden, "line"))));
        }
        *hidden = 0;
    };
    for line in lines {
        if folded && line.depth > FOLDED_DEPTH {
            hidden += 1;
            continue;
        }
        tell(&mut hidden, &mut out);
        let phrase = line.pieces.iter().fold(Phrase::default(), |p, (ink, text)| p.add(role(*ink), text.clone()));
        if phrase.width() <= width {
            out.push(phrase)
        } else {
            out.extend(phrase.wrap(width, 2 * line.depth.min(DEEPEST)))
        }
    }
    tell(&mut hidden, &mut out);
    out
}

fn role(ink: Ink) -> Role {
    match ink {
        Ink::Plain => Role::Text,
        Ink::Heading => Role::Heading,
        Ink::Strong => Role::Title,
        Ink::Code => Role::Good,
        Ink::Key => Role::Key,
        Ink::Number => Role::Candidate,
        Ink::Word => Role::Unknown,
        Ink::Link => Role::Link,
        Ink::Muted => Role::Muted,
    }
}
