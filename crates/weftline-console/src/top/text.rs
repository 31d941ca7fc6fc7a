//! Text in the columns of a terminal.
//!
//! A column is what one narrow letter takes; letters of East Asia and emoji take two. What has no
//! width or is a control character is left out, as ratatui leaves it out of its cells.

use ratatui::buffer::CellWidth;
use ratatui::style::Style;
use ratatui::text::Span;

/// What takes the place of the rest of a text.
const REST: char = '…';

/// The letters of a text, with what combines with them, and how wide each is.
fn letters(text: &str) -> impl Iterator<Item = (String, usize)> {
    let span = Span::raw(text.to_owned());
    let letters: Vec<_> = span
        .styled_graphemes(Style::new())
        .map(|letter| {
            (
                letter.symbol.to_owned(),
                usize::from(letter.symbol.cell_width()),
            )
        })
        .collect();
    letters.into_iter()
}

/// How many columns a text takes.
pub(crate) fn columns(text: &str) -> usize {
    match text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        true => text.len(),
        false => letters(text).map(|(_, width)| width).sum(),
    }
}

/// The text, or as much of its beginning as fits with a sign that there is more.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if columns(text) <= most {
        return text.to_owned();
    }
    let mut room = most.saturating_sub(1);
    let mut shown = String::new();
    for (letter, width) in letters(text) {
        match room.checked_sub(width) {
            Some(left) => room = left,
            None => break,
        }
        shown += &letter;
    }
    if most > 0 {
        shown.push(REST);
    }
    shown
}

/// The text in lines of so many columns. What goes on in a further line is indented there.
pub(crate) fn wrapped(text: &str, most: usize) -> Vec<String> {
    let most = most.max(8);
    let indent = text.len() - text.trim_start_matches(' ').len();
    let indent = " ".repeat((indent + 4).min(most / 2));
    let mut lines = Vec::new();
    let (mut line, mut room) = (String::new(), most);
    // A line breaks between words. A word that no line holds breaks anywhere.
    for word in text.split_inclusive(' ') {
        let is_fresh = line.trim().is_empty();
        if columns(word.trim_end()) > room && !is_fresh {
            lines.push(std::mem::replace(&mut line, indent.clone()));
            room = most - indent.len();
        }
        for (letter, width) in letters(word) {
            if width > room {
                // The blank at the end of a word needs no line of its own.
                if letter == " " {
                    continue;
                }
                lines.push(std::mem::replace(&mut line, indent.clone()));
                room = most - indent.len();
            }
            line += &letter;
            room = room.saturating_sub(width);
        }
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example::HOSTILE;

    #[test]
    fn a_cut_text_fits_and_keeps_its_beginning() {
        for text in HOSTILE {
            for most in 0..100 {
                let short = cut(text, most);
                assert!(columns(&short) <= most, "{short:?} in {most}");
                if columns(text) > most && most > 0 {
                    let kept = short.strip_suffix(REST).unwrap();
                    let plain: String = letters(text).map(|(letter, _)| letter).collect();
                    assert!(plain.starts_with(kept), "{short:?}");
                } else {
                    assert!(most == 0 || short == text);
                }
            }
        }
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("worker", 6), "worker");
    }

    #[test]
    fn wrapped_lines_fit_and_lose_nothing_but_blanks() {
        let without_blanks = |text: &str| text.replace(' ', "");
        for text in HOSTILE
            .iter()
            .chain(&["    at /app/bank.py:14 in transfer", ""])
        {
            let plain: String = letters(text).map(|(letter, _)| letter).collect();
            for most in 8..100 {
                let lines = wrapped(text, most);
                assert!(lines.iter().all(|line| columns(line) <= most), "{lines:?}");
                assert_eq!(without_blanks(&lines.concat()), without_blanks(&plain));
            }
        }
        let lines = wrapped("  one two three", 10);
        assert_eq!(lines, ["  one two ", "     three"]);
    }
}
