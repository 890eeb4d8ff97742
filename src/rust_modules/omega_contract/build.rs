//! Turns `schemas/tables/*.arrow` into static tables, so that a wrong column name fails the build.

use std::error::Error;
use std::fmt::Write;
use std::fs::File;
use std::path::{Path, PathBuf};

#[path = "src/type_names.rs"]
mod type_names;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("../../schemas/tables");
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-changed=src/type_names.rs");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .map_err(|error| format!("{}: {error}", folder.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "arrow"));
    paths.sort();

    let mut text = String::from("/// Every table, by name.\npub const TABLES: &[Table] = &[\n");
    for path in &paths {
        text += &table(path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    text += "];\n";
    std::fs::write(Path::new(&std::env::var("OUT_DIR")?).join("tables.rs"), text)?;
    Ok(())
}

/// One table as a Rust literal.
fn table(path: &Path) -> Result<String, Box<dyn Error>> {
    let schema = arrow_ipc::reader::FileReader::try_new(File::open(path)?, None)?.schema();
    let of_schema = |key: &str| -> Result<&String, String> {
        let key = format!("omega.schema.{key}");
        schema.metadata().get(&key).ok_or(format!("no metadata `{key}`"))
    };
    let mut text = String::new();
    writeln!(text, "Table {{ name: {:?}, version: {:?},", of_schema("name")?, of_schema("version")?)?;
    writeln!(
        text,
        "fingerprint: {:?}, direction: {:?},",
        of_schema("fingerprint")?,
        of_schema("direction")?
    )?;
    writeln!(text, "record: {:?}, fields: &[", of_schema("record")?)?;
    for field in schema.fields() {
        let unit = field.metadata().get("omega.unit").cloned().unwrap_or_default();
        let type_name = type_names::type_name(field.data_type());
        let nullable = field.is_nullable();
        let name = field.name();
        writeln!(
            text,
            "Field {{ name: {name:?}, type_name: {type_name:?}, nullable: {nullable}, unit: {unit:?} }},"
        )?;
    }
    text += "] },\n";
    Ok(text)
}
