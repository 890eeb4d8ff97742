//! Wrong functions, each with the law that must catch it: they guard the laws themselves.

/// Objects that compute as they should but for one thing.
mod objects;

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};

use libtest_mimic::Trial;
use omega_contract::spec::{FunctionSpec, Parameters, Source, Unit};
use omega_kernel::{Body, Function};

use crate::{laws, parts, probes};
use objects::Fault::{self, *};

/// A law, and a wrong function that it must catch.
struct Mutant {
    law: &'static str,
    wrong: String,
    function: Function,
}

/// A probe by its name.
fn probe(name: &str) -> Function {
    let all = probes::functions().into_iter().chain(parts::functions());
    let found = all.into_iter().find(|function| function.spec.name == name);
    found.unwrap_or_else(|| panic!("there is no probe {name}"))
}

/// A function whose objects do one thing wrong.
fn faulty(name: &str, law: &'static str, fault: Fault) -> Mutant {
    let Function { spec, body } = probe(name);
    Mutant { law, wrong: format!("{fault:?}"), function: Function { spec, body: fault.within(body) } }
}

/// A function whose spec says one thing wrong.
fn misdescribed(
    name: &str,
    law: &'static str,
    wrong: &str,
    change: impl FnOnce(&mut FunctionSpec),
) -> Mutant {
    let mut function = probe(name);
    change(&mut function.spec);
    Mutant { law, wrong: wrong.into(), function }
}

const ROWWISE: &[(&str, Fault)] = &[
    ("batch_and_stream_give_the_same_bits", BatchRoundsOtherwise),
    ("a_missing_bit_is_as_good_as_nan", ValidityIsIgnored),
    ("grouped_rows_give_the_same_bits_as_each_group_alone", GroupsAreOne),
    ("the_first_value_comes_exactly_at_warm_up", WarmUpIsLonger),
    ("the_first_value_comes_exactly_at_warm_up", BatchIsOneRowLate),
    ("peek_answers_as_update_and_leaves_the_state_alone", PeekIsOfAnotherRow),
    ("reset_and_clones_start_and_go_on_as_their_own", ResetKeepsTheState),
    ("reset_and_clones_start_and_go_on_as_their_own", CopyIsEmpty),
    ("a_skipped_row_leaves_no_trace", MissingIsZero),
    ("a_propagated_row_is_followed_by_a_fresh_start_or_by_nothing", PropagateSkips),
    ("the_bits_do_not_depend_on_how_rows_are_divided", BatchForgets),
    ("a_value_out_of_bounds_is_refused_with_its_column_and_row", OutOfBoundsIsClipped),
    ("a_missing_value_is_refused_where_it_must_be", MissingIsZero),
    ("answers_scale_as_their_units_say", AnswersAreOff),
    ("digits_are_the_same_from_one_end_to_the_other", AnswersAreOff),
    ("where_nothing_varies_nothing_is_left_of_rounding", AnswersAreOff),
    ("no_answer_is_infinite_or_too_small_to_go_in_again", AnswersOverflow),
    ("no_answer_is_infinite_or_too_small_to_go_in_again", AnswersAreTiny),
    ("numbers_whose_squares_are_none_are_refused", OutOfBoundsIsClipped),
    ("values_at_the_bounds_are_taken", AnswersOverflow),
    ("what_fades_reaches_zero", AnswersAreOff),
    ("what_fades_reaches_zero", AnswersAreTiny),
    ("no_bit_of_an_answer_tells_when_a_state_has_forgotten", BatchForgets),
    ("a_stream_goes_on_with_the_same_bits_wherever_it_was_saved", LoadForgets),
    ("groups_go_on_with_the_same_bits_wherever_they_were_saved", LoadForgets),
    ("a_state_with_a_number_that_is_none_is_refused", LoadTakesAnything),
    ("a_payload_made_by_hand_is_refused_or_works_but_never_panics", LoadPanics),
    ("a_payload_made_by_hand_is_refused_or_works_but_never_panics", WhatIsLoadedOverflows),
    ("a_state_of_other_parameters_is_refused_or_works_but_never_panics", WhatIsLoadedOverflows),
];

const REDUCTIONS: &[(&str, Fault)] = &[
    ("nothing_comes_from_no_rows", NothingIsZero),
    ("missing_rows_follow_the_policy", MissingIsZero),
    ("missing_rows_follow_the_policy", PropagateSkips),
    ("accumulators_of_different_things_do_not_merge", MergesWithAnything),
    ("the_bits_do_not_depend_on_how_rows_are_divided", UpdatesAreCounted),
    ("merging_parts_is_one_pass", MergeForgetsTheOther),
    ("a_column_out_of_bounds_is_refused_with_its_row", OutOfBoundsIsClipped),
    ("answers_scale_as_their_units_say", AnswersAreOff),
    ("where_nothing_varies_nothing_is_left_of_rounding", AnswersAreOff),
    ("a_state_is_finite_and_can_be_saved_whatever_came", AnswersOverflow),
    ("a_state_is_finite_and_can_be_saved_whatever_came", LoadForgets),
    ("columns_whose_squares_are_none_are_refused", OutOfBoundsIsClipped),
    ("what_is_merged_with_itself_can_be_saved_until_rows_cannot_be_counted", LoadForgets),
    ("what_is_merged_with_itself_can_be_saved_until_rows_cannot_be_counted", MergesWithAnything),
    ("an_accumulator_goes_on_with_the_same_bits_wherever_it_was_saved", LoadForgets),
    ("an_accumulated_state_with_a_number_that_is_none_is_refused", LoadTakesAnything),
    ("an_accumulated_payload_made_by_hand_is_refused_or_works_but_never_panics", LoadPanics),
];

const WINDOWS: &[(&str, Fault)] = &[
    ("a_value_is_that_of_the_metric_over_its_rows", AnswersAreOff),
    ("what_has_left_a_window_leaves_no_trace", OutliersStick),
];

fn misdescriptions() -> Vec<Mutant> {
    let change = "probe.change";
    vec![
        misdescribed(change, "every_spec_says_what_there_is_to_know", "no_full_stop", |spec| {
            spec.outputs[0].summary = "The change".into();
        }),
        misdescribed(change, "a_summary_is_a_sentence_that_leads_with_its_term", "who_is_it", |spec| {
            spec.summary = "How far it moved.".into();
        }),
        misdescribed(
            change,
            "every_parameter_that_a_kernel_asks_for_is_in_its_spec",
            "no_parameters",
            |spec| {
                spec.parameters = Parameters::default();
            },
        ),
        misdescribed(change, "every_name_is_one_that_python_can_say", "keyword", |spec| {
            spec.name = "probe.lambda".into();
        }),
        misdescribed(change, "a_parameter_that_cannot_be_is_refused_by_name", "any_word", |spec| {
            let any = ["some word", "no such word"];
            *spec = spec.clone().choice("any", any[0], &any, "Any word.");
        }),
        misdescribed(
            change,
            "a_parameter_that_must_stay_below_another_is_refused_at_it",
            "below_nothing",
            |spec| *spec = spec.clone().rows("period", 5, 1, "A number.").less_than("nothing"),
        ),
        misdescribed(change, "answers_scale_as_their_units_say", "a_change_is_a_ratio", |spec| {
            spec.outputs[0].unit = Unit::Ratio;
        }),
        misdescribed(change, "answers_scale_as_their_units_say", "a_square_is_a_change", |spec| {
            spec.outputs[1].unit = Unit::PriceChange;
        }),
        misdescribed(change, "answers_shift_as_they_should", "a_change_is_a_price", |spec| {
            spec.outputs[0].unit = Unit::Price;
        }),
        misdescribed("probe.mid_price", "answers_shift_as_they_should", "a_price_is_a_change", |spec| {
            spec.outputs[0].unit = Unit::PriceChange;
        }),
        misdescribed("probe.beta", "a_spec_says_whether_every_row_is_kept", "every_row_is_kept", |spec| {
            spec.keeps_rows = true;
        }),
        misdescribed("probe.beta", "answers_shift_as_they_should", "a_mean_is_a_deviation", |spec| {
            spec.outputs[1].unit = Unit::Volatility;
        }),
        misdescribed(
            "probe.log_volume",
            "what_may_be_undefined_is_so_for_some_data_and_nothing_else_is",
            "always_there",
            |spec| spec.outputs[0].undefined = false,
        ),
        misdescribed(
            "probe.steps",
            "a_count_is_cut_off_to_a_whole_number_within_its_bounds",
            "no_more_than_the_least",
            |spec| {
                let (minimum, maximum) = ("least".into(), "least".into());
                spec.inputs[0].source = Source::Count { column: None, minimum, maximum };
            },
        ),
        misdescribed(
            "probe.mid_price",
            "what_may_be_undefined_is_so_for_some_data_and_nothing_else_is",
            "never_missing",
            |spec| spec.outputs[0].undefined = true,
        ),
    ]
}

/// Of each part one whose window is a row too long, and one that is a state short of what was saved.
fn wrong_parts() -> impl Iterator<Item = Mutant> {
    let law = "a_part_answers_by_its_definition";
    let longer = parts::wrong_functions().into_iter();
    let longer = longer.map(move |function| Mutant { law, wrong: "a_row_too_long".into(), function });
    let rolling = ["part.rolling_moments", "part.rolling_quantile", "part.rolling_slope"];
    let later = rolling.map(|name| faulty(name, law, BatchIsOneRowLate));
    let names = parts::functions().into_iter().filter(|function| matches!(function.body, Body::Rowwise(_)));
    let forgets = names.map(|function| {
        let law = "a_stream_goes_on_with_the_same_bits_wherever_it_was_saved";
        faulty(&function.spec.name, law, LoadForgets)
    });
    longer.chain(later).chain(forgets)
}

fn mutants() -> Vec<Mutant> {
    let rowwise = ROWWISE.iter().map(|(law, fault)| faulty("probe.change", law, *fault));
    let reductions = REDUCTIONS.iter().map(|(law, fault)| faulty("probe.beta", law, *fault));
    let windows = WINDOWS.iter().map(|(law, fault)| faulty("probe.rolling_beta", law, *fault));
    let session = faulty(
        "probe.hourly_volume",
        "a_propagated_row_is_followed_by_a_fresh_start_or_by_nothing",
        PropagateSkips,
    );
    rowwise
        .chain([session])
        .chain(reductions)
        .chain(windows)
        .chain(wrong_parts())
        .chain(misdescriptions())
        .collect()
}

thread_local! {
    /// Whether a panic of this thread is what is waited for, and no news.
    static EXPECTED: Cell<bool> = const { Cell::new(false) };
}

/// Says nothing of panics that are waited for.
fn silence() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !EXPECTED.get() {
            usual(info);
        }
    }));
}

/// Whether a law finds a function wrong.
fn catches(mutant: &Mutant) -> bool {
    let mut concerned = laws().filter(|(name, law)| *name == mutant.law && law.concerns(&mutant.function));
    EXPECTED.set(true);
    let caught = concerned
        .any(|(_, law)| panic::catch_unwind(AssertUnwindSafe(|| law.check(&mutant.function))).is_err());
    EXPECTED.set(false);
    caught
}

fn unguarded() -> Vec<&'static str> {
    let guarded: Vec<&str> = mutants().iter().map(|mutant| mutant.law).collect();
    laws().map(|(name, _)| name).filter(|name| !guarded.contains(name)).collect()
}

/// A test of each mutant, and one that no law goes without.
pub fn trials() -> Vec<Trial> {
    silence();
    let mut trials = vec![Trial::test("mutants::every_law_has_one", || {
        assert_eq!(unguarded(), Vec::<&str>::new());
        Ok(())
    })];
    for mutant in mutants() {
        let name = format!("mutants::{}::{}::{}", mutant.function.spec.name, mutant.law, mutant.wrong);
        trials.push(Trial::test(name, move || {
            assert!(catches(&mutant), "the law does not see it");
            Ok(())
        }));
    }
    trials
}
