//! Keys that a sentence names though somebody may have bound another one.

/// Keys by their names. Those of one letter are found by what stands around them.
const NAMES: &[&str] =
    &["Esc", "Enter", "Tab", "Shift-Tab", "PageDown", "PageUp", "PgDn", "PgUp", "Space", "Del", "F1"];

/// The string literals of a file, less its tests and comments, with their lines.
pub fn literals(source: &str) -> Vec<(usize, String)> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = Vec::new();
    let (mut line, mut rest) = (1, code);
    while let Some(c) = rest.chars().next() {
        if rest.starts_with("//") {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
            continue;
        }
        // A character, not a lifetime.
        if let Some(after) =
            rest.strip_prefix('\'').filter(|after| after.starts_with('\\') || after.chars().nth(1) == Some('\''))
        {
            let skip = if after.starts_with('\\') { 2 } else { after.chars().next().map_or(0, char::len_utf8) };
            rest = after[skip..].find('\'').map_or("", |end| &after[skip + end + 1..]);
            continue;
        }
        if c == '"' {
            let mut text = String::new();
            let mut inside = rest[1..].chars();
            while let Some(c) = inside.next() {
                match c {
                    '"' => break,
                    '\\' => text.extend(inside.next()),
                    c => text.push(c),
                }
            }
            found.push((line, text.clone()));
            let after = inside.as_str();
            line += rest[..rest.len() - after.len()].matches('\n').count();
            rest = after;
            continue;
        }
        line += usize::from(c == '\n');
        rest = &rest[c.len_utf8()..];
    }
    found
}

/// Whether a sentence names a key.
pub fn names_a_key(text: &str) -> bool {
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || ",;:.()'`".contains(c)).collect();
    let is_key = |word: &str| NAMES.contains(&word) || word.starts_with("Ctrl-") || word.starts_with("Alt-");
    let is_letter = |word: &str| word.chars().count() == 1 && word.chars().all(|c| c.is_ascii_alphabetic());
    let pressed = words.windows(2).any(|pair| pair[0].eq_ignore_ascii_case("press") && is_letter(pair[1]));
    words.iter().any(|word| is_key(word)) || pressed
}

/// The lines of a file on which a key is drawn, or paired with what it does, as a literal.
pub fn drawn(source: &str) -> Vec<usize> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let is_key = |text: &str| {
        let text = text.trim();
        names_a_key(text) || text.chars().count() == 1 && text.chars().all(char::is_alphanumeric)
    };
    let literal = |rest: &str| rest.split('"').next().is_some_and(is_key);
    let starts = ["Role::Key, \"", "(\"", "Hint::new(\""];
    let lines = code.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
    let draws = |line: &str| {
        starts.iter().any(|start| {
            line.split(start).skip(1).any(literal) && line.contains("\", \"")
                || start.starts_with("Role") && line.split(start).skip(1).any(literal)
        })
    };
    lines.filter(|(_, line)| draws(line)).map(|(at, _)| at + 1).collect()
}
