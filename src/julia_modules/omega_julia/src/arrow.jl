# Columns of float64 as Arrow's C data interface hands them over: borrowed, checked, never copied.

"A type, as in \"The Arrow C data interface\" of the Arrow columnar format."
struct ArrowSchema
    format::Ptr{UInt8}
    name::Ptr{UInt8}
    metadata::Ptr{UInt8}
    flags::Int64
    n_children::Int64
    children::Ptr{Ptr{ArrowSchema}}
    dictionary::Ptr{ArrowSchema}
    release::Ptr{Cvoid}
    private_data::Ptr{Cvoid}
end

"The values of one column."
struct ArrowArray
    length::Int64
    null_count::Int64
    offset::Int64
    n_buffers::Int64
    n_children::Int64
    buffers::Ptr{Ptr{Cvoid}}
    children::Ptr{Ptr{ArrowArray}}
    dictionary::Ptr{ArrowArray}
    release::Ptr{Cvoid}
    private_data::Ptr{Cvoid}
end

"Consecutive rows of a column; `values` and `validity` belong to the caller and die with the call."
struct Chunk
    values::Vector{Float64}
    validity::Ptr{UInt8}    # C_NULL where every row is present
    offset::Int             # of the first row's bit in `validity`
end

Base.length(chunk::Chunk) = length(chunk.values)

@inline function Base.getindex(chunk::Chunk, i::Int)
    return chunk.validity == C_NULL || bit(chunk.validity, chunk.offset + i - 1) ? chunk.values[i] : NaN
end

"Bit `i`, counted from 0, least significant first."
@inline bit(bitmap::Ptr{UInt8}, i) = (unsafe_load(bitmap, (i >> 3) + 1) >> (i & 7)) & 0x01 == 0x01

"""
    Column(chunks)

Chunks one after the other as one vector, without a copy; a cleared validity bit reads as NaN.
"""
struct Column <: AbstractVector{Float64}
    chunks::Vector{Chunk}
    ends::Vector{Int}
end

Column(chunks::Vector{Chunk}) = Column(chunks, cumsum(Int[length(chunk) for chunk in chunks]))

Base.size(column::Column) = (isempty(column.ends) ? 0 : last(column.ends),)
Base.IndexStyle(::Type{Column}) = IndexLinear()

function Base.getindex(column::Column, i::Int)
    @boundscheck checkbounds(column, i)
    c = searchsortedfirst(column.ends, i)
    chunk = column.chunks[c]
    return chunk[i - column.ends[c] + length(chunk)]
end

"All of the column in order: a walk that does not search for its chunk at every row."
function Base.copyto!(target::Vector{Float64}, column::Column)
    length(target) >= length(column) || throw(BoundsError(target, length(column)))
    row = 0
    for chunk in column.chunks, i in 1:length(chunk)
        @inbounds target[row += 1] = chunk[i]
    end
    return target
end

malformed(name, reason, allowed, value) = throw(malformed_arrow(name, reason, allowed, value))

"The struct behind a pointer."
function dereference(pointer::Ptr, name, what)
    pointer == C_NULL && malformed(name, what, "a pointer to a struct", "NULL")
    return unsafe_load(pointer)
end

"""
    read_float64(schema, array, name)

The rows of a float64 array as a [`Chunk`](@ref) over the caller's own memory.

Refuses what cannot be read in place: another type (`UNSUPPORTED_TYPE`), or counts, pointers and alignment that
are not as the interface asks (`MALFORMED_ARROW`), naming the column.
"""
function read_float64(schema::Ptr{ArrowSchema}, array::Ptr{ArrowArray}, name::String)
    type = dereference(schema, name, "its schema")
    type.format == C_NULL && malformed(name, "its format", "a format string", "NULL")
    if unsafe_load(type.format) != UInt8('g') || unsafe_load(type.format, 2) != 0x00
        throw(unsupported_type(name, "float64", unsafe_string(type.format)))
    end
    a = dereference(array, name, "its array")
    0 <= a.length || malformed(name, "its length", "at least 0", a.length)
    0 <= a.offset <= typemax(Int) >> 4 - a.length || malformed(name, "its offset", "at least 0 and in memory", a.offset)
    -1 <= a.null_count <= a.length || malformed(name, "its null count", "-1 to $(a.length)", a.null_count)
    a.n_buffers == 2 || malformed(name, "its number of buffers", "2", a.n_buffers)
    a.n_children == 0 || malformed(name, "its number of children", "0", a.n_children)
    a.dictionary == C_NULL || malformed(name, "its dictionary", "NULL", "a dictionary")
    a.buffers == C_NULL && malformed(name, "its list of buffers", "a pointer to 2 buffers", "NULL")
    validity = Ptr{UInt8}(unsafe_load(a.buffers, 1))
    validity == C_NULL && a.null_count > 0 && malformed(name, "its validity", "a bitmap of $(a.null_count) nulls", "NULL")
    base = unsafe_load(a.buffers, 2)
    a.length == 0 && return Chunk(Float64[], C_NULL, 0)
    base == C_NULL && malformed(name, "its values", "a pointer to $(a.length) values", "NULL")
    remainder = UInt(base) % 8
    remainder == 0 || malformed(name, "the address of its values", "a multiple of 8", "$remainder more")
    values = unsafe_wrap(Array, Ptr{Float64}(base) + 8 * a.offset, a.length; own = false)
    return Chunk(values, a.null_count == 0 ? Ptr{UInt8}(C_NULL) : validity, a.offset)
end
