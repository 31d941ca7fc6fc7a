//! Places boxes in columns, so that most edges lead to the next column and few cross.
//!
//! # Implementation
//!
//! Column 0 is where the edges lead; distances are measured from its far end. The method is that of
//! Sugiyama, Tagawa and Toda ("Methods for visual understanding of hierarchical system structures",
//! 1981): an edge over several columns gets a place in each between, the order in a column is that
//! of the mean place of the neighbours, and the places are moved towards that mean. The last is a
//! least-squares fit with minimum distances, by pooling adjacent violators.

/// A box to be placed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item {
    /// Its column.
    pub(crate) column: usize,
    /// Its width.
    pub(crate) width: f64,
    /// Its height, with the space around it.
    pub(crate) height: f64,
}

/// An edge between two boxes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    /// The box where it begins.
    pub(crate) from: usize,
    /// The box where it ends.
    pub(crate) to: usize,
    /// The space between columns that it needs.
    pub(crate) reach: f64,
}

/// A bend of an edge in a column: from one distance to another, at a height.
pub(crate) type Bend = (f64, f64, f64);

/// Where the boxes are.
#[derive(Debug, Default)]
pub(crate) struct Placement {
    /// The distance and height of the centre of each box.
    pub(crate) centres: Vec<(f64, f64)>,
    /// The bends of each edge, in its direction.
    pub(crate) bends: Vec<Vec<Bend>>,
    /// The distance at which the last column ends.
    pub(crate) depth: f64,
    /// The smallest height.
    pub(crate) top: f64,
    /// The largest height.
    pub(crate) bottom: f64,
}

/// The least space between two columns.
const GAP: f64 = 40.0;
/// The height of an edge that passes through a column.
const LANE: f64 = 18.0;
/// How often the order and the places are improved.
const SWEEPS: usize = 4;
const FITS: usize = 8;

/// The side of a column.
#[derive(Clone, Copy)]
enum Towards {
    /// That of column 0.
    Inner,
    /// The other.
    Outer,
}

#[derive(Default)]
struct Grid {
    heights: Vec<f64>,
    column_of: Vec<usize>,
    columns: Vec<Vec<usize>>,
    /// The neighbours of each box in the next column inwards, and in that outwards.
    inner: Vec<Vec<usize>>,
    outer: Vec<Vec<usize>>,
    places: Vec<f64>,
}

/// Places the boxes.
pub(crate) fn place(items: &[Item], links: &[Link]) -> Placement {
    let count = items.iter().map(|item| item.column + 1).max().unwrap_or(0);
    let mut grid = Grid {
        heights: items.iter().map(|item| item.height).collect(),
        column_of: items.iter().map(|item| item.column).collect(),
        columns: vec![Vec::new(); count],
        inner: vec![Vec::new(); items.len()],
        outer: vec![Vec::new(); items.len()],
        ..Grid::default()
    };
    let mut lanes = Vec::with_capacity(links.len());
    let mut gaps = vec![GAP; count];
    for link in links {
        let (from, to) = (items[link.from].column, items[link.to].column);
        if from != to {
            // The label stands beside the beginning.
            let gap = if from > to { from - 1 } else { from };
            gaps[gap] = link.reach.max(gaps[gap]);
        }
        let mut between: Vec<usize> = (from.min(to) + 1..from.max(to)).collect();
        if from > to {
            between.reverse();
        }
        let mut last = link.from;
        let mut own = Vec::new();
        for column in between {
            let lane = grid.heights.len();
            grid.heights.push(LANE);
            grid.column_of.push(column);
            grid.inner.push(Vec::new());
            grid.outer.push(Vec::new());
            grid.join(last, lane);
            own.push(lane);
            last = lane;
        }
        if from != to {
            grid.join(last, link.to);
        }
        lanes.push(own);
    }
    grid.order();
    grid.fit();
    let mut starts = vec![0.0];
    let mut widths = vec![0.0f64; count];
    for item in items {
        widths[item.column] = item.width.max(widths[item.column]);
    }
    for column in 0..count {
        starts.push(starts[column] + widths[column] + gaps[column]);
    }
    let end = |column: usize| starts[column] + widths[column];
    let bends = links.iter().zip(lanes).map(|(link, lanes)| {
        let is_inward = items[link.from].column > items[link.to].column;
        let bend = |lane: usize| {
            let (near, far) = (starts[grid.column_of[lane]], end(grid.column_of[lane]));
            match is_inward {
                true => (far, near, grid.places[lane]),
                false => (near, far, grid.places[lane]),
            }
        };
        lanes.into_iter().map(bend).collect()
    });
    let bends = bends.collect();
    let grid = &grid;
    let edge = |sign: f64| {
        let place = move |at: usize| grid.places[at] + sign * grid.heights[at] / 2.0;
        (0..grid.places.len()).map(place)
    };
    Placement {
        centres: items
            .iter()
            .enumerate()
            .map(|(at, item)| {
                (
                    starts[item.column] + widths[item.column] / 2.0,
                    grid.places[at],
                )
            })
            .collect(),
        bends,
        depth: count.checked_sub(1).map_or(0.0, end),
        top: edge(-1.0).fold(f64::INFINITY, f64::min),
        bottom: edge(1.0).fold(f64::NEG_INFINITY, f64::max),
    }
}

impl Grid {
    fn join(&mut self, one: usize, other: usize) {
        let is_inward = self.column_of[one] > self.column_of[other];
        let (far, near) = if is_inward {
            (one, other)
        } else {
            (other, one)
        };
        self.inner[far].push(near);
        self.outer[near].push(far);
    }

    /// Puts the boxes into their columns, in an order in which few edges cross.
    fn order(&mut self) {
        let mut is_seen = vec![false; self.column_of.len()];
        let mut roots: Vec<usize> = (0..self.column_of.len()).collect();
        roots.sort_by_key(|&root| self.column_of[root]);
        for root in roots {
            let mut open = vec![root];
            while let Some(node) = open.pop() {
                if std::mem::replace(&mut is_seen[node], true) {
                    continue;
                }
                self.columns[self.column_of[node]].push(node);
                open.extend(self.outer[node].iter().rev());
            }
        }
        self.places = vec![0.0; self.column_of.len()];
        self.sweep(SWEEPS, |grid, column, towards| {
            if let Some(towards) = towards {
                column.sort_by(|&a, &b| {
                    let means = grid.mean(a, towards).total_cmp(&grid.mean(b, towards));
                    means.then(grid.places[a].total_cmp(&grid.places[b]))
                });
            }
            let total: f64 = column.iter().map(|&node| grid.heights[node]).sum();
            let mut y = -total / 2.0;
            for &node in column.iter() {
                grid.places[node] = y + grid.heights[node] / 2.0;
                y += grid.heights[node];
            }
        });
    }

    /// Goes through the columns outwards and inwards in turn, with the side from which it comes:
    /// `None` at first. Inwards last, so a box stands at the middle of those that lead to it.
    fn sweep(
        &mut self,
        times: usize,
        mut change: impl FnMut(&mut Self, &mut Vec<usize>, Option<Towards>),
    ) {
        for time in 0..2 * times {
            for at in 0..self.columns.len() {
                let (at, towards) = match time % 2 {
                    0 => (at, Towards::Inner),
                    _ => (self.columns.len() - 1 - at, Towards::Outer),
                };
                let mut column = std::mem::take(&mut self.columns[at]);
                change(self, &mut column, (time > 0).then_some(towards));
                self.columns[at] = column;
            }
        }
    }

    /// The mean place of the neighbours on one side.
    fn mean(&self, node: usize, towards: Towards) -> f64 {
        let neighbours = match towards {
            Towards::Inner => &self.inner[node],
            Towards::Outer => &self.outer[node],
        };
        if neighbours.is_empty() {
            return self.places[node];
        }
        let sum: f64 = neighbours.iter().map(|&it| self.places[it]).sum();
        sum / neighbours.len() as f64
    }

    /// Moves the boxes of each column towards their neighbours, in their order.
    fn fit(&mut self) {
        self.sweep(FITS, |grid, column, towards| {
            grid.fit_column(column, towards.unwrap_or(Towards::Inner));
        });
    }

    fn fit_column(&mut self, column: &[usize], towards: Towards) {
        // Where each would be without its predecessors' heights; pools have one such place.
        let mut pools: Vec<(f64, usize)> = Vec::new();
        let mut offsets = Vec::with_capacity(column.len());
        let mut offset = 0.0;
        for &node in column {
            let half = self.heights[node] / 2.0;
            offsets.push(offset + half);
            let mut pool = (self.mean(node, towards) - offset - half, 1);
            offset += 2.0 * half;
            while let Some(&(before, count)) = pools.last()
                && before >= pool.0
            {
                let sum = before * count as f64 + pool.0 * pool.1 as f64;
                pool = (sum / (count + pool.1) as f64, count + pool.1);
                pools.pop();
            }
            pools.push(pool);
        }
        let places = pools
            .iter()
            .flat_map(|&(place, count)| std::iter::repeat_n(place, count));
        for ((&node, place), offset) in column.iter().zip(places).zip(offsets) {
            self.places[node] = place + offset;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Placement {
        let item = |column| Item {
            column,
            width: 100.0,
            height: 50.0,
        };
        let items = [item(0), item(1), item(1), item(2), item(2), item(2)];
        let link = |from, to| Link {
            from,
            to,
            reach: 60.0,
        };
        let links = [link(1, 0), link(2, 0), link(3, 1), link(4, 1), link(5, 0)];
        place(&items, &links)
    }

    #[test]
    fn boxes_of_a_column_are_a_height_apart() {
        let centres = tree().centres;
        for column in [&centres[1..3], &centres[3..6]] {
            for (at, one) in column.iter().enumerate() {
                for other in &column[at + 1..] {
                    assert!((one.1 - other.1).abs() >= 50.0 - 1e-6, "{centres:?}");
                }
            }
        }
    }

    #[test]
    fn a_parent_stands_at_the_middle_of_its_children() {
        let Placement { centres, bends, .. } = tree();
        assert!((centres[1].1 - (centres[3].1 + centres[4].1) / 2.0).abs() < 1.0);
        assert_eq!((bends[4].len(), bends[0].len()), (1, 0));
        // Two columns and two gaps from the far end of the first.
        assert_eq!(centres[5].0, 100.0 + 60.0 + 100.0 + 60.0 + 50.0);
    }
}
