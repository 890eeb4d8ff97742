@testset "every error of the table is raised with its number, name, message and fields" begin
    for (number, (name, template)) in OmegaJulia.ERROR_CODES
        code, outputs, message, fields = loopback(function_number("probe.raise"), [Float64(number), 0.0], Lent[])
        @test code == number
        @test error_name(code) == name
        # All fields are given, and so is what stands in brackets.
        @test message == replace(replace(template, r"[\[\]]" => ""), r"\{(\w+)\}" => s"<\1>")
        @test isempty(outputs)
        for pair in split(fields, '\x1e'; keepempty = false)
            key, value = split(pair, '\x1f')
            @test value == "<$key>"
        end
    end
end

@testset "what stands in brackets is left out where its field is empty" begin
    said(nearest) = OmegaJulia.error_message(OmegaJulia.unknown_table("brs", nearest))
    @test said("bars") == "no table is named `brs`; the nearest is `bars`"
    @test said("") == "no table is named `brs`"
end

@testset "an exception and a stack overflow come back as errors, time and again" begin
    for _ in 1:200
        code, _, message, _ = loopback(function_number("probe.throw"), [0.0], Lent[])
        @test error_name(code) == "JULIA_EXCEPTION"
        @test message == "probe.throw threw in Julia: `this function always throws`; please report it"
    end
    for _ in 1:3
        @test error_name(first(loopback(function_number("probe.overflow"), [0.0], Lent[]))) == "JULIA_STACK_OVERFLOW"
    end
    @test first(loopback(function_number("probe.identity"), [0.0], [lend([1.0])])) == 0
end

@testset "running out of memory inside Julia has its own code" begin
    e = OmegaJulia.classify(OutOfMemoryError(), function_number("volatility.garch"))
    @test error_name(e.code) == "OUT_OF_MEMORY"
    @test field(e, "function") == "volatility.garch"
end

@testset "the trivial kernel returns its rows, missing ones as NaN" begin
    identity_of(lent) = loopback(function_number("probe.identity"), [0.0], lent)[2][1]
    @test identity_of([lend([1.0, 2.0, 3.0])]) == [1, 2, 3]
    @test identity_of([lend([1.0, 2.0, 3.0]; offset = 1)]) == [2, 3]
    @test isequal(identity_of([lend([0.0, 1.0, 2.0, 3.0]; offset = 1, validity = [0b1011])]), [1, NaN, 3])
    @test identity_of([lend([1.0]), lend([2.0, 3.0])]) == [1, 2, 3]
end

@testset "Julia sees the very memory that it was lent" begin
    values = collect(1.0:10.0)
    _, (high, low), = loopback(function_number("probe.addresses"), [0.0], [lend(values), lend(values; offset = 3)])
    seen = UInt.(high) .<< 32 .| UInt.(low)
    @test seen == UInt[UInt(pointer(values)), UInt(pointer(values)) + 24]
end

@testset "collecting garbage says what is left" begin
    _, (live,), = loopback(function_number("probe.collect"), [0.0], Lent[])
    @test live[1] > 0
end

@testset "a column that is read into Julia's values is written out again" begin
    echo(lent) = loopback(function_number("probe.echo"), [0.0], lent)
    code, outputs = echo([lend([1.0, 2.0, 3.0]; offset = 1)])
    @test (code, outputs) == (0, [[2.0, 3.0]])
    code, (bits, values) = echo([lend([1.0, 2.0, 3.0]; validity = [0b101])])
    @test code == 0
    @test reinterpret(UInt8, bits)[1] & 0b111 == 0b101
    @test values[[1, 3]] == [1.0, 3.0]
    @test error_name(first(echo([lend([1.0]; format = "tdD")]))) == "UNSUPPORTED_TYPE"
end
