//! A counter that some threads raise and others lower.

use weftline::{Lock, scope};

#[derive(Default)]
struct Visitors {
    inside: Lock<i64>,
}

impl Visitors {
    fn enter(&self, how_many: i64) {
        *self.inside.lock() += how_many;
    }

    fn leave(&self, how_many: i64) {
        *self.inside.lock() -= how_many;
    }
}

fn main() {
    let visitors = Visitors::default();
    scope(|s| {
        for _ in 0..3 {
            s.spawn(|| (0..4000).for_each(|_| visitors.enter(2)));
            s.spawn(|| (0..4000).for_each(|_| visitors.leave(1)));
        }
    });
    println!("inside: {}", visitors.inside.into_inner());
}
