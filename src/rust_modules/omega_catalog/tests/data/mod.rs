//! A market that never was: columns as the table schemas have them, the same for the same seed.

use omega_contract::spec::{FunctionSpec, Input, Unit};
use omega_contract::tables;

/// Random numbers that are the same in every run (SplitMix64).
pub struct Random(pub u64);

impl Random {
    pub fn integer(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 up to, not including, 1.
    pub fn uniform(&mut self) -> f64 {
        (self.integer() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.integer() % limit as u64) as usize
    }

    /// Roughly normal.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// Columns as a spec asks for them; one row in so many begins a stretch in which no price moves.
pub fn columns(spec: &FunctionSpec, seed: u64, rows: usize, still_one_in: usize) -> Vec<Vec<f64>> {
    let mut market = Market::new(seed, still_one_in);
    let kinds: Vec<Kind> = spec.inputs.iter().map(|input| Kind::of(spec, input)).collect();
    let mut columns = vec![Vec::with_capacity(rows); kinds.len()];
    for _ in 0..rows {
        market.step();
        for (column, kind) in columns.iter_mut().zip(&kinds) {
            column.push(market.value(*kind));
        }
    }
    columns
}

/// What an input is counted in: as its table says, or as the first numbers of its table where it is no column of it but
/// another series like them.
pub fn unit_of(spec: &FunctionSpec, input: &Input) -> Unit {
    let Ok(table) = tables::get(&spec.table) else { return Unit::Number };
    if input.is_count() {
        return Unit::Rows;
    }
    if input.is_time() {
        return Unit::Number;
    }
    let numbers = || table.fields.iter().filter(|field| field.type_name == "float64");
    let field = numbers().find(|field| field.name == input.name).or_else(|| numbers().next());
    field.map_or(Unit::Number, |field| Unit::of_field(field.unit))
}

/// The number of a row that a column holds.
#[derive(Clone, Copy)]
enum Kind {
    Open,
    High,
    Low,
    Price,
    Bid,
    Ask,
    Volume,
    Return,
    /// Returns of something else, which moves with the market now and then.
    OtherReturn,
    /// Microseconds since 1970.
    Time,
    /// A number of rows, not always a whole one, and some of them more or fewer than any function takes.
    Count,
    Number,
}

impl Kind {
    fn of(spec: &FunctionSpec, input: &Input) -> Self {
        let fields = tables::get(&spec.table).map_or(&[][..], |table| table.fields);
        let listed = fields.iter().any(|field| field.name == input.name);
        match (unit_of(spec, input), input.name.as_str()) {
            _ if input.is_time() => Self::Time,
            (Unit::Rows, _) => Self::Count,
            (Unit::Price, "open") => Self::Open,
            (Unit::Price, "high") => Self::High,
            (Unit::Price, "low") => Self::Low,
            (Unit::Price, "bid") => Self::Bid,
            (Unit::Price, "ask") => Self::Ask,
            (Unit::Price, _) => Self::Price,
            (Unit::Volume, _) => Self::Volume,
            (Unit::Return, _) if listed => Self::Return,
            (Unit::Return, _) => Self::OtherReturn,
            _ => Self::Number,
        }
    }
}

/// Some hours before 1970, so that times before and after it are met.
const FIRST_TIME: f64 = -1e11;

/// A random walk, now and then without any movement for a while.
struct Market {
    random: Random,
    /// One row in so many begins a stretch without movement.
    still_one_in: usize,
    still: usize,
    open: f64,
    high: f64,
    low: f64,
    close: f64,
    change: f64,
    time: f64,
}

impl Market {
    fn new(seed: u64, still_one_in: usize) -> Self {
        let price = 100.0;
        let (open, high, low, close) = (price, price, price, price);
        Self {
            random: Random(seed),
            still_one_in,
            still: 0,
            open,
            high,
            low,
            close,
            change: 0.0,
            time: FIRST_TIME,
        }
    }

    fn step(&mut self) {
        let random = &mut self.random;
        if self.still == 0 && random.below(self.still_one_in) == 0 {
            self.still = random.below(60);
        }
        // Minutes, or a night or a weekend, that have no whole number of seconds.
        let pause = if random.below(100) == 0 { 1e11 } else { 6e8 };
        self.time += (pause * random.uniform()).round();
        let moves = if self.still > 0 { 0.0 } else { 1.0 };
        self.still = self.still.saturating_sub(1);
        self.change = moves * 0.01 * random.normal();
        let previous = self.close;
        self.open = previous * (1.0 + moves * 0.002 * random.normal());
        self.close = previous * (1.0 + self.change);
        let (top, bottom) = (self.open.max(self.close), self.open.min(self.close));
        self.high = top * (1.0 + moves * 0.005 * random.uniform());
        self.low = bottom * (1.0 - moves * 0.005 * random.uniform());
    }

    fn value(&mut self, kind: Kind) -> f64 {
        match kind {
            Kind::Open => self.open,
            Kind::High => self.high,
            Kind::Low => self.low,
            Kind::Price => self.close,
            Kind::Bid => self.close * 0.9995,
            Kind::Ask => self.close * 1.0005,
            Kind::Volume => (1e6 * self.random.uniform()).round(),
            Kind::Return | Kind::Number => self.change,
            Kind::Time => self.time,
            Kind::Count => 47.0 * self.random.uniform() - 2.0,
            Kind::OtherReturn => 0.6 * self.change + 0.005 * self.random.normal(),
        }
    }
}
