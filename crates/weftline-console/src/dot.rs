//! Graphs as text for Graphviz: `weftline dump PID --dot | dot -Tsvg > waits.svg`.

use crate::graph::{Edge, Graph, Node, Relation, Sort};
use std::fmt::{self, Display, Write};

/// Graphs as text for Graphviz, a cluster for each.
pub(crate) struct Dot<'a>(pub(crate) &'a [Graph]);

/// A text between quotes. What Graphviz would take for an escape or an entity is escaped.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '&' => f.write_str("&amp;")?,
                '\n' => f.write_str("\\n")?,
                other => f.write_char(other)?,
            }
        }
        f.write_char('"')
    }
}

const LIGHT: [&str; 3] = ["#eaf3fa", "#f3f4f6", "#fdeee3"];
const LINE: [&str; 2] = ["#0072b2", "#59636e"];
/// Vermillion of the colours of Okabe and Ito, which the colour-blind tell apart.
const ALARM: &str = "#d55e00";

impl Display for Dot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "digraph weftline {{")?;
        writeln!(f, "  rankdir=LR")?;
        writeln!(
            f,
            "  node [fontname=\"sans-serif\", fontsize=11, style=filled]"
        )?;
        writeln!(
            f,
            "  edge [fontname=\"sans-serif\", fontsize=10, color=\"{}\"]",
            LINE[1]
        )?;
        for graph in self.0 {
            write_graph(f, graph)?;
        }
        writeln!(f, "}}")
    }
}

fn write_graph(f: &mut fmt::Formatter<'_>, graph: &Graph) -> fmt::Result {
    let mut label = graph.summary.clone();
    for note in &graph.notes {
        label = label + "\n" + note;
    }
    writeln!(f, "  subgraph \"cluster_{}\" {{", graph.pid)?;
    writeln!(f, "    label={}", Quoted(&label))?;
    writeln!(
        f,
        "    fontname=\"sans-serif\"; color=\"#d0d7de\"; style=rounded"
    )?;
    for (index, node) in graph.nodes.iter().enumerate() {
        if node.ring.is_none() {
            write_node(f, graph.pid, index, node)?;
        }
    }
    for (at, ring) in graph.rings.iter().enumerate() {
        let label = format!("{}: {}", ring.title, ring.details.join(", "));
        writeln!(f, "    subgraph \"cluster_{}_deadlock_{at}\" {{", graph.pid)?;
        writeln!(f, "      label={}", Quoted(&label))?;
        writeln!(
            f,
            "      color=\"{ALARM}\"; fontcolor=\"{ALARM}\"; penwidth=2"
        )?;
        for &index in &ring.nodes {
            write_node(f, graph.pid, index, &graph.nodes[index])?;
        }
        writeln!(f, "    }}")?;
    }
    for edge in &graph.edges {
        write_edge(f, graph.pid, edge)?;
    }
    writeln!(f, "  }}")
}

fn write_node(f: &mut fmt::Formatter<'_>, pid: u32, index: usize, node: &Node) -> fmt::Result {
    let label = [&[node.title.clone()][..], &node.details]
        .concat()
        .join("\n");
    let (shape, fill, line) = match node.sort {
        Sort::Thread => ("box", LIGHT[0], LINE[0]),
        Sort::Object => ("octagon", LIGHT[1], LINE[1]),
        Sort::Queue => ("cds", LIGHT[1], LINE[1]),
    };
    let (fill, line, width) = match node.ring {
        Some(_) => (LIGHT[2], ALARM, 3),
        None => (fill, line, 1),
    };
    let rounded = match (node.sort, node.count) {
        (Sort::Thread, 0) => ", style=\"rounded,dashed\"",
        (Sort::Thread, _) => ", style=\"rounded,filled\"",
        _ => "",
    };
    let many = if node.count > 1 {
        ", peripheries=2"
    } else {
        ""
    };
    writeln!(
        f,
        "    p{pid}n{index} [label={}, tooltip={}, shape={shape}{rounded}{many}, \
         fillcolor=\"{fill}\", color=\"{line}\", penwidth={width}]",
        Quoted(&label),
        Quoted(&node.about),
    )
}

fn write_edge(f: &mut fmt::Formatter<'_>, pid: u32, edge: &Edge) -> fmt::Result {
    let label = match &edge.timeout {
        Some(timeout) => format!("{}\n{timeout}", edge.label),
        None => edge.label.to_string(),
    };
    let style = match edge.relation {
        Relation::Waits => "",
        Relation::HeldBy => ", style=dashed",
    };
    let alarm = match edge.ring {
        Some(_) => format!(", color=\"{ALARM}\", penwidth=3"),
        None => String::new(),
    };
    writeln!(
        f,
        "    p{pid}n{} -> p{pid}n{} [label={}, tooltip={}{style}{alarm}]",
        edge.from,
        edge.to,
        Quoted(&label),
        Quoted(&edge.about),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example::{HOSTILE, examples};
    use crate::graph::graph_of;

    /// The text of a quoted string, as Graphviz reads it, and what follows it.
    fn unquoted(text: &str) -> (String, &str) {
        let mut plain = String::new();
        let mut letters = text.strip_prefix('"').expect("a quote").char_indices();
        while let Some((at, c)) = letters.next() {
            match c {
                '"' => return (plain.replace("&amp;", "&"), &text[at + 2..]),
                '\\' => match letters.next().expect("an escape goes on").1 {
                    'n' => plain.push('\n'),
                    escaped @ ('"' | '\\') => plain.push(escaped),
                    other => panic!("Graphviz replaces \\{other}"),
                },
                other => plain.push(other),
            }
        }
        panic!("no end: {text}");
    }

    #[test]
    fn any_text_is_one_string() {
        for text in HOSTILE.iter().chain(&["a\nb", "\\", "\"", ""]) {
            let quoted = format!("{}, next", Quoted(text));
            assert_eq!(unquoted(&quoted), ((*text).to_owned(), ", next"));
        }
    }

    #[test]
    fn each_node_and_edge_is_a_line_and_each_process_a_cluster() {
        let snapshots: Vec<_> = examples().iter().map(|(_, it)| it.snapshot()).collect();
        let graphs: Vec<Graph> = snapshots.iter().map(graph_of).collect();
        let text = Dot(&graphs).to_string();
        let count = |of: fn(&Graph) -> usize| graphs.iter().map(of).sum::<usize>();
        let lines = |part: &str| text.lines().filter(|line| line.contains(part)).count();
        assert_eq!(lines(", shape="), count(|graph| graph.nodes.len()));
        assert_eq!(lines(" -> p7n"), count(|graph| graph.edges.len()));
        assert_eq!(lines("_deadlock_"), count(|graph| graph.rings.len()));
        assert_eq!(lines("subgraph \"cluster_7\""), graphs.len());
        assert_eq!(text.matches('{').count(), text.matches('}').count());
    }
}
