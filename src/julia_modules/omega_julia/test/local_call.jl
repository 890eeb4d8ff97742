@testset "parameters are checked against the specification" begin
    x = garch_returns(100)
    e = failure(() -> Volatility.garch(x; horizn = 5))
    @test error_name(e.code) == "UNKNOWN_PARAMETER"
    @test field(e, "nearest") == "horizon"
    @test error_message(failure(() -> Volatility.garch(x; horizon = 0))) == "horizon must be at least 1 and at most 1000, got `0`"
    @test failure_name(() -> Volatility.garch(x; horizon = 2.5)) == "INVALID_TYPE"
    @test failure_name(() -> Volatility.garch(x; horizon = "ten")) == "INVALID_TYPE"
    @test error_message(failure(() -> Volatility.garch(x; mean = :median))) == "mean must be one of constant, zero, got `median`"
    @test error_message(failure(() -> Simulation.stationary_bootstrap(x; cutoff = 1.0))) == "cutoff must be above 0 and below 1, got `1.0`"
    @test failure_name(() -> Simulation.stationary_bootstrap(x; cutoff = NaN)) == "PARAMETER_OUT_OF_RANGE"
    @test failure_name(() -> Volatility.garch(x; nulls = :ignore)) == "PARAMETER_OUT_OF_RANGE"
end

@testset "every bound of every parameter is enforced by name" begin
    for f in OmegaJulia.FUNCTIONS, p in f.spec.parameters
        p.type == "choice" && continue
        for value in (p.minimum - 1, p.maximum * 2 + 1)
            e = failure(() -> OmegaJulia.number(p, p.type == "int" ? round(Int128, value) : value))
            @test error_name(e.code) == "PARAMETER_OUT_OF_RANGE"
            @test field(e, "name") == p.name
        end
    end
end

@testset "the number and the lengths of columns are checked" begin
    @test failure_name(() -> Volatility.garch()) == "INVALID_SHAPE"
    @test failure_name(() -> Volatility.garch([1.0], [1.0])) == "INVALID_SHAPE"
end

@testset "the nearest name is the one that needs the fewest edits" begin
    @test OmegaJulia.edits("kitten", "sitting") == 3
    @test OmegaJulia.edits("", "abc") == 3
    @test OmegaJulia.edits("größe", "größe") == 0
end
