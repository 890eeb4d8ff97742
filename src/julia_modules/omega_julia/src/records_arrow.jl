# Arrow columns of every type in the contracts: into Julia values and records, and back out.

"Type in the contracts, from a format of Arrow's C data interface and, for lists, that of its items."
function contract_type(schema::ArrowSchema, name)
    schema.format == C_NULL && malformed(name, "its format", "a format string", "NULL")
    format = unsafe_string(schema.format)
    format == "g" && return "float64"
    format == "l" && return "int64"
    format == "b" && return "bool"
    format == "u" && return "utf8"
    format == "U" && return "large_utf8"
    format == "tsu:UTC" && return "timestamp[us, UTC]"
    decimal = match(r"^d:(\d+),(\d+)(,128)?$", format)
    decimal === nothing || return "decimal128($(decimal[1]), $(decimal[2]))"
    if format in ("+l", "+L")
        item = contract_type(item_schema(schema, name), name)
        return format == "+l" ? "list<$item>" : "large_list<$item>"
    end
    throw(unsupported_type(name, "a type of the contracts", format))
end

function item_schema(schema, name)
    schema.n_children == 1 && schema.children != C_NULL || malformed(name, "its number of children", "1", schema.n_children)
    return dereference(unsafe_load(schema.children), name, "the schema of its items")
end

"""
    read_values(schema, array, name)

The rows of an array as Julia values, copied: `nothing` where a row is missing. See the type mapping for what
becomes what.
"""
function read_values(schema::ArrowSchema, array::ArrowArray, name)
    type = contract_type(schema, name)
    n_buffers = type in ("utf8", "large_utf8") ? 3 : 2
    array.n_buffers == n_buffers || malformed(name, "its number of buffers", n_buffers, array.n_buffers)
    array.length >= 0 && array.offset >= 0 || malformed(name, "its length and offset", "at least 0", (array.length, array.offset))
    array.buffers == C_NULL && malformed(name, "its list of buffers", "a pointer", "NULL")
    validity = Ptr{UInt8}(unsafe_load(array.buffers, 1))
    present(i) = validity == C_NULL || array.null_count == 0 || bit(validity, array.offset + i - 1)
    value = reader(type, schema, array, name)
    T = julia_type(type)
    values = Union{T,Nothing}[present(i) ? value(i) : nothing for i in 1:array.length]
    return nothing in values ? values : Vector{T}(values)
end

"The Julia type of a type in the contracts."
function julia_type(type)
    type == "float64" && return Float64
    type == "int64" && return Int64
    type == "bool" && return Bool
    type in ("utf8", "large_utf8") && return String
    type == "timestamp[us, UTC]" && return Timestamp
    startswith(type, "decimal128") && return Decimal
    return Vector{julia_type(item_type(type))}
end

"`T` of `list<T>`."
item_type(type) = type[nextind(type, findfirst('<', type)):prevind(type, end)]

"A function from a row to its value, over the buffers of an array."
function reader(type, schema, array, name)
    array.length == 0 && return identity
    buffer(k) = nonnull(unsafe_load(array.buffers, k), name)
    first_row = array.offset
    if type == "float64"
        values = Ptr{Float64}(buffer(2))
        return i -> unsafe_load(values, first_row + i)
    elseif type == "int64"
        values = Ptr{Int64}(buffer(2))
        return i -> unsafe_load(values, first_row + i)
    elseif type == "bool"
        bits = Ptr{UInt8}(buffer(2))
        return i -> bit(bits, first_row + i - 1)
    elseif type == "timestamp[us, UTC]"
        values = Ptr{Int64}(buffer(2))
        return i -> Timestamp(unsafe_load(values, first_row + i))
    elseif startswith(type, "decimal128")
        halves = Ptr{UInt64}(buffer(2))
        scale = parse(Int, split(type[1:end-1], ", ")[2])
        return i -> Decimal(int128(halves, first_row + i), scale)
    elseif type in ("utf8", "large_utf8")
        ends = offsets(type, buffer(2), first_row, name)
        # A column of empty strings may come without characters.
        characters = Ptr{UInt8}(unsafe_load(array.buffers, 3))
        return i -> (range = ends(i); isempty(range) ? "" : unsafe_string(nonnull(characters, name) + first(range) - 1, length(range)))
    end
    array.n_children == 1 && array.children != C_NULL || malformed(name, "its number of children", "1", array.n_children)
    items = read_values(item_schema(schema, name), dereference(unsafe_load(array.children), name, "its items"), name)
    ends = offsets(type, buffer(2), first_row, name)
    return i -> (range = ends(i); checkbounds(Bool, items, range) ? list(items, range, name) : malformed(name, "its offsets", "within its items", range))
end

function list(items::Vector{T}, range, name) where {T}
    some = items[range]
    nothing in some && throw(invalid_value(name, "a list without nulls", "null", first(range)))
    return Vector{nonnothing(T)}(some)
end

nonnothing(::Type{T}) where {T} = T
nonnothing(::Type{Union{T,Nothing}}) where {T} = T

nonnull(pointer, name) = pointer == C_NULL ? malformed(name, "a buffer", "a pointer", "NULL") : pointer

"Sixteen bytes, which need not be aligned to sixteen."
int128(halves, i) = reinterpret(Int128, UInt128(unsafe_load(halves, 2i)) << 64 | unsafe_load(halves, 2i - 1))

"A function from a row to the range of its items, from 1."
function offsets(type, buffer, first_row, name)
    ends = startswith(type, "large_") ? Ptr{Int64}(buffer) : Ptr{Int32}(buffer)
    return function (i)
        from, to = Int(unsafe_load(ends, first_row + i)), Int(unsafe_load(ends, first_row + i + 1))
        0 <= from <= to || malformed(name, "its offsets", "rising from 0", "$from, $to")
        return from+1:to
    end
end

"""
    write_values(call, node, type, values)

Write values as an Arrow array into memory of the caller. Returns the node after the last that was written: a list
takes one node, and its items the next.
"""
function write_values(call, node, type, values)
    n = length(values)
    memory(buffer, bytes) = allocate_bytes(call, node, buffer, n, bytes)
    if nothing in values
        write_bits(memory(0, cld(n, 8)), [value !== nothing for value in values])
    end
    if type == "bool"
        write_bits(memory(1, cld(n, 8)), [value === true for value in values])
    elseif type in ("utf8", "large_utf8")
        write_offsets(memory, type, [value === nothing ? 0 : ncodeunits(value) for value in values])
        text = join(value for value in values if value !== nothing)
        GC.@preserve text unsafe_copyto!(Ptr{UInt8}(memory(2, ncodeunits(text))), pointer(text), ncodeunits(text))
    elseif occursin("list<", type)
        write_offsets(memory, type, [value === nothing ? 0 : length(value) for value in values])
        T = julia_type(item_type(type))
        items = T[item for value in values if value !== nothing for item in value]
        return write_values(call, node + 1, item_type(type), items)
    else
        plain = [machine_value(type, value) for value in values]
        bytes = sizeof(plain)
        GC.@preserve plain unsafe_copyto!(Ptr{UInt8}(memory(1, bytes)), Ptr{UInt8}(pointer(plain)), bytes)
    end
    return node + 1
end

machine_value(type, ::Nothing) = machine_value(type, type == "float64" ? 0.0 : type == "int64" ? 0 : type[1] == 't' ? Timestamp(0) : Decimal(0, 0))
machine_value(_, value::Union{Float64,Int64}) = value
machine_value(_, value::Timestamp) = value.microseconds
function machine_value(type, value::Decimal)
    scale = parse(Int, split(type[1:end-1], ", ")[2])
    fitting = rescaled(value, scale)
    fitting === nothing && throw(invalid_record("decimal", "a decimal column", "exact in $type", value))
    return fitting.value
end

function write_bits(target, flags)
    bytes = zeros(UInt8, cld(length(flags), 8))
    for (i, flag) in enumerate(flags)
        flag && (bytes[(i - 1) >> 3 + 1] |= 0x01 << ((i - 1) & 7))
    end
    GC.@preserve bytes unsafe_copyto!(Ptr{UInt8}(target), pointer(bytes), length(bytes))
end

function write_offsets(memory, type, lengths)
    T = startswith(type, "large_") ? Int64 : Int32
    ends = T[0; cumsum(T.(lengths))]
    GC.@preserve ends unsafe_copyto!(Ptr{T}(memory(1, sizeof(ends))), pointer(ends), length(ends))
end

"""
    read_records(T, columns)

Rows of the table of `T` from pairs of a name and its values.
"""
function read_records(::Type{T}, columns) where {T<:Record}
    values = Dict(columns)
    ordered = [values[String(field)] for field in fieldnames(T)]
    return T[T((column[row] for column in ordered)...) for row in eachindex(first(ordered))]
end

"""
Columns of any contract type, read into Julia values and written back. Where they are the columns of a table, they
pass through its records, and so through their constraints, on the way.
"""
function echo_body(call)
    n = array_count(call)
    schemas = [dereference(unsafe_load(call.schemas, i), "column $i", "its schema") for i in 1:n]
    names = [s.name == C_NULL ? "column $i" : unsafe_string(s.name) for (i, s) in enumerate(schemas)]
    types = [contract_type(schema, name) for (schema, name) in zip(schemas, names)]
    columns = Any[read_values(schemas[i], dereference(unsafe_load(call.arrays, i), names[i], "its array"), names[i]) for i in 1:n]
    T = record_type(names)
    if T !== nothing
        check_columns(table_schema(table_name(T)), collect(zip(names, types)))
        records = read_records(T, zip(names, columns))
        columns = Any[[getfield(record, Symbol(name)) for record in records] for name in names]
    end
    node = 0
    for (type, values) in zip(types, columns)
        node = write_values(call, node, type, values)
    end
end
