//! The properties of pictures: nothing overlaps or is cut off, and every text is text.

use super::geometry::{Rect, at};
use super::layout::{Layout, layout};
use super::live_svg::LiveSvg;
use super::measure::{MARGIN, NAME, PADDING, SMALL, measure};
use super::ring::Anchor;
use super::svg::Svg;
use super::text_width::{Font, width};
use crate::example::{Example, HOSTILE, examples};
use crate::graph::{Graph, graph_of, live_graph_of};
use roxmltree::{Document, Node as Element};

fn picture(example: &Example) -> (Graph, Layout, String) {
    let graph = graph_of(&example.snapshot());
    let laid_out = layout(&graph, &measure(&graph));
    let text = Svg(&[graph_of(&example.snapshot())]).to_string();
    (graph, laid_out, text)
}

fn of_class<'a>(
    document: &'a Document<'a>,
    class: &'a str,
) -> impl Iterator<Item = Element<'a, 'a>> {
    document.descendants().filter(move |element| {
        let classes = element.attribute("class").unwrap_or_default();
        classes.split(' ').any(|it| it == class)
    })
}

#[test]
fn no_box_overlaps_another_and_all_are_in_the_picture() {
    for (name, example) in examples() {
        let (graph, layout, _) = picture(&example);
        for (at, one) in layout.boxes.iter().enumerate() {
            let is_inside = one.left() >= -0.1
                && one.top() >= -0.1
                && one.right() <= layout.size.x + 0.1
                && one.bottom() <= layout.size.y + 0.1;
            assert!(is_inside, "{name}: {}", graph.nodes[at].title);
            for (other_at, other) in layout.boxes.iter().enumerate().skip(at + 1) {
                let titles = [at, other_at].map(|it| &graph.nodes[it].title);
                assert!(!one.overlaps(other), "{name}: {titles:?}");
            }
        }
    }
}

#[test]
fn every_edge_leads_from_the_border_of_its_node_to_that_of_its_other() {
    for (name, example) in examples() {
        let (graph, layout, _) = picture(&example);
        for (edge, route) in graph.edges.iter().zip(&layout.routes) {
            for (point, node) in [(route.path.start, edge.from), (route.path.end(), edge.to)] {
                let rect = layout.boxes[node];
                let across = ((point.x - rect.centre.x).abs() - rect.size.x / 2.0).abs() < 0.1;
                let along = ((point.y - rect.centre.y).abs() - rect.size.y / 2.0).abs() < 0.1;
                let within = (point.x - rect.centre.x).abs() <= rect.size.x / 2.0 + 0.1
                    && (point.y - rect.centre.y).abs() <= rect.size.y / 2.0 + 0.1;
                assert!(within && (across || along), "{name}: {}", edge.about);
            }
        }
    }
}

#[test]
fn labels_neither_leave_the_picture_nor_cover_boxes_or_each_other() {
    for (name, example) in examples() {
        let (graph, layout, _) = picture(&example);
        let mut labels: Vec<(Rect, &str)> = Vec::new();
        for (edge, route) in graph.edges.iter().zip(&layout.routes) {
            let Some(label) = route.label else { continue };
            let wide = width(&edge.label.to_string(), Font::Regular) * SMALL;
            let shift = match label.anchor {
                Anchor::Start => wide / 2.0,
                Anchor::Middle => 0.0,
                Anchor::End => -wide / 2.0,
            };
            // The letters without the space above and below them.
            let centre = at(label.at.x + shift, label.at.y - 4.0);
            let size = at(wide, 9.0);
            labels.push((Rect { centre, size }, &edge.about));
        }
        for (at, (label, about)) in labels.iter().enumerate() {
            let is_inside = label.left() >= -MARGIN && label.right() <= layout.size.x + MARGIN;
            assert!(is_inside, "{name}: {about}");
            let box_under = layout.boxes.iter().position(|it| it.overlaps(label));
            let under = box_under.map(|it| &graph.nodes[it].title);
            assert_eq!(under, None, "{name}: {about}");
            for (other, other_about) in &labels[at + 1..] {
                assert!(!other.overlaps(label), "{name}: {about}, {other_about}");
            }
        }
    }
}

#[test]
fn text_fits_into_its_box() {
    for (name, example) in examples() {
        let (graph, layout, text) = picture(&example);
        let document = Document::parse(&text).unwrap();
        let nodes = of_class(&document, "node");
        for ((element, node), rect) in nodes.zip(&graph.nodes).zip(&layout.boxes) {
            let texts = element.children().filter(|it| it.has_tag_name("text"));
            for (line, shown) in texts.enumerate() {
                let shown = shown.text().unwrap_or_default();
                let wide = match line {
                    0 => width(shown, Font::Bold) * NAME,
                    _ => width(shown, Font::Mono) * SMALL,
                };
                assert!(wide <= rect.size.x - 2.0 * PADDING + 0.1, "{name}: {shown}");
            }
            let title = element
                .children()
                .find(|it| it.has_tag_name("title"))
                .unwrap();
            assert!(title.text().unwrap().starts_with(&node.title), "{name}");
        }
    }
}

#[test]
fn hostile_names_are_text() {
    let hostile = examples()
        .into_iter()
        .find(|(name, _)| *name == "hostile")
        .unwrap()
        .1;
    let (graph, _, text) = picture(&hostile);
    let document = Document::parse(&text).unwrap();
    let allowed = [
        "svg", "title", "style", "defs", "marker", "path", "rect", "g", "text",
    ];
    for element in document.descendants().filter(Element::is_element) {
        assert!(allowed.contains(&element.tag_name().name()), "{element:?}");
    }
    for name in HOSTILE
        .iter()
        .filter(|name| name.chars().all(|c| !c.is_control() && c != '\u{200d}'))
    {
        let is_there = graph.nodes.iter().any(|node| node.title == *name);
        assert!(is_there || name.is_empty(), "{name}");
    }
}

#[test]
fn a_deadlock_has_a_label_and_its_nodes_and_edges_stand_out() {
    for (name, count) in [("pair", 4), ("three", 6), ("four", 8), ("read_hub", 3)] {
        let example = examples().into_iter().find(|it| it.0 == name).unwrap().1;
        let (_, _, text) = picture(&example);
        let document = Document::parse(&text).unwrap();
        let verdict = of_class(&document, "verdict").next().unwrap();
        assert!(verdict.text().unwrap().contains("deadlock"));
        let is_alarm = |element: &Element<'_, '_>| {
            element
                .attribute("class")
                .unwrap_or_default()
                .contains("alarm")
        };
        assert_eq!(
            of_class(&document, "body").filter(is_alarm).count(),
            count,
            "{name}"
        );
        let edges = if name == "read_hub" { 4 } else { count };
        assert_eq!(
            of_class(&document, "edge").filter(is_alarm).count(),
            edges,
            "{name}"
        );
    }
}

#[test]
fn a_picture_of_ten_thousand_threads_is_small() {
    let crowd = examples().into_iter().find(|it| it.0 == "crowd").unwrap().1;
    let (_, layout, text) = picture(&crowd);
    assert!(
        layout.size.x < 1500.0 && layout.size.y < 1000.0,
        "{:?}",
        layout.size
    );
    assert!(text.len() < 40_000, "{}", text.len());
}

#[test]
fn several_processes_are_in_one_picture() {
    let graphs: Vec<Graph> = examples()
        .iter()
        .map(|(_, it)| graph_of(&it.snapshot()))
        .collect();
    let text = Svg(&graphs).to_string();
    let document = Document::parse(&text).unwrap();
    assert_eq!(of_class(&document, "head").count(), graphs.len());
    let none = Svg(&[]).to_string();
    assert!(Document::parse(&none).is_ok());
}

#[test]
fn a_live_picture_stays_the_same_while_time_goes_by() {
    for (name, example) in examples() {
        let (before, mut after) = (example.snapshot(), example.snapshot());
        for wait in after.parties.iter_mut().filter_map(|it| it.wait.as_mut()) {
            wait.waited += std::time::Duration::from_secs(100);
        }
        let live = |snapshot| LiveSvg(&live_graph_of(snapshot)).to_string();
        let text = live(&before);
        assert!(Document::parse(&text).is_ok(), "{name}");
        assert!(!text.contains("<style"), "{name}: the page has the style");
        assert_eq!(text, live(&after), "{name}");
    }
}
