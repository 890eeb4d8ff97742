//! Whatever data Python holds, borrowed for the length of a call.
//!
//! An [`Import`] owns what the producers handed out (capsules, arrays of a stream, buffers) and the copies that types
//! forced; its chunks point into those. It is made and dropped with the GIL held, because releasing a producer's
//! memory may run Python code.

mod capsules;
mod copies;
mod frames;
mod groups;
mod holders;
mod import;
mod indexes;
mod kinds;
mod many;
mod moments;
mod names;
mod patience;
mod reading;
mod sequences;
mod times;

pub use capsules::produce;
pub use copies::CopyLog;
pub use groups::Grouping;
pub use import::{Bar, Import, Request, is_plain, one_value, value_of};
pub use moments::BarOrder;
pub use reading::{Extent, read};
pub use sequences::{is_real, number};
