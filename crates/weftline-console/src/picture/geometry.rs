//! Points, boxes and paths of a picture. The unit is the pixel of SVG; `y` grows downwards.

use std::fmt;

/// A place, or a size.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Point {
    /// To the right.
    pub(crate) x: f64,
    /// Down.
    pub(crate) y: f64,
}

/// Makes a point.
pub(crate) fn at(x: f64, y: f64) -> Point {
    Point { x, y }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", Figure(self.x), Figure(self.y))
    }
}

/// A number with one decimal at most.
pub(crate) struct Figure(pub(crate) f64);

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Adding zero makes the negative zero positive.
        write!(f, "{}", (self.0 * 10.0).round() / 10.0 + 0.0)
    }
}

/// A box, by its centre.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Rect {
    /// Its centre.
    pub(crate) centre: Point,
    /// Its width and height.
    pub(crate) size: Point,
}

impl Rect {
    /// Its left edge.
    pub(crate) fn left(&self) -> f64 {
        self.centre.x - self.size.x / 2.0
    }

    /// Its right edge.
    pub(crate) fn right(&self) -> f64 {
        self.centre.x + self.size.x / 2.0
    }

    /// Its upper edge.
    pub(crate) fn top(&self) -> f64 {
        self.centre.y - self.size.y / 2.0
    }

    /// Its lower edge.
    pub(crate) fn bottom(&self) -> f64 {
        self.centre.y + self.size.y / 2.0
    }

    /// Whether the two have a point in common.
    #[cfg(test)]
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let (apart, sizes) = (
            at(
                self.centre.x - other.centre.x,
                self.centre.y - other.centre.y,
            ),
            at(self.size.x + other.size.x, self.size.y + other.size.y),
        );
        apart.x.abs() * 2.0 < sizes.x && apart.y.abs() * 2.0 < sizes.y
    }
}

/// A line of straight and curved pieces.
#[derive(Clone, Debug, Default)]
pub(crate) struct Path {
    /// Where it begins.
    pub(crate) start: Point,
    /// Its pieces: two control points, then the end. A straight one has both on the line.
    pub(crate) pieces: Vec<[Point; 3]>,
}

impl Path {
    /// A path without pieces.
    pub(crate) fn from(start: Point) -> Self {
        Self {
            start,
            pieces: Vec::new(),
        }
    }

    /// Where it ends by now.
    pub(crate) fn end(&self) -> Point {
        self.pieces.last().map_or(self.start, |piece| piece[2])
    }

    /// Goes straight on.
    pub(crate) fn line(mut self, end: Point) -> Self {
        let start = self.end();
        self.pieces.push([start, end, end]);
        self
    }

    /// Goes on in a curve that begins and ends horizontally.
    pub(crate) fn wave(mut self, end: Point) -> Self {
        let start = self.end();
        let middle = (start.x + end.x) / 2.0;
        self.pieces
            .push([at(middle, start.y), at(middle, end.y), end]);
        self
    }

    /// Goes on in a curve with these control points.
    pub(crate) fn curve(mut self, first: Point, second: Point, end: Point) -> Self {
        self.pieces.push([first, second, end]);
        self
    }

    /// All of its points, with the control points.
    pub(crate) fn points(&self) -> impl Iterator<Item = Point> {
        [self.start]
            .into_iter()
            .chain(self.pieces.iter().flatten().copied())
    }

    /// Moves it.
    pub(crate) fn shift(&mut self, by: Point) {
        let points = [&mut self.start].into_iter();
        for point in points.chain(self.pieces.iter_mut().flatten()) {
            *point = at(point.x + by.x, point.y + by.y);
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "M{}", self.start)?;
        let mut from = self.start;
        for &[first, second, end] in &self.pieces {
            match first == from && second == end {
                true => write!(f, "L{end}")?,
                false => write!(f, "C{first} {second} {end}")?,
            }
            from = end;
        }
        Ok(())
    }
}
