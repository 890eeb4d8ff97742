//! What holds for every function of every registry, whatever it computes: a test of each function and law.
//!
//! What each law asks and why stands in `tests/README.md`.

/// From one end of what is taken to the other: no infinity, nothing lost, and answers that can go in again.
mod bounds;
/// Parts of kernels beside their definitions.
mod definitions;
/// A law, and the kind of function that must obey it.
mod law;
/// Wrong functions, each with the law that must catch it.
mod mutants;
/// Each part of a kernel as a function of its own.
mod parts;
/// Functions of the shapes that laws have to know, whether or not a published function has them yet.
mod probes;
/// Reductions: chunks, merges, missing rows.
mod reductions;
/// Out-of-range parameters and impossible inputs are refused by name.
mod refusals;
/// Metrics after each row: over all rows so far, and over the last of them.
mod rolling;
/// Rowwise functions: batch, stream, grouped, splits, missing rows, warm-up.
mod rowwise;
/// Snapshots: anywhere, through bytes, and damaged.
mod snapshots;
/// What a function says about itself.
mod specs;
/// Functions and parameters to try, and ways to run them.
mod support;
/// What units promise: how answers change when the data are scaled or moved.
mod units;
/// What independent implementations answer.
mod vectors;

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// Every law, in the order of `tests/README.md`.
const LAWS: &[&[law::Named]] = &[
    specs::LAWS,
    refusals::OF_SPECS,
    refusals::OF_EACH,
    refusals::OF_ROWWISE,
    refusals::OF_REDUCTIONS,
    rowwise::LAWS,
    reductions::LAWS,
    rolling::LAWS,
    definitions::LAWS,
    units::LAWS,
    bounds::OF_ROWWISE,
    bounds::OF_REDUCTIONS,
    snapshots::OF_ROWWISE,
    snapshots::OF_ROWWISE_SETS,
    snapshots::OF_REDUCTIONS,
];

fn laws() -> impl Iterator<Item = law::Named> {
    LAWS.iter().copied().flatten().copied()
}

fn main() -> ExitCode {
    let mut trials = Vec::new();
    for function in support::functions().into_iter().chain(probes::functions()).chain(parts::functions()) {
        for (name, law) in laws().filter(|(_, law)| law.concerns(&function)) {
            let function = function.clone();
            let test = format!("{}::{name}", function.spec.name);
            trials.push(Trial::test(test, move || {
                law.check(&function);
                Ok(())
            }));
        }
    }
    for (name, law) in snapshots::OF_THE_FRAME {
        trials.push(Trial::test(format!("snapshots::{name}"), || {
            probes::functions()
                .iter()
                .filter(|function| law.concerns(function))
                .for_each(|one| law.check(one));
            Ok(())
        }));
    }
    for function in omega_catalog::all() {
        let test = format!("{}::it_agrees_with_its_reference", function.spec.name);
        trials.push(Trial::test(test, move || {
            vectors::it_agrees_with_its_reference(function);
            Ok(())
        }));
    }
    trials.push(Trial::test("laws::none_names_a_public_function", || {
        none_names_a_public_function();
        Ok(())
    }));
    trials.extend(mutants::trials());
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A law reads what a spec says; whom it knows by name, it can excuse.
fn none_names_a_public_function() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/laws");
    let files = [folder.clone(), folder.join("mutants")].map(|folder| folder.read_dir().expect("a folder"));
    for file in files.into_iter().flatten().map(|file| file.expect("a file").path()) {
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        for function in omega_catalog::all() {
            let (_, own) = function.spec.name.split_once('.').expect("a module and a name");
            let named = text.contains(&function.spec.name) || text.contains(&format!("\"{own}\""));
            assert!(!named, "{} names {}", file.display(), function.spec.name);
        }
    }
}
