//! Columns of float64 as kernels read them: borrowed values and a validity bitmap.

/// Which rows are present: bit `offset + i`, least significant bit first.
#[derive(Clone, Copy, Debug)]
pub struct Bitmap<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Bitmap<'a> {
    /// A bitmap over `bytes` whose first row is bit `offset`.
    #[must_use]
    pub fn new(bytes: &'a [u8], offset: usize) -> Self {
        Self { bytes, offset }
    }

    /// Whether row `row` is present.
    #[must_use]
    pub fn get(&self, row: usize) -> bool {
        let bit = self.offset + row;
        self.bytes[bit / 8] >> (bit % 8) & 1 == 1
    }

    /// The first of `rows` rows that is not present.
    #[must_use]
    pub fn first_absent(&self, rows: usize) -> Option<usize> {
        let mut row = 0;
        while row < rows {
            let bit = self.offset + row;
            let whole = bit.is_multiple_of(8) && rows - row >= 64;
            if whole && self.bytes[bit / 8..][..8].iter().all(|&byte| byte == u8::MAX) {
                row += 64;
            } else if self.get(row) {
                row += 1;
            } else {
                return Some(row);
            }
        }
        None
    }

    /// The rows from `from` up to, not including, `to`, at most 64 of them: the first in the lowest bit.
    #[inline]
    #[must_use]
    pub fn word(&self, from: usize, to: usize) -> u64 {
        let rows = to - from;
        if rows == 0 {
            return 0;
        }
        let bit = self.offset + from;
        let (first, shift) = (bit / 8, bit % 8);
        let bytes = &self.bytes[first..(bit + rows).div_ceil(8)];
        let mut low = [0; 8];
        match bytes.first_chunk() {
            Some(eight) => low = *eight,
            None => low[..bytes.len()].copy_from_slice(bytes),
        }
        let ninth = bytes.get(8).map_or(0, |byte| u128::from(*byte) << 64);
        let word = ((u128::from(u64::from_le_bytes(low)) | ninth) >> shift) as u64;
        word & (u64::MAX >> (64 - rows))
    }

    /// The same bitmap from row `rows` on.
    #[must_use]
    pub fn skip(self, rows: usize) -> Self {
        Self { offset: self.offset + rows, ..self }
    }
}

/// Consecutive rows of one float64 column. NaN means missing, as a zero bit does.
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'a> {
    /// One value per row; anything where the bitmap says missing.
    pub values: &'a [f64],
    /// Present rows; `None` where all are.
    pub validity: Option<Bitmap<'a>>,
}

impl<'a> Chunk<'a> {
    /// A chunk without missing rows, other than NaN.
    #[must_use]
    pub fn dense(values: &'a [f64]) -> Self {
        Self { values, validity: None }
    }

    /// The value of a row, NaN where it is missing.
    #[must_use]
    pub fn get(&self, row: usize) -> f64 {
        match self.validity {
            Some(bitmap) if !bitmap.get(row) => f64::NAN,
            _ => self.values[row],
        }
    }

    /// The rows from `from` up to, not including, `to`.
    #[must_use]
    pub fn slice(self, from: usize, to: usize) -> Self {
        Self { values: &self.values[from..to], validity: self.validity.map(|bitmap| bitmap.skip(from)) }
    }
}
