# The C entry: every call from Rust arrives here, and nothing that goes wrong leaves except as a number and a message.

"How a function says what went wrong. The caller allocates and zeroes it."
struct OmegaError
    struct_size::UInt32
    code::Int32
    row::Int64
    column::Int32
    reserved_flags::UInt32
    message::NTuple{512,UInt8}
    fields::NTuple{1024,UInt8}
    reserved::NTuple{8,UInt64}
end

"What the host needs to know, in memory that stays where it is."
struct OmegaAbi
    struct_size::UInt32
    abi_version::UInt32
    call::Ptr{Cvoid}
    specs_json::Ptr{UInt8}
    julia_version::Ptr{UInt8}
    contract_fingerprint::Ptr{UInt8}
    interrupt::Ptr{UInt32}
end

"A call through the C entry: borrowed pointers, dead when it returns."
struct NativeCall <: Call
    spec::FunctionSpec
    parameters::Ptr{Float64}
    columns::Ptr{Int32}     # how many columns each input has
    n_arrays::Int
    schemas::Ptr{Ptr{ArrowSchema}}
    arrays::Ptr{Ptr{ArrowArray}}
    alloc::Ptr{Cvoid}
    alloc_context::Ptr{Cvoid}
end

specification(call::NativeCall) = call.spec
parameter(call::NativeCall, i) = unsafe_load(call.parameters, i)
array_count(call::NativeCall) = call.n_arrays
chunk_count(call::NativeCall) = call.n_arrays ÷ column_count(call, length(call.spec.inputs))

"How many columns the first `n` inputs have together."
function column_count(call::NativeCall, n)
    total = 0
    for i in 1:n
        total += unsafe_load(call.columns, i)
    end
    return total
end

"The columns of an input of many columns are called as their schemas say."
function names_of(call::NativeCall, i)
    input, before = call.spec.inputs[i], column_count(call, i - 1)
    input.many || return [input.name]
    return String[column_name(call, before + j) for j in 1:unsafe_load(call.columns, i)]
end

"What column `c` of all is called; where no schema names it, its place among all, from 0."
function column_name(call::NativeCall, c)
    chunk_count(call) == 0 && return string(c - 1)
    name = dereference(schema(call, c, 1), "column $c", "its schema").name
    return name == C_NULL ? string(c - 1) : unsafe_string(name)
end

function rows(call::NativeCall)
    total = 0
    for i in 1:chunk_count(call)
        total += dereference(unsafe_load(call.arrays, i), call.spec.inputs[1].name, "its array").length
    end
    return total
end

chunk(call::NativeCall, c, i, name) = read_float64(schema(call, c, i), array(call, c, i), name)
schema(call::NativeCall, c, i) = unsafe_load(call.schemas, (c - 1) * chunk_count(call) + i)
array(call::NativeCall, c, i) = unsafe_load(call.arrays, (c - 1) * chunk_count(call) + i)

"One dense chunk is a plain vector, which is the fastest to read; all else is a [`Column`](@ref)."
function column(call::NativeCall, i, j)
    c = column_count(call, i - 1) + j
    name = call.spec.inputs[i].many ? column_name(call, c) : call.spec.inputs[i].name
    chunk_count(call) == 1 || return Column(Chunk[chunk(call, c, k, name) for k in 1:chunk_count(call)])
    only = chunk(call, c, 1, name)
    return only.validity == C_NULL ? only.values : Column([only])
end

"Memory that belongs to the caller: buffer 1 of output `i`."
output(call::NativeCall, i) = unsafe_wrap(Array, allocate(call, i, 1, 1), 1; own = false)
output(call::NativeCall, i, n) = unsafe_wrap(Array, allocate(call, i, n, n), n; own = false)
output(call::NativeCall, i, n, k) = unsafe_wrap(Array, allocate(call, i, n, n * k), (n, k); own = false)
allocate(call, i, rows, values) = Ptr{Float64}(allocate_bytes(call, i - 1, 1, rows, 8 * values))

function allocate_bytes(call, node, buffer, rows, bytes)
    memory = ccall(call.alloc, Ptr{Cvoid}, (Ptr{Cvoid}, Int32, Int32, Int64, Int64), call.alloc_context, node, buffer, rows, bytes)
    memory == C_NULL && bytes > 0 && throw(out_of_memory(call.spec.name, bytes, Sys.free_memory()))
    return memory
end

"""
    address(call, i)

Where the first value of array `i` lies; an empty array has none, and says 0.
"""
function address(call::NativeCall, i)
    type = dereference(unsafe_load(call.schemas, i), "column $i", "its schema")
    a = dereference(unsafe_load(call.arrays, i), "column $i", "its array")
    format = unsafe_string(type.format)
    a.length == 0 && return UInt(0)
    format == "g" && return UInt(pointer(read_float64(unsafe_load(call.schemas, i), unsafe_load(call.arrays, i), "column $i").values))
    holder = format in ("u", "U", "z", "Z") ? 3 : 2
    holder <= a.n_buffers || malformed("column $i", "its number of buffers", "at least $holder", a.n_buffers)
    return UInt(unsafe_load(a.buffers, holder))
end

"""
The one C function behind every function of Omega in Julia; `Call` in `omega_arrow/src/c.rs` is its signature.

Returns the number of the error, 0 if there is none. Inputs are borrowed until it returns.
"""
function call(function_id::Int32, parameters::Ptr{Float64}, n_parameters::Int32, n_inputs::Int32, columns::Ptr{Int32},
              n_arrays::Int32, schemas::Ptr{Ptr{ArrowSchema}}, arrays::Ptr{Ptr{ArrowArray}}, alloc::Ptr{Cvoid},
              alloc_context::Ptr{Cvoid}, err::Ptr{OmegaError})::Int32
    try
        ITERATIONS[] = 0
        f = lookup(function_id)
        check_counts(f.spec, n_parameters, n_inputs, columns, n_arrays)
        run(f, NativeCall(f.spec, parameters, columns, n_arrays, schemas, arrays, alloc, alloc_context))
        return Int32(0)
    catch e
        return report(err, e, function_id)
    end
end

function lookup(function_id)
    0 <= function_id < length(FUNCTIONS) && return FUNCTIONS[function_id + 1]
    throw(contract_mismatch("the number of a Julia function", "0 to $(length(FUNCTIONS) - 1)", function_id))
end

function check_counts(spec, n_parameters, n_inputs, columns, n_arrays)
    expected = length(spec.parameters) + 1
    n_parameters == expected || throw(contract_mismatch("$(spec.name)'s number of parameters", expected, n_parameters))
    n_inputs == length(spec.inputs) || throw(contract_mismatch("$(spec.name)'s number of inputs", length(spec.inputs), n_inputs))
    total = 0
    for (i, input) in enumerate(spec.inputs)
        count = unsafe_load(columns, i)
        (input.many ? count >= 1 : count == 1) ||
            throw(contract_mismatch("the number of columns of $(input.name)", input.many ? "at least 1" : "1", count))
        total += count
    end
    n_arrays >= 0 && (total == 0 || n_arrays % total == 0) ||
        throw(contract_mismatch("$(spec.name)'s number of arrays", "a multiple of $total", n_arrays))
end

"Writes an exception into `err`, and returns its number. Never throws."
function report(err, e, function_id)
    try
        typed = classify(e, function_id)
        fill_error(err, typed, function_id)
        return typed.code
    catch
        code = e isa OmegaException ? e.code : Int32(4002)
        err == C_NULL || unsafe_store!(field_pointer(Int32, err, :code), code)
        return code
    end
end

classify(e::OmegaException, _) = e
classify(e::Interrupted, id) = interrupted(function_name(id), e.iterations, "calling it again starts from the beginning")
classify(::StackOverflowError, id) = julia_stack_overflow(function_name(id), "StackOverflowError")
classify(::OutOfMemoryError, id) = out_of_memory(function_name(id), "an unknown number of", Sys.free_memory())
# Without a backtrace: symbolising one is slow, and on Julia 1.5 noisy where libraries carry DWARF 5.
classify(e, id) = julia_exception(function_name(id), sprint(showerror, e))

function_name(id) = 0 <= id < length(FUNCTIONS) ? FUNCTIONS[id + 1].spec.name : "function $id"

field_pointer(::Type{T}, err, name) where {T} = Ptr{T}(err + fieldoffset(OmegaError, Base.fieldindex(OmegaError, name)))

function fill_error(err, e::OmegaException, function_id)
    err == C_NULL && return
    unsafe_load(Ptr{UInt32}(err)) >= sizeof(OmegaError) || return
    unsafe_store!(field_pointer(Int32, err, :code), e.code)
    unsafe_store!(field_pointer(Int64, err, :row), row_of(e))
    unsafe_store!(field_pointer(Int32, err, :column), column_of(e, function_id))
    write_text(field_pointer(UInt8, err, :message), 512, error_message(e))
    write_text(field_pointer(UInt8, err, :fields), 1024, join_fields(e.fields, 1023))
end

"The row that an error names, -1 if none."
function row_of(e)
    for (name, value) in e.fields
        name == "row" && return something(tryparse(Int64, value), Int64(-1))
    end
    return Int64(-1)
end

"The input that an error names, counted from 0; -1 if none."
function column_of(e, id)
    0 <= id < length(FUNCTIONS) || return Int32(-1)
    inputs = FUNCTIONS[id + 1].spec.inputs
    for (name, value) in e.fields, i in eachindex(inputs)
        name == "name" && inputs[i].name == value && return Int32(i - 1)
    end
    return Int32(-1)
end

"Names and values, each pair ended; values are cut rather than separators when there is no room."
function join_fields(fields, room)
    text = IOBuffer()
    for (name, value) in fields
        left = room - position(text) - ncodeunits(name) - 2
        left >= 0 || break
        print(text, name, '\x1f', cut(replace(value, r"[\x1e\x1f]" => " "), left), '\x1e')
    end
    return String(take!(text))
end

"As much of `text` as fits into `room` bytes without splitting a character."
function cut(text, room)
    ncodeunits(text) <= room && return text
    return SubString(text, 1, prevind(text, thisind(text, room + 1)))
end

"Text and a zero byte, into `size` bytes."
function write_text(target, size, text)
    kept = String(cut(text, size - 1))
    GC.@preserve kept unsafe_copyto!(target, pointer(kept), ncodeunits(kept))
    unsafe_store!(target, 0x00, ncodeunits(kept) + 1)
end

"The version of the table and of the call, which the host must speak: 2 since an input may have many columns."
const ABI_VERSION = 2

const JULIA_VERSION = string(VERSION)
const ABI = Ref{OmegaAbi}()

"""
    abi()

The address of the [`OmegaAbi`](@ref) by which a host calls Julia, every function behind it compiled.
"""
function abi()
    ABI[] = OmegaAbi(sizeof(OmegaAbi), ABI_VERSION, entry(), pointer(SPECS_JSON), pointer(JULIA_VERSION), pointer(CONTRACT_FINGERPRINT),
                     Ptr{UInt32}(pointer_from_objref(INTERRUPT)))
    warm()
    return Ptr{Cvoid}(pointer_from_objref(ABI))
end

entry() = @cfunction(call, Int32, (Int32, Ptr{Float64}, Int32, Int32, Ptr{Int32}, Int32, Ptr{Ptr{ArrowSchema}}, Ptr{Ptr{ArrowArray}}, Ptr{Cvoid}, Ptr{Cvoid}, Ptr{OmegaError}))
