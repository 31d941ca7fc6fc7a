//! Texts in a picture.

use super::geometry::{Figure, Point};
use super::text_width::{Font, shortened};
use std::fmt::{self, Display, Write};

/// A text in XML.
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\n' => f.write_str("&#10;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// The text, as far as it fits into that width in letters of that size.
pub(crate) fn shorten(text: &str, font: Font, size: f64, most: f64) -> String {
    shortened(text, font, most / size)
}

/// Writes a line of text.
pub(crate) fn write_text(
    f: &mut fmt::Formatter<'_>,
    class: &str,
    place: Point,
    anchor: &str,
    text: &str,
) -> fmt::Result {
    let anchor = match anchor {
        "start" => String::new(),
        other => format!(r#" text-anchor="{other}""#),
    };
    let (x, y) = (Figure(place.x), Figure(place.y));
    writeln!(
        f,
        r#"<text class="{class}" x="{x}" y="{y}"{anchor}>{}</text>"#,
        Escaped(text)
    )
}
