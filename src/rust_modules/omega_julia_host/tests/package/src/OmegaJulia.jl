"""
The smallest package that the host can load: it keeps the rules of the C call, or breaks one of them when asked.

It starts at once, so that every test can have a Julia of its own. Layouts are those of `omega_arrow/src/c.rs`.
"""
module OmegaJulia

struct Alloc
    callback::Ptr{Cvoid}
    context::Ptr{Cvoid}
end

"Memory for `rows` numbers of output `node`."
(alloc::Alloc)(node, rows; buffer = 1, bytes = 8rows) = Ptr{Float64}(ccall(
    alloc.callback, Ptr{Cvoid}, (Ptr{Cvoid}, Int32, Int32, Int64, Int64), alloc.context, node, buffer, rows, bytes))

struct ArrowArray
    length::Int64
    null_count::Int64
    offset::Int64
    n_buffers::Int64
    n_children::Int64
    buffers::Ptr{Ptr{Float64}}
end

function identity_of(arrays, alloc)
    array = unsafe_load(unsafe_load(arrays))
    unsafe_copyto!(alloc(0, array.length), unsafe_load(array.buffers, 2), array.length)
    return 0
end

function collect_garbage(_, alloc)
    garbage = [Vector{Float64}(undef, 128) for _ in 1:1000]
    empty!(garbage)
    GC.gc()
    unsafe_store!(alloc(0, 1), Base.gc_live_bytes())
    return 0
end

always_throw(_, _) = error("this function always throws")

# Needs the value of the call inside it, so that no compiler turns the recursion into a loop.
descend(depth) = depth < 0 ? 0 : 1 + descend(depth + 1) * (depth & 1 + 1)

overflow(_, _) = descend(0)

ask_twice(_, alloc) = (alloc(0, 1); alloc(0, 1); 0)
change_the_length(_, alloc) = (alloc(0, 1; buffer = 0); alloc(0, 2); 0)
ask_for_a_fourth_buffer(_, alloc) = (alloc(0, 1; buffer = 3); 0)
ask_for_less_than_nothing(_, alloc) = (alloc(0, -1); 0)
ask_for_too_much(_, alloc) = (alloc(0, 1; bytes = typemax(Int64) - 64); 0)
leave_an_output_out(_, alloc) = (alloc(0, 1); alloc(2, 1); 0)
return_a_status_alone(_, _) = 1005
report_an_unknown_code(_, _) = throw(9999)

const FUNCTIONS = [identity_of, collect_garbage, always_throw, overflow, ask_twice, change_the_length,
    ask_for_a_fourth_buffer, ask_for_less_than_nothing, ask_for_too_much, leave_an_output_out, return_a_status_alone,
    report_an_unknown_code]

function call(id::Int32, _::Ptr{Float64}, _::Int32, _::Int32, _::Ptr{Int32}, _::Int32, _::Ptr{Ptr{Cvoid}}, arrays::Ptr{Ptr{ArrowArray}},
              alloc::Ptr{Cvoid}, context::Ptr{Cvoid}, report::Ptr{UInt8})::Int32
    try
        return FUNCTIONS[id + 1](arrays, Alloc(alloc, context))
    catch fault
        code = fault isa Int ? fault : fault isa StackOverflowError ? 5005 : 4002
        unsafe_store!(Ptr{Int32}(report + 4), code)
        fields = "function\x1f" * string(FUNCTIONS[id + 1]) * "\x1ereason\x1f" * sprint(showerror, fault) * "\x1e"
        GC.@preserve fields unsafe_copyto!(report + 536, pointer(fields), min(sizeof(fields), 1023))
        return code
    end
end

const SPECS = "[" * join(("{\"name\": \"$f\"}" for f in FUNCTIONS), ", ") * "]"
const JULIA_VERSION = string(VERSION)

struct OmegaAbi
    struct_size::UInt32
    abi_version::UInt32
    call::Ptr{Cvoid}
    specs_json::Ptr{UInt8}
    julia_version::Ptr{UInt8}
    contract_fingerprint::Ptr{UInt8}
end

const ABI = Ref{OmegaAbi}()

function abi()
    entry = @cfunction(call, Int32, (Int32, Ptr{Float64}, Int32, Int32, Ptr{Int32}, Int32, Ptr{Ptr{Cvoid}}, Ptr{Ptr{ArrowArray}}, Ptr{Cvoid}, Ptr{Cvoid}, Ptr{UInt8}))
    ABI[] = OmegaAbi(sizeof(OmegaAbi), 2, entry, pointer(SPECS), pointer(JULIA_VERSION), pointer(JULIA_VERSION))
    return Ptr{Cvoid}(pointer_from_objref(ABI))
end

end
