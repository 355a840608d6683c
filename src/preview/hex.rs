//! Hex dumps.

use std::fmt::Write as _;

/// Bytes per line.
const ROW: usize = 16;

/// Line `index` of a hex dump of `bytes`: offset, hex digits, characters; `None` past the end.
pub fn hex_line(bytes: &[u8], index: usize) -> Option<(String, String, String)> {
    let row = bytes.chunks(ROW).nth(index)?;
    let mut numbers = String::with_capacity(3 * ROW + 1);
    for (n, byte) in row.iter().enumerate() {
        let gap = if n == ROW / 2 { "  " } else { " " };
        let _ = write!(numbers, "{}{byte:02x}", if n == 0 { "" } else { gap });
    }
    let width = 3 * ROW;
    let shown = row.iter().map(|b| if (0x20..0x7f).contains(b) { char::from(*b) } else { '.' }).collect();
    Some((format!("{:08x}", index * ROW), format!("{numbers:<width$}"), shown))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_last_line_is_as_wide_as_the_others() {
        let bytes: Vec<u8> = (0..20).collect();
        let (first, last) = (hex_line(&bytes, 0).unwrap(), hex_line(&bytes, 1).unwrap());
        assert_eq!(first.1, "00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f");
        assert_eq!((last.0.as_str(), last.1.len(), last.2.as_str()), ("00000010", first.1.len(), "...."));
        assert_eq!(hex_line(&bytes, 2), None);
        assert_eq!(hex_line(b"ok\x1b", 0).unwrap().2, "ok.");
    }
}
