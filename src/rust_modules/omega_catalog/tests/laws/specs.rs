//! What a function says about itself.

use omega_contract::params::Params;
use omega_contract::spec::{FunctionSpec, Kind};
use omega_kernel::{Body, Function, Nulls};

use crate::law::{Named, laws};
use crate::support::is_of_tests;

pub const LAWS: &[Named] = laws!(Spec:
    every_spec_says_what_there_is_to_know,
    a_summary_is_a_sentence_that_leads_with_its_term,
    every_parameter_that_a_kernel_asks_for_is_in_its_spec,
    every_name_is_one_that_python_can_say,
);

fn every_spec_says_what_there_is_to_know(function: &Function) {
    let spec = &function.spec;
    let kind = if matches!(function.body, Body::Rowwise(_)) { Kind::Rowwise } else { Kind::Reduction };
    assert_eq!(spec.kind, kind, "{}", spec.name);
    let axes: &[&str] = if kind == Kind::Rowwise { &["row"] } else { &[] };
    assert!(!spec.inputs.is_empty() && !spec.outputs.is_empty(), "{}", spec.name);
    assert!(spec.outputs.iter().all(|output| output.axes == axes), "{}", spec.name);
    let summaries = spec.inputs.iter().map(|input| &input.summary);
    let summaries = summaries.chain(spec.parameters.iter().map(|parameter| &parameter.summary));
    for summary in summaries.chain(spec.outputs.iter().map(|output| &output.summary)) {
        assert!(is_sentence(summary), "{}: {summary:?}", spec.name);
    }
    assert!(spec.warm_up.is_empty() || is_sentence(&spec.warm_up), "{}: {:?}", spec.name, spec.warm_up);
    if !is_of_tests(spec) {
        assert!(spec.description.len() > 40 && !spec.description.contains("  "), "{}", spec.name);
        assert!(spec.references.len() > 1, "{}", spec.name);
    }
}

/// One line that starts with a capital and ends with a full stop. A word of the language, as `macd`, stays as it is.
fn is_sentence(text: &str) -> bool {
    let starts =
        text.starts_with(|first: char| first.is_uppercase() || first.is_ascii_digit() || first == '`');
    starts && text.ends_with('.') && !text.contains('\n') && !text.contains("  ")
}

fn a_summary_is_a_sentence_that_leads_with_its_term(function: &Function) {
    let FunctionSpec { name, summary, .. } = &function.spec;
    assert!(is_sentence(summary), "{name}: {summary:?}");
    if !is_of_tests(&function.spec) {
        assert!(leads_with_its_term(&function.spec), "{name}: {summary:?}");
    }
    let words = || summary.split(|letter: char| !letter.is_alphanumeric());
    assert!(!words().any(|word| word.eq_ignore_ascii_case("it")), "{name}: what is \"it\"? {summary:?}");
}

/// The words of the function's name, or its name as an abbreviation, before the colon: what a trader searches for.
fn leads_with_its_term(spec: &FunctionSpec) -> bool {
    let own = spec.name.split_once('.').map_or("", |(_, own)| own);
    let term = spec.summary.split_once(':').map_or(spec.summary.as_str(), |(term, _)| term);
    let abbreviation = format!("({})", own.to_uppercase());
    let words = term.to_lowercase();
    let has = |own: &str| words.split(|letter: char| !letter.is_alphanumeric()).any(|word| word == own);
    own.split('_').all(has) || term.contains(&abbreviation)
}

/// Parameters are asked for by name, and a wrong one panics: every constructor is called once.
fn every_parameter_that_a_kernel_asks_for_is_in_its_spec(function: &Function) {
    let params = Params::resolve(&function.spec, []).expect("defaults are allowed");
    match function.body {
        Body::Rowwise(factory) => {
            factory.warm_up(&params);
            factory.stream(&params, Nulls::Skip);
        }
        Body::Reduction(factory) => drop(factory.accumulator(&params, Nulls::Skip)),
    }
}

fn every_name_is_one_that_python_can_say(function: &Function) {
    assert_eq!(function.spec.check_names(), Ok(()));
}
