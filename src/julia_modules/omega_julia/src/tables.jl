# Table schemas at run time: which columns a table has, and whether some data has them.

"A column of a table schema."
struct TableField
    name::String
    type::String
    nullable::Bool
    summary::String
end

"A table schema; `fingerprint` is the SHA-256 over its canonical text."
struct TableSchema
    name::String
    version::String
    fingerprint::String
    fields::Vector{TableField}
end

include("generated/tables.jl")

"The schema of a table, as in `bars`."
table_schema(name) = TABLES[findfirst(table -> table.name == name, TABLES)]

"""
    check_columns(table, columns)

Refuse columns, pairs of a name and a type, that lack a field of the table or have it with another type.
"""
function check_columns(table::TableSchema, columns)
    for field in table.fields
        found = findfirst(column -> first(column) == field.name, columns)
        found === nothing && throw(missing_column(field.name, join(first.(columns), ", ")))
        type = replace(last(columns[found]), "large_" => "")
        type == field.type || throw(schema_mismatch(field.name, table.name, field.type, type))
    end
    return nothing
end
