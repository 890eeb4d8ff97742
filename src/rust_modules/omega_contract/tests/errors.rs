//! Every code can be raised, and says what its table entry says.

use omega_contract::{Error, ErrorCode};

#[test]
fn every_code_renders_all_its_fields() {
    for code in ErrorCode::ALL {
        let error = code.example();
        assert_eq!(error.code(), code);
        let mut expected = code.message().to_owned();
        for field in code.fields() {
            assert_eq!(error.field(field), Some(format!("<{field}>").as_str()));
            expected = expected.replace(&format!("{{{field}}}"), &format!("<{field}>"));
        }
        assert_eq!(error.to_string(), expected.replace(['[', ']'], ""));
    }
}

#[test]
fn a_clause_without_a_value_is_left_out() {
    let said = |nearest| Error::unknown_function("foo", nearest).to_string();
    assert_eq!(said("ta.obv"), "no function is named `foo`; the nearest is `ta.obv`");
    assert_eq!(said(""), "no function is named `foo`");
}

#[test]
fn a_number_leads_back_to_its_code_and_an_unknown_one_nowhere() {
    for code in ErrorCode::ALL {
        assert_eq!(ErrorCode::from_number(code.number()), Some(code));
    }
    assert_eq!(ErrorCode::from_number(0), None);
    assert_eq!(ErrorCode::from_number(1999), None);
}

#[test]
fn a_constructor_takes_the_fields_in_the_order_of_the_message() {
    let error = Error::parameter_out_of_range("period", "at least 2", 1);
    assert_eq!(error.to_string(), "period must be at least 2, got `1`");
    assert_eq!(error.with_field("name", "fast_period").field("name"), Some("fast_period"));
}
