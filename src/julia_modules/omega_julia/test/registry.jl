const SPECS = [f.spec for f in OmegaJulia.FUNCTIONS]

@testset "names are distinct, and the hidden ones come last" begin
    names = [spec.name for spec in SPECS]
    @test allunique(names)
    hidden = startswith.(names, "probe.")
    @test issorted(hidden)
    @test function_number(names[2]) == 1
end

@testset "a specification is complete" begin
    for spec in SPECS
        @test occursin(r"^[a-z]+\.[a-z_]+$", spec.name)
        @test endswith(spec.summary, ".")
        @test all(p -> p.type in ("int", "float", "choice") && endswith(p.summary, "."), spec.parameters)
        @test all(o -> endswith(o.summary, "."), spec.outputs)
        @test all(code -> code in first.(values(OmegaJulia.ERROR_CODES)), spec.errors)
        startswith(spec.name, "probe.") && continue
        @test !isempty(spec.description) && !isempty(spec.references) && !isempty(spec.errors)
        for output in spec.outputs
            # A number that no summary shows would be missed there.
            @test !isempty(output.axes) || output.role !== nothing
            @test output.type == "float64" || output.role in ("fit", "search")
            @test (output.of !== nothing) == (output.role in ("standard_error", "lower", "upper"))
            @test output.of === nothing || any(o -> o.name == output.of && o.role == "estimate", spec.outputs)
        end
        for output in spec.outputs, axis in output.axes
            @test axis == "row" || any(p -> p.name == axis && p.type == "int", spec.parameters) ||
                  axis == "asset" && count(input -> input.many, spec.inputs) == 1
        end
    end
end

@testset "JSON keeps floats apart from whole numbers, and escapes text" begin
    @test OmegaJulia.json(252.0) == "252.0"
    @test OmegaJulia.json(1e-6) == "1.0e-6"
    @test OmegaJulia.json(252) == "252"
    @test OmegaJulia.json(nothing) == "null"
    @test OmegaJulia.json(true) == "true"
    @test OmegaJulia.json("a\"b\\c\n") == "\"a\\\"b\\\\c\\u000a\""
    @test OmegaJulia.json(["ä"]) == "[\"ä\"]"
    @test_throws ArgumentError OmegaJulia.json(NaN)
    @test_throws ArgumentError OmegaJulia.json(Inf)
end
