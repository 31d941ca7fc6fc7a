//! How wide a text is, without its font.
//!
//! The reader's system chooses the font, so the widths here are those of a wide one, DejaVu Sans.
//! In another font a text is narrower, and still fits. The unit is the em, the size of the font.

/// A font.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Font {
    /// That of the system, bold.
    Bold,
    /// That of the system.
    Regular,
    /// One whose letters are equally wide.
    Mono,
}

fn width_of(c: char, font: Font) -> f64 {
    let code = c as u32;
    // From Hangul on: letters of full width, symbols and emoji.
    if code >= 0x1100 && !(0x1e00..0x2e80).contains(&code) || (0x2600..0x2c00).contains(&code) {
        return if code >= 0x10000 { 1.4 } else { 1.25 };
    }
    let width = match (font, c) {
        (Font::Mono, _) => return 0.61,
        (_, 'i' | 'l' | 'j' | 'I' | '|' | '.' | ',' | ':' | ';' | '\'' | '!' | ' ') => 0.38,
        (_, 'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '-' | '/' | '\\' | '"') => 0.48,
        (_, 'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' | '—') => 1.06,
        (_, 'A'..='Z' | '_' | '#' | '&' | '<' | '>' | '=' | '+' | '~') => 0.8,
        (_, '0'..='9' | 'a'..='z') => 0.68,
        _ => 0.86,
    };
    if font == Font::Bold {
        width * 1.03
    } else {
        width * 0.95
    }
}

/// The width of a text, in em.
pub(crate) fn width(text: &str, font: Font) -> f64 {
    text.chars().map(|c| width_of(c, font)).sum()
}

/// The text, with as much of its middle left out as does not fit.
pub(crate) fn shortened(text: &str, font: Font, most: f64) -> String {
    if width(text, font) <= most {
        return text.to_owned();
    }
    let half = (most - width_of('…', font)) / 2.0;
    let fitting = |letters: &mut dyn Iterator<Item = char>| {
        let mut room = half;
        let fits = |c: &char| {
            room -= width_of(*c, font);
            room >= 0.0
        };
        letters.take_while(fits).collect::<String>()
    };
    let head = fitting(&mut text.chars());
    let tail = fitting(&mut text.chars().rev());
    let tail: String = tail.chars().rev().collect();
    format!("{}…{}", head.trim_end(), tail.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_keeps_both_ends_and_fits() {
        for text in [
            "request-handler-of-the-customer-portal-17",
            "日本語の名前".repeat(9).as_str(),
        ] {
            for font in [Font::Bold, Font::Regular, Font::Mono] {
                let short = shortened(text, font, 12.0);
                assert!(width(&short, font) <= 12.0, "{short}");
                assert!(
                    short.contains('…') && short.starts_with(&text[..3]),
                    "{short}"
                );
                assert_eq!(short.chars().last(), text.chars().last());
            }
        }
        assert_eq!(shortened("worker", Font::Bold, 12.0), "worker");
    }
}
