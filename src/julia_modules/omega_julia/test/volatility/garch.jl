using OmegaJulia.Volatility: Sample, log_likelihood!, unbounded_to_parameters, parameters_to_unbounded

close_to(a, b, tolerance) = all(isapprox.(a, b; rtol = tolerance))

@testset "it is no worse than arch, and has its parameters" begin
    for (parameters, returns, expected) in reference_cases("volatility/garch.csv")
        fit = Volatility.garch(returns; mean = parameters["mean"], covariance = parameters["covariance"],
                               horizon = parse(Int, parameters["horizon"]))
        reference = only(expected["log_likelihood"])
        @test fit.log_likelihood >= reference - 1e-6 * abs(reference)
        @test close_to([fit.aic, fit.bic], [only(expected["aic"]), only(expected["bic"])], 1e-6)
        @test (fit.free_parameters, fit.rows, fit.converged) === (parameters["mean"] == "constant" ? 4 : 3, length(returns), true)
        for name in (:omega, :alpha, :beta, :conditional_volatility, :forecast_variance)
            reference = expected[string(name)]
            @test close_to(reference(getfield(fit, name)), reference.values, 1e-3)
        end
        for name in (:omega_standard_error, :alpha_standard_error, :beta_standard_error)
            @test close_to(getfield(fit, name), only(expected[string(name)]), 5e-3)
        end
        residuals = expected["standardized_residuals"]
        @test isapprox(residuals(fit.standardized_residuals), residuals.values; rtol = 1e-3)
        if parameters["mean"] == "constant"
            @test close_to(fit.mu, only(expected["mu"]), 1e-3)
            @test close_to(fit.mu_standard_error, only(expected["mu_standard_error"]), 5e-3)
        else
            @test fit.mu == 0
            @test isnan(fit.mu_standard_error)
        end
    end
end

@testset "the gradient is that of the likelihood" begin
    sample = Sample(garch_returns(300))
    θ = [0.03, 0.1, 0.12, 0.8]
    gradient = zeros(4)
    log_likelihood!(gradient, θ, sample)
    for i in 1:4
        step = 1e-6
        nudge = [j == i ? step : 0.0 for j in 1:4]
        difference = (log_likelihood!(zeros(4), θ + nudge, sample) - log_likelihood!(zeros(4), θ - nudge, sample)) / 2step
        @test gradient[i] ≈ difference rtol = 1e-6
    end
end

@testset "the gradient is right where a variance is at its bound" begin
    ε = garch_returns(100)
    sample = Sample(ε, 1.0, fill(0.5, 100), fill(1.5, 100), zeros(100), zeros(4, 100))
    θ = [0.0, 0.2, 0.3, 0.6]
    gradient = zeros(4)
    log_likelihood!(gradient, θ, sample)
    for i in 1:4
        nudge = [j == i ? 1e-6 : 0.0 for j in 1:4]
        difference = (log_likelihood!(zeros(4), θ + nudge, sample) - log_likelihood!(zeros(4), θ - nudge, sample)) / 2e-6
        @test gradient[i] ≈ difference rtol = 1e-4 atol = 1e-6
    end
end

@testset "parameters survive the way to unbounded numbers and back" begin
    θ = [0.1, 0.02, 0.07, 0.9]
    @test unbounded_to_parameters(parameters_to_unbounded(θ)) ≈ θ
end

@testset "it recovers the parameters that made the data" begin
    fit = Volatility.garch(garch_returns(20_000; mu = 0.1, seed = 11))
    for (estimate, truth, error) in ((fit.mu, 0.1, fit.mu_standard_error), (fit.omega, 0.05, fit.omega_standard_error),
                                     (fit.alpha, 0.08, fit.alpha_standard_error), (fit.beta, 0.9, fit.beta_standard_error))
        @test abs(estimate - truth) < 4error
        @test 0 < error < 0.05
    end
    classic = Volatility.garch(garch_returns(20_000; mu = 0.1, seed = 11); covariance = :classic)
    @test classic.alpha_standard_error ≈ fit.alpha_standard_error rtol = 0.1    # equal in the limit: the surprises are normal
end

@testset "another unit of returns changes units only" begin
    x = garch_returns(1000)
    fit = Volatility.garch(x)
    for scale in (1e-6, 100.0, 1e9)
        scaled = Volatility.garch(scale * x)
        @test scaled.alpha ≈ fit.alpha rtol = 1e-5
        @test scaled.beta ≈ fit.beta rtol = 1e-5
        @test scaled.omega ≈ scale^2 * fit.omega rtol = 1e-4
        @test scaled.conditional_volatility ≈ scale * fit.conditional_volatility rtol = 1e-5
        @test scaled.log_likelihood ≈ fit.log_likelihood - 1000log(scale) rtol = 1e-9
    end
end

@testset "the forecast walks to the long-run variance" begin
    fit = Volatility.garch(garch_returns(2000); horizon = 1000)
    limit = fit.omega / (1 - fit.alpha - fit.beta)
    @test fit.forecast_variance[1] ≈ fit.omega + (fit.alpha * last(fit.standardized_residuals)^2 + fit.beta) * last(fit.conditional_volatility)^2
    @test abs(fit.forecast_variance[end] - limit) < abs(fit.forecast_variance[1] - limit)
end

@testset "estimates are stationary and not negative, also where there is nothing to find" begin
    rng = Xoshiro(4)
    for x in ([normal!(rng) for _ in 1:200], [isodd(i) ? 1.0 : -1.0 for i in 1:50], [i == 25 ? 1.0 : 1e-9 * i for i in 1:60], cumsum([normal!(rng) for _ in 1:200]))
        fit = try
            Volatility.garch(x)
        catch e
            @test e isa OmegaException && error_name(e.code) == "NO_CONVERGENCE"
            continue
        end
        @test fit.omega > 0 && fit.alpha >= 0 && fit.beta >= 0 && fit.alpha + fit.beta < 1
        @test all(>(0), fit.conditional_volatility)
    end
end

@testset "a search that is cut short says so" begin
    e = failure(() -> Volatility.garch(garch_returns(500); max_iterations = 1))
    @test error_name(e.code) == "NO_CONVERGENCE"
    @test (field(e, "value"), field(e, "allowed")) == ("1", "1")
end

@testset "thirty rows are the least" begin
    @test failure_name(() -> Volatility.garch(garch_returns(29))) == "NOT_ENOUGH_DATA"
    @test Volatility.garch(garch_returns(30)).log_likelihood < 0
end

@testset "a weight at its bound is 0, and nothing is said about its error" begin
    normal(seed) = (rng = Xoshiro(seed); [normal!(rng) for _ in 1:300])
    steady = normal(1)
    for covariance in (:robust, :classic)
        fit = Volatility.garch(steady; covariance = covariance)
        @test fit.alpha === 0.0
        @test isnan(fit.omega_standard_error) && isnan(fit.alpha_standard_error) && isnan(fit.beta_standard_error)
        @test fit.mu_standard_error ≈ sqrt(OmegaJulia.variance(steady) / 300) rtol = 0.1
    end
    forgetful = normal(13)
    for t in 2:300
        forgetful[t] *= sqrt(0.5 + 0.5 * min(forgetful[t - 1]^2, 4))
    end
    fit = Volatility.garch(forgetful)
    @test fit.alpha > 0.1 && fit.beta === 0.0 && isnan(fit.beta_standard_error)
    @test 0 < fit.alpha_standard_error < 0.5 && 0 < fit.omega_standard_error < 0.5
    @test isnan(Volatility.garch(steady; mean = :zero).mu_standard_error)
end

"The log-likelihood at a fit's parameters by what the description says, and by nothing else."
function described_log_likelihood(returns, fit, mean)
    c = mean == :zero ? 0.0 : sum(returns) / length(returns)
    squares = (returns .- c) .^ 2
    v = sum(squares) / length(squares)
    m = v + maximum(squares)
    sample_variance = OmegaJulia.variance(returns)
    weights = 0.94 .^ (1:min(75, length(returns)))
    s = last_square = last_variance = sum(weights .* squares[1:length(weights)]) / sum(weights)
    total = 0.0
    for (t, r) in enumerate(returns)
        t > 1 && (s = 0.94s + 0.06squares[t - 1])
        h = fit.omega + fit.alpha * last_square + fit.beta * last_variance
        least, u = max(s / 1e6, sample_variance / 1e8), min(max(1e6 * s, m), 1e7 * m)
        h = h < least ? least : h > u ? u + v * log(h / u) : h
        total -= (log(2π) + log(h) + (r - fit.mu)^2 / h) / 2
        last_square, last_variance = (r - fit.mu)^2, h
    end
    return total
end

@testset "the likelihood is the one that the description gives" begin
    burst = [garch_returns(120; seed = 5); 1e5; garch_returns(30; seed = 6)]
    for x in (garch_returns(60), garch_returns(700; mu = 0.4), 0.01 * burst, [fill(1e-9, 40); garch_returns(60)] .* [isodd(i) ? 1 : -1 for i in 1:100])
        for mean in (:constant, :zero)
            fit = Volatility.garch(x; mean = mean)
            @test fit.log_likelihood ≈ described_log_likelihood(x, fit, mean) rtol = 1e-8
        end
    end
end

"A year of returns whose likelihood has several tops; the greatest, as arch and a search from many places find it."
const SEVERAL_TOPS = [parse(Float64, line) for line in readlines(joinpath(@__DIR__, "several_tops.txt")) if !startswith(line, "#")]

@testset "of several tops the greatest is found, and how many searches came there is said" begin
    fit = Volatility.garch(SEVERAL_TOPS)
    @test fit.log_likelihood ≈ 699.2704 atol = 1e-4
    @test fit.alpha ≈ 0.590 atol = 1e-3
    @test fit.beta == 0
    @test 1 <= fit.searches_at_top < fit.searches
    @test 0.5 < fit.lead_over_next_top < 3
end

"Returns whose greatest top lies behind a pass at beta = 0 that is higher than all other tops."
const HIGH_PASS = [parse(Float64, line) for line in readlines(joinpath(@__DIR__, "high_pass.txt")) if !startswith(line, "#")]

@testset "a search goes on inside from a high pass on a bound" begin
    fit = Volatility.garch(HIGH_PASS)
    @test fit.log_likelihood ≈ 645.2729 atol = 1e-4
    @test fit.alpha ≈ 0.1646 atol = 1e-3
    @test 0 < fit.beta < 0.1
end

@testset "searches that all agree leave no next top" begin
    fit = Volatility.garch(garch_returns(5000))
    @test fit.searches_at_top == fit.searches >= 2
    @test isnan(fit.lead_over_next_top)
end
