//! Turns the start of a file into a [`Preview`]. Pure, but slow enough to need its own thread.

mod beside;
mod hex;
mod json;
mod markdown;
mod numbers;
mod picture;
mod split;
mod table;
mod yaml;

pub use beside::with_differences;
pub use hex::hex_line;

use crate::domain::artifact::ArtifactHead;
use crate::domain::preview::{Content, Ink, Preview, TextLine};
use crate::domain::text;

/// A picture cannot be shown in part, so it may be this many times larger than other files.
const PICTURE_FACTOR: usize = 16;
/// Maximum characters per line of text; longer lines are wrapped.
const LONGEST_LINE: usize = 2_000;

/// Maximum lines of text: each costs far more than the byte that may be all there is of it.
const MOST_LINES: usize = 200_000;

/// The kind of a file, by its extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Csv,
    Tsv,
    Json,
    Yaml,
    Markdown,
    Png,
    Jpeg,
    Svg,
    Unknown,
}

fn kind(path: &str) -> Kind {
    let name = path.rsplit('/').next().unwrap_or(path);
    let end = name.rsplit_once('.').map_or("", |(_, end)| end).to_ascii_lowercase();
    match end.as_str() {
        "csv" => Kind::Csv,
        "tsv" | "tab" => Kind::Tsv,
        "json" | "ipynb" | "geojson" | "jsonl" | "ndjson" => Kind::Json,
        "yaml" | "yml" => Kind::Yaml,
        // MLflow's own model description has no extension and is YAML.
        "" if name == "MLmodel" => Kind::Yaml,
        "md" | "markdown" => Kind::Markdown,
        "png" => Kind::Png,
        "jpg" | "jpeg" => Kind::Jpeg,
        "svg" => Kind::Svg,
        _ => Kind::Unknown,
    }
}

/// What a file shows, as its name tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    Picture,
    /// A table, or a text that may hold numbers.
    Numbers,
    Other,
}

/// The shape of the file `path`.
pub fn shape(path: &str) -> Shape {
    match kind(path) {
        Kind::Png | Kind::Jpeg => Shape::Picture,
        Kind::Csv | Kind::Tsv | Kind::Json => Shape::Numbers,
        Kind::Yaml | Kind::Markdown | Kind::Svg | Kind::Unknown => Shape::Other,
    }
}

/// The number of bytes of the file `path` to read, given `limit` for texts.
pub fn bytes_to_read(path: &str, limit: usize) -> usize {
    match kind(path) {
        Kind::Png | Kind::Jpeg => limit.saturating_mul(PICTURE_FACTOR),
        _ => limit,
    }
}

/// Prepares the preview of the file `path`.
pub fn preview(path: &str, head: ArtifactHead) -> Preview {
    let ArtifactHead { bytes, truncated: cut, total } = head;
    let read = bytes.len() as u64;
    let mut notes = Vec::new();
    let mut numbers = None;
    let (kind, content) = match kind(path) {
        Kind::Png => pictured("PNG", bytes, cut, &mut notes),
        Kind::Jpeg => pictured("JPEG", bytes, cut, &mut notes),
        _ if !is_text(&bytes) => ("binary", Content::Bytes(bytes)),
        Kind::Csv => tabled("CSV", table::separator(&decode(&bytes, cut)), &bytes, cut, &mut notes),
        Kind::Tsv => tabled("TSV", b'\t', &bytes, cut, &mut notes),
        Kind::Json => match split::grid(&decode(&bytes, cut), cut, &mut notes) {
            Some(grid) => ("JSON table", Content::Table(grid)),
            None => {
                numbers = numbers::grid(&decode(&bytes, cut));
                ("JSON", Content::Text(json::lines(&decode(&bytes, cut))))
            }
        },
        Kind::Yaml => ("YAML", Content::Text(yaml::lines(&decode(&bytes, cut)))),
        Kind::Markdown => ("Markdown", Content::Text(markdown::lines(&decode(&bytes, cut)))),
        Kind::Svg => {
            notes.push(
                "An SVG picture is shown as the text it is; its page in the browser may show the picture.".to_owned(),
            );
            ("SVG", Content::Text(plain(&decode(&bytes, cut))))
        }
        Kind::Unknown => ("text", Content::Text(plain(&decode(&bytes, cut)))),
    };
    if let Content::Text(lines) = &content
        && lines.len() >= MOST_LINES
    {
        notes.push(format!("Only the first {} lines are shown.", text::grouped(MOST_LINES as u64)));
    }
    Preview { kind, content, numbers, notes, read, total, cut }
}

fn pictured(kind: &'static str, bytes: Vec<u8>, cut: bool, notes: &mut Vec<String>) -> (&'static str, Content) {
    match picture::decode(&bytes) {
        Ok(picture) => (kind, Content::Picture(picture)),
        Err(_) if cut => {
            notes.push("The picture is larger than what is read for a preview: save it to see it whole.".to_owned());
            (kind, Content::Bytes(bytes))
        }
        Err(why) => {
            notes.push(format!("This picture cannot be shown: {why}"));
            (kind, Content::Bytes(bytes))
        }
    }
}

fn tabled(
    kind: &'static str,
    separator: u8,
    bytes: &[u8],
    cut: bool,
    notes: &mut Vec<String>,
) -> (&'static str, Content) {
    match table::grid(&decode(bytes, cut), separator, cut, notes) {
        Some(grid) => (kind, Content::Table(grid)),
        None => (kind, Content::Text(plain(&decode(bytes, cut)))),
    }
}

/// Whether the bytes are text: UTF-8, or a legacy 8-bit encoding, without the NULs of a binary file.
fn is_text(bytes: &[u8]) -> bool {
    if bytes.contains(&0) {
        return false;
    }
    let odd = bytes.iter().filter(|b| matches!(b, 0x01..=0x08 | 0x0e..=0x1a | 0x1c..=0x1f)).count();
    let valid = match std::str::from_utf8(bytes) {
        Ok(_) => true,
        // The limit may have cut the last character.
        Err(e) => e.error_len().is_none(),
    };
    if valid {
        odd * 10 <= bytes.len()
    } else {
        odd == 0 && bytes.iter().filter(|b| **b >= 0x80).count() * 4 < bytes.len()
    }
}

/// Decodes the text; drops a character cut by the limit.
fn decode(bytes: &[u8], cut: bool) -> String {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let whole = match std::str::from_utf8(bytes) {
        Err(e) if cut && e.error_len().is_none() => &bytes[..e.valid_up_to()],
        _ => bytes,
    };
    String::from_utf8_lossy(whole).into_owned()
}

/// Plain text.
fn plain(raw: &str) -> Vec<TextLine> {
    let cleaned = text::clean(raw);
    cleaned
        .trim_end_matches('\n')
        .split('\n')
        .flat_map(pieces_of)
        .take(MOST_LINES)
        .map(|l| TextLine::of(Ink::Plain, l))
        .collect()
}

/// Splits a line into pieces of limited length.
fn pieces_of(line: &str) -> Vec<String> {
    if line.len() <= LONGEST_LINE {
        return vec![line.to_owned()];
    }
    let chars: Vec<char> = line.chars().collect();
    chars.chunks(LONGEST_LINE).map(|part| part.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    fn head(bytes: &[u8], truncated: bool) -> ArtifactHead {
        ArtifactHead { bytes: bytes.to_vec(), truncated, total: None }
    }

    fn text_of(path: &str, bytes: &[u8]) -> Vec<String> {
        match preview(path, head(bytes, false)).content {
            Content::Text(lines) => lines.iter().map(TextLine::plain).collect(),
            other => panic!("{other:?}"),
        }
    }

    /// Bytes that a preview keeps, roughly.
    fn weight(preview: &Preview) -> usize {
        match &preview.content {
            Content::Text(lines) => {
                let pieces = |line: &TextLine| line.pieces.iter().map(|(_, text)| 32 + text.capacity()).sum::<usize>();
                lines.iter().map(|line| 32 + pieces(line)).sum()
            }
            Content::Table(grid) => grid.rows.iter().flatten().map(|cell| 24 + cell.capacity()).sum(),
            Content::Picture(picture) => picture.rgb.len(),
            Content::Bytes(bytes) => bytes.len(),
        }
    }

    #[test]
    fn no_file_takes_much_more_memory_than_it_is_long() {
        const SIZE: usize = 64 * 1024;
        let fill = |head: String, unit: &str| {
            let mut raw = head;
            while raw.len() + unit.len() <= SIZE {
                raw.push_str(unit);
            }
            raw
        };
        let wide_row = |cell: &str, n: usize| format!("|{}\n|{}\n", format!("{cell}|").repeat(n), "-|".repeat(n));
        let hostile = [
            fill(String::new(), "\n"),
            fill(String::new(), "["),
            fill(String::new(), "1,"),
            fill(String::new(), "{\"a\":"),
            fill(String::new(), "> "),
            fill(String::new(), "- "),
            fill(String::new(), "*a "),
            fill(String::new(), "\u{202e}"),
            fill(String::new(), "a\u{300}\u{300}"),
            fill(",".repeat(499) + "\n", "1\n"),
            fill("1\n".repeat(15_000), ","),
            fill(wide_row(&"x".repeat(SIZE / 2), 1), "|a|\n"),
            fill(wide_row("a", 1_000), "|a|\n"),
            fill("x".repeat(30_000), " "),
            fill("    ".repeat(100), "- \n"),
        ];
        for raw in &hostile {
            for path in ["a.csv", "a.json", "a.yaml", "a.md", "a"] {
                let shown = preview(path, head(raw.as_bytes(), false));
                let weight = weight(&shown);
                assert!(weight < 200 * SIZE, "{path} of {:?}: {weight}", raw.chars().take(20).collect::<String>());
            }
        }
    }

    #[test]
    fn hostile_text_is_made_visible_whatever_the_kind() {
        let raw = "# a\u{1b}]0;x\u{7}\n\n`b\u{202e}c`\n".as_bytes();
        for path in ["a.md", "a.txt", "a.json", "a.yaml", "a.csv", "MLmodel", "a.svg"] {
            let shown = format!("{:?}", preview(path, head(raw, false)).content);
            assert!(!shown.contains("\\u{1b}") && !shown.contains("\\u{7}"), "{path}: {shown}");
            assert!(shown.contains('␛') && shown.contains("<U+202E>"), "{path}: {shown}");
        }
    }

    #[test]
    fn a_line_of_six_thousand_characters_goes_on_in_the_next() {
        let long = "x".repeat(6_000);
        let lines = text_of("log.txt", long.as_bytes());
        assert_eq!(lines.iter().map(String::len).collect::<Vec<_>>(), [2_000, 2_000, 2_000]);
    }

    #[test]
    fn a_character_cut_by_the_limit_is_left_out() {
        let bytes = &"né".as_bytes()[..2];
        let Content::Text(lines) = preview("a.txt", head(bytes, true)).content else { panic!("text") };
        assert_eq!(lines[0].plain(), "n");
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_as_bytes() {
        for bytes in [&b"\x80\x04\x95\x00pickle"[..], &[0xff, 0xfe, 0x01, 0x02], &[0; 4]] {
            assert!(matches!(preview("model.pkl", head(bytes, false)).content, Content::Bytes(_)), "{bytes:?}");
        }
        assert!(matches!(preview("empty", head(b"", false)).content, Content::Text(_)));
    }

    #[test]
    fn a_picture_may_be_larger_than_a_text() {
        assert_eq!(bytes_to_read("plots/ROC.PNG", 100), 1_600);
        assert_eq!(bytes_to_read("plots.png/readme", 100), 100);
    }

    #[test]
    fn an_svg_says_how_to_see_it() {
        let shown = preview("a.svg", head(b"<svg/>", false));
        assert!(shown.notes[0].contains("its page in the browser"), "{shown:?}");
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_odd(bytes in prop::collection::vec(any::<u8>(), 0..400), cut: bool, name in 0usize..9) {
            let path = ["a.csv", "a.tsv", "a.json", "a.yaml", "a.md", "a.png", "a.jpg", "a.svg", "a"][name];
            let preview = preview(path, head(&bytes, cut));
            if let Content::Text(lines) = preview.content {
                prop_assert!(lines.iter().all(|l| !l.plain().contains(char::is_control)), "{:?}", lines);
            }
        }

        #[test]
        fn no_text_is_too_odd(raw in "[-#*_`>|{}\\[\\]\":, \n\t\\\\a0.é\u{1b}]{0,200}", cut: bool, name in 0usize..6) {
            let path = ["a.csv", "a.tsv", "a.json", "a.yaml", "a.md", "a"][name];
            let preview = preview(path, head(raw.as_bytes(), cut));
            if let Content::Text(lines) = preview.content {
                prop_assert!(lines.iter().all(|l| !l.plain().contains(char::is_control)), "{:?}", lines);
            }
        }
    }
}
