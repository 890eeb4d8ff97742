//! Whatever numeric type a producer has, as float64: borrowed where it is, copied and counted where it is not.

use super::column::{Bitmap, Chunk};
use super::read::Field;
use omega_contract::{Error, Result, memory};

/// Consecutive rows of a float64 column, somewhere that its owner keeps alive.
///
/// Row `i` is `base[offset + i]`, and its presence bit `offset + i` of `validity`, as the C data interface has it.
#[derive(Clone, Copy, Debug)]
pub struct RawChunk {
    /// The values buffer, 8-byte aligned; dangling where there are no rows.
    pub base: *const f64,
    /// The validity bitmap; NULL where all rows are present.
    pub validity: *const u8,
    /// Rows to leave out at the front.
    pub offset: usize,
    /// Rows that follow.
    pub rows: usize,
}

/// A column that could not be borrowed: which, why, and how much was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The column.
    pub name: String,
    /// Why: its type, or how it lies in memory.
    pub reason: String,
    /// The size of the copy.
    pub bytes: usize,
}

/// Owns the copies that types force, and counts them.
#[derive(Default)]
pub struct Copies {
    owned: Vec<Vec<f64>>,
    /// Every copy made, in order.
    pub made: Vec<Copied>,
    /// Whether a copy is refused instead.
    pub strict: bool,
}

impl Copies {
    /// Copies that are refused if `strict`.
    #[must_use]
    pub fn new(strict: bool) -> Self {
        Self { strict, ..Self::default() }
    }

    /// Says that a copy is about to be made.
    ///
    /// # Errors
    /// `ZERO_COPY_REFUSED` where copies are.
    pub fn allow(&self, name: &str, reason: &str) -> Result<()> {
        if self.strict {
            return Err(Error::zero_copy_refused(name, reason, "float64, contiguous and 8-byte aligned"));
        }
        Ok(())
    }

    /// Keeps a copy for as long as `self` lives.
    pub fn keep(&mut self, name: &str, reason: &str, values: Vec<f64>) -> RawChunk {
        self.made.push(Copied {
            name: name.into(),
            reason: reason.into(),
            bytes: values.len() * size_of::<f64>(),
        });
        let chunk =
            RawChunk { base: values.as_ptr(), validity: std::ptr::null(), offset: 0, rows: values.len() };
        self.owned.push(values);
        chunk
    }

    /// The column as float64.
    ///
    /// # Errors
    /// `UNSUPPORTED_TYPE`, `ZERO_COPY_REFUSED` or `MALFORMED_ARROW`, naming the column.
    ///
    /// # Safety
    /// The array must be as the Arrow C data interface asks, and outlive the chunk.
    pub unsafe fn float64(&mut self, field: &Field<'_>, name: &str) -> Result<RawChunk> {
        // SAFETY: as the caller vouches.
        let validity = unsafe { field.validity() };
        if field.format == "g" && field.extension.is_none() && !field.array.dictionary_present() {
            // SAFETY: as the caller vouches.
            let values = unsafe { field.values(size_of::<f64>())? };
            if field.parent_validity.is_none() && values.cast::<f64>().is_aligned() {
                return Ok(RawChunk {
                    base: values.wrapping_sub(field.offset * size_of::<f64>()).cast(),
                    // SAFETY: as the caller vouches.
                    validity: if validity.is_some() { unsafe { field.buffer(0) } } else { std::ptr::null() },
                    offset: field.offset,
                    rows: field.rows,
                });
            }
        }
        let reason = copy_reason(field);
        let Some(read) = reader(field)? else {
            let allowed = "a number (float, integer or decimal)";
            return Err(Error::unsupported_type(name, allowed, field.type_name()));
        };
        self.allow(name, &reason)?;
        let start = if field.format == "n" {
            std::ptr::null()
        } else {
            // SAFETY: as the caller vouches.
            unsafe { field.values(read.width)? }
        };
        let present = |row: usize| {
            validity.is_none_or(|bits| bits.get(row))
                && field.parent_validity.is_none_or(|bits| bits.get(row))
        };
        let value = |row: usize| {
            if !present(row) {
                return f64::NAN;
            }
            // SAFETY: the buffer covers `rows` values of `width` bytes from `start`.
            unsafe { (read.value)(start.wrapping_add(row * read.width), read.scale) }
        };
        let mut values = memory::room(field.rows)?;
        values.extend((0..field.rows).map(value));
        Ok(self.keep(name, &reason, values))
    }
}

impl RawChunk {
    /// The rows as a kernel reads them.
    ///
    /// # Safety
    /// The owner of the memory must outlive `'a`, and nobody may write to it meanwhile.
    #[must_use]
    pub unsafe fn borrow<'a>(&self) -> Chunk<'a> {
        if self.rows == 0 {
            return Chunk::dense(&[]);
        }
        // SAFETY: as the caller vouches, and `base` covers `offset + rows` values.
        let values = unsafe { std::slice::from_raw_parts(self.base.add(self.offset), self.rows) };
        let validity = (!self.validity.is_null()).then(|| {
            // SAFETY: a validity bitmap covers `offset + rows` bits.
            let bytes =
                unsafe { std::slice::from_raw_parts(self.validity, (self.offset + self.rows).div_ceil(8)) };
            Bitmap::new(bytes, self.offset)
        });
        Chunk { values, validity }
    }

    /// The rows from `from` up to, not including, `to`.
    #[must_use]
    pub fn slice(&self, from: usize, to: usize) -> Self {
        Self { offset: self.offset + from, rows: to - from, ..*self }
    }
}

/// Cuts columns at each other's chunk borders, so that chunk `i` is equally long in all of them.
#[must_use]
pub fn align(columns: &[Vec<RawChunk>]) -> Vec<Vec<RawChunk>> {
    let borders = |chunks: &[RawChunk]| {
        chunks
            .iter()
            .scan(0, |end, chunk| {
                *end += chunk.rows;
                Some(*end)
            })
            .collect::<Vec<_>>()
    };
    let mut ends: Vec<usize> = columns.iter().flat_map(|chunks| borders(chunks)).collect();
    ends.sort_unstable();
    ends.dedup();
    ends.retain(|&end| end > 0);
    columns
        .iter()
        .map(|chunks| {
            let mut cut = Vec::with_capacity(ends.len());
            let mut rest = chunks.iter().copied().filter(|chunk| chunk.rows > 0);
            let mut current = rest.next();
            let mut from = 0;
            for &end in &ends {
                let Some(chunk) = current else { break };
                let (head, tail) = (chunk.slice(0, end - from), chunk.slice(end - from, chunk.rows));
                cut.push(head);
                current = if tail.rows > 0 { Some(tail) } else { rest.next() };
                from = end;
            }
            cut
        })
        .collect()
}

/// How one value of a type becomes a float64.
struct Reader {
    width: usize,
    /// Digits after the point of a decimal.
    scale: i32,
    value: unsafe fn(*const u8, i32) -> f64,
}

macro_rules! read_as {
    ($type:ty) => {
        Reader {
            width: size_of::<$type>(),
            scale: 0,
            // SAFETY: the caller passes a pointer to one value of this type, aligned or not.
            value: |pointer, _| unsafe { pointer.cast::<$type>().read_unaligned() as f64 },
        }
    };
}

/// The reader of a type of numbers; none for other types. An extension type is what its name says, not the numbers
/// that it is stored in.
fn reader(field: &Field<'_>) -> Result<Option<Reader>> {
    if field.array.dictionary_present() || field.extension.is_some() {
        return Ok(None);
    }
    Ok(Some(match field.format {
        "g" => read_as!(f64),
        "f" => read_as!(f32),
        "c" => read_as!(i8),
        "C" => read_as!(u8),
        "s" => read_as!(i16),
        "S" => read_as!(u16),
        "i" => read_as!(i32),
        "I" => read_as!(u32),
        "l" => read_as!(i64),
        "L" => read_as!(u64),
        // A column of nothing but missing rows has no buffers and is never read.
        "n" => Reader { width: 0, scale: 0, value: |_, _| f64::NAN },
        format if format.starts_with("d:") => {
            let Some(scale) = decimal128(field)? else { return Ok(None) };
            Reader {
                width: size_of::<i128>(),
                scale,
                // SAFETY: the caller passes a pointer to one 16-byte value, aligned or not.
                value: |pointer, scale| decimal(unsafe { pointer.cast::<i128>().read_unaligned() }, scale),
            }
        }
        _ => return Ok(None),
    }))
}

/// The scale of a column of decimals of 128 bits; none for other widths.
fn decimal128(field: &Field<'_>) -> Result<Option<i32>> {
    let refuse =
        |allowed: &str| Error::malformed_arrow(field.name, "the type of decimals", allowed, field.format);
    let mut parts = field.format.trim_start_matches("d:").split(',');
    let mut number = || parts.next().and_then(|part| part.parse::<i32>().ok());
    let (Some(precision), Some(scale)) = (number(), number()) else {
        return Err(refuse("d:precision,scale or d:precision,scale,bits"));
    };
    let bits = parts.next().unwrap_or("128");
    let most = match bits {
        "32" => 9,
        "64" => 18,
        "128" => 38,
        "256" => 76,
        _ => return Err(refuse("of 32, 64, 128 or 256 bits")),
    };
    if parts.next().is_some() || !(1..=most).contains(&precision) || !(-most..=most).contains(&scale) {
        return Err(refuse(&format!("of 1 to {most} digits and a scale from -{most} to {most}")));
    }
    Ok((bits == "128").then_some(scale))
}

/// The greatest whole number below which a float64 holds them all.
const EXACT: u128 = 1 << 53;
/// The greatest power of ten that a float64 holds is the 22nd.
const EXACT_POWER: u32 = 22;

/// The float64 nearest to `value` / 10^`scale`: rounded once, as the same digits in a text would be.
fn decimal(value: i128, scale: i32) -> f64 {
    let (digits, power) = (value.unsigned_abs(), scale.unsigned_abs());
    if digits <= EXACT && power <= EXACT_POWER {
        // Both are exact, so the one operation rounds once.
        let (value, power) = (value as f64, 10f64.powi(power.cast_signed()));
        return if scale < 0 { value * power } else { value / power };
    }
    let magnitude = if (0..=19).contains(&scale) { quotient(digits, 10u64.pow(power)) } else { None };
    let magnitude = magnitude.unwrap_or_else(|| {
        // Rare enough for the way round by text, which Rust reads correctly rounded.
        format!("{digits}e{}", -scale).parse().unwrap_or(f64::NAN)
    });
    if value < 0 { -magnitude } else { magnitude }
}

/// The float64 nearest to the quotient, where 64 binary places are enough to tell.
fn quotient(dividend: u128, divisor: u64) -> Option<f64> {
    let divisor = u128::from(divisor);
    let (whole, rest) = (dividend / divisor, dividend % divisor);
    if whole >= 1 << 64 {
        // Enough bits without places: what is left only breaks a tie.
        return Some((whole | u128::from(rest != 0)) as f64);
    }
    let (places, rest) = ((rest << 64) / divisor, (rest << 64) % divisor);
    let bits = whole << 64 | places;
    // 53 bits, one that says which half, and one that breaks a tie.
    (bits >= 1 << 56).then(|| (bits | u128::from(rest != 0)) as f64 / (1u128 << 64) as f64)
}

/// Why a column cannot be borrowed, in the field's words.
fn copy_reason(field: &Field<'_>) -> String {
    match field.format {
        "g" if field.parent_validity.is_some() => "float64 under missing rows of a struct".into(),
        "g" => "misaligned float64".into(),
        "f" => "float32".into(),
        "c" => "int8".into(),
        "C" => "uint8".into(),
        "s" => "int16".into(),
        "S" => "uint16".into(),
        "i" => "int32".into(),
        "I" => "uint32".into(),
        "l" => "int64".into(),
        "L" => "uint64".into(),
        "n" => "null".into(),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn decimals_are_as_near_as_their_digits_read_as_text() {
        let mut state = 1_u128;
        for round in 0..200_000 {
            state = state
                .wrapping_mul(0xda94_2042_e4dd_58b5)
                .wrapping_add(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
            let value = (state as i128) >> (round % 128);
            let scale = round % 77 - 38;
            let text: f64 = format!("{value}e{}", -scale).parse().expect("digits");
            assert_eq!(decimal(value, scale), text, "{value} / 10^{scale}");
        }
    }

    #[test]
    fn ties_go_to_the_even_neighbour_unless_a_digit_breaks_them() {
        let tie = (1_i128 << 53) + 1;
        assert_eq!(decimal(tie * 1000, 3), (1_u64 << 53) as f64);
        assert_eq!(decimal(tie * 1000 + 1, 3), ((1_u64 << 53) + 2) as f64);
        assert_eq!(decimal(-(tie * 1000 + 1), 3), -(((1_u64 << 53) + 2) as f64));
        assert_eq!(decimal(i128::MIN, 38), -1.701_411_834_604_692_3);
        assert_eq!(
            decimal(i128::MAX, -38),
            "170141183460469231731687303715884105727e38".parse::<f64>().expect("digits")
        );
    }
}
