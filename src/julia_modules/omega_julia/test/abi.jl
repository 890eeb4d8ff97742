using OmegaJulia: OmegaAbi, OmegaError, cut, join_fields, refuser

const RETURNS = garch_returns(400; alpha = 0.2, beta = 0.7)

@testset "the table of the host says what it points to" begin
    table = unsafe_load(Ptr{OmegaAbi}(OmegaJulia.abi()))
    @test (table.struct_size, table.abi_version) == (sizeof(OmegaAbi), OmegaJulia.ABI_VERSION)
    @test unsafe_string(table.specs_json) == OmegaJulia.SPECS_JSON
    @test unsafe_string(table.julia_version) == string(VERSION)
    @test occursin("bars 1.", unsafe_string(table.contract_fingerprint))
    @test table.call != C_NULL
end

@testset "a call whose interrupt flag is raised stops, and the next one does not" begin
    flag = unsafe_load(Ptr{OmegaAbi}(OmegaJulia.abi())).interrupt
    for name in ("volatility.garch", "regimes.hidden_markov", "simulation.stationary_bootstrap")
        call() = loopback(function_number(name), native_parameters(name, "skip"), [lend(RETURNS)])
        unsafe_store!(flag, 0x00000001)
        code, outputs, message, fields = try
            call()
        finally
            unsafe_store!(flag, 0x00000000)
        end
        @test (error_name(code), outputs) == ("INTERRUPTED", [])
        @test startswith(message, "$name was interrupted after `0` iterations")
        @test startswith(fields, "function\x1f$name\x1evalue\x1f0\x1e")
        @test first(call()) == 0
    end
end

@testset "the structs are laid out as in C" begin
    @test sizeof(OmegaJulia.ArrowSchema) == 72
    @test sizeof(OmegaJulia.ArrowArray) == 80
    @test sizeof(OmegaError) == 1624
    @test fieldoffset(OmegaError, 6) == 24
    @test fieldoffset(OmegaError, 7) == 536
end

@testset "a call answers as one from Julia does" begin
    code, outputs, message, _ = loopback(function_number("volatility.garch"), native_parameters("volatility.garch", "skip"), [lend(RETURNS)])
    fit = Volatility.garch(RETURNS)
    @test (code, message) == (0, "")
    @test !any(isnan.(first.(outputs)))
    @test all(o -> o[1] == (o[2] isa Number ? [o[2]] : o[2]), zip(outputs, values(fit)))
end

@testset "chunks and missing rows answer as one dense column does" begin
    garch(lent) = loopback(function_number("volatility.garch"), native_parameters("volatility.garch", "skip"), lent)[2]
    dense = garch([lend(RETURNS)])
    @test garch([lend(RETURNS[1:7]), lend(Float64[]), lend(RETURNS[8:400])]) == dense
    @test garch([lend([9.0; RETURNS]; offset = 1)]) == dense
    with_gap = [RETURNS[1:100]; NaN; RETURNS[101:400]]
    bits = fill(0xff, 51)
    bits[13] = 0xef                                  # row 100, counted from 0
    by_bit = garch([lend([RETURNS[1:100]; 7.7; RETURNS[101:400]]; validity = bits)])
    @test isequal(garch([lend(with_gap)]), by_bit)
    rows = findfirst(o -> o.axes == ["row"], Volatility.garch.spec.outputs)
    @test by_bit[1:rows - 1] == dense[1:rows - 1]
    @test isnan(by_bit[rows][101])
    @test by_bit[rows][[1:100; 102:401]] == dense[rows]
end

@testset "what the host gets wrong is a typed error" begin
    identity_number = function_number("probe.identity")
    call(lent; parameters = [0.0], number = identity_number) = loopback(number, parameters, lent)
    rejected(lent; options...) = error_name(first(call(lent; options...)))
    @test rejected(Lent[]; number = -1) == "CONTRACT_MISMATCH"
    @test rejected(Lent[]; number = 10_000) == "CONTRACT_MISMATCH"
    @test rejected([lend(RETURNS)]; parameters = Float64[]) == "CONTRACT_MISMATCH"
    @test rejected([lend(RETURNS)]; parameters = [0.0, 0.0]) == "CONTRACT_MISMATCH"
    @test rejected([lend(RETURNS; format = "f")]) == "UNSUPPORTED_TYPE"
    @test rejected([lend(RETURNS; format = "gg")]) == "UNSUPPORTED_TYPE"
    @test rejected([lend(RETURNS; length = -1)]) == "MALFORMED_ARROW"
    @test rejected([lend(RETURNS; offset = -1)]) == "MALFORMED_ARROW"
    @test rejected([lend(RETURNS; offset = typemax(Int), length = 1)]) == "MALFORMED_ARROW"
    @test rejected([lend(RETURNS; null_count = 5)]) == "MALFORMED_ARROW"
    @test rejected([lend(RETURNS; null_count = -2)]) == "MALFORMED_ARROW"
    @test rejected([lend(RETURNS; n_buffers = 1)]) == "MALFORMED_ARROW"
    @test rejected([lend(RETURNS; skew = 1, length = 3)]) == "MALFORMED_ARROW"
    @test rejected([lend(Float64[]; length = 3)]) == "MALFORMED_ARROW"
    code, _, message, fields = call([lend(RETURNS; skew = 4, length = 3)])
    @test message == "column `value` is not valid Arrow: the address of its values must be a multiple of 8, got `4 more`"
    @test startswith(fields, "name\x1fvalue\x1ereason\x1f")
end

@testset "no rows are no error of the boundary" begin
    code, outputs = loopback(function_number("probe.identity"), [0.0], [lend(Float64[])])
    @test code == 0
    @test outputs == [Float64[]]
    code, = loopback(function_number("volatility.garch"), native_parameters("volatility.garch", "skip"), Lent[])
    @test error_name(code) == "NOT_ENOUGH_DATA"
end

@testset "memory that is refused is an error, and nothing is written" begin
    code, outputs, message, fields = loopback(function_number("probe.identity"), [0.0], [lend([1.0, 2.0])]; alloc = refuser())
    @test error_name(code) == "OUT_OF_MEMORY"
    @test isempty(outputs)
    @test occursin("`16` bytes", message)
end

@testset "an error says which row and column it is about, -1 where neither" begin
    parameters = native_parameters("volatility.garch", "raise")
    _, _, _, _, row, column = loopback(function_number("volatility.garch"), parameters, [lend([1.0, 2.0, NaN])])
    @test (row, column) == (2, 0)
    _, _, _, _, row, column = loopback(function_number("probe.throw"), [0.0], Lent[])
    @test (row, column) == (-1, -1)
end

@testset "text is cut between characters" begin
    @test cut("größer", 3) == "gr"
    @test cut("größer", 4) == "grö"
    @test cut("größer", 0) == ""
    @test cut("größer", 99) == "größer"
    @test isvalid(String(cut("€"^400, 511)))
end

@testset "fields that do not fit lose their ends, not their separators" begin
    fields = join_fields(["name" => "a\x1eb", "value" => "ß"^2000], 1023)
    @test ncodeunits(fields) <= 1023
    @test isvalid(fields)
    @test startswith(fields, "name\x1fa b\x1evalue\x1fß")
    @test endswith(fields, "ß\x1e")
end

@testset "a message longer than its room arrives cut" begin
    code, _, message, _ = loopback(function_number("probe.identity"), [0.0], [lend([1.0]; format = "ü"^600)])
    @test error_name(code) == "UNSUPPORTED_TYPE"
    @test 505 <= ncodeunits(message) <= 511
    @test isvalid(message)
end

@testset "a call costs little and leaves little behind" begin
    lent = [lend([1.0])]
    loopback(function_number("probe.identity"), [0.0], lent)
    @test @allocated(loopback(function_number("probe.identity"), [0.0], lent)) < 8_000
end
