//! Names of columns as callers write them: exactly, or as the only one that differs by case alone.

use omega_contract::params::near;
use omega_contract::{Error, Result};

/// More names than these say nothing to a reader.
const SHOWN_NAMES: usize = 40;

/// The place of the column that `wanted` names, if there is one.
///
/// # Errors
/// `INVALID_SHAPE` if there are several: nothing says which is meant.
pub fn place_of<S: AsRef<str>>(wanted: &str, names: &[S]) -> Result<Option<usize>> {
    let exact = |name: &str| name == wanted;
    if let Some(place) = only(wanted, names, exact, "in the data once")? {
        return Ok(Some(place));
    }
    let folded = wanted.to_lowercase();
    let allowed = format!(
        "told apart by case alone: pass the name of the one that is meant in its place, not `{wanted}`"
    );
    only(wanted, names, |name| name.to_lowercase() == folded, &allowed)
}

fn only<S: AsRef<str>>(
    wanted: &str,
    names: &[S],
    is_meant: impl Fn(&str) -> bool,
    allowed: &str,
) -> Result<Option<usize>> {
    let mut found = names.iter().enumerate().filter(|(_, name)| is_meant(name.as_ref()));
    let Some((place, name)) = found.next() else { return Ok(None) };
    let Some((_, other)) = found.next() else { return Ok(Some(place)) };
    let value = if name.as_ref() == other.as_ref() {
        "several times".to_owned()
    } else {
        format!("{} and {}", name.as_ref(), other.as_ref())
    };
    Err(Error::invalid_shape(format!("column `{wanted}`"), allowed, value))
}

/// The refusal of a name that no column has, with those that are there and the nearest of them.
pub fn missing<S: AsRef<str>>(wanted: &str, names: &[S]) -> Error {
    Error::missing_column(wanted, available(wanted, names))
}

fn available<S: AsRef<str>>(wanted: &str, names: &[S]) -> String {
    if names.is_empty() {
        return "no column".into();
    }
    let shown: Vec<&str> = names.iter().take(SHOWN_NAMES).map(AsRef::as_ref).collect();
    let mut text = shown.join(", ");
    if names.len() > SHOWN_NAMES {
        text.push_str(&format!(" and {} more", names.len() - SHOWN_NAMES));
    }
    if let Some(near) = near(wanted, names.iter().map(AsRef::as_ref)) {
        text.push_str(&format!("; the nearest is `{near}`"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_exactly_before_it_is_taken_by_case() {
        assert_eq!(place_of("close", &["Close", "close"]).unwrap(), Some(1));
        assert_eq!(place_of("close", &["Open", "CLOSE"]).unwrap(), Some(1));
        assert_eq!(place_of("close", &["Open", "High"]).unwrap(), None);
        assert!(place_of("close", &["Close", "CLOSE"]).unwrap_err().to_string().contains("Close and CLOSE"));
        assert!(place_of("close", &["close", "close"]).unwrap_err().to_string().contains("several times"));
    }

    #[test]
    fn a_misspelt_name_gets_the_nearest_and_a_strange_one_none() {
        assert!(missing("clsoe", &["open", "close"]).to_string().ends_with("; the nearest is `close`"));
        assert!(missing("Simbol", &["symbol"]).to_string().ends_with("; the nearest is `symbol`"));
        assert!(missing("weight", &["open", "close"]).to_string().ends_with("open, close"));
    }
}
