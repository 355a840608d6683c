//! Characters that are a grid of filled and empty parts. Bit 0 is the upper left part, bit 1 the upper right one, bit 2 the
//! left one below, as Unicode numbers them from 1.

/// The character with these of its six parts filled. Unicode, "Symbols for Legacy Computing": in order from U+1FB00,
/// without those that are block elements already.
pub(super) fn sextant(bits: u32) -> char {
    match bits {
        0 => ' ',
        21 => '▌',
        42 => '▐',
        63.. => '█',
        _ => char::from_u32(0x1FB00 + bits - 1 - u32::from(bits > 21) - u32::from(bits > 42)).unwrap_or('█'),
    }
}

/// The patterns of eight parts that other characters have, in order.
const NO_OCTANTS: [(u32, char); 26] = [
    (0, ' '),
    (0b0000_0001, '\u{1CEA8}'),
    (0b0000_0010, '\u{1CEAB}'),
    (0b0000_0011, '\u{1FB82}'),
    (0b0000_0101, '▘'),
    (0b0000_1010, '▝'),
    (0b0000_1111, '▀'),
    (0b0001_0100, '\u{1FBE6}'),
    (0b0010_1000, '\u{1FBE7}'),
    (0b0011_1111, '\u{1FB85}'),
    (0b0100_0000, '\u{1CEA3}'),
    (0b0101_0000, '▖'),
    (0b0101_0101, '▌'),
    (0b0101_1010, '▞'),
    (0b0101_1111, '▛'),
    (0b1000_0000, '\u{1CEA0}'),
    (0b1010_0000, '▗'),
    (0b1010_0101, '▚'),
    (0b1010_1010, '▐'),
    (0b1010_1111, '▜'),
    (0b1100_0000, '▂'),
    (0b1111_0000, '▄'),
    (0b1111_0101, '▙'),
    (0b1111_1010, '▟'),
    (0b1111_1100, '▆'),
    (0b1111_1111, '█'),
];

/// The character with these of its eight parts filled. Unicode 16, "Symbols for Legacy Computing Supplement": BLOCK OCTANT
/// in order from U+1CD00, without those that other characters have.
pub(super) fn octant(bits: u32) -> char {
    match NO_OCTANTS.binary_search_by_key(&bits, |(pattern, _)| *pattern) {
        Ok(at) => NO_OCTANTS[at].1,
        Err(before) => char::from_u32((0x1CD00 + bits).saturating_sub(before as u32)).unwrap_or('█'),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_pattern_of_six_has_its_own_character() {
        let all: BTreeSet<char> = (0..64).map(sextant).collect();
        assert_eq!(all.len(), 64);
    }

    /// The pattern whose parts have these numbers, as in "BLOCK OCTANT-127".
    fn parts(numbers: &str) -> u32 {
        numbers.chars().filter_map(|c| c.to_digit(10)).map(|n| 1 << (n - 1)).sum()
    }

    #[test]
    fn each_pattern_of_eight_has_its_own_character_and_octants_are_in_order() {
        let all: BTreeSet<char> = (0..256).map(octant).collect();
        assert_eq!(all.len(), 256);
        let octants: Vec<char> = (0..256).map(octant).filter(|c| ('\u{1CD00}'..='\u{1CDE5}').contains(c)).collect();
        assert_eq!(octants, ('\u{1CD00}'..='\u{1CDE5}').collect::<Vec<_>>());
    }

    /// Names from the chart of Unicode 16 (U1CC00): the first and the last of each run, and those around gaps.
    #[test]
    fn octants_are_what_their_names_say() {
        for (c, numbers) in [
            (0x1CD00, "3"),
            (0x1CD0C, "125"),
            (0x1CD0D, "135"),
            (0x1CD17, "12345"),
            (0x1CD18, "6"),
            (0x1CD1F, "1236"),
            (0x1CD20, "146"),
            (0x1CD35, "23456"),
            (0x1CD36, "17"),
            (0x1CD44, "12347"),
            (0x1CD45, "157"),
            (0x1CD4A, "12357"),
            (0x1CD4D, "12457"),
            (0x1CD50, "23457"),
            (0x1CD51, "67"),
            (0x1CD70, "1234567"),
            (0x1CD71, "18"),
            (0x1CD8F, "123458"),
            (0x1CD90, "168"),
            (0x1CD94, "2368"),
            (0x1CD98, "12468"),
            (0x1CD9B, "23468"),
            (0x1CD9C, "568"),
            (0x1CDAB, "1234568"),
            (0x1CDAC, "178"),
            (0x1CDDA, "1234678"),
            (0x1CDDB, "15678"),
            (0x1CDDF, "235678"),
            (0x1CDE3, "1245678"),
            (0x1CDE4, "1345678"),
            (0x1CDE5, "2345678"),
        ] {
            assert_eq!(u32::from(octant(parts(numbers))), c, "BLOCK OCTANT-{numbers}");
        }
    }

    /// What is no octant is filled as its name says.
    #[test]
    fn what_other_characters_have_is_left_to_them() {
        let (upper_left, upper_right, lower_left, lower_right) = ("13", "24", "57", "68");
        for (c, filled) in [
            (' ', vec![]),
            ('█', vec!["12345678"]),
            ('▘', vec![upper_left]),
            ('▝', vec![upper_right]),
            ('▖', vec![lower_left]),
            ('▗', vec![lower_right]),
            ('▀', vec![upper_left, upper_right]),
            ('▄', vec![lower_left, lower_right]),
            ('▌', vec![upper_left, lower_left]),
            ('▐', vec![upper_right, lower_right]),
            ('▚', vec![upper_left, lower_right]),
            ('▞', vec![upper_right, lower_left]),
            ('▛', vec![upper_left, upper_right, lower_left]),
            ('▜', vec![upper_left, upper_right, lower_right]),
            ('▙', vec![upper_left, lower_left, lower_right]),
            ('▟', vec![upper_right, lower_left, lower_right]),
            // Lower one quarter, lower three quarters, upper one quarter, upper three quarters.
            ('▂', vec!["78"]),
            ('▆', vec!["345678"]),
            ('\u{1FB82}', vec!["12"]),
            ('\u{1FB85}', vec!["123456"]),
            // Middle left and middle right one quarter.
            ('\u{1FBE6}', vec!["35"]),
            ('\u{1FBE7}', vec!["46"]),
            // Left and right half of the upper and of the lower one quarter.
            ('\u{1CEA8}', vec!["1"]),
            ('\u{1CEAB}', vec!["2"]),
            ('\u{1CEA3}', vec!["7"]),
            ('\u{1CEA0}', vec!["8"]),
        ] {
            assert_eq!(octant(filled.iter().map(|numbers| parts(numbers)).sum()), c);
        }
    }
}
