//! A deadlock as a ring: its nodes clockwise, and at its outside the nodes that lead to it.
//!
//! The first node is at the top, and an even number has one at the bottom. The others stand in rows
//! at the left and right. The middle has room for the verdict.

use super::columns::Placement;
use super::geometry::{Path, Point, Rect, at};

/// A label beside a path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Label {
    /// The place of its text.
    pub(crate) at: Point,
    /// Which part of the text is there.
    pub(crate) anchor: Anchor,
    /// Where a second line goes.
    pub(crate) second: Second,
}

/// Where the second line of a label goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Second {
    /// Below the first.
    Below,
    /// To the place of the first, which goes up.
    Instead,
    /// To the other side of the path, which is below the first.
    Across,
}

/// Which part of a text is at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// Its first letter.
    Start,
    /// Its middle.
    Middle,
    /// Its last letter.
    End,
}

/// Where a node of a ring stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// At the top or bottom.
    Middle,
    /// At the left.
    Left,
    /// At the right.
    Right,
}

/// A node of a ring.
#[derive(Debug)]
pub(crate) struct Member {
    /// Its size.
    pub(crate) size: Point,
    /// What leads to it from outside.
    pub(crate) attached: Option<Placement>,
}

/// Where a ring has its nodes.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    /// The nodes.
    pub(crate) boxes: Vec<Rect>,
    /// Where each of them stands.
    pub(crate) sides: Vec<Side>,
    /// Whether nodes from outside lead to it.
    pub(crate) is_busy: Vec<bool>,
    /// The middle of the verdict.
    pub(crate) middle: Point,
    /// Where the ring ends, at the left and right.
    pub(crate) ends: (f64, f64),
}

/// The least space between two rows.
const BETWEEN_ROWS: f64 = 52.0;
/// The least space around the verdict, and between a node in the middle and those at its sides.
const AROUND: f64 = 26.0;
const CORNER: f64 = 74.0;

/// The row and side of a node of a ring of `count`.
fn seat(index: usize, count: usize) -> (usize, Side) {
    let rows = (count - 1) / 2;
    match index {
        _ if count == 2 => (0, [Side::Left, Side::Right][index]),
        0 => (0, Side::Middle),
        right if right <= rows => (right, Side::Right),
        bottom if count.is_multiple_of(2) && bottom == rows + 1 => (bottom, Side::Middle),
        left => (count - left, Side::Left),
    }
}

/// The side at which nodes from outside lead to this one.
pub(crate) fn outside(index: usize, count: usize) -> Side {
    match seat(index, count) {
        (0, Side::Middle) => Side::Left,
        (_, Side::Middle) => Side::Right,
        (_, side) => side,
    }
}

/// Places the nodes of a ring, with room for a verdict of that width and for labels.
pub(crate) fn shape(members: &[Member], verdict: f64, label: f64) -> Shape {
    let count = members.len();
    let seats: Vec<_> = (0..count).map(|index| seat(index, count)).collect();
    let rows = seats.iter().map(|&(row, _)| row + 1).max().unwrap_or(0);
    let mut above = vec![0.0f64; rows];
    let mut below = vec![0.0f64; rows];
    let mut apart = vec![0.0f64; rows];
    for (member, &(row, _)) in members.iter().zip(&seats) {
        apart[row] = apart[row].max(member.size.y / 2.0);
        let (up, down) = member.attached.as_ref().map_or((0.0, 0.0), |attached| {
            let anchor = attached.centres[0].1;
            (anchor - attached.top, attached.bottom - anchor)
        });
        above[row] = above[row].max(up);
        below[row] = below[row].max(down);
    }
    let mut heights = vec![0.0];
    for row in 1..rows {
        let ring = apart[row - 1] + apart[row] + BETWEEN_ROWS;
        let pitch = ring.max(below[row - 1] + above[row]);
        heights.push(heights[row - 1] + pitch);
    }
    let width = |wanted: Side| {
        let sizes = members.iter().zip(&seats);
        let widths = sizes.filter(|(_, (_, side))| *side == wanted);
        widths.map(|(member, _)| member.size.x).fold(0.0, f64::max)
    };
    let widest = width(Side::Left).max(width(Side::Right));
    let inner = (verdict / 2.0 + AROUND).max(width(Side::Middle) / 2.0 + CORNER);
    let side_rows = (count - 1) / 2;
    let bulge = if side_rows > 1 {
        16.0 * side_rows.min(6) as f64
    } else {
        0.0
    };
    let boxes: Vec<Rect> = members
        .iter()
        .zip(&seats)
        .map(|(member, &(row, side))| {
            let middle = (side_rows + 1) as f64 / 2.0;
            let turn = (row as f64 - middle) / (side_rows.max(1) as f64 / 2.0);
            let round = bulge * (1.0 - turn * turn).max(0.0).sqrt();
            let from_middle = inner + widest / 2.0 + round;
            let x = match side {
                Side::Middle => 0.0,
                Side::Left => -from_middle,
                Side::Right => from_middle,
            };
            Rect {
                centre: at(x, heights[row]),
                size: member.size,
            }
        })
        .collect();
    let middle = match rows {
        1 => 0.0,
        // In a tall ring it stands where the reader begins.
        _ => (heights[1] + heights[side_rows.clamp(1, 5)]) / 2.0,
    };
    // The labels of curves stand outside of them.
    let furthest = boxes.iter().map(|it| it.centre.x).fold(0.0, f64::max);
    let edge = boxes
        .iter()
        .map(Rect::right)
        .fold(furthest + label, f64::max);
    Shape {
        boxes,
        sides: seats.into_iter().map(|(_, side)| side).collect(),
        is_busy: members.iter().map(|it| it.attached.is_some()).collect(),
        middle: at(0.0, middle),
        ends: (-edge, edge),
    }
}

impl Shape {
    /// The path from one node to another, and the place of its label. `is_inner`: there is one in
    /// the other direction, outside.
    pub(crate) fn path(&self, from: usize, to: usize, is_inner: bool) -> (Path, Label) {
        let (a, b) = (self.boxes[from], self.boxes[to]);
        match (self.sides[from], self.sides[to]) {
            (Side::Middle, Side::Middle) => vertical(a, b, Side::Right),
            (Side::Middle, _) if is_inner => inner(a, b),
            (_, Side::Middle) if is_inner => reversed(inner(b, a)),
            (Side::Middle, _) => reversed(quarter(b, a, self.is_busy[from])),
            (_, Side::Middle) => quarter(a, b, self.is_busy[to]),
            (one, other) if one == other => vertical(a, b, one),
            (one, _) => across(a, b, one == Side::Left && self.boxes.len() == 2),
        }
    }
}

fn reversed((path, label): (Path, Label)) -> (Path, Label) {
    let mut back = Path::from(path.end());
    let mut from = path.pieces.len();
    while from > 0 {
        from -= 1;
        let [first, second, _] = path.pieces[from];
        let end = from
            .checked_sub(1)
            .map_or(path.start, |it| path.pieces[it][2]);
        back = back.curve(second, first, end);
    }
    (back, label)
}

/// From a node at a side to one at the top or bottom: around the corner. `is_busy`: nodes from
/// outside lead to that, too.
fn quarter(side: Rect, middle: Rect, is_busy: bool) -> (Path, Label) {
    let is_left = side.centre.x < middle.centre.x;
    let is_up = middle.centre.y < side.centre.y;
    let port = match (is_busy, is_up) {
        (false, _) => 0.0,
        (true, true) => middle.size.y / 4.0,
        (true, false) => -middle.size.y / 4.0,
    };
    let start = at(
        side.centre.x,
        if is_up { side.top() } else { side.bottom() },
    );
    let end_x = if is_left {
        middle.left()
    } else {
        middle.right()
    };
    let end = at(end_x, middle.centre.y + port);
    let (across, along) = (end.x - start.x, end.y - start.y);
    let path = Path::from(start).curve(
        at(start.x, start.y + along * 0.6),
        at(end.x - across * 0.6, end.y),
        end,
    );
    // The point of the curve halfway, and a little outside of it.
    let place = at(start.x + across * 0.22, start.y + along * 0.74);
    let out = if is_left { -10.0 } else { 10.0 };
    let label = Label {
        at: at(place.x + out, place.y + if is_up { -2.0 } else { 12.0 }),
        anchor: if is_left { Anchor::End } else { Anchor::Start },
        second: if is_up {
            Second::Instead
        } else {
            Second::Below
        },
    };
    (path, label)
}

/// The same inside of the ring, from the top or bottom.
fn inner(middle: Rect, side: Rect) -> (Path, Label) {
    let is_left = side.centre.x < middle.centre.x;
    let is_down = middle.centre.y < side.centre.y;
    let out = if is_left { -1.0 } else { 1.0 };
    let start_y = if is_down {
        middle.bottom()
    } else {
        middle.top()
    };
    let start = at(middle.centre.x + out * middle.size.x / 4.0, start_y);
    let end = at(
        if is_left { side.right() } else { side.left() },
        side.centre.y,
    );
    let path = Path::from(start).curve(
        at(start.x, start.y + (end.y - start.y) * 0.6),
        at(end.x + (start.x - end.x) * 0.6, end.y),
        end,
    );
    let label = Label {
        at: at(
            start.x + out * 8.0,
            start.y + if is_down { 18.0 } else { -10.0 },
        ),
        anchor: if is_left { Anchor::End } else { Anchor::Start },
        second: if is_down {
            Second::Below
        } else {
            Second::Instead
        },
    };
    (path, label)
}

/// Between two rows of a side.
fn vertical(a: Rect, b: Rect, side: Side) -> (Path, Label) {
    let is_up = b.centre.y < a.centre.y;
    let start = at(a.centre.x, if is_up { a.top() } else { a.bottom() });
    let end = at(b.centre.x, if is_up { b.bottom() } else { b.top() });
    let middle = (start.y + end.y) / 2.0;
    let path = Path::from(start).curve(at(start.x, middle), at(end.x, middle), end);
    let x = (start.x + end.x) / 2.0;
    let label = match side {
        Side::Left => (x - 12.0, Anchor::End),
        _ => (x + 12.0, Anchor::Start),
    };
    let label = Label {
        at: at(label.0, middle + 4.0),
        anchor: label.1,
        second: Second::Below,
    };
    (path, label)
}

/// From one side to the other, over the nodes or below them.
fn across(a: Rect, b: Rect, is_over: bool) -> (Path, Label) {
    let (start_y, end_y, out) = match is_over {
        true => (a.top(), b.top(), -1.0),
        false => (a.bottom(), b.bottom(), 1.0),
    };
    let far = out * BETWEEN_ROWS;
    let (start, end) = (at(a.centre.x, start_y), at(b.centre.x, end_y));
    let path = Path::from(start).curve(at(start.x, start.y + far), at(end.x, end.y + far), end);
    let label = Label {
        at: at(
            (start.x + end.x) / 2.0,
            (start.y + end.y) / 2.0 + far * 0.75 + if is_over { -8.0 } else { 16.0 },
        ),
        anchor: Anchor::Middle,
        second: if is_over {
            Second::Instead
        } else {
            Second::Below
        },
    };
    (path, label)
}
