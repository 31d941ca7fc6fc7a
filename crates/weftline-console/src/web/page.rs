//! [`Page`]: the one file that a browser gets, with its style and its scripts inside.

use crate::picture::STYLE;
use std::fmt::Write;

const PAGE: &str = include_str!("page/page.html");
const PAGE_STYLE: &str = include_str!("page/page.css");
/// In the order in which they run.
const SCRIPTS: [&str; 8] = [
    include_str!("page/words.js"),
    include_str!("page/model.js"),
    include_str!("page/picture.js"),
    include_str!("page/tables.js"),
    include_str!("page/charts.js"),
    include_str!("page/ended.js"),
    include_str!("page/recording.js"),
    include_str!("page/main.js"),
];

/// The page of a process.
pub(super) struct Page {
    pid: u32,
    command: String,
}

impl Page {
    /// That of a process that was started with this command.
    pub(super) fn new(pid: u32, command: String) -> Self {
        Self { pid, command }
    }

    /// The page. Its style and script have the nonce, and nothing else in it is run.
    pub(super) fn text(&self, nonce: &str) -> String {
        let mut text = String::with_capacity(1 << 17);
        let mut rest = PAGE;
        // What is put in is not searched again.
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}").expect("the page closes its braces");
            text += before;
            match name {
                "nonce" => text += nonce,
                "pid" => {
                    let _ = write!(text, "{}", self.pid);
                }
                "command" => text += &escaped(&self.command),
                "style" => {
                    text += STYLE;
                    text += PAGE_STYLE;
                }
                "script" => SCRIPTS.iter().for_each(|script| text += script),
                other => unreachable!("the page has no place {other}"),
            }
            rest = after;
        }
        text + rest
    }
}

/// What a page with this nonce may do: run its own style and script, and read events.
pub(super) fn policy(nonce: &str) -> String {
    format!(
        "Content-Security-Policy: default-src 'none'; script-src 'nonce-{nonce}'; \
         style-src 'nonce-{nonce}'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'\r\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_one_small_file_that_loads_nothing() {
        let text = Page::new(7, "python <script> {{pid}} \"".to_owned()).text("0123");
        assert!(text.len() < 100_000, "{}", text.len());
        assert!(text.contains("python &lt;script> {{pid}} &quot;"));
        for other in ["src=", "@import", "url(http", "https://"] {
            assert!(!text.contains(other), "{other}");
        }
        let tags = |tag: &str| text.matches(tag).count();
        assert_eq!((tags("<script nonce=\"0123\">"), tags("</script")), (1, 1));
        assert_eq!((tags("<style nonce=\"0123\">"), tags("</style")), (1, 1));
    }
}
