# The C entry called from Julia itself, as a host would: for warming up, and for tests of the boundary.

"Structs of Arrow's C data interface over Julia's memory, which `roots` keeps alive."
struct Lent
    schema::Base.RefValue{ArrowSchema}
    array::Base.RefValue{ArrowArray}
    roots::Vector{Any}
end

"""
    lend(values; validity, offset, length, null_count, format, …)

Values as an Arrow array without a copy. The counts and pointers may be wrong on purpose.
"""
function lend(values::Vector; validity::Vector{UInt8} = UInt8[], offset = 0, length = Base.length(values) - offset,
              null_count = isempty(validity) ? 0 : -1, format = "g", n_buffers = 2, skew = 0, name = "")
    buffers = Ptr{Cvoid}[isempty(validity) ? C_NULL : pointer(validity), isempty(values) ? C_NULL : pointer(values) + skew]
    schema = Ref(ArrowSchema(pointer(format), isempty(name) ? C_NULL : pointer(name), C_NULL, 2, 0, C_NULL, C_NULL, C_NULL, C_NULL))
    array = Ref(ArrowArray(length, null_count, offset, n_buffers, 0, pointer(buffers), C_NULL, C_NULL, C_NULL, C_NULL))
    return Lent(schema, array, Any[values, validity, buffers, format, name])
end

"Memory that a call asked for, in order of the outputs."
const Handed = Vector{Vector{Float64}}

function hand_out(context::Ptr{Cvoid}, node::Int32, ::Int32, rows::Int64, bytes::Int64)::Ptr{Cvoid}
    memory = Vector{Float64}(undef, cld(bytes, 8))
    push!(unsafe_pointer_to_objref(context)::Handed, memory)
    return pointer(memory)
end

hand_out_nothing(::Ptr{Cvoid}, ::Int32, ::Int32, ::Int64, ::Int64)::Ptr{Cvoid} = C_NULL

hander() = @cfunction(hand_out, Ptr{Cvoid}, (Ptr{Cvoid}, Int32, Int32, Int64, Int64))
refuser() = @cfunction(hand_out_nothing, Ptr{Cvoid}, (Ptr{Cvoid}, Int32, Int32, Int64, Int64))

"""
    loopback(number, parameters, lent; columns, alloc)

Calls function `number` through the C entry, with so many `columns` for each input, one by default. Returns the error's number, the outputs (each a vector of float64), the
message and the fields as they were written, and the row and the column that the error is about.
"""
function loopback(number, parameters::Vector{Float64}, lent::Vector{Lent}; columns = one_each(number), alloc = hander())
    schemas = Ptr{ArrowSchema}[Base.unsafe_convert(Ptr{ArrowSchema}, l.schema) for l in lent]
    arrays = Ptr{ArrowArray}[Base.unsafe_convert(Ptr{ArrowArray}, l.array) for l in lent]
    handed = Handed()
    err = zeros(UInt64, sizeof(OmegaError) ÷ 8)
    error_struct = Ptr{OmegaError}(pointer(err))
    GC.@preserve lent handed err begin
        unsafe_store!(Ptr{UInt32}(error_struct), sizeof(OmegaError))
        code = ccall(entry(), Int32,
                     (Int32, Ptr{Float64}, Int32, Int32, Ptr{Int32}, Int32, Ptr{Ptr{ArrowSchema}}, Ptr{Ptr{ArrowArray}}, Ptr{Cvoid}, Ptr{Cvoid}, Ptr{OmegaError}),
                     number, parameters, length(parameters), length(columns), columns, length(lent), schemas, arrays, alloc, pointer_from_objref(handed), error_struct)
        message = unsafe_string(field_pointer(UInt8, error_struct, :message))
        fields = unsafe_string(field_pointer(UInt8, error_struct, :fields))
        row = unsafe_load(field_pointer(Int64, error_struct, :row))
        column = unsafe_load(field_pointer(Int32, error_struct, :column))
    end
    return code, handed, message, fields, row, column
end

"One column for each input of a function."
one_each(number) = ones(Int32, 0 <= number < length(FUNCTIONS) ? length(FUNCTIONS[number + 1].spec.inputs) : 0)

"The numbers of a call by name: a function's defaults, what is given, and the policy for missing rows."
native_parameters(name, nulls, given...) =
    resolve(FUNCTIONS[function_number(name) + 1].spec, nulls, Pair{String,Any}[given...])
