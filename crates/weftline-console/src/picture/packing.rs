//! Packs blocks into a picture that is not too wide.
//!
//! Each block goes to the highest place that is free, the leftmost of several. A place is at the
//! right of another block, or below one.

use super::geometry::{Point, at};
use std::collections::VecDeque;

/// The space between blocks.
const SPACE: Point = Point { x: 44.0, y: 34.0 };
/// Places are sought among so many blocks, and below all older ones.
const RECENT: usize = 96;

/// The upper left corners of blocks of these sizes, and the size of all. That is of this width,
/// unless a block is wider, or all would be much taller than wide.
pub(crate) fn pack(sizes: &[Point], width: f64) -> (Vec<Point>, Point) {
    let area: f64 = sizes
        .iter()
        .map(|size| (size.x + SPACE.x) * (size.y + SPACE.y))
        .sum();
    let least = area.sqrt().max(width);
    let widest = sizes.iter().map(|size| size.x).fold(least, f64::max);
    let mut all = Point::default();
    let mut corners = Vec::with_capacity(sizes.len());
    // Blocks with the space at their right and below, as two corners.
    let mut recent: VecDeque<(Point, Point)> = VecDeque::new();
    let mut floor = 0.0f64;
    for size in sizes {
        let is_free = |place: &Point| {
            let end = at(place.x + size.x + SPACE.x, place.y + size.y + SPACE.y);
            let is_apart = |&(from, to): &(Point, Point)| {
                place.x >= to.x || from.x >= end.x || place.y >= to.y || from.y >= end.y
            };
            place.y >= floor && place.x + size.x <= widest && recent.iter().all(is_apart)
        };
        let lowest = recent.iter().map(|(_, to)| to.y).fold(floor, f64::max);
        let beside = recent.iter().flat_map(|&(from, to)| {
            [
                at(to.x, from.y),
                at(to.x, floor),
                at(from.x, to.y),
                at(0.0, to.y),
            ]
        });
        let corner = beside
            .chain([at(0.0, floor)])
            .filter(is_free)
            .min_by(|a, b| a.y.total_cmp(&b.y).then(a.x.total_cmp(&b.x)))
            .unwrap_or(at(0.0, lowest));
        corners.push(corner);
        let end = at(corner.x + size.x, corner.y + size.y);
        all = at(all.x.max(end.x), all.y.max(end.y));
        recent.push_back((corner, at(end.x + SPACE.x, end.y + SPACE.y)));
        if recent.len() > RECENT
            && let Some((_, to)) = recent.pop_front()
        {
            floor = floor.max(to.y);
        }
    }
    (corners, all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_apart_and_within_the_width() {
        let sizes: Vec<Point> = (0..200)
            .map(|n| at(f64::from(n * 37 % 400 + 20), f64::from(n * 53 % 90 + 10)))
            .collect();
        let (corners, all) = pack(&sizes, 1080.0);
        assert!(all.x < 1.5 * all.y && all.y < 1.5 * all.x, "{all}");
        for (i, (a, size)) in corners.iter().zip(&sizes).enumerate() {
            assert!(a.x + size.x <= all.x && a.y + size.y <= all.y);
            for (b, other) in corners.iter().zip(&sizes).skip(i + 1) {
                let is_apart = a.x + size.x <= b.x
                    || b.x + other.x <= a.x
                    || a.y + size.y <= b.y
                    || b.y + other.y <= a.y;
                assert!(is_apart, "{a} {b}");
            }
        }
    }
}
