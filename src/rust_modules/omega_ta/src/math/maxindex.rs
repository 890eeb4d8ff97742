//! Index of the highest close: where in the series the highest of the last rows is.

use omega_contract::Result;
use omega_contract::bounds::LARGEST_INPUT;
use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Kind, Memory, Unit};
use omega_contract::tables::bars;
use omega_kernel::Rowwise;
use omega_kernel::parts::{Window, WindowState};
use omega_kernel::payload::State;
use serde::{Deserialize, Serialize};

/// Row numbers below this are told apart by floats.
const LARGEST_INDEX: u64 = 1 << 53;

/// Index of the highest close.
#[derive(Clone, Copy)]
pub struct Maxindex {
    period: usize,
    closes: Window,
}

/// What [`Maxindex`] remembers.
#[derive(Default, Serialize, Deserialize)]
pub struct MaxindexState {
    closes: WindowState,
    rows: u64,
    /// The highest close of the window and its row, once the window is full: which of equals it is, is of earlier rows.
    highest: Option<(f64, u64)>,
}

impl State for MaxindexState {
    fn copy(&self) -> Result<Self> {
        Ok(Self { closes: self.closes.copy()?, ..*self })
    }
}

impl Rowwise<1, 1> for Maxindex {
    type State = MaxindexState;

    /// Rows are counted from the first, and a missing row leaves their number unknown.
    const MEMORY: Memory = Memory::Cumulative;

    fn spec() -> FunctionSpec {
        FunctionSpec::new(
            "ta.maxindex",
            Kind::Rowwise,
            "bars",
            "Index of the highest close (MAXINDEX): the row of the highest of the last closes.",
        )
        .describe(
            "Rows are counted from 0, the first row of the series or of the group, over all calls of a stream. A row \
             that is skipped for a missing close is not counted. As in TA-Lib, a close that equals the highest takes its \
             place, and where the highest has left the window, the oldest of the highest closes in it follows. The count \
             never forgets: with nulls=\"propagate\" all is missing after a missing close.",
        )
        .reference(
            "Chande, A Time Price Oscillator, Technical Analysis of Stocks & Commodities, September 1995, whose Aroon \
             counts the rows since the highest one",
        )
        .reference("TA-Lib MAXINDEX")
        .series(bars::CLOSE)
        .rows("period", 30, 2, "Length of the window.")
        .output("maxindex", Unit::RowIndex, "Row of the highest of the last `period` closes.")
        .whole()
        .warm_up("The first `period - 1` rows have no value.")
    }

    fn new(params: &Params) -> Self {
        let period = params.rows("period");
        Self { period, closes: Window::new(period) }
    }

    fn warm_up(&self) -> usize {
        self.period - 1
    }

    fn start(&self) -> MaxindexState {
        MaxindexState::default()
    }

    #[inline]
    fn reserve(&self, state: &mut MaxindexState, rows: usize) -> Result<()> {
        self.closes.reserve(&mut state.closes, rows)
    }

    #[inline]
    fn update(&self, state: &mut MaxindexState, [close]: [f64; 1]) -> Option<[f64; 1]> {
        state.highest = self.highest(state, close);
        self.closes.push(&mut state.closes, close);
        state.rows += 1;
        state.highest.map(|(_, row)| [row as f64])
    }

    fn peek(&self, state: &MaxindexState, [close]: [f64; 1]) -> Result<Option<[f64; 1]>> {
        Ok(self.highest(state, close).map(|(_, row)| [row as f64]))
    }

    /// Windows that lie whole in the batch are looked at where they lie, and not through the ring.
    fn batch(&self, state: &mut MaxindexState, [closes]: [&[f64]; 1], [maxindex]: [&mut [f64]; 1]) {
        let reaching_back = closes.len().min(self.period);
        for (close, maxindex) in closes[..reaching_back].iter().zip(maxindex.iter_mut()) {
            *maxindex = self.update(state, [*close]).map_or(f64::NAN, |[row]| row);
        }
        let Some((mut highest, row)) = state.highest.filter(|_| closes.len() > self.period) else { return };
        let before = state.rows - self.period as u64;
        let mut place = (row - before) as usize;
        let mut next = Successors::default();
        for (last, (close, maxindex)) in closes.iter().zip(maxindex).enumerate().skip(self.period) {
            next.see(*close, last);
            let first = last + 1 - self.period;
            if place < first {
                place = next.follow(closes).unwrap_or_else(|| next.search(closes, first, last));
                highest = closes[place];
            } else if *close >= highest {
                (highest, place) = (*close, last);
                next.known = 0;
            }
            *maxindex = (before + place as u64) as i64 as f64;
        }
        state.highest = Some((highest, before + place as u64));
        state.rows = before + closes.len() as u64;
        self.closes.extend(&mut state.closes, closes);
    }

    fn is_sound(&self, state: &MaxindexState) -> bool {
        let MaxindexState { closes, rows, highest } = state;
        let held = closes.values().len() as u64;
        let is_highest = |&(value, row): &(f64, u64)| {
            let place = row.checked_sub(rows - held).and_then(|place| usize::try_from(place).ok());
            place.and_then(|place| closes.in_order().nth(place)) == Some(value)
                && closes.in_order().all(|close| close <= value)
        };
        self.closes.is_sound(closes, LARGEST_INPUT)
            && held == (*rows).min(self.period as u64)
            && *rows < LARGEST_INDEX
            && highest.is_some() == self.closes.is_full(closes)
            && highest.as_ref().is_none_or(is_highest)
    }
}

impl Maxindex {
    /// The highest of the last rows and this one, and its row.
    #[inline]
    fn highest(&self, state: &MaxindexState, close: f64) -> Option<(f64, u64)> {
        let row = state.rows;
        let first = (row + 1).checked_sub(self.period as u64)?;
        match state.highest {
            Some((highest, at)) if at >= first => {
                Some(if close >= highest { (close, row) } else { (highest, at) })
            }
            _ => {
                let (early, late) = state.closes.parts();
                let gone = usize::from(self.closes.is_full(&state.closes));
                let (early, late) =
                    if early.is_empty() { (&late[gone..], early) } else { (&early[gone..], late) };
                let mut best = (close, self.period - 1);
                for (before, part) in [(early.len(), late), (0, early)] {
                    if !part.is_empty() {
                        let (highest, place) = first_highest(part);
                        best = if highest >= best.0 { (highest, before + place) } else { best };
                    }
                }
                Some((best.0, first + best.1 as u64))
            }
        }
    }
}

/// How many rows are remembered that will be the highest in their turn.
const MOST_SUCCESSORS: usize = 64;

/// The rows that are the highest of a batch once the highest has left the window: so falling prices, of which every row is
/// the highest in its turn, are searched once in many rows.
struct Successors {
    /// Of the rows that were searched, the highest of those after the one before it; the last is the next.
    places: [usize; MOST_SUCCESSORS],
    known: usize,
    /// The highest of the rows since then.
    since: (f64, usize),
}

impl Default for Successors {
    fn default() -> Self {
        Self { places: [0; MOST_SUCCESSORS], known: 0, since: (f64::NEG_INFINITY, 0) }
    }
}

impl Successors {
    /// Takes note of a row after those that were searched.
    #[inline]
    fn see(&mut self, close: f64, place: usize) {
        if close > self.since.0 {
            self.since = (close, place);
        }
    }

    /// The next highest, the oldest of equals; `None` where the window has to be searched.
    #[inline]
    fn follow(&mut self, closes: &[f64]) -> Option<usize> {
        self.known = self.known.checked_sub(1)?;
        let place = self.places[self.known];
        if closes[place] >= self.since.0 {
            return Some(place);
        }
        self.known = 0;
        Some(self.since.1)
    }

    /// The first of the highest closes from one row to another, found from behind.
    fn search(&mut self, closes: &[f64], first: usize, last: usize) -> usize {
        let (mut highest, mut found) = (f64::NEG_INFINITY, 0);
        for (place, close) in closes[first..=last].iter().enumerate().rev() {
            if *close >= highest {
                self.places[found % MOST_SUCCESSORS] = first + place;
                (highest, found) = (*close, found + 1);
            }
        }
        if found > MOST_SUCCESSORS {
            self.places.rotate_left(found % MOST_SUCCESSORS);
        }
        self.known = found.min(MOST_SUCCESSORS) - 1;
        self.since = (f64::NEG_INFINITY, 0);
        self.places[self.known]
    }
}

/// Values compared side by side.
const LANES: usize = 8;

/// The highest value, and the first place that has it.
#[inline]
fn first_highest(values: &[f64]) -> (f64, usize) {
    let higher = |one: f64, other: f64| if other > one { other } else { one };
    let strides = values.chunks_exact(LANES);
    let rest = strides.remainder();
    let mut lanes = [f64::NEG_INFINITY; LANES];
    for stride in strides {
        (0..LANES).for_each(|lane| lanes[lane] = higher(lanes[lane], stride[lane]));
    }
    for (lane, value) in lanes.iter_mut().zip(rest) {
        *lane = higher(*lane, *value);
    }
    // In halves, so that one comparison does not wait for the seven before it.
    let [a, b, c, d, e, f, g, h] = lanes;
    let highest = higher(higher(higher(a, e), higher(b, f)), higher(higher(c, g), higher(d, h)));
    (highest, values.iter().position(|value| *value == highest).unwrap_or_default())
}
