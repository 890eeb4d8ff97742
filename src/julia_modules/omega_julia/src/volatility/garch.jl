# GARCH(1,1): today's variance from yesterday's variance and yesterday's surprise.

export garch

const GARCH = FunctionSpec(
    "volatility.garch", "model", "The GARCH(1,1) model of returns, with standard errors and a forecast of the variance.";
    description = """
    Returns are mu plus a surprise, which is normal with a variance of omega + alpha * (last surprise)^2 + beta * (last
    variance). The parameters maximise the likelihood, with omega and alpha and beta not negative and alpha + beta below 1. As
    it may have several tops, some where alpha or beta is 0, a grid of candidates is looked at and its peaks are searched from.
    Before the first row, the last variance and the last squared surprise are both an average of the first 75 squares of
    return - c, with weights 0.94^i, where c is the sample mean, or 0 with mean="zero": not mu, so that both stay the same
    while mu is searched. As in arch, a variance is kept within loose bounds. Let s be that average in the first row, and
    0.94 * (last s) + 0.06 * (last return - c)^2 in each later one; v the mean of (return - c)^2, and m the sum of v and the
    largest (return - c)^2. A variance below s / 1e6, or below a 1e8th of the sample's variance, becomes the larger of them;
    one above u becomes u + v * log(variance / u), where u is the larger of 1e6 * s and m, but at most 1e7 * m. Returns may have any scale: they are brought to unit variance inside. Standard
    errors are missing where the likelihood has no inverse curvature; so is that of mu if it is fixed at 0, that of beta if
    the estimate is 0, and those of omega, alpha and beta if alpha is 0, for omega and beta cannot be told apart then.
    `conditional_volatility` looks ahead: a row's variance is made of the rows before, but with parameters, and from a first
    variance, that know later ones. In a backtest, fit the rows so far and take the first of `forecast_variance`.""",
    references = [
        "T. Bollerslev (1986), Generalized autoregressive conditional heteroskedasticity, Journal of Econometrics 31(3)",
        "T. Bollerslev and J. Wooldridge (1992), Quasi-maximum likelihood estimation and inference in dynamic models with time-varying covariances, Econometric Reviews 11(2)",
        "K. Sheppard, arch 8.0.0, arch_model(mean=\"Constant\", vol=\"GARCH\")",
    ],
    inputs = [series("returns", "returns")],
    parameters = [
        int_parameter("horizon", 10, 1, 1000, "rows", "How many periods to forecast."),
        choice_parameter("mean", ["constant", "zero"], "Whether the mean return is estimated or is 0."),
        choice_parameter("covariance", ["robust", "classic"], "Standard errors that hold for surprises of any shape (Bollerslev and Wooldridge), or for normal ones only."),
        int_parameter("max_iterations", 500, 1, 100_000, "", "How many steps the search may take."),
    ],
    outputs = [
        estimate("mu", String[], "return", "Mean return."),
        estimate("omega", String[], "return_squared", "Constant part of the variance."),
        estimate("alpha", String[], "", "Weight of the last squared surprise."),
        estimate("beta", String[], "", "Weight of the last variance."),
        uncertainty("standard_error", "mu", "volatility", "Standard error of mu."),
        uncertainty("standard_error", "omega", "return_squared", "Standard error of omega."),
        uncertainty("standard_error", "alpha", "", "Standard error of alpha."),
        uncertainty("standard_error", "beta", "", "Standard error of beta."),
        LIKELIHOOD_OUTPUTS...,
        about_search("iterations", "Steps of the search that won."; type = "int64"),
        about_search("searches", "How many searches were run to their end."; type = "int64"),
        about_search("searches_at_top", "How many of them ended within 1e-4 of the greatest log-likelihood."; type = "int64"),
        about_search("lead_over_next_top", "By how much the best of the others ended lower in log-likelihood; missing if all agree."; undefined = true),
        Output("conditional_volatility", ["row"], "volatility", "Standard deviation of the return, given the rows before, under parameters that know all rows."),
        Output("standardized_residuals", ["row"], "", "Surprise over its conditional volatility."),
        Output("forecast_variance", ["horizon"], "return_squared", "Variance of the return 1, 2, … periods after the last row."),
    ],
    errors = ["NOT_ENOUGH_DATA", "DEGENERATE_DATA", "NO_CONVERGENCE"],
)

"""
    garch(returns; horizon = 10, mean = :constant, covariance = :robust, max_iterations = 500, nulls = :skip)

The GARCH(1,1) model of returns: `mu`, `omega`, `alpha`, `beta`, their standard errors, the log-likelihood, volatility and
standardized residuals per row, and `forecast_variance`.

```jldoctest
julia> returns = [0.01 * sin(7.0i^2) * (1 + (i ÷ 50) % 2) for i in 1:500];

julia> fit = Volatility.garch(returns; horizon = 3);

julia> fit.alpha + fit.beta < 1 && length(fit.forecast_variance) == 3
true
```
"""
const garch = model((returns, p) -> fit_garch(returns, p), GARCH; horizon = 2)

"Fewer rows than this say next to nothing about four parameters."
const LEAST_ROWS = 30

"""
    standard_errors(θ, sample, fixed_mean, robust)

From the curvature A of the mean log-likelihood and the covariance B of its scores: the roots of the diagonal of
A⁻¹ B A⁻¹ / n (robust) or A⁻¹ / n. NaN where A has no inverse, and for parameters that are not free.
"""
function standard_errors(θ::Vector{Float64}, sample::Sample, fixed_mean::Bool, robust::Bool)
    free = free_parameters(θ, fixed_mean)
    errors = fill(NaN, 4)
    covariance = inverse(part(curvature(θ, sample), free))
    covariance === nothing && return errors
    if robust
        log_likelihood!(zeros(4), θ, sample, true)
        covariance = product(product(covariance, part(score_covariance(sample.scores), free)), covariance)
    end
    for i in 1:length(free)
        errors[free[i]] = sqrt(covariance[i, i] / length(sample.ε))
    end
    return errors
end

"The numbers of the parameters that the likelihood determines: not a fixed mean, nor what is at its bound."
function free_parameters(θ::Vector{Float64}, fixed_mean::Bool)
    free = Int[]
    fixed_mean || push!(free, 1)
    θ[3] == 0 && return free
    push!(free, 2)
    push!(free, 3)
    θ[4] == 0 || push!(free, 4)
    return free
end

"The rows and columns of `A` with those numbers."
function part(A::Matrix{Float64}, numbers::Vector{Int})
    kept = zeros(length(numbers), length(numbers))
    for j in 1:length(numbers), i in 1:length(numbers)
        kept[i, j] = A[numbers[i], numbers[j]]
    end
    return kept
end

function score_covariance(scores::Matrix{Float64})
    k, n = size(scores, 1), size(scores, 2)
    means = zeros(k)
    for t in 1:n, i in 1:k
        means[i] += scores[i, t] / n
    end
    B = zeros(k, k)
    for t in 1:n, j in 1:k, i in 1:k
        B[i, j] += (scores[i, t] - means[i]) * (scores[j, t] - means[j]) / (n - 1)
    end
    return B
end

"Minus the second derivatives of the mean log-likelihood, by central differences of its exact gradient."
function curvature(θ::Vector{Float64}, sample::Sample)
    A = zeros(4, 4)
    above, below = zeros(4), zeros(4)
    for i in 1:4
        step = cbrt(eps()) * max(abs(θ[i]), 1e-2)
        nudged = copy(θ)
        nudged[i] = θ[i] + step
        log_likelihood!(above, nudged, sample)
        nudged[i] = θ[i] - step
        log_likelihood!(below, nudged, sample)
        for j in 1:4
            A[i, j] += (below[j] - above[j]) / 4step    # half here, half in the transposed place
            A[j, i] += (below[j] - above[j]) / 4step
        end
    end
    return A
end

function fit_garch(returns::Vector{Float64}, p)
    zero_mean = p.mean == :zero
    n = length(returns)
    n >= LEAST_ROWS || throw(not_enough_data(GARCH.name, LEAST_ROWS, n))
    centre, width = scaling(returns, GARCH.name)
    if zero_mean
        centre, width = 0.0, hypot(centre, width)
    end
    ε = zeros(n)
    for t in 1:n
        ε[t] = (returns[t] - centre) / width
    end
    sample = Sample(ε)

    θ, iterations, found = maximize(sample, zero_mean, p.max_iterations)
    μ, ω, α, β = θ[1], θ[2], at_bound(θ[3]), at_bound(θ[4])
    θ[3], θ[4] = α, β
    errors = standard_errors(θ, sample, zero_mean, p.covariance == :robust)
    ℓ = log_likelihood!(zeros(4), θ, sample, true)

    scale² = width^2
    last² = (ε[n] - μ)^2
    σ² = sample.σ²
    volatility, residuals = zeros(n), zeros(n)
    for t in 1:n
        volatility[t] = width * sqrt(σ²[t])
        residuals[t] = (ε[t] - μ) / sqrt(σ²[t])
    end
    return (
        mu = centre + width * μ, omega = scale² * ω, alpha = α, beta = β,
        mu_standard_error = width * errors[1], omega_standard_error = scale² * errors[2],
        alpha_standard_error = errors[3], beta_standard_error = errors[4],
        about_likelihood(n * (ℓ - log(width)), zero_mean ? 3 : 4, n)..., iterations = iterations, found...,
        conditional_volatility = volatility, standardized_residuals = residuals,
        forecast_variance = forecast(scale² * ω, α, β, scale² * last², scale² * σ²[n], p.horizon),
    )
end

at_bound(weight) = weight < LEAST_WEIGHT ? 0.0 : weight

"Variances from the next period on: the first from the last surprise and variance, each later one from the one before."
function forecast(ω::Float64, α::Float64, β::Float64, ε²::Float64, σ²::Float64, horizon::Int)
    path = Vector{Float64}(undef, horizon)
    path[1] = ω + α * ε² + β * σ²
    for k in 2:horizon
        path[k] = ω + (α + β) * path[k - 1]
    end
    return path
end
