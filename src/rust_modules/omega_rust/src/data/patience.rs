//! Long conversions look at signals now and then: Ctrl-C is heeded while a list of millions is read.

use pyo3::prelude::*;

/// Items between two looks: a few tenths of a millisecond of work, so that a look costs nothing beside it.
const ITEMS: u32 = 8192;

/// Counts the items of one conversion.
pub struct Patience<'py> {
    py: Python<'py>,
    left: u32,
}

impl<'py> Patience<'py> {
    /// Patience for one conversion.
    pub fn new(py: Python<'py>) -> Self {
        Self { py, left: ITEMS }
    }

    /// Counts an item; raises what a signal's handler raised.
    #[inline]
    pub fn check(&mut self) -> PyResult<()> {
        self.left -= 1;
        if self.left == 0 {
            self.left = ITEMS;
            self.py.check_signals()?;
        }
        Ok(())
    }
}
