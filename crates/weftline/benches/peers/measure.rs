//! Rounds, ratios, and how they are reported.
//!
//! Every contestant of a row runs once in every round, in an order that is shuffled anew each
//! round. A ratio is formed within a round, from figures taken a fraction of a second apart. The
//! report shows the median of the rounds' ratios, with their quartiles. So other load on the
//! machine changes the figures, but not the ratios.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// The options of the command line.
pub(crate) struct Options {
    quick: bool,
    json: Option<String>,
    only: Option<String>,
}

impl Options {
    /// Reads the arguments, and ignores those that cargo adds (`--bench`).
    pub(crate) fn from_arguments() -> Self {
        let mut options = Self {
            quick: false,
            json: None,
            only: None,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--bench" => {}
                "--quick" => options.quick = true,
                "--json" => options.json = Some(arguments.next().expect("--json needs a file")),
                "--only" => options.only = Some(arguments.next().expect("--only needs a text")),
                other => panic!("unknown argument {other}: --quick, --json FILE, --only TEXT"),
            }
        }
        options
    }
}

/// One figure of a run: lower is better unless it counts operations.
#[derive(Clone, Copy)]
pub(crate) struct Metric {
    /// The quantity.
    pub(crate) name: &'static str,
    /// Its unit.
    pub(crate) unit: &'static str,
    /// Whether more is better.
    pub(crate) more_is_better: bool,
}

/// Time for one operation.
pub(crate) const NANOS: Metric = Metric {
    name: "",
    unit: "ns",
    more_is_better: false,
};

/// One library's implementation of a row.
pub(crate) struct Contestant {
    name: &'static str,
    run: Box<dyn FnMut(usize) -> Vec<f64>>,
}

impl Contestant {
    /// `run` does the given number of operations and returns a figure for each of the row's
    /// metrics.
    pub(crate) fn new(name: &'static str, run: impl FnMut(usize) -> Vec<f64> + 'static) -> Self {
        Self {
            name,
            run: Box::new(run),
        }
    }

    /// `run` does the given number of operations; the figure is the time for one of them.
    pub(crate) fn timed(name: &'static str, mut run: impl FnMut(usize) + 'static) -> Self {
        Self::new(name, move |operations| {
            let start = Instant::now();
            run(operations);
            vec![per_operation(start.elapsed(), operations)]
        })
    }
}

/// Nanoseconds for one of `operations`.
pub(crate) fn per_operation(all: Duration, operations: usize) -> f64 {
    all.as_nanos() as f64 / operations as f64
}

/// All measured rows.
pub(crate) struct Report {
    options: Options,
    json: Vec<String>,
    shuffle: u64,
}

impl Report {
    pub(crate) fn new(options: Options) -> Self {
        println!(
            "weftline's figure, and each peer's with the ratio to it, in which more than 1 says that weftline is better; [quartiles]\n"
        );
        Self {
            options,
            json: Vec::new(),
            shuffle: 0x9E37_79B9_7F4A_7C15,
        }
    }

    /// Whether `--only` selects this row.
    pub(crate) fn wants(&self, row: &str) -> bool {
        self.options
            .only
            .as_ref()
            .is_none_or(|only| row.contains(only.as_str()))
    }

    /// Measures contestants in alternation. The first is weftline's.
    pub(crate) fn row(
        &mut self,
        name: &str,
        operations: usize,
        metrics: &[Metric],
        mut contestants: Vec<Contestant>,
    ) {
        if !self.wants(name) {
            return;
        }
        let (rounds, operations) = if self.options.quick {
            (5, (operations / 5).max(1))
        } else {
            (21, operations)
        };
        let mut figures = vec![Vec::with_capacity(rounds); contestants.len()];
        for contestant in &mut contestants {
            (contestant.run)((operations / 10).max(1));
        }
        for _ in 0..rounds {
            for index in self.shuffled(contestants.len()) {
                figures[index].push((contestants[index].run)(operations));
            }
        }
        for (which, metric) in metrics.iter().enumerate() {
            let of = |index: usize| -> Vec<f64> {
                figures[index].iter().map(|round| round[which]).collect()
            };
            self.print(name, metric, &contestants, &of);
        }
    }

    fn print(
        &mut self,
        row: &str,
        metric: &Metric,
        contestants: &[Contestant],
        of: &dyn Fn(usize) -> Vec<f64>,
    ) {
        let title = format!("{row} {}", metric.name);
        let ours = of(0);
        print!(
            "{:<46} {:>12}",
            title.trim_end(),
            shown(median(&ours), metric.unit)
        );
        let mut json = format!(
            "{{\"row\": {:?}, \"unit\": {:?}, \"weftline\": {:?}",
            title.trim_end(),
            metric.unit,
            ours
        );
        for (index, peer) in contestants.iter().enumerate().skip(1) {
            let theirs = of(index);
            let ratios: Vec<f64> = ours
                .iter()
                .zip(&theirs)
                .map(|(ours, theirs)| {
                    if metric.more_is_better {
                        ours / theirs
                    } else {
                        theirs / ours
                    }
                })
                .collect();
            print!(
                "  | {} {} {:.2} [{:.2}..{:.2}]",
                peer.name,
                shown(median(&theirs), metric.unit),
                median(&ratios),
                quantile(&ratios, 0.25),
                quantile(&ratios, 0.75),
            );
            let _ = write!(json, ", {:?}: {:?}", peer.name, theirs);
        }
        println!();
        json.push('}');
        self.json.push(json);
    }

    /// Notes a figure that has no peers.
    #[allow(dead_code, reason = "each program has its own rows")]
    pub(crate) fn note(&mut self, row: &str, figure: f64, unit: &'static str) {
        println!("{row:<46} {:>12}", shown(figure, unit));
        self.json.push(format!(
            "{{\"row\": {row:?}, \"unit\": {unit:?}, \"weftline\": [{figure:?}]}}"
        ));
    }

    /// Writes the file of `--json`.
    pub(crate) fn finish(self) {
        if let Some(file) = self.options.json {
            let all = format!("[\n{}\n]\n", self.json.join(",\n"));
            std::fs::write(&file, all)
                .unwrap_or_else(|error| panic!("cannot write {file}: {error}"));
        }
    }

    fn shuffled(&mut self, len: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..len).collect();
        for last in (1..len).rev() {
            // xorshift: any order that does not repeat will do.
            self.shuffle ^= self.shuffle << 13;
            self.shuffle ^= self.shuffle >> 7;
            self.shuffle ^= self.shuffle << 17;
            order.swap(last, (self.shuffle % (last as u64 + 1)) as usize);
        }
        order
    }
}

fn shown(figure: f64, unit: &str) -> String {
    match unit {
        "ns" if figure >= 1e6 => format!("{:.2} ms", figure / 1e6),
        "ns" if figure >= 1e3 => format!("{:.2} µs", figure / 1e3),
        "M/s" => format!("{figure:.1} M/s"),
        _ => format!("{figure:.1} {unit}"),
    }
}

fn median(figures: &[f64]) -> f64 {
    quantile(figures, 0.5)
}

fn quantile(figures: &[f64], at: f64) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((sorted.len() - 1) as f64 * at).round() as usize]
}
