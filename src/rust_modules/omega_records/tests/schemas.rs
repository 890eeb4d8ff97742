//! The static tables, the `.arrow` files and the fingerprints say the same.

use std::path::PathBuf;

use omega_contract::{ErrorCode, tables};
use omega_records::schema;

fn ipc_file(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../schemas/tables");
    std::fs::read(folder.join(format!("{name}.arrow"))).expect("every table has its .arrow file")
}

#[test]
fn every_static_table_is_what_its_arrow_file_says() {
    assert!(tables::TABLES.len() >= 11);
    for table in tables::TABLES {
        let read = schema::read_ipc(table.name, &ipc_file(table.name)).expect("an IPC file");
        assert_eq!(read.metadata["omega.schema.name"], table.name);
        assert_eq!(read.metadata["omega.schema.version"], table.version);
        let fields: Vec<_> =
            read.fields.iter().map(|f| (f.name.as_str(), f.type_name.as_str(), f.nullable)).collect();
        let expected: Vec<_> = table.fields.iter().map(|f| (f.name, f.type_name, f.nullable)).collect();
        assert_eq!(fields, expected, "{}", table.name);
    }
}

#[test]
fn the_recorded_fingerprint_is_the_one_of_the_fields() {
    for table in tables::TABLES {
        let read = schema::read_ipc(table.name, &ipc_file(table.name)).expect("an IPC file");
        assert_eq!(read.fingerprint(), table.fingerprint, "{}", table.name);
    }
}

#[test]
fn a_fingerprint_ignores_summaries_and_sees_everything_else() {
    let read = schema::read_ipc("bars", &ipc_file("bars")).expect("an IPC file");
    let change = |change: fn(&mut schema::DescribedField)| {
        let mut changed = read.clone();
        change(&mut changed.fields[6]);
        changed.fingerprint() != read.fingerprint()
    };
    assert!(!change(|field| drop(field.metadata.insert("omega.summary".into(), "Other words.".into()))));
    assert!(change(|field| drop(field.metadata.insert("omega.unit".into(), "lots".into()))));
    assert!(change(|field| field.name = "size".into()));
    assert!(change(|field| field.type_name = "int64".into()));
    assert!(change(|field| field.nullable = true));
}

#[test]
fn the_fingerprints_list_every_table_with_its_version() {
    let listed = tables::fingerprints();
    assert_eq!(listed.lines().count(), tables::TABLES.len());
    let bars = tables::get("bars").expect("the first table");
    assert!(listed.contains(&format!("bars {} {}", bars.version, bars.fingerprint)));
}

#[test]
fn an_unknown_table_is_refused_with_the_nearest_name() {
    let error = tables::get("bar").expect_err("no such table");
    assert_eq!(error.code(), ErrorCode::UnknownTable);
    assert_eq!(error.field("nearest"), Some("bars"));
}

#[test]
fn bytes_that_are_no_ipc_file_are_refused_by_name() {
    let whole = ipc_file("bars");
    let cuts = [0, 1, 9, 100, whole.len() / 2, whole.len() - 1];
    for bytes in cuts.map(|cut| &whole[..cut]) {
        let error = schema::read_ipc("bars.arrow", bytes).expect_err("cut short");
        assert_eq!(error.code(), ErrorCode::FileUnreadable);
        assert_eq!(error.field("path"), Some("bars.arrow"));
    }
}
