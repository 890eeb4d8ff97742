@testset "it agrees with arch" begin
    for (parameters, returns, expected) in reference_cases("volatility/ewma.csv")
        fit = Volatility.ewma(returns; decay = parse(Float64, parameters["decay"]), periods = parse(Float64, parameters["periods"]))
        for name in (:volatility, :forecast_volatility, :forecast_covariance)
            reference = expected[string(name)]
            @test reference(getfield(fit, name)) ≈ reference.values rtol = 1e-9
        end
    end
end

@testset "an asset has the same volatility alone as beside others" begin
    x = reshape(garch_returns(300), 100, 3)
    together = Volatility.ewma(x)
    for j in 1:3
        alone = Volatility.ewma(x[:, j:j])
        @test alone.volatility[:, 1] == together.volatility[:, j]
        @test alone.forecast_covariance[1, 1] == together.forecast_covariance[j, j]
    end
end

@testset "the covariance is that of any portfolio: its variance is never negative, and the one of its returns" begin
    x = reshape(garch_returns(200), 50, 4)
    weights = [0.5, -1.0, 0.25, 2.0]
    fit = Volatility.ewma(x)
    portfolio = Volatility.ewma(reshape(x * weights, :, 1))
    @test fit.forecast_covariance == permutedims(fit.forecast_covariance)
    @test weights' * fit.forecast_covariance * weights ≈ only(portfolio.forecast_covariance) rtol = 1e-10
end

@testset "a market without moves has no volatility, however long it lasts" begin
    fit = Volatility.ewma(reshape([0.01; zeros(20_000)], :, 1))
    @test fit.volatility[1] > 0 && fit.volatility[end] == 0 && only(fit.forecast_volatility) == 0
    @test all(iszero, Volatility.ewma(zeros(10, 2)).forecast_covariance)
end

@testset "one row is no past" begin
    @test failure_name(() -> Volatility.ewma(reshape([0.01], 1, 1))) == "NOT_ENOUGH_DATA"
end
