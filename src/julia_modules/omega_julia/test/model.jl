using OmegaJulia: present_rows, PROPAGATE, RAISE, SKIP

const ROWS = [garch_returns(60); NaN; garch_returns(60; seed = 2)]

@testset "dense rows are not copied" begin
    x = [1.0, 2.0]
    @test present_rows(x, "returns", SKIP)[1] === x
end

@testset "skip leaves a missing row out of the model and of its own answer" begin
    fit = Volatility.garch(ROWS)
    without = Volatility.garch(filter(!isnan, ROWS))
    @test fit.log_likelihood == without.log_likelihood
    @test isnan(fit.conditional_volatility[61])
    @test fit.conditional_volatility[[1:60; 62:121]] == without.conditional_volatility
    @test isequal(Volatility.garch([isnan(r) ? missing : r for r in ROWS]), fit)
end

@testset "propagate makes every output missing, in its shape" begin
    fit = Volatility.garch(ROWS; nulls = :propagate, horizon = 4)
    @test isnan(fit.alpha)
    @test all(isnan, fit.conditional_volatility) && length(fit.conditional_volatility) == 121
    @test all(isnan, fit.forecast_variance) && length(fit.forecast_variance) == 4
    fit = Regimes.hidden_markov(ROWS; nulls = :propagate, states = 3)
    @test size(fit.posterior) == (121, 3)
    @test size(fit.transition) == (3, 3)
    @test length(Simulation.stationary_bootstrap(ROWS; nulls = :propagate, replications = 5).replications) == 5
end

@testset "raise names the column and the row" begin
    e = failure(() -> Volatility.garch(ROWS; nulls = :raise))
    @test error_message(e) == "column `returns` is missing in row 60, which nulls=\"raise\" refuses"
end

@testset "infinities, giants and dwarfs are refused under every policy" begin
    for nulls in (:skip, :propagate, :raise),
        (value, text) in ((Inf, "inf"), (-Inf, "-inf"), (1.1e100, "1.1e100"), (-9.5e-101, "-9.5e-101"), (5e-324, "5.0e-324"))
        rows = copy(ROWS[1:60])
        rows[3] = value
        e = failure(() -> Regimes.hidden_markov(rows; nulls = nulls))
        @test error_name(e.code) == "INVALID_VALUE"
        @test (field(e, "name"), field(e, "row"), field(e, "value")) == ("returns", "2", text)
        @test field(e, "allowed") == "0, or from 1e-100 to 1e100 in magnitude"
    end
end

@testset "no data and constant data are refused by every model" begin
    for f in (Volatility.garch, Regimes.hidden_markov, Simulation.stationary_bootstrap)
        @test failure_name(() -> f(Float64[])) == "NOT_ENOUGH_DATA"
        @test failure_name(() -> f(fill(NaN, 100))) == "NOT_ENOUGH_DATA"
    end
    for f in (Volatility.garch, Regimes.hidden_markov), value in (0.0, 0.01, -1e-100, 1e100)
        @test failure_name(() -> f(fill(value, 100))) == "DEGENERATE_DATA"
    end
end

@testset "returns of the least and of the greatest size are fitted, and a row may be 0" begin
    x = [garch_returns(150); 0.0; -0.0]
    x /= maximum(abs, x)
    for f in (Volatility.garch, Regimes.hidden_markov), scale in (1e-95, 1e100)
        @test f(scale * x).log_likelihood ≈ f(x).log_likelihood - 152log(scale) rtol = 1e-9
    end
    @test Volatility.garch(1e-95 * x).omega > 0
end
