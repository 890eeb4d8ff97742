//! The features of a set: what each computes, from which columns and wires.

use std::ops::Range;

use omega_arrow::keys::Key;
use omega_contract::bounds::is_input;
use omega_contract::params::Params;
use omega_contract::spec::Input;
use omega_contract::{Error, Result};
use omega_kernel::{Body, Function, Nulls, RowwiseFactory};

use super::definition::{Definition, outputs_of};
use super::live::{Live, State};
use crate::data::{keyed_by, no_groups};
use crate::stream::MOST_COLUMNS;

/// The features of a set, without what they remember: what is the same in every copy of it.
pub struct Features {
    pub(super) each: Vec<Feature>,
    /// The names of all outputs, in order.
    pub(super) names: Vec<String>,
    /// The columns that the features read, each once.
    pub(super) inputs: Vec<Input>,
    /// Which outputs other features read.
    pub(super) wires: Vec<usize>,
    /// The features that wires connect, by their places: those of different parts know nothing of each other.
    pub(super) parts: Vec<Vec<usize>>,
    /// The column that tells the group of each row.
    by: Vec<String>,
    pub(super) nulls: Nulls,
}

/// One feature of a set.
pub(super) struct Feature {
    pub(super) name: String,
    pub(super) function: &'static Function,
    factory: &'static dyn RowwiseFactory,
    pub(super) params: Params,
    /// Its inputs, each by the name of what it is read from.
    pub(super) inputs: Vec<Input>,
    /// What its inputs are read from.
    pub(super) sources: Vec<Source>,
    /// Whether a wire is among them.
    pub(super) is_wired: bool,
    /// Which of the set's outputs it writes.
    pub(super) outputs: Range<usize>,
    /// The inputs that were asked for by another name, each with that name.
    pub(super) wires: Vec<(String, String)>,
    /// Which of the set's wires it feeds.
    pub(super) feeds: Vec<usize>,
}

/// What an input is read from.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Source {
    /// The column of this number.
    Column(usize),
    /// The wire of this number.
    Wire(usize),
}

impl Features {
    pub(super) fn new(definitions: Vec<Definition>, by: Vec<String>, nulls: Nulls) -> Result<Self> {
        if definitions.is_empty() {
            return Err(Error::invalid_shape("the features", "at least one", "none"));
        }
        let outputs = outputs_of(&definitions, "two features")?;
        let names = outputs.iter().flatten().cloned().collect();
        let (each, inputs, wires, parts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut set = Self { each, names, inputs, wires, parts, by, nulls };
        let mut from = 0;
        for (definition, own) in definitions.iter().zip(&outputs) {
            let to = from + own.len();
            set.add(definition, from..to, &definitions, &outputs)?;
            from = to;
        }
        set.refuse_ambiguous_wires()?;
        for feature in &mut set.each {
            let fed = (0..set.wires.len()).filter(|&wire| feature.outputs.contains(&set.wires[wire]));
            feature.feeds = fed.collect();
        }
        set.parts = set.connected();
        Ok(set)
    }

    /// The features that wires connect, in the order of their first.
    fn connected(&self) -> Vec<Vec<usize>> {
        let mut parts: Vec<Vec<usize>> = Vec::new();
        for (place, feature) in self.each.iter().enumerate() {
            let reads = |other: &usize| {
                let feeds = &self.each[*other].feeds;
                feature
                    .sources
                    .iter()
                    .any(|source| matches!(source, Source::Wire(wire) if feeds.contains(wire)))
            };
            let (mut joined, others): (Vec<_>, Vec<_>) =
                parts.into_iter().partition(|part| part.iter().any(reads));
            joined.push(vec![place]);
            let mut joined = joined.concat();
            joined.sort_unstable();
            parts = others;
            parts.push(joined);
        }
        parts.sort_unstable();
        parts
    }

    fn add(
        &mut self,
        definition: &Definition,
        outputs: Range<usize>,
        definitions: &[Definition],
        names: &[Vec<String>],
    ) -> Result<()> {
        let Definition { name, function, params, wires } = definition;
        let spec = &function.spec;
        let factory = match function.body {
            Body::Rowwise(factory) => factory,
            // A metric answers for all rows so far; over the last ones its rolling function does.
            Body::Reduction(factory) => factory.expanding(),
        };
        definition.check_wires()?;
        let mut inputs = spec.inputs.clone();
        let mut sources = Vec::with_capacity(inputs.len());
        for input in &mut inputs {
            let wire = definition.source(input);
            let source = wire.unwrap_or_else(|| input.column()).to_owned();
            let place = wire.and_then(|_| self.names.iter().position(|output| *output == source));
            if wire.is_some() && place.is_none_or(|place| place >= outputs.start) {
                refuse_feature(name, input, &source, definitions, names)?;
            }
            if place.is_some() && !input.is_series() {
                let subject = format!("`{}` of feature `{name}`", input.name);
                let value = format!("{source}, a feature");
                return Err(Error::invalid_shape(subject, "a column of the data", value));
            }
            input.rename(&source);
            sources.push(match place {
                Some(output) => self.wire(output),
                None => self.column(input),
            });
        }
        let is_wired = sources.iter().any(|source| matches!(source, Source::Wire(_)));
        self.each.push(Feature {
            name: name.clone(),
            function,
            factory,
            params: params.clone(),
            inputs,
            sources,
            is_wired,
            outputs,
            wires: wires.clone(),
            feeds: Vec::new(),
        });
        Ok(())
    }

    /// The column of an input's name.
    fn column(&mut self, input: &Input) -> Source {
        let known = self.inputs.iter().position(|known| known.name == input.name);
        Source::Column(known.unwrap_or_else(|| {
            self.inputs.push(input.clone());
            self.inputs.len() - 1
        }))
    }

    /// The wire from an output.
    fn wire(&mut self, output: usize) -> Source {
        let known = self.wires.iter().position(|&known| known == output);
        Source::Wire(known.unwrap_or_else(|| {
            self.wires.push(output);
            self.wires.len() - 1
        }))
    }

    /// A name that could as well mean a column of the data as the feature that it was taken for.
    fn refuse_ambiguous_wires(&self) -> Result<()> {
        let both = self.wires.iter().map(|&output| &self.names[output]);
        let mut both = both.filter(|name| self.inputs.iter().any(|input| input.name == **name));
        let Some(name) = both.next() else { return Ok(()) };
        let allowed = "a name that is either a column or a feature";
        Err(Error::invalid_shape(format!("the wire `{name}`"), allowed, "both"))
    }

    /// States that have seen no rows.
    pub(super) fn fresh(&self) -> Live {
        let states = self.each.iter().map(|feature| {
            if self.by().is_some() {
                State::Grouped(feature.factory.grouped(&feature.params, self.nulls))
            } else {
                State::Single(feature.factory.stream(&feature.params, self.nulls))
            }
        });
        let series = if self.by().is_some() { 0 } else { 1 };
        Live::new(states.collect(), self.wires.len(), series)
    }

    /// The columns that rows must have, in order; the one of groups aside.
    #[must_use]
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// The names of the outputs, in order.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The features as they were asked for, in order: the name of each, its function, parameters and wires.
    pub fn definitions(
        &self,
    ) -> impl Iterator<Item = (&str, &'static Function, &Params, &[(String, String)])> {
        self.each.iter().map(|one| (one.name.as_str(), one.function, &one.params, one.wires.as_slice()))
    }

    /// The Arrow types of the outputs, in order; all are computed, and read by other features, as float64.
    pub fn types(&self) -> impl Iterator<Item = &'static str> {
        let outputs = self.each.iter().flat_map(|feature| &feature.function.spec.outputs);
        outputs.map(|output| output.data_type.as_str())
    }

    /// The columns that tell the group of each row.
    #[must_use]
    pub fn by(&self) -> Option<&[String]> {
        (!self.by.is_empty()).then_some(&*self.by)
    }

    /// What a missing input does.
    #[must_use]
    pub fn nulls(&self) -> Nulls {
        self.nulls
    }

    /// Refuses a row that some feature would refuse for its columns, before any of them has taken it.
    pub(super) fn check(&self, row: &[f64], key: Option<&Key>, number: u64) -> Result<()> {
        match (key, self.by()) {
            (None, Some(_)) => return Err(no_groups()),
            (Some(_), None) => return Err(Error::invalid_shape("a row", "of no group", "of a group")),
            (Some(key), Some(by)) => keyed_by(by, key)?,
            (None, None) => {}
        }
        omega_kernel::check_row(&self.inputs, row, self.nulls, number)
    }

    /// Leads one row through all features in their order, or finds a wire on which a feature would refuse it.
    ///
    /// `begun` tells which wires had a value before, `take` computes the feature of a number.
    #[inline]
    pub(super) fn lead(
        &self,
        row: &[f64],
        begun: &[bool],
        number: u64,
        outputs: &mut [f64],
        mut take: impl FnMut(usize, &[f64], &mut [f64]) -> Result<bool>,
    ) -> Result<()> {
        for (place, feature) in self.each.iter().enumerate() {
            let mut input = [f64::NAN; MOST_COLUMNS];
            let mut is_ready = true;
            for (slot, source) in input.iter_mut().zip(&feature.sources) {
                *slot = match *source {
                    Source::Column(column) => row[column],
                    Source::Wire(wire) => {
                        let value = outputs[self.wires[wire]];
                        is_ready &= !value.is_nan() || begun.get(wire).is_some_and(|begun| *begun);
                        value
                    }
                };
            }
            let input = &input[..feature.sources.len()];
            if !is_ready {
                outputs[feature.outputs.clone()].fill(f64::NAN);
                continue;
            }
            if feature.is_wired && !input.iter().all(|value| is_input(*value)) {
                omega_kernel::check_row(&feature.inputs, input, self.nulls, number)?;
            }
            take(place, input, &mut outputs[feature.outputs.clone()])?;
        }
        Ok(())
    }
}

/// Refuses a wire from the feature itself or from a later one, and one from a feature that has several outputs.
fn refuse_feature(
    name: &str,
    input: &Input,
    source: &str,
    definitions: &[Definition],
    outputs: &[Vec<String>],
) -> Result<()> {
    let mut features = definitions.iter().zip(outputs);
    let Some((feature, outputs)) =
        features.find(|(feature, outputs)| feature.name == source || outputs.iter().any(|own| own == source))
    else {
        return Ok(());
    };
    let subject = format!("`{}` of feature `{name}`", input.name);
    let order = "a column, or an output of a feature before it";
    Err(if feature.name == name {
        Error::invalid_shape(subject, order, format!("{source}, its own"))
    } else if outputs.iter().any(|own| own == source) {
        Error::invalid_shape(subject, order, format!("{source}, of a feature after it"))
    } else {
        let allowed = format!("one output of `{source}`: {}", outputs.join(", "));
        Error::invalid_shape(subject, allowed, source)
    })
}
