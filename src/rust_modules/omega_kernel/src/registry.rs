//! One line per function: the modules that hold the kernels, and the list of what they compute.

use crate::Function;

/// Declares the files of a crate of functions and lists what they compute, in the order of the documentation.
///
/// Each name is the file that holds a kernel and the kernel in it. A group is a folder, and says so in the spec:
///
/// ```ignore
/// omega_kernel::functions! {
///     /// How fast and how steadily prices move.
///     momentum { rsi::Rsi, macd::Macd }
/// }
/// ```
///
/// declares `momentum/rsi.rs` and `momentum/macd.rs`. Without groups, files lie beside `lib.rs`:
/// `functions! { sharpe_ratio::SharpeRatio, max_drawdown::MaxDrawdown }`.
#[macro_export]
macro_rules! functions {
    ($($(#[$about:meta])* $group:ident { $($file:ident::$kernel:ident),+ $(,)? })+) => {
        $(
            $(#[$about])*
            pub mod $group {
                $(pub mod $file;)+
            }
        )+
        $crate::functions!(@list $($((stringify!($group), $group::$file::$kernel))+)+);
    };
    ($($file:ident::$kernel:ident),+ $(,)?) => {
        $(pub mod $file;)+
        $crate::functions!(@list $(("", $file::$kernel))+);
    };
    (@list $(($group:expr, $($kernel:tt)+))+) => {
        /// Every function of this crate, in the order of the documentation.
        #[must_use]
        pub fn functions() -> Vec<$crate::Function> {
            use $crate::{Metric as _, Rowwise as _};
            $crate::registry::listed(vec![$(($group, <$($kernel)+>::functions().into())),+])
        }
    };
}

/// The functions of all kernels, with specs that name their groups: the kernels themselves, and behind them what else
/// comes from their definitions.
#[doc(hidden)]
#[must_use]
pub fn listed(kernels: Vec<(&str, Vec<Function>)>) -> Vec<Function> {
    let (mut functions, mut more) = (Vec::new(), Vec::new());
    for (group, of_kernel) in kernels {
        for (place, mut function) in of_kernel.into_iter().enumerate() {
            function.spec.group = group.into();
            if place == 0 { functions.push(function) } else { more.push(function) }
        }
    }
    functions.extend(more);
    functions
}
