//! The shapes of nodes: a thread is round, an object has cut corners, a queue is a tube.

use super::geometry::{Figure, Rect, at};
use crate::graph::{Node, Sort};
use std::fmt;

/// Draws the shape of a node, and more behind it if it stands for several.
pub(crate) fn write_shape(f: &mut fmt::Formatter<'_>, node: &Node, rect: &Rect) -> fmt::Result {
    let alarm = if node.ring.is_some() { "alarm " } else { "" };
    let ended = if node.count == 0 { " ended" } else { "" };
    let class = match node.sort {
        Sort::Thread => format!("{alarm}thread{ended}"),
        Sort::Object | Sort::Queue => format!("{alarm}object"),
    };
    if node.count > 1 {
        // Two more, of which the lower edges are seen.
        for behind in [10.0, 5.0] {
            let back = Rect {
                centre: at(rect.centre.x, rect.centre.y + behind),
                size: at(rect.size.x - 2.0 * behind, rect.size.y),
            };
            writeln!(
                f,
                r#"<path class="{class}" d="{}"/>"#,
                outline(node.sort, &back)
            )?;
        }
    }
    writeln!(
        f,
        r#"<path class="{class} body" d="{}"/>"#,
        outline(node.sort, rect)
    )?;
    if node.sort == Sort::Queue {
        let (x, top, bottom) = (
            Figure(rect.right() - 8.0),
            Figure(rect.top()),
            Figure(rect.bottom()),
        );
        let half = Figure(rect.size.y / 2.0);
        writeln!(
            f,
            r#"<path class="{class} rim" d="M{x} {top}A8 {half} 0 0 0 {x} {bottom}"/>"#
        )?;
    }
    Ok(())
}

/// The outline of a node.
fn outline(sort: Sort, rect: &Rect) -> String {
    let (left, right) = (rect.left(), rect.right());
    let (top, bottom) = (rect.top(), rect.bottom());
    let cut = match sort {
        Sort::Thread => 12.0,
        Sort::Object => 9.0,
        Sort::Queue => 8.0,
    };
    let f = Figure;
    let (inner_left, inner_right) = (f(left + cut), f(right - cut));
    let (inner_top, inner_bottom) = (f(top + cut), f(bottom - cut));
    let (left, right, top, bottom) = (f(left), f(right), f(top), f(bottom));
    match sort {
        Sort::Thread => {
            let arc = |x: &Figure, y: &Figure| format!("A{cut} {cut} 0 0 1 {x} {y}");
            format!(
                "M{inner_left} {top}H{inner_right}{}V{inner_bottom}{}H{inner_left}{}V{inner_top}{}Z",
                arc(&right, &inner_top),
                arc(&inner_right, &bottom),
                arc(&left, &inner_bottom),
                arc(&inner_left, &top),
            )
        }
        Sort::Object => format!(
            "M{inner_left} {top}H{inner_right}L{right} {inner_top}V{inner_bottom}L{inner_right} \
             {bottom}H{inner_left}L{left} {inner_bottom}V{inner_top}Z"
        ),
        Sort::Queue => {
            let half = f(rect.size.y / 2.0);
            format!(
                "M{inner_left} {top}H{inner_right}A{cut} {half} 0 0 1 {inner_right} {bottom}\
                 H{inner_left}A{cut} {half} 0 0 1 {inner_left} {top}Z"
            )
        }
    }
}
